"""A command that is sent twice happens once (SAFETY R03).

The key is inserted first, in the transaction of the effect. Whoever comes second with the same key waits until the
first has committed, and gets the same reply; when the first one failed, its key went with it and the second one acts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from flask_appbuilder import Model
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, Integer, String, UniqueConstraint, delete, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import mapped_column

from app.panel.core import clock
from app.panel.core.actor import KeyHolder
from app.panel.core.db import db
from app.panel.core.errors import Conflict, InvalidInput
from app.panel.core.jobs import job, scheduled
from app.panel.core.lease import affected, insert_once
from app.panel.core.transaction import savepoint, transactional
from app.panel.core.types import UTCDateTime

R = TypeVar("R")
KEPT_DAYS = 30
LONGEST_KEY = 200
WAIT = "10s"  # for the first one to commit
RUNNING, DONE = "running", "done"
LOCK_NOT_AVAILABLE = "55P03"


class Misused(Conflict):
    """The key was used before, with other data."""

    status = 422


class IdempotencyKey(Model):
    __tablename__ = "core_idempotency"
    __table_args__ = (UniqueConstraint("actor", "key"),)

    id = mapped_column(Integer, primary_key=True)
    actor = mapped_column(String(40), nullable=False)
    key = mapped_column(String(LONGEST_KEY), nullable=False)
    name = mapped_column(String(120), nullable=False)
    request_hash = mapped_column(String(64), nullable=False)
    status = mapped_column(String(10), nullable=False, default=RUNNING)
    result = mapped_column(JSON, nullable=True)
    created_at = mapped_column(UTCDateTime, nullable=False, default=clock.now, index=True)


T = IdempotencyKey.__table__


@transactional
def with_key(key: str | None, actor: Any, name: str, payload: Any, fn: Callable[[], R]) -> R:
    """Call `fn` unless this actor has already done so under this key; then return what it returned.

    :param name: of the command, such as `orders.refund`
    :param payload: what the command was told, as JSON can hold it; a repeat must be told the same
    :param fn: does the work and returns what JSON can hold; without a key it is simply called
    :raises Conflict: 422 when the key came with other data before, 409 when the first one is still at work
    """
    if key is None:
        return fn()
    if not 0 < len(key) <= LONGEST_KEY:
        raise InvalidInput({"key": gettext("An idempotency key has 1 to %(most)s characters.", most=LONGEST_KEY)})
    who, digest = _whose(actor), fingerprint(name, payload)
    values = {"actor": who, "key": key, "name": name, "request_hash": digest, "status": RUNNING}
    with savepoint():  # an error that an outer verb survives must not leave a key that never ends
        if _insert(values):
            result = fn()
            mine = (T.c.actor == who) & (T.c.key == key)
            db.session.execute(update(T).where(mine).values(status=DONE, result=json.loads(json.dumps(result))))
            return result
    return _repeat(who, key, digest)


def _whose(actor: Any) -> str:
    """Two keys of one person are two programs, each with a space of its own."""
    if isinstance(actor, KeyHolder):
        return f"key {actor.key_id}"
    return str(getattr(actor, "id", None) or "system")


def fingerprint(name: str, payload: Any) -> str:
    """Equal for equal data, in whatever order its keys come."""
    plain = json.dumps([name, payload], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(plain.encode()).hexdigest()


def _insert(values: dict[str, Any]) -> bool:
    """True for the first one. PostgreSQL waits here for the other's commit, SQLite did at the beginning of the verb."""
    now = clock.now()
    if db.session.connection().dialect.name != "postgresql":
        return insert_once(IdempotencyKey, created_at=now, **values)
    try:
        with savepoint():
            db.session.execute(text(f"SET LOCAL lock_timeout = '{WAIT}'"))
            first = insert_once(IdempotencyKey, created_at=now, **values)
            db.session.execute(text("SET LOCAL lock_timeout = DEFAULT"))
            return first
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise Conflict(gettext("The same command is still at work.")) from error


def _repeat(who: str, key: str, digest: str) -> Any:
    row = db.session.execute(select(T).where(T.c.actor == who, T.c.key == key)).one()
    if row.request_hash != digest:
        raise Misused(gettext("This key was used before, for another command or with other data."))
    if row.status != DONE:
        raise Conflict(gettext("The same command is still at work."))
    return row.result


def reply_to(key: str, actor: Any, name: str, payload: Any) -> Any:
    """What this actor was told when the same command came with this key before; None when it never came to an end."""
    mine = (T.c.actor == _whose(actor), T.c.key == key, T.c.request_hash == fingerprint(name, payload))
    return db.session.scalar(select(T.c.result).where(*mine, T.c.status == DONE))


@transactional
def _forget(limit: int = 5000) -> int:
    old = select(T.c.id).where(T.c.created_at < clock.now() - dt.timedelta(days=KEPT_DAYS)).limit(limit)
    return affected(delete(T).where(T.c.id.in_(old)))


@scheduled("core.forget_keys", cron="50 4 * * *", label=_("Forget old idempotency keys"))
@job("core.forget_keys", timeout=600)
def forget_keys() -> None:
    """Keys are kept for 30 days; a repeat after that is a new command."""
    while _forget():
        pass
