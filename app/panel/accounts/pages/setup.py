"""The pages of the first run, and of the end of the demo."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, session
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _

from app.panel.accounts import domain, firstrun
from app.panel.accounts.forms import CurrentPasswordForm, SetupForm
from app.panel.accounts.login import entering, limits
from app.panel.accounts.pages.own import me
from app.panel.core.actor import current_actor
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.pages import PanelPage, expose, needs, public
from app.panel.core.security import network, safe_next


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
                entering.enter(user)
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
            if form.validate() and entering.confirms(me(), form.current.data):
                gone = firstrun.reset(current_actor())
                flash(gettext("The demo is gone: %(n)s rows removed.", n=sum(count for _label, count in gone)), "success")
                return redirect("/")
            form.problem = gettext("This is not your current password.")
        title = gettext("Remove the demo and start for real")
        return self.render("accounts/reset.html", title=title, form=form, cleaners=firstrun.cleaners()), status
