"""Refunds that were a mistake: taken back by what stands against them, for many orders at once. Nothing is erased.

The refund stays with the time at which it was taken back, and counts no more; the ledger reverses its entry. Pieces that were
no longer to be sent are promised again, and what came onto the shelf leaves it: where there is too little of it, that is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import changes, clock, history, money, policy, rows
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError
from app.panel.core.rows import among
from app.panel.core.transaction import transactional
from app.shop.inventory import services as inventory
from app.shop.inventory.services import Cause, Command, Line
from app.shop.orders import events
from app.shop.orders.models import CloseReason, Order, OrderLine, OrderState, OrderStateLog, Refund, RefundState
from app.shop.orders.services.common import RESOURCE
from app.shop.orders.services.refund_figures import LINES, ORDERS, REFUNDS, SHARES, LineFigures, OrderFigures

LOG: Any = OrderStateLog.__table__
REOPENS = (OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED)


@dataclass(slots=True)
class Undone:
    """A refund that is taken back: of each line pieces, money, pieces that are to be sent again, pieces that leave the shelf."""

    order: OrderFigures
    id: int
    version: int
    amount: int
    shares: list[tuple[LineFigures, int, int, int, int]] = field(default_factory=list)

    @property
    def to(self) -> OrderState:
        """Where the order stands then."""
        if not any(again for _line, _quantity, _amount, again, _back in self.shares):
            return self.order.state
        sent = any(line.shipped_quantity for line in self.order.lines)
        return OrderState.PARTLY_SHIPPED if sent else OrderState.PAID


def refunds_by_key(keys: Sequence[str]) -> dict[str, int]:
    """The numbers of refunds by the keys of their commands."""
    return dict(db.session.execute(select(REFUNDS.c.key, REFUNDS.c.id).where(among(REFUNDS.c.key, keys))).tuples().all())


@transactional
def reverse_refunds(orders: Sequence[OrderFigures], ids: Sequence[int], *, actor: Any, why: str = "") -> None:
    """Take these refunds back, one of each order, all of them or none. The rows of the orders are locked by whoever calls.

    :raises DomainError: when one of them counts no more, its order is done, or there is too little in stock
    """
    policy.authorize(actor, "refund", RESOURCE, by_loan=False)
    undone = _undone(orders, ids)
    for one in undone:
        _check(one)
    _write_orders(undone, actor, why)
    _write_lines(undone, actor)
    now, stamp = clock.now(), _stamp(actor)
    rows.update_many(REFUNDS, [{"id": one.id, "version": one.version} for one in undone], {**stamp, "reversed_at": now})
    history.record_many(Refund, [(one.id, {"reversed_at": [None, now]}) for one in undone], verb="update", actor=actor)
    changes.record(Refund, [one.id for one in undone])
    _move_stock(undone, actor)
    reopened = [one.order.id for one in undone if one.order.state is OrderState.CLOSED and one.to is not OrderState.CLOSED]
    db.session.expire_all()  # what the session knew of these rows stands no more
    for order in orders:
        order.version += 1
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


def _stamp(actor: Any) -> dict[str, Any]:
    return {"changed_at": clock.now(), "changed_by_id": actor.id}


def _write_orders(undone: Sequence[Undone], actor: Any, why: str) -> None:
    changed: list[dict[str, Any]] = []
    for one in undone:
        refunded = one.order.refunded - one.amount
        reopens = one.order.state is OrderState.CLOSED and one.to is not OrderState.CLOSED
        waits = one.to is OrderState.PARTLY_SHIPPED and one.order.state is OrderState.SHIPPED
        changed.append({
            "id": one.order.id, "version": one.order.version, "refunded": refunded, "state": one.to,
            "refund_state": RefundState.PARTLY if refunded else RefundState.NONE,
            "close_reason": None if reopens else one.order.close_reason, "closed_at": None if reopens else one.order.closed_at,
            "shipped_at": None if waits else one.order.shipped_at,
        })  # fmt: skip
    if rows.update_many(ORDERS, changed, _stamp(actor)) != len(undone):
        raise Conflict(_("Somebody else changed this in the meantime."))
    names = ("refunded", "refund_state", "state", "close_reason", "closed_at", "shipped_at")
    entries = [
        (one.order.id, {name: [before, row[name]] for name in names if (before := getattr(one.order, name)) != row[name]})
        for one, row in zip(undone, changed, strict=True)
    ]
    history.record_many(Order, entries, verb="update", actor=actor)
    told = [(one.order.id, {"amount": [None, money.plain(one.amount, one.order.currency)]}) for one in undone]
    history.record_many(Order, told, verb="order.refund_reversed", actor=actor, why=why)
    changes.record(Order, [one.order.id for one in undone])
    said, who = why or _("The refund was taken back."), {"created_by_id": actor.id, "changed_by_id": actor.id}
    log = [
        {"order_id": one.order.id, "from_state": one.order.state, "to_state": one.to}
        for one in undone if one.order.state is not one.to
    ]  # fmt: skip
    rows.insert_many(LOG, log, {"why": said[:300], "moved_at": clock.now(), **who})


def _write_lines(undone: Sequence[Undone], actor: Any) -> None:
    entries, changed = [], []
    for one in undone:
        for line, quantity, amount, again, _back in one.shares:
            after = {
                "refunded_quantity": line.refunded_quantity - quantity, "refunded_amount": line.refunded_amount - amount,
                "cancelled_quantity": line.cancelled_quantity - again,
                "reserved_quantity": line.reserved_quantity + (again if line.sku_id else 0),
            }  # fmt: skip
            changed.append({"id": line.id, "version": line.version, **after})
            entries.append((line.id, {n: [getattr(line, n), value] for n, value in after.items() if getattr(line, n) != value}))
    if rows.update_many(LINES, changed, _stamp(actor)) != len(changed):
        raise Conflict(_("Somebody else changed this in the meantime."))
    history.record_many(OrderLine, entries, verb="update", actor=actor)
    changes.record(OrderLine, [key for key, _pairs in entries])


def _move_stock(undone: Sequence[Undone], actor: Any) -> None:
    hold, out = [], []
    for one in undone:
        cause, order = Cause(RESOURCE, one.order.id, f"refund-{one.id}-back"), one.order
        hold.append(Command(cause, _lines(order, [(line, again) for line, _q, _a, again, _b in one.shares]), order.shop_id))
        back = _lines(order, [(line, pieces) for line, _q, _a, _u, pieces in one.shares])
        out.append(Command(cause, back, order.shop_id, order.number))
    inventory.undo_take_back_many(out, actor=actor)
    inventory.reserve_many(hold, actor=actor)


def _lines(order: OrderFigures, pieces: Sequence[tuple[LineFigures, int]]) -> list[Line]:
    return [
        Line(line.sku_id, quantity, order.warehouse_id, line.unit_cost) for line, quantity in pieces if line.sku_id and quantity
    ]
