"""What many orders do to the stock at once: the same verbs, checks, journal and alerts as for one, in a handful of statements.

What is wanted is a query. Lines that are short refuse all of them: whoever calls tries them one by one then. The keys of the
journal are unique, so that a command that was booked before is refused as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Integer, Select, Text, and_, func, select, update

from app.panel.core import clock, rows
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.sets import insert_rows, listed, numbered, stamp, words
from app.panel.core.transaction import transactional
from app.shop.inventory.models import StockMove, StockReservation
from app.shop.inventory.services import alerts
from app.shop.inventory.services.ledger import levels, make_levels, sku_name, told
from app.shop.inventory.services.lines import OutOfStock
from app.shop.inventory.states import MoveReason

HOLDS: Any = StockReservation.__table__
MOVES: Any = StockMove.__table__
LINE = ("cause_id", "step", "warehouse_id", "sku_id", "quantity", "unit_cost", "note")
KINDS = (Integer, Text, Integer, Integer, Integer, Integer, Text)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query of lines (`LINE`), one of each cause, step, warehouse and SKU. `resource`: of what kind the causes are.

    Several verbs read it, so that it says the same until the last of them has run.
    """

    resource: str
    lines: Select[Any]

    def table(self) -> Any:
        return self.lines.subquery("wanted")

    def read(self) -> Wanted | None:
        """The same lines, as they were read just now: a verb asks for them four times. None when nothing is wanted."""
        lines = self.table()
        found = [tuple(line) for line in db.session.execute(select(*(lines.c[name] for name in LINE))).all()]
        told = listed(found, dict(zip(LINE, KINDS, strict=True))) if found else None
        return None if told is None else Wanted(self.resource, select(*told.c))


@dataclass(frozen=True, slots=True)
class Way:
    """What a verb does with each piece: to what is on hand, and to what is reserved."""

    verb: str
    reason: MoveReason
    on_hand: int = 0
    held: int = 0


RELEASE = Way("release", MoveReason.RELEASE, held=-1)
RESERVE = Way("reserve", MoveReason.RESERVE, held=1)
RETURN = Way("return", MoveReason.RETURN, on_hand=1)
UNDONE = Way("return-undone", MoveReason.RETURN, on_hand=-1)


@transactional
def release_many(wanted: Wanted, *, actor: Any) -> None:
    """As `release` with lines, for many causes.

    :raises DomainError: when one of them holds less
    """
    lines = wanted.read()
    if lines is None:
        return
    places = _lock(lines)
    held = _held(lines)
    if any(one.id is None or one.open < one.wanted for one in held):
        raise DomainError(_("Less is reserved than that. Reserve it first."))
    if held:
        less = numbered([one.id for one in held], [one.wanted for one in held])
        values = {"open": HOLDS.c.open - less.c.number, **stamp(HOLDS, actor)}
        db.session.execute(update(HOLDS).where(HOLDS.c.id == less.c.key).values(values))
    _book(lines, RELEASE, places, actor)


@transactional
def reserve_many(wanted: Wanted, *, actor: Any) -> None:
    """As `reserve`, for many causes.

    :raises OutOfStock: when one of them finds less than it wants
    """
    lines = wanted.read()
    if lines is None:
        return
    _book(lines, RESERVE, _lock(lines), actor)
    held = _held(lines)
    known, new = [one for one in held if one.id is not None], [one for one in held if one.id is None]
    if known:
        more = numbered([one.id for one in known], [one.wanted for one in known])
        both = {"open": HOLDS.c.open + more.c.number, "quantity": HOLDS.c.quantity + more.c.number}
        db.session.execute(update(HOLDS).where(HOLDS.c.id == more.c.key).values({**both, **stamp(HOLDS, actor)}))
    made = [(one.cause_id, one.warehouse_id, one.sku_id, one.wanted, one.wanted) for one in new]
    names = ("cause_id", "warehouse_id", "sku_id", "quantity", "open")
    rows.insert_many(HOLDS, [dict(zip(names, one, strict=True)) for one in made], {"cause_resource": wanted.resource})


@transactional
def take_back_many(wanted: Wanted, *, actor: Any) -> None:
    """As `take_back`, for many causes."""
    if (lines := wanted.read()) is not None:
        _book(lines, RETURN, _lock(lines), actor)


@transactional
def undo_take_back_many(wanted: Wanted, *, actor: Any) -> None:
    """What came back goes out again, for it was a mistake that it came.

    :raises OutOfStock: when it was sold meanwhile
    """
    if (lines := wanted.read()) is not None:
        _book(lines, UNDONE, _lock(lines), actor)


