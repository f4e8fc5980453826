"""The menu: what the domains contribute, narrowed to what its reader may open. FAB's own menu stays empty."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from flask import current_app, request

from app.panel.core import policy
from app.panel.core.actor import current_actor
from app.panel.core.domain import Domain

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


@dataclass(frozen=True)
class Place:
    """An entry of the menu and what opens it; without a verb everybody who is logged in may."""

    view: Any
    label: Any
    icon: str
    verb: str
    resource: str


def groups() -> list[Group]:
    """Groups with their entries, for this reader."""
    actor, blueprint, path = current_actor(), request.blueprint, request.path
    found = []
    for domain, places in _places():
        items = [
            _item(place, actor, path if blueprint == domain.key else "", blueprint)
            for place in places
            if not place.verb or policy.allowed(actor, place.verb, place.resource)
        ]
        if items:
            found.append(Group(key=domain.key, label=str(domain.label), icon=domain.icon, order=domain.order, items=items))
    return found


def _places() -> list[tuple[Domain, list[Place]]]:
    """What the domains contribute, in its order: the same as long as the process lives."""
    kept = current_app.extensions.get("panel_places")
    if kept is None:
        domains = sorted(current_app.extensions["panel_domains"], key=lambda domain: domain.order)
        kept = [(domain, _of(domain)) for domain in domains]
        current_app.extensions["panel_places"] = kept
    return kept  # type: ignore[no-any-return]


def _of(domain: Domain) -> list[Place]:
    places = []
    for entry in sorted(domain.entries, key=lambda entry: entry.order):
        view = current_app.extensions["panel_view_of"].get(entry.view)
        if entry.in_menu and view is not None:
            verb, resource = getattr(getattr(view, view.default_view), "_needs", ("read", None))
            places.append(Place(view, entry.label, entry.icon, verb, resource or view.class_permission_name))
    return places


def _item(place: Place, actor: Any, path: str, blueprint: str | None) -> SimpleNamespace:
    """One line. `path` is told where several pages share a blueprint, which does not say then which of them is open."""
    view = place.view
    url = view.get_default_url()
    count = _badges[view.endpoint](actor) if view.endpoint in _badges else None
    # the list, the show page and the form of a view all light up its entry
    active = path == url if path else blueprint == view.endpoint
    return SimpleNamespace(
        key=view.endpoint, label=str(place.label), icon=place.icon, url=url, active=active, badge=count
    )
