"""The second step of a log-in: enrolled, asked, recovered, turned off (SAFETY R22, G26).

Turning it on or off ends the other sessions of the person, like a new password: what was opened before may be a
stranger's.
"""

from __future__ import annotations

import logging
import re
import secrets
from typing import Any

from flask import current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import delete, exists, func, insert, select, update

from app.panel.accounts.configuration import store
from app.panel.accounts.login import limits, passwords, sealed, totp
from app.panel.accounts.models import Passkey, RecoveryCode, TwoStep, User
from app.panel.accounts.people import guard
from app.panel.core import clock, history, notices, policy
from app.panel.core.db import db
from app.panel.core.errors import Conflict, InvalidInput
from app.panel.core.lease import affected
from app.panel.core.security import network
from app.panel.core.transaction import transactional

log = logging.getLogger(__name__)
PURPOSE, CODES = "two-step secret", "recovery code"
HOW_MANY, LETTERS = 10, "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LIMIT, CODE_LIMIT_EVERYWHERE = "10 per 15 minute", "30 per hour"
SECURITY = notices.kind("accounts.security", _("The security of your account"), group=_("In general"), usual=("bell", "mail"))


def is_on(user_id: int) -> bool:
    """Does a log-in of this person need a second step?"""
    mine = exists().where(TwoStep.user_id == user_id, TwoStep.confirmed_at.is_not(None))
    return bool(db.session.scalar(select(mine)))


def needs_two_step(user: Any) -> bool:
    """Does one of his roles ask for it?

    By the published configuration, never by one that somebody only looks at: a preview may not lift the second step.
    """
    roles = store.published()["roles"]
    return any(roles.get(role.name, {}).get("two_step") for role in policy.every_role_of(user))


def lacks(user: Any) -> bool:
    """Must this person enrol before he does anything else?"""
    return needs_two_step(user) and not is_on(user.id)


@transactional
def begin(user: User) -> None:
    """Make a secret that counts only once a code of it was typed; one that was not confirmed is replaced.

    :raises Conflict: when it is on already
    """
    if is_on(user.id):
        raise Conflict(gettext("Two-step log-in is on already."))
    db.session.execute(delete(TwoStep).where(TwoStep.user_id == user.id))
    db.session.execute(insert(TwoStep).values(user_id=user.id, secret=sealed.seal(totp.new_secret(), PURPOSE)))


def begun(user_id: int) -> str | None:
    """The secret that waits to be confirmed."""
    row = db.session.get(TwoStep, user_id)
    return _secret(row) if row is not None and row.confirmed_at is None else None


def confirm(user: User, password: str, typed: str) -> list[str]:
    """Turn it on, by the password and a first code; returns the recovery codes, which are kept nowhere.

    :raises InvalidInput: for a wrong password or code
    """
    asks_password(user, password)
    _count(user.id)
    return _confirm(user, typed)


@transactional
def _confirm(user: User, typed: str) -> list[str]:
    if is_on(user.id):
        raise Conflict(gettext("Two-step log-in is on already."))
    if not _takes_code(user.id, typed):
        raise InvalidInput({"code": gettext("This code does not fit. Is the clock of the phone right?")})
    db.session.execute(update(TwoStep).where(TwoStep.user_id == user.id).values(confirmed_at=clock.now()))
    return _turned(user, "user.two_step_on", _("Two-step log-in is on"))


def renew_codes(user: User, password: str, typed: str) -> list[str]:
    """New recovery codes; the old ones open nothing any more."""
    ask_again(user, password, typed)
    return _renew(user)


@transactional
def _renew(user: User) -> list[str]:
    history.record(user, "user.recovery_codes_made", actor=user)
    return _new_codes(user.id)


def turn_off(user: User, password: str, typed: str) -> None:
    """Take the second step away, by the password and a code.

    :raises InvalidInput: for a wrong password or code
    """
    ask_again(user, password, typed)
    _turn_off(user)


@transactional
def _turn_off(user: User) -> None:
    forget(user.id)
    _turned(user, "user.two_step_off", _("Two-step log-in is off"), with_codes=False)


