"""Between the password and the session: who has a second step, or comes with a new device, waits here (INVENTORY ACC-06).

Nothing of a session exists before the second step. The browser holds a key to a row that says whose password was right;
it opens the page of the second step for ten minutes and for a few tries, and is worthless once rights or credentials of
that person have changed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Any

from flask import session
from flask_babel import force_locale, get_locale, gettext
from sqlalchemy import insert, select, update

from app.panel.accounts.login import browsers, entering, limits, passkeys, sealed, twostep
from app.panel.accounts.models import LoginResult, PendingLogin, Profile, User, full_name
from app.panel.core import clock, mail, metrics, notices, outbox
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.lease import affected
from app.panel.core.security import network
from app.panel.core.transaction import transactional

LASTS, MOST_TRIES = dt.timedelta(minutes=10), 6
MAILS = "5 per hour"
PURPOSE = "mailed code"
KEY = "pending"


class WrongCode(DomainError):
    status = 401

    def __init__(self) -> None:
        super().__init__(gettext("This code does not fit."))


class BeginAgain(DomainError):
    """There is nothing here that waits: too late, too many tries, or never begun."""

    status = 403

    def __init__(self) -> None:
        super().__init__(gettext("This took too long or was tried too often. Please log in again."))


@dataclass(frozen=True)
class Waiting:
    """Somebody whose password was right. `by_mail`: he has no second step, the new device is confirmed by mail."""

    row: PendingLogin
    user: User

    @property
    def by_mail(self) -> bool:
        return not twostep.is_on(self.user.id)

    @property
    def passkeys(self) -> bool:
        return passkeys.has_some(self.user.id)


def proceed(user: User, result: LoginResult = LoginResult.SUCCESS) -> bool:
    """Begin the session, or let it wait for the second step; True when it has begun.

    A one-time link came by hand or by mail, so it confirms the device, but it is no second step.
    """
    device = browsers.known(user.id)
    if twostep.is_on(user.id):
        if device is None or not browsers.is_trusted(device):
            _wait(user, result)
            return False
    elif result is LoginResult.SUCCESS and _is_held(user, device):
        _wait(user, result)
        mail_code()
        return False
    entering.enter(user, result, confirmed=result is LoginResult.LINK)
    return True


def can_mail() -> bool:
    """Is there a server that takes mail? Else it is written to a folder, and nobody waits for that."""
    return mail.is_set_up()


def waiting() -> Waiting | None:
    """Whose second step this browser owes."""
    value = session.get(KEY)
    row = db.session.get(PendingLogin, hashed(value)) if isinstance(value, str) else None
    if row is None or row.used_at is not None or row.tries >= MOST_TRIES or row.expires_at <= clock.now():
        return None
    user = db.session.get(User, row.user_id)
    epoch = db.session.scalar(select(Profile.auth_epoch).where(Profile.user_id == row.user_id)) or 1
    return Waiting(row, user) if user is not None and user.active and row.auth_epoch == epoch else None


def finish(typed: str, *, trust: bool = False, assertion: str = "") -> User:
    """Take the second step and begin the session.

    :raises WrongCode: for every reason alike; after a few of them the password is asked again
    :raises BeginAgain: when nothing waits
    """
    started, found = time.monotonic(), waiting()
    if found is None:
        raise BeginAgain
    if not _fits(found, typed, assertion):
        entering.note(found.user.id, LoginResult.CODE)
        metrics.count_login_refusal(WrongCode.status)
        entering.even_out(started)
        raise WrongCode if waiting() is not None else BeginAgain
    if not _use(found.row.key):
        raise BeginAgain
    entering.enter(found.user, LoginResult(found.row.result), confirmed=True, trusted=trust and not found.by_mail)
    return found.user


def mail_code() -> None:
    """Send a code that confirms this device, once more if it was asked for again; only the latest is good.

    :raises limits.TooMany: for whoever asks too often
    """
    found = waiting()
    if found is None:
        raise BeginAgain
    if found.by_mail and can_mail():
        limits.hit("mail-code", MAILS, str(found.user.id), network())
        _mail(found)


def challenge() -> dict[str, Any]:
    """What a passkey of this person has to sign."""
    found = waiting()
    if found is None:
        raise BeginAgain
    options, value = passkeys.to_log_in(found.user.id)
    _keep_challenge(found.row.key, value)
    return options


def hashed(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _is_held(user: User, device: Any) -> bool:
    # without a mail server nobody could confirm anything: such a person is led to a second step instead
    return can_mail() and (device is None or device.confirmed_at is None) and browsers.is_locked(user.id)


def _wait(user: User, result: LoginResult) -> None:
    session[KEY] = _waits(user.id, result)
    session.pop("captcha", None)
    entering.note(user.id, LoginResult.HELD)


@transactional
def _waits(user_id: int, result: LoginResult) -> str:
    value = secrets.token_urlsafe(24)
    epoch = db.session.scalar(select(Profile.auth_epoch).where(Profile.user_id == user_id)) or 1
    db.session.execute(
        insert(PendingLogin).values(
            key=hashed(value), user_id=user_id, auth_epoch=epoch, result=result.value, expires_at=clock.now() + LASTS
        )
    )
    return value


def _fits(found: Waiting, typed: str, assertion: str) -> bool:
    """Count the try before anything is compared: two at one instant are two tries, and none is one too many."""
    if not _try(found.row.key):
        return False
    if not found.by_mail:
        if assertion:
            return passkeys.opens(found.user.id, assertion, found.row.challenge)
        return twostep.passes(found.user.id, typed)
    mailed, this = found.row.mailed, sealed.digest(f"{found.row.key} {''.join(typed.split())}", PURPOSE)
    return bool(mailed) and secrets.compare_digest(mailed, this)


@transactional
def _mail(found: Waiting) -> None:
    code = f"{secrets.randbelow(10**8):08d}"
    with force_locale(notices.language_of(found.user.id, str(get_locale()))):
        body = gettext(
            "%(name)s, somebody logs in with your password from a device that was not here before. If it is you, type "
            "this code within ten minutes: %(code)s\n\nIP address: %(ip)s. If it is not you, change your password now.",
            name=full_name(found.user), code=f"{code[:4]} {code[4:]}", ip=network(),
        )  # fmt: skip
        subject = gettext("Confirm a new device")
    outbox.put("mail", {"to": found.user.email, "subject": f"[{twostep.issuer()}] {subject}", "body": body})
    row = PendingLogin.key == found.row.key
    kept = sealed.digest(f"{found.row.key} {code}", PURPOSE)
    db.session.execute(update(PendingLogin).where(row).values(mailed=kept))


@transactional
def _try(key: str) -> bool:
    left = (PendingLogin.key == key) & (PendingLogin.tries < MOST_TRIES) & PendingLogin.used_at.is_(None)
    return bool(affected(update(PendingLogin).where(left).values(tries=PendingLogin.tries + 1)))


@transactional
def _use(key: str) -> bool:
    return bool(
        affected(
            update(PendingLogin).where(PendingLogin.key == key, PendingLogin.used_at.is_(None)).values(used_at=clock.now())
        )
    )


@transactional
def _keep_challenge(key: str, value: str) -> None:
    db.session.execute(update(PendingLogin).where(PendingLogin.key == key).values(challenge=value))
