"""Refunds that were a mistake: taken back by what stands against them, for many orders at once. Nothing is erased.

The refund stays with the time at which it was taken back, and counts no more; the ledger reverses its entry. Pieces that were
no longer to be sent are promised again, and what came onto the shelf leaves it: where there is too little of it, that is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, case, false, func, or_, select

from app.panel.core import policy
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError
from app.panel.core.rows import among
from app.panel.core.sets import by_index
from app.panel.core.transaction import transactional
from app.shop.orders import events
from app.shop.orders.models import CloseReason, OrderState, Refund
from app.shop.orders.services.common import RESOURCE
from app.shop.orders.services.refund_figures import ORDERS, REFUNDS, SHARES, LineFigures, OrderFigures
from app.shop.orders.services.refund_writing import carry_back, is_sent_again
from app.shop.orders.services.refunds_of_many import unchanged

REOPENS = (OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED)


@dataclass(slots=True)
class Undone:
    """A refund that is taken back: of each line pieces, money, pieces that are to be sent again, pieces that leave the shelf."""

    order: OrderFigures
    id: int
    version: int
    amount: int
    shares: list[tuple[LineFigures, int, int, int, int]] = field(default_factory=list)


def refunds_by_key(keys: Sequence[str]) -> dict[str, int]:
    """The numbers of refunds by the keys of their commands."""
    return dict(db.session.execute(select(REFUNDS.c.key, REFUNDS.c.id).where(among(REFUNDS.c.key, keys))).tuples().all())


@transactional
def reverse_refunds(orders: Sequence[OrderFigures], ids: Sequence[int], *, actor: Any, why: str = "") -> None:
    """Take these refunds back, one of each order, all of them or none. The rows of the orders are locked by whoever calls.

    :raises DomainError: when one of them counts no more, its order is done, or there is too little in stock
    """
    policy.authorize(actor, "refund", RESOURCE, by_loan=False)
    for one in _undone(orders, ids):
        _check(one)
    unchanged(orders)
    _take_back(ids, why, actor)
    for order in orders:
        order.version += 1


@transactional
def reverse_all_of(ids: Sequence[int], *, actor: Any, why: str = "") -> None:
    """The same for as many as there are; which of them cannot be taken back, and why, is said by `reverse_refunds`.

    :raises DomainError: when there is one that cannot
    """
    policy.authorize(actor, "refund", RESOURCE, by_loan=False)
    if not ids:
        return
    closed = and_(ORDERS.c.state == OrderState.CLOSED, ORDERS.c.close_reason == CloseReason.REFUNDED)
    stays = or_(
        REFUNDS.c.reversed_at.is_not(None), ORDERS.c.refunded < REFUNDS.c.amount,
        and_(is_sent_again(), ~func.coalesce(closed, false()), ORDERS.c.state.not_in(REOPENS)),
    )  # fmt: skip
    whole = select(func.count(ORDERS.c.id.distinct()), func.sum(case((stays, 1), else_=0)))
    rows = REFUNDS.join(ORDERS, ORDERS.c.id == REFUNDS.c.order_id)
    count, left = db.session.execute(whole.select_from(rows).where(among(REFUNDS.c.id, ids))).one()
    if left or count != len(ids):
        raise DomainError(_("The refund is not there any more."))
    _take_back(ids, why, actor)


def _take_back(ids: Sequence[int], why: str, actor: Any) -> None:
    with by_index():
        reopened = carry_back(ids, actor=actor, why=why)
    db.session.expire_all()  # what the session knew of these rows stands no more
    events.refunds_reversed.send(Refund, ids=list(ids), reopened=reopened, actor=actor)


def _undone(orders: Sequence[OrderFigures], ids: Sequence[int]) -> list[Undone]:
    known = {order.id: order for order in orders}
    query = select(REFUNDS.c.id, REFUNDS.c.order_id, REFUNDS.c.version, REFUNDS.c.amount, REFUNDS.c.reversed_at)
    found: dict[int, Undone] = {}
    mine = query.where(among(REFUNDS.c.id, ids)).order_by(REFUNDS.c.id)
    for key, order_id, version, amount, reversed_at in db.session.execute(mine):
        if reversed_at is not None:
            raise DomainError(_("The refund of order %(no)s was taken back already.", no=known[order_id].number))
        found[key] = Undone(known[order_id], key, version, amount)
    lines = {line.id: line for order in orders for line in order.lines}
    names = ("refund_id", "line_id", "quantity", "amount", "cancelled_quantity", "restocked_quantity")
    shares = select(*(SHARES.c[name] for name in names)).where(among(SHARES.c.refund_id, ids)).order_by(SHARES.c.id)
    for key, line_id, *rest in db.session.execute(shares):
        found[key].shares.append((lines[line_id], *rest))
    if len({one.order.id for one in found.values()}) != len(set(ids)):
        raise Conflict(_("Somebody else changed this in the meantime."))
    return list(found.values())


def _check(one: Undone) -> None:
    order = one.order
    again = any(unsent for _line, _quantity, _amount, unsent, _back in one.shares)
    closed_by_it = order.state is OrderState.CLOSED and order.close_reason is CloseReason.REFUNDED
    if again and not closed_by_it and order.state not in REOPENS:
        raise DomainError(_("Order %(no)s has gone on since; its refund stays.", no=order.number))
    if order.refunded < one.amount:
        raise DomainError(_("Order %(no)s has gone on since; its refund stays.", no=order.number))
