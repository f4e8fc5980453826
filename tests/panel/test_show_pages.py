"""Show pages: earlier versions, copies, the next row of the list, tabs on demand, paper."""

import html
import re
from urllib.parse import quote

from tests.panel.test_conflicts import change, opened, stored


def lines_of(client, key):
    """The numbers of the lines of the history to which one can go back, latest first."""
    return re.findall(rf"/books/book/edit/{key}\?as_of=(\d+)", client.get(f"/books/book/show/{key}").text)


def test_an_earlier_version_comes_back_through_the_form_with_what_the_reader_may_write(visit, book):
    ada, lena, key = visit("ada"), visit("lena"), book("982-1")
    assert lines_of(lena, key) == []
    change(ada, key, title="Second", price="99.00", cost="1234.56")
    change(ada, key, title="Third", copies=5, cost="6543.21")
    first = lines_of(lena, key)[-1]
    address = f"/books/book/edit/{key}?as_of={first}"
    page = lena.get(address).text
    for said in ('value="Dream of the Red Chamber"', 'value="12.50"', "At present: Third", "At present: 99.00", "differ from now: 3", "data-restored"):
        assert said in page, said
    assert not re.search(r"6,?543\.?21|1,?234\.?56", page)
    assert stored(ada, key)["title"] == "Third", "nothing is saved by looking"
    form = {n: html.unescape(v) for n, v in re.findall(r'<input[^>]*? name="([\w-]+)"[^>]*? value="([^"]*)"', page)}
    assert lena.post(f"/books/book/edit/{key}", data=form).status_code == 302
    found = stored(ada, key)
    assert (found["title"], found["price"], found["copies"], found["cost"]) == ("Dream of the Red Chamber", "12.50", 1, "6543.21")


def test_a_line_of_the_history_of_another_row_opens_nothing(visit, book):
    ada, one, other = visit("ada"), book("982-2"), book("982-3")
    change(ada, one, title="Second")
    line = lines_of(ada, one)[0]
    for number in (line, "abc", "99999999999999"):
        assert ada.get(f"/books/book/edit/{other}?as_of={number}").status_code == 404


def test_a_copy_begins_with_what_its_maker_sees_and_is_a_row_of_its_own(visit, book):
    ada, lena, key = visit("ada"), visit("lena"), book("982-4")
    change(ada, key, title="To be copied", cost="4321.99", loans=[{"reader": "Zhang", "due_on": "2026-12-01"}, {"reader": "secret", "due_on": "2026-12-02"}])
    assert f'href="/books/book/add?copy={key}"' in lena.get(f"/books/book/show/{key}").text
    page = lena.get(f"/books/book/add?copy={key}").text
    form = {n: html.unescape(v) for n, v in re.findall(r'<input[^>]*? name="([\w-]+)"[^>]*? value="([^"]*)"', page.partition("<template>")[0])}
    assert form["title"] == "To be copied"
    assert not form["isbn"], "what must be unique is not copied"
    assert form["loans-0-reader"] == "Zhang"
    assert not form["loans-0-id"]
    assert not re.search(r"4,?321\.?99", page) and "secret" not in page
    made = lena.post("/books/book/add", data={**form, "isbn": "982-4-copy", "next": ""})
    assert made.status_code == 302
    copied = stored(ada, made.location.rpartition("/")[2])
    assert [loan["reader"] for loan in copied["loans"]] == ["Zhang"]
    assert copied["cost"] is None
    assert lena.get("/books/book/add?copy=99999").status_code == 404


def test_the_way_leads_to_the_next_row_of_the_very_list(visit, book):
    ada = visit("ada")
    keys = {name: book(f"983-{name}", title=f"Neighbour {title}", copies=copies) for name, title, copies in (
        ("a", "B", 2), ("b", "A", 2), ("c", "C", 1), ("d", "D", 9))}  # fmt: skip
    book("983-x", title="No row of this list")
    page = ada.get("/books/book/list/?q=Neighbour&sort=copies").text
    ways = dict(re.findall(r'/books/book/show/(\d+)\?(list=[^"]+)"', page))
    state = ways[str(keys["b"])]
    for name, before, after in (("c", None, "a"), ("a", "c", "b"), ("b", "a", "d"), ("d", "b", None)):
        shown = ada.get(f"/books/book/show/{keys[name]}?{html.unescape(state)}").text
        for word, other in (("prev", before), ("next", after)):
            link = re.search(rf'<a href="/books/book/show/(\d+)\?[^"]*" rel="{word}"', shown)
            assert (link and link[1]) == (str(keys[other]) if other else None), (name, word)
    assert 'rel="next"' not in ada.get(f"/books/book/show/{keys['a']}").text
    for wrong in ("sort=no", "f={", "f=" + quote('{"and":[["cost","eq","1"]]}')):
        assert ada.get(f"/books/book/show/{keys['a']}", query_string={"list": wrong}).status_code == 200


