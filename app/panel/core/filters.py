"""The filter tree: JSON of column, operator and value, with and/or groups → SQL.

    {"and": [["state", "eq", "paid"], {"or": [["total", "gte", "100"], ["name", "contains", "张"]]}]}

Lists, saved views, row rules, selections and automation rules all speak it. Columns come from an allow-list, values
are parsed strictly: a filter that cannot be read is an error and never means "all rows" (SAFETY F05 to F08).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, and_, false, func, inspect, literal, not_, or_, select

from app.panel.core import clock, edited, policy
from app.panel.core.actor import person_of
from app.panel.core.db import db
from app.panel.core.errors import BadRequest
from app.panel.core.fields import FieldSpec, resource_of, spec

MAX_DEPTH, MAX_CONDITIONS, MAX_VALUES, MAX_LENGTH = 3, 50, 500, 8000

LABELS = {
    "contains": _("contains"), "not_contains": _("does not contain"), "starts": _("starts with"), "eq": _("is"),
    "ne": _("is not"), "in": _("is one of"), "not_in": _("is none of"), "gt": _("more than"), "gte": _("at least"),
    "lt": _("less than"), "lte": _("at most"), "between": _("between"), "empty": _("is empty"),
    "not_empty": _("is not empty"), "on": _("on"), "before": _("before"), "after": _("after"), "is": _("is"),
    "within": _("within"), "any": _("has any of"), "all": _("has all of"), "none": _("has none of"),
    "under": _("is or is below"), "mine": _("is one of"), "me": _("is the reader himself"),
}  # fmt: skip
JOINS = {"and": _("and"), "or": _("or"), "not": _("not")}
PEOPLE = {"created_by_id": _("Created by"), "changed_by_id": _("Changed by")}  # every row knows them, no screen shows them
PERIODS = {
    "today": _("today"), "yesterday": _("yesterday"), "tomorrow": _("tomorrow"), "last_7_days": _("the last 7 days"),
    "last_30_days": _("the last 30 days"), "last_90_days": _("the last 90 days"), "next_7_days": _("the next 7 days"),
    "this_week": _("this week"), "last_week": _("last week"), "this_month": _("this month"), "last_month": _("last month"),
    "this_quarter": _("this quarter"), "this_year": _("this year"), "last_year": _("last year"),
}  # fmt: skip
_TEXT = ("contains", "not_contains", "starts", "eq", "ne", "in", "empty", "not_empty")
_NUMBER = ("eq", "ne", "gt", "gte", "lt", "lte", "between", "empty", "not_empty")
_TIME = ("within", "on", "before", "after", "between", "empty", "not_empty")
_ONE = ("eq", "ne", "in", "not_in", "empty", "not_empty")
OPERATORS: dict[str, tuple[str, ...]] = {
    "text": _TEXT, "longtext": ("contains", "not_contains", "empty", "not_empty"), "phone": _TEXT, "email": _TEXT,
    "url": _TEXT, "code": _TEXT, "currency": _ONE, "integer": _NUMBER, "number": _NUMBER, "money": _NUMBER,
    "bool": ("is",), "date": _TIME, "instant": _TIME, "choice": _ONE, "ref": _ONE, "file": ("empty", "not_empty"),
    "many": ("any", "all", "none", "empty", "not_empty"),
}  # fmt: skip


def operators(field: FieldSpec) -> tuple[str, ...]:
    """What can be asked of a field; a reference to a tree (a model with `__tree__`) also knows its branches."""
    known = OPERATORS.get(field.kind, ())
    tree = field.kind == "ref" and getattr(field.target, "__tree__", None)
    return ("under", *known) if tree else known


def field_of(model: type[Any], name: str) -> FieldSpec:
    """The field that a filter speaks of; those that say who made and who changed a row are known to filters alone."""
    if name in PEOPLE and hasattr(model, name):
        return FieldSpec(model, name, PEOPLE[name], "ref")
    return spec(model, name)


def personal(field: FieldSpec) -> list[tuple[str, str, Any]]:
    """(operator, value, words) of what can be asked of a reference about the reader himself."""
    if field.kind != "ref" or field.name not in inspect(field.model).columns:
        return []
    targets = {key.column.table for key in inspect(field.model).columns[field.name].foreign_keys}
    found: list[tuple[str, str, Any]] = [("me", "", LABELS["me"])] if targets & {User.__table__} else []
    for one in edited.ATTRIBUTES.values():
        if inspect(one.model).local_table in targets:
            found.append(("mine", one.name, one.label))
    return found


@dataclass(frozen=True)
class Condition:
    """One condition as it was read, for chips and explanations."""

    name: str
    op: str
    value: Any
    spec: FieldSpec


def loads(text: str) -> Any:
    """A tree from a URL.

    :raises BadRequest: when it is too long or no JSON
    """
    if len(text) > MAX_LENGTH:
        raise BadRequest(gettext("This filter is too long."))
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        tree = None
    if not tree:
        raise BadRequest(gettext("This filter cannot be read."))
    return tree


def build(
    tree: Any, model: type[Any], names: Collection[str], actor: Any, person: Any = None
) -> ColumnElement[bool]:
    """The SQL condition of a tree over `model`, using only the columns `names` that `actor` may use.

    :param person: who is meant by `me` and `mine`, where that is somebody else
    :raises BadRequest: for an unknown column or operator, a value that does not fit, or a tree out of bounds
    """
    return _group(tree, _Reader(model, frozenset(names), actor, person or actor), 0)


def conditions(tree: Any, model: type[Any], names: Collection[str], actor: Any) -> list[Condition]:
    """The conditions of a tree, flat, for showing what is filtered."""
    reader = _Reader(model, frozenset(names), actor, actor)
    _group(tree, reader, 0)
    return reader.seen


class _Reader:
    def __init__(self, model: type[Any], names: frozenset[str], actor: Any, person: Any) -> None:
        self.model, self.names, self.actor, self.person = model, names, actor, person
        self.seen: list[Condition] = []

    def condition(self, node: list[Any]) -> ColumnElement[bool]:
        if len(node) not in (2, 3) or not all(isinstance(part, str) for part in node[:2]):
            raise BadRequest(gettext("This filter cannot be read."))
        name, op, value = node[0], node[1], node[2] if len(node) == 3 else None
        if name not in self.names:
            raise BadRequest(gettext("“%(name)s” cannot be filtered.", name=name[:60]))
        if len(self.seen) >= MAX_CONDITIONS:
            raise BadRequest(gettext("This filter has too many conditions."))
        head, _dot, tail = name.partition(".")
        self._usable(self.model, head, name)
        if not tail:
            field = field_of(self.model, head)
            self.seen.append(Condition(name, op, value, field))
            return self._asked(field, op, value)
        first = spec(self.model, head)
        if first.target is None or first.relation is None:
            raise BadRequest(gettext("“%(name)s” cannot be filtered.", name=name[:60]))
        self._usable(first.target, tail, name)
        field = field_of(first.target, tail)
        self.seen.append(Condition(name, op, value, field))
        inner = self._asked(field, op, value)
        scope = policy.row_condition(self.actor, first.target)
        return getattr(self.model, first.relation).has(inner if scope is None else and_(inner, scope))

    def _asked(self, field: FieldSpec, op: str, value: Any) -> ColumnElement[bool]:
        return _personal(field, op, value, self.person) if op in ("me", "mine") else _compare(field, op, value)

    def _usable(self, model: type[Any], part: str, name: str) -> None:
        if not policy.fields(self.actor, resource_of(model)).usable(part):
            raise BadRequest(gettext("“%(name)s” cannot be filtered.", name=name[:60]))


def _group(node: Any, reader: _Reader, depth: int) -> ColumnElement[bool]:
    if isinstance(node, list):
        return reader.condition(node)
    if not isinstance(node, dict) or len(node) != 1 or depth >= MAX_DEPTH:
        raise BadRequest(gettext("This filter cannot be read."))
    (word, parts), *_rest = node.items()
    if word == "not":
        return not_(_group(parts, reader, depth + 1))
    if word not in ("and", "or") or not isinstance(parts, list) or not parts:
        raise BadRequest(gettext("This filter cannot be read."))
    built = [_group(part, reader, depth + 1) for part in parts]
    return and_(*built) if word == "and" else or_(*built)


def _compare(field: FieldSpec, op: str, value: Any) -> ColumnElement[bool]:
    if op not in operators(field):
        raise BadRequest(gettext("“%(label)s” knows no “%(op)s”.", label=field.label, op=op[:20]))
    try:
        if field.kind == "many":
            return _many(field, op, value)
        if op in ("empty", "not_empty"):
            return _empty(field, op == "empty")
        if field.kind in ("date", "instant"):
            return _time(field, op, value)
        return _SIMPLE[op](field, value)
    except ValueError as error:
        raise BadRequest(f"{field.label}: {error}", field=field.name) from None


def _personal(field: FieldSpec, op: str, value: Any, person: Any) -> ColumnElement[bool]:
    """`me` and `mine`: what the reader himself has. Nobody, and the system, have nothing."""
    known = [(word, name) for word, name, _label in personal(field)]
    if (op, "" if op == "me" and value in (None, "") else value) not in known:
        raise BadRequest(gettext("“%(label)s” knows no “%(op)s”.", label=field.label, op=op[:20]))
    someone = person_of(person)
    if getattr(someone, "id", None) is None:
        return false()
    if op == "me":
        return field.column == someone.id
    return field.column.in_(edited.ATTRIBUTES[value].ids(someone))


def _one(field: FieldSpec, value: Any) -> Any:
    parsed = field.parse(value if not isinstance(value, list | dict) else None)
    if parsed is None:
        raise ValueError(gettext("This is needed."))
    return parsed


def _list(field: FieldSpec, value: Any, size: int = MAX_VALUES) -> list[Any]:
    parts = value if isinstance(value, list) else str(value if value is not None else "").split(",")
    if not parts or len(parts) > size:
        raise ValueError(gettext("Give one to %(max)s values.", max=size))
    return [_one(field, part) for part in parts]


def _pair(field: FieldSpec, value: Any) -> list[Any]:
    pair = _list(field, value, 2)
    if len(pair) != 2:
        raise ValueError(gettext("Give two values."))
    return _in_order(pair)


def _in_order(pair: Any) -> Any:
    if pair[0] > pair[1]:
        raise ValueError(gettext("The first value is larger than the second."))
    return pair


def _words(field: FieldSpec, value: Any) -> str:
    if not isinstance(value, str | int) or str(value) == "" or len(str(value)) > 200:
        raise ValueError(gettext("Give some text."))
    return str(value)


def _between(field: FieldSpec, value: Any) -> ColumnElement[bool]:
    return field.column.between(*_pair(field, value))


def _under(field: FieldSpec, value: Any) -> ColumnElement[bool]:
    """Rows that point at a node or at one below it; `__tree__` names the column with its path (`/3/17/`)."""
    target: Any = field.target
    column = getattr(target, target.__tree__)
    path = db.session.scalar(select(column).where(target.id == _one(field, value)))
    if not path:
        raise ValueError(gettext("Choose one from the list."))
    return field.column.in_(select(target.id).where(column.startswith(path, autoescape=True)))


_SIMPLE: dict[str, Callable[[FieldSpec, Any], ColumnElement[bool]]] = {
    "contains": lambda f, v: f.column.icontains(_words(f, v), autoescape=True),
    "not_contains": lambda f, v: or_(f.column.is_(None), ~f.column.icontains(_words(f, v), autoescape=True)),
    "starts": lambda f, v: f.column.istartswith(_words(f, v), autoescape=True),
    "eq": lambda f, v: f.column == _one(f, v),
    "ne": lambda f, v: or_(f.column.is_(None), f.column != _one(f, v)),
    "gt": lambda f, v: f.column > _one(f, v),
    "gte": lambda f, v: f.column >= _one(f, v),
    "lt": lambda f, v: f.column < _one(f, v),
    "lte": lambda f, v: f.column <= _one(f, v),
    "between": _between,
    "in": lambda f, v: f.column.in_(_list(f, v)),
    "not_in": lambda f, v: or_(f.column.is_(None), f.column.not_in(_list(f, v))),
    "is": lambda f, v: f.column.is_(bool(_one(f, v))),
    "under": _under,
}


def _empty(field: FieldSpec, wanted: bool) -> ColumnElement[bool]:
    nothing = field.column.is_(None)
    if field.kind in ("text", "longtext", "phone", "email", "url", "code"):
        nothing = or_(nothing, field.column == "")
    return nothing if wanted else not_(nothing)


def _many(field: FieldSpec, op: str, value: Any) -> ColumnElement[bool]:
    relation: Any = getattr(field.model, field.name)
    if op in ("empty", "not_empty"):
        return ~relation.any() if op == "empty" else relation.any()
    target: Any = field.target
    keys = field.parse(value if isinstance(value, list) else str(value or ""))
    if not keys or len(keys) > MAX_VALUES:
        raise ValueError(gettext("Give one to %(max)s values.", max=MAX_VALUES))
    if op == "all":
        return and_(*(relation.any(target.id == key) for key in keys))
    found = relation.any(target.id.in_(keys))
    return found if op == "any" else ~found


def period(name: str) -> tuple[dt.date, dt.date]:
    """First and last date of a named period, on the wall of the shop."""
    today = clock.today()
    day = dt.timedelta(days=1)
    monday, first = today - today.weekday() * day, today.replace(day=1)
    quarter = first.replace(month=first.month - (first.month - 1) % 3)
    spans = {
        "today": (today, today), "yesterday": (today - day, today - day), "tomorrow": (today + day, today + day),
        "last_7_days": (today - 6 * day, today), "last_30_days": (today - 29 * day, today),
        "last_90_days": (today - 89 * day, today), "next_7_days": (today, today + 6 * day),
        "this_week": (monday, monday + 6 * day), "this_quarter": (quarter, _month_end(quarter.replace(month=quarter.month + 2))),
        "last_year": (dt.date(today.year - 1, 1, 1), dt.date(today.year - 1, 12, 31)),
        "last_week": (monday - 7 * day, monday - day), "this_month": (first, _month_end(first)),
        "last_month": ((first - day).replace(day=1), first - day),
        "this_year": (today.replace(month=1, day=1), today.replace(month=12, day=31)),
    }  # fmt: skip
    if name not in spans:
        raise ValueError(gettext("There is no such period."))
    return spans[name]


def _month_end(first: dt.date) -> dt.date:
    return (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)


def _time(field: FieldSpec, op: str, value: Any) -> ColumnElement[bool]:
    """Whole days of the shop, so that "on 11 November" means its midnight to its midnight."""
    if op == "within":
        first, last = period(str(value))
    elif op == "between":
        first, last = _dates(value)
    else:
        first = last = _date(value)
    if op in ("before", "after"):
        edge: Any = first if op == "before" else last
        if field.kind == "instant":
            edge = clock.day_start(first) if op == "before" else clock.day_start(last + dt.timedelta(days=1))
            return field.column < edge if op == "before" else field.column >= edge
        return field.column < edge if op == "before" else field.column > edge
    if field.kind == "date":
        return field.column.between(first, last)
    start, end = clock.day_span(first, last)
    return and_(field.column >= start, field.column < end)


def _date(value: Any) -> dt.date:
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(gettext("“%(text)s” is no date such as 2026-11-21.", text=str(value)[:40])) from None


def _dates(value: Any) -> tuple[dt.date, dt.date]:
    parts = value if isinstance(value, list) else str(value).split(",")
    if len(parts) != 2:
        raise ValueError(gettext("Give two values."))
    first, last = _in_order((_date(parts[0]), _date(parts[1])))
    return first, last


def count_up_to(statement: Any, limit: int) -> Any:
    """A select of how many rows a statement has, counting no further than `limit`."""
    return select(func.count()).select_from(
        statement.with_only_columns(literal(1), maintain_column_froms=True).order_by(None).limit(limit).subquery()
    )
