"""One transaction a verb: the outermost service commits, nested ones join it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from app.panel.core import writers
from app.panel.core.db import db, write_intent
from app.panel.core.errors import Conflict

P = ParamSpec("P")
R = TypeVar("R")
RETRIES = 3
TRAIL = "trail"  # where a session keeps what is gathered for its history
FRAMES = "frames"  # where it keeps, for each service that runs inside another, which lent rights were counted for it
_SERIALIZATION = {"40001", "40P01"}  # PostgreSQL: serialization failure, deadlock: nothing was done, so do it again


def transactional(func: Callable[P, R]) -> Callable[P, R]:
    """Run `func` in the write transaction of this thread; begin and commit it when there is none yet.

    On SQLite the transaction is IMMEDIATE from its first statement. An error rolls everything back, also what was
    only changed in memory. A deadlock on PostgreSQL is tried again up to three times.

    :raises Conflict: when a row was changed by somebody else since it was read (SAFETY R08)
    :raises RuntimeError: when unsaved changes lie about: they were made outside of a transaction
    """

    @functools.wraps(func)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        session = db.session()
        if session.info.get("depth", 0):
            return _inside(session, func, args, kwargs)
        for attempt in range(RETRIES + 1):
            try:
                return _outermost(session, func, args, kwargs)
            except DBAPIError as error:
                if attempt == RETRIES or getattr(error.orig, "sqlstate", None) not in _SERIALIZATION:
                    raise
        raise AssertionError("unreachable")

    return run


def _inside(session: Any, func: Callable[..., R], args: Any, kwargs: Any) -> R:
    frames = session.info[FRAMES]
    frames.append(set())
    try:
        return func(*args, **kwargs)
    finally:
        frames.pop()


def _outermost(session: Any, func: Callable[..., R], args: Any, kwargs: Any) -> R:
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("unsaved changes were made outside of a transaction")
    if session.in_transaction():
        session.rollback()  # ends the read: what it read may be old by now
    with writers.turn(current_app.config["SQLALCHEMY_DATABASE_URI"]):
        result = _commit(session, func, args, kwargs)
    for callback in session.info["after_commit"]:
        try:
            callback()
        except Exception:  # what follows a commit may be lost, never the commit: the outbox rings again
            current_app.logger.exception("after commit")
    return result


def _commit(session: Any, func: Callable[..., R], args: Any, kwargs: Any) -> R:
    token = write_intent.set(True)
    session.info.update(depth=1, after_commit=[], fed={}, told={}, frames=[set()])
    try:
        session.connection()  # takes the write lock before the first read
        result = func(*args, **kwargs)
        session.commit()
        return result
    except StaleDataError as error:
        session.rollback()
        raise Conflict(_("Somebody else changed this in the meantime.")) from error
    except BaseException:
        session.rollback()
        raise
    finally:
        write_intent.reset(token)
        session.info["depth"] = 0
        session.info[FRAMES] = []


def in_transaction() -> bool:
    """Are we inside a @transactional verb?"""
    return bool(db.session().info.get("depth", 0))


def after_commit(callback: Callable[[], Any]) -> None:
    """Call back once the outermost verb has committed; at once when there is none."""
    if in_transaction():
        db.session().info["after_commit"].append(callback)
    else:
        callback()


@contextmanager
def savepoint() -> Iterator[None]:
    """Part of a verb that may fail by itself: its changes go, the verb's stay."""
    with db.session.begin_nested():
        trail = db.session().info.get(TRAIL, ())
        before = [len(rows) for rows in trail]
        try:
            yield
        except BaseException:
            for rows, length in zip(trail, before, strict=True):
                del rows[length:]
            raise
