"""Schedules: what runs when, how it went, when else it shall run; and the health of the house."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.bulk import runs
from app.panel.core import clock, idempotency, policy
from app.panel.core.actor import current_actor
from app.panel.core.api import answers, body
from app.panel.core.errors import DomainError, InvalidInput, NotFound
from app.panel.core.pages import PanelPage, expose, needs
from app.panel.core.schedules import Misfire
from app.panel.upkeep import domain, health, queries, repeat_words, repeats, services, timing
from app.panel.upkeep.permissions import HEALTH, SCHEDULE


@domain.page(_("Schedules"), icon="fa-calendar-check", order=10)
class SchedulePage(PanelPage):
    resource = SCHEDULE
    title = _("Schedules")
    route_base = "/upkeep/schedules"

    @expose("/")
    @needs("read")
    def index(self) -> Any:
        actor = current_actor()
        return self.render(
            "upkeep/schedules.html", lines=queries.lines(), may_write=policy.allowed(actor, "write", SCHEDULE),
            may_run=policy.allowed(actor, "run", SCHEDULE), ticks=health.ticker_said(),
        )  # fmt: skip

    @expose("/<int:schedule_id>/")
    @needs("read")
    def show(self, schedule_id: int) -> Any:
        return self._page(schedule_id)

    def _page(self, schedule_id: int, status: int = 200, **more: Any) -> Any:
        actor = current_actor()
        row = services.get(schedule_id, actor=actor)
        trail = current_app.extensions.get("panel_trail_url")
        page = self.render(
            "upkeep/schedule.html", title=queries.label(row), row=row, line=queries.line(row, None), slots=queries.slots(row.id),
            ahead=queries.ahead(row), kinds=timing.KINDS, every=timing.EVERY,
            weekdays=timing.weekdays(), last_day=timing.LAST_SURE_DAY, misfires=list(Misfire),
            may_write=policy.allowed(actor, "write", SCHEDULE),
            may_run=policy.allowed(actor, "run", SCHEDULE), usual_zone=clock.zone().key, now=clock.local(clock.now()),
            trail_url=queries.changes_url(row, trail),
            **{"timing": timing.of(row.cron), "zone": row.zone or "", "misfire": row.misfire.value,
               "rehearsed": None, "asked_at": "", "wrong": {}, **more},
        )  # fmt: skip
        return page, status

    @expose("/<int:schedule_id>/change", methods=["POST"])
    @needs("write")
    def change(self, schedule_id: int) -> Any:
        form = request.form
        version = form.get("version", "")
        try:
            services.change(
                schedule_id, actor=current_actor(), version=int(version) if version.isdecimal() else 0,
                cron=timing.read(form, form.getlist("days")), zone=form.get("zone", "").strip(), misfire=form.get("misfire", ""),
            )  # fmt: skip
        except InvalidInput as error:
            return self._page(
                schedule_id, 422, wrong=error.errors, timing=timing.typed(form, form.getlist("days")), zone=form.get("zone", ""),
                misfire=form.get("misfire", ""),
            )  # fmt: skip
        flash(gettext("Saved."), "success")
        return redirect(url_for(".show", schedule_id=schedule_id))

    @expose("/<int:schedule_id>/switch", methods=["POST"])
    @needs("write")
    def switch(self, schedule_id: int) -> Any:
        row = services.switch(schedule_id, request.form.get("on") == "1", actor=current_actor())
        words = gettext("“%(name)s” runs again.") if row.enabled else gettext("“%(name)s” rests.")
        flash(words % {"name": queries.label(row)}, "success")
        return redirect(url_for(".index"))

    @expose("/<int:schedule_id>/run", methods=["POST"])
    @needs("run")
    def run(self, schedule_id: int) -> Any:
        if services.run_now(schedule_id, actor=current_actor()):
            flash(gettext("It is on its way; how it went is told below."), "success")
        else:
            flash(gettext("It was asked for in this minute already."), "info")
        return redirect(url_for(".show", schedule_id=schedule_id))

    @expose("/<int:schedule_id>/rehearse", methods=["POST"])
    @needs("run")
    def rehearse(self, schedule_id: int) -> Any:
        """What it would do at a moment of the past or to come. Nothing of it stays."""
        given = request.form.get("at", "")
        try:
            at = clock.dt.datetime.fromisoformat(given).replace(tzinfo=clock.zone())
        except ValueError:
            return self._page(schedule_id, 422, wrong={"at": gettext("A day and a time are expected.")})
        try:
            said = services.rehearse(schedule_id, at, actor=current_actor())
        except DomainError as error:
            said = [error.message]
        return self._page(schedule_id, rehearsed=said if said is not None else [], asked_at=given)


@domain.page(_("Repeated operations"), icon="fa-repeat", order=15)
class RepeatPage(PanelPage):
    """One's own operations that are done again and again."""

    resource = "bulk.Run"
    title = _("Repeated operations")
    route_base = "/upkeep/repeats"

    def __init__(self) -> None:
        super().__init__()
        current_app.extensions["panel_repeats"] = _repeat_url

    @expose("/")
    @needs("read")
    def index(self) -> Any:
        return self.render("upkeep/repeats.html", lines=queries.repeated(repeats.mine(current_actor())))

    @expose("/new/<int:run_id>/", methods=["GET", "POST"])
    @needs("read")
    def new(self, run_id: int) -> Any:
        """When what was prepared shall be done again."""
        actor = current_actor()
        run = runs.find(run_id, actor=actor)
        if not repeats.can_repeat(run, actor):
            raise NotFound(gettext("There is nothing here."))
        form, wrong = request.form, {}
        if request.method == "POST":
            try:
                made = repeats.make(run_id, timing.read(form, form.getlist("days")), actor=actor)
                flash(gettext("“%(name)s” is repeated: %(when)s.", name=str(made), when=timing.said(made.schedule.cron)), "success")
                return redirect(url_for(".index"))
            except InvalidInput as error:
                wrong = error.errors
            except DomainError as error:
                flash(error.message, "danger")
        page = self.render(
            "upkeep/repeat.html", title=gettext("Repeat: %(what)s", what=run.file_name), run=run, wrong=wrong, kinds=timing.KINDS,
            timing=timing.typed(form, form.getlist("days")) if request.method == "POST" else timing.of("0 20 * * 5"),
            every=timing.EVERY, weekdays=timing.weekdays(), last_day=timing.LAST_SURE_DAY, row=None,
        )  # fmt: skip
        return page, 422 if request.method == "POST" else 200

    @expose("/<int:repeat_id>/switch", methods=["POST"])
    @needs("read")
    def switch(self, repeat_id: int) -> Any:
        row = repeats.switch(repeat_id, request.form.get("on") == "1", actor=current_actor())
        words = gettext("“%(name)s” runs again.") if row.schedule.enabled else gettext("“%(name)s” rests.")
        flash(words % {"name": str(row)}, "success")
        return redirect(url_for(".index"))

    @expose("/<int:repeat_id>/end", methods=["POST"])
    @needs("read")
    def end(self, repeat_id: int) -> Any:
        flash(gettext("“%(name)s” is not repeated any more.", name=repeats.end(repeat_id, actor=current_actor())), "success")
        return redirect(url_for(".index"))


