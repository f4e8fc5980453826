"""Refunds that a channel has made itself, by its own service or because a bank took a payment back (ORD-03, G11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError, NotFound
from app.panel.core.transaction import transactional
from app.shop.orders.models import Order, Refund, RefundReason
from app.shop.orders.services.common import RESOURCE, lock
from app.shop.orders.services.exceptions import open_exception, reason, settle
from app.shop.orders.services.refunds import refund

COMPLAINT = "refund"


@dataclass(frozen=True)
class GivenBack:
    """One refund as a channel tells it. `reference` is the channel's own number of it, `amount` minor units."""

    channel_id: int
    external_number: str
    reference: str
    amount: int
    reason: RefundReason = RefundReason.OTHER
    note: str = ""

    @property
    def key(self) -> str:
        return f"channel:{self.channel_id}:{self.reference}"

    @property
    def said(self) -> str:
        """How the complaint about it begins."""
        return f"{self.reference}: "


Booked = Callable[[Refund, bool], None]


def take_back(given: GivenBack, *, actor: Any, booked: Booked = lambda _refund, _is_new: None) -> tuple[Refund, bool]:
    """The refund of this channel and reference, and whether it is new. `booked` is called in the transaction that makes it.

    The money has gone back already, yet the books take no more than came in: what does not fit is refused, and the order
    gets an exception, for a person must find out why.

    :raises NotFound: for an order that this channel has not sent (yet)
    """
    for verb in ("intake", "refund"):
        policy.authorize(actor, verb, RESOURCE, by_loan=False)
    by_number = (Order.channel_id == given.channel_id) & (Order.external_number == given.external_number)
    order = db.session.scalar(policy.scope(select(Order).where(by_number), actor, Order))
    if order is None:
        raise NotFound(_("This channel has sent no order of this number."))
    try:
        return _book(order, given, booked=booked)
    except DomainError as error:
        db.session.rollback()
        _complain(order, given, error.message)
        raise


@transactional
def _book(order: Order, given: GivenBack, *, booked: Booked) -> tuple[Refund, bool]:
    lock(order)
    is_new = db.session.scalar(select(Refund.id).where(Refund.key == given.key)) is None
    made = refund(
        order, given.amount, reason=given.reason, note=given.note, external_ref=given.reference, key=given.key, actor=SYSTEM
    )
    if any(one.reason.code == COMPLAINT and (one.detail or "").startswith(given.said) for one in order.exceptions):
        settle(order, {COMPLAINT}, resolution=_("The refund %(ref)s was booked.", ref=given.reference))
    booked(made, is_new)
    return made, is_new


@transactional
def _complain(order: Order, given: GivenBack, why: str) -> None:
    lock(order)  # two that are refused at once are one exception
    open_exception(order, reason(COMPLAINT), detail=f"{given.said}{why}", actor=SYSTEM)
