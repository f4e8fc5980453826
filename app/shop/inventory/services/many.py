"""What many orders do to the stock at once: the same verbs, checks, journal and alerts as for one, in a handful of statements.

Commands are booked in the order in which they are given. One that is short refuses all of them: whoever calls tries them
one by one then. The keys of the journal are unique, so that a command that was booked before is refused as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.core import clock, rows
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.inventory.models import StockMove, StockReservation
from app.shop.inventory.services import alerts
from app.shop.inventory.services.ledger import Shift, levels, lock, sku_name, told
from app.shop.inventory.services.lines import Cause, Line, OutOfStock, normal
from app.shop.inventory.services.warehouses import default_warehouse_id
from app.shop.inventory.states import MoveReason

HOLDS: Any = StockReservation.__table__
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Command:
    """Lines of one cause, of one shop."""

    cause: Cause
    lines: Sequence[Line]
    shop_id: int | None = None
    note: str = ""


@transactional
def release_many(commands: Iterable[Command], *, actor: Any) -> None:
    """As `release` with lines, for many causes.

    :raises DomainError: when one of them holds less
    """
    given = _placed(commands)
    _lock(given)
    held = _held(given)
    less: dict[int, int] = {}
    for one in given:
        for line in one.lines:
            key, left, _quantity = held.get((one.cause.id, line.warehouse_id or 0, line.sku_id), (0, 0, 0))
            if less.get(key, left) < line.quantity:
                raise DomainError(_("Less is reserved than that. Reserve it first."))
            less[key] = less.get(key, left) - line.quantity
    rows.update_many(HOLDS, [{"id": key, "open": left} for key, left in less.items()], _stamp(actor))
    _book(given, "release", lambda line: Shift(line.warehouse_id or 0, line.sku_id, MoveReason.RELEASE, held=-line.quantity), actor)


@transactional
def reserve_many(commands: Iterable[Command], *, actor: Any) -> None:
    """As `reserve`, for many causes.

    :raises OutOfStock: when one of them finds less than it wants
    """
    given = _placed(commands)
    _book(given, "reserve", lambda line: Shift(line.warehouse_id or 0, line.sku_id, MoveReason.RESERVE, held=line.quantity), actor)
    held = _held(given)
    more, new = [], []
    for one in given:
        for line in one.lines:
            found = held.get((one.cause.id, line.warehouse_id or 0, line.sku_id))
            if found is not None:
                more.append({"id": found[0], "open": found[1] + line.quantity, "quantity": found[2] + line.quantity})
            else:
                new.append({
                    "cause_resource": one.cause.resource, "cause_id": one.cause.id, "warehouse_id": line.warehouse_id,
                    "sku_id": line.sku_id, "quantity": line.quantity, "open": line.quantity,
                })  # fmt: skip
    rows.update_many(HOLDS, more, _stamp(actor))
    rows.insert_many(HOLDS, new)


@transactional
def take_back_many(commands: Iterable[Command], *, actor: Any) -> None:
    """As `take_back`, for many causes."""
    _book(
        _placed(commands), "return",
        lambda line: Shift(line.warehouse_id or 0, line.sku_id, MoveReason.RETURN, line.quantity, 0, line.unit_cost), actor,
    )  # fmt: skip


@transactional
def undo_take_back_many(commands: Iterable[Command], *, actor: Any) -> None:
    """What came back goes out again, for it was a mistake that it came.

    :raises OutOfStock: when it was sold meanwhile
    """
    _book(
        _placed(commands), "return-undone",
        lambda line: Shift(line.warehouse_id or 0, line.sku_id, MoveReason.RETURN, -line.quantity, 0, line.unit_cost), actor,
    )  # fmt: skip


def _placed(commands: Iterable[Command]) -> list[Command]:
    """Commands whose lines have a warehouse each and stand in locking order."""
    default: dict[int | None, int] = {}
    found = []
    for one in commands:
        if one.lines:
            if any(line.warehouse_id is None for line in one.lines) and one.shop_id not in default:
                default[one.shop_id] = default_warehouse_id(one.shop_id)
            found.append(replace(one, lines=normal(one.lines, default.get(one.shop_id, 0))))
    return found


def _lock(commands: Sequence[Command]) -> dict[Place, Any]:
    return lock(sorted({(line.warehouse_id or 0, line.sku_id) for one in commands for line in one.lines})) if commands else {}


def _held(commands: Sequence[Command]) -> dict[tuple[int, int, int], tuple[int, int, int]]:
    """(number, still reserved, reserved in all) by cause, warehouse and SKU. All causes are of one kind."""
    if not commands:
        return {}
    mine = (HOLDS.c.cause_resource == commands[0].cause.resource) & rows.among(
        HOLDS.c.cause_id, [one.cause.id for one in commands]
    )
    query = select(HOLDS.c.cause_id, HOLDS.c.warehouse_id, HOLDS.c.sku_id, HOLDS.c.id, HOLDS.c.open, HOLDS.c.quantity)
    return {tuple(row[:3]): tuple(row[3:]) for row in db.session.execute(query.where(mine))}  # type: ignore[misc]


def _book(commands: Sequence[Command], verb: str, shift_of: Any, actor: Any) -> None:
    """Check on locked rows, then write: the levels once, the journal line by line with its balances."""
    if not commands:
        return
    found, at = _lock(commands), clock.now()
    stand = {place: [row.on_hand, row.reserved] for place, row in found.items()}
    journal = []
    for one in commands:
        key = one.cause.key(verb)
        for line in one.lines:
            shift = shift_of(line)
            now = stand[shift.warehouse_id, shift.sku_id]
            on_hand, reserved = now[0] + shift.quantity, now[1] + shift.held
            if on_hand < reserved or reserved < 0:
                raise OutOfStock(
                    sku_name(shift.sku_id), now[0] - now[1], sku_id=shift.sku_id, wanted=line.quantity,
                    warehouse_id=shift.warehouse_id,
                )  # fmt: skip
            now[:] = on_hand, reserved
            journal.append({
                "warehouse_id": shift.warehouse_id, "sku_id": shift.sku_id, "quantity": shift.quantity, "held": shift.held,
                "unit_cost": shift.unit_cost, "balance": on_hand, "cause_id": one.cause.id, "key": key,
                "note": one.note[:300] or None,
            })  # fmt: skip
    first = commands[0]
    alike = {
        "moved_at": at, "reason": shift_of(first.lines[0]).reason, "currency": "CNY", "cause_resource": first.cause.resource,
        "created_by_id": actor.id, "changed_by_id": actor.id,
    }  # fmt: skip
    _write_levels(found, stand, actor)
    rows.insert_many(StockMove.__table__, journal, alike)


def _write_levels(found: dict[Place, Any], stand: dict[Place, list[int]], actor: Any) -> None:
    changed, crossings = [], []
    for place, (on_hand, reserved) in stand.items():
        row = found[place]
        low = alerts.is_low(on_hand - reserved, row.threshold)
        changed.append({"id": row.id, "on_hand": on_hand, "reserved": reserved, "is_low": low})
        if low != row.is_low:
            crossings.append((row.id, low, on_hand - reserved, row.threshold))
    rows.update_many(levels, changed, _stamp(actor))
    alerts.crossed(crossings, actor=actor)
    told({row["id"] for row in changed}, actor)


def _stamp(actor: Any) -> dict[str, Any]:
    return {"changed_at": clock.now(), "changed_by_id": actor.id}
