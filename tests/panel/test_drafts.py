"""What a browser kept of a form comes back through the form itself; nothing of it is saved by that."""

from app.panel.core import policy
from app.panel.core.fieldaccess import FieldAccess

DRAFT = {
    "_draft": "1", "isbn": "981-9", "title": "Half written", "genre": "science", "copies": "many", "currency": "CNY",
    "loans-present": "1", "loans-0-reader": "Zhang", "loans-0-due_on": "",
}  # fmt: skip


def test_a_draft_of_a_new_row_comes_back_with_its_child_rows_and_saves_nothing(visit):
    ada = visit("ada")
    page = ada.post("/books/book/add", data=DRAFT)
    assert page.status_code == 200
    for kept in ('value="Half written"', 'value="many"', '<option selected value="science">', 'name="loans-0-reader"', 'value="Zhang"'):
        assert kept in page.text, kept
    assert "data-restored" in page.text
    assert ada.get("/api/v1/books/book/", query_string={"q": "981-9"}).json["count"] == 0


def test_a_draft_that_is_older_than_the_row_is_merged_when_it_is_saved(visit, book):
    ada, key = visit("ada"), book("981-1")
    form = ada.get(f"/books/book/edit/{key}").text
    assert f'data-draft="1:books.Book:{key}"' in form
    ada.put(f"/api/v1/books/book/{key}", json={"title": "Theirs"}, headers={"If-Match": '"1"'})
    page = ada.post(f"/books/book/edit/{key}", data={**DRAFT, "isbn": "981-1", "copies": "2", "version": "1"})
    assert 'name="version" type="hidden" value="1"' in page.text
    saved = {name: value for name, value in DRAFT.items() if name != "_draft" and not name.startswith("loans")}
    assert ada.post(f"/books/book/edit/{key}", data={**saved, "isbn": "981-1", "copies": "2", "version": "1"}).status_code == 409


def test_the_page_after_a_save_names_once_what_needs_no_draft_any_more(visit, book):
    ada, key = visit("ada"), book("981-2")
    form = {"isbn": "981-2", "title": "Saved", "genre": "novel", "copies": "1", "currency": "CNY", "version": "1"}
    assert ada.post(f"/books/book/edit/{key}", data=form).status_code == 302
    assert f'data-saved="books.Book:{key}"' in ada.get(f"/books/book/show/{key}").text
    assert "data-saved" not in ada.get(f"/books/book/show/{key}").text
    refused = ada.post(f"/books/book/edit/{key}", data={**form, "title": "", "version": "2"})
    assert refused.status_code == 422
    assert "data-saved" not in refused.text


def test_no_browser_keeps_a_masked_field_in_a_draft(visit, book, monkeypatch):
    ada, key, real = visit("ada"), book("981-3"), policy.fields

    def masked(actor, resource):
        return FieldAccess(frozenset(), {"isbn": "tail"}, True, may_reveal=True) if resource == "books.Book" else real(actor, resource)

    monkeypatch.setattr(policy, "fields", masked)
    for address in (f"/books/book/edit/{key}", "/books/book/add"):
        page = ada.get(address).text
        assert '<div class="field" data-secret><label for="isbn">' in page, address
        assert page.count("data-secret") == 1
        assert "981-3" not in page.partition("<form method")[2]
