"""What all kinds of pages share."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import current_app

from app.panel.core import policy
from app.panel.core.actor import current_actor
from app.panel.core.fields import FieldSpec, specs


def fieldsets(declared: Any) -> list[Any]:
    """FAB's `(title, {"fields": […]})` and our shorter `(title, […])` → the former."""
    return [(title, part if isinstance(part, dict) else {"fields": list(part)}) for title, part in declared or []]


def names(sets: list[Any]) -> list[str]:
    return [name for _title, part in sets for name in part["fields"]]


def default_fieldsets(view: Any) -> list[Any]:
    return [("", {"fields": [s.screen_name for s in dict.fromkeys(specs(view.model).values()) if visible(s)]})]


def visible(field: FieldSpec) -> bool:
    return not field.hidden and field.kind != "children" and field.name != "version"


def default_form(view: Any) -> list[Any]:
    known = dict.fromkeys(specs(view.model).values())
    return [("", {"fields": [s.name for s in known if visible(s) and not s.readonly]})]


def row_url(row: Any) -> str:
    """The show page of any row, if its model has a screen that this reader may open."""
    view = current_app.extensions["panel_views"].get(type(row))
    if view is None or not policy.allowed(current_actor(), "read", view.resource):
        return ""
    return str(view.url("show", pk=row.id))


def may(view: Any, verb: str) -> bool:
    return policy.allowed(current_actor(), verb, view.resource)


def action(view: Any, verb: Any) -> SimpleNamespace:
    return SimpleNamespace(
        name=verb.name,
        label=str(verb.label),
        icon=verb.icon,
        tone=verb.tone,
        confirm=str(verb.confirm or ""),
        needs_form=verb.asks,
        url=view.url("action_post"),
    )


def owning(model: type[Any], name: str) -> set[Any]:
    """The columns of a child that point at its parent; another reference to the same table is a field of its own."""
    return set(model.__mapper__.relationships[name].remote_side)
