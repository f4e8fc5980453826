"""What a page asks of its menu after it was drawn: the counts as they are now."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request

from app.panel.core import menu
from app.panel.core.actor import NOBODY, current_actor
from app.panel.core.pages import to_login

blueprint = Blueprint("menu", __name__, url_prefix="/menu")


@blueprint.before_request
def known_people_only() -> Any:
    return to_login() if current_actor() is NOBODY else None


@blueprint.get("/counts")
def counts() -> Any:
    """`{"counts": {"books_loan": 3}}` for the entries that the reader sees; with `of`, for those that listen to these topics."""
    of = request.args.get("of")
    return jsonify(counts=menu.counts(current_actor(), None if of is None else set(of.split(","))))
