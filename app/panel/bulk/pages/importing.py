"""The import wizard: bring a file, see what it is, map it, check it, run it, watch it, take it back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Response, current_app, flash, jsonify, redirect, request, stream_with_context, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.panel.bulk import domain, drafts, importers, ledger, loop, repair, runs, screens, store, undo
from app.panel.bulk.generic import PREFIX
from app.panel.bulk.jobs import work
from app.panel.bulk.models import Run
from app.panel.bulk.reading.problems import BadFile
from app.panel.bulk.sentences import sentence
from app.panel.bulk.states import RunKind, RunState
from app.panel.core import policy, veil
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, Forbidden, NotFound
from app.panel.core.pages import PanelPage, expose, needs

RECENT = 15
# A check of so small a file is done before a worker would have heard of it; a table that is packed holds more in less.
AT_ONCE_BYTES, AT_ONCE_PACKED_BYTES, AT_ONCE_LINES = 256 * 1024, 24 * 1024, 800


def is_small(path: Path) -> bool:
    """Whether nobody would notice the time that it takes to go through a file."""
    with path.open("rb") as file:
        head = file.read(AT_ONCE_BYTES + 1)
    is_packed = head.startswith(b"PK")
    return len(head) <= (AT_ONCE_PACKED_BYTES if is_packed else AT_ONCE_BYTES) and head.count(b"\n") <= AT_ONCE_LINES


def run_url(run_id: int) -> str:
    """Where a run is shown, for whoever may see it."""
    actor = current_actor()
    if not policy.allowed(actor, "read", "bulk.Run"):
        return ""
    is_seen = db.session.scalar(policy.scope(select(Run.id).where(Run.id == run_id), actor, Run)) is not None
    return url_for("bulk_run.show", pk=run_id) if is_seen else ""


@domain.page(_("Import a file"), icon="fa-file-import", order=10)
class ImportPage(PanelPage):
    resource = "bulk.Run"
    title = _("Import a file")
    route_base = "/bulk/import"

    def __init__(self) -> None:
        super().__init__()
        # The lists of the panel and the first-run page lead here without knowing this domain.
        current_app.extensions["panel_import_url"] = import_url
        current_app.extensions["panel_run_url"] = run_url

    @expose("/")
    @needs("read")
    def index(self) -> Any:
        return self._start()

    def _start(self, wrong: str = "", status: int = 200) -> Any:
        actor = current_actor()
        brought = select(Run).where(Run.kind.in_((RunKind.IMPORT, RunKind.UNDO)), func.coalesce(Run.operation, "") == "")
        query = policy.scope(brought.order_by(Run.id.desc()).limit(RECENT), actor, Run)
        recent = [(run, _layout(run), runs.can_undo(run)) for run in db.session.scalars(query)]
        target = request.args.get("to", "")
        return self.render(
            "bulk/start.html", layouts=screens.layouts(actor), recent=recent, wrong=wrong,
            target=f"{PREFIX}{target}" if target and not target.startswith(PREFIX) else target,
        ), status  # fmt: skip

    @expose("/", methods=["POST"])
    @needs("read")
    def upload(self) -> Any:
        """Take the file in and look inside; nothing is written to any table but the one of runs."""
        actor, given = current_actor(), request.files.get("file")
        layout = request.form.get("layout", "")
        if given is None or not given.filename:
            return self._start(gettext("Choose a file first."), 422)
        try:
            if layout and not screens.allowed(layout, actor):
                raise Forbidden(_("You may not import this."))
            stored = store.keep(given.stream, given.filename)  # type: ignore[arg-type]
            run = drafts.prepare(stored, actor=actor, importer=layout)
        except BadFile as problem:
            return self._start(sentence(problem), 422)
        return redirect(url_for(".show", run_id=run.id))

    @expose("/<int:run_id>/")
    @needs("read")
    def show(self, run_id: int) -> Any:
        actor = current_actor()
        run = runs.find(run_id, actor=actor)
        if run.kind is RunKind.IMPORT and run.state in (RunState.DRAFT, RunState.CHECKED):
            return self.render("bulk/prepare.html", title=run.file_name, **screens.prepare(run, actor))
        title = gettext("Take back: %(file)s", file=run.file_name) if run.kind is RunKind.UNDO else run.file_name
        after = request.args.get("after", 0, type=int)
        told, asked = ledger.progress(veil.seen(run)), screens.asked(run, actor)
        return self.render("bulk/run.html", title=title, **screens.result(run, after), progress=told, asked=asked)

    @expose("/<int:run_id>/settings", methods=["POST"])
    @needs("read")
    def settings(self, run_id: int) -> Any:
        """Keep what was chosen; with `check`, go through the whole file at once."""
        actor = current_actor()
        run = runs.find(run_id, actor=actor)
        layout = request.form.get("layout", "")
        if layout and not screens.allowed(layout, actor):
            raise Forbidden(_("You may not import this."))
        return self._try(run_id, lambda: self._configure(run, layout, actor))

    def _configure(self, run: Run, layout: str, actor: Any) -> None:
        form, params = request.form, run.params or {}
        reading: dict[str, Any] = {name: form.get(name) or None for name in ("encoding", "delimiter", "sheet_name")}
        line = form.get("heading_line", "")
        reading["heading_line"] = int(line) if line.isdecimal() and int(line) > 0 else None
        changed = {name: value for name, value in reading.items() if form.get(f"found-{name}") != (form.get(name) or "")}
        reading = {**{name: params.get(name) for name in reading}, **changed}
        options = {key.removeprefix("option-"): value for key, value in form.items() if key.startswith("option-")}
        mapping = params.get("mapping") or {}
        headings = drafts.look_inside(run.file_key, reading, limit=1).meta["headings"]
        same_layout = layout == run.importer
        if layout.startswith(PREFIX):
            shown = same_layout and form.get("mapped") == "1"
            mapping = screens.read_mapping(form, headings) if shown else drafts.remembered(layout, headings)
            if shown and mapping.get("columns"):
                drafts.remember(layout, headings, mapping, run.file_name)
        runs.configure(
            run.id, actor=actor, importer=layout, **reading, mapping=mapping, options=options if same_layout else {}
        )
        if form.get("go") == "check":
            runs.ask_check(run.id, actor=actor)
            if is_small(store.path_of(run.file_key)):
                loop.work_off(run.id)
            else:
                work.enqueue(run_id=run.id)

    @expose("/<int:run_id>/run", methods=["POST"])
    @needs("read")
    def run(self, run_id: int) -> Any:
        return self._try(run_id, lambda: self._begin(run_id, runs.ask_start))

    @expose("/<int:run_id>/cancel", methods=["POST"])
    @needs("read")
    def cancel(self, run_id: int) -> Any:
        if not runs.cancel(run_id, actor=current_actor()):
            flash(gettext("It was over already."), "info")
        return redirect(url_for(".show", run_id=run_id))

    @expose("/<int:run_id>/discard", methods=["POST"])
    @needs("read")
    def discard(self, run_id: int) -> Any:
        runs.discard(run_id, actor=current_actor())
        flash(gettext("Thrown away; nothing was imported."), "success")
        return redirect(url_for(".index"))

    @expose("/<int:run_id>/undo", methods=["POST"])
    @needs("read")
    def undo(self, run_id: int) -> Any:
        try:
            back = undo.make(run_id, actor=current_actor())
        except (Forbidden, NotFound):
            raise
        except DomainError as error:
            flash(error.message, "danger")
            return redirect(url_for(".show", run_id=run_id))
        if back.state is RunState.QUEUED:
            work.enqueue(run_id=back.id)
        return redirect(url_for(".show", run_id=back.id))

    @expose("/<int:run_id>/progress")
    @needs("read")
    def progress(self, run_id: int) -> Any:
        return jsonify(ledger.progress(veil.seen(runs.find(run_id, actor=current_actor()))))

    @expose("/<int:run_id>/refused.csv")
    @needs("read")
    def refused(self, run_id: int) -> Any:
        """The refused rows with their reasons, to mend and to bring again."""
        run = runs.find(run_id, actor=current_actor())
        try:
            store.path_of(run.file_key)
        except BadFile as problem:
            raise DomainError(sentence(problem)) from None
        answer = Response(stream_with_context(repair.lines(run)), mimetype="text/csv; charset=utf-8")
        answer.headers["Content-Disposition"] = f'attachment; filename="refused-{run.id}.csv"'
        return answer

    def _begin(self, run_id: int, ask: Callable[..., None]) -> None:
        ask(run_id, actor=current_actor())
        work.enqueue(run_id=run_id)

    def _try(self, run_id: int, action: Callable[[], None]) -> Any:
        """Do it, or say why not, on the page of the run."""
        try:
            action()
        except BadFile as problem:
            flash(sentence(problem), "danger")
        except (Forbidden, NotFound):
            raise
        except DomainError as error:
            flash(error.message, "danger")
        return redirect(url_for(".show", run_id=run_id))


def import_url(view: Any = None) -> str:
    """The wizard, with the table of a view already chosen."""
    return url_for("bulk_import.index", to=view.resource if view is not None else None)


def _layout(run: Run) -> str:
    importer = importers.get(run.importer)
    return str(importer.label) if importer else run.importer