@transactional
def forget(user_id: int) -> None:
    """Take away all that a second step of this person needs: the app, the recovery codes, the passkeys."""
    for model in (TwoStep, RecoveryCode, Passkey):
        db.session.execute(delete(model).where(model.user_id == user_id))
    guard.end_everything(db.session(), user_id)


def passes(user_id: int, typed: str) -> bool:
    """Is this the code of the app, or a recovery code? Either is good once.

    :raises limits.TooMany: before anything is compared
    """
    _count(user_id)
    return _passes(user_id, typed)


@transactional
def _passes(user_id: int, typed: str) -> bool:
    if re.fullmatch(r"\d{3}\s?\d{3}", typed.strip()):
        return is_on(user_id) and _takes_code(user_id, typed)
    return _recovers(user_id, typed)


def codes_left(user_id: int) -> int:
    mine = (RecoveryCode.user_id == user_id) & RecoveryCode.used_at.is_(None)
    return int(db.session.scalar(select(func.count()).select_from(RecoveryCode).where(mine)) or 0)


def tell(user_id: int, title: Any, body: Any = "") -> None:
    """To the bell and by mail: whoever did not do it himself must hear of it."""
    notices.send([user_id], title, body, "/account/security/", kind=SECURITY)


def issuer() -> str:
    return str(current_app.config.get("APP_NAME", "Zhanggui"))


def _secret(row: TwoStep) -> str | None:
    """None when SECRET_KEY is another one than at the time of enrolment."""
    try:
        return sealed.unseal(row.secret, PURPOSE)
    except sealed.Unreadable:
        log.error("the two-step secret of user %s cannot be read: SECRET_KEY has changed", row.user_id)
        return None


def _takes_code(user_id: int, typed: str) -> bool:
    row = db.session.get(TwoStep, user_id, populate_existing=True)
    if row is None:
        return False
    now = totp.step_at(clock.now().timestamp())
    secret = _secret(row)
    step = None if secret is None else totp.fitting_step(secret, "".join(typed.split()), now, row.last_step)
    if step is None:
        return False
    # two requests with one code at one instant: the second finds the step taken
    newer = (TwoStep.user_id == user_id) & (TwoStep.last_step < step)
    return bool(affected(update(TwoStep).where(newer).values(last_step=step)))


def _recovers(user_id: int, typed: str) -> bool:
    plain = re.sub(r"[\s-]", "", typed).lower()
    this = (
        (RecoveryCode.user_id == user_id)
        & (RecoveryCode.digest == sealed.digest(plain, CODES))
        & RecoveryCode.used_at.is_(None)
    )
    if not affected(update(RecoveryCode).where(this).values(used_at=clock.now())):
        return False
    left = codes_left(user_id)
    tell(user_id, _("A recovery code was used to log in"), _("%(n)s recovery codes are left.", n=left))
    return True


def _new_codes(user_id: int) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    made = ["".join(secrets.choice(LETTERS) for _ in range(10)) for _ in range(HOW_MANY)]
    rows = [{"user_id": user_id, "digest": sealed.digest(one, CODES)} for one in made]
    db.session.execute(insert(RecoveryCode), rows)
    return [f"{one[:5]}-{one[5:]}" for one in made]


def _turned(user: User, verb: str, title: Any, with_codes: bool = True) -> list[str]:
    guard.end_everything(db.session(), user.id)
    history.record(user, verb, actor=user)
    tell(user.id, title, _("If this was not you, change your password at once and tell your administrator."))
    return _new_codes(user.id) if with_codes else []


def asks_password(user: User, password: str) -> None:
    limits.hit("password", "10 per 10 minute", str(user.id))
    if not passwords.matches(user.password, password):
        raise InvalidInput({"current": gettext("This is not your current password.")})


def ask_again(user: User, password: str, typed: str) -> None:
    """Let somebody who is logged in show once more that it is he.

    :raises InvalidInput: for a wrong password or code
    """
    asks_password(user, password)
    if not passes(user.id, typed):
        raise InvalidInput({"code": gettext("This code does not fit.")})


def _count(user_id: int) -> None:
    """Per person and network; over all networks too, but where he has logged in before nobody can lock him out."""
    limits.hit("code", CODE_LIMIT, str(user_id), network())
    if not limits.is_known_network(user_id, network()):
        limits.hit("code", CODE_LIMIT_EVERYWHERE, str(user_id))
