"""Telling others of many orders at once, in the transaction of the verb.

Events of one order have a twin for sets. Who hears the twin marks his listener for the single one with `events.hears_sets`;
any other listener is called for each order, as if it had been alone: slower, but nobody is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from blinker import ANY, Signal
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.panel.core.db import db
from app.panel.core.rows import among
from app.shop.orders import events
from app.shop.orders.models import ExceptionReason, ExceptionState, Order, OrderException, Refund
from app.shop.orders.services.exceptions import settle
from app.shop.orders.services.unpaid import drop_messages_of


def tell_refunds(refund_ids: Sequence[int], *, actor: Any) -> None:
    """Money went back for orders that have changed."""
    if not refund_ids:
        return
    events.orders_refunded.send(Refund, ids=refund_ids, actor=actor)
    if listeners := _for_one(events.order_refunded):
        found = select(Refund).where(among(Refund.id, refund_ids)).options(joinedload(Refund.order)).order_by(Refund.id)
        for made in db.session.scalars(found.execution_options(populate_existing=True)):
            for listener in listeners:
                listener(made.order, refund=made, actor=actor)


def tell_closed(ids: Sequence[int], *, actor: Any) -> None:
    """Orders ended without a deal."""
    if not ids:
        return
    drop_messages_of(ids)
    settle_late(ids, _("The order has left or is closed."))
    events.orders_closed.send(Order, ids=ids, actor=actor)
    if listeners := _for_one(events.order_closed):
        found = select(Order).where(among(Order.id, ids)).order_by(Order.id)
        for order in db.session.scalars(found.execution_options(populate_existing=True)):
            for listener in listeners:
                listener(order, actor=actor)


def settle_late(ids: Sequence[int], resolution: str) -> None:
    """What was reported as late is waited for no more."""
    if not ids:
        return
    late = (OrderException.state == ExceptionState.OPEN) & (ExceptionReason.code == "late")
    waiting = select(OrderException.order_id).join(ExceptionReason, ExceptionReason.id == OrderException.reason_id)
    keys = list(db.session.scalars(waiting.where(late, among(OrderException.order_id, ids))))
    if keys:
        query = select(Order).where(among(Order.id, keys)).order_by(Order.id).execution_options(populate_existing=True)
        for order in db.session.scalars(query.options(selectinload(Order.exceptions).joinedload(OrderException.reason))):
            settle(order, {"late"}, resolution=resolution)


def _for_one(signal: Signal) -> list[Callable[..., Any]]:
    """The listeners of an event that know of single orders only."""
    return [found for found in signal.receivers_for(ANY) if not getattr(found, "hears_sets", False)]
