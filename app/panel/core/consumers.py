"""Loops that work off a stream, such as the events of a feed: a process of their own, kept by `run.py`.

A domain registers one; `flask consumer` runs all of them, each in a thread. They begin where they stopped, whatever ended
them: what they have done is marked in SQL, in the transaction that did it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from flask import Flask

Loop = Callable[[Flask, threading.Event], None]
LOOPS: dict[str, Loop] = {}
PAUSE = 1.0
log = logging.getLogger(__name__)


def consumer(name: str) -> Callable[[Loop], Loop]:
    """Register a loop: called with the application and an event that says when to stop; it returns then."""

    def register(loop: Loop) -> Loop:
        LOOPS[name] = loop
        return loop

    return register


def run(app: Flask, stop: threading.Event) -> None:
    """Run all loops until `stop` is set. One that fails begins again after a second and disturbs no other."""
    threads = [threading.Thread(target=_keep, args=(app, stop, name), name=name, daemon=True) for name in LOOPS]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(timeout=4.0)


def _keep(app: Flask, stop: threading.Event, name: str) -> None:
    while not stop.is_set():
        try:
            LOOPS[name](app, stop)
        except Exception:
            log.exception("%s begins again in %g s", name, PAUSE)
            stop.wait(PAUSE)
