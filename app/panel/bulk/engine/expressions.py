"""Values of columns as JSON, made by the database: what stands in the history is the same whoever wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Date,
    Integer,
    Numeric,
    String,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    type_coerce,
)
from sqlalchemy.types import DateTime

from app.panel.core.columns import INFO
from app.panel.core.db import db
from app.panel.core.types import MinorUnits, UTCDateTime


def dialect() -> str:
    return db.session.connection().dialect.name


def value(column: Any, given: Any) -> ColumnElement[Any]:
    """A new value of a column, typed as the column is."""
    if isinstance(given, ColumnElement):
        return given
    if given is None:
        return cast(null(), column.type) if dialect() == "postgresql" else null()
    told = literal(given, column.type)
    return cast(told, column.type) if dialect() == "postgresql" else told


def plain(column: Any, given: ColumnElement[Any]) -> ColumnElement[Any]:
    """An expression of the type of a column as `history.plain` would write its value."""
    kind, on_sqlite = column.type, dialect() == "sqlite"
    if isinstance(kind, UTCDateTime | DateTime):
        if on_sqlite:
            return func.replace(type_coerce(given, String), " ", "T").op("||")("+00:00")
        return func.to_char(type_coerce(given, DateTime), 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')
    if isinstance(kind, Date):
        return type_coerce(given, String) if on_sqlite else func.to_char(given, "YYYY-MM-DD")
    if isinstance(kind, Boolean) and on_sqlite:
        told = type_coerce(given, String)
        return case((told.is_(None), null()), (told == 1, func.json("true")), else_=func.json("false"))
    if isinstance(kind, Numeric):
        return func.printf(f"%.{kind.scale or 0}f", type_coerce(given, String)) if on_sqlite else cast(given, Text)
    if isinstance(kind, JSON):
        return func.json(type_coerce(given, String)) if on_sqlite else given
    return type_coerce(given, String) if on_sqlite else given


def _are_numbers(columns: Iterable[Any]) -> bool:
    """Are these whole numbers, which the databases write together as a text by less than it takes to build JSON?"""
    return all(isinstance(column.type, Integer | MinorUnits) for column in columns)


def _number(column: Any, given: ColumnElement[Any]) -> ColumnElement[Any]:
    told = type_coerce(given, String) if dialect() == "sqlite" else cast(given, Text)
    return func.coalesce(told, literal("null", Text)) if column.nullable else told


def _joined(*parts: Any) -> ColumnElement[Any]:
    first, *others = (literal(part, Text) if isinstance(part, str) else part for part in parts)
    for one in others:
        first = first.op("||")(one)
    return _as_json(first) if dialect() == "sqlite" else cast(first, JSON)


def before_image(pairs: Mapping[Any, ColumnElement[Any]]) -> ColumnElement[Any]:
    """{"price": 1200} of the columns that are written."""
    if len(pairs) == 1 and _are_numbers(pairs):
        (column,) = pairs
        return _joined(f'{{"{column.key}":', _number(column, column), "}")
    parts: list[Any] = []
    for column in pairs:
        parts += [literal(column.key, Text), plain(column, column)]
    return _as_json(_object(*parts))


def differences(pairs: Mapping[Any, ColumnElement[Any]]) -> ColumnElement[Any]:
    """{"price": [1200, 1080]} of the columns whose value changes."""
    if len(pairs) == 1 and _are_numbers(pairs):
        ((column, after),) = pairs.items()
        return _joined(f'{{"{column.key}":[', _number(column, column), ",", _number(column, after), "]}")
    array = func.json_array if dialect() == "sqlite" else func.json_build_array
    told = {
        column.key: (array(plain(column, column), plain(column, after)), differs(column, after)) for column, after in pairs.items()
    }
    if len(pairs) == 1:
        (name, (pair, _differs)), *_none = told.items()
        return _as_json(_object(literal(name, Text), pair))
    return _those_that_hold(told)


def named(**values: ColumnElement[Any]) -> ColumnElement[Any]:
    """{"price": 1200} of expressions."""
    return _as_json(_object(*(part for name, value in values.items() for part in (literal(name, Text), value))))


def given(columns: Sequence[Any]) -> ColumnElement[Any]:
    """{"price": [null, 1200]} of the columns of a new row that hold something."""
    array = func.json_array if dialect() == "sqlite" else func.json_build_array
    parts: dict[str, tuple[Any, Any]] = {}
    for column in columns:
        told, holds = isinstance(column.type, String), None
        if getattr(column, "nullable", False) or (told and getattr(column, "info", {}).get(INFO)):
            holds = column.is_not(None) & (type_coerce(column, Text) != "") if told else column.is_not(None)
        parts[column.key] = (array(null(), plain(column, column)), holds)
    if any(holds is not None for _pair, holds in parts.values()):
        return _those_that_hold(parts)
    return _as_json(_object(*(part for name, (pair, _holds) in parts.items() for part in (literal(name, Text), pair))))


def _those_that_hold(parts: Mapping[str, tuple[Any, Any]]) -> ColumnElement[Any]:
    """An object of the values whose condition holds; without a condition a value always stands. SQLite puts the text of it
    together by itself: to empty an object of its nulls it would read it again."""
    if dialect() != "sqlite":
        found: list[Any] = []
        for name, (value_, holds) in parts.items():
            found += [literal(name, Text), value_ if holds is None else case((holds, value_), else_=null())]
        return _as_json(func.json_strip_nulls(_object(*found)))
    told: Any = None
    for name, (value_, holds) in parts.items():
        one = literal(f",{json.dumps(name)}:", Text).op("||")(value_)
        one = one if holds is None else case((holds, one), else_=literal("", Text))
        told = one if told is None else told.op("||")(one)
    return _as_json(literal("{", Text).op("||")(func.substr(told, 2)).op("||")("}"))


def differs(column: Any, after: ColumnElement[Any]) -> ColumnElement[bool]:
    """Does a row change? Empty text and nothing are the same."""
    if isinstance(column.type, String) and column.info.get(INFO):
        return func.coalesce(type_coerce(column, Text), "") != func.coalesce(type_coerce(after, Text), "")
    return type_coerce(column, column.type).is_distinct_from(after)


def from_image(column: Any, image: Any) -> ColumnElement[Any]:
    """The value of a column that a before-image holds, typed as the column is."""
    if dialect() == "sqlite":
        text = type_coerce(image, String)
        told: Any = func.json_extract(text, f"$.{column.key}")
        if _are_numbers([column]):  # a number that stands first is read as it stands, in a third of the time that JSON takes
            begins = f'{{"{column.key}":'
            first = cast(func.substr(text, len(begins) + 1), Integer)
            told = case((text.op("GLOB")(begins + "[0-9-]*"), first), else_=told)
        if isinstance(column.type, UTCDateTime):
            told = func.substr(func.replace(told, "T", " "), 1, 26)
        return type_coerce(told, column.type)
    told = type_coerce(image, JSON).op("->>")(literal(column.key, Text))
    if isinstance(column.type, UTCDateTime):
        return type_coerce(func.timezone("UTC", cast(told, DateTime(timezone=True))), column.type)
    return cast(told, column.type)


def _object(*parts: Any) -> Any:
    return (func.json_object if dialect() == "sqlite" else func.json_build_object)(*parts)


def _as_json(given: Any) -> ColumnElement[Any]:
    return type_coerce(given, JSON)
