"""Where an entry of the menu leads, and which right one needs there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.panel.core import savedlists
from app.panel.core.db import db
from app.panel.core.errors import BadRequest
from app.panel.core.fields import resource_of
from app.panel.core.menutree import KEPT_LIST, Node, Reader, Target
from app.panel.core.pages import PUBLIC
from app.panel.core.savedlists import SavedList

LONGEST = 500
_PLAIN = re.compile(r"[\x21-\x7e\u00a0-\U0010ffff]+")


@dataclass(frozen=True)
class KeptList:
    """A kept view of a list as the menu needs it."""

    id: int
    name: str
    list_key: str
    state: str
    roles: frozenset[str]
    owner: int


def needs_of(view: Any, method: str) -> tuple[str, str]:
    """(verb, resource) of a method of a view; the resource is the view's own unless the method says another."""
    verb, resource = getattr(getattr(view, method, None), "_needs", ("read", None))
    return verb, resource or view.class_permission_name


def is_outside(url: str) -> bool:
    """An address of another house: https, with a host, without a name and password in it."""
    if len(url) > LONGEST or not _PLAIN.fullmatch(url) or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.username is None and (parts.port or 443) > 0
    except ValueError:
        return False


def is_own(url: str) -> bool:
    """An address of this house, written from its root; `//host` is none."""
    return (
        len(url) <= LONGEST and bool(_PLAIN.fullmatch(url)) and url.startswith("/") and not url.startswith("//")
        and "\\" not in url
    )  # fmt: skip


def endpoint_of(url: str) -> str | None:
    """The screen behind an address of ours that is the same for everybody; None where there is none."""
    path = urlsplit(url).path
    try:
        endpoint, arguments = current_app.url_map.bind("localhost").match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    return str(endpoint) if not arguments else None


def own_page(url: str) -> Target | None:
    """A page of ours and what it needs. A page that does not say so, or is about one row, does not stand in a menu."""
    endpoint = endpoint_of(url) if is_own(url) else None
    if endpoint is None:
        return None
    sheets: dict[Any, str] = current_app.extensions["panel_sheets"]
    if (model := next((one for one, place in sheets.items() if place == endpoint), None)) is not None:
        resource = resource_of(model)
        return Target(url, "read", resource, resource.partition(".")[0])
    blueprint, _dot, method = endpoint.rpartition(".")
    view = next((one for one in current_app.appbuilder.baseviews if one.endpoint == blueprint), None)  # type: ignore[attr-defined]
    found = getattr(view, method, None)
    if view is None or not (hasattr(found, "_needs") or getattr(found, PUBLIC, False)):
        return None
    verb, resource = needs_of(view, method) if hasattr(found, "_needs") else ("", "")
    return Target(url, verb, resource, getattr(view, "domain_key", ""))


def kept_lists(ids: Iterable[int]) -> dict[int, KeptList]:
    """The kept views of these ids that are there and shared; one statement, and none for none."""
    wanted = tuple(ids)
    if not wanted:
        return {}
    rows: Any = db.session.scalars(
        select(SavedList).where(SavedList.id.in_(wanted), SavedList.is_shared).order_by(SavedList.id)
    )
    return {
        row.id: KeptList(row.id, row.name, row.list_key, repr(row.state), frozenset(row.roles), row.user_id)
        for row in rows
    }


@dataclass
class Targets:
    """Answers for each entry where it leads. Without an actor (a menu shown as a role has it) states are not read."""

    lists: dict[int, KeptList]
    reader: Reader
    actor: Any = None

    def __call__(self, node: Node) -> Target | None:
        if node.place is not None:
            place = node.place
            return Target(place.url(), place.verb, place.resource, place.module)
        if node.key.startswith(KEPT_LIST):
            return self._kept_list(int(node.key.removeprefix(KEPT_LIST)))
        if is_outside(node.url):
            return Target(node.url)
        return own_page(node.url)

    def _kept_list(self, key: int) -> Target | None:
        kept = self.lists.get(key)
        readers = {*self.reader.roles, savedlists.EVERYBODY}
        if kept is None or not (self.reader.rights is None or kept.roles & readers or kept.owner == self.reader.person):
            return None
        view = list_view(kept.list_key)
        if view is None:
            return None
        target = Target(view.url("list"), "read", view.resource, view.domain_key, kept.name)
        row = db.session.get(SavedList, key)
        if self.actor is None or row is None or not self.reader.may_open(target):
            return target
        try:
            asked = savedlists.understood(row.state, view.plan(self.actor), self.actor)
        except BadRequest:
            return None
        return Target(asked.url(target.url), target.verb, target.resource, target.module, kept.name)


def list_view(list_key: str) -> Any:
    """The list that a kept view belongs to."""
    found = (view for view in current_app.extensions["panel_view_of"].values() if view.endpoint == list_key)
    return next((one for one in found if hasattr(one, "plan")), None)
