"""The traps of the packages (DESIGN 7, SAFETY 1): each check is run on the package's own class, where it must fail,
and on ours, where it must hold."""

import json
import re
import threading

import pytest
from sqlalchemy import Engine, event

from tests.panel.stock import holds

COST = re.compile(r"777\.7|77777")


def test_an_operation_never_reaches_a_row_of_somebody_else(theirs, ours):
    """F01"""

    def check(side):
        answer = side.client.post(side.action_url, data={"action": "remind", "rowid": ["1", "2"]})
        assert (side.reader(1), side.reader(2)) == ("Zhang", "secret")
        assert answer.status_code == 404

    holds(check, theirs, ours)


def test_nothing_is_deleted_by_get(theirs, ours):
    """F09"""

    def check(side):
        side.client.get(side.delete_url.format(1))
        assert side.reader(1) == "Zhang"

    holds(check, theirs, ours)


def test_a_filter_that_cannot_be_read_is_an_error_and_never_all_rows(theirs, ours):
    """F07"""
    bad = {
        "/books/loan/list/": "f=" + json.dumps({"and": [["due_on", "after", "abc"]]}),
        "/loanview/list/": "_flt_1_due_on=abc",
    }

    def check(side):
        assert side.client.get(f"{side.list_url}?{bad[side.list_url]}").status_code == 400

    holds(check, theirs, ours)


def test_a_request_keeps_its_filters_while_another_asks_for_the_same_page(theirs, ours):
    """F04: the second begins and ends between two statements of the first."""
    question = {
        "/books/loan/list/": lambda reader: {"f": json.dumps(["reader", "eq", reader])},
        "/loanview/list/": lambda reader: {"_flt_0_reader": reader},
    }

    def ask(side, reader):
        return side.client.get(side.list_url, query_string=question[side.list_url](reader)).text

    def check(side):
        between = []

        def another(_connection, _cursor, statement, *_rest):
            if not between and "books_loan" in statement:
                between.append("")
                second = threading.Thread(target=lambda: between.append(ask(side, "Another")))
                second.start()
                second.join()

        event.listen(Engine, "before_cursor_execute", another)
        try:
            page = ask(side, "Zhang")
        finally:
            event.remove(Engine, "before_cursor_execute", another)
        assert "Another" in between[1]
        assert "Zhang" in page
        assert "Another" not in page

    holds(check, theirs, ours)


def test_a_hidden_column_cannot_be_guessed_by_a_filter(theirs, ours):
    """F05"""
    guess = {
        "/books/book/list/": "f=" + json.dumps({"and": [["cost", "eq", "777.77"]]}),
        "/bookview/list/": "_flt_0_cost=77777",
    }

    def check(side):
        answer = side.client.get(f"{side.book_list}?{guess[side.book_list]}")
        assert b"cotton" not in answer.data

    holds(check, theirs, ours)


def test_a_hidden_column_cannot_be_guessed_by_an_order(theirs, ours):
    """F06"""
    order = {"/books/book/list/": "sort=cost", "/bookview/list/": "_oc_BookView=cost&_od_BookView=asc"}

    def check(side):
        assert side.client.get(f"{side.book_list}?{order[side.book_list]}").status_code == 400

    holds(check, theirs, ours)


@pytest.mark.parametrize("asked", ["page={}", "size={}"])
def test_a_page_has_bounds(theirs, ours, asked):
    """F31"""
    names = {"/loanview/list/": {"page": "page_LoanView", "size": "psize_LoanView"}}

    def check(side):
        name = asked.split("=")[0]
        name = names.get(side.list_url, {}).get(name, name)
        for value in ("abc", "-1", "100000000"):
            try:
                status = side.client.get(f"{side.list_url}?{name}={value}").status_code
            except ValueError as error:  # the stock view's 500
                raise AssertionError(str(error)) from error
            assert status == 400, value

    holds(check, theirs, ours)


def test_a_percent_sign_in_a_search_is_a_percent_sign(theirs, ours):
    """F08"""
    find = {
        "/books/book/list/": "f=" + json.dumps({"and": [["title", "contains", "100%n"]]}),
        "/bookview/list/": "_flt_2_title=100%25n",
    }

    def check(side):
        answer = side.client.get(f"{side.book_list}?{find[side.book_list].replace('%n', '%25n')}")
        assert b"cotton" not in answer.data

    find["/bookview/list/"] = "_flt_2_title=100%n"
    holds(check, theirs, ours)


def test_the_rest_api_hands_out_declared_and_readable_columns_only(theirs, ours):
    address = {id(theirs): "/api/v1/book/1", id(ours): "/api/v1/books/book/1"}

    def check(side):
        answer = side.client.get(address[id(side)])
        assert answer.status_code == 200
        assert not COST.search(answer.text)

    holds(check, theirs, ours)


def test_a_form_with_a_relation_to_many_rows_stays_light(theirs, ours):
    """F34"""

    def check(side):
        from app.panel.core.db import db
        from tests.library.books.models import Book

        with side.app.app_context():
            db.session.execute(Book.__table__.insert(), [
                {"isbn": f"i{n}", "title": f"Title number {n}", "genre": "novel", "copies": 1, "currency": "CNY", "is_lent_out": False}
                for n in range(2000)])  # fmt: skip
            db.session.commit()
        page = side.client.get(side.edit_url.format(1))
        assert page.status_code == 200
        assert len(page.data) < 100_000

    holds(check, theirs, ours)


def test_plain_bad_input_is_never_a_server_error(ours):
    """F32"""
    client = ours.client
    for body in ({"isbn": "a\x00b", "title": "t", "currency": "CNY"}, {"isbn": "n", "title": "t", "copies": 10**30, "currency": "CNY"},
                 {"isbn": 5, "title": ["t"], "currency": "CNY"}, {"nonsense": 1}, {"isbn": "x" * 10**6}):  # fmt: skip
        assert 400 <= client.post("/api/v1/books/book/", json=body).status_code < 500, body
    assert client.get(f"/api/v1/books/book/{2**63}").status_code == 404
    assert client.get(f"/books/book/show/{'9' * 40}").status_code == 404
    assert client.get("/books/book/show/abc").status_code == 404


def test_a_hidden_field_leaves_no_trace_anywhere(ours):
    """F05, F06: 777.77 is in the table, in its history, and on no page of lena's."""
    client = ours.client
    for address in ("/books/book/list/", "/books/book/show/1", "/books/book/edit/1", "/api/v1/books/book/", "/api/v1/books/book/1",
                    "/search/?q=cotton", "/pickers/books.Loan/book_id?q=cotton"):  # fmt: skip
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert not COST.search(answer.text), address
    assert client.put("/api/v1/books/book/1", json={"cost": "1"}, headers={"If-Match": '"1"'}).status_code in (403, 422)
