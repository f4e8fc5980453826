"""The rules that people edit in the browser, as the policy asks for them. Who keeps them registers here."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, select

Held = frozenset[tuple[str, str]]
Condition = ColumnElement[bool] | None
RowSource = Callable[[Any, type], Condition]
FieldSource = Callable[[Any, str], dict[str, str]]
RightSource = Callable[[Any], Held | None]
RoleSource = Callable[[], Iterable[tuple[str, Any]]]

_rows: list[RowSource] = []
_fields: list[FieldSource] = []
_rights: list[RightSource] = []
_roles: list[RoleSource] = []
_parents: dict[type, tuple[type, str]] = {}


@dataclass(frozen=True)
class Attribute:
    """What a person has, as ids of rows: the channels that he works for, the customers of his team."""

    name: str
    label: Any
    model: type[Any]
    ids: Callable[[Any], Select[Any]]


ATTRIBUTES: dict[str, Attribute] = {}


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


def roles_from(source: RoleSource) -> RoleSource:
    """Register who knows which roles there are: (key, label)."""
    _roles.append(source)
    return source


def follow(child: type, parent: type, key: str) -> None:
    """Let the rows of `child` go with those of the parent that `key` points at: `follow(OrderLine, Order, "order_id")`."""
    _parents[child] = (parent, key)


def lineage(model: type) -> list[type]:
    """These rows and those that they go with, one after the other."""
    above = next((_parents[base][0] for base in model.__mro__ if base in _parents), None)
    return [model, *(lineage(above) if above is not None else ())]


def attribute(name: str, label: Any, model: type, ids: Callable[[Any], Select[Any]]) -> None:
    """Contribute what row rules may ask of a person: `["channel_id", "mine", "channels"]`."""
    ATTRIBUTES[name] = Attribute(name, label, model, ids)


def rows(person: Any, model: type[Any]) -> Condition:
    """The condition that all of those rules make for one person, with those of the parents of these rows."""
    found = [condition for source in _rows if (condition := source(person, model)) is not None]
    for base in model.__mro__:
        if base in _parents:
            parent, key = _parents[base]
            limit = rows(person, parent)
            if limit is not None:
                found.append(getattr(model, key).in_(select(parent.id).where(limit)))  # type: ignore[attr-defined]
    return together(found)


def fields(person: Any, resource: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for source in _fields:
        found.update(source(person, resource))
    return found


def narrower(one: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    """Of two answers about the fields the one that shows less, field by field."""
    levels = ("hidden", "masked", "read", "write")  # a masked one says how besides: "masked phone"

    def least(*said: str) -> str:
        return min(said, key=lambda level: levels.index(level.partition(" ")[0]))

    return {name: least(one.get(name, "write"), other.get(name, "write")) for name in {*one, *other}}


def rights(person: Any) -> Held | None:
    return next((found for source in _rights if (found := source(person)) is not None), None)


def roles() -> list[tuple[str, Any]]:
    return [role for source in _roles for role in source()]


def together(conditions: Iterable[ColumnElement[bool]]) -> Condition:
    """All of them at once; None when there are none."""
    return functools.reduce(lambda one, other: one & other, found) if (found := list(conditions)) else None
