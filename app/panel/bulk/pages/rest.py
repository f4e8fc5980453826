"""Operations for programs: begin one, watch it, stop it, take it back; a repeated command with its key happens once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from flask import Response, jsonify, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.datastructures import MultiDict

from app.panel.bulk import domain, ledger, runs, undo
from app.panel.bulk.engine import declaring, life, naming, showing
from app.panel.bulk.engine.declaring import Operation
from app.panel.bulk.engine.selecting import Selection
from app.panel.bulk.jobs import work
from app.panel.bulk.models import Run
from app.panel.bulk.pages import rest_words
from app.panel.bulk.states import RunState
from app.panel.core import clock, idempotency, veil
from app.panel.core.api import answers, body
from app.panel.core.errors import InvalidInput, NotFound
from app.panel.core.filters import loads
from app.panel.core.pages import PanelPage, expose

ASKED = ("operation", "rows", "list", "q", "f", "values", "start")


@domain.page(_("Operations for programs"), menu=False)
class OperationApiPage(PanelPage):
    resource = "bulk.Run"
    route_base = "/api/v1/bulk/operation"

    def describe(self, api_spec: Any) -> None:
        rest_words.add_to(api_spec, self.route_base)

    @expose("/", methods=["POST"])
    @answers("read")
    def begin(self, actor: Any) -> Response:
        """201 with the run: looked at, and begun unless `"start": false`."""
        given = body()
        if unknown := sorted(set(given) - set(ASKED)):
            raise InvalidInput({unknown[0]: gettext("There is no such field.")})
        operation = declaring.find(str(given.get("operation", "")))
        if operation is None:
            raise InvalidInput({"operation": gettext("This operation is no longer known.")})
        selection = _selection(given)
        values = _values(operation, given.get("values") or {}, actor)

        def make() -> int:
            at_once = bool(given.get("start", True))
            run = life.prepare(operation, selection, values, actor=actor, start=at_once)
            if not life.look(run, actor=actor):
                work.enqueue(run_id=run.id)
            elif at_once:
                _ring(life.start(run.id, actor=actor))
            return int(run.id)

        number = idempotency.with_key(_key(), actor, "bulk.begin", given, make)
        return _said(runs.find(number, actor=actor), 201)

    @expose("/<int:run_id>/", methods=["GET"])
    @answers("read")
    def watch(self, run_id: int, actor: Any) -> Response:
        return _said(_run(run_id, actor))

    @expose("/<int:run_id>/start", methods=["POST"])
    @answers("read")
    def start(self, run_id: int, actor: Any) -> Response:
        """At once, or with `{"begins_at": …}` at a time."""
        given = body() if request.content_length else {}
        if unknown := sorted(set(given) - {"begins_at"}):
            raise InvalidInput({unknown[0]: gettext("There is no such field.")})
        at = _instant(given.get("begins_at"))
        return self._once(run_id, actor, "start", lambda: _ring(life.start(run_id, actor=actor, begins_at=at)), given)

    @expose("/<int:run_id>/pause", methods=["POST"])
    @answers("read")
    def pause(self, run_id: int, actor: Any) -> Response:
        return self._once(run_id, actor, "pause", lambda: life.pause(run_id, actor=actor) and run_id)

    @expose("/<int:run_id>/resume", methods=["POST"])
    @answers("read")
    def resume(self, run_id: int, actor: Any) -> Response:
        return self._once(run_id, actor, "resume", lambda: _ring(life.resume(run_id, actor=actor)))

    @expose("/<int:run_id>/cancel", methods=["POST"])
    @answers("read")
    def cancel(self, run_id: int, actor: Any) -> Response:
        return self._once(run_id, actor, "cancel", lambda: runs.cancel(run_id, actor=actor) and run_id)

    @expose("/<int:run_id>/undo", methods=["POST"])
    @answers("read")
    def undo(self, run_id: int, actor: Any) -> Response:
        """The answer is the run that takes it back."""
        return self._once(run_id, actor, "undo", lambda: _ring(undo.make(run_id, actor=actor)))

    def _once(
        self, run_id: int, actor: Any, name: str, action: Callable[[], Any], given: Mapping[str, Any] = MappingProxyType({})
    ) -> Response:
        _run(run_id, actor)
        number = idempotency.with_key(_key(), actor, f"bulk.{name}", {"run": run_id, **given}, action)
        return _said(_run(number or run_id, actor))


def _ring(run: Run) -> int:
    if run.state is RunState.QUEUED and run.begins_at is None:
        work.enqueue(run_id=run.id)
    return int(run.id)


def _run(run_id: int, actor: Any) -> Run:
    run = runs.find(run_id, actor=actor)
    if declaring.find(run.operation) is None:
        raise NotFound(_("There is nothing here."))
    return run


def _instant(given: Any) -> dt.datetime | None:
    """A time as ISO 8601 says it; without an offset by the wall clock of the business."""
    if given is None:
        return None
    try:
        at = dt.datetime.fromisoformat(given if isinstance(given, str) else "")
        return (at if at.tzinfo is not None else at.replace(tzinfo=clock.zone())).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise InvalidInput({"begins_at": gettext("This is no time.")}) from None


def _key() -> str | None:
    return (request.headers.get("Idempotency-Key") or "").strip() or None


def _selection(given: dict[str, Any]) -> Selection:
    """Rows by number, or all that a list shows: `{"list": "books_book", "q": "…", "f": […]}`."""
    rows, state = given.get("rows"), {}
    if rows is not None:
        if not isinstance(rows, list) or not rows or not all(type(one) is int and 0 < one < 2**31 for one in rows):
            raise InvalidInput({"rows": gettext("Choose at least one row.")})
        return Selection(tuple(rows))
    if not given.get("list"):
        raise InvalidInput({"rows": gettext("This is needed.")})
    if given.get("q"):
        state["q"] = str(given["q"])
    if given.get("f"):
        state["f"] = given["f"] if isinstance(given["f"], str) else _json(given["f"])
        loads(state["f"])
    return Selection((), str(given["list"]), state)


def _json(tree: Any) -> str:
    return str(jsonify(tree).get_data(as_text=True))


def _values(operation: Operation, given: Any, actor: Any) -> dict[str, Any]:
    """What the form of the operation would hold."""
    if not isinstance(given, dict):
        raise InvalidInput({"values": gettext("Send one JSON object.")})
    operation.authorize(actor, {})
    if operation.form is None:
        return {}
    pairs = [(name, str(one)) for name, value in given.items() for one in (value if isinstance(value, list) else [value])]
    form = operation.form(formdata=MultiDict(pairs), meta={"csrf": False})
    if hasattr(form, "for_operation"):
        form.for_operation(operation, actor)
    if unknown := sorted(set(given) - {field.name for field in form}):
        raise InvalidInput({unknown[0]: gettext("There is no such field.")})
    if not form.validate():
        raise InvalidInput({name: told[0] for name, told in form.errors.items() if told})
    return operation.clean(form, actor=actor)


def _said(run: Run, status: int = 200) -> Response:
    """A run as JSON: how far it is, and what would happen or happened."""
    found = {**(run.findings or {})}
    if "sums" in found:
        found["sums"] = naming.sums(run)
    told = ledger.progress(veil.seen(run)) | {
        "operation": run.operation, "resource": run.resource, "title": naming.title(run), "url": showing.run_url(run),
        "preview": {name: found[name] for name in ("counts", "reasons", "sums", "messages") if name in found},
        "undo_of": run.undo_of_id, "is_undone": run.is_undone, "error": run.error,
        "begins_at": run.begins_at.isoformat() if run.begins_at else None,
    }  # fmt: skip
    response = jsonify(told)
    response.status_code = status
    response.headers["Location"] = url_for("bulk_operationapi.watch", run_id=run.id)
    return response
