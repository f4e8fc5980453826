"""The traps of Flask-Admin (SAFETY 1.2): each check fails on its own class and holds on a PanelSheet."""

import re

import pytest

from tests.panel import stock, stock_sheets
from tests.panel.stock import holds


@pytest.fixture(scope="session")
def stock_sheets_app(empty_database):
    return stock_sheets.make(empty_database())


@pytest.fixture
def theirs(stock_sheets_app):
    stock.rows(stock_sheets_app)
    client = stock_sheets_app.test_client()
    return stock.Side(stock_sheets_app, client, "/loans/", "", "/loans/ajax/update/", "/loans/delete/", "/loans/edit/")


@pytest.fixture
def ours(ours):
    ours.list_url, ours.action_url = "/sheets/books/loan/", "/sheets/books/loan/ajax/update/"
    ours.delete_url, ours.edit_url = "/sheets/books/loan/delete/", "/sheets/books/loan/edit/"
    return ours


def write(side, key, reader, version="1", **more):
    return side.client.post(side.action_url, data={"list_form_pk": key, "reader": reader, "version": version}, **more)


def test_a_stranger_sees_no_sheet(theirs, ours):
    """A05"""

    def check(side):
        answer = side.app.test_client().get(side.list_url)
        assert answer.status_code == 401
        assert "2026-12-01" not in answer.text

    holds(check, theirs, ours)


def test_a_cell_is_written_with_the_token_of_the_session_only(theirs, ours):
    """A05"""

    def check(side):
        more = {"without_csrf": True} if side is ours else {}
        assert write(side, "1", "forged", **more).status_code == 400
        assert side.reader(1) == "Zhang"

    holds(check, theirs, ours)


def test_a_cell_of_a_row_that_the_list_does_not_show_cannot_be_written(theirs, ours):
    """A06: neither in place nor by the other pages of the package."""

    def check(side):
        assert "secret" not in side.client.get(side.list_url).text
        assert write(side, "2", "mine").status_code == 404
        side.client.post(f"{side.edit_url}?id=2", data={"reader": "mine", "due_on": "2026-12-01"})
        side.client.post(side.delete_url, data={"id": "2"})
        assert side.reader(2) == "secret"

    holds(check, theirs, ours)


def test_a_cell_of_a_row_that_somebody_changed_meanwhile_is_not_overwritten(theirs, ours):
    """A09"""

    def check(side):
        assert write(side, "1", "First").status_code == 200
        assert write(side, "1", "Second").status_code == 409
        assert side.reader(1) == "First"

    holds(check, theirs, ours)


def test_a_value_that_does_not_fit_is_refused_by_the_rule_of_the_model(ours):
    for reader, status in (("x" * 101, 422), ("", 422)):
        assert write(ours, "1", reader).status_code == status
    refused = ours.client.post(ours.action_url, data={"list_form_pk": "1", "due_on": "2026-01-01", "version": "1"})
    assert refused.status_code == 403
    assert ours.reader(1) == "Zhang"


def test_the_grid_carries_the_version_of_each_row_and_learns_the_next(ours):
    cell = re.search(r'<a [^>]*data-pk="1"[^>]*>', ours.client.get(ours.list_url).text)
    assert 'data-version="1"' in cell[0]
    assert write(ours, "1", "no version", version="").status_code == 428
    answer = write(ours, "1", "Zhang San")
    assert answer.status_code == 200
    assert answer.json["version"] == 2 and answer.json["values"]["reader"] == "Zhang San"
    assert write(ours, "1", "Zhang Si", version="2").status_code == 200
    assert ours.reader(1) == "Zhang Si"


def test_the_list_of_sheets_is_closed_and_each_is_reached_from_its_list(ours):
    assert ours.client.get("/sheets/").status_code == 404
    assert 'href="/sheets/books/loan/"' in ours.client.get("/books/loan/list/").text
    assert "/sheets/" not in ours.client.get("/books/book/list/").text
