"""The door: log in, log out, set a password by a one-time link, choose language and skin."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, session
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_babel import gettext
from flask_login import current_user

from app.panel.accounts import limits, login, preferences, services
from app.panel.accounts.forms import LinkForm, LoginForm
from app.panel.accounts.models import LoginResult
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
        target = safe_next(request.values.get("next"), "/")
        if current_user.is_authenticated:
            return redirect(target)
        form, status, headers = LoginForm(), 200, {}
        if request.method == "POST":
            try:
                if form.validate():
                    login.log_in(form.username.data, form.password.data)
                    return redirect(target)
                status = 422
            except DomainError as error:
                status, form.problem = error.status, error.message
                headers = limits.headers_of(error)
        page = self.render_template("accounts/login.html", form=form, target=target)
        return page, status, headers

    @expose("/logout/", methods=["POST"])
    @public
    def logout(self) -> Any:
        if current_user.is_authenticated:
            login.leave(current_user)
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
                login.enter(user, LoginResult.LINK)
                flash(gettext("Your password is set. Welcome!"), "success")
                return redirect("/")
        except InvalidInput as error:
            form.refuse(error)
            status = error.status
        except (NotFound, limits.TooMany) as error:
            page = self.render_template("accounts/link.html", form=None, person=None, problem=error.message)
            return page, error.status, limits.headers_of(error)
        return self.render_template("accounts/link.html", form=form, person=user, problem=""), status

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
