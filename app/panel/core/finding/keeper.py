"""Keeping the index true: behind the changed-rows feed, and building it table by table where it is not there yet.

Rows are read and their documents made before the transaction that writes them begins, so that other writers wait for the
writing alone. A table that somebody else indexed meanwhile is read again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flask_appbuilder import Model
from sqlalchemy import BigInteger, Boolean, Integer, String, delete, event, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.panel.core import changes, clock
from app.panel.core.changes import WIDTH, Change, ChangeMark
from app.panel.core.db import db
from app.panel.core.finding import storage
from app.panel.core.finding.hits import CONSUMER
from app.panel.core.finding.plans import KEY_BITS, Plan, plans
from app.panel.core.rows import among, make_room
from app.panel.core.ticker import each
from app.panel.core.transaction import transactional
from app.panel.core.types import UTCDateTime

CHUNK = 1000  # rows a transaction
BUSY_SECONDS = 0.5  # of each second, while there is something to do
COUNTED = 10_000


class Overtaken(Exception):
    """Somebody else wrote to the index of a table since its rows were read."""


class SearchTable(Model):
    """How far the index of one table is built. `turn` counts what was written, so that two who index never mix; `rank` is the
    field whose value is the place of its documents."""

    __tablename__ = "core_search_table"

    table: Mapped[str] = mapped_column(String(80), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, nullable=False)
    built_to: Mapped[int] = mapped_column(Integer, nullable=False, default=0)
    is_built: Mapped[bool] = mapped_column(Boolean, nullable=False, default=False)
    turn: Mapped[int] = mapped_column(Integer, nullable=False, default=0)
    built_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, nullable=True)
    rank: Mapped[str] = mapped_column(String(80), nullable=False, default="", server_default="")


class SearchZone(Model):
    """The highest place of some documents that are next to each other in number, or a higher one."""

    __tablename__ = storage.ZONES
    __table_args__ = {"sqlite_with_rowid": False}

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    zone: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    highest: Mapped[int] = mapped_column(BigInteger, nullable=False)


event.listen(SearchTable.__table__, "after_create", lambda _table, connection, **_more: storage.create(connection))


@dataclass(frozen=True)
class Behind:
    """How far the index is behind the rows."""

    changes: int
    seconds: float
    unbuilt: tuple[str, ...]


def behind() -> Behind:
    mark = db.session.scalar(select(ChangeMark.change_id).where(ChangeMark.consumer == CONSUMER)) or 0
    tables = [plan.table for plan in plans().values()]
    waiting = select(WIDTH.label("width"), Change.at).where(Change.id > mark, Change.table.in_(tables))
    count = db.session.scalar(select(func.sum(waiting.limit(COUNTED).subquery().c.width))) or 0
    oldest = db.session.scalar(waiting.with_only_columns(Change.at).order_by(Change.id).limit(1))
    seconds = (clock.now() - oldest).total_seconds() if oldest is not None else 0.0
    built = {row.table for row in db.session.scalars(select(SearchTable)) if row.is_built and row.number == _number(row.table)}
    return Behind(count, max(seconds, 0.0), tuple(sorted(set(tables) - built)))


def _number(table: str) -> int | None:
    return next((plan.number for plan in plans().values() if plan.table == table), None)


@each(1, limit=600)
def keep_up() -> None:
    """Index what has changed; for half of each second at most, for writers wait meanwhile."""
    began = time.monotonic()
    while time.monotonic() - began < BUSY_SECONDS and (follow() or build_some()):
        pass


def catch_up() -> None:
    """Index all that has changed and build all that is missing, now."""
    while follow() or build_some():
        pass


def follow() -> bool:
    """Index the next changes of the feed; False when there were none."""
    by_table = {plan.table: plan for plan in plans().values()}
    found, mark = changes.pending(CONSUMER, list(by_table), limit=CHUNK)
    keys: dict[str, set[int]] = {}
    for change in found:
        keys.setdefault(change.table, set()).add(change.key)
    turns = _turns(keys)
    made = {table: _documents(by_table[table], changed) for table, changed in keys.items()}
    db.session.rollback()
    if found or mark > _mark():
        with contextlib.suppress(Overtaken):
            _write_changes(by_table, keys, made, turns, mark)
    return bool(found)


def _mark() -> int:
    found = db.session.scalar(select(ChangeMark.change_id).where(ChangeMark.consumer == CONSUMER)) or 0
    db.session.rollback()
    return found


@transactional
def _write_changes(
    by_table: dict[str, Plan], keys: dict[str, set[int]], made: dict[str, list[storage.Document]], turns: dict[str, int], mark: int
) -> None:
    for table in sorted(keys):
        _take_turn(by_table[table], turns.get(table, 0))
    for table, documents in made.items():
        plan = by_table[table]
        storage.remove(plan.base, sorted(keys[table]))
        storage.add(plan, documents)
    changes.advance(CONSUMER, mark)


def build_some() -> bool:
    """Build the next rows of the first table that is not built, or clear away what is of no use; False when all is well."""
    known = {row.table: (row.number, row.rank, row.is_built) for row in db.session.scalars(select(SearchTable))}
    db.session.rollback()
    plan = next((plan for plan in plans().values() if known.get(plan.table) != (plan.number, plan.rank, True)), None)
    if plan is not None:
        build_chunk(plan)
        return True
    gone = next(iter(known.keys() - {plan.table for plan in plans().values()}), None)
    if gone is not None:
        _clear_some(gone, known[gone][0])
    return gone is not None


@transactional
def _clear_some(table: str, number: int) -> None:
    """Take out documents of a table that is no longer searched, or of fields that are no longer those of its model."""
    base = number << KEY_BITS
    if docs := storage.some_between(base, base + (1 << KEY_BITS) - 1, CHUNK):
        storage.remove(0, docs)
    else:
        db.session.execute(delete(SearchZone).where(SearchZone.number == number))
        db.session.execute(delete(SearchTable).where(SearchTable.table == table))


def build_chunk(plan: Plan) -> bool:
    """Build the next rows of one table, behind those that were built before; False when it is done."""
    row = db.session.get(SearchTable, plan.table)
    same = row is not None and (row.number, row.rank) == (plan.number, plan.rank)
    start, turn = (row.built_to if row is not None and same else 0), (row.turn if row is not None else 0)
    keys = list(db.session.scalars(select(plan.model.id).where(plan.model.id > start).order_by(plan.model.id).limit(CHUNK)))
    documents = _documents(plan, keys)
    db.session.rollback()
    try:
        _write_built(plan, start, keys[-1] if len(keys) == CHUNK else None, documents, turn)
    except Overtaken:
        return True
    return len(keys) == CHUNK


@transactional
def _write_built(plan: Plan, start: int, end: int | None, documents: list[storage.Document], turn: int) -> None:
    make_room()
    _take_turn(plan, turn)
    storage.remove_between(plan.base + start + 1, plan.end if end is None else plan.base + end)
    storage.add(plan, documents)
    done = {"built_to": start if end is None else end, "is_built": end is None}
    if end is None:
        done["built_at"] = clock.now()  # type: ignore[assignment]
    db.session.execute(update(SearchTable).where(SearchTable.table == plan.table).values(**done))


def _take_turn(plan: Plan, turn: int) -> None:
    """Nobody else writes to this table's index before we have committed.

    :raises Overtaken: when somebody did since what is to be written was read in this turn
    """
    row = db.session.get(SearchTable, plan.table, with_for_update=True, populate_existing=True)
    if (row.turn if row is not None else 0) != turn:
        raise Overtaken
    if row is None:
        db.session.add(SearchTable(table=plan.table, number=plan.number, rank=plan.rank, turn=1))
    elif row.number != plan.number:  # other fields than before, or other rules
        db.session.add(SearchTable(table=f"was {row.number}", number=row.number))
        row.number, row.rank, row.built_to, row.is_built, row.built_at, row.turn = plan.number, plan.rank, 0, False, None, turn + 1
    elif row.rank != plan.rank:  # by another order than before; what is found is found meanwhile
        db.session.execute(delete(SearchZone).where(SearchZone.number == plan.number))
        row.rank, row.built_to, row.is_built, row.turn = plan.rank, 0, False, turn + 1
    else:
        row.turn += 1
    db.session.flush()


def _turns(tables: Iterable[str]) -> dict[str, int]:
    wanted = select(SearchTable.table, SearchTable.turn).where(SearchTable.table.in_(list(tables)))
    return dict(db.session.execute(wanted).tuples().all())


def _documents(plan: Plan, keys: Iterable[int]) -> list[storage.Document]:
    """Of the rows that are there."""
    columns = [getattr(plan.model, name) for name in (plan.rank or "id", *plan.letters)]
    rows = db.session.execute(select(plan.model.id, *columns).where(among(plan.model.id, sorted(keys))))
    return [storage.document(plan, key, values, rank if plan.rank else None) for key, rank, *values in rows]


@transactional
def begin_anew(plan: Plan) -> None:
    """Have a table built from its first row again. What is found meanwhile is what was found before."""
    row = db.session.get(SearchTable, plan.table, with_for_update=True, populate_existing=True)
    if row is not None:
        row.built_to, row.is_built, row.turn = 0, False, row.turn + 1


@transactional
def all_anew() -> None:
    """Have every table built again, after rows have come or gone without the feed having been told of each."""
    for plan in plans().values():
        begin_anew(plan)


def rebuild(chosen: Iterable[Plan]) -> Iterator[tuple[str, int, int]]:
    """Build tables to their end; tells (table, number reached, highest number) after each step."""
    for plan in chosen:
        more = True
        while more:
            more = build_chunk(plan)
            highest = db.session.scalar(select(func.max(plan.model.id))) or 0
            reached = db.session.scalar(select(SearchTable.built_to).where(SearchTable.table == plan.table)) or 0
            yield plan.table, reached if more else highest, highest
