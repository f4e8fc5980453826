"""Who may hear an event? The policy is asked for each one, with answers that are at most four seconds old."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from app.panel.core import bus, menu, policy
from app.panel.core.db import PanelModel, db
from app.panel.core.fields import resource_of

FRESH = 4.0
MOST_REMEMBERED = 20_000
NOTHING, SOME_ROWS, ALL_ROWS = "nothing", "some rows", "all rows"


@dataclass(frozen=True)
class Event:
    """One entry of the stream; `position` orders them and is what a page names to catch up."""

    position: tuple[int, int]
    topic: str
    kind: str
    data: str  # JSON
    resource: str
    request: str = ""  # the id of what caused it

    @property
    def id(self) -> str:
        return f"{self.position[0]}-{self.position[1]}"

    @functools.cached_property
    def text(self) -> str:
        """It as a stream is told it: made once, for however many streams."""
        words = {"topic": self.topic, "kind": self.kind, "request": self.request}
        body = f'{json.dumps(words, separators=(",", ":"))[:-1]},"data":{self.data}}}'
        return f"id: {self.id}\ndata: {body}\n\n"


class Audience:
    """Answers for all streams of a process; its methods block, so the hub calls them in threads."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._rights: dict[tuple[int, str], tuple[float, str]] = {}
        self._rows: dict[tuple[int, str, int], float] = {}  # until when a row that was seen counts as seen

    def known(self, user_id: int, resource: str) -> str | None:
        """A right that is fresh in memory; None when it must be asked for."""
        asked_at, right = self._rights.get((user_id, resource), (0.0, ""))
        return right if right and time.monotonic() - asked_at < FRESH else None

    def ask(self, user_id: int, resources: Sequence[str]) -> dict[str, str]:
        """Ask the policy for these resources, and remember what it says."""
        with self.app.app_context():
            user = _user(user_id)
            found = {resource: _right(user, resource) for resource in resources}
        if len(self._rights) > MOST_REMEMBERED:
            self._rights.clear()
        self._rights.update({(user_id, resource): (time.monotonic(), right) for resource, right in found.items()})
        return found

    def rows(self, user_id: int, resource: str, ids: Sequence[int]) -> set[int]:
        """Which of these rows the user may see."""
        with self.app.app_context():
            user, model = _user(user_id), _model(resource)
            if user is None or model is None:
                return set()
            query = policy.scope(select(model.id).where(model.id.in_(ids)), user, model)
            found = set(db.session.scalars(query))
        if len(self._rows) > MOST_REMEMBERED:
            self._rows.clear()
        self._rows.update(dict.fromkeys(((user_id, resource, number) for number in found), time.monotonic() + FRESH))
        return found

    def seen(self, user_id: int, resource: str, ids: Sequence[int]) -> set[int] | None:
        """These rows, if all of them were seen by the user a moment ago; None when it must be asked. A row that he did not see
        is asked for each time: it may just have become his."""
        now = time.monotonic()
        known = all(self._rows.get((user_id, resource, number), 0.0) > now for number in ids)
        return set(ids) if ids and known else None


    def recounted(self, user_id: int, topic: str) -> bool:
        """Has a count in his menu changed that listens to this topic? One that nobody has asked for yet counts as changed."""
        with self.app.app_context():
            user = _user(user_id)
            if user is None:
                return False
            before = menu.last_known(user)
            return any(before.get(key) != number for key, number in menu.counts(user, {topic}).items())


def _user(user_id: int) -> User | None:
    user = db.session.get(User, user_id)
    return user if user is not None and user.is_active else None


def _right(user: User | None, resource: str) -> str:
    if user is None or not policy.allowed(user, "read", resource):
        return NOTHING
    model = _model(resource)
    return ALL_ROWS if model is None or policy.row_condition(user, model) is None else SOME_ROWS


def _model(resource: str) -> Any:
    for mapper in PanelModel.registry.mappers:
        if issubclass(mapper.class_, PanelModel) and resource_of(mapper.class_) == resource:
            return mapper.class_
    return None


def resources_of(events: Sequence[Event]) -> set[str]:
    """The resources whose rights decide who hears these events."""
    return {event.resource for event in events if event.resource and bus.owner(event.topic) is None}
