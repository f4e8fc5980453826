"""Many rows into one table by the shortest road: executemany of prepared tuples on SQLite, COPY on PostgreSQL.

SQLAlchemy's own bulk insert spends 20 to 60 µs of Python on a row of an import; this spends about 5. Types and defaults
of the columns are kept, objects, flush events and history are not made: whoever calls it writes the trail himself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, Table, func, select, text

from app.panel.core.db import db


def insert_many(table: Table | Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns; a column that they do not name gets its default.

    Objects that wait in the session are flushed first, for the rows may point at them.
    """
    if not rows:
        return
    db.session.flush()
    connection = db.session.connection()
    dialect = connection.dialect
    given = list(rows[0])
    filled = {c.name: _default(c) for c in table.columns if c.name not in rows[0] and c.default is not None}
    columns = [*given, *filled]
    values = [_column([row[name] for row in rows], table.c[name], dialect) for name in given]
    values += [_column([value], table.c[name], dialect) * len(rows) for name, value in filled.items()]
    tuples = list(zip(*values, strict=True))
    quote = dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in columns)
    target = dialect.identifier_preparer.format_table(table)
    if dialect.name == "postgresql":
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY {target} ({names}) FROM STDIN") as copy:
            for one in tuples:
                copy.write_row(one)
        cursor.close()
        return
    marks = ", ".join("?" * len(columns))
    # names come from the metadata, values travel apart
    connection.exec_driver_sql(f"INSERT INTO {target} ({names}) VALUES ({marks})", tuples)  # noqa: S608


def reserve_ids(table: Table | Any, count: int) -> list[int]:
    """Numbers for `count` new rows, in their order. Call it in the transaction that inserts them."""
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        query = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
        return list(connection.scalars(query, {"name": table.name, "count": count}))
    # The writer's lock is ours, and AUTOINCREMENT counts on behind whatever number a row was given.
    sequence = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    highest = connection.scalar(select(func.max(table.c.id)))
    first = max(sequence or 0, highest or 0) + 1
    return list(range(first, first + count))


def _column(values: list[Any], column: Any, dialect: Any) -> list[Any]:
    """One column's values as the driver wants them. Most repeat (a state, a currency, the time of the import)."""
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return values
    if isinstance(column.type, JSON):
        return [process(value) for value in values]
    known = {value: process(value) for value in set(values)}
    return [known[value] for value in values]


def _default(column: Any) -> Any:
    default = column.default
    return default.arg(None) if default.is_callable else default.arg
