"""Questions of viewers that the service passed to the product team, and their answers on the way back (SVC-10)."""

from __future__ import annotations

import secrets
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import clock, records, veil
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, NotFound
from app.panel.core.pages import PanelPage, expose, needs
from app.shop.live import domain, queries
from app.shop.live.models import LiveQuestion, LiveSession
from app.shop.live.permissions import SESSION
from app.shop.live.services import board, talk
from app.shop.live.states import AskedOf


@domain.page(_("Questions for the product team"), icon="fa-box-open", order=26)
class AdvicePage(PanelPage):
    resource = SESSION
    title = _("Questions for the product team")
    route_base = "/live"
    default_view = "index"

    @expose("/advice/")
    @needs("advise")
    def index(self) -> str:
        actor = current_actor()
        found = db.session.scalars(queries.for_the_product_team(actor, clock.now() - clock.days(1)))
        return self.render("live/advice.html", title=self.title, asked=[_told(row) for row in found], key=secrets.token_hex(12))

    @expose("/<int:live_id>/advice/<int:question_id>", methods=["POST"])
    @needs("advise")
    def answer(self, live_id: int, question_id: int) -> Any:
        """The answer goes back to the service; pressed twice it goes once."""
        actor = current_actor()
        session: LiveSession = records.get(LiveSession, live_id, actor=actor)
        question = db.session.get(LiveQuestion, question_id)
        if question is None or question.session_id != session.id:
            raise NotFound(gettext("There is nothing here."))
        key = f"{request.form.get('key', '')[:40]}-{question_id}"
        try:
            if question.asked_of is not AskedOf.PRODUCT:
                raise DomainError(gettext("It is with the service already."))
            told = talk.give_back(live_id, question_id, request.form.get("answer", ""), actor=actor, key=key, right="advise")
            flash(told["said"], "success")
        except DomainError as error:
            if error.status in (403, 404):
                raise
            flash(error.message, "danger")
        return redirect(url_for("live_advice.index"))


def _told(row: LiveQuestion) -> dict[str, Any]:
    seen = veil.seen(row)
    return {
        "id": row.id, "live_id": row.session_id, "session": veil.seen(row.session).title, "text": seen.text,
        "asker": seen.asker or "", "asked_at": row.asked_at if veil.shows(row, "asked_at") else None,
        "thread": seen.thread or [], "item": board.title_of(row.item) if row.item else "",
    }  # fmt: skip
