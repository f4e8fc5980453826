"""Doing one row of the outbox: claim it, call its handler as the system, write down how it went."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator

from flask import Flask, g, has_request_context
from sqlalchemy.exc import SQLAlchemyError

from app.panel.core import figures, outbox, trace
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError

BEAT = 5.0  # seconds between two beats; a claim outlives three missed ones
log = logging.getLogger(__name__)
Watch = Callable[[outbox.Work], contextlib.AbstractContextManager[None]]


class Undeliverable(Exception):
    """No later try can mend it: nobody knows the kind, the job or its arguments."""


def deliver(row_id: int, attempt: int, watch: Watch | None = None) -> str:
    """Do the work of a row if it is still to be done; returns done, failed, lost, or skipped for an old bell.

    The handler opens its own transactions: an error in it undoes the current one and no earlier one.
    """
    work = outbox.claim(row_id, attempt)
    if work is None:
        return "skipped"
    with trace.tracing(work.request_id), as_system():
        began = time.perf_counter()
        try:
            with watch(work) if watch else contextlib.nullcontext():
                _handle(work)
        except Exception as error:
            db.session.rollback()
            outbox.fail(work, _sentence(error), for_good=isinstance(error, Undeliverable))
            log.error("outbox row %s failed: %s", row_id, error, exc_info=error)
            figures.note_work(_name(work), "failed", time.perf_counter() - began)
            return "failed"
        result, seconds = "done" if outbox.finish(work) else "lost", time.perf_counter() - began
        log.info("%s (row %s) is %s after %.2f s", _name(work), row_id, result, seconds)
        figures.note_work(_name(work), result, seconds)
        return result


def _name(work: outbox.Work) -> str:
    """Its job, or its kind when it is none. Never its arguments, which may hold what a person typed."""
    return str(work.payload.get("job", work.kind)) if work.kind == "ring" else work.kind


def _handle(work: outbox.Work) -> None:
    if (found := outbox.HANDLERS.get(work.kind)) is None:
        raise Undeliverable(f"nobody handles {work.kind}")
    found.func(work.payload)


def _sentence(error: Exception) -> str:
    if isinstance(error, Undeliverable | DomainError):
        return str(error)
    return "".join(traceback.format_exception(error))


@contextlib.contextmanager
def as_system() -> Iterator[None]:
    """Work that a request started, done within it by a test, is still the system's."""
    if not has_request_context():
        yield
        return
    before = g.get("user")
    g.user = SYSTEM
    try:
        yield
    finally:
        g.user = before


@contextlib.contextmanager
def beating(app: Flask, work: outbox.Work, on_lost: Callable[[], None], every: float = BEAT) -> Iterator[None]:
    """Keep the claim of `work` alive from a thread of its own; `on_lost` when another worker has taken it over.

    Two at one work are worse than none: the claim is lost only after three missed beats, and then this one stops.
    """
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(every):
            try:
                with app.app_context():
                    alive = outbox.beat(work)
            except SQLAlchemyError as error:
                log.warning("no beat for outbox row %s: %s", work.row_id, error)
                continue
            if not alive and not stop.is_set():
                on_lost()
                return

    thread = threading.Thread(target=run, name=f"beat-{work.row_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
