"""Begin and end to look at the panel as a role or a person sees it."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, session
from flask_babel import lazy_gettext as _

from app.panel.accounts import domain
from app.panel.accounts.configuration import store
from app.panel.accounts.pages.roles import shown, state_of
from app.panel.accounts.rights import explain, rolebook, viewas
from app.panel.core import policy
from app.panel.core.actor import current_actor
from app.panel.core.errors import BadRequest
from app.panel.core.pages import PanelPage, expose, logged_in, needs
from app.panel.core.security import safe_next


@domain.page(_("View as"), menu=False)
class ViewAsPage(PanelPage):
    """The door of the preview, and the way out of it."""

    route_base = "/accounts/view-as"
    resource = "accounts.Configuration"
    title = _("View as")
    stands_under = "accounts_role"

    @expose("/")
    @needs("write")
    def index(self) -> Any:
        document, _may_write = shown()
        may_read = policy.allowed(current_actor(), "read", "accounts.User")
        return self.render(
            "accounts/viewas.html", state=state_of(True),
            roles=[(key, rolebook.label(key, document)) for key in rolebook.in_order(document)],
            people=[(one.id, one.first_name) for one in explain.people() if one.id != current_actor().id] if may_read else [],
        )  # fmt: skip

    @expose("/", methods=["POST"])
    @needs("write")
    def start(self) -> Any:
        form = request.form
        person = form.get("person", "")
        if not form.get("role") and not (person.isdecimal() and len(person) < 10):
            raise BadRequest(_("Choose a role or a person."))
        of = viewas.DRAFT if form.get("of") == viewas.DRAFT and store.draft().begun else viewas.PUBLISHED
        choice = viewas.Choice(role=form["role"], of=of) if form.get("role") else viewas.Choice(person=int(person), of=of)
        viewas.start(choice, actor=current_actor())
        session[viewas.KEY] = choice.kept()
        return redirect(safe_next(form.get("next"), "/"))

    @expose("/end", methods=["POST"])
    @logged_in
    def end(self) -> Any:
        viewas.end()
        return redirect(safe_next(request.form.get("next"), "/accounts/roles/"))
