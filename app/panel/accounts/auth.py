"""The door: log in, log out, set a password by a one-time link, choose language and skin."""

from __future__ import annotations

import time
from typing import Any

from flask import flash, redirect, request, session, url_for
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_babel import gettext
from flask_login import current_user

from app.panel.accounts import queries, services
from app.panel.accounts.forms import CodeForm, ForgottenForm, LinkForm, LoginForm, RiddleForm
from app.panel.accounts.login import captcha, entering, forgotten, limits, secondstep
from app.panel.accounts.models import LoginResult, User, full_name
from app.panel.accounts.people import preferences
from app.panel.core.errors import DomainError, InvalidInput, NotFound
from app.panel.core.pages import public
from app.panel.core.security import network, safe_next


class AuthDBView(BaseView):
    """Open to everybody. It bears the name of FAB's class, because FAB and its templates ask for `AuthDBView.login`."""

    route_base = ""
    default_view = "login"

    @expose("/login/", methods=["GET", "POST"])
    @public
    def login(self) -> Any:
        started, target = time.monotonic(), safe_next(request.values.get("next"), "/")
        if current_user.is_authenticated:
            return redirect(target)
        name = request.form.get("username", "")
        known = queries.by_login(name)
        user_id = known.id if known else entering.STRANGER  # asked once: after a commit it would be read again
        is_needed = captcha.is_needed(name, user_id)
        form: LoginForm = RiddleForm() if is_needed else LoginForm()
        status, headers, missed = 200, {}, None
        if request.method == "POST" and "another" not in request.form:
            try:
                if form.validate():
                    if is_needed:
                        captcha.check(form["riddle"].data)
                    return self._entered(entering.authenticate(form.username.data, form.password.data), target)
                status = 422
            except DomainError as error:
                status, form.problem = error.status, error.message
                headers, missed = limits.headers_of(error), getattr(error, "missed", None)
        page = self._asked(form, target, user_id)
        if status == entering.WrongLogin.status:
            entering.even_out(started, missed)  # at the very end: what a page costs would tell as well
        return page, status, headers

    def _entered(self, user: User, target: str) -> Any:
        """On to where he wanted to go, or to his second step first."""
        if secondstep.proceed(user):
            return redirect(target)
        return redirect(url_for("AuthDBView.code", next=target if target != "/" else None))

    def _asked(self, form: LoginForm, target: str, user_id: int) -> str:
        """The form, with a new riddle when the failures so far ask for one; what was typed as the name stays."""
        riddle = None
        try:
            if captcha.is_needed(form.username.data or "", user_id):
                if "riddle" not in form:
                    problem, form = form.problem, RiddleForm(formdata=None, username=form.username.data)
                    form.problem = problem
                riddle = captcha.new(in_words=request.form.get("another") == "words")
                form["riddle"].data = form["riddle"].raw_data = None
        except limits.TooMany as error:
            form.problem = error.message
        return self.render_template(
            "accounts/login.html", form=form, target=target, riddle=riddle, can_mail=forgotten.is_offered()
        )  # fmt: skip

    @expose("/login/riddle/", methods=["POST"])
    @public
    def riddle(self) -> Any:
        """Another riddle for the form that is open, so that nothing that was typed is lost."""
        found = captcha.new(in_words=request.form.get("another") == "words")
        return {"picture": found.picture, "words": found.words}

    @expose("/login/code/", methods=["GET", "POST"])
    @public
    def code(self) -> Any:
        """The second step."""
        target = safe_next(request.values.get("next"), "/")
        if current_user.is_authenticated:
            return redirect(target)
        waiting, form, status, headers = secondstep.waiting(), CodeForm(), 200, {}
        if waiting is None:
            return redirect("/login/")
        if request.method == "POST":
            status = 422
            try:
                if form.validate() and (form.code.data or form.answer.data):
                    secondstep.finish(form.code.data or "", trust=form.trust.data, assertion=form.answer.data or "")
                    return redirect(target)
                form.problem = gettext("Please type the code.")
            except secondstep.BeginAgain as error:
                flash(error.message, "danger")
                return redirect("/login/")
            except DomainError as error:
                status, form.problem, headers = error.status, error.message, limits.headers_of(error)
        form.code.data = form.answer.data = ""
        page = self.render_template("accounts/code.html", form=form, target=target, waiting=waiting)
        return page, status, headers

    @expose("/login/code/mail/", methods=["POST"])
    @public
    def mail(self) -> Any:
        """Send the code for a new device once more."""
        try:
            secondstep.mail_code()
            flash(gettext("The code is on its way."), "success")
        except DomainError as error:
            flash(error.message, "danger")
        target = safe_next(request.form.get("next"), "")
        return redirect(url_for("AuthDBView.code", next=target or None))

    @expose("/login/passkey/", methods=["POST"])
    @public
    def passkey(self) -> Any:
        """What a passkey has to sign."""
        return secondstep.challenge()

    @expose("/login/forgotten/", methods=["GET", "POST"])
    @public
    def forgotten(self) -> Any:
        """Ask for a link by mail. The answer is the same for every name."""
        form, status, headers, asked = ForgottenForm(), 200, {}, False
        if request.method == "POST":
            status = 422
            try:
                if forgotten.is_offered() and form.validate():
                    forgotten.ask(form.username.data)
                    asked, status = True, 200
            except DomainError as error:
                status, form.problem, headers = error.status, error.message, limits.headers_of(error)
        page = self.render_template(
            "accounts/forgotten.html", form=form, asked=asked, can_mail=forgotten.is_offered(),
            minutes=forgotten.LASTS.seconds // 60,
        )  # fmt: skip
        return page, status, headers

    @expose("/logout/", methods=["POST"])
    @public
    def logout(self) -> Any:
        if current_user.is_authenticated:
            entering.leave(current_user)
        return redirect("/login/")

    @expose("/welcome/<token>/", methods=["GET", "POST"])
    @public
    def link(self, token: str) -> Any:
        """Set the password that an invitation or a reset is for. Opening the page changes nothing, so that mail scanners
        do not use it up."""
        form, status = LinkForm(), 200
        try:
            limits.hit("link", "20 per 10 minute", network())
            user = services.user_of_link(token)
            if request.method == "POST" and form.validate():
                user = services.use_link(token, form.password.data)
                begun = secondstep.proceed(user, LoginResult.LINK)
                flash(gettext("Your password is set. Welcome!"), "success")
                return redirect("/" if begun else "/login/code/")
        except InvalidInput as error:
            form.refuse(error)
            status = error.status
        except (NotFound, limits.TooMany) as error:
            page = self.render_template("accounts/link.html", form=None, person=None, problem=error.message)
            return page, error.status, limits.headers_of(error)
        person = {"name": full_name(user), "username": user.username}
        return self.render_template("accounts/link.html", form=form, person=person, problem=""), status

    @expose("/prefs/", methods=["POST"])
    @public
    def prefs(self) -> Any:
        """Language, skin and layout: from the top bar and from the log-in page."""
        values = {name: request.form[name] for name in ("language", "skin", "layout") if request.form.get(name)}
        user_id = int(session["_user_id"]) if current_user.is_authenticated else None
        preferences.choose(user_id, values)
        if request.accept_mimetypes.best == "application/json":
            return {"saved": sorted(values)}
        return redirect(safe_next(request.form.get("next") or request.referrer, "/"))
