"""Where notes and files are put on a row, and taken off again: two small forms on its show page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, request
from flask_babel import gettext

from app.panel.core import files, records, remarks
from app.panel.core.actor import NOBODY, current_actor
from app.panel.core.errors import DomainError, Forbidden, NotFound
from app.panel.core.pages import to_login

blueprint = Blueprint("remarks", __name__, url_prefix="/remarks")


@blueprint.before_request
def known_people_only() -> Any:
    return to_login() if current_actor() is NOBODY else None


@blueprint.post("/<resource>/<int:pk>")
def add(resource: str, pk: int) -> Any:
    view, row = _row(resource, pk)
    received: list[files.Received] = []
    try:
        given = [one for one in request.files.getlist("files") if one.filename]
        if len(given) > remarks.MAX_FILES:
            raise DomainError(gettext("At most %(n)s files at once.", n=remarks.MAX_FILES))
        for one in given:
            received.append(files.receive(one.stream, one.filename or "", kinds=remarks.KINDS))
        remarks.add(row, request.form.get("body", ""), received, actor=current_actor())
    except (DomainError, OSError) as error:
        for dropped in received:
            dropped.drop()
        if not isinstance(error, DomainError) or isinstance(error, Forbidden | NotFound):
            raise
        flash(error.message, "danger")
        return redirect(view.url("show", pk=pk, remark=request.form.get("body", "")[:1000] or None) + "#remarks")
    flash(gettext("Saved."), "success")
    return redirect(view.url("show", pk=pk) + "#remarks")


@blueprint.post("/<resource>/<int:pk>/<int:remark_id>/remove")
def remove(resource: str, pk: int, remark_id: int) -> Any:
    view, row = _row(resource, pk)
    remarks.remove(row, remark_id, actor=current_actor())
    flash(gettext("Removed."), "success")
    return redirect(view.url("show", pk=pk) + "#remarks")


def _row(resource: str, pk: int) -> tuple[Any, Any]:
    """The screen and the row, for whoever may change it."""
    model: Any = current_app.extensions["panel_models"].get(resource)
    view = current_app.extensions["panel_views"].get(model)
    if view is None:
        abort(404)
    return view, records.get(model, pk, actor=current_actor(), verb="write")