def _lock(wanted: Wanted) -> Sequence[Any]:
    """The levels of what is wanted and how many pieces of each, locked in the order in which all writers lock (SAFETY R09)."""
    lines = wanted.table()
    at = (lines.c.warehouse_id, lines.c.sku_id)
    places = select(*at, func.sum(lines.c.quantity).label("wanted")).group_by(*at).subquery("places")
    mine = and_(levels.c.warehouse_id == places.c.warehouse_id, levels.c.sku_id == places.c.sku_id)
    all_of_them = places.outerjoin(levels, mine)
    missing = select(places.c.warehouse_id, places.c.sku_id).select_from(all_of_them).where(levels.c.id.is_(None))
    if new := db.session.execute(missing).tuples().all():
        if any(house is None for house, _sku in new):
            raise DomainError(_("There is no warehouse yet. Add one under Inventory, Warehouses."))
        make_levels([(house, sku) for house, sku in new])
    names = ("id", "warehouse_id", "sku_id", "on_hand", "reserved", "threshold", "is_low")
    found = select(*(levels.c[name] for name in names), places.c.wanted).select_from(places.join(levels, mine))
    # on PostgreSQL the lock, on SQLite nothing: there @transactional holds the write lock already
    return db.session.execute(found.order_by(levels.c.id).with_for_update(of=levels)).all()


def _held(wanted: Wanted) -> Sequence[Any]:
    """What is wanted of each reservation, or of one that is not there yet."""
    lines = wanted.table()
    which = (lines.c.cause_id, lines.c.warehouse_id, lines.c.sku_id)
    sums = select(*which, func.sum(lines.c.quantity).label("wanted")).group_by(*which).subquery("sums")
    mine = and_(
        HOLDS.c.cause_resource == wanted.resource, HOLDS.c.cause_id == sums.c.cause_id,
        HOLDS.c.warehouse_id == sums.c.warehouse_id, HOLDS.c.sku_id == sums.c.sku_id,
    )  # fmt: skip
    return db.session.execute(select(sums, HOLDS.c.id, HOLDS.c.open).select_from(sums.outerjoin(HOLDS, mine))).all()


def _book(wanted: Wanted, way: Way, places: Sequence[Any], actor: Any) -> None:
    """Check on locked rows, then write: the journal with its balances, the levels once."""
    if not places:
        return
    crossings, line = [], alerts.line_of(None)
    for row in places:
        on_hand, reserved = row.on_hand + way.on_hand * row.wanted, row.reserved + way.held * row.wanted
        if on_hand < reserved or reserved < 0:
            raise OutOfStock(
                sku_name(row.sku_id), row.on_hand - row.reserved, sku_id=row.sku_id, wanted=row.wanted,
                warehouse_id=row.warehouse_id,
            )  # fmt: skip
        low = on_hand - reserved <= (line if row.threshold is None else row.threshold)
        if low != row.is_low:
            crossings.append((row.id, low, on_hand - reserved, row.threshold))
    _write_journal(wanted, way, actor)
    ids = [row.id for row in places]
    moved = numbered(ids, [row.wanted for row in places])
    on_hand, reserved = levels.c.on_hand + way.on_hand * moved.c.number, levels.c.reserved + way.held * moved.c.number
    low = on_hand - reserved <= func.coalesce(levels.c.threshold, line)
    values = {"on_hand": on_hand, "reserved": reserved, "is_low": low, **stamp(levels, actor)}
    db.session.execute(update(levels).where(levels.c.id == moved.c.key).values(values))
    alerts.crossed(crossings, actor=actor)
    told(set(ids), actor)


def _write_journal(wanted: Wanted, way: Way, actor: Any) -> None:
    """Line by line; what is on hand after each, when several are of one place."""
    lines = wanted.table()
    at = (lines.c.warehouse_id, lines.c.sku_id)
    balance = levels.c.on_hand
    if way.on_hand:
        so_far = func.sum(lines.c.quantity).over(partition_by=at, order_by=(lines.c.cause_id, lines.c.step))
        balance = levels.c.on_hand + way.on_hand * so_far
    values = {
        "moved_at": clock.now(), "warehouse_id": lines.c.warehouse_id, "sku_id": lines.c.sku_id, "reason": way.reason,
        "quantity": way.on_hand * lines.c.quantity, "held": way.held * lines.c.quantity, "balance": balance,
        "unit_cost": lines.c.unit_cost if way.on_hand else None, "currency": "CNY", "cause_resource": wanted.resource,
        "cause_id": lines.c.cause_id, "key": words(f"{wanted.resource}:", lines.c.cause_id, f":{way.verb}:", lines.c.step),
        "note": lines.c.note,
    }  # fmt: skip
    found = lines.join(levels, and_(levels.c.warehouse_id == lines.c.warehouse_id, levels.c.sku_id == lines.c.sku_id))
    insert_rows(MOVES, values, found, order=[lines.c.cause_id, *at], actor=actor)
