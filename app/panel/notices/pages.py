"""One's own choices about notices, and the page behind the link of a mail."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_login import current_user

from app.panel.accounts.models import User
from app.panel.accounts.pages.own import OwnPage, tab
from app.panel.core import notices, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput, NotFound
from app.panel.core.notices import BELL
from app.panel.core.pages import PanelPage, expose, logged_in, public
from app.panel.notices import carriers, domain, services

TIMES = ("quiet_from", "quiet_until", "digest_at")


@tab
def notice_tab() -> tuple[str, str, str]:
    return "notices", gettext("Notices"), "/account/notices/"


@domain.page(_("Notices"), menu=False)
class ChoicesPage(OwnPage):
    """What reaches me, by which way, and when not."""

    route_base = "/account/notices"
    title = _("Notices")

    @expose("/", methods=["GET", "POST"])
    @logged_in
    def index(self) -> Any:
        user_id, errors = int(current_user.id), {}
        times = {name: getattr(services.hours(user_id), name) for name in TIMES}
        modes = services.chosen(user_id)
        if request.method == "POST":
            times = {name: request.form.get(name, "")[:5] for name in TIMES}
            wanted = {choice: request.form[name] for choice, name in _names().items() if name in request.form}
            try:
                services.choose(user_id, wanted, **times)
                flash(gettext("Saved."), "success")
                return redirect("/account/notices/")
            except InvalidInput as error:
                errors = error.errors
        labels = {BELL: gettext("Bell"), **{key: str(one.label) for key, one in carriers.CARRIERS.items()}}
        page = self.own(
            "notices/choices.html", "notices", groups=_groups(), ways=labels, modes=modes, names=_names(), times=times,
            errors=errors, offered={way: services.offered(way) for way in labels}, email=current_user.email,
        )  # fmt: skip
        return page, 422 if errors else 200


@domain.page(_("No more mail"), menu=False)
class StopPage(PanelPage):
    """Whoever got a mail ends its kind with one click and no password. Opening the page changes nothing: mail scanners
    open links."""

    route_base = "/notices/stop"
    title = _("No more mail")
    resource = "notices.Choice"

    @expose("/<token>", methods=["GET", "POST"])
    @public
    def index(self, token: str) -> Any:
        found = carriers.read(token)
        user = db.session.get(User, found[0]) if found else None
        if found is None or user is None or found[2] not in carriers.CARRIERS:
            raise NotFound(gettext("This link is not one of ours, or is cut off."))
        user_id, kinds, way = found
        if request.method == "POST":
            services.stop(user_id, kinds, way)
        words = [str(notices.KINDS[kind].label) for kind in kinds if kind in notices.KINDS]
        return self.render(
            "notices/stop.html", kinds=words, email=policy.masked_text(user.email, "email"), done=request.method == "POST"
        )


def _groups() -> list[dict[str, Any]]:
    """The kinds that can reach this reader, by group."""
    actor, found = current_actor(), dict[str, list[Any]]()
    for kind in notices.KINDS.values():
        if kind.needs is None or policy.allowed(actor, *kind.needs):
            found.setdefault(str(kind.group), []).append(kind)
    return [{"label": label, "kinds": kinds} for label, kinds in found.items()]


def _names() -> dict[tuple[str, str], str]:
    """The name of the control of each choice."""
    return {(kind, way): f"mode-{kind}-{way}" for kind in notices.KINDS for way in services.ways()}
