"""Many moves at once, set-based: opening stock, the demo, the journal of a system that is left behind."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import bindparam, insert, select, update

from app.panel.core import clock, policy
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.inventory.models import StockMove
from app.shop.inventory.services import alerts
from app.shop.inventory.services.ledger import levels, lock, make_levels, sku_name, told
from app.shop.inventory.services.lines import Line, OutOfStock, normal
from app.shop.inventory.services.warehouses import default_warehouse_id
from app.shop.inventory.states import MoveReason
from app.shop.setup.queries import shop_currency

CHUNK = 2000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PastMove:
    """A line of the journal as it was: signed quantity, its own time. `key` makes it unique per warehouse and SKU."""

    sku_id: int
    quantity: int
    reason: MoveReason
    key: str
    warehouse_id: int | None = None
    moved_at: dt.datetime | None = None
    unit_cost: int | None = None
    cause_resource: str | None = None
    cause_id: int | None = None
    note: str | None = None


@transactional
def open_stock_many(
    lines: Iterable[Line], *, actor: Any, key: str = "opening", warehouse_id: int | None = None,
    at: dt.datetime | None = None,
) -> int:  # fmt: skip
    """Opening stock of many SKUs; the same `key` a second time changes nothing. Returns how many lines were booked."""
    policy.authorize(actor, "receive", "inventory.StockLevel")
    wanted = normal(lines, warehouse_id or default_warehouse_id())
    moves = [
        PastMove(
            line.sku_id, line.quantity, MoveReason.OPENING, key, line.warehouse_id, moved_at=at, unit_cost=line.unit_cost
        )
        for line in wanted
    ]
    return post_many(moves, actor=actor)


@transactional
def post_many(moves: Iterable[PastMove], *, actor: Any) -> int:
    """Write many moves and bring the levels to their sum; moves that are there already are left out.

    Only the sum is checked against what is reserved: in between, a journal of the past may be below zero.

    :raises OutOfStock: when a level would end below what is reserved of it
    """
    default, now, money = None, clock.now(), shop_currency()
    rows = []
    for move in moves:
        if move.warehouse_id is None and default is None:
            default = default_warehouse_id()
        rows.append(_row(move, move.warehouse_id or default or 0, now, money, actor))
    rows = _new_only(rows)
    by_place: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["moved_at"]):
        by_place[row["warehouse_id"], row["sku_id"]].append(row)
    for places in _chunks(sorted(by_place)):
        _apply(places, by_place, actor)
    for chunk in _chunks(rows):
        db.session.execute(insert(StockMove), chunk)
    return len(rows)


def _row(move: PastMove, warehouse_id: int, now: dt.datetime, money: str, actor: Any) -> dict[str, Any]:
    return {
        "moved_at": move.moved_at or now, "warehouse_id": warehouse_id, "sku_id": move.sku_id, "reason": move.reason,
        "quantity": move.quantity, "held": 0, "unit_cost": move.unit_cost, "currency": money, "key": move.key,
        "cause_resource": move.cause_resource, "cause_id": move.cause_id, "note": move.note,
        "created_by_id": actor.id, "changed_by_id": actor.id,
    }  # fmt: skip


def _chunks(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def _new_only(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known: set[tuple[str, int, int]] = set()
    for keys in _chunks(sorted({row["key"] for row in rows})):
        names = select(StockMove.key, StockMove.warehouse_id, StockMove.sku_id).where(StockMove.key.in_(keys))
        known.update(tuple(row) for row in db.session.execute(names))
    return [row for row in rows if (row["key"], row["warehouse_id"], row["sku_id"]) not in known]


def _apply(places: Sequence[tuple[int, int]], by_place: dict[tuple[int, int], list[dict[str, Any]]], actor: Any) -> None:
    """Bring the levels of `places` to their new sums and give each of their rows its balance."""
    make_levels(places)
    found = lock(places)
    changed, crossings = [], []
    for place in places:
        level = found[place]
        balance = level.on_hand
        for row in by_place[place]:
            balance += row["quantity"]
            row["balance"] = balance
        if balance < level.reserved:
            name = sku_name(place[1])
            left = level.on_hand - level.reserved
            raise OutOfStock(name, left, sku_id=place[1], wanted=level.on_hand - balance, warehouse_id=place[0])
        low = alerts.is_low(balance - level.reserved, level.threshold)
        changed.append({"row_id": level.id, "new_on_hand": balance, "new_is_low": low})
        if low != level.is_low:
            crossings.append((level.id, low, balance - level.reserved, level.threshold))
    statement = (
        update(levels)
        .where(levels.c.id == bindparam("row_id"))
        .values(
            on_hand=bindparam("new_on_hand"), is_low=bindparam("new_is_low"), version=levels.c.version + 1,
            changed_at=clock.now(), changed_by_id=actor.id,
        )
    )  # fmt: skip
    db.session.connection().execute(statement, changed)
    alerts.crossed(crossings, actor=actor)
    told({level["row_id"] for level in changed}, actor)
