"""Writing many rows by a query: INSERT … SELECT with all that the house wants of a row, and lists that a query can join.

Whoever calls it writes the trail himself (`history.record_selected`), tells the feed, and forgets what the session knows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    cast,
    column,
    func,
    insert,
    literal,
    null,
    select,
    text,
    type_coerce,
)

from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.types import ListOf

LOOK_UP = text("SELECT set_config('enable_nestloop', :on, true)")
JOINS = text("SELECT set_config('enable_hashjoin', :on, true), set_config('enable_mergejoin', :on, true)")


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
        lists = [literal(list(one), ListOf(BigInteger)) for one in (keys, numbers)]
        return func.unnest(*lists).table_valued(
            column("key", BigInteger), column("number", BigInteger), name="numbered"
        ).render_derived()
    each = func.json_each(orjson.dumps(list(zip(keys, numbers, strict=True))).decode()).table_valued("value", name="each_pair")
    pairs = select(*(type_coerce(each.c.value.op("->>")(at), Integer).label(name) for at, name in enumerate(("key", "number"))))
    return pairs.subquery("numbered")


def listed(rows: Sequence[Sequence[Any]], columns: Mapping[str, Any]) -> FromClause:
    """A table of these rows, whose columns have these names and types (whole numbers or texts)."""
    cells: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    if is_postgresql():
        wide = {name: BigInteger if kind is Integer else kind for name, kind in columns.items()}
        lists = [literal(list(one), ListOf(kind)) for one, kind in zip(cells, wide.values(), strict=True)]
        told = [column(name, kind) for name, kind in wide.items()]
        return func.unnest(*lists).table_valued(*told, name="listed").render_derived()
    each = func.json_each(orjson.dumps([list(row) for row in rows]).decode()).table_valued("value", name="each_row")
    given = (type_coerce(each.c.value.op("->>")(at), kind).label(name) for at, (name, kind) in enumerate(columns.items()))
    return select(*given).subquery("listed")


def laid_out(name: str, query: Select[Any]) -> FromClause:
    """The rows of a query as a table of its own, for several statements that read them one after the other; the next of this name
    takes its place. SQLite would look each of them up again for each statement; to PostgreSQL a query stays what it is."""
    if is_postgresql():
        return query.subquery(name)
    connection, columns = db.session.connection(), [Column(one.name, one.type) for one in query.selected_columns]
    # untyped: each value stays as the query gave it
    told = Table(f"laid_out_{name}", MetaData(), *columns, schema="temp")
    names = ", ".join(f'"{one.name}"' for one in columns)
    connection.exec_driver_sql(f"CREATE TEMP TABLE IF NOT EXISTS laid_out_{name} ({names})")
    connection.exec_driver_sql(f"DELETE FROM temp.laid_out_{name}")  # noqa: S608 - names of ours
    connection.execute(insert(told).from_select(columns, query, include_defaults=False))
    return told


@contextlib.contextmanager
def by_index() -> Iterator[None]:
    """Join by index alone, for statements whose rows are named by their numbers. PostgreSQL has no figures of rows that were
    inserted a moment ago: it takes some thousands for a good part of their table, and hashes all of what it joins with them.

    What raises in it is rolled back by its savepoint or transaction, and this with it.
    """
    if not is_postgresql():
        yield
        return
    connection = db.session.connection()
    connection.execute(JOINS, {"on": "off"})
    yield
    connection.execute(JOINS, {"on": "on"})


@contextlib.contextmanager
def by_range() -> Iterator[None]:
    """The other way about, on PostgreSQL: for statements whose tables are each read as a range, which are then joined at once.

    What raises in it is rolled back by its savepoint or transaction, and this with it.
    """
    connection = db.session.connection()
    connection.execute(LOOK_UP, {"on": "off"})
    yield
    connection.execute(LOOK_UP, {"on": "on"})


def insert_rows(table: Any, values: Mapping[str, Any], rows: FromClause, *where: Any, order: Any, actor: Any) -> None:
    """Insert a row for each of `rows`: `values` are expressions over them, or constants. Who and when are filled in."""
    now = clock.now()
    alike = {"created_at": now, "changed_at": now, "created_by_id": actor.id, "changed_by_id": actor.id, "version": 1}
    given = {name: constant(table.c[name], value) for name, value in {**alike, **values}.items()}
    places = order if isinstance(order, list) else [order]
    query = select(*given.values()).select_from(rows).where(*where).order_by(*places)
    db.session.execute(insert(table).from_select(list(given), query, include_defaults=False))


def stamp(table: Any, actor: Any, keys: Select[Any] | None = None) -> dict[str, Any]:
    """What an UPDATE of rows sets beside what it is for.

    :param keys: the numbers of these rows, where they are many: when all were last changed by the same person, that is not
        written again, for SQLite would look the person up for each
    """
    found = {"version": table.c.version + 1, "changed_at": clock.now()}
    if keys is not None and not is_postgresql():
        by_others = table.c.changed_by_id.is_distinct_from(actor.id)
        if db.session.scalar(select(table.c.id).where(one_of(table.c.id, keys), by_others).limit(1)) is None:
            return found
    return {**found, "changed_by_id": actor.id}


def one_of(key: Any, keys: Select[Any]) -> ColumnElement[bool]:
    """The column is one of the numbers that a query gives. Where that asks this very column of its own table alone, its condition
    says as much, and a range of numbers stays a range: SQLite would first make a list of them."""
    if list(keys.selected_columns) == [key] and keys.get_final_froms() == [key.table] and keys.whereclause is not None:
        return keys.whereclause
    return key.in_(keys)  # type: ignore[no-any-return]


def words(*parts: Any) -> ColumnElement[str]:
    """A text of texts and numbers, one after the other."""
    found: Any = None
    for part in parts:
        one = literal(part, Text) if isinstance(part, str) else cast(part, String)
        found = one if found is None else found.op("||")(one)
    return type_coerce(found, String)
