"""The traps of writing through FAB (SAFETY 1.1): each check fails on the package's class and holds on ours."""

import pytest

from app.panel.core import records
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from tests.library.books.models import Book, Loan
from tests.panel.stock import holds

FORM = {"reader": "Zhang", "due_on": "2026-12-01"}


@pytest.fixture
def sides(theirs, ours):
    """Both sides, with the addresses and names that differ."""
    theirs.add, ours.add = "/loanview/add", "/books/loan/add"
    theirs.api, ours.api = "/api/v1/loan/", "/api/v1/books/loan/"
    theirs.books, ours.books = "/api/v1/book/", "/api/v1/books/book/"
    theirs.book, ours.book = "book", "book_id"
    return theirs, ours


def loans_of(side, book):
    with side.app.app_context():
        return db.session.query(Loan).filter_by(book_id=book).count()


@pytest.fixture
def audited(sides):
    """Something else of the same request commits at its end, as a log would."""

    def commit(response):
        db.session.commit()
        return response

    for side in sides:
        side.app.after_request_funcs.setdefault(None, []).append(commit)
    yield
    for side in sides:
        side.app.after_request_funcs[None].remove(commit)


def test_a_refused_change_leaves_nothing_behind_for_the_next_commit(sides, audited, monkeypatch):
    """F19"""

    def assigns_and_refuses(loan, values, *, actor):
        records.assign(loan, values, actor=actor)
        raise DomainError("this reader is not served")

    monkeypatch.setitem(records._overrides, Loan, records.Verbs(update=assigns_and_refuses))

    def check(side):
        data = {**FORM, "reader": "REFUSED", side.book: "1", "version": "1"}
        assert side.client.post(side.edit_url.format(1), data=data).status_code < 500
        assert side.reader(1) == "Zhang"

    holds(check, *sides)


def test_the_rest_api_takes_no_related_row_that_its_reader_may_not_see(sides):
    """F03"""

    def check(side):
        side.client.post(side.api, json={**FORM, side.book: 2})
        assert loans_of(side, 2) == 0

    holds(check, *sides)


def test_a_form_takes_no_related_row_from_its_address(sides):
    """F02: what the select of the form does not offer comes in as a filter."""

    def check(side):
        side.client.post(side.add, data={**FORM, side.book: "2"})
        assert loans_of(side, 2) == 0, "the form itself"
        side.client.post(f"{side.add}?_flt_0_book=2", data={**FORM, "reader": "Wang"})
        assert loans_of(side, 2) == 0, "its address"

    with pytest.raises(AssertionError, match="its address"):
        check(sides[0])
    check(sides[1])


def test_a_page_of_somebody_else_cannot_write_through_the_api_of_a_logged_in_person(sides):
    """F10"""

    def check(side):
        more = {"without_csrf": True} if side is sides[1] else {}
        headers = {"Origin": "https://elsewhere.example"}
        answer = side.client.post(side.api, json={**FORM, "reader": "Wang", side.book: 1}, headers=headers, **more)
        assert answer.status_code in (400, 403)
        assert loans_of(side, 1) == 3

    holds(check, *sides)


def test_a_stale_form_does_not_overwrite_what_was_saved_meanwhile(sides):
    """F20"""

    def check(side):
        data = {side.book: "1", "version": "1", "due_on": "2026-12-01"}
        side.client.post(side.edit_url.format(1), data={**data, "reader": "First"})
        side.client.post(side.edit_url.format(1), data={**data, "reader": "Second"})
        assert side.reader(1) == "First"

    holds(check, *sides)


def test_a_stale_put_does_not_overwrite_what_was_saved_meanwhile(sides):
    """F20"""

    def check(side):
        for reader in ("First", "Second"):
            side.client.put(f"{side.api}1", json={"reader": reader}, headers={"If-Match": '"1"'})
        assert side.reader(1) == "First"

    holds(check, *sides)


def test_a_value_that_is_taken_is_told_in_words_and_never_those_of_the_database(sides):
    """F32, F40"""
    body = {"isbn": "978", "title": "Twice", "currency": "CNY"}

    def check(side):
        try:
            answer = side.client.post(side.books, json=body)
        except Exception as error:  # the stock application's 500
            raise AssertionError(str(error)) from error
        assert 400 <= answer.status_code < 500
        assert "UNIQUE" not in answer.text

    holds(check, *sides)


def test_a_number_beyond_every_column_is_no_server_error(sides):
    """F32"""

    def check(side):
        try:
            answer = side.client.get(f"{side.books}{2**63}")
        except Exception as error:
            raise AssertionError(str(error)) from error
        assert answer.status_code == 404

    holds(check, *sides)


def test_there_is_no_download_by_file_name(sides):
    """F16"""

    def check(side):
        assert not [rule for rule in side.app.url_map.iter_rules() if "/download/" in str(rule)]

    holds(check, *sides)


def test_what_a_field_refuses_is_told_beside_it_and_a_hidden_row_is_not_offered(ours):
    """F02"""
    client = ours.client
    assert client.post("/api/v1/books/book/", json=["a list"]).status_code == 400
    by_rest = client.post("/api/v1/books/loan/", json={"book_id": 2, **FORM})
    assert by_rest.json["errors"] == {"book_id": "Choose one from the list."}
    assert client.post("/books/loan/add", data={"book_id": "2", **FORM}).status_code == 422
    assert client.post("/books/loan/add?_flt_0_book=2", data={"book_id": "1", **FORM}).status_code == 400
    assert client.get("/pickers/books.Loan/book_id?q=vault").json["results"] == []
    twice = {"isbn": "978", "title": "Twice", "genre": "novel", "copies": "1", "currency": "CNY"}
    assert "There is one already with this ISBN." in client.post("/books/book/add", data=twice).text
    with ours.app.app_context():
        assert db.session.query(Book).filter_by(isbn="978").count() == 1
    assert loans_of(ours, 2) == 0
