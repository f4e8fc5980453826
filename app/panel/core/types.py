"""Column types that keep a promise the database alone does not keep."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, DateTime, LargeBinary, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from app.panel.core.choices import Choices

MAX_BIGINT = 2**63 - 1
_comparing: dict[Any, Any] = {}


def _comparator_factory(kind: TypeDecorator[Any]) -> Any:
    """What compares columns of the type. SQLAlchemy makes a class of 3 kB for each column; it differs by what is stored alone."""
    stored = kind.impl_instance
    if stored.comparator_factory not in _comparing:
        _comparing[stored.comparator_factory] = kind.TDComparatorContainer(stored)
    return _comparing[stored.comparator_factory]


class UTCDateTime(TypeDecorator[dt.datetime]):
    """An instant. Aware in Python, UTC in the database; a naive one is refused, for nobody can say when it was."""

    impl = DateTime
    cache_ok = True
    comparator_factory = property(_comparator_factory)  # type: ignore[assignment]

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("an instant needs a time zone; use clock.now() or attach one")
        return value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        return None if value is None else value.replace(tzinfo=dt.UTC)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        """The same without the two calls between: a page reads two hundred instants."""
        read = self.impl_instance.result_processor(dialect, coltype)

        def instant(value: Any) -> dt.datetime | None:
            if value is None:
                return None
            told: Any = value if read is None else read(value)
            return told.replace(tzinfo=dt.UTC)  # type: ignore[no-any-return]

        return instant


class MinorUnits(TypeDecorator[int]):
    """An amount of money as an integer of minor units. A float or a Decimal here is a bug, so it is refused."""

    impl = BigInteger
    cache_ok = True
    comparator_factory = property(_comparator_factory)  # type: ignore[assignment]

    def process_bind_param(self, value: Any, dialect: Any) -> int | None:
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise TypeError(f"money is an int of minor units, not {type(value).__name__}")
        return value

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        return self if isinstance(value, int) else self.impl_instance.coerce_compared_value(op, value)


class ListOf(TypeDecorator[Any]):
    """Whole numbers or texts that a statement is given as one value: an array of PostgreSQL, written by hand, for its driver looks
    at each of them three times and a chunk of a run names its rows in dozens of statements; a JSON text on SQLite."""

    impl = ARRAY
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        super().__init__(kind)

    def bind_processor(self, dialect: Any) -> Any:
        return _array if dialect.name == "postgresql" else json_text


def json_text(values: list[Any]) -> str:
    try:
        return orjson.dumps(values).decode()
    except TypeError:  # half a character, a number of more than 64 bits
        return json.dumps(values)


def _array(values: Any) -> str:
    """As PostgreSQL writes an array, which is as JSON does but for the brackets and what is escaped."""
    try:
        told = orjson.dumps(values)
    except TypeError:  # half a character, a number of more than 64 bits
        told = b"\\"
    return f"{{{','.join(map(_cell, values))}}}" if b"\\" in told else f"{{{told[1:-1].decode()}}}"


def _cell(value: Any) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", r"\\").replace('"', r'\"')
        return f'"{escaped}"'
    return "NULL" if value is None else str(value)


class ChoiceType(TypeDecorator[Choices]):
    """A `Choices` member, stored as its short string, so that a new member needs no migration."""

    impl = String
    cache_ok = True
    comparator_factory = property(_comparator_factory)  # type: ignore[assignment]

    def __init__(self, choices: type[Choices], length: int = 40) -> None:
        self.choices = choices
        super().__init__(length)

    @property
    def python_type(self) -> type[Choices]:
        return self.choices

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else str(self.choices(value).value)

    def process_result_value(self, value: str | None, dialect: Any) -> Any:
        # a value that an older release stored stays readable
        return None if value is None else (self.choices.of(value) or value)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        """The same without the three calls between: a page reads a hundred and fifty of them."""
        known = {one.value: one for one in self.choices}
        return lambda value: None if value is None else known.get(value, value)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        # `==` needs the check of this type; `LIKE 'pend%'` is plain text
        return self if isinstance(value, self.choices) or self.choices.of(value) else String()


class RandomBytes(FunctionElement[bytes]):
    """Sixteen bytes that nobody guesses, made by the database for each row."""

    type = LargeBinary()
    inherit_cache = True


@compiles(RandomBytes, "sqlite")
def _random_of_sqlite(_element: Any, _compiler: Any, **_options: Any) -> str:
    return "randomblob(16)"


@compiles(RandomBytes, "postgresql")
def _random_of_postgresql(_element: Any, _compiler: Any, **_options: Any) -> str:
    return "uuid_send(gen_random_uuid())"


class Unindexed(FunctionElement[Any]):
    """A column for a condition that most rows meet: SQLite then searches no index for it, and so is free to walk the one that
    holds the rows in the order that is asked for. PostgreSQL knows from its statistics."""

    inherit_cache = True

    def __init__(self, column: Any) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(Unindexed)
def _plain(element: Unindexed, compiler: Any, **more: Any) -> str:
    return str(compiler.process(element.clauses, **more))


@compiles(Unindexed, "sqlite")
def _with_plus(element: Unindexed, compiler: Any, **more: Any) -> str:
    return f"+{compiler.process(element.clauses, **more)}"
