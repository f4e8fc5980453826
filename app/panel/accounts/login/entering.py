"""Logging in and out: the same answer, in the same time, whether the name is unknown, the password wrong or the account off."""

from __future__ import annotations

import time
from typing import Any

from flask import current_app, request, session
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_login import login_user, logout_user
from sqlalchemy import func, insert, update

from app.panel.accounts import queries
from app.panel.accounts.login import browsers, devices, limits, passwords
from app.panel.accounts.models import Device, LoginEvent, LoginResult, User
from app.panel.accounts.people import preferences
from app.panel.core import clock, metrics, notices
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.security import network
from app.panel.core.settings import setting
from app.panel.core.transaction import transactional

# a refusal takes a whole number of these: a known name costs a write more than an unknown one, and nobody shall see it
STEP_SECONDS = 0.25
NEW_DEVICE = notices.kind("accounts.device", _("Log-ins from new devices"), group=_("In general"), usual=("bell", "mail"))


class WrongLogin(DomainError):
    status = 401

    def __init__(self) -> None:
        super().__init__(gettext("User name or password is wrong."))


def authenticate(name: str, password: str) -> User:
    """Whose name and password are these? Counts and notes the attempt, but opens no session.

    The page that tells of a refusal is to `even_out` the time that it took.

    :raises WrongLogin: for every reason alike
    :raises limits.TooMany: before anything expensive was done
    """
    try:
        return _authenticate(name, password)
    except DomainError as error:
        metrics.count_login_refusal(error.status)
        raise


def _authenticate(name: str, password: str) -> User:
    user = queries.by_login(name)
    device = browsers.known(user.id) if user else None
    device_id = device.id if device else None
    limits.before_login(name, network(), user.id if user else None, device_id)
    good = passwords.matches(user.password if user else None, password)
    if user is None or not good or not user.active:
        if user is not None:
            note(user.id, LoginResult.DISABLED if good else LoginResult.WRONG)
        limits.count_failure(name, network(), int(setting("accounts.captcha_after")) or 1)
        raise WrongLogin
    limits.after_success(name, network(), int(setting("accounts.captcha_after")), device_id)
    if passwords.outdated(str(user.password)):
        _rehash(user.id, passwords.hash_password(password))
    return user


def enter(
    user: User, result: LoginResult = LoginResult.SUCCESS, *, confirmed: bool = False, trusted: bool = False
) -> None:
    """Make this the session of `user`. The id of the session before is worthless afterwards (fixation).

    `confirmed` says that he has shown more than a password, `trusted` that this browser needs no code for a while.
    """
    device = _entered(user, result, confirmed, trusted)
    language = session.get("language")
    session.clear()
    login_user(user)
    session["device"] = device.id
    if language:
        session["language"] = language
    preferences.recall(user.id)


def confirms(user: User, password: str) -> bool:
    """Does the person who is logged in know his password, before something grave?

    :raises limits.TooMany: for a guesser at an open screen
    """
    limits.hit("password", "10 per 10 minute", str(user.id))
    return passwords.matches(user.password, password)


def leave(user: Any) -> None:
    """End this session for good: its cookie opens nothing any more."""
    note(user.id, LoginResult.LOGOUT)
    kept = {key: session[key] for key in ("language", "skin") if key in session}
    logout_user()
    session.clear()
    session.update(kept)


@transactional
def _entered(user: User, result: LoginResult, confirmed: bool, trusted: bool) -> Device:
    """The log-in in the log, and the browser among those of the person, who is told when he was never here before."""
    was_anywhere = bool(user.last_login)
    note(user.id, result)
    device, is_new = browsers.enter(user.id, confirmed=confirmed, trusted=trusted)
    if is_new and was_anywhere:
        notices.send(
            [user.id], _("Log-in from a new device: %(device)s", device=devices.describe(device.agent)),
            _("IP address: %(ip)s. If this was not you, end the session and change your password at once.", ip=device.ip),
            "/account/sessions/", kind=NEW_DEVICE,
        )  # fmt: skip
    return device


@transactional
def note(user_id: int, result: LoginResult) -> None:
    """Add to the log of log-ins; a success also counts on FAB's row. Neither is an edit of the account."""
    db.session.execute(
        insert(LoginEvent).values(
            at=clock.now(), user_id=user_id, result=result, ip=network(), agent=str(request.user_agent)[:300]
        )
    )
    if result in (LoginResult.SUCCESS, LoginResult.LINK):
        count = func.coalesce(User.login_count, 0) + 1
        db.session.execute(
            update(User).where(User.id == user_id).values(last_login=clock.now(), login_count=count, fail_login_count=0)
        )
    elif result is LoginResult.WRONG:
        count = func.coalesce(User.fail_login_count, 0) + 1
        db.session.execute(update(User).where(User.id == user_id).values(fail_login_count=count))


@transactional
def _rehash(user_id: int, stored: str) -> None:
    """The same password at today's price; set-based, for the guard would take it for a new password."""
    db.session.execute(update(User).where(User.id == user_id).values(password=stored))


def even_out(started: float) -> None:
    """Let a refusal take a whole number of steps."""
    step = current_app.config.get("LOGIN_STEP_SECONDS", STEP_SECONDS)
    if step:
        time.sleep(step - (time.monotonic() - started) % step)
