"""From which list a run was asked for, and how that stood: with its search, its filter, its order and its page."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import current_app, url_for
from flask_babel import gettext as _

from app.panel.bulk.engine import declaring, selecting
from app.panel.bulk.engine.declaring import Operation
from app.panel.bulk.engine.selecting import ASKS, Selection
from app.panel.bulk.models import Run
from app.panel.core.db import db
from app.panel.core.errors import BadRequest
from app.panel.core.security import safe_next


def list_of(run: Run) -> tuple[str, str]:
    """The address of the list as it stood, and its title. Of an undo it is that of the run which it takes back."""
    asked = (db.session.get(Run, run.undo_of_id) if run.undo_of_id is not None else None) or run
    params, operation = asked.params or {}, declaring.find(run.operation)
    meant = Selection.of(params)
    view = _view(_model(operation, asked.id), meant.list_key) if operation is not None else None
    if view is None:
        return url_for("bulk_run.list"), _("Imports and operations")
    state = params.get("came") or {name: value for name, value in meant.state.items() if name in ASKS and value}
    is_its = meant.list_key in ("", view.endpoint)
    return str(view.url("list")) + (f"?{urlencode(state)}" if is_its and state else ""), str(view.title)


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
