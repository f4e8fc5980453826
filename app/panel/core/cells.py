"""What a list, a show page and a timeline show of a value: plain data; the template turns it into text nodes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypedDict, TypeVar

from flask_babel import gettext as _

from app.panel.core import clock, money, policy, sight
from app.panel.core.actor import current_actor
from app.panel.core.choices import Choices
from app.panel.core.db import PanelModel
from app.panel.core.fields import FieldSpec, resource_of, spec


class Cell(TypedDict, total=False):
    """`kind`: text, badge, badges, money, number, bool, instant, date, link, image, json, masked."""

    kind: str
    text: str
    url: str
    tone: str
    title: str
    items: list[Any]


Form = TypeVar("Form", bound=Callable[[Any], Any])


def badge(text: object, tone: str = "neutral", title: str = "") -> Cell:
    return {"kind": "badge", "text": str(text), "tone": tone, "title": title}


def text(value: object, title: str = "") -> Cell:
    return {"kind": "text", "text": "" if value is None else str(value), "title": title}


def link(value: object, url: str) -> Cell:
    return {"kind": "link", "text": str(value), "url": url}


def made_of(*columns: str, empty_without: str = "") -> Callable[[Form], Form]:
    """Say of which columns a formatter makes its cell, and that it needs nothing else: rows that agree in them share it.

        @cells.made_of("state", "is_held")
        def _state(order): …

    :param empty_without: one of them, without a value of which the cell is empty
    """

    def say(form: Form) -> Form:
        form.made_of, form.empty_without = columns, empty_without  # type: ignore[attr-defined]
        return form

    return say


def align(field: FieldSpec) -> str:
    return "end" if field.kind in ("money", "integer", "number") and field.relation is None else "start"


def value_of(row: Any, name: str) -> Any:
    """An attribute, or one of a related row (`customer.level`)."""
    if "." not in name:
        return getattr(row, name, None)
    for part in name.split("."):
        row = getattr(row, part, None)
    return row


def cell(row: Any, name: str, access: policy.FieldAccess, url_for_row: Any = None, model: Any = None) -> Cell:
    """The cell of one field of one row, masked where the reader may not see it whole.

    :param model: of the row, where it is a plain tuple
    """
    model = model or type(row)
    value = value_of(row, name)
    if access.masked(name) and value not in (None, ""):
        shown: Cell = {"kind": "masked", "text": access.mask(name, value)}
        if access.revealable(name):
            shown["url"] = f"/reveal/{resource_of(model)}/{row.id}/{name}"
        return shown
    if "." in name and (kept := _kept(row, name)) is not None:
        return kept
    if isinstance(value, PanelModel) and not sight.sees(current_actor(), value):
        return {"kind": "masked", "text": sight.unseen()}
    try:
        field: FieldSpec | None = spec(model, name) if "." not in name else None
    except KeyError:
        field = None
    return show(value, field, row, url_for_row)


def of_column(
    model: type[Any], name: str, access: policy.FieldAccess, url_for_row: Any = None
) -> Callable[[Any], Cell]:
    """How the cells of one column of many rows are made: the same cells as `cell` makes, but whatever depends on the
    column alone is asked once, and so is each value that rows share (a state, a shop)."""
    field = None if "." in name or access.masked(name) else spec(model, name)
    if field is None or not (field.is_column or field.choices is not None):
        return lambda row: cell(row, name, access, url_for_row, model)
    is_shared = field.choices is not None or field.relation == name or field.kind == "bool"
    known: dict[Any, Cell] = {}

    def shared(row: Any) -> Cell:
        value = getattr(row, name)
        key = id(value) if isinstance(value, PanelModel) else value
        if key not in known:
            known[key] = cell(row, name, access, url_for_row, model)
        return known[key]

    return shared if is_shared else lambda row: show(getattr(row, name), field, row, url_for_row)


def _kept(row: Any, name: str) -> Cell | None:
    """What stands for a value of a related row (`customer.phone`) that the reader may not see, or not whole."""
    *path, last = name.split(".")
    related = row
    for part in path:
        related = getattr(related, part, None)
        if isinstance(related, PanelModel) and not sight.sees(current_actor(), related):
            return {"kind": "masked", "text": sight.unseen()}
    if not hasattr(type(related), "__table__"):
        return None
    access = policy.fields(current_actor(), resource_of(type(related)))
    value = getattr(related, last, None)
    if not access.readable(last):
        return text("")
    return {"kind": "masked", "text": access.mask(last, value)} if access.masked(last) and value not in (None, "") else None


def show(value: Any, field: FieldSpec | None, row: Any = None, url_for_row: Any = None) -> Cell:
    """The cell of a value by its type and, where known, its field."""
    if value is None or value == "":
        return {"kind": "text", "text": ""}
    if type(value) is str and (field is None or field.kind == "text"):  # most cells are, and are nothing else
        return {"kind": "text", "text": value, "title": ""}
    if isinstance(value, dict) and "kind" in value:
        return value  # type: ignore[return-value]
    if isinstance(value, Choices):
        return badge(value.label, value.tone)
    if isinstance(value, bool):
        return {"kind": "bool", "text": _("yes") if value else _("no"), "tone": "success" if value else "muted"}
    if field is not None and field.kind == "money":
        return {"kind": "money", "text": money.format(value, field.currency_of(row))}
    if isinstance(value, dt.datetime):
        return {"kind": "instant", "text": clock.wall(value), "title": value.isoformat()}
    if isinstance(value, dt.date):
        return {"kind": "date", "text": value.isoformat()}
    if isinstance(value, Decimal):
        unit = str(field.unit) if field is not None and field.unit else ""
        return {"kind": "number", "text": f"{value.normalize():f} {unit}".strip()}
    if isinstance(value, int):
        unit = str(field.unit) if field is not None and field.unit else ""
        return {"kind": "number", "text": f"{value} {unit}".strip()}
    if isinstance(value, list | tuple | set):
        return {
            "kind": "badges",
            "text": ", ".join(str(item) for item in value),
            "items": [str(item) for item in value],
        }
    if isinstance(value, dict):
        return {"kind": "json", "text": "; ".join(f"{key}: {item}" for key, item in value.items())}
    if hasattr(type(value), "__table__"):
        url = url_for_row(value) if url_for_row is not None else ""
        return link(value, url) if url else text(value)
    if field is not None and field.kind == "url" and str(value).startswith(("https://", "http://")):
        return link(value, str(value))
    return text(value)
