"""Many rows into one table by the shortest road: one statement over a JSON text.

SQLAlchemy's own bulk insert spends 20 to 60 µs of Python on a row of an import; this spends about 5. And SQLite opens the indexes,
triggers and keys of a table once a statement, which for one row takes longer than the row itself. COPY would spare PostgreSQL a
quarter of its time, but no limit of it ends one: a process that is frozen, or cut off, within it keeps every row locked that its
transaction has written. Types and defaults of the columns are kept, objects, flush events and history are not made: whoever
calls it writes the trail himself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import JSON, BigInteger, ColumnElement, Integer, Table, Text, any_, func, literal, select, text

from app.panel.core.db import db
from app.panel.core.types import ListOf, MinorUnits, UTCDateTime, json_text

ROOM_KB = 64 * 1024
ROOM_PAGES = 16_000  # pages that several chunks change, inner ones of an index above all, then go into the file once for them all
ROOM_LOG = ROOM_PAGES * 2**12  # what it would be cut to, it would have to be grown by again at once
STRETCH = 5_000
FEW = 20  # rows of which each tells all of its values
BY_INDEX = text(
    "SELECT set_config('max_parallel_workers_per_gather', :parallel, true), set_config('enable_seqscan', :scan, true), "
    "set_config('random_page_cost', :cost, true)"
)
AMOUNTS = frozenset({int, type(None)})
TOLD = frozenset({int, str, bool, type(None)})
TELLABLE = {"sqlite": TOLD, "postgresql": TOLD | {dt.date, dt.datetime}}
INSTANTS = frozenset({dt.datetime, type(None)})


def insert_many(
    table: Table | Any, rows: Sequence[Mapping[str, Any]], alike: Mapping[str, Any] | None = None
) -> None:
    """Insert rows that all name the same columns; a column that they do not name gets its default.

    Objects that wait in the session are flushed first, for the rows may point at them.

    :param alike: columns that hold one and the same value in all of these rows
    """
    if rows:
        insert_columns(table, by_column(rows), alike)


def insert_columns(table: Table | Any, columns: Mapping[str, Sequence[Any]], alike: Mapping[str, Any] | None = None) -> None:
    """The same for rows that are at hand column by column, all of one length."""
    count = len(next(iter(columns.values()), ()))
    if not count:
        return
    db.session.flush()
    connection = db.session.connection()
    dialect = connection.dialect
    filled = {**_defaults(table, {*columns, *(alike or ())}), **(alike or {})}
    filled |= {name: cells[0] for name, cells in columns.items() if count > FEW and _is_one(cells, table.c[name])}
    given = {name: cells for name, cells in columns.items() if name not in filled} or dict([*columns.items()][:1])
    filled = {name: value for name, value in filled.items() if name not in given}
    same = [_column([value], table.c[name], dialect)[0] for name, value in filled.items()]
    quote = dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in (*given, *filled))
    target = dialect.identifier_preparer.format_table(table)
    # names come from the metadata, values travel apart
    if _insert_at_once(connection, f"{target} ({names})", table, given, same):
        return
    values = [_column(cells, table.c[name], dialect) for name, cells in given.items()]
    tuples = list(zip(*values, *(repeat(value, count) for value in same), strict=True))
    marks = ", ".join([_mark(dialect)] * (len(values) + len(same)))
    connection.exec_driver_sql(f"INSERT INTO {target} ({names}) VALUES ({marks})", tuples)  # noqa: S608


def _is_one(cells: Sequence[Any], column: Any) -> bool:
    """Is it the same value in all of these rows? Then it need not be told with each of them."""
    first = cells[0]
    return type(first) in TOLD and not isinstance(column.type, JSON) and cells.count(first) == len(cells)


def _insert_at_once(
    connection: Any, into: str, table: Table | Any, given: Mapping[str, Sequence[Any]], same: Sequence[Any]
) -> bool:
    """By one statement for thousands of rows; False when a value would not come out of a JSON text as it went in."""
    dialect = connection.dialect
    if dialect.name not in TELLABLE:
        return False
    columns = [table.c[name] for name in given]
    values = [
        cells if isinstance(column.type, JSON) else _column(cells, column, dialect)
        for cells, column in zip(given.values(), columns, strict=True)
    ]
    if not all(
        isinstance(column.type, JSON) or TELLABLE[dialect.name].issuperset(map(type, cells))
        for cells, column in zip(values, columns, strict=True)
    ):
        return False
    try:
        told = [orjson.dumps(cells) for cells in _stretches(list(zip(*values, strict=True)))]
    except TypeError:  # half a character, a number of more than 64 bits, what JSON does not know
        return False
    if any(b"\\u0000" in one for one in told):
        return False
    mark = _mark(dialect)
    source = f"json_each({mark})" if dialect.name == "sqlite" else f"json_array_elements({mark}::json)"
    asked = ", ".join([_asked(place, column, dialect) for place, column in enumerate(columns)] + [mark] * len(same))
    for one in told:
        connection.exec_driver_sql(f"INSERT INTO {into} SELECT {asked} FROM {source}", (*same, one.decode()))  # noqa: S608
    return True


def _asked(place: int, column: Any, dialect: Any) -> str:
    """A column's cell in the text that tells of a row. What is JSON itself stands in it as it is, not as a text within a text."""
    is_lite = dialect.name == "sqlite"
    if not isinstance(column.type, JSON):
        return f"value ->> {place}" if is_lite else f"(value ->> {place})::{_kind(column, dialect)}"
    if is_lite:
        return f"nullif(value -> {place}, 'null')" if column.type.none_as_null else f"value -> {place}"
    told = f"nullif((value -> {place})::text, 'null')" if column.type.none_as_null else f"(value -> {place})"
    return f"{told}::{_kind(column, dialect)}"


