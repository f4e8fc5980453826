"""The queue of those who want to write to SQLite.

SQLite lets one write at a time, and whoever finds it taken sleeps and looks again, up to 100 ms later: with two busy
processes of 16 threads some looked for 30 s and were told "database is locked". Here the threads of a process stand in
line for one lock, and the first of each line looks every millisecond whether it is his turn among the processes.
PostgreSQL locks rows by itself; but where all threads of a process want the same row, `in_line` lets one of them go
after the other, so that whoever holds the row need not share the interpreter with fifteen who wait for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Iterator

from sqlalchemy import make_url

PATIENCE = 30.0  # seconds; then SQLite's own waiting decides
STANDS_STILL = 3.0  # seconds for which one turn is waited for: SQLite knows whether a process that hangs there holds anything
LOOK_AGAIN = 0.001
NUMBER = 8  # bytes of the number of a turn, in the file that is locked


class Line:
    """The line of this process before one database file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.threads = threading.Lock()
        self.file: int | None = None
        self.given_up = b""  # the turn that was not waited for: whoever hangs there stops each of us once

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        deadline = time.monotonic() + PATIENCE
        mine = self.threads.acquire(timeout=PATIENCE)
        try:
            if mine:
                self._before_others(deadline)
            yield
        finally:
            if mine:
                if self.file is not None:
                    fcntl.flock(self.file, fcntl.LOCK_UN)
                self.threads.release()

    def _before_others(self, deadline: float) -> None:
        if self.file is None:
            self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        seen, since = b"", 0.0
        while (now := time.monotonic()) < deadline:
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                number = os.pread(self.file, NUMBER, 0)
                if number != seen:
                    seen, since = number, now
                if number and (number == self.given_up or now - since > STANDS_STILL):
                    self.given_up = number
                    return
                time.sleep(LOOK_AGAIN)
            else:
                turn = int.from_bytes(os.pread(self.file, NUMBER, 0), "big") + 1
                os.pwrite(self.file, (turn % 2 ** (8 * NUMBER)).to_bytes(NUMBER, "big"), 0)
                return


_lines: dict[str, Line] = {}
_rows: dict[str, threading.Lock] = {}


def _begin_anew() -> None:
    """A forked child must not share its parent's place in the line, nor inherit a lock that nobody there will release.

    Its copy of the file is closed: with it the turn of a parent that is killed would last as long as the child.
    """
    for line in _lines.values():
        if line.file is not None:
            os.close(line.file)
    _lines.clear()
    _rows.clear()


os.register_at_fork(after_in_child=_begin_anew)


def turn(url: str) -> contextlib.AbstractContextManager[None]:
    """Wait for the turn to write to this database; to be left after the commit."""
    found = _lines.get(url)
    if found is None:
        known = make_url(url)
        if known.get_backend_name() != "sqlite" or known.database in (None, "", ":memory:"):
            return contextlib.nullcontext()
        found = _lines.setdefault(url, Line(f"{known.database}-writers"))
    return found.turn()


@contextlib.contextmanager
def in_line(row: str) -> Iterator[None]:
    """Wait until no other thread of this process wants this row; to be left after the commit. `row` names what is locked."""
    lock = _rows.setdefault(row, threading.Lock())
    mine = lock.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if mine:
            lock.release()
