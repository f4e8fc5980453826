"""Which earlier runs find rows again as they left them, once a later run over these was taken back.

Only the run that came right before the one that was taken back does: whatever lies further below, or below what somebody has
written by hand, stays overtaken. So it takes one run to be told, however many have gone over the same rows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

from app.panel.bulk import images
from app.panel.bulk.images import IMAGES, ITEMS
from app.panel.bulk.models import Run
from app.panel.bulk.states import Outcome
from app.panel.core.db import db
from app.panel.core.sets import by_range, is_postgresql

STOOD: Any = ITEMS.alias("stood")  # the items of the run that was taken back
FIRST: Any = ITEMS.alias("first")
LAST: Any = ITEMS.alias("last")


@dataclass(frozen=True)
class Taken:
    """The rows of a chunk that were taken back: a query of their numbers, how many, from which to which. `undone_id`: the run
    that had changed them, whose items of them lie from `low` to `high`."""

    model: type[Any]
    keys: Select[Any]
    count: int
    ends: tuple[int, int]
    undone_id: int
    low: int
    high: int

    def mine(self, run_id: int, low: int, high: int) -> ColumnElement[bool]:
        """The items of an earlier run from one to another that have changed these rows, joined with those of the run that was
        taken back: PostgreSQL reads all of them as ranges, SQLite looks each up by its row."""
        rows = self.model.__table__
        its = and_(images.changed_by(run_id), ITEMS.c.seq.between(low, high), ITEMS.c.row_id.in_(self.keys))
        joined = and_(STOOD.c.row_id == ITEMS.c.row_id, images.changed_by(self.undone_id, STOOD), rows.c.id == ITEMS.c.row_id)
        if not is_postgresql():
            return its & joined
        return its & joined & STOOD.c.seq.between(self.low, self.high) & rows.c.id.between(*self.ends)


def let_know(model: type[Any], keys: Select[Any], undone_id: int) -> None:
    """A run before the one that was taken back can be taken back as well, though the version of its rows has gone on. Not so
    what was taken back already: each undo would cost more than the one before."""
    over = or_(Run.is_undone, Run.id == undone_id)
    _imports(model, keys, over)
    if db.session.scalar(images.operations_of(model).where(~over, Run.changed > 0).limit(1)) is None:
        return  # nobody to tell: most undos are of the only run over their rows
    low, high, count = db.session.execute(select(*_figures(keys))).one()
    expected = db.session.scalar(select(Run.expected).where(Run.id == undone_id)) or 0
    taken = Taken(model, keys, count, (low, high), undone_id, *_places(undone_id, expected, low, high))
    runs = _earlier(taken, over)
    with by_range() if is_postgresql() else nullcontext():
        _operations(taken, runs)


def _imports(model: type[Any], keys: Select[Any], over: Any) -> None:
    """Whoever takes an import back asks the trail as well who has changed a row in between."""
    mine = IMAGES.c.table == model.__tablename__
    if db.session.scalar(select(IMAGES.c.id).where(mine).limit(1)) is None:
        return
    rows = model.__table__
    now = select(rows.c.version).where(rows.c.id == IMAGES.c.row_id).scalar_subquery()
    # the row stood at its version less two before the run and its undo: what an earlier run left is no younger
    stood = IMAGES.c.row_id.in_(keys) & IMAGES.c.run_id.not_in(select(Run.id).where(over)) & (IMAGES.c.version <= now - 2)
    db.session.execute(update(IMAGES).where(mine, stood).values(version=now))


def _figures(keys: Select[Any]) -> tuple[Any, ...]:
    key = keys.subquery("taken").c[0]
    return func.min(key), func.max(key), func.count()


def _earlier(taken: Taken, over: Any) -> Sequence[Any]:
    """The runs that may have come before over these rows, the last to begin first. Items of one that keeps no versions are
    nobody's to know again."""
    low, high = taken.ends
    query = (
        images.operations_of(taken.model)
        .with_only_columns(Run.id, Run.expected, Run.started_at, Run.finished_at)
        .join(FIRST, (FIRST.c.run_id == Run.id) & (FIRST.c.seq == 1))
        .join(LAST, (LAST.c.run_id == Run.id) & (LAST.c.seq == Run.expected))
        .where(~over, Run.changed > 0, FIRST.c.row_id <= high, LAST.c.row_id >= low)
        .where(or_(FIRST.c.outcome != Outcome.CHANGED.value, FIRST.c.version.is_not(None)))
        .order_by(Run.started_at.desc(), Run.id.desc())
    )
    return db.session.execute(query).all()


def _operations(taken: Taken, runs: Sequence[Any]) -> None:
    """Tell them one after the other, until each row has found its own, or none can have it any more."""
    left = taken.count
    for place, run in enumerate(runs):
        low, high = _places(run.id, run.expected, *taken.ends)
        if low > high:
            continue
        mine, found = taken.mine(run.id, low, high), images.left_at(STOOD) - 1
        known = or_(ITEMS.c.version == found, images.left_at(ITEMS) == found)
        now: Any = taken.model.__table__.c.version
        told = update(ITEMS).where(mine, known).values(version=now, lines=images.remembered(ITEMS))
        left -= db.session.execute(told).rowcount  # type: ignore[attr-defined]
        if left <= 0:
            return
        # who came before this run over a row that both have changed has left it older still
        if all(one.finished_at and one.finished_at <= run.started_at for one in runs[place + 1 :]):
            under = select(func.count()).where(mine, images.left_at(ITEMS) <= found)
            if db.session.scalar(under) == taken.count:
                return


def _places(run_id: int, expected: int, low: int, high: int) -> tuple[int, int]:
    """From which to which item of a run its rows have these numbers: they are in the order of the rows."""

    def row_at(seq: int) -> int:
        return db.session.scalar(select(ITEMS.c.row_id).where(ITEMS.c.run_id == run_id, ITEMS.c.seq == seq)) or 0

    places = range(1, expected + 1)
    return bisect_left(places, low, key=row_at) + 1, bisect_right(places, high, key=row_at)
