"""Set-based writing for importers: insert and update many rows with history, feed and before-images in few statements."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import inspect, select

from app.panel.bulk.importers import Image
from app.panel.core import changes, clock, history, setwise
from app.panel.core import rows as rows_
from app.panel.core.db import db
from app.panel.core.history import PLAIN, QUIET, plain
from app.panel.core.types import ChoiceType, UTCDateTime

IN_LIMIT = 500


def insert_rows(model: type[Any], rows: Sequence[dict[str, Any]], *, actor: Any, trail: bool = True) -> list[int]:
    """Insert rows in the order given; their ids. All rows must hold the same columns.

    :param trail: keep the values in the history; without, the entry only says that the row was made
    """
    if not rows:
        return []
    columns = rows_.by_column(rows)
    setwise.authorize_columns(actor, model, columns)
    ids = rows_.reserve_ids(model.__table__, len(rows))
    who = {"created_by_id": actor.id, "changed_by_id": actor.id}
    rows_.insert_columns(model.__table__, {"id": ids, **columns}, who)
    if trail:
        history.record_new(model, ids, columns, actor=actor)
    else:
        history.record_many(model, [(key, {}) for key in ids], verb="insert", actor=actor)
    changes.record(model, ids, "insert")
    return ids


def update_rows(
    model: type[Any], changed: Sequence[tuple[int, Mapping[str, list[Any]]]], *, actor: Any, restoring: bool = False
) -> list[Image]:
    """Change rows, each (id, {column: [before, after]}); their before-images. Versions grow by one.

    :param restoring: puts back what stood before; nobody fills in anything
    """
    groups: dict[tuple[str, ...], list[tuple[int, Mapping[str, list[Any]]]]] = defaultdict(list)
    for one in changed:
        groups[tuple(sorted(one[1]))].append(one)
    table, stamp = model.__table__, {"changed_at": clock.now(), "changed_by_id": actor.id}
    for names, rows in groups.items():
        columns = {name: [pairs[name][1] for _key, pairs in rows] for name in names}
        if not restoring:
            setwise.authorize_columns(actor, model, columns)
        rows_.update_columns(table, {"id": [key for key, _pairs in rows], **columns}, stamp)
    ids = [key for key, _pairs in changed]
    history.record_many(model, [(key, dict(pairs)) for key, pairs in changed], verb="update", actor=actor)
    changes.record(model, ids, "update")
    now, table_name = versions(model, ids), model.__tablename__  # a bare text; the name of a table is more than that
    return [
        Image(table_name, key, {name: one if type(one) in PLAIN else plain(one) for name, (one, _) in pairs.items()}, now.get(key))
        for key, pairs in changed
    ]


def created(model: type[Any], ids: Iterable[int]) -> list[Image]:
    """Images of rows that did not exist before."""
    return [Image(model.__tablename__, key, None, 1) for key in ids]


def versions(model: type[Any], ids: Sequence[int]) -> dict[int, int]:
    table = model.__table__
    found: dict[int, int] = {}
    if ids:
        found.update(db.session.execute(select(table.c.id, table.c.version).where(rows_.among(table.c.id, ids))).tuples().all())
    return found


def difference(row: Any, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """{column: [before, after]} of what differs; empty text and nothing are the same."""
    pairs = {}
    for name, value in values.items():
        before = getattr(row, name)
        if before != value and not (before in (None, "") and value in (None, "")):
            pairs[name] = [before, value]
    return pairs


def pieces(keys: Iterable[Any], size: int = IN_LIMIT) -> Iterable[list[Any]]:
    """Lists short enough for an IN of every database."""
    everything = list(keys)
    for start in range(0, len(everything), size):
        yield everything[start : start + size]


def columns_of(model: type[Any]) -> list[str]:
    return [attr.key for attr in inspect(model).column_attrs if attr.key not in QUIET]


def from_plain(model: type[Any], name: str, value: Any) -> Any:
    """A value of a before-image as the column wants it."""
    column = model.__table__.c.get(name)
    if column is None or not isinstance(value, str):
        return value
    if isinstance(column.type, UTCDateTime):
        return clock.from_iso(value)
    if isinstance(column.type, ChoiceType):
        return column.type.choices.of(value) or value
    kind = column.type.python_type
    if kind is dt.date:
        return clock.date_from_iso(value)
    return kind(value) if kind is Decimal else value
