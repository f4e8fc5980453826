"""From which list a run was asked for, and how that stood: with its search, its filter, its order and its page."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import current_app, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from app.panel.bulk.engine import declaring, selecting
from app.panel.bulk.engine.declaring import Operation
from app.panel.bulk.engine.selecting import ASKS, Selection
from app.panel.bulk.models import Run
from app.panel.core import savedlists
from app.panel.core.db import db
from app.panel.core.errors import BadRequest, DomainError
from app.panel.core.screens.filtering import in_words
from app.panel.core.security import safe_next


def list_of(run: Run) -> tuple[str, str]:
    """The address of the list as it stood, and its title. Of an undo it is that of the run which it takes back."""
    asked = (db.session.get(Run, run.undo_of_id) if run.undo_of_id is not None else None) or run
    params, operation = asked.params or {}, declaring.find(run.operation)
    meant = Selection.of(params)
    view = _view(_model(operation, asked.id), meant.list_key) if operation is not None else None
    if view is None:
        return url_for("bulk_run.list"), _("Imports and operations")
    return _address(view, meant, params.get("came")), str(view.title)


def rows_meant(operation: Operation, meant: Selection, actor: Any) -> tuple[str, str]:
    """Over which rows an operation goes, in words, and the address of the list that shows them; none where each was named."""
    if meant.ids:
        return "", ngettext("%(num)s row that was ticked", "%(num)s rows that were ticked", len(meant.ids))
    view = _view(operation.model, meant.list_key)
    if view is None:
        return "", _("All")
    plan = view.plan(actor)
    try:
        said = in_words(view, savedlists.understood(meant.state, plan, actor), plan, actor)
    except DomainError:  # columns that this reader may not see any more, or that are gone
        return "", str(view.title)
    return _address(view, meant), _("%(operation)s: %(said)s", operation=view.title, said=said or _("all"))


def _address(view: Any, meant: Selection, came: dict[str, str] | None = None) -> str:
    state = came or {name: value for name, value in meant.state.items() if name in ASKS and value}
    is_its = meant.list_key in ("", view.endpoint)
    return str(view.url("list")) + (f"?{urlencode(state)}" if is_its and state else "")


def _model(operation: Operation, run_id: int) -> type[Any]:
    return current_app.extensions["panel_models"].get(operation.resource_of_run(run_id)) or operation.model


def _view(model: type[Any], list_key: str) -> Any:
    try:
        return selecting.view_of(model, list_key)
    except BadRequest:  # a later release has taken that list away
        return selecting.view_of(model)


def came(address: str | None, view: Any) -> dict[str, str]:
    """How a list stood, by its own address; nothing of an address that is not that of this list."""
    parts = urlsplit(safe_next(address))
    return dict(parse_qsl(parts.query)) if view is not None and parts.path == view.url("list") else {}
