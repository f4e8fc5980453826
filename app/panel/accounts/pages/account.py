"""One's own account: profile, password, devices, log-ins."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, session
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_login import current_user

from app.panel.accounts import domain, limits, preferences, queries, services, sessions
from app.panel.accounts.forms import PasswordForm, ProfileForm
from app.panel.accounts.models import full_name
from app.panel.accounts.ownpages import OwnPage, me, status_of
from app.panel.core.actor import current_actor
from app.panel.core.errors import InvalidInput
from app.panel.core.pages import expose, logged_in
from app.panel.core.security import safe_next


@domain.page(_("My account"), menu=False)
class AccountPage(OwnPage):
    """What every person may see and change of himself."""

    route_base = "/account"
    title = _("My account")

    @expose("/", methods=["GET", "POST"])
    @logged_in
    def index(self) -> Any:
        user, stored = me(), queries.profile(current_user.id)
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
        page = self.own("accounts/profile.html", "profile", form=form, names=names, submit=gettext("Save"), hint="")
        return page, status_of(form)

    @expose("/password/", methods=["GET", "POST"])
    @logged_in
    def password(self) -> Any:
        form = PasswordForm()
        if request.method == "POST" and form.validate():
            try:
                limits.hit("password", "10 per 10 minute", str(current_user.id))
                services.change_password(me(), form.current.data, form.password.data)
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
        hint = gettext("Changing it logs you out on all other devices. Your API keys stay in force.")
        page = self.own(
            "accounts/profile.html", "password", form=form, names=["current", "password", "again"],
            submit=gettext("Change the password"), hint=hint,
        )  # fmt: skip
        return page, status_of(form)

    @expose("/sessions/")
    @logged_in
    def sessions(self) -> Any:
        rows = queries.session_rows(current_user.id, sessions.current_key())
        return self.own("accounts/sessions.html", "sessions", rows=rows, end_url="/account/sessions/end/")

    @expose("/sessions/end/", methods=["POST"])
    @logged_in
    def end(self) -> Any:
        """End one session (an own one, or with the right to change people somebody's), or all own ones but this."""
        key, actor = request.form.get("key", ""), current_actor()
        if key == "all":
            services.end_sessions(me(), actor=actor, but=sessions.current_key())
        else:
            services.end_session(key, actor=actor)
        flash(gettext("Ended."), "success")
        return redirect(safe_next(request.form.get("next"), "/account/sessions/"))

    @expose("/logins/")
    @logged_in
    def logins(self) -> Any:
        return self.own("accounts/logins.html", "logins", rows=queries.login_rows(current_user.id))
