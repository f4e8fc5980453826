"""Child rows are part of what a person saw: nobody overwrites or removes them unseen, and none is lost for good."""

import datetime as dt

import pytest

FORM = {
    "title": "With loans", "genre": "novel", "copies": "1", "currency": "CNY", "version": "1", "loans-present": "1",
}  # fmt: skip


def rows_of(client, key):
    return client.get(f"/api/v1/books/book/{key}").json["result"]


def sent(loans):
    return [{name: loan[name] for name in ("id", "version", "reader", "due_on")} for loan in loans]


def test_a_stale_form_with_child_rows_overwrites_nothing(visit, book):
    ada, key = visit("ada"), book("971-1")
    ada.post(f"/books/book/edit/{key}", data={"isbn": "971-1", **FORM})
    form = {"isbn": "971-1", **FORM, "version": str(rows_of(ada, key)["version"]), "loans-0-due_on": "2026-12-01"}
    assert ada.post(f"/books/book/edit/{key}", data={**form, "loans-0-reader": "First"}).status_code == 302
    second = ada.post(f"/books/book/edit/{key}", data={**form, "loans-0-reader": "Second"})
    assert second.status_code == 409
    assert "First · 2026-12-01" in second.text
    assert "Second · 2026-12-01" in second.text
    without = {name: value for name, value in form.items() if "loans-0" not in name}
    assert ada.post(f"/books/book/edit/{key}", data=without).status_code == 409
    assert [loan["reader"] for loan in rows_of(ada, key)["loans"]] == ["First"]


def test_whoever_meets_a_conflict_chooses_whose_child_rows_stay(visit, book):
    ada, key = visit("ada"), book("971-2")
    form = {"isbn": "971-2", **FORM, "loans-0-reader": "Mine", "loans-0-due_on": "2026-12-01"}
    loans = [{"reader": "Theirs", "due_on": "2026-12-01"}]
    ada.put(f"/api/v1/books/book/{key}", json={"loans": loans}, headers={"If-Match": '"1"'})
    form["version"] = str(rows_of(ada, key)["version"])
    kept = ada.post(f"/books/book/edit/{key}", data={**form, "loans-keep": "theirs"})
    assert kept.status_code == 302
    assert [loan["reader"] for loan in rows_of(ada, key)["loans"]] == ["Theirs"]
    form["version"] = str(rows_of(ada, key)["version"])
    assert ada.post(f"/books/book/edit/{key}", data={**form, "loans-keep": "mine"}).status_code == 302
    assert [loan["reader"] for loan in rows_of(ada, key)["loans"]] == ["Mine"]


def test_the_api_refuses_child_rows_over_an_old_version(visit, book):
    ada, key = visit("ada"), book("971-3")
    address, old = f"/api/v1/books/book/{key}", {"If-Match": '"1"'}
    first = ada.put(address, json={"loans": [{"reader": "First", "due_on": "2026-12-01"}]}, headers=old)
    assert first.status_code == 200
    assert first.json["result"]["version"] == 2
    assert ada.put(address, json={"loans": []}, headers=old).status_code == 409
    same = ada.put(address, json={"loans": sent(first.json["result"]["loans"])}, headers={"If-Match": '"2"'})
    assert same.json["result"]["version"] == 2


@pytest.mark.parametrize("change", ["edited", "added"])
def test_a_child_row_that_changed_on_its_own_screen_is_not_overwritten_by_its_parents_form(visit, book, change):
    ada, key = visit("ada"), book(f"971-4-{change}")
    loans = [{"reader": "Zhang", "due_on": "2026-12-01"}]
    ada.put(f"/api/v1/books/book/{key}", json={"loans": loans}, headers={"If-Match": '"1"'})
    page, loan = ada.get(f"/books/book/edit/{key}").text, rows_of(ada, key)["loans"][0]
    assert f'name="loans-known" value="{loan["id"]}"' in page
    assert 'name="loans-0-version" value="1"' in page
    if change == "edited":
        ada.put(f"/api/v1/books/loan/{loan['id']}", json={"reader": "Li"}, headers={"If-Match": '"1"'})
    else:
        ada.post("/api/v1/books/loan/", json={"book_id": key, "reader": "Li", "due_on": "2026-12-02"})
    answer = ada.post(f"/books/book/edit/{key}", data={
        "isbn": f"971-4-{change}", **FORM, "version": "2", "loans-known": str(loan["id"]), "loans-0-version": "1",
        "loans-0-id": str(loan["id"]), "loans-0-reader": "Wang", "loans-0-due_on": "2026-12-01",
    })  # fmt: skip
    assert answer.status_code == 409
    assert "loans-known" not in answer.text
    assert "Li" in [row["reader"] for row in rows_of(ada, key)["loans"]]


def test_a_child_row_without_a_real_number_is_no_server_error(visit, book):
    ada, key = visit("ada"), book("971-6")
    for number in ("abc", "-1", "²", "99999999", {"a": 1}):
        loans = [{"id": number, "reader": "Zhang", "due_on": "2026-12-01"}]
        answer = ada.put(f"/api/v1/books/book/{key}", json={"loans": loans}, headers={"If-Match": '"1"'})
        assert answer.status_code == 404, number


def test_a_version_that_is_no_real_number_is_no_server_error(visit, book):
    ada, key = visit("ada"), book("971-7")
    answer = ada.put(f"/api/v1/books/book/{key}", json={"title": "t"}, headers={"If-Match": '"\xb2"'})
    assert answer.status_code == 428


def test_a_child_row_that_is_taken_out_of_the_form_lies_in_the_trash(visit, book, library):
    from app.panel.core.db import db
    from app.panel.core.trash import TrashEntry

    ada, key = visit("ada"), book("971-5")
    address = f"/api/v1/books/book/{key}"
    loans = [{"reader": "Gone", "due_on": "2026-12-01"}, {"reader": "Stays", "due_on": "2026-12-01"}]
    loans = ada.put(address, json={"loans": loans}, headers={"If-Match": '"1"'}).json["result"]["loans"]
    ada.put(address, json={"loans": sent(loans[1:])}, headers={"If-Match": '"2"'})
    entry = db.session.query(TrashEntry).filter_by(table="books_loan", key=loans[0]["id"]).one()
    assert entry.rows[0][1]["reader"] == "Gone"
    assert dt.date.fromisoformat(entry.rows[0][1]["due_on"]) == dt.date(2026, 12, 1)
    assert ada.post(f"/books/loan/trash/{entry.id}/restore").status_code == 302
    assert sorted(loan["reader"] for loan in rows_of(ada, key)["loans"]) == ["Gone", "Stays"]
