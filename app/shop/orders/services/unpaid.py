"""Orders that nobody pays: the buyer is reminded once (ORD-07), and in the end the order is closed (ORD-06)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from app.panel.core import clock, history, money, policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.rows import among
from app.panel.core.settings import setting
from app.panel.core.transaction import transactional
from app.shop.orders import queries
from app.shop.orders.models import (
    BuyerMessage,
    CloseReason,
    MessageKind,
    MessageState,
    Order,
    OrderState,
)
from app.shop.orders.services.closing import close
from app.shop.orders.services.common import lock
from app.shop.orders.services.letters import in_the_language_of_the_house, tell

RESOURCE = "orders.BuyerMessage"
SUBJECT = lazy_gettext("Your order {number} waits for your payment")
BODY = lazy_gettext(
    "Hello {name}, your order {number} at {shop} over {amount} is not paid yet. We keep the goods for you until {until}."
)


def close_unpaid(limit: int = 500) -> int:
    """Close the orders that are unpaid for too long; how many. Each is a transaction of its own, so that one that cannot be
    closed stops no other."""
    hours = int(setting("orders.close_unpaid_hours") or 0)
    if not hours:
        return 0
    before = clock.now() - dt.timedelta(hours=hours)
    return sum(_close(key, before) for key in list(db.session.scalars(queries.unpaid_since(before, limit))))


@transactional
def _close(key: int, before: dt.datetime) -> bool:
    order = db.session.get(Order, key)
    if order is None or not _is_unpaid(lock(order)) or order.placed_at > before:
        return False
    close(order, reason=CloseReason.UNPAID, actor=SYSTEM)
    return True


def _is_unpaid(order: Order) -> bool:
    """Whoever has paid a part, or is held, is looked at by a person."""
    return order.state is OrderState.PENDING and not order.is_held and order.left_to_refund == 0


def remind(limit: int = 500) -> int:
    """Remind the buyers of orders that wait for their payment, each order once; how many."""
    hours = int(setting("orders.remind_after_hours") or 0)
    if not hours:
        return 0
    before = clock.now() - dt.timedelta(hours=hours)
    return sum(_remind(key) for key in list(db.session.scalars(queries.to_remind(before, limit))))


@transactional
def _remind(key: int) -> bool:
    order = db.session.get(Order, key)
    if order is None or not _is_unpaid(lock(order)):
        return False
    until = order.placed_at + dt.timedelta(hours=int(setting("orders.close_unpaid_hours") or 0))
    with in_the_language_of_the_house():  # what the shop wrote, else our own words
        told = tell(
            order, MessageKind.PAYMENT_REMINDER, setting("orders.reminder_subject") or SUBJECT,
            setting("orders.reminder_body") or BODY, amount=money.format(order.left_to_pay, order.currency),
            until=clock.wall(until),
        )  # fmt: skip
    if told is None:
        return False
    history.record(order, "order.reminded", actor=SYSTEM)
    return True


@transactional
def mark_sent(message: BuyerMessage, *, actor: Any) -> BuyerMessage:
    """Somebody has sent it by his own telephone."""
    policy.authorize(actor, "send", RESOURCE)
    db.session.refresh(message, with_for_update=True)
    if message.state is not MessageState.WAITING:
        raise DomainError(_("This message does not wait any more."))
    message.state, message.sent_at = MessageState.SENT, clock.now()
    return message


def drop_messages(order: Order) -> None:
    """The order is paid or closed: what still waits to be said is not said any more."""
    drop_messages_of([order.id])


def drop_messages_of(ids: Sequence[int]) -> None:
    """The same for many orders."""
    waiting = select(BuyerMessage).where(among(BuyerMessage.order_id, ids), BuyerMessage.state == MessageState.WAITING)
    for message in db.session.scalars(waiting):
        message.state = MessageState.DROPPED
