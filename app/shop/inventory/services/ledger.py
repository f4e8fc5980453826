"""The one place that changes amounts: locks the levels in one order, checks, updates, writes the journal, watches the line.

Everything is checked on locked rows before the first write, so a verb that fails has changed nothing, also when its
caller goes on. The conditional UPDATE and the CHECK of the table are the second and the third wall.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Integer, Select, Update, bindparam, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm.util import identity_key

from app.panel.core import changes, clock
from app.panel.core.db import db
from app.panel.core.errors import Conflict
from app.shop.catalog.models import Sku
from app.shop.inventory.events import stock_begun, stock_changed
from app.shop.inventory.models import StockLevel, StockMove
from app.shop.inventory.services import alerts
from app.shop.inventory.services.lines import Cause, OutOfStock
from app.shop.inventory.states import MoveReason

levels = StockLevel.__table__
_MOVE = insert(StockMove.__table__)


@dataclass(frozen=True, slots=True)
class Shift:
    """A change of one level: `quantity` of what is on hand, `held` of what is reserved; both signed."""

    warehouse_id: int
    sku_id: int
    reason: MoveReason
    quantity: int = 0
    held: int = 0
    unit_cost: int | None = None
    currency: str = "CNY"


def book(
    shifts: Sequence[Shift], *, key: str, cause: Cause | None, actor: Any, note: str = "", at: dt.datetime | None = None,
    is_new: bool = False,
) -> bool:
    """Book `shifts` under `key`; False when the same were booked under it before.

    :param is_new: nothing can have been booked under `key` before: its cause was made in this transaction
    :raises OutOfStock: when one of them would take more than is available; nothing is changed then
    :raises Conflict: when `key` was used for other shifts
    """
    if not shifts:
        return False
    shifts = sorted(shifts, key=lambda shift: (shift.warehouse_id, shift.sku_id))
    if not is_new:
        _sold_out_already(shifts, key)
    rows = lock([(shift.warehouse_id, shift.sku_id) for shift in shifts])
    if not is_new and _booked(shifts, key):
        return False
    _refuse_short(shifts, rows)
    at = at or clock.now()
    crossings = []
    for shift in shifts:
        row = rows[shift.warehouse_id, shift.sku_id]
        low = alerts.is_low(row.on_hand - row.reserved + shift.quantity - shift.held, row.threshold)
        _update(row, shift, low, actor)
        if low != row.is_low:
            crossings.append((row.id, low, row.on_hand - row.reserved + shift.quantity - shift.held, row.threshold))
    db.session.execute(_MOVE, [_journal(s, rows, key, cause, actor, note, at) for s in shifts])
    ids = {rows[shift.warehouse_id, shift.sku_id].id for shift in shifts}
    alerts.crossed(crossings, actor=actor)
    told(ids, actor)
    return True


def _sold_out_already(shifts: Sequence[Shift], key: str) -> None:
    """Turn away whom there is nothing left for without queueing for the lock: in a rush that is most of the crowd."""
    if db.engine.dialect.name == "sqlite":
        return  # @transactional holds the write lock already
    rows = _select([(shift.warehouse_id, shift.sku_id) for shift in shifts], locked=False)
    try:
        _refuse_short(shifts, rows)
    except OutOfStock:
        if not _booked(shifts, key):  # asked after the amounts: our own earlier booking may be what took them
            raise


def _refuse_short(shifts: Sequence[Shift], rows: dict[tuple[int, int], Any]) -> None:
    for shift in shifts:
        row = rows.get((shift.warehouse_id, shift.sku_id))
        on_hand, reserved = (row.on_hand, row.reserved) if row is not None else (0, 0)
        if on_hand + shift.quantity < reserved + shift.held:
            raise OutOfStock(
                sku_name(shift.sku_id), on_hand - reserved, sku_id=shift.sku_id,
                wanted=max(-shift.quantity, shift.held), warehouse_id=shift.warehouse_id,
            )  # fmt: skip


def lock(places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Any]:
    """Lock the levels of (warehouse, SKU) pairs in the order of their ids, making those that are missing."""
    found = _select(places)
    missing = [place for place in places if place not in found]
    if missing:
        make_levels(missing)
        found = _select(places)
    return found


def _select(places: Sequence[tuple[int, int]], locked: bool = True) -> dict[tuple[int, int], Any]:
    rows = db.session.execute(_these(locked), {"places": list(places)})
    return {(row.warehouse_id, row.sku_id): row for row in rows}


@functools.cache
def _these(locked: bool) -> Select[Any]:
    """Built once: every order asks this, and SQLAlchemy takes longer to build it than the database to answer."""
    where = tuple_(levels.c.warehouse_id, levels.c.sku_id).in_(bindparam("places", expanding=True))
    names = ("id", "warehouse_id", "sku_id", "on_hand", "reserved", "threshold", "is_low")
    statement = select(*(levels.c[name] for name in names)).where(where).order_by(levels.c.id)
    # on PostgreSQL the lock, on SQLite nothing: there @transactional holds the write lock already
    return statement.with_for_update() if locked else statement


def make_levels(places: Sequence[tuple[int, int]]) -> None:
    """Empty levels for places that have none; two writers may try at once."""
    now, wanted = clock.now(), {sku_id for _warehouse, sku_id in places}
    fresh = wanted - set(db.session.scalars(select(levels.c.sku_id).where(levels.c.sku_id.in_(wanted))))
    rows = [
        {
            "warehouse_id": warehouse_id, "sku_id": sku_id, "on_hand": 0, "reserved": 0, "is_low": False,
            "version": 1, "created_at": now, "changed_at": now,
        }
        for warehouse_id, sku_id in sorted(set(places))
    ]  # fmt: skip
    dialect = sqlite if db.engine.dialect.name == "sqlite" else postgresql
    db.session.execute(dialect.insert(levels).on_conflict_do_nothing(), rows)
    if fresh:
        stock_begun.send(StockLevel, sku_ids=fresh)


def _booked(shifts: Sequence[Shift], key: str) -> bool:
    statement = select(StockMove.warehouse_id, StockMove.sku_id, StockMove.quantity, StockMove.held)
    before = {tuple(row) for row in db.session.execute(statement.where(StockMove.key == key))}
    if not before:
        return False
    if before != {(shift.warehouse_id, shift.sku_id, shift.quantity, shift.held) for shift in shifts}:
        raise Conflict(_("This stock movement was booked before, with other numbers."))
    return True


def _update(row: Any, shift: Shift, low: bool, actor: Any) -> None:
    values = {"level": row.id, "more": shift.quantity, "held": shift.held, "is_low": low, "changed_by_id": actor.id}
    if db.session.execute(_shifted(), values).rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(_("The stock changed in the meantime. Please try again."))


@functools.cache
def _shifted() -> Update:
    more, held = bindparam("more", type_=Integer()), bindparam("held", type_=Integer())
    on_hand, reserved = levels.c.on_hand + more, levels.c.reserved + held
    change = update(levels).where(levels.c.id == bindparam("level"), on_hand >= reserved, reserved >= 0)
    return change.values(
        on_hand=on_hand, reserved=reserved, version=levels.c.version + 1, is_low=bindparam("is_low"),
        changed_by_id=bindparam("changed_by_id"),
    )  # fmt: skip


def _journal(
    shift: Shift, rows: dict[Any, Any], key: str, cause: Cause | None, actor: Any, note: str, at: dt.datetime
) -> dict[str, Any]:
    return {
        "moved_at": at, "warehouse_id": shift.warehouse_id, "sku_id": shift.sku_id, "reason": shift.reason,
        "quantity": shift.quantity, "held": shift.held, "unit_cost": shift.unit_cost, "currency": shift.currency,
        "balance": rows[shift.warehouse_id, shift.sku_id].on_hand + shift.quantity,
        "cause_resource": cause.resource if cause else None, "cause_id": cause.id if cause else None,
        "key": key, "note": note[:300] or None, "created_by_id": actor.id, "changed_by_id": actor.id,
    }  # fmt: skip


def told(level_ids: set[int], actor: Any) -> None:
    """Tell the feed and whoever listens; drop what the session remembers of these rows."""
    session = db.session()
    for known in [row for row in session.identity_map.values() if isinstance(row, StockLevel)]:
        if identity_key(instance=known)[1][0] in level_ids:
            session.expire(known)
    changes.record(StockLevel, sorted(level_ids))
    stock_changed.send(StockLevel, level_ids=level_ids, actor=actor)


def sku_name(sku_id: int) -> str:
    return str(db.session.get(Sku, sku_id) or f"#{sku_id}")
