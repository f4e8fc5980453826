"""Whose orders a person sees, and which of their fields."""

import json

import pytest
from sqlalchemy import select

from app.panel.core import policy
from app.shop.orders import queries
from app.shop.orders.models import Order, OrderLine, OrderState

PATHS = [
    "/orders/order/show/{id}", "/orders/order/edit/{id}", "/orders/order/action/ship/{id}", "/orders/print/slips?ids={id}",
    "/orders/print/receipts?ids={id}", "/orders/print/picking?ids={id}", "/api/v1/orders/order/{id}",
]  # fmt: skip


@pytest.fixture
def order(order_of):
    return order_of(1, paid=True)


@pytest.mark.parametrize("path", PATHS)
def test_an_order_of_another_shop_is_not_there(as_user, order, path):
    assert as_user("ben").get(path.format(id=order.id)).status_code == 200
    assert as_user("cleo").get(path.format(id=order.id)).status_code == 404


@pytest.mark.parametrize("path", ["/orders/order/list/", "/orders/payment/list/", "/api/v1/orders/order/", "/orders/print/picking"])
def test_lists_hold_the_orders_of_my_shops_only(as_user, order, path):
    assert order.number.encode() in as_user("ben").get(path).data
    assert order.number.encode() not in as_user("cleo").get(path).data


def test_a_verb_on_a_selection_with_a_foreign_order_does_nothing(session, as_user, order):
    data = {"action": "hold", "rowid": [order.id], "_go": 1, "reason": "x"}
    answer = as_user("cleo").post("/orders/order/action_post", data=data)
    assert answer.status_code == 404
    session.refresh(order)
    assert not order.is_held


def test_the_counts_on_the_tabs_are_of_my_shops(session, order_of, ben, cleo):
    for _ in range(3):
        order_of(1)
    counts = [dict(session.execute(queries.count_by_state(person)).tuples().all()) for person in (ben, cleo)]
    assert counts == [{OrderState.PENDING: 3}, {}]


def test_cost_and_margin_leave_no_trace_for_whoever_lacks_the_right(session, as_user, order, somebody, stall):
    order.cost = 987654
    session.commit()
    seen = {}
    for role in ("finance", "support"):
        client = as_user(somebody(role, stall.shop_id).username)
        show, api = client.get(f"/orders/order/show/{order.id}").text, client.get(f"/api/v1/orders/order/{order.id}").text
        seen[role] = ("9,876.54" in show, "cost" in json.loads(api)["result"])
    assert seen == {"finance": (True, True), "support": (False, False)}


def test_nobody_orders_or_filters_by_a_hidden_or_masked_field(as_user, order, somebody, stall):
    client = as_user(somebody("operations", stall.shop_id).username)
    for name in ("cost", "buyer_phone"):
        assert client.get("/api/v1/orders/order/", query_string={"sort": name}).status_code == 400
        assert client.get("/api/v1/orders/order/", query_string={"f": json.dumps([name, "eq", "1"])}).status_code == 400


def test_the_phone_is_masked_without_the_right_to_see_it(as_user, order, somebody, stall):
    operations = as_user(somebody("operations", stall.shop_id).username)
    for path in (*PATHS[:1], PATHS[3], PATHS[6]):
        assert "13800138000" not in operations.get(path.format(id=order.id)).text
        assert "13800138000" not in as_user("ben").get(path.format(id=order.id)).text, "he is asked why first"
        assert "13800138000" in as_user("ada").get(path.format(id=order.id)).text
    assert operations.get("/orders/order/list/?q=13800138000").text.count(order.number) == 0


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("operations", {"read", "write", "place", "ship", "intake", "confirm"}), ("finance", {"read", "refund", "see_cost"}),
        ("support", {"read", "write", "place", "ship", "reveal", "counter"}), ("host", {"read"}),
        ("field_control", {"read", "hold"}), ("deputy", {"read", "refund", "see_cost", "handle"}), ("viewer", {"read"}),
    ],
)  # fmt: skip
def test_each_role_may_what_its_work_needs(somebody, stall, role, may):
    person = somebody(role, stall.shop_id)
    asked = {"read", "write", "place", "ship", "refund", "intake", "confirm", "see_cost", "reveal", "see_contacts", "counter", "hold", "handle"}
    held = {verb for verb in asked if policy.allowed(person, verb, "orders.Order")}
    assert may <= held
    assert role not in ("host", "viewer") or held == {"read"}
    assert role not in ("operations", "support") or not held & {"refund", "see_cost"}


def test_lines_follow_their_order(session, order, ben, cleo):
    for person, n in ((ben, 1), (cleo, 0)):
        assert len(session.scalars(policy.scope(select(OrderLine), person, OrderLine)).all()) == n
        assert len(session.scalars(policy.scope(select(Order), person, Order)).all()) == n
