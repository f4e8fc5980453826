"""The pages of exports: choose columns and kind of file, watch it being made, fetch it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Response, current_app, flash, jsonify, redirect, request, send_file, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.bulk import ledger
from app.panel.bulk.engine.showing import PAGES
from app.panel.bulk.jobs import work
from app.panel.bulk.states import RunKind
from app.panel.core import filters, filterwords, listcolumns, listing, policy, savedlists, tablefiles, veil
from app.panel.core.actor import current_actor
from app.panel.core.errors import BadRequest, InvalidInput
from app.panel.core.pages import PanelPage, expose, logged_in
from app.panel.exports import columns as choosing
from app.panel.exports import domain, files, services, showing, templates
from app.panel.exports.services import Wish

PAGES[RunKind.EXPORT] = "exports_export.show"


@domain.page(_("Exports"), icon="fa-file-export", order=10, menu=False)
class ExportPage(PanelPage):
    """Every address asks for the right to export the list that it names; runs and files are one's own."""

    resource = "bulk.Run"
    title = _("My exports")
    route_base = "/exports"

    def __init__(self) -> None:
        super().__init__()
        current_app.extensions["panel_exports"] = addresses  # the lists of the panel lead here without knowing this domain

    @expose("/")
    @logged_in
    def index(self) -> Any:
        lines = [showing.line(run) for run in services.mine(current_actor())]
        return self.render("exports/mine.html", lines=lines, hours=services.KEPT_HOURS)

    @expose("/list/<list_key>/choose", methods=["GET", "POST"])
    @logged_in
    def choose(self, list_key: str) -> Any:
        """What shall be in the file. A POST brings the rows that were ticked in the list."""
        view, actor = _exportable(list_key)
        plan, given = view.plan(actor), request.form if request.method == "POST" else request.args
        ticked, state = _ticked(), _state(given)
        asked = savedlists.understood(state, plan, actor)
        kept = templates.offers(view, plan, actor)
        used = next((one for one in kept if str(one.id) == given.get("template")), None)
        names = used.names if used is not None else _names(list_key, view, plan, actor, given)
        said = filters.conditions(asked.tree, plan.model, plan.filterable, actor) if asked.tree and not ticked else []
        chips = [filterwords.describe(one) for one in said]
        return self.render(
            "exports/choose.html", title=gettext("Export: %(list)s", list=view.title), list_view=view, list_url=view.url("list"),
            state=list(state.items()), ticked=ticked, count=showing.count_said(asked, plan, actor, ticked), q=asked.q, chips=chips,
            groups=showing.groups(view, plan, names), templates=showing.offered(kept, used, list_key, state), used=used,
            kind=used.kind if used is not None else "xlsx", kinds=showing.KINDS, go_url=url_for(".go", list_key=list_key),
            keep_url=url_for(".keep", list_key=list_key), roles=savedlists.may_share_with(actor), most=services.AT_ONCE,
        )  # fmt: skip

    @expose("/list/<list_key>/go", methods=["POST"])
    @logged_in
    def go(self, list_key: str) -> Any:
        """A small file at once; a large one is made in the background."""
        view, actor = _exportable(list_key)
        wish = self._wish(list_key, view, actor)
        keys = services.numbers(wish, actor=actor, most=services.AT_ONCE + 1)
        if len(keys) > services.AT_ONCE:
            run = services.begin(wish, actor=actor)
            work.enqueue(run_id=run.id)
            return redirect(url_for(".show", run_id=run.id))
        response = Response(services.at_once(wish, keys, actor=actor), mimetype=files.FORMATS[wish.kind][1])
        response.headers["Content-Disposition"] = tablefiles.attached(services.name_of(view, wish.kind))
        return response

    def _wish(self, list_key: str, view: Any, actor: Any) -> Wish:
        names = request.form.getlist("col") or _names(list_key, view, view.plan(actor), actor, request.form)
        return Wish(list_key, names, request.form.get("kind", "xlsx"), _state(request.form), _ticked())

    @expose("/list/<list_key>/keep", methods=["POST"])
    @logged_in
    def keep(self, list_key: str) -> Any:
        """Keep the chosen columns as a template."""
        view, actor = _exportable(list_key)
        state = _state(request.form)
        try:
            row = templates.save(
                view, request.form.get("name", ""), request.form.getlist("col"), request.form.get("kind", "xlsx"),
                actor=actor, roles=request.form.getlist("roles"),
            )  # fmt: skip
        except InvalidInput as error:
            flash(error.message, "danger")
            return redirect(url_for(".choose", list_key=list_key, **state))
        flash(gettext("The template “%(name)s” is kept.", name=row.name), "success")
        return redirect(url_for(".choose", list_key=list_key, template=row.id, **state))

    @expose("/template/<int:template_id>/delete", methods=["POST"])
    @logged_in
    def forget(self, template_id: int) -> Any:
        list_key = templates.remove(template_id, actor=current_actor())
        flash(gettext("The template is deleted."), "success")
        return redirect(url_for(".choose", list_key=list_key))

    @expose("/<int:run_id>/")
    @logged_in
    def show(self, run_id: int) -> Any:
        run = services.find(run_id, actor=current_actor())
        return self.render("exports/run.html", title=run.file_name, line=showing.line(run), run=run, progress=ledger.progress(run))

    @expose("/<int:run_id>/progress")
    @logged_in
    def progress(self, run_id: int) -> Any:
        return jsonify(ledger.progress(veil.seen(services.find(run_id, actor=current_actor()))))

    @expose("/<int:run_id>/cancel", methods=["POST"])
    @logged_in
    def cancel(self, run_id: int) -> Any:
        if not services.cancel(run_id, actor=current_actor()):
            flash(gettext("It was over already."), "info")
        return redirect(url_for(".show", run_id=run_id))

    @expose("/file/<signed>")
    @logged_in
    def file(self, signed: str) -> Any:
        """The bytes, for the person whom the link names, until it expires."""
        run, path = services.opened(signed, actor=current_actor())
        kind = files.FORMATS[services.wish_of(run).kind][1]
        response = send_file(path, mimetype=kind, as_attachment=True, download_name=run.file_name, conditional=True)
        response.headers["Cache-Control"] = "private, no-store"
        return response


