"""Tests in several processes: forks of the one that has imported and collected them all.

What `piece_of` says is a piece, such as a file. Each fork asks for a piece when it has none; the first pieces are the longest.
What fails is named at once: a run that is cut off before its end has said it.

Some forks are spare: they get a piece only while processors have nothing to do, for the tests of the others wait for something.
"""

from __future__ import annotations

import gc
import multiprocessing
import time
import warnings
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path

import pytest

FORKS = multiprocessing.get_context("fork")
LOOK_SECONDS, IDLE = 1.0, 0.3  # how often, and of how much of the processors is to be idle for a spare fork to be given a piece


class Crew:
    """`before` prepares what all forks are to share; `piece_of` names the piece of a test, and `kind_of` the kind of a piece.

    A fork stays with one kind as long as there is any of it, for what it has built for one is built anew for another.
    """

    def __init__(
        self, number: int, before: Callable[[], None], piece_of: Callable[[pytest.Item], object],
        kind_of: Callable[[pytest.Item], object] = lambda _item: None, spare: int = 0,
    ) -> None:  # fmt: skip
        self.number, self.before, self.piece_of, self.kind_of, self.spare = number, before, piece_of, kind_of, spare
        self.kinds: list[deque[list[int]]] = []
        self.lines: dict[Connection, Worker] = {}
        self.parked: list[Connection] = []
        self.processors = Processors()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed or session.config.option.collectonly or not session.items:
            return None  # pytest's own loop knows what to say
        self._sort(session.items)
        session.config._tmp_path_factory.getbasetemp()
        self.before()
        gc.freeze()
        try:
            for name in range(min(self.number + self.spare, sum(map(len, self.kinds)))):
                self._hire(session, f"worker{name}", name % len(self.kinds))
            while self.lines:
                for line in wait(list(self.lines), LOOK_SECONDS if self.parked else None):
                    self._listen(session, line)
                self._look()
        finally:
            for line, worker in self.lines.items():
                line.close()  # who asks for more or has something to say then ends, and tidies up before
                worker.process.join(60)
                worker.process.kill()
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        return True

    def _sort(self, items: list[pytest.Item]) -> None:
        pieces: dict[object, list[int]] = {}
        for number, item in enumerate(items):
            pieces.setdefault(self.piece_of(item), []).append(number)
        kinds: dict[object, deque[list[int]]] = {}
        for piece in pieces.values():
            kinds.setdefault(self.kind_of(items[piece[0]]), deque()).append(piece)
        self.kinds = list(kinds.values())

    def _hire(self, session: pytest.Session, name: str, kind: int) -> None:
        line, its_line = FORKS.Pipe()
        process = FORKS.Process(target=_work, args=(session, its_line, [line, *self.lines], name), name=name)
        process.start()
        its_line.close()
        self.lines[line] = Worker(process, kind)

    def _listen(self, session: pytest.Session, line: Connection) -> None:
        worker, hook = self.lines[line], session.config.hook
        try:
            kind, told = line.recv()
        except (EOFError, ConnectionError):
            self._bury(session, line)
            return
        if kind == "next":
            if len(self.lines) - len(self.parked) > self.number and any(self.kinds):
                self.parked.append(line)
            else:
                self._give(line)
        elif kind == "begun":
            worker.test = worker.piece.popleft()
        elif kind == "report":
            self._tell(session, hook.pytest_report_from_serializable(config=session.config, data=told))
            if session.shouldfail:
                for left in self.kinds:
                    left.clear()
        elif kind == "warning":
            message, of, file, number, about = told
            seen = warnings.WarningMessage(message, of, file, number)
            hook.pytest_warning_recorded.call_historic(kwargs={"warning_message": seen, **about})
        else:
            worker.is_done = True

    def _give(self, line: Connection) -> None:
        """The next piece of its kind, or of another one; none when all have been given."""
        worker = self.lines[line]
        worker.kind = next((kind for kind in (worker.kind, *range(len(self.kinds))) if self.kinds[kind]), worker.kind)
        worker.piece = deque(self.kinds[worker.kind].popleft() if self.kinds[worker.kind] else ())
        line.send(list(worker.piece))

    def _look(self) -> None:
        """Let who is parked go on: one while processors are idle, all when nothing is left."""
        if self.parked and not any(self.kinds):
            while self.parked:
                self._give(self.parked.pop())
        elif self.parked and self.processors.are_idle():
            self._give(self.parked.pop(0))

    def _tell(self, session: pytest.Session, report: pytest.TestReport) -> None:
        session.config.hook.pytest_runtest_logreport(report=report)
        terminal = session.config.pluginmanager.getplugin("terminalreporter")
        if report.failed and terminal is not None:
            terminal.write_line(f" {report.nodeid} failed {report.when}: {str(report.longrepr).splitlines()[-1][:200]}")

    def _bury(self, session: pytest.Session, line: Connection) -> None:
        """A fork that ended in the middle fails its test, and another one takes over what it had left."""
        worker = self.lines.pop(line)
        if line in self.parked:
            self.parked.remove(line)
        line.close()
        worker.process.join()
        if worker.is_done and not worker.process.exitcode:
            return
        item = session.items[worker.test if worker.test is not None else next(iter(worker.piece), 0)]
        words = f"{worker.process.name} ended with {worker.process.exitcode} in or after {item.nodeid}"
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", words, "call")
        self._tell(session, report)
        if worker.piece:
            self.kinds[worker.kind].appendleft(list(worker.piece))
        if any(self.kinds):
            self._hire(session, worker.process.name, worker.kind)


