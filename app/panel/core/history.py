"""Who changed which field of which row, when, by which path: written by itself at every flush, in the same transaction."""

from __future__ import annotations

import contextlib
import contextvars
import datetime as dt
import decimal
import functools
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

from flask import has_request_context, request
from flask_appbuilder import Model
from sqlalchemy import (
    JSON,
    Boolean,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    event,
    insert,
    inspect,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.orm.attributes import PASSIVE_NO_FETCH

from app.panel.core import changes, clock
from app.panel.core.actor import KeyHolder, current_actor
from app.panel.core.columns import INFO
from app.panel.core.db import PanelModel, db
from app.panel.core.rows import insert_columns
from app.panel.core.trace import request_id
from app.panel.core.transaction import TRAIL
from app.panel.core.types import RandomBytes, UTCDateTime

QUIET = frozenset({"version", "created_at", "changed_at", "created_by_id", "changed_by_id"})
PLAIN = frozenset({int, str, bool, type(None)})
BY_KEY = "key:"
BY_INDEX = text("by_span IS NULL")
BY_PAGES: Any = {"postgresql_using": "brin", "postgresql_with": {"autosummarize": "on"}}
_path: contextvars.ContextVar[str] = contextvars.ContextVar("history_path", default="")
_run: contextvars.ContextVar[int | None] = contextvars.ContextVar("history_run", default=None)
_moment: contextvars.ContextVar[dt.datetime | None] = contextvars.ContextVar("history_moment", default=None)
_actor: contextvars.ContextVar[Any] = contextvars.ContextVar("history_actor", default=None)


class HistoryEntry(Model):
    """One change of one row. `changes` maps a column to its value before and after, as JSON.

    Which lines are about a row says `trailsets.about`: by `key` alone SQL would go through all of them. Lines are only added:
    `core.trail` says through which two doors one may be blotted out or leave, and what `salt` and `was` are for.
    """

    __tablename__ = "core_history"
    # numbers before names: they tell lines apart at once, and each line of a run goes to a place of its own in this index
    # lines lie in the order of their time, and those of a run side by side: PostgreSQL needs to know of some pages only from when
    # to when theirs are, of which runs and of whom, and SQLite of a run only its first line and its last
    __table_args__ = (
        Index("ix_core_history_row", "key", "table", postgresql_where=BY_INDEX, sqlite_where=BY_INDEX),
        Index("ix_core_history_at", "at", **BY_PAGES, sqlite_where=text("run_id IS NULL")),
        Index("ix_core_history_run_id", "run_id", **BY_PAGES, sqlite_where=text("run_id IS NOT NULL")),
        # what nobody did is most of a trail on SQLite, and found along the time like the rest
        Index(
            "ix_core_history_actor_id", "actor_id",
            **BY_PAGES, postgresql_ops={"actor_id": "int4_bloom_ops"}, sqlite_where=text("actor_id IS NOT NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, nullable=False)
    # no foreign key: a trail outlives the people in it
    actor_id: Mapped[int | None] = mapped_column(Integer, nullable=True)
    actor_name: Mapped[str] = mapped_column(String(64), nullable=False, default="")
    verb: Mapped[str] = mapped_column(String(80), nullable=False)
    table: Mapped[str] = mapped_column(String(80), nullable=False)
    key: Mapped[int] = mapped_column(Integer, nullable=False)
    path: Mapped[str] = mapped_column(String(100), nullable=False, default="")
    run_id: Mapped[int | None] = mapped_column(Integer, nullable=True)
    request_id: Mapped[str] = mapped_column(String(40), nullable=False, default="")
    why: Mapped[str] = mapped_column(Text, nullable=False, default="")
    changes: Mapped[Any] = mapped_column(JSON, nullable=False, default=dict)
    ip: Mapped[str] = mapped_column(String(45), nullable=False, default="", server_default="")
    # chosen by the database, so that no writer sends it
    salt: Mapped[bytes | None] = mapped_column(LargeBinary, nullable=True, server_default=RandomBytes())
    was: Mapped[str | None] = mapped_column(String(64), nullable=True)
    # a line that no index leads to from its row, but a span (`trailsets`)
    by_span: Mapped[bool | None] = mapped_column(Boolean, nullable=True)


_ADD = insert(HistoryEntry.__table__)


@contextlib.contextmanager
def by(path: str = "", *, actor: Any = None, run_id: int | None = None) -> Iterator[None]:
    """Say by which path (screen, api, sheet, import, rule, cli…), whom and which run what follows is done.

    What is told of a run here is a chunk of it: its lines bear one time, by which they are sealed as one block.
    """
    moment = clock.now() if run_id else None
    wanted: list[tuple[contextvars.ContextVar[Any], Any]] = [
        (_path, path), (_actor, actor), (_run, run_id), (_moment, moment),
    ]  # fmt: skip
    tokens = [(var, var.set(value)) for var, value in wanted if value]
    try:
        yield
    finally:
        for var, token in reversed(tokens):
            var.reset(token)


def path() -> str:
    """By which path (`by`) it was said that this is done; nothing when nobody has said so."""
    return _path.get()


def present_run() -> int | None:
    """The run (`by(run_id=…)`) to which what happens now belongs."""
    return _run.get()


def record(obj: Any, verb: str, *, actor: Any = None, why: str = "", data: dict[str, Any] | None = None) -> None:
    """Add the verb (`order.refunded`) to the trail of a row; its field changes are recorded by themselves."""
    if obj.id is None:
        db.session.flush()
    pairs = {name: [None, plain(value)] for name, value in (data or {}).items()}
    _keep(db.session(), [line_of(obj.__tablename__, obj.id, verb, pairs, why, actor)], [])


def record_many(
    model: type[Any],
    entries: Sequence[tuple[int, dict[str, list[Any]]]],
    *,
    verb: str,
    actor: Any = None,
    why: str = "",
) -> None:
    """The trail of a set-based change: (row id, {column: [before, after]}) each."""
    told: list[Any] = [pairs for _key, pairs in entries]
    kinds = set(map(type, chain.from_iterable(chain.from_iterable(pairs.values() for pairs in told))))
    if not kinds <= PLAIN:  # hundreds of thousands of a run are numbers and texts already
        told = [{name: _plain_pair(pair) for name, pair in pairs.items()} for pairs in told]
    _keep_many(model, [key for key, _pairs in entries], told, line_of(model.__tablename__, 0, verb, {}, why, actor))


def record_new(model: type[Any], keys: Sequence[int], columns: Mapping[str, Sequence[Any]], *, actor: Any = None) -> None:
    """The trail of rows that were inserted as a set, whose values stand column by column; of no columns none are kept."""
    kept, names = [], list(columns)
    for cells in columns.values():
        kept.append(cells if PLAIN.issuperset(map(type, cells)) else [plain(value) for value in cells])
    if any(None in cells or "" in cells for cells in kept):  # what is empty was given by nobody
        rows = zip(*kept, strict=True)
        told = [{name: (None, value) for name, value in zip(names, row, strict=True) if value not in (None, "")} for row in rows]
    else:
        pairs = [zip(repeat(None), cells, strict=False) for cells in kept]
        told = [dict(zip(names, row, strict=True)) for row in zip(*pairs, strict=True)]
    _keep_many(model, keys, told, line_of(model.__tablename__, 0, "insert", {}, "", actor))


def _keep_many(model: type[Any], keys: Sequence[int], told: Sequence[Any], alike: dict[str, Any]) -> None:
    del alike["key"]
    columns: dict[str, Sequence[Any]] = {"key": keys}
    if any(told):
        del alike["changes"]
        columns["changes"] = told
    insert_columns(HistoryEntry.__table__, columns, alike)


def record_of(table: str, key: int, verb: str, *, actor: Any) -> None:
    """What was done with a row that is in no table now, but in the trash."""
    _keep(db.session(), [line_of(table, key, verb, {}, "", actor)], [])


def record_setting(key: str, before: Any, after: Any, *, actor: Any) -> None:
    """A setting of the instance was changed; settings have names, not numbers, so their rows carry key 0."""
    _keep(db.session(), [line_of("core_setting", 0, "setting.changed", {key: [before, after]}, "", actor)], [])


def record_about(table: str, verb: str, pairs: dict[str, Any], *, why: str = "", actor: Any = None) -> None:
    """What was done with a table as a whole, an export of it for one: such a line carries key 0."""
    _keep(db.session(), [line_of(table, 0, verb, {name: plain(pair) for name, pair in pairs.items()}, why, actor)], [])


def line_of(table: str, key: int, verb: str, pairs: dict[str, Any], why: str = "", actor: Any = None) -> dict[str, Any]:
    """A line of the trail, as it is to be inserted."""
    who = actor or _actor.get() or current_actor()
    return {
        "at": _moment.get() or clock.now(), "actor_id": who.id, "actor_name": str(who.username)[:64], "verb": verb, "table": table,
        "key": key, "path": (_path.get() or _guess_path(who))[:100], "run_id": _run.get(), "request_id": request_id(),
        "why": why, "changes": pairs, "ip": _address(),
    }  # fmt: skip


def _address() -> str:
    """From where it is asked for; nothing when no request asks."""
    return (request.remote_addr or "")[:45] if has_request_context() else ""


def _guess_path(who: Any) -> str:
    """By a key it is told which: `key:Douyin bridge`."""
    if isinstance(who, KeyHolder):
        return f"{BY_KEY}{who.name}"
    if not has_request_context():
        return "system"
    return "api" if request.path.startswith("/api/") else "screen"


def _plain_pair(pair: Sequence[Any]) -> list[Any]:
    before, after = pair
    return [before if type(before) in PLAIN else plain(before), after if type(after) in PLAIN else plain(after)]


def plain(value: Any) -> Any:
    """A value as JSON can keep it without losing it."""
    if value is None or isinstance(value, bool | int | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(v) for v in value]
    return str(value)


def diff(obj: Any) -> dict[str, list[Any]]:
    """Fields of a changed object: {name: [before, after]}. A value that was never loaded is None before.

    Rows of a many-to-many relation are told by their labels, so that the trail can be read when they are gone.
    """
    state, pairs = inspect(obj), {}
    columns, links = _told_of(state.mapper)
    for key in columns:
        change = state.get_history(key, PASSIVE_NO_FETCH)
        if change.has_changes():
            before = change.deleted[0] if change.deleted else None
            after = change.added[0] if change.added else None
            if before != after:
                pairs[key] = [plain(before), plain(after)]
    for key in links:
        change = state.get_history(key, PASSIVE_NO_FETCH)
        if change.added or change.deleted:
            stayed = list(change.unchanged or ())
            both = ([*stayed, *(change.deleted or ())], [*stayed, *(change.added or ())])
            pairs[key] = [sorted(str(row) for row in rows) for rows in both]
    return pairs


@event.listens_for(Session, "before_flush")
def _stamp(session: Session, _context: Any, _instances: Any) -> None:
    """Who made it, who changed it. A child that changed does not count as a change of its parent."""
    who = _actor.get() or current_actor()
    for obj in session.new:
        if isinstance(obj, PanelModel):
            obj.created_by_id = obj.created_by_id or who.id
            obj.changed_by_id = obj.changed_by_id or who.id
    for obj in session.dirty:
        if isinstance(obj, PanelModel) and session.is_modified(obj, include_collections=False):
            obj.changed_by_id = who.id


@event.listens_for(Session, "after_flush")
def _write(session: Session, _context: Any) -> None:
    rows, feed = [], []
    for kind, objects in (("insert", session.new), ("update", session.dirty), ("delete", session.deleted)):
        for obj in objects:
            if not isinstance(obj, PanelModel) or getattr(obj, "__no_history__", False):
                continue
            pairs = _given(obj) if kind == "insert" else diff(obj) if kind == "update" else {}
            if kind == "update" and not pairs:
                continue
            rows.append(line_of(obj.__tablename__, obj.id, kind, pairs))
            feed.append((obj.__tablename__, obj.id, kind))
    if rows:
        _keep(session, rows, feed)


def _given(obj: Any) -> dict[str, list[Any]]:
    """Fields of a new object that hold something: {name: [None, value]}."""
    state = inspect(obj)
    columns, links = _told_of(state.mapper)
    if any(state.dict.get(key) for key in links):
        return {name: pair for name, pair in diff(obj).items() if pair[1] not in (None, "")}
    pairs = {}
    for key in columns:
        # what a default filled in was not given by anybody
        if key in state.committed_state and (value := state.dict.get(key)) not in (None, ""):
            pairs[key] = [None, plain(value)]
    return pairs


@functools.cache
def _told_of(mapper: Any) -> tuple[list[str], list[str]]:
    """Columns and many-to-many relations of which the trail tells."""
    links = [rel for rel in mapper.relationships if rel.secondary is not None and not rel.viewonly]
    return (
        [attr.key for attr in mapper.column_attrs if attr.key not in QUIET],
        [rel.key for rel in links if (info := rel.info.get(INFO)) is not None and not info["hidden"]],
    )


@contextlib.contextmanager
def gathered() -> Iterator[None]:
    """Write the trail of a verb that makes many rows by one statement, at its end. Nobody can read that trail before."""
    session = db.session()
    if TRAIL in session.info:
        yield
        return
    session.info[TRAIL] = ([], [])
    try:
        yield
        session.flush()
    finally:
        rows, feed = session.info.pop(TRAIL)
    if rows:
        _keep(session, rows, feed)


def _keep(session: Any, rows: list[dict[str, Any]], feed: list[tuple[str, int, str]]) -> None:
    if (trail := session.info.get(TRAIL)) is not None:
        trail[0].extend(rows)
        trail[1].extend(feed)
        return
    session.execute(_ADD, rows)
    if feed:
        changes.feed(session, feed)
