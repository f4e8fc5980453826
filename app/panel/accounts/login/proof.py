"""Showing once more that it is oneself, by password and second step; it counts for this session and a few minutes."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Flask, flash, has_request_context, redirect, request, session
from flask_babel import gettext

from app.panel.accounts.login import sealed, sessions, twostep
from app.panel.accounts.models import User
from app.panel.core import clock, errorpages, stepup
from app.panel.core.actor import person_of
from app.panel.core.security import safe_next

URL, LASTS = "/account/security/prove/", dt.timedelta(minutes=10)
KEY, BY_PASSWORD = "proven_at", "password_at"  # with the second step; by the password alone, where there is none
HELD, PURPOSE = "held_back", "accounts.held_back"
LONGEST = 20_000  # characters of a form that is held back


@dataclass(frozen=True)
class Held:
    """What somebody was about to send when he was asked who he is."""

    path: str
    fields: list[tuple[str, str]]


def init_app(app: Flask) -> None:
    app.register_error_handler(stepup.ProofNeeded, asked)


def prove(user: User, password: str, typed: str) -> None:
    """By the password and a code, or a recovery code; either is good once. Who has no second step gives the password.
    The session may do more from now on, so it gets a new id.

    :raises InvalidInput: for a wrong password or code
    """
    if has_second := twostep.is_on(user.id):
        twostep.ask_again(user, password, typed)
    else:
        twostep.asks_password(user, password)
    session[KEY if has_second else BY_PASSWORD] = int(clock.now().timestamp())
    sessions.rotate()


def ask_in(form: Any, user: User) -> list[str]:
    """The fields `current` and `code` of a form, without the code for somebody who has no second step."""
    if not twostep.is_on(user.id):
        del form.code
        return ["current"]
    return ["current", "code"]


@stepup.proven_by
def is_proven(actor: Any, second_step: bool = True) -> bool:
    """Was it shown in this session, by the person who acts? Outside of a request nobody is there to ask."""
    if not has_request_context() or session.get("_user_id") != str(person_of(actor).id):
        return False
    enough = not second_step and not twostep.is_on(person_of(actor).id)
    return _is_fresh(session.get(KEY)) or (enough and _is_fresh(session.get(BY_PASSWORD)))


def _is_fresh(at: Any) -> bool:
    return isinstance(at, int) and 0 <= clock.now().timestamp() - at < LASTS.total_seconds()


def asked(error: stepup.ProofNeeded) -> Any:
    """On a screen the person is led there and back, and then goes on with what he had typed; a program is told."""
    errorpages.roll_back()
    if errorpages.wants_json():
        return errorpages.page(error.status, error.message, prove_url=URL)
    is_page = request.url_rule is not None and "GET" in (request.url_rule.methods or ())
    back = request.path if is_page else safe_next(request.referrer, "/")
    flash(gettext("Please show once more that it is you; then it goes on.") if _hold_back(back) else error.message, "warning")
    asked_for = {"next": back} if error.second_step else {"next": back, "by": "password"}
    return redirect(f"{URL}?{urlencode(asked_for)}", 303)


def _hold_back(back: str) -> bool:
    """Keep what was sent, sealed, in the session: it is sent on after the password. Files cannot be."""
    session.pop(HELD, None)
    if request.method != "POST" or any(file.filename for file in request.files.values()):
        return False
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    path = request.full_path.removesuffix("?")
    told = json.dumps({"back": back, "path": path, "fields": fields, "at": int(clock.now().timestamp())})
    if len(told) > LONGEST:
        return False
    session[HELD] = sealed.seal(told, PURPOSE)
    return True


def held_back(back: str) -> Held | None:
    """What was held back for whoever goes back there, once and for a few minutes."""
    try:
        told = json.loads(sealed.unseal(session.pop(HELD, ""), PURPOSE))
    except sealed.Unreadable:
        return None
    if told["back"] != back or not _is_fresh(told["at"]):
        return None
    return Held(told["path"], [(name, value) for name, value in told["fields"]])
