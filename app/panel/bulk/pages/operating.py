"""An operation on many rows: asked for from a list, seen before it runs, watched, stopped, resumed, taken back."""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from flask import Response, current_app, flash, jsonify, redirect, request, send_file, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.datastructures import CombinedMultiDict, MultiDict

from app.panel.bulk import domain, ledger, runs, undo
from app.panel.bulk.engine import approving, declaring, generic, life, naming, origins, selecting, showing
from app.panel.bulk.engine.declaring import Operation
from app.panel.bulk.engine.selecting import Selection
from app.panel.bulk.jobs import work
from app.panel.bulk.models import Run
from app.panel.bulk.states import RunKind, RunState
from app.panel.core import clock, forms, idempotency, policy, tablefiles, veil
from app.panel.core.actor import current_actor
from app.panel.core.errors import BadRequest, DomainError, Forbidden, InvalidInput, NotFound
from app.panel.core.pages import PanelPage, expose, logged_in, needs
from app.panel.core.routing import address
from app.panel.core.security import safe_next

MOST_TYPED = 200_000


@domain.page(_("Operation on many rows"), icon="fa-layer-group", menu=False)
class OperationPage(PanelPage):
    resource = "bulk.Run"
    route_base = "/bulk/operation"
    stands_under = "bulk_run"
    default_view = "new"

    def __init__(self) -> None:
        super().__init__()
        current_app.extensions["panel_operations"] = offered
        current_app.extensions["panel_bring_back"] = lambda actor: (
            address("bulk_operation.new") if policy.allowed(actor, "read", self.resource) else ""
        )

    @expose("/new", methods=["GET", "POST"])
    @needs("read")
    def new(self) -> Any:
        """From the chosen rows of a list, by way of what the operation asks, to what would happen."""
        operation, actor = _operation(request.values.get("action", "")), current_actor()
        operation.authorize(actor, {})
        before = _seen_before(operation)
        selection = selecting.of_run(before) if before is not None else _selection()
        sent = CombinedMultiDict([request.files, request.form]) if request.form.get("_go") else None
        held = sent if sent is not None or before is None else MultiDict((before.params or {})["typed"])
        form = operation.form(formdata=held) if operation.form is not None else forms.PanelForm()
        if hasattr(form, "for_operation"):
            form.for_operation(operation, actor)
        elif hasattr(form, "for_rows"):
            form.for_rows([])
        if request.method == "GET" or (operation.form is not None and (sent is None or not form.validate())):
            return self._ask(operation, selection, form, 422 if sent else 200, before)
        try:
            values = operation.clean(form, actor=actor)
            came = origins.came(request.form.get("next"), selecting.view_of(operation.model, selection.list_key))
            run = life.prepare(operation, selection, values, actor=actor, typed=_typed(request.form), came=came)
        except InvalidInput as error:
            for text in forms.show_errors(form, error.errors):
                flash(text, "danger")
            return self._ask(operation, selection, form, 422)
        if (earlier := request.form.get("before", type=int)) is not None:
            with contextlib.suppress(DomainError):  # it may be gone, or have begun in another window
                runs.discard(earlier, actor=actor)
        if not life.look(run, actor=actor):
            work.enqueue(run_id=run.id)
        return redirect(url_for(".show", run_id=run.id))

    def _ask(self, operation: Operation, selection: Selection, form: Any, status: int, before: Run | None = None) -> Any:
        view = selecting.view_of(operation.model, selection.list_key)
        back = view.url("list") if view is not None else url_for("bulk_run.list")
        came = origins.list_of(before)[0] if before is not None else safe_next(request.values.get("next"), back)
        hidden = [("list", selection.list_key), *(("every", "1") for _one in [0] if not selection.ids)]
        hidden += [(f"asked_{name}", value) for name, value in selection.state.items()]
        hidden += [("before", before) for before in [request.values.get("before", type=int)] if before is not None]
        hidden += [("next", came)] if came != back else []
        page = SimpleNamespace(
            title=str(operation.label), name=operation.key, icon=operation.icon, tone=operation.tone, help=str(operation.help),
            action_url=url_for(".new"), cancel_url=came, list_url=came if origins.came(came, view) else back,
            list_title=view.title if view is not None else "", ids=selection.ids, hidden=hidden, form=operation.form is not None,
        )  # fmt: skip
        return self.render("bulk/ask.html", title=page.title, page=page, form=form), status

    @expose("/<int:run_id>/")
    @needs("read")
    def show(self, run_id: int) -> Any:
        actor = current_actor()
        run = _run(run_id)
        page = showing.page_of(run, actor, after=request.args.get("after", 0, type=int))
        key = forms.PanelForm().idempotency_key.data
        told = ledger.progress(veil.seen(run))
        return self.render("bulk/operation.html", title=page.title, run=run, page=page, key=key, progress=told)

    @expose("/<int:run_id>/start", methods=["POST"])
    @needs("read")
    def start(self, run_id: int) -> Any:
        """Let it begin; the same form sent twice lets it begin once."""
        actor, at = current_actor(), _instant(request.form.get("begins_at", ""))

        def begin() -> int:
            run = life.start(run_id, actor=actor, begins_at=at)
            if run.state is RunState.QUEUED and at is None:
                work.enqueue(run_id=run.id)
            return int(run.id)

        key = request.form.get("idempotency_key") or None
        payload = {"run": run_id, "at": at.isoformat() if at else ""}
        return _then(run_id, lambda: idempotency.with_key(key, actor, "bulk.start", payload, begin))

    @expose("/<int:run_id>/approve", methods=["POST"])
    @needs("approve")
    def approve(self, run_id: int) -> Any:
        """As the second person: let it begin."""
        actor = current_actor()
        return _then(run_id, lambda: work.enqueue(run_id=approving.approve(run_id, actor=actor).id), find=_waiting)

    @expose("/<int:run_id>/refuse", methods=["POST"])
    @needs("approve")
    def refuse(self, run_id: int) -> Any:
        """Whoever may look at it only while it waits is led to the list."""
        actor = current_actor()

        def no() -> None:
            approving.refuse(run_id, request.form.get("why", ""), actor=actor)
            flash(gettext("Not approved. Whoever asked is told why."), "success")

        answer = _then(run_id, no, find=_waiting)
        return answer if runs.may_see(run_id, actor=actor) else redirect(url_for("bulk_run.list"))

    @expose("/<int:run_id>/pause", methods=["POST"])
    @needs("read")
    def pause(self, run_id: int) -> Any:
        return _then(run_id, lambda: life.pause(run_id, actor=current_actor()))

    @expose("/<int:run_id>/resume", methods=["POST"])
    @needs("read")
    def resume(self, run_id: int) -> Any:
        return _then(run_id, lambda: work.enqueue(run_id=life.resume(run_id, actor=current_actor()).id))

    @expose("/<int:run_id>/cancel", methods=["POST"])
    @needs("read")
    def cancel(self, run_id: int) -> Any:
        return _then(run_id, lambda: runs.cancel(run_id, actor=current_actor()))

    @expose("/<int:run_id>/discard", methods=["POST"])
    @needs("read")
    def discard(self, run_id: int) -> Any:
        back, _title = origins.list_of(_run(run_id))
        runs.discard(run_id, actor=current_actor())
        flash(gettext("Thrown away; nothing was changed."), "success")
        return redirect(back)

    @expose("/<int:run_id>/retry", methods=["POST"])
    @needs("read")
    def retry(self, run_id: int) -> Any:
        actor = current_actor()

        def again() -> int:
            run = life.retry(run_id, actor=actor)
            if not life.look(run, actor=actor):
                work.enqueue(run_id=run.id)
            return int(run.id)

        return _then(run_id, again, leads=True)

    @expose("/<int:run_id>/undo", methods=["GET"])
    @needs("read")
    def before_undo(self, run_id: int) -> Any:
        """What taking it back would leave alone, because somebody has changed it since."""
        run = _run(run_id)
        if not runs.can_undo(run) or runs.undone_by(run.id) is not None:
            raise DomainError(_("There is nothing to take back."))
        page = showing.undo_page(run, current_actor())
        return self.render("bulk/undo.html", title=gettext("Take back: %(file)s", file=page.title), run=run, page=page)

    @expose("/<int:run_id>/undo", methods=["POST"])
    @needs("read")
    def undo(self, run_id: int) -> Any:
        def back() -> int:
            made = undo.make(run_id, actor=current_actor())
            if made.state is RunState.QUEUED:
                work.enqueue(run_id=made.id)
            return int(made.id)

        return _then(run_id, back, leads=True)

    @expose("/<int:run_id>/progress")
    @needs("read")
    def progress(self, run_id: int) -> Any:
        return jsonify(ledger.progress(veil.seen(_run(run_id))))

    @expose("/<int:run_id>/refused.xlsx")
    @needs("read")
    def refused(self, run_id: int) -> Any:
        """The rows that were left alone, each with its reason."""
        run = _run(run_id)
        headings = [gettext("No."), gettext("Row"), gettext("Outcome"), gettext("Reason")]
        content = tablefiles.written("xlsx", headings, showing.left_alone(run, current_actor()))
        answer = Response(content, mimetype=tablefiles.KINDS["xlsx"])
        answer.headers["Content-Disposition"] = f'attachment; filename="refused-{run.id}.xlsx"'
        return answer

    @expose("/<int:run_id>/result.csv")
    @needs("read")
    def result(self, run_id: int) -> Any:
        """What became of each row: as many lines as rows were meant. Written aside, so that a million is no memory of ours."""
        run = _run(run_id)
        headings = [gettext("No."), gettext("Row"), gettext("Outcome"), gettext("Reason")]
        file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
        file.writelines(tablefiles.csv_lines(headings, showing.every_row(run)))
        file.seek(0)
        return send_file(file, mimetype=tablefiles.KINDS["csv"], as_attachment=True, download_name=f"result-{run.id}.csv")

    @expose("/tray")
    @logged_in
    def tray(self) -> Any:
        """The reader's own runs that are under way, for the top bar of any page."""
        actor = current_actor()
        if not policy.allowed(actor, "read", self.resource):
            return jsonify([])
        told = [(ledger.progress(veil.seen(run)), run) for run in showing.under_way(actor)]
        return jsonify([{**news, "title": naming.headline(run), "url": showing.run_url(run)} for news, run in told])


