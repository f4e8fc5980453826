"""The check-list for somebody who leaves: what is open, what he took along, and one button."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts import domain, services
from app.panel.accounts.audit import words
from app.panel.accounts.models import User, full_name
from app.panel.accounts.people import leaving
from app.panel.accounts.rights import delegation
from app.panel.accounts.views import UserView
from app.panel.core import policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.pages import PanelPage, expose, needs


@domain.page(_("Leaves the house"), menu=False)
class LeavingPage(PanelPage):
    """GET lists and can be printed, POST does it."""

    route_base = "/accounts/leaving"
    resource = services.RESOURCE
    title = _("Leaves the house")
    stands_under = "accounts_user"

    @expose("/<int:user_id>/", methods=["GET", "POST"])
    @needs("write")
    def index(self, user_id: int) -> Any:
        user, problem = db.session.get(User, user_id), ""
        if user is None:
            abort(404)
        if request.method == "POST":
            text = request.form.get("heir", "")
            heir = db.session.get(User, int(text)) if text.isdecimal() and len(text) < 10 else None
            try:
                leaving.leave(user, actor=current_actor(), heir=heir)
                flash(gettext("%(name)s has left: all accesses have ended.", name=full_name(user)), "success")
                return redirect(url_for("accounts_user.show", pk=user.id))
            except DomainError as error:
                problem = error.message
        found = leaving.look(user)
        page = self.render(
            "accounts/leaving.html", person=user, name=full_name(user), found=found,
            lines=words.spoken(found.lines, current_actor()),
            loans=[delegation.described(loan) for loan in (*found.lent_to, *found.lent_by)], problem=problem,
            heirs=[(one.id, full_name(one)) for one in leaving.heirs(user)], back_url=url_for("accounts_user.show", pk=user.id),
        )  # fmt: skip
        return page, 422 if problem else 200


@domain.panel(UserView, label=_("Leaves the house"), order=90)
def leaves(user: User, actor: Any) -> tuple[str, dict[str, Any]] | None:
    """The way to the check-list, for whoever may change people."""
    if not policy.allowed(actor, "write", services.RESOURCE):
        return None
    return "accounts/_leaving.html", {"url": f"/accounts/leaving/{user.id}/"}
