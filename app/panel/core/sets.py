"""Writing many rows by a query: INSERT … SELECT with all that the house wants of a row, and lists that a query can join.

Whoever calls it writes the trail himself (`history.record_selected`), tells the feed, and forgets what the session knows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    FromClause,
    Insert,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    text,
    true,
    type_coerce,
    update,
)

from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.rows import among_given
from app.panel.core.types import ListOf, UTCDateTime

LOOK_UP = text("SELECT set_config('enable_nestloop', :on, true)")
JOINS = text("SELECT set_config('enable_hashjoin', :on, true), set_config('enable_mergejoin', :on, true)")

# what statements that are kept are told when they run
NOW: Any = bindparam("told_now", type_=UTCDateTime())
WHO: Any = bindparam("told_who", type_=Integer())
_KEPT: dict[Any, Any] = {}


def is_postgresql() -> bool:
    return db.session.connection().dialect.name == "postgresql"


def constant(column: Any, value: Any) -> ColumnElement[Any]:
    """One and the same value for all rows, typed as the column is; PostgreSQL takes a bare one of a SELECT for a text."""
    if isinstance(value, ColumnElement) and not isinstance(value, BindParameter):
        return value
    told = value if isinstance(value, BindParameter) else null() if value is None else literal(value, column.type)
    return cast(told, column.type) if is_postgresql() else told


def numbered(keys: Sequence[int], numbers: Sequence[int]) -> FromClause:
    """A table of (`key`, `number`), in which each key has the number at its place: those of new rows that are made of old ones."""
    if is_postgresql():
        return _numbered(*(literal(list(one), ListOf(BigInteger)) for one in (keys, numbers)))
    return _numbered(literal(orjson.dumps(list(zip(keys, numbers, strict=True))).decode()))


def _numbered(*given: Any) -> FromClause:
    """Of two lists (PostgreSQL), or of the text of a list of pairs."""
    if len(given) > 1:
        return func.unnest(*given).table_valued(
            column("key", BigInteger), column("number", BigInteger), name="numbered"
        ).render_derived()
    each = func.json_each(*given).table_valued("value", name="each_pair")
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


def kept(name: Any, build: Callable[[], Any]) -> Any:
    """A statement that is built once for each engine, under a name that says all that its text hangs on: to build and to compile
    one anew for each chunk of a run takes SQLAlchemy longer than many a database takes to answer. Values come by `bindparam`."""
    place = (is_postgresql(), name)
    if (found := _KEPT.get(place)) is None:
        found = _KEPT[place] = build()
    return found


def told_by(actor: Any) -> dict[str, Any]:
    """`NOW` and `WHO` of a statement that is kept."""
    return {"told_now": clock.now(), "told_who": actor.id}


class Numbers:
    """Rows by their numbers, for statements that are kept. On SQLite those that follow one upon the other, as new rows of a set do,
    are told as a range, which it walks along; a list it would look up one by one.
    """

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = numbers
        low, high = (numbers[0], numbers[-1]) if numbers else (0, -1)
        self.is_range = not is_postgresql() and high - low + 1 == len(numbers) and list(numbers) == list(range(low, high + 1))
        self.shape = "range" if self.is_range else "list"
        self.told: dict[str, Any] = {"told_low": low, "told_high": high} if self.is_range else {"told_numbers": list(numbers)}

    def kept(self, name: Any, build: Callable[[], Any]) -> Any:
        """`kept` for a statement over them."""
        return kept(("numbers", self.shape, name), build)

    def hold(self, column: Any) -> ColumnElement[bool]:
        """The column is one of them."""
        if not self.is_range:
            return among_given(column, bindparam("told_numbers", type_=ListOf(BigInteger)))
        few: Any = literal_column("0.001")  # how likely each is: otherwise SQLite takes a range for a good part of the table
        low, high = (bindparam(name, type_=Integer()) for name in ("told_low", "told_high"))
        return and_(func.likelihood(column >= low, few), func.likelihood(column <= high, few))


class Pairs:
    """Numbers of new rows beside those of what they are made of, at the same places, for statements that are kept. Of two ranges
    the distance is told alone."""

    def __init__(self, these: Numbers, fresh: Numbers) -> None:
        self.these, self.is_range = these, these.is_range and fresh.is_range
        if self.is_range:
            self.told: dict[str, Any] = {"told_ahead": fresh.numbers[0] - these.numbers[0]}
        elif is_postgresql():
            self.told = {"told_keys": list(these.numbers), "told_fresh": list(fresh.numbers)}
        else:
            self.told = {"told_pairs": orjson.dumps(list(zip(these.numbers, fresh.numbers, strict=True))).decode()}
        self._table = None if self.is_range else _numbered(*(
            bindparam(name, type_=Text() if name == "told_pairs" else ListOf(BigInteger)) for name in self.told
        ))  # fmt: skip

    def kept(self, name: Any, build: Callable[[], Any]) -> Any:
        return self.these.kept(("pairs", self.is_range, name), build)

    def of(self, rows: Any, key: Any) -> Any:
        """Rows whose `key` is one of the first numbers; those of a range have to be no others."""
        return rows if self._table is None else self._table.join(rows, key == self._table.c.key)

    def mine(self, key: Any) -> ColumnElement[bool]:
        """The condition of a range where a statement has none by itself; it is told what `these` are told."""
        return self.these.hold(key) if self._table is None else true()

    def number(self, key: Any) -> ColumnElement[int]:
        """The other number of a row."""
        return key + bindparam("told_ahead", type_=Integer()) if self._table is None else self._table.c.number

    def order(self, key: Any) -> Any:
        return key if self._table is None else self._table.c.number


def laid_out(name: str, query: Select[Any], given: Mapping[str, Any] | None = None, key: Any = None) -> FromClause:
    """The rows of a query as a table of its own, for several statements that read them one after the other; the next of this name
    takes its place. SQLite would look each of them up again for each statement; to PostgreSQL a query stays what it is.

    :param given: what a query is told that is kept, under `key`
    """
    if is_postgresql():
        return query.subquery(name)
    connection, told = db.session.connection(), _laid_out(name, query)
    columns = list(told.columns)
    names = ", ".join(f'"{one.name}"' for one in columns)
    connection.exec_driver_sql(f"CREATE TEMP TABLE IF NOT EXISTS laid_out_{name} ({names})")
    connection.exec_driver_sql(f"DELETE FROM temp.laid_out_{name}")  # noqa: S608 - names of ours

    def build() -> Any:
        return insert(told).from_select(columns, query, include_defaults=False)

    connection.execute(build() if key is None else kept(("laid out", name, key), build), given or {})
    return told


def _laid_out(name: str, query: Select[Any]) -> Any:
    """Untyped to the database: each value stays as the query gave it. One object for all, by which statements are known again."""
    columns = tuple((one.name, repr(one.type)) for one in query.selected_columns)

    def build() -> Any:
        told = [Column(one.name, one.type) for one in query.selected_columns]
        return Table(f"laid_out_{name}", MetaData(), *told, schema="temp")

    return kept(("table laid out", name, columns), build)


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
    db.session.execute(insertion(table, values, rows, *where, order=order), told_by(actor))


def insertion(table: Any, values: Mapping[str, Any], rows: FromClause, *where: Any, order: Any) -> Insert:
    """The statement of `insert_rows`, to be kept; it is told by `told_by`."""
    alike = {"created_at": NOW, "changed_at": NOW, "created_by_id": WHO, "changed_by_id": WHO, "version": literal_column("1")}
    given = {name: constant(table.c[name], value) for name, value in {**alike, **values}.items()}
    places = order if isinstance(order, list) else [order]
    query = select(*given.values()).select_from(rows).where(*where).order_by(*places)
    return insert(table).from_select(list(given), query, include_defaults=False)


def stamped(table: Any) -> dict[str, Any]:
    """`stamp` of a statement that is kept."""
    return {"version": table.c.version + literal_column("1"), "changed_at": NOW, "changed_by_id": WHO}


def stamp(table: Any, actor: Any) -> dict[str, Any]:
    """What an UPDATE of rows sets beside what it is for."""
    return {"version": table.c.version + 1, "changed_at": clock.now(), "changed_by_id": actor.id}


def change(table: Any, values: Mapping[str, Any], *where: Any, actor: Any, count: int) -> None:
    """Set columns of `count` rows, which the conditions name. Who was the last to change a row is not written again where it was
    the same person: SQLite would look the person up for each."""
    found = {**values, **stamp(table, actor)}
    if not is_postgresql():
        mine = table.c.changed_by_id.is_not_distinct_from(actor.id)
        rest = {name: value for name, value in found.items() if name != "changed_by_id"}
        if _update(table, rest, *where, mine) == count:
            return
        where = (*where, ~mine)
    _update(table, found, *where)


def _update(table: Any, values: Mapping[str, Any], *where: Any) -> int:
    statement = update(table).where(*where).values(**values)
    return db.session.execute(statement.execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined,no-any-return]


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
