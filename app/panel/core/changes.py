"""The changed-rows feed: one row per (table, key, kind) and transaction, read by search, rollups and rules.

A consumer reads behind its own mark, so a feed row is never "done"; old rows are swept once all consumers passed them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import Index, Integer, String, delete, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.rows import insert_many
from app.panel.core.types import UTCDateTime

KINDS = frozenset({"insert", "update", "delete"})


class Change(Model):
    __tablename__ = "core_change"
    __table_args__ = (Index("ix_core_change_table", "table", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    table: Mapped[str] = mapped_column(String(80), nullable=False)
    key: Mapped[int] = mapped_column(Integer, nullable=False)
    kind: Mapped[str] = mapped_column(String(6), nullable=False)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, nullable=False)


class ChangeMark(Model):
    """How far a consumer has read."""

    __tablename__ = "core_change_mark"

    consumer: Mapped[str] = mapped_column(String(80), primary_key=True)
    change_id: Mapped[int] = mapped_column(Integer, nullable=False, default=0)


def feed(session: Session, entries: Iterable[tuple[str, int, str]]) -> None:
    """Add entries inside the transaction of their cause."""
    if rows := _unfed(session, entries):
        session.execute(insert(Change), rows)


def _unfed(session: Session, entries: Iterable[tuple[str, int, str]]) -> list[dict[str, Any]]:
    """Rows of the feed that this transaction has not written yet."""
    at = clock.now()
    seen = session.info.setdefault("fed", set()) if session.info.get("depth") else set()
    rows = []
    for entry in entries:
        if entry not in seen:
            seen.add(entry)
            rows.append({"table": entry[0], "key": entry[1], "kind": entry[2], "at": at})
    return rows


def record(model: type[Any], keys: Sequence[int], kind: str = "update") -> None:
    """Tell the feed of a set-based change."""
    if kind not in KINDS:
        raise ValueError(kind)
    insert_many(Change.__table__, _unfed(db.session(), [(model.__tablename__, key, kind) for key in keys]))


def pending(consumer: str, tables: Sequence[str], limit: int = 1000) -> tuple[list[Change], int]:
    """What `consumer` has not read of `tables`, oldest first, and the mark to set when it is worked off."""
    mark = db.session.get(ChangeMark, consumer)
    query = select(Change).where(Change.id > (mark.change_id if mark else 0), Change.table.in_(tables))
    found = list(db.session.scalars(query.order_by(Change.id).limit(limit)))
    return found, (found[-1].id if found else mark.change_id if mark else 0)


def advance(consumer: str, change_id: int) -> None:
    """Set the mark of `consumer`, in the transaction that did its work."""
    mark = db.session.get(ChangeMark, consumer)
    if mark is None:
        db.session.add(ChangeMark(consumer=consumer, change_id=change_id))
    elif change_id > mark.change_id:
        mark.change_id = change_id


def sweep(keep: int = 100_000) -> int:
    """Delete what every consumer has read, but keep the latest `keep` rows; returns how many went."""
    last = db.session.scalar(select(func.max(Change.id))) or 0
    lowest = db.session.scalar(select(func.min(ChangeMark.change_id)))
    limit = min(last - keep, last if lowest is None else lowest)
    if limit <= 0:
        return 0
    return int(db.session.execute(delete(Change).where(Change.id <= limit)).rowcount)  # type: ignore[attr-defined]
