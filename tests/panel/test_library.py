"""The panel without a shop: two models, one folder of under 80 lines."""

import subprocess
import sys
from pathlib import Path

LIBRARY = Path(__file__).parents[1] / "library" / "books"


def test_the_domain_is_one_folder_of_under_80_lines_of_code():
    texts = [path.read_text() for path in LIBRARY.glob("*.py")]
    assert sum(len([line for line in text.splitlines() if line.strip()]) for text in texts) < 80


ALONE = """
import json, pathlib, sys
from app.panel.core.actor import SYSTEM
from tests import conftest
home = pathlib.Path(sys.argv[1])
app = conftest.make_app(f"sqlite:///{home}/x.db", home, packages=("app.panel", "tests.library"))
with app.app_context():
    from app.panel.accounts import services
    services.create_user(actor=SYSTEM, username="ada", name="Ada", email="a@example.org", roles=["administrator"], password=None)
    ada = conftest.client_of(app, "ada")
    made = ada.post("/api/v1/books/book/", json={"isbn": "1", "title": "Alone", "currency": "CNY"})
    assert made.status_code == 201, made.text
    key = made.json["id"]
    assert "Alone" in ada.get("/books/book/list/").text
    assert ada.post("/books/book/action_post", data={"action": "lend", "rowid": [key], "_go": "1"}).status_code == 302
    from tests.library.books.jobs import return_all
    from tests.library.books.models import Book
    from app.panel.core.db import db
    return_all.enqueue()
    db.session.expire_all()
    assert db.session.get(Book, key).is_lent_out is False
    file = home / "books.csv"
    file.write_text("ISBN,Title,Copies,Price,Currency\\n7-02,Dream,3,59.70,CNY\\n7-53,Body,2,23.00,CNY\\n")
    runner = app.test_cli_runner()
    brought = runner.invoke(args=["import", str(file), "--as", "table:books.Book", "--json"])
    assert brought.exit_code == 0, brought.output
    told = json.loads(brought.output.strip().splitlines()[-1])
    assert (told["read"], told["new"], told["totals"]["CNY"]) == (2, 2, "82.70"), told
    back = runner.invoke(args=["import", "--undo", str(told["run"])])
    assert back.exit_code == 0, back.output
    db.session.expire_all()
    assert [book.title for book in db.session.query(Book)] == ["Alone"]
assert not [name for name in sys.modules if name.startswith("app.shop")]
print("it runs")
"""


