"""The end of an order that came to nothing, its way back when that was a slip, and the brake: hold and release."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import clock, history, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.settings import setting
from app.panel.core.transaction import transactional
from app.shop.orders import events, states
from app.shop.orders.models import BuyerMessage, CloseReason, MessageState, Order, OrderState, OrderStateLog
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
def reopen(order: Order, *, actor: Any, why: str = "") -> Order:
    """Undo a closing that was a slip: the order stands where it stood, and holds its goods and its coupons again.

    :raises DomainError: when it was closed by a refund, would be closed again at once, or its goods are another's by now
    """
    policy.authorize(actor, "close", RESOURCE)
    lock(order)
    to = _stood_before(order)
    if to is None or order.close_reason is CloseReason.REFUNDED:
        raise DomainError(_("Order %(no)s cannot be opened again.", no=order.number))
    if to is OrderState.PENDING and _is_overdue(order):
        raise DomainError(_("Order %(no)s is unpaid for so long that it would be closed again at once.", no=order.number))
    said = (why or _("Opened again."))[:300]
    db.session.add(OrderStateLog(order=order, from_state=order.state, to_state=to, why=said, moved_at=clock.now()))
    order.state, order.closed_at, order.close_reason = to, None, None
    stock.hold_again(order, actor=actor)
    dropped = select(BuyerMessage).where(BuyerMessage.order_id == order.id, BuyerMessage.state == MessageState.DROPPED)
    for message in db.session.scalars(dropped) if to is OrderState.PENDING else ():
        message.state = MessageState.WAITING
    db.session.flush()
    history.record(order, "order.reopened", actor=actor, why=said)
    events.order_reopened.send(order, actor=actor)
    return order


def _stood_before(order: Order) -> OrderState | None:
    """Where the order stood when it was closed, if one may go back there."""
    if order.state is not OrderState.CLOSED:
        return None
    moves = select(OrderStateLog.from_state).where(OrderStateLog.order_id == order.id, OrderStateLog.to_state == OrderState.CLOSED)
    before = db.session.scalar(moves.order_by(OrderStateLog.id.desc()).limit(1))
    return before if before in states.REOPENED else None


def _is_overdue(order: Order) -> bool:
    hours = int(setting("orders.close_unpaid_hours") or 0)
    closes = order.left_to_refund == 0 and not order.is_held and bool(hours)
    return closes and order.placed_at <= clock.now() - dt.timedelta(hours=hours)


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
