"""What buyers get when an order misses its time to ship: one record an order, granted by a person or by the rule (ORD-10)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, exists, or_, select

from app.panel.core import clock, history, policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.logistics import events
from app.shop.logistics.models import Compensation, CompensationRule, CompensationState
from app.shop.orders import services as orders
from app.shop.orders.models import Order
from app.shop.orders.states import TO_SHIP

RESOURCE = "logistics.Compensation"
LATE = "late"
LOOKS_BACK = dt.timedelta(days=7)


@transactional
def make_due(limit: int = 500) -> int:
    """A record for every order that crossed its time to ship and has none; how many were made.

    What left too late since the last time counts as well. Past orders and those on hold are left in peace, and so is an
    order that crossed it before the oldest rule was there.
    """
    rules = list(db.session.scalars(
        select(CompensationRule).where(CompensationRule.is_active).order_by(CompensationRule.position, CompensationRule.id)
    ))  # fmt: skip
    if not rules:
        return 0
    orders.renew()
    now = clock.now()
    waits = and_(Order.state.in_(TO_SHIP), Order.ship_by_at <= now, Order.is_held.is_(False))
    left_late = and_(Order.shipped_at > Order.ship_by_at, Order.shipped_at > now - LOOKS_BACK)
    made_before = exists().where(Compensation.order_id == Order.id, Compensation.cause == LATE)
    query = (
        select(Order)
        .where(
            or_(waits, left_late), Order.is_past.is_(False), ~made_before,
            Order.ship_by_at >= min(rule.created_at for rule in rules),
        )
        .order_by(Order.ship_by_at, Order.id).limit(limit).with_for_update(of=Order)
    )  # fmt: skip
    made = 0
    for order in list(db.session.scalars(query)):
        rule = next((one for one in rules if order.ship_by_at >= one.created_at and fits(one, order)), None)
        if rule is not None:
            _make(order, rule)
            made += 1
    return made


def fits(rule: CompensationRule, order: Order) -> bool:
    return rule.shop_id in (None, order.shop_id) and rule.currency == order.currency and order.total >= (rule.least or 0)


def _make(order: Order, rule: CompensationRule) -> Compensation:
    row = Compensation(
        order=order, rule=rule, cause=LATE, kind=rule.kind, currency=rule.currency, amount=rule.amount, made_at=clock.now(),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    history.record(order, "order.compensation_proposed", actor=SYSTEM, why=rule.name)
    if rule.is_automatic:
        approve(row, actor=SYSTEM)
    return row


@transactional
def approve(row: Compensation, *, actor: Any) -> Compensation:
    """The buyer gets it. Said twice, he gets it once."""
    policy.authorize(actor, "approve", RESOURCE)
    db.session.refresh(row, with_for_update=True)
    if row.state is CompensationState.APPROVED:
        return row
    _open(row)
    policy.used(actor, "approve", RESOURCE, amount=row.amount, currency=row.currency)
    row.state, row.decided_at = CompensationState.APPROVED, clock.now()
    db.session.flush()
    history.record(row.order, "order.compensation_approved", actor=actor)
    events.compensation_approved.send(row, actor=actor)
    return row


@transactional
def refuse(row: Compensation, *, actor: Any, why: str) -> Compensation:
    """The buyer does not get it."""
    policy.authorize(actor, "approve", RESOURCE)
    db.session.refresh(row, with_for_update=True)
    _open(row)
    if not why.strip():
        raise DomainError(_("Say why."), field="why")
    row.state, row.decided_at, row.why = CompensationState.REFUSED, clock.now(), why.strip()[:300]
    db.session.flush()
    history.record(row.order, "order.compensation_refused", actor=actor, why=row.why)
    return row


def _open(row: Compensation) -> None:
    if row.state is not CompensationState.PROPOSED:
        raise DomainError(_("This was decided already: %(state)s.", state=row.state.label))
