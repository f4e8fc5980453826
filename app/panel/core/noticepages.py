"""The bell: what the panel has to tell one person."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for

from app.panel.core import notices
from app.panel.core.actor import NOBODY, current_actor
from app.panel.core.pages import to_login
from app.panel.core.security import safe_next

blueprint = Blueprint("bell", __name__, url_prefix="/notices")
SHOWN = 100


@blueprint.before_request
def known_people_only() -> Any:
    return to_login() if current_actor() is NOBODY else None


@blueprint.get("/")
def index() -> str:
    found = notices.latest(current_actor().id, SHOWN)
    return render_template("panel/notices.html", notices=found, unread=sum(1 for n in found if n.read_at is None))


@blueprint.get("/count")
def count() -> Any:
    return jsonify(unread=notices.unread(current_actor().id))


@blueprint.post("/read")
def read() -> Any:
    """Mark those named as read, or all of them, and go where the notice leads."""
    keys = [int(key) for key in request.form.getlist("id") if key.isdecimal()]
    notices.mark_read(current_actor().id, keys or None)
    return redirect(safe_next(request.form.get("next"), url_for("bell.index")))