def offered(view: Any, actor: Any) -> list[SimpleNamespace]:
    """The operations that a reader may begin from a list or from a row of it."""
    if not policy.allowed(actor, "read", OperationPage.resource):
        return []
    return [
        SimpleNamespace(name=one.key, label=str(one.label), icon=one.icon, tone=one.tone, url=address("bulk_operation.new"),
                        confirm="", needs_form=True, read_only=False, primary=False, is_operation=True, instead_of=one.instead_of)
        for one in [*declaring.of_model(view.model), *generic.of_view(view)] if one.offered and one.may(actor)
    ]  # fmt: skip


def _operation(key: str) -> Operation:
    operation = declaring.find(key)
    if operation is None:
        raise NotFound(_("There is nothing here."))
    return operation


def _typed(form: Any) -> dict[str, list[str]] | None:
    """What was answered, as it was typed; nothing where that is too long to be kept beside what it means."""
    own = ("action", "rowid", "list", "every", "before", "next", *declaring.OUR_OWN)
    held = {name: form.getlist(name) for name in form if name not in own and name[:1] != "_" and not name.startswith("asked_")}
    return held if sum(len(one) for given in held.values() for one in given) <= MOST_TYPED else None


def _seen_before(operation: Operation) -> Run | None:
    """The run whose preview was seen and whose answers are to be changed."""
    number = request.args.get("before", type=int)
    if request.method != "GET" or number is None:
        return None
    run = _run(number)
    if run.operation != operation.key or not showing.can_be_changed(run):
        raise NotFound(_("There is nothing here."))
    return run


