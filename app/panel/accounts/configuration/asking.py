"""The question whether what somebody has published shall stay, as every page of his asks it."""

from __future__ import annotations

from typing import Any

from flask import request, url_for

from app.panel.accounts.configuration import store
from app.panel.core import clock, policy
from app.panel.core.actor import current_actor


def question(actor: Any = None) -> dict[str, Any] | None:
    """What the publisher is asked on every page until he has answered; None for everybody else.

    :param actor: before the request has one
    """
    actor = actor if actor is not None else current_actor()
    if getattr(actor, "id", None) is None or not policy.allowed(actor, "publish", store.RESOURCE):
        return None
    found = store.unconfirmed()
    if found is None or found.published_by_id != actor.id:
        return None
    left = max(0, int((found.confirm_by - clock.now()).total_seconds()))
    return {
        "seconds": left, "confirm_url": url_for("accounts_configuration.confirm", publication_id=found.id),
        "back_url": url_for("accounts_configuration.roll_back", publication_id=found.id),
        "after_url": url_for("accounts_configuration.index"),
        "here": request.full_path.rstrip("?") if request.method == "GET" else "",
    }  # fmt: skip
