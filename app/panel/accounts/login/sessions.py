"""Sessions that the server can end (SAFETY R16).

A person's session is a row; the cookie holds only its 256-bit id. Visitors who have not logged in get no row: what
their log-in form needs travels in a small signed cookie, so a crawler costs no write.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import secrets
from typing import Any

from flask import Flask, Request, Response, g, has_request_context, request, session
from flask.sessions import SessionInterface, SessionMixin
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import Row, Select, Text, bindparam, cast, insert, select, update
from werkzeug.datastructures import CallbackDict

from app.panel.accounts import settings as settings
from app.panel.accounts.login import persons, twostep
from app.panel.accounts.models import LoginSession, Profile, User
from app.panel.core import asides, clock
from app.panel.core.db import db
from app.panel.core.hub import Refused
from app.panel.core.security import is_secure, network
from app.panel.core.settings import setting
from app.panel.core.transaction import transactional

COOKIE, GUEST_COOKIE = "zhanggui", "zhanggui-guest"
GUEST_KEYS = ("csrf_token", "language", "skin", "_flashes", "pending", "captcha")
GUEST_BYTES = 240
GUEST_SECONDS = 86400
# FAB keeps the last five addresses with their filters (SAFETY F30) and a locale for each visitor: we do without both
DROPPED = frozenset({"page_history", "locale", "_id"})
SEEN_EVERY = dt.timedelta(minutes=1)
UNTRACKED = ("/static/", "/healthz", "/readyz", "/metrics")


class PanelSession(CallbackDict[str, Any], SessionMixin):
    """The session of one request. `key` is the row that it came from, None for a visitor."""

    def __init__(
        self, data: dict[str, Any] | None = None, *, key: str | None = None, person: User | None = None,
        seen_at: dt.datetime | None = None,
    ) -> None:  # fmt: skip
        super().__init__(data, on_update=PanelSession._changed)
        self.seen_at = seen_at  # when this request began
        self.key = key
        self.person = person  # held, so that whoever asks for the person by his number finds him read
        self.user_id = None if person is None else person.id
        self.new = key is None
        self.modified = self.accessed = self.rotate = False

    def _changed(self) -> None:
        self.modified = True

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in DROPPED:
            super().__setitem__(name, value)


class PanelSessions(SessionInterface):
    """Flask's session interface over `accounts_session`."""

    def open_session(self, app: Flask, request: Request) -> PanelSession:
        if request.path.startswith(UNTRACKED):
            return PanelSession()
        value = request.cookies.get(cookie_name(is_secure()))
        found = find(value) if value else None
        if found is None:
            return PanelSession(_read_guest(app, request.cookies.get(_guest_name(is_secure()))))
        row, person = found
        if clock.now() - row.seen_at >= SEEN_EVERY:
            _touch(row.key)
        data = {**json.loads(row.words), "_user_id": str(row.user_id)}
        return PanelSession(data, key=row.key, person=person, seen_at=clock.now())

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        if not isinstance(session, PanelSession) or request.path.startswith(UNTRACKED):
            return
        response.vary.add("Cookie")
        user_id = _number(session.get("_user_id"))
        if user_id is None:
            self._save_guest(app, session, response)
        elif session.key is None or user_id != session.user_id or session.rotate:
            value = begin(user_id, _kept(session), replaces=session.key)
            _set(response, cookie_name(is_secure()), value)
            _unset(response, _guest_name(is_secure()))
        elif session.modified:
            _clean()
            _write(session.key, _kept(session))
        if session.key is not None and session.seen_at is not None and clock.now() - session.seen_at >= SEEN_EVERY:
            _clean()
            _touch(session.key)  # what took so long, such as a large upload, was no idling

    def _save_guest(self, app: Flask, session: PanelSession, response: Response) -> None:
        if session.key is not None:
            _clean()
            revoke(session.key)
        _unset(response, cookie_name(is_secure()))
        if session.modified:
            data = {key: session[key] for key in GUEST_KEYS if key in session}
            value = _signer(app).dumps(data)
            if len(value) > GUEST_BYTES:  # a long message is lost rather than the form
                data.pop("_flashes", None)
                value = _signer(app).dumps(data)
            if data:
                _set(response, _guest_name(is_secure()), value)
            else:
                _unset(response, _guest_name(is_secure()))