def _mark(dialect: Any) -> str:
    return "?" if dialect.name == "sqlite" else "%s"


def _kind(column: Any, dialect: Any) -> str:
    """What a value is read as. Texts at any length: to read one as `varchar(20)` would cut it off in silence."""
    told = column.type.compile(dialect)
    return "text" if told.startswith(("VARCHAR", "CHAR")) else told


def _stretches(cells: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(cells), STRETCH):
        yield cells[start : start + STRETCH]


def update_many(table: Table | Any, rows: Sequence[Mapping[str, Any]], alike: Mapping[str, Any] | None = None) -> int:
    """Set columns of many rows, each to values of its own; how many there were. `rows` name their `id` and all the same
    columns; a `version` that they name must be the present one. Versions grow by one.

    Whoever calls it writes the trail himself, tells the feed, and forgets what the session knows of these rows.

    :param alike: columns that get one and the same value in all of these rows
    """
    return update_columns(table, by_column(rows), alike) if rows else 0


def update_columns(table: Table | Any, columns: Mapping[str, Sequence[Any]], alike: Mapping[str, Any] | None = None) -> int:
    """The same for rows that are at hand column by column, all of one length."""
    count = len(columns["id"])
    if not count:
        return 0
    db.session.flush()
    connection = db.session.connection()
    dialect = connection.dialect
    given = list(columns)
    values = [_column(cells, table.c[name], dialect) for name, cells in columns.items()]
    same = {name: _column([value], table.c[name], dialect)[0] for name, value in (alike or {}).items()}
    quote, target = dialect.identifier_preparer.quote, dialect.identifier_preparer.format_table(table)
    where, sets = [name for name in given if name in ("id", "version")], [n for n in given if n not in ("id", "version")]
    # names come from the metadata, values travel apart
    if dialect.name == "sqlite":
        told = ", ".join([f"{quote(name)} = ?" for name in (*same, *sets)] + ["version = version + 1"])
        order = [values[given.index(name)] for name in (*sets, *where)]
        tuples = list(zip(*(repeat(value, count) for value in same.values()), *order, strict=True))
        statement = f"UPDATE {target} SET {told} WHERE {' AND '.join(f'{name} = ?' for name in where)}"  # noqa: S608
        return int(connection.exec_driver_sql(statement, tuples).rowcount)
    kinds = [f"%s::{_kind(table.c[name], dialect)}[]" for name in given]
    told = ", ".join([f"{quote(name)} = %s" for name in same] + [f"{quote(n)} = v.{quote(n)}" for n in sets])
    found = f"unnest({', '.join(kinds)}) AS v({', '.join(map(quote, given))})"
    mine = " AND ".join(f"t.{name} = v.{name}" for name in where)
    statement = f"UPDATE {target} t SET {told}, version = t.version + 1 FROM {found} WHERE {mine}"  # noqa: S608
    cursor = connection.connection.cursor()
    cursor.execute(statement, (*same.values(), *map(list, values)))
    found_rows = int(cursor.rowcount)
    cursor.close()
    return found_rows


