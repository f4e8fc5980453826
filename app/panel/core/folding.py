"""Which resources belong to one screen, and which of their verbs say anything: so that rights read as few lines.

Lines belong to their order and pictures to their product: whoever decides who may do what decides once for all of them.
It is derived from the screens; what cannot be derived is declared by `part_of` in the `permissions.py` of a domain.
"""

from __future__ import annotations

from typing import Any

from flask import current_app

from app.panel.core import policy, settings
from app.panel.core.api import PanelApi
from app.panel.core.fields import resource_of, specs
from app.panel.core.views import PanelView

_declared: dict[str, str] = {}


def part_of(whole: str, *parts: str) -> None:
    """Say that these resources are decided upon with another: `part_of("orders.Order", "orders.OrderException")`."""
    for part in parts:
        _declared[part] = whole


def whole_of(resource: str) -> str:
    """The resource under which this one is shown; itself where it stands for itself."""
    known, seen = _wholes(), {resource}
    while (above := known.get(resource)) is not None and above not in seen:
        seen.add(above)
        resource = above
    return resource


def known_verbs() -> dict[str, tuple[str, ...]]:
    """The verbs that a screen, a page or a default right of each resource knows, the basic ones first.

    FAB also keeps rights that no screen asks for, such as to change a journal: they would only be noise.
    """
    kept = current_app.extensions.get("panel_known_verbs")
    if kept is None:
        kept = current_app.extensions["panel_known_verbs"] = _known_verbs()
    return kept  # type: ignore[no-any-return]


def _wholes() -> dict[str, str]:
    kept = current_app.extensions.get("panel_wholes")
    if kept is None:
        kept = current_app.extensions["panel_wholes"] = {**_derived(), **_declared}
    return kept  # type: ignore[no-any-return]


def _derived() -> dict[str, str]:
    """Rows that are edited in the form of others, and rows that are only a tab of others, of the same domain."""
    views = current_app.extensions["panel_views"]
    found: dict[str, str] = {}
    for model in current_app.extensions["panel_models"].values():
        view, whole = views.get(model), resource_of(model)
        inside = set(view.child_tables) if view is not None else set()
        for field in dict.fromkeys(specs(model).values()):
            if field.kind == "children" and field.target is not None:
                _put(found, resource_of(field.target), whole, field.name in inside)
        for tab in type(view).__dict__.get("tabs", ()) if view is not None else ():
            _put(found, resource_of(tab.view.datamodel.obj), whole, False)
    return found


def _put(found: dict[str, str], part: str, whole: str, is_inside: bool) -> None:
    if part != whole and part.partition(".")[0] == whole.partition(".")[0] and (is_inside or part not in _in_menu()):
        found.setdefault(part, whole)


def _in_menu() -> set[str]:
    """Resources with a list of their own in the menu."""
    of = current_app.extensions["panel_view_of"]
    entries = [e for domain in current_app.extensions["panel_domains"] for e in domain.entries if e.in_menu]
    return {of[e.view].resource for e in entries if isinstance(of.get(e.view), PanelView)}


def _known_verbs() -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {settings.RESOURCE: {"read", "write"}}
    views: list[Any] = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    for view in views:
        own = getattr(view, "class_permission_name", "") or ""
        if isinstance(view, PanelView):
            found.setdefault(own, set()).update(view.permissions())
        for name in dir(type(view)):
            verb, other = getattr(getattr(type(view), name, None), "_needs", None) or ("", None)
            resource = other or ("" if isinstance(view, PanelView | PanelApi) else own)
            if verb and "." in resource:
                found.setdefault(resource, set()).add(verb)
    for resource, verbs in policy.REGISTRY.verbs.items():
        found.setdefault(resource, set()).update(verbs)
    for rights in policy.REGISTRY.grants.values():
        for resource, granted in rights.items():
            found.setdefault(resource, set()).update(granted)
    return {resource: _in_order(resource, verbs) for resource, verbs in sorted(found.items()) if "." in resource}


def _in_order(resource: str, verbs: set[str]) -> tuple[str, ...]:
    order = list(policy.verb_labels(resource))
    return tuple(sorted(verbs, key=lambda verb: (order.index(verb) if verb in order else len(order), verb)))
