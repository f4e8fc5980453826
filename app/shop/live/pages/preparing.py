"""What is done before a session: checklist with three signatures, preview text, links, a copy of the last one."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import policy, records, veil
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, NotFound
from app.panel.core.pages import PanelPage, expose, needs
from app.shop.live import domain, queries
from app.shop.live.models import LiveCheck, LiveItem, LiveOut, LiveSession
from app.shop.live.pages import reaching
from app.shop.live.permissions import SESSION, posts_of
from app.shop.live.services import links, outgoing, plan, reviewing, sheet
from app.shop.live.states import PLANNED, CheckKind, SessionState


@domain.page(_("Prepare"), menu=False)
class PreparePage(PanelPage):
    """LVP-05, LVP-06, LVP-09, LVP-10: a session is ready when everything is there and all three posts have signed."""

    resource = SESSION
    title = _("Prepare")
    route_base = "/live"
    stands_under = "live_livesession"

    @expose("/<int:live_id>/prepare")
    @needs("read")
    def index(self, live_id: int) -> str:
        actor = current_actor()
        session: LiveSession = records.get(LiveSession, live_id, actor=actor)
        may = policy.allowed(actor, "write", SESSION)
        whole = all(
            veil.access_to(model) is None for model in (LiveSession, LiveCheck, LiveItem)
        )  # sentences hold values of these
        groups = [(kind, [check for check in session.checks if check.kind is kind]) for kind in CheckKind]
        last = db.session.scalars(queries.last_like(session, actor)).first() if may else None
        return self.render(
            "live/prepare.html", live=session, title=veil.seen(session).title, groups=[group for group in groups if group[1]],
            missing=plan.missing(session) if whole else [], warnings=plan.warnings(session) if whole else [],
            sum=plan.minutes(session) if whole else None, may_write=may,
            my_posts=posts_of(actor), is_planned=session.state in PLANNED, links=links.shown(session, request.host_url),
            last=last, advised=len(reviewing.suggested(last)) if last is not None and whole else 0,
            suggestion=sheet.preview_text(session) if whole else "", states=SessionState, reach=reaching.shown(session, actor),
        )  # fmt: skip

    @expose("/<int:live_id>/prepare/tick/<int:check_id>", methods=["POST"])
    @needs("read")
    def tick(self, live_id: int, check_id: int) -> Any:
        """Tick a point or sign; the service asks who may."""
        return self._do(
            live_id, lambda _session, actor: plan.tick(check_id, request.form.get("done") == "1", actor=actor)
        )

    @expose("/<int:live_id>/prepare/fail/<int:check_id>", methods=["POST"])
    @needs("read")
    def fail(self, live_id: int, check_id: int) -> Any:
        """A point that does not hold, and why; the service asks who may."""
        return self._do(live_id, lambda _session, actor: plan.fail(check_id, request.form.get("note", ""), actor=actor))

    @expose("/<int:live_id>/prepare/ready", methods=["POST"])
    @needs("write")
    def ready(self, live_id: int) -> Any:
        """Make it ready, or a draft again."""
        to = SessionState.DRAFT if request.form.get("to") == "draft" else SessionState.READY
        said = (
            gettext("The session is ready.") if to is SessionState.READY else gettext("The session is a draft again.")
        )
        return self._do(live_id, lambda session, actor: plan.move(session, to, actor=actor), said)

    @expose("/<int:live_id>/prepare/copy", methods=["POST"])
    @needs("write")
    def copy(self, live_id: int) -> Any:
        """Take the last session's run sheet, points and open conclusions."""

        def work(session: LiveSession, actor: Any) -> None:
            last = db.session.scalars(queries.last_like(session, actor)).first()
            if last is None:
                raise DomainError(gettext("There is no session before this one."))
            changed = reviewing.suggested(last) if request.form.get("suggested") == "1" else {}
            number = plan.copy_from(session, last, actor=actor, planned_minutes=changed)
            flash(gettext("%(n)s lines are copied from “%(last)s”.", n=number, last=last.title), "success")

        return self._do(live_id, work)

    @expose("/<int:live_id>/prepare/preview", methods=["POST"])
    @needs("write")
    def preview(self, live_id: int) -> Any:
        """Write the preview from the data anew."""
        said = gettext("The preview is written anew.")
        return self._do(live_id, lambda session, actor: sheet.make_preview(session, actor=actor), said)

    @expose("/<int:live_id>/prepare/link", methods=["POST"])
    @needs("write")
    def link(self, live_id: int) -> Any:
        """An address of the preview for a partner who posts it again."""
        partner = request.form.get("partner", "")
        return self._do(
            live_id, lambda session, actor: links.hand_out(session, partner, actor=actor), gettext("The link is made.")
        )

    @expose("/<int:live_id>/prepare/push", methods=["POST"])
    @needs("write")
    def push(self, live_id: int) -> Any:
        """Publish the preview on the channels that have a way out."""

        def work(session: LiveSession, actor: Any) -> None:
            number = outgoing.push(session, actor=actor)
            said = gettext("The preview goes to %(n)s channels.", n=number)
            flash(said if number else gettext("Every channel has this text already."), "success")

        return self._do(live_id, work)

    @expose("/<int:live_id>/prepare/push/<int:out_id>", methods=["POST"])
    @needs("write")
    def push_again(self, live_id: int, out_id: int) -> Any:
        """Once more to the channel where it failed."""

        def work(session: LiveSession, actor: Any) -> None:
            out: LiveOut = records.get(LiveOut, out_id, actor=actor)
            if out.session_id != session.id:
                raise NotFound(gettext("There is nothing here."))
            outgoing.again(out, actor=actor)

        return self._do(live_id, work, gettext("It is sent again."))

    def _do(self, live_id: int, work: Any, said: str = "") -> Any:
        actor = current_actor()
        session: LiveSession = records.get(LiveSession, live_id, actor=actor)
        try:
            work(session, actor)
        except DomainError as error:
            if error.status == 404:
                raise
            flash(error.message, "danger")
        else:
            if said:
                flash(said, "success")
        return redirect(url_for("live_prepare.index", live_id=live_id))
