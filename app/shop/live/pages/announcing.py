"""The preview that viewers open by a link or a code, without a log-in."""

from __future__ import annotations

from typing import Any

from flask import make_response, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts.login import limits
from app.panel.core.errors import NotFound
from app.panel.core.pages import PanelPage, expose, public
from app.panel.core.security import network
from app.shop.live import domain
from app.shop.live.permissions import SESSION
from app.shop.live.services import links, sheet

PER_PLACE = "60 per 5 minute"


@domain.page(_("Live preview"), menu=False)
class PreviewPage(PanelPage):
    """Theme, time, host, what is in it. Nothing of it comes from who asks, and no draft is ever shown."""

    resource = SESSION
    title = _("Live preview")
    route_base = "/live/p"

    @expose("/<token>")
    @public
    def index(self, token: str) -> Any:
        limits.hit("live_preview", PER_PLACE, network())
        session = links.opened(token) if len(token) <= 32 else None
        if session is None:
            raise NotFound(gettext("There is nothing here."))
        if request.method == "GET":  # a HEAD of a program that looks for a title is nobody
            links.count(token)
            session = links.opened(token)
        answer = make_response(self.render(
            "live/preview.html", live=session, text=session.preview_text or sheet.preview_text(session), title=session.title,
        ))  # fmt: skip
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Robots-Tag"] = "noindex"
        return answer