def addresses(view: Any, asked: listing.Asked) -> SimpleNamespace:
    """Where a list leads to: the choice of columns for its state, and the file at once."""
    choose = url_for("exports_export.choose", list_key=view.endpoint)
    state = {name: value for name, value in asked.words().items() if name in (*services.STATE, "cols")}
    return SimpleNamespace(
        choose_url=choose, here_url=url_for("exports_export.choose", list_key=view.endpoint, **state), state=list(state.items()),
        go_url=url_for("exports_export.go", list_key=view.endpoint), mine_url=url_for("exports_export.index"),
    )  # fmt: skip


def _exportable(list_key: str) -> tuple[Any, Any]:
    """The list and its reader, who may export it."""
    view, actor = services.view_of(list_key), current_actor()
    policy.authorize(actor, "read", view.resource)
    policy.authorize(actor, "export", view.resource)
    return view, actor


def _state(given: Any) -> dict[str, str]:
    return {name: text for name in services.STATE if (text := given.get(name, ""))}


def _ticked() -> list[int]:
    given = request.form.getlist("rowid")
    if any(not (text.isascii() and text.isdecimal() and len(text) < 10) for text in given):
        raise BadRequest(gettext("This request cannot be understood."))
    return [int(text) for text in given]


def _names(list_key: str, view: Any, plan: listing.Plan, actor: Any, given: Any) -> list[str]:
    """The columns as the reader sees the list now."""
    kept = savedlists.kept(list_key, plan, actor)
    return choosing.usual(listcolumns.chosen(given.get("cols") or "", kept.layout, plan), view, plan)
