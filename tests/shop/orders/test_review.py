"""The first check (ORD-04), the notice to whoever confirms (ORD-05), addresses and problems (ORD-12, ORD-13)."""

import pytest

from app.panel.core import notices, settings, trailsets
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, InvalidInput
from app.shop.customers import services as customers
from app.shop.inventory import services as inventory
from app.shop.orders import queries, services
from app.shop.orders.models import ExceptionState, OrderState, ReviewState
from tests.shop.orders.conftest import BUYER


@pytest.fixture
def checked(stall):
    """Take in an order as a channel posts it; returns it with the codes of its open exceptions."""
    numbers = iter(range(1, 99))

    def take(code="T-1", quantity=1, paid=True, **buyer):
        incoming = services.Incoming(
            channel_id=stall.site_id, external_number=f"X-{next(numbers)}", lines=((code, quantity, None, ""),),
            buyer={**BUYER, **buyer}, paid=services.Paid() if paid else None,
        )  # fmt: skip
        order, _new = services.take_in(incoming, actor=SYSTEM)
        return order, {one.reason.code for one in order.exceptions if one.state is ExceptionState.OPEN}

    return take


def test_a_good_order_is_confirmed_by_itself(checked):
    order, problems = checked()
    assert (order.review, problems) == (ReviewState.CONFIRMED, set())


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [({"code": "NO-SUCH"}, "goods"), ({"quantity": 11}, "stock"), ({"city": "上海市"}, "address"),
     ({"buyer_phone": "12"}, "phone")],
)
def test_each_failure_opens_an_exception_of_its_own(checked, wrong, problem):
    order, problems = checked(**wrong)
    assert (order.review, problems) == (ReviewState.FAILED, {problem})


def test_a_check_that_is_off_opens_nothing(checked, session):
    settings.change({"orders.check_phone": "off"}, actor=SYSTEM)
    order, problems = checked(buyer_phone="12")
    assert (order.review, problems) == (ReviewState.CONFIRMED, set())


def test_a_check_by_hand_waits_and_tells_the_support_of_the_shop(checked, session, ben, cleo):
    settings.change({"orders.check_goods": "manual"}, actor=SYSTEM)
    order, problems = checked()
    assert (order.review, problems) == (ReviewState.WAITING, set())
    assert [notice.title for notice in notices.latest(ben.id)] == [f"Order {order.number} waits to be confirmed"]
    assert notices.latest(cleo.id) == []


def test_confirming_lets_it_ship_and_settles_the_problems(checked, ben):
    order, _problems = checked(buyer_phone="12")
    services.confirm(order, actor=ben)
    assert order.review is ReviewState.CONFIRMED
    assert all(one.state is ExceptionState.HANDLED for one in order.exceptions)
    services.ship(order, actor=ben)
    assert order.state is OrderState.SHIPPED


def test_confirming_reserves_what_was_short_and_refuses_while_it_is(checked, stall, stock_of, session):
    order, _problems = checked(quantity=11)
    assert stock_of(stall.skus[0]) == (10, 0)
    with pytest.raises(DomainError):
        services.confirm(order, actor=SYSTEM)
    inventory.receive([inventory.Line(stall.skus[0], 5, stall.house_id)], actor=SYSTEM)
    services.confirm(order, actor=SYSTEM)
    assert stock_of(stall.skus[0]) == (15, 11)


def test_unknown_goods_are_not_confirmed_away(checked):
    order, _problems = checked(code="NO-SUCH")
    with pytest.raises(DomainError, match="NO-SUCH"):
        services.confirm(order, actor=SYSTEM)


def test_a_new_address_settles_the_complaint_and_keeps_the_old_one(checked, ben):
    order, problems = checked(city="上海市")
    assert problems == {"address"}
    services.edit_address(order, {"city": "深圳市"}, why="Buyer called", actor=ben)
    assert order.review is ReviewState.CONFIRMED
    pairs = [entry.changes["city"] for entry in trailsets.of(order) if "city" in entry.changes]
    assert ["上海市", "深圳市"] in pairs


def test_the_address_of_a_parcel_that_left_stands(order_of):
    order = order_of(1, paid=True)
    services.ship(order, actor=SYSTEM)
    with pytest.raises(DomainError):
        services.edit_address(order, {"city": "广州市"}, actor=SYSTEM)


def test_problems_are_counted_by_reason_and_handled_with_a_word(session, order_of, ben):
    """The reasons are named in the language of the business."""
    services.ensure_reasons()
    late, other = services.reason("late"), services.reason("other")
    orders = [order_of(1) for _ in range(3)]
    for order in orders:
        services.open_exception(order, late, actor=ben)
    mine = services.open_exception(orders[0], other, detail="?", actor=ben)
    assert [tuple(row)[1:] for row in session.execute(queries.open_exceptions_by_reason(ben))] == [
        ("物流延迟", 3), ("其他原因", 1),
    ]  # fmt: skip
    with pytest.raises(DomainError):
        services.handle_exception(mine, resolution="", actor=ben)
    services.handle_exception(mine, resolution="Called the buyer", actor=ben)
    assert [row.n for row in session.execute(queries.open_exceptions_by_reason(ben))] == [3]


def test_the_same_reason_is_open_once(session, order_of):
    order, late = order_of(1), services.reason("late")
    first = services.open_exception(order, late, actor=SYSTEM)
    assert services.open_exception(order, late, detail="still", actor=SYSTEM).id == first.id


def test_a_note_needs_words(order_of, ben):
    order = order_of(1)
    with pytest.raises(InvalidInput):
        services.add_note(order, "  ", actor=ben)
    services.add_note(order, "Call after six", actor=ben)
    assert [note.body for note in order.notes] == ["Call after six"]


def test_a_paid_order_of_a_blocked_customer_is_taken_and_waits_for_a_word(session, checked, stall, ben):
    customer = customers.remember(name="王小明", phone=BUYER["buyer_phone"], shop_id=stall.shop_id, actor=SYSTEM)
    customers.block(customer, why="Sends everything back", actor=SYSTEM)
    with pytest.raises(DomainError, match="blocked"):
        checked(paid=False)
    order, problems = checked()
    assert (order.customer_id, order.review, problems) == (customer.id, ReviewState.FAILED, {"blocked"})
    with pytest.raises(DomainError, match="confirmed"):
        services.ship(order, actor=ben)
    services.confirm(order, actor=ben)
    services.ship(order, actor=ben)
