"""What many orders do to the stock at once: the same verbs, checks, journal and alerts as for one, in a handful of statements.

What is wanted is a query. Lines that are short refuse all of them: whoever calls tries them one by one then. The keys of the
journal are unique, so that a command that was booked before is refused as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Insert, Integer, Select, Text, and_, bindparam, func, or_, select, update

from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.sets import NOW, insertion, is_postgresql, kept, laid_out, listed, stamped, told_by, words
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

    Several verbs read it, so that it says the same until the last of them has run. A query that is kept has a `key`, and is told
    what is `given`.
    """

    resource: str
    lines: Select[Any]
    key: Any = None
    given: Mapping[str, Any] = field(default_factory=dict)
    is_read: bool = False

    def table(self) -> Any:
        return self.lines.subquery("wanted")

    def read(self) -> Wanted | None:
        """The same lines, as they were read just now: a verb asks for them six times. None when nothing is wanted."""
        if self.is_read:
            return self
        if is_postgresql():
            found = [tuple(line) for line in db.session.execute(self.lines, dict(self.given)).all()]
            told: Any = listed(found, dict(zip(LINE, KINDS, strict=True))) if found else None
        else:
            told = laid_out("wanted", self.lines, self.given, self.key)
            if db.session.scalar(kept("wanted at all", lambda: select(told.c.cause_id).limit(1))) is None:
                told = None
        return None if told is None else Wanted(self.resource, select(*told.c), is_read=True)

    def asked(self, name: Any, build: Callable[[], Any], **told: Any) -> Any:
        """Run a statement over lines that were read. On SQLite they lie in one and the same table, and it is kept."""
        statement = build() if is_postgresql() else kept(("stock of many", self.resource, name), build)
        return db.session.execute(statement, told)

    def places(self) -> Any:
        """How many pieces are wanted at each place."""
        lines = self.table()
        at = (lines.c.warehouse_id, lines.c.sku_id)
        return select(*at, func.sum(lines.c.quantity).label("wanted")).group_by(*at).subquery("places")

    def sums(self) -> Any:
        """How many pieces are wanted of each reservation, be it there or not."""
        lines = self.table()
        which = (lines.c.cause_id, lines.c.warehouse_id, lines.c.sku_id)
        return select(*which, func.sum(lines.c.quantity).label("wanted")).group_by(*which).subquery("sums")


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
    _lock(lines)
    sums = lines.sums()
    mine = _its_hold(sums, wanted.resource)

    def short() -> Any:
        holds_less = or_(HOLDS.c.id.is_(None), HOLDS.c.open < sums.c.wanted)
        return select(sums.c.cause_id).select_from(sums.outerjoin(HOLDS, mine)).where(holds_less).limit(1)

    if lines.asked("held too little", short).first() is not None:
        raise DomainError(_("Less is reserved than that. Reserve it first."))
    fewer = {"open": HOLDS.c.open - sums.c.wanted, **stamped(HOLDS)}
    lines.asked("held less", lambda: update(HOLDS).where(mine).values(fewer), **told_by(actor))
    _book(lines, RELEASE, actor)


@transactional
def reserve_many(wanted: Wanted, *, actor: Any) -> None:
    """As `reserve`, for many causes.

    :raises OutOfStock: when one of them finds less than it wants
    """
    lines = wanted.read()
    if lines is None:
        return
    _lock(lines)
    _book(lines, RESERVE, actor)
    sums = lines.sums()
    mine = _its_hold(sums, wanted.resource)
    both = {"open": HOLDS.c.open + sums.c.wanted, "quantity": HOLDS.c.quantity + sums.c.wanted, **stamped(HOLDS)}
    lines.asked("held more", lambda: update(HOLDS).where(mine).values(both), **told_by(actor))

    def begun() -> Any:
        new = {"cause_resource": wanted.resource, "quantity": sums.c.wanted, "open": sums.c.wanted}
        which = {name: sums.c[name] for name in ("cause_id", "warehouse_id", "sku_id")}
        return insertion(HOLDS, which | new, sums.outerjoin(HOLDS, mine), HOLDS.c.id.is_(None), order=list(which.values()))

    lines.asked("held anew", begun, **told_by(actor))


@transactional
def take_back_many(wanted: Wanted, *, actor: Any) -> None:
    """As `take_back`, for many causes."""
    if (lines := wanted.read()) is not None:
        _lock(lines)
        _book(lines, RETURN, actor)


@transactional
def undo_take_back_many(wanted: Wanted, *, actor: Any) -> None:
    """What came back goes out again, for it was a mistake that it came.

    :raises OutOfStock: when it was sold meanwhile
    """
    if (lines := wanted.read()) is not None:
        _lock(lines)
        _book(lines, UNDONE, actor)


