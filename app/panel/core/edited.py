"""The rules that people edit in the browser, as the policy asks for them. Who keeps them registers here."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import ColumnElement

Held = frozenset[tuple[str, str]]
Condition = ColumnElement[bool] | None
RowSource = Callable[[Any, type], Condition]
FieldSource = Callable[[Any, str], dict[str, str]]
RightSource = Callable[[Any], Held | None]

_rows: list[RowSource] = []
_fields: list[FieldSource] = []
_rights: list[RightSource] = []


def rows_from(source: RowSource) -> RowSource:
    """Register who knows the row rules that people edit: a condition for (actor, model), or None for no limit.

    They hold beside those in code. Neither is asked for the system and for administrators.
    """
    _rows.append(source)
    return source


def fields_from(source: FieldSource) -> FieldSource:
    """Register who knows the field rules that people edit: "hidden", "masked" or "read" by field, for (actor, resource)."""
    _fields.append(source)
    return source


def rights_from(source: RightSource) -> RightSource:
    """Register who may say what somebody holds in the place of the tables of roles; None where those are right."""
    _rights.append(source)
    return source


def rows(person: Any, model: type) -> Condition:
    """The condition that all of those rules make for one person."""
    return together(found for source in _rows if (found := source(person, model)) is not None)


def fields(person: Any, resource: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for source in _fields:
        found.update(source(person, resource))
    return found


def narrower(one: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    """Of two answers about the fields the one that shows less, field by field."""
    levels = ("hidden", "masked", "read", "write")
    return {name: min(one.get(name, "write"), other.get(name, "write"), key=levels.index) for name in {*one, *other}}


def rights(person: Any) -> Held | None:
    return next((found for source in _rights if (found := source(person)) is not None), None)


def together(conditions: Iterable[ColumnElement[bool]]) -> Condition:
    """All of them at once; None when there are none."""
    return functools.reduce(lambda one, other: one & other, found) if (found := list(conditions)) else None