def _selection() -> Selection:
    """What was chosen in the list: all that it shows, or the ticked rows."""
    given = request.values
    list_key, state = given.get("list", ""), {}
    if given.get("every") == "1":
        state = {name: text for name in selecting.ASKS if (text := given.get(f"asked_{name}", ""))}
        return Selection((), list_key, state)
    ids = given.getlist("rowid")
    if not ids:
        raise DomainError(_("Choose at least one row."))
    if not all(one.isascii() and one.isdecimal() and len(one) < 10 for one in ids):
        raise BadRequest(_("There is nothing here."))
    return Selection(tuple(int(one) for one in ids), list_key)


def _run(run_id: int) -> Run:
    run = runs.find(run_id, actor=current_actor())
    if declaring.find(run.operation) is None:
        raise NotFound(_("There is nothing here."))
    return run


def _instant(text: str) -> dt.datetime | None:
    """The time of a form, by the wall clock of the business."""
    if not text:
        return None
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=clock.zone())
    except ValueError:
        raise BadRequest(_("This is no time.")) from None


def _waiting(run_id: int) -> Run:
    """A run of an operation, or the undo of an import: both may wait for a second person."""
    run = runs.find(run_id, actor=current_actor())
    return run if run.kind is RunKind.UNDO else _run(run_id)


def _then(run_id: int, action: Callable[[], Any], *, leads: bool = False, find: Callable[[int], Run] = _run) -> Any:
    """Do it, or say why not, on the page of the run; `leads`: on that of the run that came of it."""
    here = showing.run_url(find(run_id))
    try:
        said = action()
    except (Forbidden, NotFound):
        raise
    except DomainError as error:
        flash(error.message, "danger")
        return redirect(here)
    return redirect(url_for(".show", run_id=said) if leads else here)