def init_app(app: Flask) -> None:
    app.session_interface = PanelSessions()
    app.config["SESSION_COOKIE_NAME"] = cookie_name(bool(app.config.get("SESSION_COOKIE_SECURE")))
    app.extensions["user_for_cookie"] = user_for_cookie  # for the stream hub: the core imports nothing above it


def cookie_name(secure: bool) -> str:
    """With TLS the name itself makes browsers insist on Secure, this host and the whole path."""
    return f"__Host-{COOKIE}" if secure else COOKIE


def user_for_cookie(app: Flask, value: str) -> int | None:
    """Whose session is it, for the stream hub; None when it has ended or never was."""
    with app.app_context():
        found = find(value)
        words = json.loads(found[0].words) if found is not None else {}
        if found is None or twostep.lacks(found[1]) or words.get("must_change"):
            return None
        if words.get("view_as"):
            raise Refused(403, "Whoever looks as somebody else hears no news of his own.")
        if clock.now() - found[0].seen_at >= SEEN_EVERY:
            _touch(found[0].key)  # whoever has a page open and reads what comes is there
        return int(found[0].user_id)


def find(value: str) -> tuple[Row[Any], User] | None:
    """The living session behind a cookie value and its person: not ended, not idle too long, active, with the same rights."""
    if not 40 <= len(value) <= 64:
        return None
    beside = asides.names()
    rows = db.session.connection().execute(_living(beside, db.engine.dialect.name), {"hashed": hashed(value)}).all()
    if not rows:
        return None
    found: Row[Any] = rows[0]
    now = clock.now()
    if found.auth_epoch != (found.epoch or 1) or now >= found.absolute_end_at or _is_idle(now - found.seen_at):
        return None
    asides.take(found, found.user_id, beside)
    return found, persons.of_rows(rows)


def _is_idle(unseen: dt.timedelta) -> bool:
    """The setting is asked of the database only when it could matter: no instance ends a session sooner than its least."""
    return unseen >= dt.timedelta(minutes=settings.LEAST_IDLE_MINUTES) and unseen >= idle()


@functools.cache
def _living(beside: tuple[str, ...], _dialect: str) -> Select[Any]:
    """Built once an engine: every request asks this, and SQLAlchemy takes longer to build it than the database to answer.

    The person comes with his roles, a row each: they would be a statement of their own at the first question for a right.
    """
    s, words = LoginSession, cast(LoginSession.data, Text).label("words")  # rows of JSON cannot be compared
    query = (
        select(s.key, s.user_id, s.seen_at, s.absolute_end_at, s.auth_epoch, words, Profile.auth_epoch.label("epoch"))
        .add_columns(*persons.columns())
        .join(User, User.id == s.user_id)
        .outerjoin(Profile, Profile.user_id == s.user_id)
        .where(s.key == bindparam("hashed"), s.revoked_at.is_(None), User.active.is_(True))
    )
    return asides.joined(persons.with_roles(query), s.user_id, beside).execution_options(by_heart=True)


