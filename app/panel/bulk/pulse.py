"""The pulse of a worker beside its run: it renews the lease, and knows when the whole process stood still.

A chunk can only be taken up by another worker once its transaction has ended: its run is locked. But a worker that was
frozen (SIGSTOP, a machine that slept) and is woken after its lease must commit nothing, whoever has the run by then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)
_beating: list[Pulse] = []  # of this process, which works at one run at a time


class Pulse:
    """Looks at the clock often; between two looks no more than a lease may pass."""

    def __init__(self, lease: float) -> None:
        self.lease, self.looked_at = lease, time.monotonic()
        self.is_lost = False
        self.stop = threading.Event()

    def look(self) -> bool:
        """Has it stood still since the last look, or ever?"""
        now = time.monotonic()
        self.is_lost = self.is_lost or now - self.looked_at > self.lease
        self.looked_at = now
        return self.is_lost

    def watch(self) -> None:
        while not self.stop.wait(self.lease / 10):
            self.look()


@contextmanager
def beside(renew: Callable[[], None], lost: type[Exception], lease: float) -> Iterator[None]:
    """Beat while a run is worked on. `renew` raises `lost` when another worker has the run.

    Where jobs are done by whoever asks for them there is one thread, and nothing beats.
    """
    if current_app.config.get("JOBS_EAGER"):
        yield
        return
    app, pulse = current_app._get_current_object(), Pulse(lease)  # type: ignore[attr-defined]

    def keep() -> None:
        while not pulse.stop.wait(lease / 3):
            try:
                with app.app_context():
                    renew()
            except lost:
                return  # the run ended, or the next chunk hears of it
            except SQLAlchemyError as error:
                log.warning("the lease of a run was not renewed: %s", error)

    threads = [threading.Thread(target=target, daemon=True) for target in (pulse.watch, keep)]
    _beating.append(pulse)
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        pulse.stop.set()
        _beating.remove(pulse)


def stood_still() -> bool:
    return any(pulse.look() for pulse in _beating)
