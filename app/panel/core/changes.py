"""The changed-rows feed: what changed by (table, key, kind) and transaction, read by search, rollups and rules.

A consumer reads behind its own mark, so a feed row is never "done"; old rows are swept once all consumers passed them. What
changes many rows at once tells of them by a thousand a row of the feed; a consumer reads them one by one all the same.

On PostgreSQL numbers are given out before the commit, so a higher one may be seen before a lower one is. A transaction
therefore announces, before its first row, from which number on its rows can be: by an advisory lock that bears it and ends
with the transaction. A consumer reads no further than the lowest number announced.
"""

from __future__ import annotations

import datetime as dt
import functools
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from flask_appbuilder import Model
from sqlalchemy import (
    JSON,
    Index,
    Integer,
    Select,
    String,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql.functions import Function

from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.rows import among, insert_columns, insert_many
from app.panel.core.transaction import after_commit, transactional
from app.panel.core.types import UTCDateTime

MOST_TOLD = 600  # rows that listeners are told of by their numbers
TOGETHER = 1000  # rows of which one row of the feed tells
FEW = 20  # rows that are told of one by one
KINDS = frozenset({"insert", "update", "delete"})
LOCK_CLASS = 7276931  # of the announcements among advisory locks
ANNOUNCE = text(
    "SELECT pg_advisory_xact_lock_shared(:class, "
    "coalesce(pg_sequence_last_value(pg_get_serial_sequence('core_change', 'id')::regclass), 0)::int)"
)
LOWEST_ANNOUNCED = text(
    "SELECT min(objid::bigint) FROM pg_locks WHERE locktype = 'advisory' AND classid = :class AND objsubid = 2 "
    "AND pid <> pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class Change(Model):
    """One changed row, or many of one table, of which `key` is the lowest: with `last_key` all up to it, else those of `keys`."""

    __tablename__ = "core_change"
    __table_args__ = (Index("ix_core_change_table", "table", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    table: Mapped[str] = mapped_column(String(80), nullable=False)
    key: Mapped[int] = mapped_column(Integer, nullable=False)
    kind: Mapped[str] = mapped_column(String(6), nullable=False)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, nullable=False)
    keys: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True), nullable=True)
    last_key: Mapped[int | None] = mapped_column(Integer, nullable=True)


# of how many rows a row of the feed tells; `func.json_array_length` is another package's class, which no statement can be kept of
WIDTH = func.coalesce(Change.last_key - Change.key + 1, Function("json_array_length", Change.keys, type_=Integer()), 1)


class Told(NamedTuple):
    """One changed row, as consumers read it; `id` is the place in the feed, which it may share with others."""

    id: int
    table: str
    key: int
    kind: str
    at: dt.datetime


class ChangeMark(Model):
    """How far a consumer has read."""

    __tablename__ = "core_change_mark"

    consumer: Mapped[str] = mapped_column(String(80), primary_key=True)
    change_id: Mapped[int] = mapped_column(Integer, nullable=False, default=0)


_heard: list[Callable[[str, set[int]], None]] = []


def heard_by(func: Callable[[str, set[int]], None]) -> Callable[[str, set[int]], None]:
    """Register who is told, once a transaction has committed, of which rows of which table it changed."""
    _heard.append(func)
    return func


def _tell(session: Session, table: str, keys: Iterable[int]) -> None:
    """Remember for the end of the transaction; what is rolled back is forgotten with it."""
    told = session.info.get("told")
    if told is None or not session.info.get("depth"):
        return
    if not told:
        after_commit(lambda: _told(told))
    told.setdefault(table, set()).update(keys)


def _told(told: dict[str, set[int]]) -> None:
    for table, keys in told.items():
        for listener in _heard:
            listener(table, keys)


def feed(session: Session, entries: Iterable[tuple[str, int, str]]) -> None:
    """Add entries inside the transaction of their cause."""
    if rows := _unfed(session, entries):
        _announce(session)
        session.execute(insert(Change.__table__), rows)
        for row in rows:
            _tell(session, row["table"], (row["key"],))


def _announce(session: Session) -> None:
    """Say once a transaction where its rows begin. What a savepoint has said is gone with it when it is rolled back."""
    if session.connection().dialect.name != "postgresql":
        return
    said = session.info.setdefault("announced", weakref.WeakSet())
    whole, part = session.get_transaction(), session.get_nested_transaction()
    if whole not in said and part not in said:
        session.execute(ANNOUNCE, {"class": LOCK_CLASS})
        said.add(part or whole)


def _unfed(session: Session, entries: Iterable[tuple[str, int, str]]) -> list[dict[str, Any]]:
    """Rows of the feed that this transaction has not written yet."""
    at, rows = clock.now(), []
    for table, key, kind in entries:
        seen = _fed(session, table, kind)
        if key not in seen:
            seen.add(key)
            rows.append({"table": table, "key": key, "kind": kind, "at": at})
    return rows


def _fed(session: Session, table: str, kind: str) -> set[int]:
    """The rows of which this transaction has told already."""
    if not session.info.get("depth"):
        return set()
    return session.info.setdefault("fed", {}).setdefault((table, kind), set())  # type: ignore[no-any-return]


def record(model: type[Any], keys: Sequence[int], kind: str = "update") -> None:
    """Tell the feed of a set-based change."""
    if kind not in KINDS:
        raise ValueError(kind)
    table = model.__tablename__
    seen = _fed(db.session(), table, kind)
    new = [key for key in dict.fromkeys(keys) if key not in seen]
    if new:
        seen.update(new)
        _announce(db.session())
        insert_many(Change.__table__, _together(new), {"table": table, "kind": kind, "at": clock.now()})
        _tell(db.session(), table, new)


def _together(keys: list[int]) -> list[dict[str, Any]]:
    if len(keys) <= FEW:
        return [{"key": key} for key in keys]
    keys = sorted(keys)
    parts = [keys[start : start + TOGETHER] for start in range(0, len(keys), TOGETHER)]
    return [{"key": part[0], "keys": part} for part in parts]


def record_selected(model: type[Any], keys: Select[Any], kind: str = "update") -> None:
    """The same for the rows of a query, whose numbers need not be fetched. Those who listen hear of some of them, and of more
    than they name when there are more."""
    if kind not in KINDS:
        raise ValueError(kind)
    session, table = db.session(), Change.__table__.c
    _announce(session)
    key = next(iter(keys.subquery("told").columns))
    array = func.json_group_array if session.connection().dialect.name == "sqlite" else func.json_agg
    alike = {"table": literal(model.__tablename__, table.table.type), "kind": literal(kind, table.kind.type),
             "at": literal(clock.now(), table.at.type)}  # fmt: skip
    # neighbours together: no more than that many can be, and none is counted
    query = select(*alike.values(), func.min(key), array(key)).group_by(key // TOGETHER)
    session.execute(insert(Change.__table__).from_select([*alike, "key", "keys"], query, include_defaults=False))
    _tell(session, model.__tablename__, session.scalars(keys.limit(MOST_TOLD)).all())


def record_range(model: type[Any], low: int, high: int) -> None:
    """The same for all rows from one number to another, none of which is missing."""
    session, starts = db.session(), [low, *range(low - low % TOGETHER + TOGETHER, high + 1, TOGETHER)]
    _announce(session)
    told = {"key": starts, "last_key": [following - 1 for following in [*starts[1:], high + 1]]}
    insert_columns(Change.__table__, told, {"table": model.__tablename__, "kind": "update", "at": clock.now()})
    _tell(session, model.__tablename__, range(low, min(high, low + MOST_TOLD - 1) + 1))


def pending(consumer: str, tables: Sequence[str], limit: int = 1000) -> tuple[list[Told], int]:
    """What `consumer` has not read of `tables`, oldest first, and the mark to set when it is worked off.

    Of what was told together all is given: up to `TOGETHER` more than `limit`. With the last of it the mark goes past what
    others changed, so that they are not looked through each time anew.
    """
    mark = db.session.get(ChangeMark, consumer)
    read = mark.change_id if mark else 0
    is_open = db.session.connection().dialect.name == "postgresql"
    end = (_settled() if is_open else db.session.scalar(select(func.max(Change.id)))) or 0
    query = select(Change).where(Change.id > read, Change.id <= end, Change.table.in_(tables))
    found = _one_by_one(query.order_by(Change.id), limit)
    return found, found[-1].id if len(found) >= limit else max(end, read)


def latest(consumer: str, tables: Iterable[str], limit: int) -> list[Told]:
    """The newest of what `consumer` has not read of `tables`, the latest first."""
    mark = select(ChangeMark.change_id).where(ChangeMark.consumer == consumer).scalar_subquery()
    query = select(Change).where(Change.table.in_(list(tables)), Change.id > func.coalesce(mark, 0))
    return _one_by_one(query.order_by(Change.id.desc()), limit)[:limit]


@functools.cache
def newest() -> Select[Any]:
    """`latest` as a part of a larger statement, which gets `consumer`, `table` and `most`: the keys, and NULL where the feed
    tells of many rows at once, so that `latest` is to be asked."""
    mark = select(ChangeMark.change_id).where(ChangeMark.consumer == bindparam("consumer")).scalar_subquery()
    told = case((Change.keys.is_(None) & Change.last_key.is_(None), Change.key), else_=null()).label("key")
    query = select(told).where(Change.table == bindparam("table"), Change.id > func.coalesce(mark, literal_column("0")))
    return query.order_by(Change.id.desc()).limit(bindparam("most", type_=Integer))


def _one_by_one(query: Select[Any], limit: int) -> list[Told]:
    """The first rows of a query of the feed that tell of `limit` rows, or of some more."""
    columns = [Change.id, Change.table, Change.key, Change.kind, Change.at, Change.last_key, WIDTH.label("width")]
    found, told = [], 0
    for row in db.session.execute(query.with_only_columns(*columns).limit(limit)):
        if told >= limit:
            break
        found.append(row)
        told += row.width
    keys: dict[int, Any] = {row.id: range(row.key, row.last_key + 1) for row in found if row.last_key is not None}
    wide = [row.id for row in found if row.width > 1 and row.last_key is None]
    if wide:
        keys |= dict(db.session.execute(select(Change.id, Change.keys).where(among(Change.id, wide))).tuples().all())
    return [Told(row.id, row.table, key, row.kind, row.at) for row in found for key in keys.get(row.id, (row.key,))]


def _settled() -> int:
    """Up to which number nothing can be added any more. Three statements, each of which sees what was committed before it:
    who is neither among the announced nor committed yet can only get numbers above the newest one seen first."""
    newest = db.session.scalar(select(func.max(Change.id))) or 0
    lowest = db.session.scalar(LOWEST_ANNOUNCED, {"class": LOCK_CLASS})
    return newest if lowest is None else min(newest, int(lowest))


@transactional
def advance(consumer: str, change_id: int) -> None:
    """Set the mark of `consumer`, in the transaction that did its work."""
    mark = db.session.get(ChangeMark, consumer)
    if mark is None:
        db.session.add(ChangeMark(consumer=consumer, change_id=change_id))
    elif change_id > mark.change_id:
        mark.change_id = change_id


@transactional
def sweep(keep: int = 100_000) -> int:
    """Delete what every consumer has read, but keep the latest `keep` rows; returns how many went."""
    last = db.session.scalar(select(func.max(Change.id))) or 0
    lowest = db.session.scalar(select(func.min(ChangeMark.change_id)))
    limit = min(last - keep, last if lowest is None else lowest)
    if limit <= 0:
        return 0
    return int(db.session.execute(delete(Change).where(Change.id <= limit)).rowcount)  # type: ignore[attr-defined]
