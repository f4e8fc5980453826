"""Field rules that people edit: what is hidden leaves no trace, what is masked or only read is not written."""

from __future__ import annotations

import re

import pytest

from app.panel.accounts.configuration import store
from app.panel.accounts.models import Role
from app.panel.core import clock, history, policy, records
from app.panel.core.db import db
from app.panel.core.errors import Forbidden, InvalidInput
from app.shop.customers.models import Address, Customer
from app.shop.orders.models import Order, OrderLine
from app.shop.orders.services.past import record_past_orders
from app.shop.setup.models import Shop
from tests.panel.accounts.configuration import stage

ORDER, CUSTOMER = "orders.Order", "customers.Customer"
DEAR, SECRET, WORD = 7_777_777, "canary-remark", "Zebulon"
TRACES = re.compile(r"77,?777\.7|7777777|canary-remark")


@pytest.fixture
def order(session):
    """An order of shop A whose total and remark nobody should read who has a rule against it."""
    found = next(iter(stage.orders(2).values()))
    session.execute(
        db.update(Order).where(Order.id == found.id).values(
            total=DEAR, paid=DEAR, subtotal=DEAR, adjustment=0, seller_remark=SECRET, buyer_name=WORD, paid_at=clock.now(),
        )
    )  # fmt: skip
    session.execute(db.update(OrderLine).where(OrderLine.order_id == found.id).values(total=1, unit_price=1))
    session.commit()
    session.expire_all()
    history.record(found, "order.changed", data={"seller_remark": SECRET, "total": DEAR})
    session.commit()
    return found


HIDDEN = dict.fromkeys(("total", "paid", "subtotal", "seller_remark"), "hidden")


