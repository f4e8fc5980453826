"""Which fields of which models stand in the index, and under which number and letters."""

from __future__ import annotations

import string
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import String

from app.panel.core.db import PanelModel
from app.panel.core.fields import FieldSpec, spec, specs
from app.panel.core.finding import words

LETTERS = string.ascii_lowercase[:16]
KEY_BITS = 40
NUMBER_BITS = 23  # so that a document's number fits 63 bits
DEFAULT_KINDS = ("text", "phone", "email")
RANKED = ("instant", "date")  # and the number of the row; a counter may grow without the feed being told


@dataclass(frozen=True)
class Plan:
    """The fields of one model in the index. Whatever changes their meaning changes the number, so that what was indexed
    under other rules is never read as if it were under these."""

    model: type[Any]
    number: int
    letters: dict[str, str]
    rank: str = ""  # the field by which its list is ordered, of which documents know the value; empty where none can be told so

    @property
    def table(self) -> str:
        return str(self.model.__tablename__)

    @property
    def base(self) -> int:
        """What is added to the number of a row to get that of its document."""
        return self.number << KEY_BITS

    @property
    def end(self) -> int:
        return self.base + (1 << KEY_BITS) - 1


def default_search(model: type[Any]) -> list[str]:
    """The fields that a search looks into when nobody said which: those that were declared with `search=True`, else the
    lines of text that every row has or that no two rows share."""
    own = list(dict.fromkeys(specs(model).values()))
    declared = [one.name for one in own if one.search]
    return declared or [one.name for one in own if (one.required or one.unique) and _is_line(one)]


def _is_line(field: FieldSpec) -> bool:
    return field.kind in DEFAULT_KINDS and not field.hidden and not field.readonly


def plan_of(model: type[Any]) -> Plan | None:
    """How a model stands in the index; None where it does not, for nothing tells the feed of its changes."""
    return plans().get(model)


def plans() -> dict[type[Any], Plan]:
    """All of them, once an application."""
    found: dict[type[Any], Plan] | None = current_app.extensions.get("panel_search_plans")
    if found is None:
        found = current_app.extensions["panel_search_plans"] = _made()
    return found


def _made() -> dict[type[Any], Plan]:
    names: dict[type[Any], dict[str, None]] = {}
    for model in current_app.extensions.get("panel_models", {}).values():
        _add(names, model, default_search(model))
    for view in current_app.extensions.get("panel_view_of", {}).values():
        _add(names, getattr(view, "model", None), getattr(view, "search_columns", None) or ())
    views = current_app.extensions.get("panel_views", {})
    found = {model: _plan(model, sorted(fields), views.get(model)) for model, fields in names.items() if fields}
    if len({plan.number for plan in found.values()}) < len(found):
        raise RuntimeError("two tables of the search index have the same number; rename a field of one of them")
    return found


def _add(names: dict[type[Any], dict[str, None]], model: Any, fields: Iterable[str]) -> None:
    for name in fields:
        head, _dot, tail = name.partition(".")
        field = spec(model, head)
        if tail:
            _add(names, field.target, [tail])
        elif can_be_indexed(model, field):
            names.setdefault(model, {})[field.name] = None


def can_be_indexed(model: type[Any], field: FieldSpec) -> bool:
    """Text of a row whose every change is told to the feed."""
    is_told = issubclass(model, PanelModel) and not getattr(model, "__no_history__", False)
    return is_told and field.is_column and isinstance(field.column.type, String) and not field.choices


def _plan(model: type[Any], names: list[str], view: Any = None) -> Plan:
    if len(names) > len(LETTERS):
        raise RuntimeError(f"{model.__name__} has {len(names)} fields to search in; the index holds {len(LETTERS)}")
    said = f"{model.__tablename__}|{','.join(names)}|{words.RULES}"
    number = zlib.crc32(said.encode()) & ((1 << NUMBER_BITS) - 1) or 1
    return Plan(model, number, dict(zip(names, LETTERS, strict=False)), _rank(model, getattr(view, "default_sort", None) or ""))


def _rank(model: type[Any], sort: str) -> str:
    """The field of an order, where its value can be told as a whole number that orders rows as it does."""
    name = sort.removeprefix("-")
    field = specs(model).get(name)
    if field is None or not field.is_column or field.column.property.columns[0].nullable:
        return ""
    return name if name == "id" or field.kind in RANKED else ""