def make_room() -> None:
    """For a transaction that writes thousands of rows. By itself SQLite keeps 2 MB of pages in memory, and copies its log
    into the file whenever that has reached 4 MB: each of them would be written several times over. PostgreSQL has no figures of
    rows that came a moment ago, takes a chunk for a good part of its table, and would read all of it: here it goes by index."""
    connection = db.session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size = -{ROOM_KB}")
        connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {ROOM_PAGES}")
        connection.exec_driver_sql(f"PRAGMA journal_size_limit = {ROOM_LOG}")
    else:
        connection.execute(BY_INDEX, {"parallel": "0", "scan": "off", "cost": "1.1"})


def reserve_ids(table: Table | Any, count: int) -> list[int]:
    """Numbers for `count` new rows, in their order. Call it in the transaction that inserts them."""
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        # whose numbers they are is looked up once, not for each
        query = text(
            "SELECT nextval(CAST((SELECT pg_get_serial_sequence(:name, 'id')) AS regclass)) FROM generate_series(1, :count)"
        )
        return list(connection.scalars(query, {"name": table.name, "count": count}).all())
    # The writer's lock is ours, and AUTOINCREMENT counts on behind whatever number a row was given.
    sequence = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    highest = connection.scalar(select(func.max(table.c.id)))
    first = max(sequence or 0, highest or 0) + 1
    return list(range(first, first + count))


def among(asked: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """The column is one of these texts or whole numbers. They travel as one value, whatever their number: SQLAlchemy spends
    as long on an `IN` of 500 as SQLite on finding the rows."""
    if db.session.connection().dialect.name == "postgresql":
        kind = BigInteger if isinstance(asked.type, Integer) else Text
        return among_given(asked, literal(list(values), ListOf(kind)))
    return among_given(asked, literal(json_text(list(values))))


def among_given(asked: Any, given: ColumnElement[Any]) -> ColumnElement[bool]:
    """`among` for one value that holds them; with a `bindparam` of `ListOf` the statement can be kept."""
    if db.session.connection().dialect.name == "postgresql":
        return asked == any_(given)  # type: ignore[no-any-return]
    each = func.json_each(given).table_valued("value")
    return asked.in_(select(each.c.value))  # type: ignore[no-any-return]


def by_column(rows: Sequence[Mapping[str, Any]]) -> dict[str, Sequence[Any]]:
    """The values of rows that all name the same columns as the first, column by column."""
    names = list(rows[0])
    if len(names) == 1:
        return {names[0]: [row[names[0]] for row in rows]}
    return dict(zip(names, zip(*map(itemgetter(*names), rows), strict=True), strict=True))


def _column(values: Sequence[Any], column: Any, dialect: Any) -> Sequence[Any]:
    """One column's values as the driver wants them. Most repeat (a state, a currency, the time of the import)."""
    if isinstance(column.type, MinorUnits) and AMOUNTS.issuperset(map(type, values)):
        return values
    if isinstance(column.type, UTCDateTime) and INSTANTS.issuperset(map(type, values)):
        instants = [value and _instant(value) for value in values]
        if dialect.name == "sqlite":
            return [value and value.isoformat(" ", "microseconds") for value in instants]
        return instants
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return values
    if isinstance(column.type, JSON):
        nothing = process(None)
        return [nothing if value is None else _json(value, process) for value in values]
    known = {value: process(value) for value in set(values)}
    return [known[value] for value in values]


def _json(value: Any, process: Any) -> Any:
    """As a text; by a tenth of the time that the column's own way takes, where it is nothing unusual."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return process(value)


def _instant(value: dt.datetime) -> dt.datetime:
    """As the column holds it. By hand, for SQLAlchemy's own type takes three times as long."""
    if value.tzinfo is None:
        raise TypeError("an instant needs a time zone")
    return value.astimezone(dt.UTC).replace(tzinfo=None)


def _defaults(table: Table | Any, named: Container[str]) -> dict[str, Any]:
    """What the columns that nobody names are filled with."""
    return {c.name: _default(c) for c in table.columns if c.default is not None and c.name not in named}


def _default(column: Any) -> Any:
    default = column.default
    return default.arg(None) if default.is_callable else default.arg
