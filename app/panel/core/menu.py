"""The menu: what the domains contribute, narrowed to what its reader may open. FAB's own menu stays empty."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import current_app, request

from app.panel.core import policy
from app.panel.core.actor import current_actor
from app.panel.core.domain import Domain, Entry

_badges: dict[str, Any] = {}


def badge(endpoint: str) -> Any:
    """Register a live count for a menu entry: `@badge("books_loan") def open_ones(actor): …`."""

    def register(func: Any) -> Any:
        _badges[endpoint] = func
        return func

    return register


class Group(SimpleNamespace):
    """A group of the menu. Templates ask for `group["items"]`, for `items` is a method of a dict."""

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


def groups() -> list[Group]:
    """Groups with their entries, for this reader."""
    actor, found = current_actor(), []
    for domain in current_app.extensions["panel_domains"]:
        items = [
            _item(domain, entry) for entry in sorted(domain.entries, key=lambda e: e.order) if _shown(entry, actor)
        ]
        if items:
            label = str(domain.label)
            found.append(Group(key=domain.key, label=label, icon=domain.icon, order=domain.order, items=items))
    found.sort(key=lambda group: group.order)
    return found


def _shown(entry: Entry, actor: Any) -> bool:
    view = current_app.extensions["panel_view_of"].get(entry.view)
    if not entry.in_menu or view is None:
        return False
    verb, resource = getattr(getattr(view, view.default_view), "_needs", ("read", None))
    return not verb or policy.allowed(actor, verb, resource or view.class_permission_name)


def _item(domain: Domain, entry: Entry) -> SimpleNamespace:
    view = current_app.extensions["panel_view_of"][entry.view]
    url = view.get_default_url()
    count = _badges[view.endpoint](current_actor()) if view.endpoint in _badges else None
    # the list, the show page and the form of a view all light up its entry
    active = request.blueprint == view.endpoint if request.blueprint != domain.key else request.path == url
    return SimpleNamespace(
        key=view.endpoint, label=str(entry.label), icon=entry.icon, url=url, active=active, badge=count
    )