def test_a_hidden_field_leaves_no_trace(order, rule, as_user):
    rule("support", fields={ORDER: HIDDEN})
    client = as_user("ben")
    for path in (
        "/orders/order/list/", f"/orders/order/show/{order.id}", f"/orders/order/edit/{order.id}", "/api/v1/orders/order/",
        f"/api/v1/orders/order/{order.id}", "/search/?q=ZQ-", "/orders/order/list/?q=canary", "/home/",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert not TRACES.search(answer.text), (path, TRACES.search(answer.text))
    assert "total" not in client.get(f"/api/v1/orders/order/{order.id}").json["result"]
    assert client.get("/api/v1/orders/order/?q=canary").json["count"] == 0


def test_without_the_rule_the_same_pages_show_it(order, as_user):
    client = as_user("ben")
    for path in ("/orders/order/list/", f"/orders/order/show/{order.id}", f"/api/v1/orders/order/{order.id}"):
        assert TRACES.search(client.get(path).text), path


@pytest.mark.parametrize("level", ["hidden", "masked"])
def test_what_is_not_read_whole_is_neither_ordered_nor_filtered_by(order, rule, as_user, level):
    rule("support", fields={ORDER: {"total": level}})
    client = as_user("ben")
    for part in ("sort=total", "sort=-total", 'f={"and":[["total","gte","70000"]]}'):
        for path in ("/orders/order/list/", "/api/v1/orders/order/"):
            answer = client.get(f"{path}?{part}")
            assert answer.status_code == 400 and not TRACES.search(answer.text)


def test_a_masked_field_is_masked_on_every_road(order, rule, as_user):
    rule("support", fields={ORDER: {"buyer_name": "masked"}})
    client = as_user("ben")
    for path in ("/orders/order/list/", f"/orders/order/show/{order.id}", f"/orders/order/edit/{order.id}",
                 f"/api/v1/orders/order/{order.id}", "/search/?q=ZQ-"):  # fmt: skip
        assert WORD not in client.get(path).text, path
    assert "****" in client.get(f"/api/v1/orders/order/{order.id}").json["result"]["buyer_name"]
    assert client.get(f"/api/v1/orders/order/?q={WORD}").json["count"] == 0


@pytest.mark.parametrize("level", ["hidden", "masked", "read"])
def test_only_what_one_may_write_is_written(order, rule, ben, as_user, level):
    rule("support", fields={ORDER: {"seller_remark": level}})
    with pytest.raises(Forbidden):
        records.update(order, {"seller_remark": "mine"}, actor=ben)
    client = as_user("ben")
    answer = client.put(f"/api/v1/orders/order/{order.id}", json={"seller_remark": "mine"}, headers={"If-Match": f'"{order.version}"'})
    assert answer.status_code == 403 and SECRET not in answer.text
    assert 'name="seller_remark"' not in client.get(f"/orders/order/edit/{order.id}").text
    # the rest of the form is saved
    data = {"version": order.version, "buyer_name": "Somebody else", "seller_remark": "mine"}
    assert client.post(f"/orders/order/edit/{order.id}", data=data).status_code in (302, 422)
    db.session.refresh(order)
    assert order.seller_remark == SECRET


def test_a_field_that_is_only_read_is_shown_and_asked(order, rule, as_user):
    rule("support", fields={ORDER: {"seller_remark": "read"}})
    client = as_user("ben")
    assert SECRET in client.get(f"/orders/order/show/{order.id}").text
    assert client.get("/api/v1/orders/order/?sort=total").status_code == 200


def test_a_needed_field_that_is_hidden_breaks_no_form(session, rule, as_user):
    shop = session.query(Shop).filter_by(code="A").one()
    customer = Customer(name="Old name", shop_id=shop.id)
    session.add(customer)
    session.flush()
    address = Address(customer_id=customer.id, recipient="Old", country="SG", street="Road 1")
    session.add(address)
    session.commit()
    rule("support", fields={"customers.Address": {"customer_id": "hidden"}})
    client = as_user("ben")
    page = client.get(f"/customers/address/edit/{address.id}")
    assert page.status_code == 200 and 'name="customer_id"' not in page.text
    data = {"version": address.version, "recipient": "New", "country": "SG", "city": "Singapore", "street": "Road 1"}
    answer = client.post(f"/customers/address/edit/{address.id}", data=data)
    assert answer.status_code == 302
    assert client.get("/customers/address/add").status_code == 403
    answer = client.post("/api/v1/customers/address/", json={"recipient": "Somebody", "country": "CN"})
    assert answer.status_code == 403 and "customer" not in answer.text.lower()


def test_what_rows_are_called_by_cannot_be_hidden(session, ada):
    def change(configuration):
        configuration["roles"]["support"]["fields"][CUSTOMER] = {"name": "hidden"}

    with pytest.raises(InvalidInput) as error:
        store.edit(change, actor=ada)
    assert "called" in error.value.message


def test_of_two_roles_a_field_is_as_open_as_in_the_more_open_one(session, rule, ben):
    rule("support", fields={ORDER: {"total": "hidden", "paid": "hidden"}})
    rule("viewer", fields={ORDER: {"total": "masked"}})
    ben.roles = [*ben.roles, session.query(Role).filter_by(name="viewer").one()]
    session.flush()
    store.forget()
    access = policy.fields(ben, ORDER)
    assert access.masked("total") and access.readable("paid")


def test_a_rule_of_code_holds_beside_those_of_the_browser(rule, session, ben):
    rule("support", fields={ORDER: {"buyer_phone": "hidden"}}, rights={ORDER: ["read", "write", "reveal"]})
    access = policy.fields(ben, ORDER)
    assert not access.readable("buyer_phone") and not access.readable("cost")


def test_a_file_changes_neither_foreign_rows_nor_fields_that_are_only_read(order, rule, session, ben):
    row = {"shop_id": order.shop_id, "channel_id": order.channel_id, "number": order.number, "currency": "CNY",
           "placed_at": order.placed_at, "state": "completed", "lines": [], "total": 5}  # fmt: skip
    rights = {ORDER: ["read", "import"]}
    rule("support", fields={ORDER: {"total": "read"}}, rights=rights)
    role = session.query(Role).filter_by(name="support").one()
    known = {(p.permission.name, p.view_menu.name): p for p in session.query(Role).filter_by(name="operations").one().permissions}
    role.permissions = [*role.permissions, known["can_import", ORDER]]
    session.commit()
    policy.forget()
    assert [one.outcome for one in record_past_orders([row], actor=ben)] == ["refused"]
    rule("support", rows={ORDER: [{"and": [["state", "eq", "closed"]]}]}, rights=rights)
    assert [one.outcome for one in record_past_orders([row], actor=ben)] == ["refused"]
    rule("support", rights=rights)
    assert [one.outcome for one in record_past_orders([row], actor=ben)] == ["changed"]
