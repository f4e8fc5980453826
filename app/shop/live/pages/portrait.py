"""The portrait of an audience: brought by a file, or measured from customers."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import records
from app.panel.core.actor import current_actor
from app.panel.core.errors import DomainError
from app.panel.core.pages import PanelPage, expose, needs
from app.shop.live import domain
from app.shop.live.models import LiveSession
from app.shop.live.permissions import SESSION
from app.shop.live.services import audience
from app.shop.live.states import Origin

LARGEST = 512 * 1024


@domain.page(_("Audience"), menu=False)
class AudiencePage(PanelPage):
    """LVR-02. What it brings stands on the report."""

    resource = SESSION
    title = _("Audience")
    route_base = "/live"

    @expose("/<int:live_id>/report/audience", methods=["POST"])
    @needs("write")
    def bring(self, live_id: int) -> Any:
        actor = current_actor()
        session: LiveSession = records.get(LiveSession, live_id, actor=actor)
        wish, file = request.form.get("do"), request.files.get("file")
        if wish not in ("measure", "file"):
            abort(400)
        try:
            if wish == "measure":
                made = audience.keep(session, Origin.MEASURED, audience.measure(session, actor=actor), actor=actor)
            else:
                content = file.read(LARGEST + 1) if file is not None else b""
                if len(content) > LARGEST:
                    raise DomainError(gettext("The file is larger than %(n)s KB.", n=LARGEST // 1024))
                made = audience.keep(session, Origin.IMPORTED, audience.read(content), actor=actor)
        except DomainError as error:
            if error.status in (403, 404):
                raise
            flash(error.message, "danger")
        else:
            said = gettext("%(n)s groups of at least five people are kept.", n=made)
            flash(said if made else gettext("No group has five people: nothing is kept."), "success" if made else "warning")
        return redirect(url_for("live_report.index", live_id=live_id) + "#r-audience")