def _lock(wanted: Wanted) -> None:
    """Make the levels of what is wanted where there are none, and lock them in the order in which all writers lock (SAFETY R09)."""
    places = wanted.places()
    mine = _its_level(places)

    def missing() -> Any:
        query = select(places.c.warehouse_id, places.c.sku_id).select_from(places.outerjoin(levels, mine))
        return query.where(levels.c.id.is_(None))

    if new := wanted.asked("without a level", missing).tuples().all():
        if any(house is None for house, _sku in new):
            raise DomainError(_("There is no warehouse yet. Add one under Inventory, Warehouses."))
        make_levels([(house, sku) for house, sku in new])
    if is_postgresql():  # on SQLite @transactional holds the write lock already
        locked = select(levels.c.id).select_from(places.join(levels, mine)).order_by(levels.c.id).with_for_update(of=levels)
        db.session.execute(select(func.count()).select_from(locked.subquery()))


def _its_level(places: Any) -> Any:
    return and_(levels.c.warehouse_id == places.c.warehouse_id, levels.c.sku_id == places.c.sku_id)


def _its_hold(sums: Any, resource: str) -> Any:
    same = (HOLDS.c[name] == sums.c[name] for name in ("cause_id", "warehouse_id", "sku_id"))
    return and_(HOLDS.c.cause_resource == resource, *same)


def _book(wanted: Wanted, way: Way, actor: Any) -> None:
    """Check on locked rows, then write: the journal with its balances, the levels once."""
    places, line = wanted.places(), bindparam("told_line", type_=Integer())
    mine = _its_level(places)
    on_hand, reserved = levels.c.on_hand + way.on_hand * places.c.wanted, levels.c.reserved + way.held * places.c.wanted
    low = on_hand - reserved <= func.coalesce(levels.c.threshold, line)

    def marked() -> Any:
        short = or_(on_hand < reserved, reserved < 0)
        names = ("id", "warehouse_id", "sku_id", "threshold")
        query = select(
            *(levels.c[name] for name in names), low.label("low"), short.label("short"), (on_hand - reserved).label("left"),
            (levels.c.on_hand - levels.c.reserved).label("available"), places.c.wanted,
        )  # fmt: skip
        return query.select_from(places.join(levels, mine)).where(or_(short, low != levels.c.is_low)).order_by(levels.c.id)

    crossings, at = [], alerts.line_of(None)
    for row in wanted.asked(("marked", way), marked, told_line=at):
        if row.short:
            raise OutOfStock(
                sku_name(row.sku_id), row.available, sku_id=row.sku_id, wanted=row.wanted, warehouse_id=row.warehouse_id,
            )  # fmt: skip
        crossings.append((row.id, bool(row.low), row.left, row.threshold))
    wanted.asked(("journal", way), lambda: _journal(wanted, way), **told_by(actor))
    ids = wanted.asked("levels", lambda: select(levels.c.id).select_from(places.join(levels, mine))).scalars().all()

    def moved() -> Any:
        values = {"on_hand": on_hand, "reserved": reserved, "is_low": low, **stamped(levels)}
        return update(levels).where(mine).values(values)

    wanted.asked(("moved", way), moved, told_line=at, **told_by(actor))
    alerts.crossed(crossings, actor=actor)
    told(set(ids), actor)


def _journal(wanted: Wanted, way: Way) -> Insert:
    """Line by line; what is on hand after each, when several are of one place."""
    lines = wanted.table()
    at = (lines.c.warehouse_id, lines.c.sku_id)
    balance = levels.c.on_hand
    if way.on_hand:
        so_far = func.sum(lines.c.quantity).over(partition_by=at, order_by=(lines.c.cause_id, lines.c.step))
        balance = levels.c.on_hand + way.on_hand * so_far
    values = {
        "moved_at": NOW, "warehouse_id": lines.c.warehouse_id, "sku_id": lines.c.sku_id, "reason": way.reason,
        "quantity": way.on_hand * lines.c.quantity, "held": way.held * lines.c.quantity, "balance": balance,
        "unit_cost": lines.c.unit_cost if way.on_hand else None, "currency": "CNY", "cause_resource": wanted.resource,
        "cause_id": lines.c.cause_id, "key": words(f"{wanted.resource}:", lines.c.cause_id, f":{way.verb}:", lines.c.step),
        "note": lines.c.note,
    }  # fmt: skip
    found = lines.join(levels, and_(levels.c.warehouse_id == lines.c.warehouse_id, levels.c.sku_id == lines.c.sku_id))
    return insertion(MOVES, values, found, order=[lines.c.cause_id, *at])
