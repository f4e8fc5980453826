"""The roles in plain words."""

from __future__ import annotations

from typing import Any

from flask import abort
from flask_babel import lazy_gettext as _

from app.panel.accounts import domain, queries, rights
from app.panel.accounts.models import Role, full_name
from app.panel.core import policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.pages import PanelPage, expose, needs


@domain.page(_("Roles"), icon="fa-user-shield", order=20)
class RolePage(PanelPage):
    """Who may do what, in plain words."""

    route_base = "/accounts/roles"
    resource = "accounts.Role"
    title = _("Roles")

    @expose("/")
    @needs("read")
    def index(self) -> Any:
        found = queries.all_roles()
        roles = [
            {**rights.described(role), "count": len(role.user), "url": f"/accounts/roles/{role.id}/"} for role in found
        ]
        return self.render("accounts/roles.html", roles=roles, groups=rights.matrix(found))

    @expose("/<int:role_id>/")
    @needs("read")
    def show(self, role_id: int) -> Any:
        role = db.session.get(Role, role_id)
        if role is None:
            abort(404)
        may_open = policy.allowed(current_actor(), "read", "accounts.User")
        people = [
            {"name": full_name(user), "url": f"/accounts/user/show/{user.id}" if may_open else ""}
            for user in sorted(role.user, key=full_name)
        ]
        described = rights.described(role)
        return self.render(
            "accounts/role.html", title=described["label"], role=described, people=people, groups=rights.matrix([role])
        )
