"""Writing many rows by a query: INSERT … SELECT with all that the house wants of a row, and lists that a query can join.

Whoever calls it writes the trail himself (`history.record_selected`), tells the feed, and forgets what the session knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    String,
    Text,
    cast,
    column,
    func,
    insert,
    literal,
    null,
    select,
    type_coerce,
)

from app.panel.core import clock
from app.panel.core.db import db


def is_postgresql() -> bool:
    return db.session.connection().dialect.name == "postgresql"


def constant(column: Any, value: Any) -> ColumnElement[Any]:
    """One and the same value for all rows, typed as the column is; PostgreSQL takes a bare one of a SELECT for a text."""
    if isinstance(value, ColumnElement):
        return value
    told = null() if value is None else literal(value, column.type)
    return cast(told, column.type) if is_postgresql() else told


def numbered(keys: Sequence[int], numbers: Sequence[int]) -> FromClause:
    """A table of (`key`, `number`), in which each key has the number at its place: those of new rows that are made of old ones."""
    if is_postgresql():
        lists = [literal(list(one), ARRAY(BigInteger)) for one in (keys, numbers)]
        return func.unnest(*lists).table_valued(
            column("key", BigInteger), column("number", BigInteger), name="numbered"
        ).render_derived()
    each = func.json_each(orjson.dumps(list(zip(keys, numbers, strict=True))).decode()).table_valued("value", name="each_pair")
    pairs = select(*(type_coerce(each.c.value.op("->>")(at), Integer).label(name) for at, name in enumerate(("key", "number"))))
    return pairs.subquery("numbered")


def insert_rows(table: Any, values: Mapping[str, Any], rows: FromClause, *where: Any, order: Any, actor: Any) -> None:
    """Insert a row for each of `rows`: `values` are expressions over them, or constants. Who and when are filled in."""
    now = clock.now()
    alike = {"created_at": now, "changed_at": now, "created_by_id": actor.id, "changed_by_id": actor.id, "version": 1}
    given = {name: constant(table.c[name], value) for name, value in {**alike, **values}.items()}
    places = order if isinstance(order, list) else [order]
    query = select(*given.values()).select_from(rows).where(*where).order_by(*places)
    db.session.execute(insert(table).from_select(list(given), query, include_defaults=False))


def stamp(table: Any, actor: Any) -> dict[str, Any]:
    """What an UPDATE of rows sets beside what it is for."""
    return {"version": table.c.version + 1, "changed_at": clock.now(), "changed_by_id": actor.id}


def words(*parts: Any) -> ColumnElement[str]:
    """A text of texts and numbers, one after the other."""
    found: Any = None
    for part in parts:
        one = literal(part, Text) if isinstance(part, str) else cast(part, String)
        found = one if found is None else found.op("||")(one)
    return type_coerce(found, String)
