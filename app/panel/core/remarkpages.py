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
    actor, body = current_actor(), request.form.get("body", "")
    received: list[files.Received] = []
    found = [files.held(text, actor=actor, kinds=remarks.KINDS) for text in request.form.getlist("held")[: remarks.MAX_FILES]]
    held = [file for file in found if file is not None]
    try:
        given = [one for one in request.files.getlist("files") if one.filename]
        if len(given) + len(held) > remarks.MAX_FILES:
            raise DomainError(gettext("At most %(n)s files at once.", n=remarks.MAX_FILES))
        refused = _receive(given, received)
        if refused is not None:
            raise refused
        remarks.add(row, body, received, actor=actor, held=held)
    except (DomainError, OSError) as error:
        if not isinstance(error, DomainError) or isinstance(error, Forbidden | NotFound):
            for dropped in received:
                dropped.drop()
            raise
        flash(error.message, "danger")
        tickets = [files.ticket(file, actor) for file in [*held, *(files.keep(one, actor=actor) for one in received)]]
        return redirect(view.url("show", pk=pk, remark=body[:1000] or None, held=tickets) + "#remarks")
    flash(gettext("Saved."), "success")
    return redirect(view.url("show", pk=pk) + "#remarks")


def _receive(given: list[Any], received: list[files.Received]) -> DomainError | None:
    """Take all that can be taken, so that only what is refused is chosen anew; why the first of those is."""
    refused = None
    for one in given:
        try:
            received.append(files.receive(one.stream, one.filename or "", kinds=remarks.KINDS))
        except DomainError as error:
            refused = refused or error
    return refused


@blueprint.post("/<resource>/<int:pk>/<int:remark_id>/remove")
def remove(resource: str, pk: int, remark_id: int) -> Any:
    view, row = _row(resource, pk)
    remarks.remove(row, remark_id, actor=current_actor())
    flash(gettext("Removed."), "success")
    return redirect(view.url("show", pk=pk, removed=1) + "#remarks")


@blueprint.post("/<resource>/<int:pk>/<int:remark_id>/bring-back")
def bring_back(resource: str, pk: int, remark_id: int) -> Any:
    """`remark_id` is the number of what lies in the trash."""
    view, row = _row(resource, pk)
    remarks.bring_back(row, remark_id, actor=current_actor())
    flash(gettext("It is back."), "success")
    return redirect(view.url("show", pk=pk) + "#remarks")


def _row(resource: str, pk: int) -> tuple[Any, Any]:
    """The screen and the row, for whoever may change it."""
    model: Any = current_app.extensions["panel_models"].get(resource)
    view = current_app.extensions["panel_views"].get(model)
    if view is None:
        abort(404)
    return view, records.get(model, pk, actor=current_actor(), verb="write")
