"""The end of an order that came to nothing, and the brake: hold and release."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.panel.core import history, policy
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.orders import events, states
from app.shop.orders.models import CloseReason, Order, OrderState
from app.shop.orders.services import stock
from app.shop.orders.services.common import RESOURCE, lock, move


@transactional
def close(order: Order, *, reason: CloseReason, actor: Any, why: str = "") -> Order:
    """Close an order that will not be fulfilled and set its stock free. What was paid has to go back first."""
    policy.authorize(actor, "close", RESOURCE)
    lock(order)
    states.require(order, OrderState.CLOSED)
    if order.left_to_refund:
        raise DomainError(_("Order %(no)s is paid: refund it first, then it closes by itself.", no=order.number))
    order.close_reason = reason
    move(order, OrderState.CLOSED, actor=actor, why=why or str(reason.label))
    stock.free_all(order, actor=actor)
    events.order_closed.send(order, actor=actor)
    return order


@transactional
def hold(order: Order, *, reason: str, actor: Any) -> Order:
    """Stop the order where it stands: nobody ships it until it is released."""
    policy.authorize(actor, "hold", RESOURCE)
    lock(order)
    if order.state in states.DONE:
        raise DomainError(_("Order %(no)s is done; there is nothing to hold.", no=order.number))
    if order.is_held:
        raise DomainError(_("Order %(no)s is on hold already.", no=order.number))
    if not reason.strip():
        raise DomainError(_("Say why the order is held."), field="reason")
    order.is_held, order.hold_reason = True, reason.strip()[:200]
    history.record(order, "order.held", actor=actor, why=reason)
    events.order_held.send(order, actor=actor)
    return order


@transactional
def release(order: Order, *, actor: Any) -> Order:
    """Let a held order go on."""
    policy.authorize(actor, "hold", RESOURCE)
    lock(order)
    if not order.is_held:
        raise DomainError(_("Order %(no)s is not on hold.", no=order.number))
    history.record(order, "order.released", actor=actor, why=order.hold_reason or "")
    order.is_held, order.hold_reason = False, None
    events.order_released.send(order, actor=actor)
    return order
