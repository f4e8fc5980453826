"""Hangs the accounts into an application: sessions, the first-run gate, and what the base page knows of its reader."""

from __future__ import annotations

from typing import Any

from flask import Flask, redirect, request, session
from flask_babel import gettext
from flask_login import current_user

from app.panel.accounts import firstrun, queries
from app.panel.accounts.configuration import asking, delivery, enforcement, watch  # noqa: F401 — they register themselves
from app.panel.accounts.login import browsers, proof, sessions, twostep
from app.panel.accounts.models import full_name
from app.panel.accounts.people import keys, preferences
from app.panel.accounts.rights import viewas
from app.panel.accounts.secondperson import asking as second
from app.panel.accounts.secondperson import kinds  # noqa: F401 — they register themselves
from app.panel.core import policy
from app.panel.core.errors import Forbidden

FREE_OF_CHANGE = ("/account/password/", "/logout/", "/static/", "/prefs/", "/healthz", "/readyz", "/metrics")


def init_app(app: Flask) -> None:
    """Call it after `core.security` and before AppBuilder."""
    app.config["FAB_SECURITY_MANAGER_CLASS"] = "app.panel.accounts.manager.PanelSecurityManager"
    app.config["AUTH_ROLE_ADMIN"] = policy.ADMINISTRATOR
    app.jinja_env.globals["configuration_question"] = asking.question
    sessions.init_app(app)
    keys.init_app(app)
    app.before_request(firstrun.gate)
    app.before_request(must_change)
    app.before_request(must_enrol)
    browsers.init_app(app)
    viewas.init_app(app)
    proof.init_app(app)
    second.init_app(app)
    app.context_processor(chrome)


def must_change() -> Any:
    """A password that somebody else chose opens one page: the one that changes it."""
    if session.get("must_change") and not request.path.startswith(FREE_OF_CHANGE):
        return redirect("/account/password/")
    return None


def must_enrol() -> Any:
    """Whose role asks for a second step sets it up before he does anything else."""
    if request.path.startswith((*FREE_OF_CHANGE, "/account/security/")) or not session.get("_user_id"):
        return None
    if not current_user.is_authenticated or not twostep.lacks(current_user) or _answers_the_question():
        return None
    if request.path.startswith("/api/"):
        raise Forbidden(gettext("Your role needs two-step log-in. Set it up under My account first."))
    return redirect("/account/security/")


def _answers_the_question() -> bool:
    """Does he say whether what he published just now shall stay? It may be this very rule, and the seconds run."""
    asked = asking.question(current_user._get_current_object()) if request.method == "POST" else None
    return asked is not None and request.path in (asked["confirm_url"], asked["back_url"])


def chrome() -> dict[str, Any]:
    """What the base page shows around every screen."""
    chosen = preferences.current()
    return {
        "skin": chosen.skin,
        "layout": chosen.layout,
        "locale_tag": chosen.html_lang,
        "languages": [
            {"key": key, "label": entry["name"], "active": key == chosen.language}
            for key, entry in preferences.languages().items()
        ],
        "panel_user": reader(),
        "account_urls": {
            "language": "/prefs/", "appearance": "/prefs/", "profile": "/account/", "sessions": "/account/sessions/",
            "logout": "/logout/",
        },
    }  # fmt: skip


def reader() -> dict[str, Any] | None:
    """Name and role of whoever looks at the screen."""
    if not current_user.is_authenticated:
        return None
    labels = [queries.role_label(role.name) for role in queries.in_order(current_user.roles)]
    return {
        "id": current_user.id, "username": current_user.username, "name": full_name(current_user),
        "role": str(labels[0]) if labels else "",
    }  # fmt: skip
