"""Keeping, choosing and forgetting views of lists, and the figures that a list asks for after its page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, request
from flask_babel import format_decimal, gettext

from app.panel.core import listtotals, policy, savedlists
from app.panel.core.actor import NOBODY, current_actor
from app.panel.core.errors import InvalidInput
from app.panel.core.pages import to_login
from app.panel.core.security import safe_next

blueprint = Blueprint("savedlists", __name__, url_prefix="/lists")


@blueprint.before_request
def known_people_only() -> Any:
    return to_login() if current_actor() is NOBODY else None


@blueprint.get("/<list_key>/count")
def count(list_key: str) -> Any:
    """How many rows an address of the list has, or with 400 a sentence that says why it cannot be read."""
    view, actor = _view(list_key), current_actor()
    policy.authorize(actor, "read", view.resource)
    plan = view.plan(actor)
    asked = savedlists.understood({name: text for name in ("q", "f") if (text := request.args.get(name, ""))}, plan, actor)
    n, is_exact = listtotals.count(asked, plan, actor)
    said = format_decimal(n)
    words = gettext("1 row") if n == 1 else gettext("%(n)s rows", n=said)
    return {"count": n, "exact": is_exact, "words": words if is_exact else gettext("more than %(n)s rows", n=said)}


@blueprint.post("/<list_key>/save")
def save(list_key: str) -> Any:
    """Keep the view that is shown. What cannot be read of it is refused as an address would be."""
    view, actor = _view(list_key), current_actor()
    policy.authorize(actor, "read", view.resource)
    plan = view.plan(actor)
    given = {name: text for name in ("q", "f", "sort", "size") if (text := request.form.get(name, ""))}
    asked = savedlists.understood(given, plan, actor)
    back = safe_next(request.form.get("next"), view.url("list"))
    try:
        row = savedlists.save(
            list_key, request.form.get("name", ""), asked, actor=actor, roles=request.form.getlist("roles"),
            default=bool(request.form.get("default")),
        )  # fmt: skip
    except InvalidInput as error:
        flash(error.message, "danger")
        return redirect(back)
    flash(gettext("The view “%(name)s” is kept.", name=row.name), "success")
    return redirect(back)


@blueprint.post("/<int:saved_id>/default")
def default(saved_id: int) -> Any:
    """Open the list with this view from now on, or, with `on=0`, plainly again."""
    actor = current_actor()
    view = _view(savedlists.list_of(saved_id, actor))
    savedlists.set_default(saved_id, request.form.get("on") == "1", actor=actor)
    flash(gettext("Saved."), "success")
    return redirect(safe_next(request.form.get("next"), view.url("list")))


@blueprint.post("/<int:saved_id>/delete")
def delete(saved_id: int) -> Any:
    actor = current_actor()
    view = _view(savedlists.list_of(saved_id, actor))
    savedlists.remove(saved_id, actor=actor)
    flash(gettext("The view is deleted."), "success")
    return redirect(safe_next(request.form.get("next"), view.url("list")))


def _view(list_key: str) -> Any:
    found = (view for view in current_app.extensions["panel_view_of"].values() if view.endpoint == list_key)
    view = next((one for one in found if hasattr(one, "plan")), None)
    if view is None:
        abort(404)
    return view