def _repeat_url(run: Any, actor: Any) -> str:
    return url_for("upkeep_repeat.new", run_id=run.id) if repeats.can_repeat(run, actor) else ""


@domain.page(_("Repeated operations for programs"), menu=False)
class RepeatApiPage(PanelPage):
    """The same for programs. What a key prepared cannot be repeated: a repetition runs by the rights of a person, not of a key."""

    resource = "bulk.Run"
    route_base = "/api/v1/bulk/repeat"

    def describe(self, api_spec: Any) -> None:
        repeat_words.add_to(api_spec, self.route_base)

    @expose("/", methods=["GET"])
    @answers("read")
    def all(self, actor: Any) -> Any:
        return jsonify(result=[_repeat_said(one) for one in queries.repeated(repeats.mine(actor))])

    @expose("/", methods=["POST"])
    @answers("read")
    def make(self, actor: Any) -> Any:
        """201: `{"run": 12, "cron": "0 20 * * 5"}` does again what run 12 was prepared for."""
        given = body()
        if unknown := sorted(set(given) - {"run", "cron"}):
            raise InvalidInput({unknown[0]: gettext("There is no such field.")})
        run, cron = given.get("run"), given.get("cron")
        if type(run) is not int or not 0 < run < 2**31:
            raise InvalidInput({"run": gettext("This is needed.")})
        if not isinstance(cron, str) or not cron.strip():
            raise InvalidInput({"cron": gettext("This is needed.")})
        key = (request.headers.get("Idempotency-Key") or "").strip() or None
        number = idempotency.with_key(key, actor, "upkeep.repeat", given, lambda: repeats.make(run, cron, actor=actor).id)
        return self._one(number, actor), 201

    @expose("/<int:repeat_id>/", methods=["GET"])
    @answers("read")
    def show(self, repeat_id: int, actor: Any) -> Any:
        return self._one(repeat_id, actor)

    @expose("/<int:repeat_id>/", methods=["DELETE"])
    @answers("read")
    def end(self, repeat_id: int, actor: Any) -> Any:
        return jsonify(ended=repeats.end(repeat_id, actor=actor))

    @expose("/<int:repeat_id>/switch", methods=["POST"])
    @answers("read")
    def switch(self, repeat_id: int, actor: Any) -> Any:
        """`{"enabled": false}` lets it rest."""
        repeats.find(repeat_id, actor=actor)
        wanted = body().get("enabled")
        if not isinstance(wanted, bool):
            raise InvalidInput({"enabled": gettext("This is needed.")})
        repeats.switch(repeat_id, wanted, actor=actor)
        return self._one(repeat_id, actor)

    @expose("/<int:repeat_id>/rehearse", methods=["POST"])
    @answers("read")
    def rehearse(self, repeat_id: int, actor: Any) -> Any:
        """What it would do now, in sentences; nothing of it stays."""
        return jsonify(said=repeats.rehearse(repeat_id, actor=actor))

    def _one(self, repeat_id: int, actor: Any) -> Any:
        return jsonify(_repeat_said(queries.repeated([repeats.find(repeat_id, actor=actor)])[0]))


def _repeat_said(line: Any) -> dict[str, Any]:
    last = line.last and {"slot_at": line.last.slot_at.isoformat(), "outcome": line.last.word, "error": line.last.error}
    return {
        "id": line.id, "title": line.label, "cron": line.row.cron, "zone": line.zone, "when": line.when,
        "enabled": line.row.enabled, "next_at": line.next_at.isoformat() if line.next_at else None, "last": last or None,
    }  # fmt: skip


@domain.page(_("Health"), icon="fa-heart-pulse", order=20)
class HealthPage(PanelPage):
    resource = HEALTH
    title = _("Health")
    route_base = "/upkeep/health"

    @expose("/")
    @needs("read")
    def index(self) -> Any:
        return self.render("upkeep/health.html", found=health.found(), here=health.on_the_server())

    @expose("/part")
    @needs("read")
    def part(self) -> Any:
        """The figures alone, for the page that is open."""
        return jsonify(html=render_template("upkeep/_health.html", found=health.found()))
