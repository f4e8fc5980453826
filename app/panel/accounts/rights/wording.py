"""Rules of rows and fields in words: "Channel is one of my channels, or Total at least 100"."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts.configuration import rules
from app.panel.accounts.rights import naming
from app.panel.core import filters, filterwords
from app.panel.core.fields import FieldSpec, spec

LEVELS = {"hidden": _("hidden"), "masked": _("masked"), "read": _("reads"), "write": _("as the right says")}


def field_of(model: type[Any], name: str) -> tuple[FieldSpec, str]:
    """The field behind `channel_id` or `customer.phone`, and what it is called in full.

    :raises KeyError: when there is none
    """
    head, _dot, tail = name.partition(".")
    first = filters.field_of(model, head)
    if not tail:
        return first, field_label(model, head)
    if first.target is None:
        raise KeyError(name)
    field = filters.field_of(first.target, tail)
    return field, f"{first.label} · {field.label}"


def sentence(tree: Any, model: type[Any]) -> str:
    """A filter tree in words; what its code no longer knows is shown as it is written."""
    if isinstance(tree, list):
        return _condition(tree, model)
    if not isinstance(tree, dict) or len(tree) != 1:
        return str(tree)
    word, parts = next(iter(tree.items()))
    if word == "not":
        return gettext("not (%(condition)s)", condition=sentence(parts, model))
    said = [_inside(part, model, len(parts)) for part in parts]
    return (gettext(", and ") if word == "and" else gettext(", or ")).join(said)


def _inside(part: Any, model: type[Any], count: int) -> str:
    """A part of a group; a group in a group stands in brackets."""
    text = sentence(part, model)
    return f"({text})" if isinstance(part, dict) and count > 1 else text


def _condition(node: list[Any], model: type[Any]) -> str:
    name, op, value = [*node, None, None][:3]
    try:
        field, label = field_of(model, name)
    except (KeyError, AttributeError, TypeError):
        return " ".join(str(part) for part in node)
    return filterwords.describe(filters.Condition(name, op, value, replace(field, label=label)))


def rows_said(rules_: list[dict[str, Any]], resource: str) -> str:
    """The row rules of a role on a resource as one sentence."""
    model = rules.model_of(resource)
    if not rules_ or model is None:
        return gettext("all rows")
    said = [sentence(rule["filter"], model) for rule in rules_]
    return said[0] if len(said) == 1 else gettext("; or ").join(said)


def fields_said(levels: dict[str, str], resource: str) -> list[tuple[str, str]]:
    """(field, level) in words."""
    model = rules.model_of(resource)
    return [(field_label(model, name), str(LEVELS.get(level, level))) for name, level in sorted(levels.items())]


def field_label(model: type[Any] | None, name: str) -> str:
    """What the screens call a field."""
    if model is None or not hasattr(model, name):
        return name
    return str(filters.PEOPLE[name]) if name in filters.PEOPLE else rules.label(model, name)


def has_label(model: type[Any], name: str) -> bool:
    """Does a screen name it? What is only computed inside has no word that a person knows."""
    view = current_app.extensions["panel_views"].get(model)
    return spec(model, name).kind != "computed" or (view is not None and name in view.label_columns)


def rules_of(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Every rule of a role, a line a resource."""
    names = naming.resources()
    return [
        {
            "resource": resource, "label": str(names.get(resource) or naming.spoken_name(resource)),
            "rows": rows_said(entry["rows"][resource], resource) if resource in entry["rows"] else "",
            "fields": fields_said(entry["fields"].get(resource, {}), resource),
        }
        for resource in sorted({*entry["rows"], *entry["fields"]})
    ]  # fmt: skip


def resource_label(resource: str) -> str:
    """What the screens call a resource."""
    return str(naming.resources().get(resource) or naming.spoken_name(resource))
