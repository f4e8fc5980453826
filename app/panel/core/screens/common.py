"""What all kinds of pages share."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _

from app.panel.core import policy, routing
from app.panel.core.actor import current_actor
from app.panel.core.fields import FieldSpec, specs

FEW = 8  # fields that need no groups
OF_THE_RECORD = ("id", "created_at", "changed_at")
GROUP_OF = {"money": "amounts", "date": "times", "instant": "times", "longtext": "texts", "json": "texts"}
GROUPS = {"": "", "amounts": _("Amounts"), "times": _("Times"), "texts": _("Texts"), "record": _("Record")}


def fieldsets(declared: Any) -> list[Any]:
    """FAB's `(title, {"fields": […]})` and our shorter `(title, […])` → the former."""
    return [(title, part if isinstance(part, dict) else {"fields": list(part)}) for title, part in declared or []]


def names(sets: list[Any]) -> list[str]:
    return [name for _title, part in sets for name in part["fields"]]


def default_fieldsets(view: Any) -> list[Any]:
    """The fields of a page that nobody arranged: what it is first, then amounts, times and texts, and its own data last."""
    known = [s for s in dict.fromkeys(specs(view.model).values()) if visible(s)]
    if len(known) <= FEW:
        return [("", {"fields": [s.screen_name for s in known]})]
    parts: dict[str, list[str]] = {"": [], "amounts": [], "times": [], "texts": [], "record": []}
    for field in known:
        own = "record" if field.name in OF_THE_RECORD else GROUP_OF.get(field.kind, "")
        parts[own].append(field.screen_name)
    for name in ("amounts", "times"):
        if len(parts[name]) == 1:  # alone it is no group
            parts[""] += parts.pop(name)
    return [(GROUPS[name], {"fields": fields}) for name, fields in parts.items() if fields]


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


def linker() -> Callable[[Any], str]:
    """`row_url` for many rows of a page: what it asks of a table is asked once."""
    known: dict[type, tuple[str, str] | None] = {}

    def url(row: Any) -> str:
        if (kind := type(row)) not in known:
            view = current_app.extensions["panel_views"].get(kind)
            may_open = view is not None and policy.allowed(current_actor(), "read", view.resource)
            known[kind] = routing.around(f"{view.endpoint}.show", "pk") if may_open else None
        return "" if (around := known[kind]) is None else f"{around[0]}{row.id}{around[1]}"

    return url


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


def operations(view: Any, actor: Any) -> list[SimpleNamespace]:
    """What can be done to many rows of this view at once, as whoever knows of such operations says."""
    offered = current_app.extensions.get("panel_operations")
    return list(offered(view, actor)) if offered is not None else []


def owning(model: type[Any], name: str) -> set[Any]:
    """The columns of a child that point at its parent; another reference to the same table is a field of its own."""
    return set(model.__mapper__.relationships[name].remote_side)
