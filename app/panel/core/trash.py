"""The trash: a deleted row leaves its tables and stays here, with its children, until it is restored or swept.

Rows are really deleted, so no query has to remember a `deleted_at`, unique values are free again, and sums are right.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from typing import Any

from flask_appbuilder import Model
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _lazy
from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, Integer, String, Table, insert, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import DateTime

from app.panel.core import changes, clock, history, policy
from app.panel.core.db import PanelModel, db
from app.panel.core.errors import DomainError, NotFound
from app.panel.core.fields import resource_of
from app.panel.core.settings import define, setting
from app.panel.core.trace import request_id
from app.panel.core.transaction import transactional
from app.panel.core.types import UTCDateTime

DAYS = "core.trash_days"
RESOURCE, PURGE = "core.Trash", "purge"
PART = 500
NOT_KEPT: dict[str, str] = {}
# What a domain does when a row of a table is back: bring in step what its own verbs would have.
_restored: dict[str, Callable[..., None]] = {}
_gone: list[Callable[[str, int], Any]] = []

policy.name(RESOURCE, _lazy("Trash"))
policy.verbs(RESOURCE, purge=_lazy("Delete for ever"))
define(
    DAYS, 180, label=_lazy("Keep what was deleted for"), kind="integer", min=1, max=3650, unit=_lazy("days"), group=_lazy("Trash"),
    help=_lazy("Until then it can be brought back. After that the trash is emptied at night."),
    loosens=lambda before, after: after < before,
)  # fmt: skip


def after_restore(model: type[Any], settle: Callable[..., None]) -> None:
    """`settle(obj, *, actor)` runs at the end of every restore of such a row, in its transaction."""
    _restored[model.__tablename__] = settle


def when_gone(forget: Callable[[str, int], Any]) -> Callable[[str, int], Any]:
    """Register what else is forgotten of a row (`forget(table, key)`) that leaves the trash for good, in that transaction."""
    _gone.append(forget)
    return forget


class TrashEntry(Model):
    """One deletion. `rows` are [table, {column: value}] pairs, parents first."""

    __tablename__ = "core_trash"
    __resource__ = RESOURCE
    __table_args__ = (Index("ix_core_trash_resource", "resource", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    resource: Mapped[str] = mapped_column(String(80), nullable=False)
    table: Mapped[str] = mapped_column(String(80), nullable=False)
    key: Mapped[int] = mapped_column(Integer, nullable=False)
    label: Mapped[str] = mapped_column(String(200), nullable=False, default="")
    rows: Mapped[Any] = mapped_column(JSON, nullable=False)
    deleted_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, nullable=False, index=True)
    deleted_by_id: Mapped[int | None] = mapped_column(Integer, nullable=True)
    deleted_by: Mapped[str] = mapped_column(String(64), nullable=False, default="")
    request_id: Mapped[str] = mapped_column(String(40), nullable=False, default="")

    def __str__(self) -> str:
        return self.label


@policy.rows(TrashEntry, _lazy("Only what one has deleted oneself; administrators see all of it."))
def own_entries(actor: Any) -> ColumnElement[bool] | None:
    return None if policy.is_administrator(actor) else TrashEntry.deleted_by_id == actor.id


def put(obj: Any, *, actor: Any) -> TrashEntry:
    """Delete a row with its children inside the caller's transaction, keeping all of it.

    :raises DomainError: when other rows need it
    """
    entry = _entry(obj, actor)
    try:
        with db.session.begin_nested():
            db.session.delete(obj)
            db.session.flush()
    except (IntegrityError, AssertionError) as error:
        # AssertionError: SQLAlchemy would have to blank a required key of a row that still needs this one
        raise DomainError(
            _("“%(row)s” is still used elsewhere. Remove or move what uses it first.", row=entry.label)
        ) from error
    db.session.add(entry)
    db.session.flush()
    return entry


def keep(obj: Any, *, actor: Any) -> None:
    """Remember a row that goes with the caller's next flush: a child that was taken out of its parent's form."""
    db.session.add(_entry(obj, actor))


def _entry(obj: Any, actor: Any) -> TrashEntry:
    rows: list[list[Any]] = []
    _collect(obj, rows, set())
    rows.sort(key=lambda row: _places()[row[0]])
    return TrashEntry(
        resource=resource_of(type(obj)), table=obj.__tablename__, key=obj.id, label=str(obj)[:200], rows=rows,
        deleted_at=clock.now(), deleted_by_id=actor.id, deleted_by=str(actor.username)[:64], request_id=request_id(),
    )  # fmt: skip


def _collect(obj: Any, rows: list[list[Any]], seen: set[Any]) -> None:
    mapper = inspect(obj).mapper
    table = mapper.local_table
    values = {attr.columns[0].name: history.plain(getattr(obj, attr.key)) for attr in mapper.column_attrs}
    if not _add(table, values, rows, seen):
        return
    for rel in mapper.relationships:
        if rel.cascade.delete and rel.uselist:
            for child in getattr(obj, rel.key):
                _collect(child, rows, seen)
        if rel.secondary is not None and not rel.viewonly:
            local = rel.local_remote_pairs[0]
            _sweep(rel.secondary, local[1] == obj.id, rows, seen)
    _collect_taken_along(table, values, rows, seen)


def _collect_taken_along(table: Any, values: dict[str, Any], rows: list[list[Any]], seen: set[Any]) -> None:
    for key in taken_along(table):
        _sweep(key.parent.table, key.parent == values[key.column.name], rows, seen)


def _sweep(table: Any, condition: Any, rows: list[list[Any]], seen: set[Any]) -> None:
    for row in db.session.execute(select(table).where(condition)).mappings():
        values = {name: history.plain(value) for name, value in row.items()}
        if _add(table, values, rows, seen):
            _collect_taken_along(table, values, rows, seen)


def _add(table: Any, values: dict[str, Any], rows: list[list[Any]], seen: set[Any]) -> bool:
    identity = (table.name, *(values[column.name] for column in table.primary_key.columns or table.columns))
    if identity in seen:
        return False
    seen.add(identity)
    rows.append([table.name, values])
    return True


@functools.cache
def _places() -> dict[str, int]:
    """Where each table stands when those that others point at come first."""
    return {table.name: place for place, table in enumerate(db.metadata.sorted_tables)}


@functools.cache
def taken_along(table: Any) -> list[ForeignKey]:
    """The keys by which the database deletes other rows with one of this table, and no relation has to name them."""
    return [
        key
        for other in db.metadata.sorted_tables
        for key in sorted(other.foreign_keys, key=lambda key: key.parent.name)
        if key.column.table is table and key.ondelete == "CASCADE" and str(key.parent) not in NOT_KEPT
    ]


def not_kept(column: str, reason: str) -> None:
    """Rows that go for good with the row that `column` (`table.column`) points at."""
    NOT_KEPT[column] = reason


@transactional
def restore(entry_id: int, *, actor: Any) -> tuple[str, int]:
    """Bring a deleted row and its children back under their old numbers; returns (table, id).

    :raises DomainError: when something it needs is gone or something it holds is used again
    """
    entry = db.session.get(TrashEntry, entry_id)
    if entry is None:
        raise NotFound(_("This is no longer in the trash."))
    policy.authorize(actor, "delete", entry.resource)
    return put_back(entry, actor=actor)


def put_back(entry: TrashEntry, *, actor: Any) -> tuple[str, int]:
    """Bring back what an entry holds; for a caller that asked already whether the actor may.

    :raises DomainError: as `restore`
    """
    tables: dict[str, Table] = db.metadata.tables  # type: ignore[assignment]
    try:
        with db.session.begin_nested():
            for name, values in entry.rows:
                db.session.execute(insert(tables[name]).values(_typed(tables[name], values)))
                if "id" in values:
                    changes.feed(db.session(), [(name, values["id"], "insert")])
    except IntegrityError as error:
        raise DomainError(
            _(
                "“%(row)s” cannot come back: what it belongs to is gone, or its number or name is used again.",
                row=entry.label,
            )
        ) from error
    history.record_of(entry.table, entry.key, "restored", actor=actor)
    _settle(entry, actor)
    db.session.delete(entry)
    return entry.table, entry.key


def _settle(entry: TrashEntry, actor: Any) -> None:
    """The rules of the row's domain, which the plain insert knows nothing of."""
    settle = _restored.get(entry.table)
    if settle is None:
        return
    mapper = next(mapper for mapper in PanelModel.registry.mappers if mapper.local_table.name == entry.table)
    db.session.expire_all()
    with history.by(actor=actor):
        settle(db.session.get_one(mapper.class_, entry.key), actor=actor)
        db.session.flush()


