"""Attempts that the rights refused are told in the trail, without a script being able to flood it."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa
from flask import Response, request

from app.panel.accounts.models import User
from app.panel.core import history
from app.panel.core.actor import current_actor, person_of
from app.panel.core.db import db
from app.panel.core.transaction import transactional

SAFE = ("GET", "HEAD", "OPTIONS")
QUIET_SECONDS = 600  # the same person at the same address is told once in this time
MOST_KEPT = 5000
_told: dict[tuple[int, str], float] = {}


def after_request(response: Response) -> Response:
    """A person who asked to change something and may not. What he only wanted to see is no event."""
    if response.status_code == 403 and request.method not in SAFE and request.endpoint:
        actor = current_actor()
        number = _number_of(actor)
        if number is not None and _is_news(number, request.endpoint):
            db.session.rollback()
            tell(actor, request.method, request.url_rule.rule if request.url_rule else "")
    return response


def _number_of(actor: Any) -> int | None:
    """Not by its `id`: the refusal has undone what the request did, and the person would be read once more."""
    known = sa.inspect(person_of(actor), raiseerr=False)
    return known.identity[0] if known is not None and known.identity else None


def _is_news(person: int, endpoint: str) -> bool:
    now, key = time.monotonic(), (person, endpoint)
    if now - _told.get(key, -QUIET_SECONDS) < QUIET_SECONDS:
        return False
    if len(_told) >= MOST_KEPT:
        _told.clear()
    _told[key] = now
    return True


@transactional
def tell(actor: Any, method: str, address: str) -> None:
    """A line about the person himself: what he tried."""
    user = db.session.get(User, actor.id)
    if user is not None:
        history.record(user, "access.refused", actor=actor, data={"method": method, "address": address})