def test_a_tab_is_loaded_alone_and_a_row_has_a_page_for_paper(visit, book, count_queries):
    ada, key = visit("ada"), book("982-6")
    change(ada, key, loans=[{"reader": "Zhang", "due_on": "2026-12-01"}])
    with count_queries() as whole:
        ada.get(f"/books/book/show/{key}")
    with count_queries() as alone:
        part = ada.get(f"/books/book/show/{key}?tab=books_loan&part=related").text
    assert part.lstrip().startswith("<section") and "Zhang" in part
    assert len(alone) < len(whole)
    paper = visit("lena").get(f"/books/book/show/{key}?print=1").text
    assert "982-6" in paper and "Zhang" in paper and "<nav" not in paper and "history-title" not in paper
    assert opened(ada, key)["title"]


def test_a_page_that_nobody_arranged_shows_its_fields_in_groups(visit, book, library):
    from app.panel.core.screens import default_fieldsets
    from tests.library.books.models import Book, Loan

    class View:
        model = Book

    with library.test_request_context():
        groups = {str(title): part["fields"] for title, part in default_fieldsets(View)}
    assert groups == {
        "": ["isbn", "title", "genre", "copies", "currency", "is_lent_out"], "Amounts": ["price", "cost"], "Texts": ["blurb"],
        "Record": ["id", "created_at", "changed_at"],
    }  # fmt: skip
    View.model = Loan
    assert [title for title, _part in default_fieldsets(View)] == [""], "a few fields need no groups"


def test_the_trash_says_how_long_it_keeps_what_lies_in_it(visit):
    from app.panel.core import settings, trash

    assert f"for {settings.DECLARED[trash.DAYS].default} days" in visit("ada").get("/books/book/trash/").text


def test_rows_of_a_table_come_back_with_an_earlier_version(visit, book):
    ada, key = visit("ada"), book("982-9")
    due = {"due_on": "2026-12-01"}
    change(ada, key, title="Second", loans=[{"reader": "Kept", **due}, {"reader": "Removed", **due}])
    kept, removed = stored(ada, key)["loans"]
    change(ada, key, title="Third", loans=[{"id": kept["id"], "version": kept["version"], "reader": "Changed", **due}, {"reader": "Added", **due}])
    page = ada.get(f"/books/book/edit/{key}?as_of={lines_of(ada, key)[0]}").text
    assert "differ from now: 4" in page
    shown = html.unescape(page.partition("<template>")[0])
    form = dict(re.findall(r'<input[^>]*? name="([\w-]+)"[^>]*? value="([^"]*)"', shown))
    assert [form[f"loans-{n}-reader"] for n in (0, 1)] == ["Kept", "Removed"] and "loans-2-reader" not in form
    assert (form["loans-0-id"], form["loans-1-id"]) == (str(kept["id"]), "")
    assert ada.post(f"/books/book/edit/{key}", data=form).status_code == 302
    found = stored(ada, key)
    assert found["title"] == "Second" and [loan["reader"] for loan in found["loans"]] == ["Kept", "Removed"]
    assert found["loans"][0]["id"] == kept["id"]


def test_rows_that_another_role_does_not_see_do_not_come_back_for_it(visit, book):
    ada, lena, key = visit("ada"), visit("lena"), book("982-10")
    change(ada, key, title="Second", loans=[{"reader": "secret", "due_on": "2026-12-01"}])
    change(ada, key, title="Third", loans=[])
    line = lines_of(ada, key)[0]
    assert "secret" in ada.get(f"/books/book/edit/{key}?as_of={line}").text
    assert "secret" not in lena.get(f"/books/book/edit/{key}?as_of={line}").text
