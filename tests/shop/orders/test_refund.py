"""Giving money back: partial sums, pieces, restocking, and never more than was paid."""

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import Conflict, DomainError, Forbidden
from app.shop.orders import services
from app.shop.orders.models import CloseReason, OrderState, Refund, RefundState
from app.shop.orders.services import Amounts


def test_parts_add_up_until_nothing_is_left(order_of):
    order = order_of(1, paid=True)
    services.ship(order, actor=SYSTEM)
    services.refund(order, 5000, actor=SYSTEM)
    assert (order.refund_state, order.left_to_refund) == (RefundState.PARTLY, 14900)
    with pytest.raises(DomainError, match="only"):
        services.refund(order, 14901, actor=SYSTEM)
    services.refund(order, actor=SYSTEM)
    assert (order.refund_state, order.left_to_refund) == (RefundState.FULLY, 0)
    with pytest.raises(DomainError, match="nothing left"):
        services.refund(order, actor=SYSTEM)


def test_an_order_refunded_before_shipping_closes_and_frees_its_stock(order_of, stall, stock_of):
    order = order_of(2, 1, paid=True)
    services.refund(order, actor=SYSTEM)
    assert (order.state, order.close_reason) == (OrderState.CLOSED, CloseReason.REFUNDED)
    assert stock_of(stall.skus[0]) == (10, 0)
    assert stock_of(stall.skus[1]) == (10, 0)


def test_pieces_that_never_left_are_not_sent_any_more(order_of, stall, stock_of):
    order = order_of(2, 1, paid=True)
    first, second = order.lines
    made = services.refund(order, pieces={first.id: 1}, actor=SYSTEM)
    assert made.amount == 19900
    assert stock_of(stall.skus[0]) == (10, 1)
    services.ship(order, actor=SYSTEM)
    assert order.state is OrderState.SHIPPED
    assert (first.shipped_quantity, second.shipped_quantity) == (1, 1)


def test_a_refund_of_the_unsent_rest_ships_the_order(order_of):
    order = order_of(1, 1, paid=True)
    first, second = order.lines
    services.ship(order, pieces={first.id: 1}, actor=SYSTEM)
    services.refund(order, pieces={second.id: 1}, actor=SYSTEM)
    assert order.state is OrderState.SHIPPED


def test_a_partly_shipped_order_of_which_all_money_went_back_sends_nothing_more(order_of, stall, stock_of):
    order = order_of(3, paid=True)
    services.ship(order, pieces={order.lines[0].id: 1}, actor=SYSTEM)
    services.refund(order, 100, actor=SYSTEM)
    assert (order.state, order.lines[0].left_to_ship) == (OrderState.PARTLY_SHIPPED, 2)
    services.refund(order, order.left_to_refund, actor=SYSTEM)
    assert (order.state, order.refund_state) == (OrderState.SHIPPED, RefundState.FULLY)
    assert stock_of(stall.skus[0]) == (9, 0)
    with pytest.raises(DomainError):
        services.ship(order, actor=SYSTEM)


def test_pieces_that_were_never_sent_do_not_come_back_into_stock(order_of, stall, stock_of):
    order = order_of(3, paid=True)
    services.ship(order, pieces={order.lines[0].id: 1}, actor=SYSTEM)
    services.cancel_rest(order, actor=SYSTEM)
    made = services.refund(order, pieces={order.lines[0].id: 3}, restock=True, actor=SYSTEM)
    assert made.lines[0].restocked_quantity == 1
    assert stock_of(stall.skus[0]) == (10, 0)


@pytest.mark.parametrize(("restock", "on_hand"), [(True, 10), (False, 8)])
def test_returned_goods_go_back_only_when_asked(order_of, stall, stock_of, restock, on_hand):
    order = order_of(2, paid=True)
    services.ship(order, actor=SYSTEM)
    services.refund(order, pieces={order.lines[0].id: 2}, restock=restock, actor=SYSTEM)
    assert stock_of(stall.skus[0]) == (on_hand, 0)


def test_pieces_are_worth_what_was_paid_for_them_after_the_discount(order_of):
    order = order_of(3, paid=True, amounts=Amounts(discount=100))
    services.ship(order, actor=SYSTEM)
    line = order.lines[0]
    parts = [services.refund(order, pieces={line.id: 1}, actor=SYSTEM).amount for _ in range(3)]
    assert sum(parts) == order.total == 3 * 19900 - 100
    assert max(parts) - min(parts) <= 1


def test_shipping_that_is_refunded_belongs_to_no_line(order_of):
    order = order_of(1, paid=True, amounts=Amounts(shipping_fee=1000))
    services.ship(order, actor=SYSTEM)
    made = services.refund(order, 20900, pieces={order.lines[0].id: 1}, actor=SYSTEM)
    assert (made.amount, made.lines[0].amount) == (20900, 19900)


def test_the_same_key_answers_as_the_first_time(session, order_of):
    order = order_of(1, paid=True)
    services.ship(order, actor=SYSTEM)
    made = [services.refund(order, 100, key="k-1", actor=SYSTEM).id for _ in range(3)]
    assert len(set(made)) == 1 and order.refunded == 100
    with pytest.raises(Conflict):
        services.refund(order, 200, key="k-1", actor=SYSTEM)
    assert session.query(Refund).count() == 1


def test_more_pieces_than_were_bought_are_refused(order_of):
    order = order_of(1, paid=True)
    with pytest.raises(DomainError):
        services.refund(order, pieces={order.lines[0].id: 2}, actor=SYSTEM)


def test_finance_refunds_and_support_does_not(stall, ben, order_of, somebody):
    order = order_of(1, paid=True)
    with pytest.raises(Forbidden):
        services.refund(order, actor=ben)
    services.refund(order, actor=somebody("finance", stall.shop_id))
    assert order.refund_state is RefundState.FULLY
