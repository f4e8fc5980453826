"""Whose order it is, and the words on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select

from app.panel.core import history, policy, records
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.orders.models import Order, OrderTag

RESOURCE = "orders.Order"


def seen_by(person: Any, order_ids: Sequence[int]) -> set[int]:
    """Those of these orders that somebody sees."""
    if person is None or not person.is_active or not policy.allowed(person, "read", RESOURCE):
        return set()
    return set(db.session.scalars(policy.scope(select(Order.id).where(Order.id.in_(order_ids)), person, Order)))


@transactional
def assign(orders: Sequence[Order], person_id: int | None, *, actor: Any) -> None:
    """Give orders to a colleague, or (None) to nobody."""
    policy.authorize(actor, "assign", RESOURCE)
    for order in orders:
        if order.assignee_id != person_id:
            order.assignee_id = person_id
            history.record(order, "order.assigned", actor=actor)
    db.session.flush()


@transactional
def tag(orders: Sequence[Order], *, actor: Any, add: Iterable[int] = (), remove: Iterable[int] = ()) -> None:
    """Put tags on orders and take others off."""
    policy.authorize(actor, "tag", RESOURCE)
    wanted = {one.id: one for one in records.get_many(OrderTag, list(add), actor=actor)} if add else {}
    gone = set(remove)
    for order in orders:
        before = {one.id for one in order.tags}
        after = (before | set(wanted)) - gone
        if after != before:
            order.tags = [one for one in order.tags if one.id in after] + [wanted[key] for key in sorted(after - before)]
            history.record(order, "order.tagged", actor=actor, data={"before": sorted(before), "after": sorted(after)})
    db.session.flush()
