"""Closing and holding."""

import pytest

from app.panel.core import records
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError
from app.shop.orders import services
from app.shop.orders.models import CloseReason, OrderState


def test_closing_sets_the_stock_free_once(order_of, stall, stock_of):
    order = order_of(3)
    services.close(order, reason=CloseReason.UNPAID, actor=SYSTEM)
    assert (order.state, order.close_reason) == (OrderState.CLOSED, CloseReason.UNPAID)
    assert stock_of(stall.skus[0]) == (10, 0)
    with pytest.raises(DomainError):
        services.close(order, reason=CloseReason.UNPAID, actor=SYSTEM)
    assert stock_of(stall.skus[0]) == (10, 0)


def test_money_goes_back_before_an_order_closes(order_of):
    order = order_of(1, paid=True)
    with pytest.raises(DomainError, match="refund it first"):
        services.close(order, reason=CloseReason.BUYER, actor=SYSTEM)


def test_a_partly_paid_order_does_not_close_over_the_money(order_of):
    order = order_of(1)
    services.pay(order, 1000, actor=SYSTEM)
    with pytest.raises(DomainError):
        services.close(order, reason=CloseReason.UNPAID, actor=SYSTEM)
    services.refund(order, 1000, actor=SYSTEM)
    services.close(order, reason=CloseReason.UNPAID, actor=SYSTEM)
    assert order.state is OrderState.CLOSED


def test_a_hold_needs_a_reason_and_stands_once(order_of):
    order = order_of(1)
    with pytest.raises(DomainError):
        services.hold(order, reason=" ", actor=SYSTEM)
    services.hold(order, reason="address unclear", actor=SYSTEM)
    with pytest.raises(DomainError):
        services.hold(order, reason="again", actor=SYSTEM)
    assert (order.is_held, order.hold_reason) == (True, "address unclear")


def test_an_order_is_never_deleted(order_of):
    with pytest.raises(DomainError, match="Close it"):
        records.delete(order_of(1), actor=SYSTEM)
