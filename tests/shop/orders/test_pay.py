"""Booking payments: in parts or whole, never more than is due, a repeated callback changes nothing."""

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import Conflict, DomainError, Forbidden
from app.shop.orders import events, services
from app.shop.orders.models import OrderState, OrderStateLog, Payment, PaymentMethod


def test_a_part_leaves_the_order_to_pay_and_the_rest_moves_it_on(order_of):
    order = order_of(1)
    services.pay(order, 5000, actor=SYSTEM)
    assert (order.state, order.paid, order.left_to_pay) == (OrderState.PENDING, 5000, 14900)
    services.pay(order, actor=SYSTEM)
    assert (order.state, order.paid) == (OrderState.PAID, 19900)
    assert order.paid_at is not None


@pytest.mark.parametrize("amount", [0, -1, 19901])
def test_nothing_and_too_much_are_refused(order_of, amount):
    order = order_of(1)
    with pytest.raises(DomainError):
        services.pay(order, amount, actor=SYSTEM)
    assert order.paid == 0


def test_a_callback_that_comes_twice_is_one_payment(session, order_of):
    order = order_of(1)
    paid = [services.pay(order, method=PaymentMethod.ALIPAY, external_ref="A-1", actor=SYSTEM).id for _ in range(2)]
    assert paid[0] == paid[1]
    assert session.query(Payment).count() == 1
    assert order.paid == 19900


def test_a_reference_of_another_order_is_a_conflict(order_of):
    services.pay(order_of(1), method=PaymentMethod.ALIPAY, external_ref="A-1", actor=SYSTEM)
    with pytest.raises(Conflict):
        services.pay(order_of(1), method=PaymentMethod.ALIPAY, external_ref="A-1", actor=SYSTEM)


def test_the_move_is_logged_with_its_time(session, order_of, clock):
    clock.set("2026-11-11 20:00")
    order = order_of(1)
    clock.advance(minutes=5)
    services.pay(order, actor=SYSTEM)
    moves = session.query(OrderStateLog).order_by(OrderStateLog.id).all()
    assert [(move.from_state, move.to_state) for move in moves] == [
        (None, OrderState.PENDING), (OrderState.PENDING, OrderState.PAID),
    ]  # fmt: skip
    assert (moves[1].moved_at - moves[0].moved_at).total_seconds() == 300


def test_a_listener_that_fails_undoes_the_payment(session, order_of):
    order = order_of(1)

    def fail(order, **_more):
        raise DomainError("no")

    with events.order_paid.connected_to(fail), pytest.raises(DomainError):
        services.pay(order, actor=SYSTEM)
    session.expire_all()
    assert (order.state, order.paid) == (OrderState.PENDING, 0)
    assert session.query(Payment).count() == 0


def test_operations_book_payments_and_a_host_does_not(stall, order_of, somebody):
    order = order_of(1)
    with pytest.raises(Forbidden):
        services.pay(order, actor=somebody("host", stall.shop_id))
    services.pay(order, actor=somebody("operations", stall.shop_id))
    assert order.state is OrderState.PAID
