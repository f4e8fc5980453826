"""The line that each goal of the house prints, and seconds that mean the same on a machine that stands still for a moment."""

from __future__ import annotations

import threading
import time

TICK, SOON = 0.02, 0.01  # seconds: how often a watch looks, and how late it may be on a machine that has time


def goal(name: str, figure: object, limit: object, passed: bool) -> None:
    """`GOAL G09 figure=4.1s limit=10s PASS`, to be read with `pytest -s`."""
    print(f"\nGOAL {name} figure={figure} limit={limit} {'PASS' if passed else 'FAIL'}")


class Watch:
    """It runs from here on, and leaves out the time in which the machine let this process do nothing: a thread of its own
    that wants to wake up each 20 ms tells how late it was. Who hangs, waits or is slow is measured as ever."""

    def __init__(self) -> None:
        self.late, self.over, self.began = 0.0, threading.Event(), time.monotonic()
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        before = time.monotonic()
        while not self.over.wait(TICK):
            now = time.monotonic()
            self.late += max(0.0, now - before - TICK - SOON)
            before = now

    def seconds(self) -> float:
        """Those that have passed; it stands still afterwards."""
        self.over.set()
        return time.monotonic() - self.began - self.late
