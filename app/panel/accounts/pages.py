"""One's own account, the roles in plain words, and the pages of the first run."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, session
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _
from flask_login import current_user

from app.panel.accounts import domain, firstrun, limits, login, preferences, queries, rights, services, sessions
from app.panel.accounts.forms import CurrentPasswordForm, PasswordForm, ProfileForm, SetupForm
from app.panel.accounts.models import Role, User, full_name
from app.panel.core import policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.pages import PanelPage, expose, logged_in, needs, public
from app.panel.core.security import network, safe_next


@domain.page(_("My account"), menu=False)
class AccountPage(PanelPage):
    """What every person may see and change of himself."""

    route_base = "/account"
    title = _("My account")

    @expose("/", methods=["GET", "POST"])
    @logged_in
    def index(self) -> Any:
        user, stored = _me(), queries.profile(current_user.id)
        chosen = preferences.current()
        form = ProfileForm(
            name=full_name(user), email=user.email, language=stored.language or chosen.language, skin=chosen.skin,
            layout=chosen.layout,
        )  # fmt: skip
        form.offer(preferences.languages())
        if request.method == "POST" and form.validate():
            try:
                services.update_profile(user, name=form.name.data, email=form.email.data)
                wanted = {name: form[name].data for name in ("language", "skin", "layout")}
                preferences.choose(user.id, wanted)
                flash(gettext("Saved."), "success")
                return redirect("/account/")
            except InvalidInput as error:
                form.refuse(error)
        names = ["name", "email", "language", "skin", "layout"]
        page = self._own("accounts/profile.html", "profile", form=form, names=names, submit=gettext("Save"), hint="")
        return page, _status(form)

    @expose("/password/", methods=["GET", "POST"])
    @logged_in
    def password(self) -> Any:
        form = PasswordForm()
        if request.method == "POST" and form.validate():
            try:
                limits.hit("password", "10 per 10 minute", str(current_user.id))
                services.change_password(_me(), form.current.data, form.password.data)
                session.pop("must_change", None)
                sessions.rotate()  # the guard has ended all sessions of this person; this one begins anew
                flash(gettext("The password is changed. All other sessions have ended."), "success")
                return redirect("/account/")
            except InvalidInput as error:
                form.refuse(error)
            except limits.TooMany as error:
                form.problem = error.message
        if session.get("must_change"):
            form.problem = form.problem or gettext("Please choose a password of your own first.")
        hint = gettext("Changing it logs you out on all other devices.")
        page = self._own(
            "accounts/profile.html", "password", form=form, names=["current", "password", "again"],
            submit=gettext("Change the password"), hint=hint,
        )  # fmt: skip
        return page, _status(form)

    @expose("/sessions/")
    @logged_in
    def sessions(self) -> Any:
        rows = queries.session_rows(current_user.id, sessions.current_key())
        return self._own("accounts/sessions.html", "sessions", rows=rows, end_url="/account/sessions/end/")

    @expose("/sessions/end/", methods=["POST"])
    @logged_in
    def end(self) -> Any:
        """End one session (an own one, or with the right to change people somebody's), or all own ones but this."""
        key, actor = request.form.get("key", ""), current_actor()
        if key == "all":
            services.end_sessions(_me(), actor=actor, but=sessions.current_key())
        else:
            services.end_session(key, actor=actor)
        flash(gettext("Ended."), "success")
        return redirect(safe_next(request.form.get("next"), "/account/sessions/"))

    @expose("/logins/")
    @logged_in
    def logins(self) -> Any:
        return self._own("accounts/logins.html", "logins", rows=queries.login_rows(current_user.id))

    def _own(self, template: str, here: str, **context: Any) -> str:
        tabs = [
            {"label": label, "url": url, "active": key == here}
            for key, label, url in (
                ("profile", gettext("Profile"), "/account/"), ("password", gettext("Password"), "/account/password/"),
                ("sessions", gettext("My devices"), "/account/sessions/"), ("logins", gettext("Log-ins"), "/account/logins/"),
            )
        ]  # fmt: skip
        roles = [str(queries.role_label(role.name)) for role in queries.in_order(current_user.roles)]
        return self.render(template, tabs=tabs, person=current_user, roles=roles, **context)


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


@domain.page(_("First run"), menu=False)
class SetupPage(PanelPage):
    """Open only while there is no account, and only to whoever holds the address from the terminal."""

    route_base = "/setup"
    title = _("Welcome to Zhanggui")
    resource = "accounts.Instance"

    @expose("/", methods=["GET", "POST"])
    @public
    def index(self) -> Any:
        if firstrun.is_ready():
            return redirect("/")
        token = request.values.get("token", "")
        limits.hit("setup", "30 per 10 minute", network())
        if not firstrun.token_fits(token):
            return self.render("accounts/setup.html", form=None), 403
        form = SetupForm()
        parts = [(entry, entry.form(prefix=f"s{n}", meta={"csrf": False})) for n, entry in enumerate(firstrun.steps())]
        if request.method == "POST" and all([form.validate(), *(part.validate() for _entry, part in parts)]):
            try:
                user = firstrun.open_instance(
                    parts, name=form.name.data, username=form.username.data, email=form.email.data,
                    password=form.password.data, language=str(get_locale()),
                )  # fmt: skip
                login.enter(user)
                session["begin"] = True
                return redirect("/setup/next/")
            except InvalidInput as error:
                form.refuse(error)
            except DomainError as error:
                form.problem = error.message
        page = self.render("accounts/setup.html", form=form, parts=parts, token=token)
        return page, 422 if request.method == "POST" else 200

    @expose("/next/", methods=["GET", "POST"])
    @needs("reset")
    def next(self) -> Any:
        """With what to begin. Offered once, right after the first run: later the same things stand on their own pages."""
        if not session.get("begin"):
            return redirect("/")
        if request.method == "POST":
            chosen = next((entry for entry in firstrun.choices() if entry.key == request.form.get("choice")), None)
            if chosen is None:
                abort(400)
            session.pop("begin", None)
            return redirect(safe_next(chosen.action(current_actor()), "/"))
        return self.render("accounts/setup_next.html", choices=firstrun.choices())

    @expose("/reset/", methods=["GET", "POST"])
    @needs("reset")
    def reset(self) -> Any:
        """Remove the demo and start for real."""
        form, status = CurrentPasswordForm(), 200
        if request.method == "POST":
            status = 422
            if form.validate() and login.confirms(_me(), form.current.data):
                gone = firstrun.reset(current_actor())
                flash(gettext("The demo is gone: %(n)s rows removed.", n=sum(count for _label, count in gone)), "success")
                return redirect("/")
            form.problem = gettext("This is not your current password.")
        title = gettext("Remove the demo and start for real")
        return self.render("accounts/reset.html", title=title, form=form, cleaners=firstrun.cleaners()), status


def _me() -> User:
    user = db.session.get(User, current_user.id)
    if user is None:
        abort(403)
    return user


def _status(form: Any) -> int:
    return 422 if form.errors or (request.method == "POST" and form.problem) else 200
