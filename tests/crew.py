"""Tests in several processes: forks of the one that has imported and collected them all.

What `piece_of` says is a piece, such as a file. Each fork asks for a piece when it has none; the first pieces are the longest.
What fails is named at once: a run that is cut off before its end has said it.
"""

from __future__ import annotations

import gc
import multiprocessing
import warnings
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection, wait

import pytest

FORKS = multiprocessing.get_context("fork")


class Crew:
    """`before` prepares what all forks are to share; `piece_of` names the piece of a test."""

    def __init__(self, number: int, before: Callable[[], None], piece_of: Callable[[pytest.Item], object]) -> None:
        self.number, self.before, self.piece_of = number, before, piece_of
        self.pieces: deque[list[int]] = deque()
        self.lines: dict[Connection, Worker] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed or session.config.option.collectonly or not session.items:
            return None  # pytest's own loop knows what to say
        pieces: dict[object, list[int]] = {}
        for number, item in enumerate(session.items):
            pieces.setdefault(self.piece_of(item), []).append(number)
        self.pieces.extend(pieces.values())
        session.config._tmp_path_factory.getbasetemp()
        self.before()
        gc.freeze()
        try:
            for name in range(min(self.number, len(self.pieces))):
                self._hire(session, f"worker{name}")
            while self.lines:
                for line in wait(list(self.lines)):
                    self._listen(session, line)
        finally:
            for line, worker in self.lines.items():
                line.close()  # who asks for more or has something to say then ends, and tidies up before
                worker.process.join(60)
                worker.process.kill()
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        return True

    def _hire(self, session: pytest.Session, name: str) -> None:
        line, its_line = FORKS.Pipe()
        process = FORKS.Process(target=_work, args=(session, its_line, [line, *self.lines], name), name=name)
        process.start()
        its_line.close()
        self.lines[line] = Worker(process)

    def _listen(self, session: pytest.Session, line: Connection) -> None:
        worker, hook = self.lines[line], session.config.hook
        try:
            kind, told = line.recv()
        except (EOFError, ConnectionError):
            self._bury(session, line)
            return
        if kind == "next":
            worker.piece = deque(self.pieces.popleft() if self.pieces and not session.shouldfail else ())
            line.send(list(worker.piece))
        elif kind == "begun":
            worker.test = worker.piece.popleft()
        elif kind == "report":
            self._tell(session, hook.pytest_report_from_serializable(config=session.config, data=told))
            if session.shouldfail:
                self.pieces.clear()
        elif kind == "warning":
            message, of, file, number, about = told
            seen = warnings.WarningMessage(message, of, file, number)
            hook.pytest_warning_recorded.call_historic(kwargs={"warning_message": seen, **about})
        else:
            worker.is_done = True

    def _tell(self, session: pytest.Session, report: pytest.TestReport) -> None:
        session.config.hook.pytest_runtest_logreport(report=report)
        terminal = session.config.pluginmanager.getplugin("terminalreporter")
        if report.failed and terminal is not None:
            terminal.write_line(f" {report.nodeid} failed {report.when}: {str(report.longrepr).splitlines()[-1][:200]}")

    def _bury(self, session: pytest.Session, line: Connection) -> None:
        """A fork that ended in the middle fails its test, and another one takes over what it had left."""
        worker = self.lines.pop(line)
        line.close()
        worker.process.join()
        if worker.is_done and not worker.process.exitcode:
            return
        item = session.items[worker.test if worker.test is not None else worker.piece[0]]
        words = f"{worker.process.name} ended with {worker.process.exitcode} in or after {item.nodeid}"
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", words, "call")
        self._tell(session, report)
        if worker.piece:
            self.pieces.appendleft(list(worker.piece))
        if self.pieces:
            self._hire(session, worker.process.name)


class Worker:
    """What the parent knows of a fork: the tests that it has not begun yet, and the one that it began last."""

    def __init__(self, process: multiprocessing.process.BaseProcess) -> None:
        self.process = process
        self.piece: deque[int] = deque()
        self.test: int | None = None
        self.is_done = False


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
