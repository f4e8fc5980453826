"""The heart beat: one process at a time holds a lease and does, each second, what time alone makes due.

Each duty runs in a thread of its own, so one that hangs stops nobody but itself. Two tickers at once do no harm: what
they do is claimed row by row in the database; the lease only spares work.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app.panel.core import bells, lease, schedules, trace
from app.panel.core.db import db

LEASE_NAME = "ticker"
LEASE_SECONDS = 5.0
RENEW_AFTER = 2.0
log = logging.getLogger(__name__)
Duty = Callable[[], Any]


@dataclass
class Each:
    """A duty and how often it is due."""

    name: str
    func: Duty
    seconds: float
    limit: float
    due_at: float = 0.0
    started_at: float = 0.0
    thread: threading.Thread | None = None
    complained: bool = False


DUTIES: dict[str, Each] = {}


def each(seconds: float, *, limit: float = 60.0) -> Callable[[Duty], Duty]:
    """Have a function called every so many seconds, in an application context, by one process at a time.

    One that takes longer than `limit` seconds is logged; it is not called again before it has returned.
    """

    def register(function: Duty) -> Duty:
        name = f"{function.__module__}.{function.__qualname__}"
        DUTIES[name] = Each(name, function, seconds, limit)
        return function

    return register


@each(1)
def fire_schedules() -> None:
    schedules.fire_due()


@each(1)
def ring_again() -> None:
    """Ring for work that nobody has begun. Valkey away is no error: the rows wait."""
    try:
        bells.ring_due(current_app._get_current_object())  # type: ignore[attr-defined]
    except RedisError as error:
        log.warning("the queue is away: %s", error)


@dataclass
class Ticker:
    """One process's candidacy for the lease, and its duties while it holds it."""

    app: Flask
    duties: list[Each]
    holder: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}")
    held_until: float = 0.0
    synced: bool = False

    def tick(self) -> bool:
        """One second: keep the lease, start what is due; False when another one holds it."""
        now = time.monotonic()
        if now > self.held_until - (LEASE_SECONDS - RENEW_AFTER) and not self._renew(now):
            return False
        if not self.synced:
            self.synced = self._sync()
        for duty in self.duties:
            if now >= duty.due_at:
                self._start(duty, now)
        return True

    def _renew(self, now: float) -> bool:
        try:
            with self.app.app_context():
                fence = lease.take(LEASE_NAME, self.holder, LEASE_SECONDS)
        except SQLAlchemyError as error:
            log.warning("no lease: %s", error)
            return now < self.held_until
        self.held_until = now + LEASE_SECONDS if fence else 0.0
        return fence is not None

    def _sync(self) -> bool:
        try:
            with self.app.app_context():
                schedules.sync()
        except SQLAlchemyError as error:
            log.warning("schedules: %s", error)
            return False
        return True

    def _start(self, duty: Each, now: float) -> None:
        if duty.thread is not None and duty.thread.is_alive():
            if now - duty.started_at > duty.limit and not duty.complained:
                duty.complained = True
                log.error("%s has hung for %d s; the others go on", duty.name, now - duty.started_at)
            return
        duty.due_at, duty.started_at, duty.complained = now + duty.seconds, now, False
        duty.thread = threading.Thread(target=self._run, args=(duty,), name=duty.name, daemon=True)
        duty.thread.start()

    def _run(self, duty: Each) -> None:
        with trace.tracing(), self.app.app_context():
            try:
                duty.func()
            except Exception:  # it is called again; the others are not touched
                db.session.rollback()
                log.exception("%s", duty.name)

    def release(self) -> None:
        """Let the next one begin at once."""
        try:
            with self.app.app_context():
                lease.release(LEASE_NAME, self.holder)
        except SQLAlchemyError as error:
            log.warning("the lease was not given back: %s", error)


def run_ticker(app: Flask, stop: threading.Event) -> None:
    """Tick until `stop` is set."""
    ticker = Ticker(app, [Each(duty.name, duty.func, duty.seconds, duty.limit) for duty in DUTIES.values()])
    while not stop.is_set():
        began = time.monotonic()
        ticker.tick()
        stop.wait(max(0.05, 1.0 - (time.monotonic() - began)))
    for duty in ticker.duties:
        if duty.thread is not None:
            duty.thread.join(timeout=1.0)
    ticker.release()


def lease_state(app: Flask) -> dict[str, Any]:
    """Is somebody ticking? `{"ok", "holder", "seconds", "fence", "error"}`."""
    with app.app_context():
        found = lease.state(LEASE_NAME)
    ok = found["seconds"] > 0
    return {"ok": ok, **found, "error": "" if ok else "no ticker holds the lease"}
