"""Logging in and out: the same answer, in the same time, whether the name is unknown, the password wrong or the account off."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask, current_app, request, session
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

log = logging.getLogger(__name__)
_beside = ThreadPoolExecutor(2, thread_name_prefix="log-ins")
STEP_SECONDS = 0.25  # a refusal takes a whole number of these
STRANGER = 0  # the number of nobody: what is asked of a person is asked of him as well
NEW_DEVICE = notices.kind("accounts.device", _("Log-ins from new devices"), group=_("In general"), usual=("bell", "mail"))


class WrongLogin(DomainError):
    """`missed` is what the log of log-ins has to say of it; a stranger is nobody's business."""

    status = 401

    def __init__(self, user_id: int = STRANGER, result: LoginResult = LoginResult.WRONG) -> None:
        super().__init__(gettext("User name or password is wrong."))
        self.missed = (user_id, result)


def authenticate(name: str, password: str) -> User:
    """Whose name and password are these? Counts the attempt, but opens no session.

    Up to here a name that is known costs the same statements, hashes and counters as one that is not. The page that tells of
    a refusal is to `even_out` the time that it took, and with it comes what is written.

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
    user_id = user.id if user else STRANGER
    device = browsers.known(user_id)
    device_id = device.id if device else None
    limits.before_login(name, network(), user_id, device_id)
    good = passwords.matches(user.password if user else None, password)
    if user is None or not good or not user.active:
        limits.count_failure(name, network(), int(setting("accounts.captcha_after")) or 1)
        raise WrongLogin(user_id, LoginResult.DISABLED if good else LoginResult.WRONG)
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


def note(user_id: int, result: LoginResult) -> None:
    """Add to the log of log-ins; a success also counts on FAB's row. Neither is an edit of the account."""
    _write(user_id, result, network(), str(request.user_agent)[:300])


@transactional
def _write(user_id: int, result: LoginResult, ip: str, agent: str) -> None:
    db.session.execute(insert(LoginEvent).values(at=clock.now(), user_id=user_id, result=result, ip=ip, agent=agent))
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


def even_out(started: float, missed: tuple[int, LoginResult] | None = None) -> None:
    """Let a refusal take a whole number of steps, and write what was `missed` while it waits.

    When it ends is settled before anything is written, and what is written is written beside: a lock or a slow disk
    delays the answer for a known name no more than for a stranger, for whom there is nothing to write.
    """
    step = current_app.config.get("LOGIN_STEP_SECONDS", STEP_SECONDS)
    if not step:
        if missed and missed[0] != STRANGER:
            note(*missed)
        return
    now = time.monotonic()
    end = now + step - (now - started) % step
    if missed:
        _beside.submit(_missed, current_app._get_current_object(), *missed, network(), str(request.user_agent)[:300])  # type: ignore[attr-defined]
    time.sleep(max(0.0, end - time.monotonic()))


def _missed(app: Flask, user_id: int, result: LoginResult, ip: str, agent: str) -> None:
    if user_id == STRANGER:
        return
    try:
        with app.app_context():
            _write(user_id, result, ip, agent)
    except Exception:
        log.exception("a failed log-in could not be written down")