def test_the_panel_runs_without_a_shop(tmp_path):
    """A list, the API, an operation and a job, in a process in which nobody has imported a shop."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path)], capture_output=True, text=True, check=False, cwd=LIBRARY.parents[2]
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().endswith("it runs")


def test_the_screens_list_show_add_and_edit_a_book(visit, book):
    ada, key = visit("ada"), book("978-1")
    assert b"Dream of the Red Chamber" in ada.get("/books/book/list/").data
    assert b"978-1" in ada.get(f"/books/book/show/{key}").data
    assert ada.get("/books/book/add").status_code == 200
    page = ada.get(f"/books/book/edit/{key}")
    assert b'value="12.50"' in page.data
    saved = ada.post(
        f"/books/book/edit/{key}",
        data={
            "isbn": "978-1",
            "title": "Hongloumeng",
            "genre": "novel",
            "copies": "3",
            "price": "9.90",
            "currency": "CNY",
            "version": "1",
        },
    )
    assert saved.status_code == 302
    assert ada.get(f"/api/v1/books/book/{key}").json["result"]["title"] == "Hongloumeng"


def test_what_was_typed_stays_when_a_value_is_refused(visit, book):
    ada, key = visit("ada"), book("978-2")
    answer = ada.post(
        f"/books/book/edit/{key}",
        data={
            "isbn": "978-2",
            "title": "Typed with care",
            "copies": "minus one",
            "price": "9.90",
            "currency": "CNY",
            "version": "1",
        },
    )
    assert answer.status_code == 422
    assert b"Typed with care" in answer.data
    assert b"is no whole number" in answer.data
    assert ada.get(f"/api/v1/books/book/{key}").json["result"]["title"] == "Dream of the Red Chamber"


def test_a_stale_form_shows_both_versions_instead_of_overwriting(visit, book):
    ada, key = visit("ada"), book("978-3")
    form = {"isbn": "978-3", "genre": "novel", "copies": "1", "price": "12.50", "currency": "CNY", "version": "1"}
    assert ada.post(f"/books/book/edit/{key}", data={**form, "title": "First"}).status_code == 302
    second = ada.post(f"/books/book/edit/{key}", data={**form, "title": "Second"})
    assert second.status_code == 409
    assert b"First" in second.data
    assert b"Second" in second.data
    assert ada.get(f"/api/v1/books/book/{key}").json["result"]["title"] == "First"


def test_the_same_form_sent_twice_adds_one_book(visit):
    ada = visit("ada")
    form = {
        "isbn": "978-4",
        "title": "Once",
        "genre": "novel",
        "copies": "1",
        "currency": "CNY",
        "idempotency_key": "k" * 32,
    }
    first, second = ada.post("/books/book/add", data=form), ada.post("/books/book/add", data=form)
    assert first.status_code == second.status_code == 302
    assert first.location == second.location


def test_children_are_saved_with_their_parent_and_refused_together(visit, book):
    ada, key = visit("ada"), book("978-5")
    form = {
        "isbn": "978-5",
        "title": "With loans",
        "genre": "novel",
        "copies": "1",
        "currency": "CNY",
        "version": "1",
        "loans-present": "1",
        "loans-0-reader": "Zhang",
        "loans-0-due_on": "2026-12-01",
        "loans-1-reader": "Li",
    }
    refused = ada.post(f"/books/book/edit/{key}", data={**form, "loans-1-due_on": "someday"})
    assert refused.status_code == 422
    assert b"Zhang" in refused.data
    assert ada.get(f"/api/v1/books/book/{key}").json["result"]["loans"] == []
    assert ada.post(f"/books/book/edit/{key}", data={**form, "loans-1-due_on": "2026-12-24"}).status_code == 302
    readers = [loan["reader"] for loan in ada.get(f"/api/v1/books/book/{key}").json["result"]["loans"]]
    assert sorted(readers) == ["Li", "Zhang"]


def test_every_change_leaves_its_fields_in_the_history(visit, book):
    ada, key = visit("ada"), book("978-6")
    ada.put(f"/api/v1/books/book/{key}", json={"price": "8.00"}, headers={"If-Match": '"1"'})
    page = ada.get(f"/books/book/show/{key}").data.decode()
    assert "12.50" in page
    assert "8.00" in page


def test_a_deleted_book_lies_in_the_trash_with_its_loans_and_comes_back(visit, book):
    ada, key = visit("ada"), book("978-7")
    ada.put(
        f"/api/v1/books/book/{key}",
        json={"loans": [{"reader": "Wang", "due_on": "2026-12-01"}]},
        headers={"If-Match": '"1"'},
    )
    assert ada.post(f"/books/book/delete/{key}").status_code == 302
    assert ada.get(f"/books/book/show/{key}").status_code == 404
    page = ada.get("/books/book/trash/").data.decode()
    entry = page.split("/books/book/trash/")[-1].split("/restore")[0]
    assert ada.post(f"/books/book/trash/{entry}/restore").status_code == 302
    assert ada.get(f"/api/v1/books/book/{key}").json["result"]["loans"][0]["reader"] == "Wang"


def test_an_operation_runs_on_a_selection_and_refuses_all_when_one_is_not_possible(visit, book):
    ada, one, two = visit("ada"), book("978-8"), book("978-9")
    send = {"action": "lend", "rowid": [one, two], "_go": "1"}
    assert ada.post("/books/book/action_post", data=send).status_code == 302
    assert ada.get(f"/api/v1/books/book/{two}").json["result"]["id"] == two
    again = ada.post("/books/book/action_post", data={"action": "lend", "rowid": [one], "_go": "1"})
    assert again.status_code == 422


def test_a_job_changes_rows_through_the_same_verbs(visit, book, library):
    from tests.library.books.jobs import return_all
    from tests.library.books.models import Book

    ada, key = visit("ada"), book("978-10")
    ada.post("/books/book/action_post", data={"action": "lend", "rowid": [key], "_go": "1"})
    return_all.enqueue()
    from app.panel.core.db import db

    db.session.expire_all()
    assert db.session.get(Book, key).is_lent_out is False


def test_the_api_says_what_is_wrong_field_by_field(visit):
    ada = visit("ada")
    answer = ada.post("/api/v1/books/book/", json={"isbn": "", "title": "x" * 201, "copies": -1, "currency": "CNY"})
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == {"isbn", "title", "copies"}
    assert (
        ada.post("/api/v1/books/book/", json={"isbn": "1", "title": "y", "currency": "CNY", "price": 12.5}).status_code
        == 422
    )
    assert ada.post("/api/v1/books/book/", data="[]", content_type="application/json").status_code == 400
    twice = {"isbn": "978-11", "title": "y", "currency": "CNY"}
    assert ada.post("/api/v1/books/book/", json=twice).status_code == 201
    assert ada.post("/api/v1/books/book/", json=twice).json["errors"] == {
        "isbn": "There is one already with this ISBN."
    }


def test_the_api_needs_the_version_that_was_read(visit, book):
    ada, key = visit("ada"), book("978-12")
    assert ada.put(f"/api/v1/books/book/{key}", json={"title": "t"}).status_code == 428
    assert ada.put(f"/api/v1/books/book/{key}", json={"title": "t"}, headers={"If-Match": '"1"'}).status_code == 200
    assert ada.put(f"/api/v1/books/book/{key}", json={"title": "u"}, headers={"If-Match": '"1"'}).status_code == 409
    for unreadable in ("*", '""', '"²"', "W/"):
        answer = ada.put(f"/api/v1/books/book/{key}", json={"title": "u"}, headers={"If-Match": unreadable.encode().decode("latin-1")})
        assert answer.status_code == 428, unreadable


def test_a_librarian_lends_and_one_without_a_role_gets_nothing(visit, book):
    key = book("978-13")
    assert (
        visit("lena").post("/books/book/action_post", data={"action": "lend", "rowid": [key], "_go": "1"}).status_code
        == 302
    )
    nobody = visit("nobody")
    for address in (
        "/books/book/list/",
        f"/books/book/show/{key}",
        "/books/book/add",
        f"/api/v1/books/book/{key}",
        "/books/book/trash/",
    ):
        assert nobody.get(address).status_code == 403, address


def test_a_page_of_50_rows_costs_no_more_statements_than_one_of_5(visit, book, count_queries):
    ada = visit("ada")
    for number in range(8):
        key = book(f"977-{number}")
        ada.put(
            f"/api/v1/books/book/{key}",
            json={"loans": [{"reader": f"r{number}", "due_on": "2026-12-01"}]},
            headers={"If-Match": '"1"'},
        )
    ada.get("/books/loan/list/")
    with count_queries() as few:
        ada.get("/books/loan/list/?size=2")
    with count_queries() as many:
        ada.get("/books/loan/list/?size=200")
    assert len(many) <= len(few)