class Worker:
    """What the parent knows of a fork: the tests that it has not begun yet, and the one that it began last."""

    def __init__(self, process: multiprocessing.process.BaseProcess, kind: int = 0) -> None:
        self.process, self.kind = process, kind
        self.piece: deque[int] = deque()
        self.test: int | None = None
        self.is_done = False


class Processors:
    """How much of them nobody uses, by what the system counts (on Linux; elsewhere they are never called idle)."""

    def __init__(self, counts: Path = Path("/proc/stat")) -> None:
        self.counts = counts
        self.at, self.seen = time.monotonic(), self._read()

    def are_idle(self) -> bool:
        """Whether they were since the last look; looks that follow each other closely find nothing."""
        if time.monotonic() - self.at < LOOK_SECONDS:
            return False
        (ticks, idle), self.at, self.seen = self.seen, time.monotonic(), self._read()
        return self.seen[1] - idle > IDLE * (self.seen[0] - ticks)

    def _read(self) -> tuple[int, int]:
        """(all ticks, idle ones) of all processors together."""
        try:
            line = self.counts.read_text().partition("\n")[0]
        except OSError:
            return 0, 0
        user, nice, system, idle, *others = map(int, line.split()[1:9])
        return user + nice + system + idle + sum(others), idle


class Teller:
    """Passes on to the parent what the terminal is to show."""

    def __init__(self, config: pytest.Config, line: Connection) -> None:
        self.config, self.line = config, line

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.line.send(("report", self.config.hook.pytest_report_to_serializable(config=self.config, report=report)))

    def pytest_warning_recorded(self, warning_message, when, nodeid, location) -> None:
        about = {"when": when, "nodeid": nodeid, "location": location}
        seen = warning_message
        self.line.send(("warning", (str(seen.message), seen.category, seen.filename, seen.lineno, about)))


def _work(session: pytest.Session, line: Connection, others: list[Connection], name: str) -> None:
    for other in others:
        other.close()  # the end of the parent would not be heard
    config = session.config
    factory = config._tmp_path_factory
    factory._basetemp = factory.mktemp(name, numbered=True)
    config.pluginmanager.unregister(name="terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()  # its files are the parent's
    capture.start_global_capturing()
    config.pluginmanager.register(Teller(config, line))
    try:
        _run(session, line)
    finally:
        session._setupstate.teardown_exact(None)
    line.send(("done", None))


def _run(session: pytest.Session, line: Connection) -> None:
    while piece := _asked(line):
        for number, follower in zip(piece, [*piece[1:], None], strict=True):
            if session.shouldfail or session.shouldstop:
                return
            line.send(("begun", number))
            # after the last test of a file what belongs to the session stays
            after = session if follower is None else session.items[follower]
            session.config.hook.pytest_runtest_protocol(item=session.items[number], nextitem=after)


def _asked(line: Connection) -> list[int]:
    line.send(("next", None))
    return line.recv()
