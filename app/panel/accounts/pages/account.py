"""One's own account: profile, password, devices, log-ins."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, session
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_login import current_user

from app.panel.accounts import domain, queries, services
from app.panel.accounts.audit import reading
from app.panel.accounts.forms import CurrentPasswordForm, PasswordForm, ProfileForm
from app.panel.accounts.login import browsers, entering, limits, secondstep, sessions, twostep
from app.panel.accounts.models import full_name
from app.panel.accounts.pages import takeaway
from app.panel.accounts.pages.own import OwnPage, me, status_of
from app.panel.accounts.people import preferences
from app.panel.core import tablefiles
from app.panel.core.actor import current_actor
from app.panel.core.errors import BadRequest, DomainError, InvalidInput
from app.panel.core.pages import expose, logged_in
from app.panel.core.security import safe_next
from app.panel.core.settings import setting


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
                # links for new passwords go there: whoever sits at an open screen shall not turn them to himself
                if form.email.data.strip().lower() != user.email.lower() and not entering.confirms(user, form.current.data or ""):
                    raise InvalidInput({"current": gettext("This is not your current password.")})
                services.update_profile(user, name=form.name.data, email=form.email.data)
                wanted = {name: form[name].data for name in ("language", "skin", "layout")}
                preferences.choose(user.id, wanted)
                flash(gettext("Saved."), "success")
                return redirect("/account/")
            except InvalidInput as error:
                form.refuse(error)
            except limits.TooMany as error:
                form.problem = error.message
        names = ["name", "email", "current", "language", "skin", "layout"]
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
        return self.own(
            "accounts/sessions.html", "sessions", rows=rows, end_url="/account/sessions/end/",
            browsers=queries.browser_rows(current_user.id, sessions.current_device()),
            is_locked=browsers.is_locked(current_user.id), must_lock=bool(setting("accounts.device_lock")),
            can_lock=secondstep.can_mail() or twostep.is_on(current_user.id),
        )  # fmt: skip

    @expose("/devices/remove/", methods=["POST"])
    @logged_in
    def remove(self) -> Any:
        """Forget a browser of one's own."""
        number = request.form.get("id", "")
        browsers.remove(me(), int(number) if number.isdecimal() and len(number) < 10 else 0, actor=me())
        flash(gettext("Removed."), "success")
        return redirect("/account/sessions/")

    @expose("/devices/lock/", methods=["GET", "POST"])
    @logged_in
    def lock(self) -> Any:
        """Turn the device lock on or off, by the password."""
        user, form = me(), CurrentPasswordForm()
        is_on = queries.profile(user.id).device_lock
        if request.method == "POST" and form.validate():
            if not secondstep.can_mail() and not twostep.is_on(user.id):
                raise DomainError(gettext("A device can be confirmed by mail or by a second step. Neither is set up here."))
            if entering.confirms(user, form.current.data):
                services.lock_devices(user, not is_on)
                browsers.confirm(user.id, sessions.current_device())
                flash(gettext("The device lock is off.") if is_on else gettext("The device lock is on."), "success")
                return redirect("/account/sessions/")
            form.problem = gettext("This is not your current password.")
        page = self.own(
            "accounts/profile.html", "sessions", title=gettext("Device lock"), form=form, names=["current"],
            submit=gettext("Turn the device lock off") if is_on else gettext("Turn the device lock on"),
            hint=gettext("A log-in from a new device then waits until you confirm it by a second step or by mail."),
        )  # fmt: skip
        return page, status_of(form)

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

    @expose("/logins/export", methods=["POST"])
    @logged_in
    def export_logins(self) -> Any:
        """One's own log-ins as a file, newest first."""
        kind = request.form.get("format", "csv")
        if kind not in tablefiles.KINDS:
            raise BadRequest(gettext("This request cannot be understood."))
        return takeaway.logins(queries.logins_of(current_user.id, reading.MOST_EXPORTED), kind, asked={}, actor=current_actor())
