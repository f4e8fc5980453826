"""A form with a relation weighs the same whatever stands behind it, and a row that is missing is made beside it."""

import re


def test_a_form_with_a_relation_costs_the_same_with_three_rows_behind_it_and_with_three_hundred(as_user, session, count_queries):
    from app.panel.core.db import db
    from app.shop.customers.models import Customer

    ada = as_user("ada")

    def cost():
        with count_queries() as seen:
            page = ada.get("/orders/order/add")
        assert page.status_code == 200
        return len(re.sub(r'value="[^"]{30,}"|nonce="[^"]*"|content="[^"]*"', "", page.text)), len(seen)

    def people(first, last):
        db.session.add_all([Customer(name=f"Customer number {number}") for number in range(first, last)])
        db.session.commit()

    people(0, 3)
    cost()
    few = cost()
    people(3, 300)
    assert cost() == few


def test_a_picker_offers_to_make_a_row_only_where_its_reader_may_add_one(as_user, app, monkeypatch):
    from app.shop.customers.models import Customer

    ben, view = as_user("ben"), app.extensions["panel_views"][Customer]
    offer = 'data-new="/customers/customer/add"'
    assert offer in ben.get("/orders/order/add").text
    monkeypatch.setattr(view, "can_add", False)
    assert offer not in ben.get("/orders/order/add").text


def test_a_row_made_in_the_drawer_goes_back_to_the_picker_and_is_made_once(as_user):
    ben = as_user("ben")
    form = {"name": "Zhang San", "_drawer": "1", "idempotency_key": "d" * 32}
    answers = [ben.post("/customers/customer/add", data=form) for _twice in range(2)]
    assert answers[0].json["label"].startswith("Zhang San")
    assert answers[0].json == answers[1].json
    refused = ben.post("/customers/customer/add", data={**form, "name": "", "idempotency_key": "e" * 32})
    assert refused.status_code == 422
    assert "data-form" in refused.text