def hashed(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def idle() -> dt.timedelta:
    return dt.timedelta(minutes=int(setting("accounts.idle_minutes")))


def absolute() -> dt.timedelta:
    return dt.timedelta(hours=int(setting("accounts.session_hours")))


@transactional
def begin(user_id: int, data: dict[str, Any], replaces: str | None = None) -> str:
    """Start a session and end the one that it replaces; returns the value of the cookie, which is kept nowhere."""
    value, now = secrets.token_urlsafe(32), clock.now()
    ends = now + absolute()
    if replaces:
        # a rotated session is the same log-in and does not live longer for it
        old = db.session.execute(
            select(LoginSession.absolute_end_at, LoginSession.user_id).where(LoginSession.key == replaces)
        ).one_or_none()
        if old is not None and old.user_id == user_id:
            ends = old.absolute_end_at
        revoke(replaces)
    epoch = db.session.scalar(select(Profile.auth_epoch).where(Profile.user_id == user_id)) or 1
    where = {"ip": network(), "agent": str(request.user_agent)[:300]} if has_request_context() else {}
    db.session.execute(
        insert(LoginSession).values(
            key=hashed(value), user_id=user_id, data=data, created_at=now, seen_at=now, absolute_end_at=ends,
            auth_epoch=epoch, **where,
        )
    )  # fmt: skip
    return value


@transactional
def revoke(key: str) -> None:
    """End one session."""
    db.session.execute(
        update(LoginSession).where(LoginSession.key == key, LoginSession.revoked_at.is_(None)).values(revoked_at=clock.now())
    )


@transactional
def revoke_all(user_id: int, but: str | None = None) -> int:
    """End all sessions of a person (`but` one); returns how many were alive."""
    statement = update(LoginSession).where(LoginSession.user_id == user_id, LoginSession.revoked_at.is_(None))
    if but:
        statement = statement.where(LoginSession.key != but)
    return int(db.session.execute(statement.values(revoked_at=clock.now())).rowcount)  # type: ignore[attr-defined]


def living(user_id: int) -> list[LoginSession]:
    """The sessions of a person that still open something, latest first."""
    now = clock.now()
    query = select(LoginSession).where(
        LoginSession.user_id == user_id, LoginSession.revoked_at.is_(None),
        LoginSession.absolute_end_at > now, LoginSession.seen_at > now - idle(),
    )  # fmt: skip
    return list(db.session.scalars(query.order_by(LoginSession.seen_at.desc())))


def current_key() -> str | None:
    """The row of this request's session."""
    return getattr(session, "key", None) if has_request_context() else None


def current_device() -> int | None:
    """The browser in which this request's session began."""
    return session.get("device") if has_request_context() else None


def device_of(key: str) -> int | None:
    """The browser in which a session began."""
    data = db.session.scalar(select(LoginSession.data).where(LoginSession.key == key))
    return (data or {}).get("device")


def rotate() -> None:
    """Give this request's session a new id when it is saved: after a log-in, a new password, a change of rights."""
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)  # what this very answer draws is to hold the new one
    session.rotate = session.modified = True  # type: ignore[attr-defined]


@transactional
def _touch(key: str) -> None:
    db.session.execute(update(LoginSession).where(LoginSession.key == key).values(seen_at=clock.now()))


@transactional
def _write(key: str, data: dict[str, Any]) -> None:
    db.session.execute(
        update(LoginSession).where(LoginSession.key == key, LoginSession.revoked_at.is_(None)).values(data=data)
    )


def _clean() -> None:
    """What a view left unsaved was refused: it must not ride along with the session's own write (SAFETY F19)."""
    if db.session.new or db.session.dirty or db.session.deleted:
        db.session.rollback()


def _kept(session: PanelSession) -> dict[str, Any]:
    data = {key: value for key, value in session.items() if key not in DROPPED and key != "_user_id"}
    return json.loads(json.dumps(data, default=str))


def _number(value: Any) -> int | None:
    return int(value) if value is not None and str(value).isdecimal() else None


def _signer(app: Flask) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(app.secret_key or "", salt="zhanggui-guest")


def _guest_name(secure: bool) -> str:
    return f"__Host-{GUEST_COOKIE}" if secure else GUEST_COOKIE


def _read_guest(app: Flask, value: str | None) -> dict[str, Any]:
    if not value:
        return {}
    try:
        data = _signer(app).loads(value, max_age=GUEST_SECONDS)
    except BadData:
        return {}
    return {key: data[key] for key in GUEST_KEYS if key in data} if isinstance(data, dict) else {}


def _set(response: Response, name: str, value: str) -> None:
    response.set_cookie(name, value, httponly=True, secure=is_secure(), samesite="Lax", path="/")


def _unset(response: Response, name: str) -> None:
    if name in request.cookies:
        response.delete_cookie(name, path="/", secure=is_secure(), httponly=True, samesite="Lax")
