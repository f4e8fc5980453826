"""The browsers in which people log in: known again by a cookie, confirmed by a second step, trusted for a while.

The cookie holds a random text a person, for several may share one browser: a text that somebody planted is never taken
over, a person who is new here gets one of his own.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from typing import Any

from flask import Flask, Response, g, has_request_context, request
from flask_babel import gettext
from sqlalchemy import delete, select, update

from app.panel.accounts import settings as settings
from app.panel.accounts.models import Device, Profile, User
from app.panel.core import clock, history
from app.panel.core.db import db
from app.panel.core.errors import NotFound
from app.panel.core.lease import affected
from app.panel.core.security import is_secure, network
from app.panel.core.settings import setting
from app.panel.core.transaction import transactional

COOKIE, MOST = "zhanggui-device", 5
TRUST, KEPT = dt.timedelta(days=30), dt.timedelta(days=365)
_ENTRY = re.compile(r"(\d{1,12})\.([A-Za-z0-9_-]{32})")


def known(user_id: int) -> Device | None:
    """This browser, if that person has logged in here before."""
    token = _tokens().get(user_id)
    if token is None:
        return None
    return db.session.scalars(select(Device).where(Device.user_id == user_id, Device.key == hashed(token))).one_or_none()


def is_trusted(device: Device) -> bool:
    """May it do without a code? Not after a new password, other roles, or another second step."""
    if device.trusted_until is None or device.trusted_until <= clock.now():
        return False
    return device.auth_epoch == _epoch(device.user_id)


def is_locked(user_id: int) -> bool:
    """Does a browser that is new to this person wait to be confirmed?"""
    own = db.session.scalar(select(Profile.device_lock).where(Profile.user_id == user_id))
    return bool(own or setting("accounts.device_lock"))


@transactional
def enter(user_id: int, *, confirmed: bool = False, trusted: bool = False) -> tuple[Device, bool]:
    """Note that this person begins a session here; the device, and whether he was never here before."""
    now, device = clock.now(), known(user_id)
    is_new = device is None
    if device is None:
        token = secrets.token_urlsafe(24)
        device = Device(user_id=user_id, key=hashed(token), first_at=now)
        db.session.add(device)
        if has_request_context():
            g.device_token = (user_id, token)
    device.seen_at, device.ip, device.agent = now, network(), str(request.user_agent)[:300]
    if confirmed or trusted:
        device.confirmed_at = device.confirmed_at or now
    if trusted:
        device.trusted_until, device.auth_epoch = now + TRUST, _epoch(user_id)
    db.session.flush()
    return device, is_new


@transactional
def confirm(user_id: int, device_id: int | None) -> None:
    """The browser in which its person turns the lock on is one of his."""
    mine = (Device.user_id == user_id) & (Device.id == device_id)
    db.session.execute(update(Device).where(mine, Device.confirmed_at.is_(None)).values(confirmed_at=clock.now()))


def of(user_id: int) -> list[Device]:
    """The browsers of a person, the one that was used last first."""
    query = select(Device).where(Device.user_id == user_id, Device.seen_at > clock.now() - KEPT)
    return list(db.session.scalars(query.order_by(Device.seen_at.desc(), Device.id.desc())))


@transactional
def remove(user: User, device_id: int, *, actor: Any) -> None:
    """Forget a browser: it is a new one when it comes again."""
    if not affected(delete(Device).where(Device.id == device_id, Device.user_id == user.id)):
        raise NotFound(gettext("There is no such device."))
    history.record(user, "user.device_removed", actor=actor)


@transactional
def distrust(user_id: int, device_ids: list[int] | None = None, but: int | None = None) -> None:
    """These browsers (all, `but` one) need a second step, or a confirmation, when they come again."""
    mine = Device.user_id == user_id
    if device_ids is not None:
        mine &= Device.id.in_(device_ids)
    if but is not None:
        mine &= Device.id != but
    db.session.execute(update(Device).where(mine).values(trusted_until=None, confirmed_at=None))


@transactional
def sweep() -> None:
    """Forget the browsers that nobody has used for a year."""
    db.session.execute(delete(Device).where(Device.seen_at < clock.now() - KEPT))


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def init_app(app: Flask) -> None:
    app.after_request(keep)


def keep(response: Response) -> Response:
    """Hand the browser the text of whoever has just logged in, beside those of up to four others."""
    found = g.pop("device_token", None)
    if found is None:
        return response
    user_id, _token = found
    others = [(other, text) for other, text in _tokens().items() if other != user_id]
    value = "~".join(f"{who}.{text}" for who, text in [found, *others][:MOST])
    response.set_cookie(
        _name(), value, max_age=KEPT, httponly=True, secure=is_secure(), samesite="Lax", path="/"
    )  # fmt: skip
    return response


def _tokens() -> dict[int, str]:
    value = request.cookies.get(_name(), "") if has_request_context() else ""
    found = [_ENTRY.fullmatch(part) for part in value.split("~")[:MOST]]
    return {int(match[1]): match[2] for match in found if match is not None}


def _name() -> str:
    return f"__Host-{COOKIE}" if is_secure() else COOKIE


def _epoch(user_id: int) -> int:
    return db.session.scalar(select(Profile.auth_epoch).where(Profile.user_id == user_id)) or 1
