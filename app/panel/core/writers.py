"""The queue of those who want to write to SQLite.

SQLite lets one write at a time, and whoever finds it taken sleeps and looks again, up to 100 ms later: with two busy
processes of 16 threads some looked for 30 s and were told "database is locked". Here the threads of a process stand in
line for one lock, and the first of each line looks every millisecond whether it is his turn among the processes.
Whoever has to wait says so, by a lock of a second file that many can hold; who writes one chunk after the other, and asks for the
next turn before anybody else could look, gives way to them.
PostgreSQL locks rows by itself; but where all threads of a process want the same row, `in_line` lets one of them go
after the other, so that whoever holds the row need not share the interpreter with fifteen who wait for it.
"""

from __future__ import annotations

import contextlib
import contextvars
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
GIVES_WAY = 0.25  # seconds for which who works through many rows lets others go first, between two turns: as long as one of his own
HESITATES = 0.05  # seconds; who waits and does not go meanwhile is not waited for

_gives_way: contextvars.ContextVar[bool] = contextvars.ContextVar("gives_way", default=False)


class Line:
    """The line of this process before one database file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.threads = threading.Lock()
        self.file: int | None = None
        self.given_up = b""  # the turn that was not waited for: whoever hangs there stops each of us once
        self.those_who_wait = Waiting(f"{path}-waiting")

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        if _gives_way.get():
            self._give_way()
        deadline = time.monotonic() + PATIENCE
        mine = self.threads.acquire(blocking=False)
        try:
            if not (mine and self._take()):
                with self.those_who_wait.one_more():
                    mine = mine or self.threads.acquire(timeout=PATIENCE)
                    if mine:
                        self._before_others(deadline)
            yield
        finally:
            if mine:
                if self.file is not None:
                    fcntl.flock(self.file, fcntl.LOCK_UN)
                self.threads.release()

    def _take(self) -> bool:
        """Take the turn, if no other process has it; did we get it?"""
        file = self._opened()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        turn = int.from_bytes(os.pread(file, NUMBER, 0), "big") + 1
        os.pwrite(file, (turn % 2 ** (8 * NUMBER)).to_bytes(NUMBER, "big"), 0)
        return True

    def _opened(self) -> int:
        if self.file is None:
            self.file = _opened(self.path)
        return self.file

    def _before_others(self, deadline: float) -> None:
        seen, since = b"", 0.0
        while (now := time.monotonic()) < deadline and not self._take():
            number = os.pread(self._opened(), NUMBER, 0)
            if number != seen:
                seen, since = number, now
            if number and (number == self.given_up or now - since > STANDS_STILL):
                self.given_up = number
                return
            self.those_who_wait.say_so()
            time.sleep(LOOK_AGAIN)

    def _give_way(self) -> None:
        """Let those who wait go first, for a while, and as long as they do go."""
        began = since = now = time.monotonic()
        seen = b""
        while now - began < GIVES_WAY and self.those_who_wait.is_any():
            number = os.pread(self.file, NUMBER, 0) if self.file is not None else b""
            if number != seen:
                seen, since = number, now
            if now - since > HESITATES:
                return
            time.sleep(LOOK_AGAIN)
            now = time.monotonic()


class Waiting:
    """Whether anybody waits, of whatever process: all of them hold the lock of a file together, and who is killed lets go of it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.file: int | None = None
        self.number = 0  # of ours
        self.is_said = False
        self.door = threading.Lock()

    @contextlib.contextmanager
    def one_more(self) -> Iterator[None]:
        with self.door:
            self.number += 1
        self.say_so()
        try:
            yield
        finally:
            with self.door:
                self.number -= 1
                if not self.number:
                    self._lock(fcntl.LOCK_UN)
                    self.is_said = False

    def say_so(self) -> None:
        """Said again and again while it cannot be said, because somebody just asks: nobody here waits for that."""
        with self.door:
            self.is_said = self.is_said or self._lock(fcntl.LOCK_SH)

    def is_any(self) -> bool:
        with self.door:
            if self.number:
                return True
            is_alone = self._lock(fcntl.LOCK_EX)
            self._lock(fcntl.LOCK_UN)
            return not is_alone

    def _lock(self, kind: int) -> bool:
        if self.file is None:
            self.file = _opened(self.path)
        try:
            fcntl.flock(self.file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _opened(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


_lines: dict[str, Line] = {}
_rows: dict[str, threading.Lock] = {}


def _begin_anew() -> None:
    """A forked child must not share its parent's place in the line, nor inherit a lock that nobody there will release.

    Its copy of the file is closed: with it the turn of a parent that is killed would last as long as the child.
    """
    for line in _lines.values():
        for file in (line.file, line.those_who_wait.file):
            if file is not None:
                os.close(file)
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
def giving_way() -> Iterator[None]:
    """In it this thread works through many rows, one turn after the other: whoever waits for one goes first."""
    before = _gives_way.set(True)
    try:
        yield
    finally:
        _gives_way.reset(before)


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
