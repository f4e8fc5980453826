"""The second step of one's own log-in: an app, recovery codes, passkeys."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, session
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_login import current_user

from app.panel.accounts import domain
from app.panel.accounts.forms import AgainForm, PasskeyForm
from app.panel.accounts.login import passkeys, proof, sessions, totp, twostep
from app.panel.accounts.pages.own import OwnPage, me, status_of
from app.panel.core.errors import DomainError, InvalidInput, NotFound
from app.panel.core.fields import show_instant
from app.panel.core.late import Late
from app.panel.core.pages import expose, logged_in
from app.panel.core.security import safe_next

segno = Late("segno")
CHALLENGE = "passkey_challenge"


@domain.page(_("Two-step log-in"), menu=False)
class SecurityPage(OwnPage):
    """What is asked beside the password."""

    route_base = "/account/security"
    title = _("Two-step log-in")

    @expose("/")
    @logged_in
    def index(self) -> Any:
        user = me()
        keys = [
            {
                "id": key.id, "name": key.name, "made": show_instant(key.created_at),
                "used": show_instant(key.last_used_at) if key.last_used_at else "",
            }
            for key in passkeys.of(user.id)
        ]  # fmt: skip
        return self.own(
            "accounts/security.html", "security", is_on=twostep.is_on(user.id), must=twostep.needs_two_step(user),
            left=twostep.codes_left(user.id), keys=keys, can_add=passkeys.are_possible(),
        )  # fmt: skip

    @expose("/app/begin/", methods=["POST"])
    @logged_in
    def begin(self) -> Any:
        """Make a secret; opening the next page alone changes nothing."""
        twostep.begin(me())
        return redirect("/account/security/app/")

    @expose("/app/", methods=["GET", "POST"])
    @logged_in
    def app(self) -> Any:
        user, form = me(), AgainForm()
        secret = twostep.begun(user.id)
        if secret is None:
            return redirect("/account/security/")
        form.code.description = gettext("The six digits that the app shows now.")
        if request.method == "POST" and form.validate():
            try:
                return self._codes(twostep.confirm(user, form.current.data, form.code.data))
            except InvalidInput as error:
                form.refuse(error)
            except DomainError as error:
                form.problem = error.message
        picture = segno.make(totp.address(secret, user.username, twostep.issuer()), error="m").svg_data_uri(
            scale=5, border=2, light="#fff", dark="#000"
        )
        page = self.own(
            "accounts/enrol.html", "security", title=gettext("Set up the app"), form=form, picture=picture,
            secret=totp.spaced(secret),
        )  # fmt: skip
        return page, status_of(form)

    @expose("/codes/", methods=["GET", "POST"])
    @logged_in
    def codes(self) -> Any:
        hint = gettext("The codes that you have now stop working.")
        return self._again(gettext("New recovery codes"), gettext("Make new codes"), hint, twostep.renew_codes)

    @expose("/off/", methods=["GET", "POST"])
    @logged_in
    def off(self) -> Any:
        hint = gettext("Recovery codes and passkeys go with it, and you are logged out on all other devices.")
        return self._again(gettext("Turn two-step log-in off"), gettext("Turn it off"), hint, twostep.turn_off)

    @expose("/passkeys/", methods=["GET", "POST"])
    @logged_in
    def passkeys(self) -> Any:
        """Add a passkey."""
        user, form = me(), PasskeyForm()
        if not twostep.is_on(user.id) or not passkeys.are_possible():
            return redirect("/account/security/")
        if request.method == "POST" and form.validate():
            try:
                twostep.asks_password(user, form.current.data)
                passkeys.add(user, form.name.data, form.answer.data or "", session.pop(CHALLENGE, ""))
                sessions.rotate()
                flash(gettext("The passkey is added."), "success")
                return redirect("/account/security/")
            except InvalidInput as error:
                form.refuse(error)
            except DomainError as error:
                form.problem = error.message
        form.answer.data = ""
        return self.own("accounts/passkey.html", "security", title=gettext("Add a passkey"), form=form), status_of(form)

    @expose("/passkeys/options/", methods=["POST"])
    @logged_in
    def options(self) -> Any:
        user = me()
        if not twostep.is_on(user.id):
            raise NotFound(gettext("There is no such passkey."))
        options, session[CHALLENGE] = passkeys.to_add(user)
        return options

    @expose("/passkeys/remove/", methods=["POST"])
    @logged_in
    def remove(self) -> Any:
        number = request.form.get("id", "")
        passkeys.remove(me(), int(number) if number.isdecimal() and len(number) < 10 else 0)
        sessions.rotate()
        flash(gettext("Removed."), "success")
        return redirect("/account/security/")

    @expose("/prove/", methods=["GET", "POST"])
    @logged_in
    def prove(self) -> Any:
        """Before something grave: password and code once more, and on to where it was asked for."""
        user, form, target = me(), AgainForm(), safe_next(request.args.get("next"), "/")
        names = proof.ask_in(form, user)
        if "code" not in names and request.args.get("by") != "password":
            flash(gettext("This needs two-step log-in. Set it up first."), "warning")
            return redirect("/account/security/")
        if request.method == "POST" and form.validate():
            try:
                proof.prove(user, form.current.data, form.code.data if "code" in names else "")
                return self._go_on(target)
            except InvalidInput as error:
                form.refuse(error)
            except DomainError as error:
                form.problem = error.message
        page = self.own(
            "accounts/profile.html", "security", title=gettext("Is it you?"), form=form, names=names,
            submit=gettext("Go on"), hint="",
        )  # fmt: skip
        return page, status_of(form)

    def _go_on(self, target: str) -> Any:
        """With what had been typed, if there was something; else back to where it was asked."""
        held = proof.held_back(target)
        if held is None:
            flash(gettext("Thank you. For ten minutes you are not asked again."), "success")
            return redirect(target)
        return self.own("accounts/go_on.html", "security", title=gettext("Thank you"), held=held)

    def _again(self, title: str, submit: str, hint: str, act: Any) -> Any:
        """Something that asks for the password and a code once more."""
        user, form = me(), AgainForm()
        if not twostep.is_on(user.id):
            return redirect("/account/security/")
        if request.method == "POST" and form.validate():
            try:
                made = act(user, form.current.data, form.code.data)
                if made:
                    return self._codes(made)
                sessions.rotate()
                flash(gettext("Two-step log-in is off."), "success")
                return redirect("/account/security/")
            except InvalidInput as error:
                form.refuse(error)
            except DomainError as error:
                form.problem = error.message
        names = ["current", "code"]
        page = self.own("accounts/profile.html", "security", title=title, form=form, names=names, submit=submit, hint=hint)
        return page, status_of(form)

    def _codes(self, made: list[str]) -> str:
        """The recovery codes, this once."""
        sessions.rotate()  # turning it on has ended all sessions of this person; this one begins anew
        lines = [gettext("Recovery codes of %(name)s at %(panel)s", name=current_user.username, panel=twostep.issuer())]
        text = "\r\n".join([*lines, "", *made, ""])
        return self.own("accounts/codes.html", "security", title=gettext("Your recovery codes"), made=made, text=text)
