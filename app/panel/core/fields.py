"""What is known of a field, declared once on the model, used by form, list, filter, API, import and inline edit."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import inspect
from sqlalchemy.orm import RelationshipProperty
from sqlalchemy.orm.attributes import InstrumentedAttribute

from app.panel.core import clock, money, parsing
from app.panel.core.choices import Choices
from app.panel.core.columns import INFO
from app.panel.core.types import ChoiceType

BUILT_IN = {
    "id": (_("No."), "integer"), "created_at": (_("Created"), "instant"), "changed_at": (_("Changed"), "instant"),
    "version": (_("Version"), "integer"),
}  # fmt: skip
TO_MANY = frozenset({"many", "children"})


@dataclass(frozen=True, eq=False)
class FieldSpec:
    """One field of a model. `name` is the attribute that holds the value; `relation` the attribute that holds the row."""

    model: type[Any]
    name: str
    label: Any
    kind: str
    required: bool = False
    unique: bool = False
    length: int | None = None
    digits: tuple[int, int] = (12, 3)
    choices: type[Choices] | None = None
    target: type[Any] | None = None
    relation: str | None = None
    search: bool = False
    help: Any = ""
    placeholder: Any = ""
    unit: Any = ""
    hidden: bool = False
    readonly: bool = False
    check: Any = None
    min: Any = None
    max: Any = None
    kinds: tuple[str, ...] = ()
    currency: str = "currency"
    adds_up: bool = False  # does the sum over many rows say something?
    default: Any = None

    @property
    def column(self) -> InstrumentedAttribute[Any]:
        return getattr(self.model, self.name)

    @property
    def is_column(self) -> bool:
        return self.kind not in TO_MANY and self.kind != "computed"

    @property
    def screen_name(self) -> str:
        """The name by which screens show it: the relation of a foreign key, else itself."""
        return self.relation or self.name

    def currency_of(self, row: Any) -> str:
        """The currency of the amounts of a row or of a dict of values."""
        head, _dot, tail = self.currency.partition(".")
        value = row.get(head) if isinstance(row, Mapping) else getattr(row, head, None)
        if tail and value is not None:
            value = getattr(value, tail, None)
        return value or default_currency()

    def parse(self, raw: Any, row: Any = None) -> Any:
        """The Python value of what was written, or None for nothing.

        :param row: the row, or the other values, where the currency of an amount is found
        :raises ValueError: with a sentence for the person
        """
        empty = raw is None or raw == "" or raw == [] or (isinstance(raw, str) and not raw.strip())
        if empty and self.kind != "bool":
            if self.required:
                raise ValueError(gettext("This is needed."))
            return [] if self.kind in TO_MANY else None
        if self.kind == "money":
            value: Any = parsing.amount(self, raw, self.currency_of(row if row is not None else {}))
        elif self.kind == "computed":
            raise ValueError(gettext("This cannot be changed."))
        else:
            value = parsing.BY_KIND[self.kind](self, "" if empty else raw)
        if self.check is not None:
            self.check(value)
        return value

    def plain(self, value: Any, row: Any = None) -> Any:
        """As JSON, a CSV cell and a form field carry it; `parse` reads it back."""
        if value is None or isinstance(value, bool):
            return value
        if self.kind == "money":
            return money.plain(value, self.currency_of(row))
        if isinstance(value, dt.datetime):
            return value.isoformat()
        if isinstance(value, dt.date):
            return value.isoformat()
        if isinstance(value, Decimal):
            return f"{value.normalize():f}"
        if isinstance(value, Choices):
            return value.value
        if self.kind == "many":
            return [row_.id for row_ in value]
        return value


def default_currency() -> str:
    """The currency of an amount whose row names none."""
    for source in _currency_source:
        if code := source():
            return code
    return "CNY"


_currency_source: list[Any] = []


def currency_from(source: Any) -> None:
    """Register who knows the currency of the business."""
    _currency_source.append(source)


def specs(model: type[Any]) -> dict[str, FieldSpec]:
    """All fields of a model by name; a foreign key answers to `author_id` and to `author`."""
    return _specs(model)  # type: ignore[arg-type]


@functools.cache
def _specs(model: Any) -> dict[str, FieldSpec]:
    mapper = inspect(model)
    relation_of = {
        next(iter(rel.local_columns)).key: rel
        for rel in mapper.relationships
        if rel.direction.name == "MANYTOONE" and len(rel.local_columns) == 1
    }
    found: dict[str, FieldSpec] = {}
    for attr in mapper.column_attrs:
        column = attr.columns[0]
        spec_ = _from_column(model, attr.key, column, relation_of.get(column.key))
        if spec_ is not None:
            found[attr.key] = spec_
            if spec_.relation:
                found[spec_.relation] = spec_
    for rel in mapper.relationships:
        if INFO in rel.info:
            found[rel.key] = _from_relation(model, rel)
    return found


def _from_column(model: type[Any], name: str, column: Any, rel: RelationshipProperty[Any] | None) -> FieldSpec | None:
    info = dict(column.info.get(INFO) or {})
    if not info:
        if name not in BUILT_IN:
            return None
        label, kind = BUILT_IN[name]
        return FieldSpec(model, name, label, kind, readonly=True)
    choices = column.type.choices if isinstance(column.type, ChoiceType) else None
    info.pop("format", None)
    default = column.default.arg if column.default is not None and column.default.is_scalar else None
    return FieldSpec(
        model,
        name,
        info.pop("label"),
        info.pop("kind"),
        unique=bool(column.unique),
        length=getattr(column.type, "length", None),
        digits=(getattr(column.type, "precision", None) or 12, getattr(column.type, "scale", None) or 0),
        choices=choices,
        target=rel.mapper.class_ if rel is not None else None,
        relation=rel.key if rel is not None else None,
        default=default,
        **info,
    )


def _from_relation(model: type[Any], rel: RelationshipProperty[Any]) -> FieldSpec:
    info = dict(rel.info[INFO])
    info.pop("format", None)
    return FieldSpec(model, rel.key, info.pop("label"), info.pop("kind"), target=rel.mapper.class_, **info)


def spec(model: type[Any], name: str) -> FieldSpec:
    """One field; an attribute that is no column (a property) is `computed`.

    :raises KeyError: when the model has no such attribute
    """
    known = specs(model).get(name)
    if known is not None:
        return known
    if not hasattr(model, name):
        raise KeyError(f"{model.__name__} has no field {name}")
    return FieldSpec(model, name, name.replace("_", " ").capitalize(), "computed", readonly=True)


def label_of(model: type[Any], name: str) -> Any:
    return spec(model, name).label


def resource_of(model: type[Any]) -> str:
    """`orders.Order`: the name under which the policy knows a model. `__resource__` on the class overrides it."""
    own = model.__dict__.get("__resource__")
    if own:
        return str(own)
    package = model.__module__.split(".models")[0]
    return f"{package.rpartition('.')[2]}.{model.__name__}"


def show_instant(value: dt.datetime) -> str:
    """An instant as people read it: the wall clock of the shop."""
    return clock.wall(value)