def _typed(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    """JSON back to what the columns want; a column that a later release dropped is left out."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if name not in table.c:
            continue
        column = table.c[name]
        if isinstance(value, str) and isinstance(column.type, UTCDateTime | DateTime):
            value = clock.from_iso(value)
        elif isinstance(value, str) and column.type.python_type.__name__ in ("date", "Decimal"):
            value = (
                clock.date_from_iso(value)
                if column.type.python_type.__name__ == "date"
                else column.type.python_type(value)
            )
        result[name] = value
    return result


def entry(entry_id: int, actor: Any) -> TrashEntry:
    """:raises NotFound: for what is none of those that this actor finds in the trash"""
    found = db.session.get(TrashEntry, entry_id)
    if found is None or not (policy.is_administrator(actor) or found.deleted_by_id == actor.id):
        raise NotFound(_("This is no longer in the trash."))
    policy.authorize(actor, "delete", found.resource)
    return found


def entries(resource: str, actor: Any, limit: int = 200) -> list[TrashEntry]:
    """What lies in the trash of a resource, latest first; rows rules of the deleted rows are asked of their values."""
    policy.authorize(actor, "delete", resource)
    query = select(TrashEntry).where(TrashEntry.resource == resource).order_by(TrashEntry.id.desc()).limit(limit)
    if not policy.is_administrator(actor):
        query = query.where(TrashEntry.deleted_by_id == actor.id)
    return list(db.session.scalars(query))


@transactional
def purge(entry_id: int, *, actor: Any) -> str:
    """Delete for good what lies here, before its time; returns what it was called. The trail says who did it.

    :raises Forbidden: without the right to do so, or to delete such rows
    """
    entry = db.session.get(TrashEntry, entry_id)
    if entry is None:
        raise NotFound(_("This is no longer in the trash."))
    policy.authorize(actor, "delete", entry.resource)
    policy.authorize(actor, PURGE, RESOURCE)
    history.record_of(entry.table, entry.key, "purged", actor=actor)
    label = entry.label
    _forget(entry)
    return label


@transactional
def sweep(days: int | None = None) -> int:
    """Forget what has lain here for longer than the setting says, the oldest first and a part at a time; how many went."""
    limit = clock.now() - clock.days(setting(DAYS) if days is None else days)
    old = select(TrashEntry).where(TrashEntry.deleted_at < limit).order_by(TrashEntry.deleted_at).limit(PART)
    gone = list(db.session.scalars(old))
    for entry in gone:
        _forget(entry)
    return len(gone)


def _forget(entry: TrashEntry) -> None:
    for name, values in entry.rows:
        for forget in _gone if "id" in values else ():
            forget(name, values["id"])
    db.session.delete(entry)
    db.session.flush()


def pointing_at(table: Any) -> set[int]:
    """The numbers of rows of `table` that something in the trash points at."""
    columns = {
        (key.parent.table.name, key.parent.name)
        for other in db.metadata.sorted_tables
        for key in other.foreign_keys
        if key.column.table is table
    }
    names = {name for name, _column in columns}
    return {
        values[column]
        for rows in db.session.scalars(select(TrashEntry.rows).execution_options(yield_per=200))
        for name, values in rows
        if name in names
        for column in values
        if (name, column) in columns and values[column] is not None
    }
