"""Parts of an instance as forks of the tests, which have loaded the panel already: for tests that are not about a start."""

import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import run
from processes.forked import ForkedPart
from tests.ops.tree import ROOT


class Process:
    """A fork of the tests, as `background` forks its parts; it ends with them. Asked as one asks a `subprocess.Popen`."""

    def __init__(self, name: str, target: Callable[[], None]) -> None:
        self._fork = ForkedPart(name, target=target).spawn()
        self.pid, self.poll, self.terminate = self._fork.pid, self._fork.poll, self._fork.terminate

    def send_signal(self, signum: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, seconds: float = 60.0) -> int | None:
        end = time.monotonic() + seconds
        while self.poll() is None:
            assert time.monotonic() < end, f"process {self.pid} did not end within {seconds} s"
            time.sleep(0.02)
        return self.poll()


def start(env: dict[str, str], output: Path, *arguments: str) -> Process:
    """What `python run.py <part>` does with this environment, but for the loading of what it becomes or starts."""
    return _forked(env, output, output, arguments[0], lambda: run.main(list(arguments)))


def run_to_its_end(env: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _ended(env, folder, arguments[0], lambda: run.main(list(arguments)))


def flask_to_its_end(env: dict[str, str], folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return _ended(env, folder, "flask", lambda: _run([sys.executable, "-m", "flask", "--app", "app", *words]))


def _ended(env: dict[str, str], folder: Path, name: str, what: Callable[[], Any]) -> subprocess.CompletedProcess[str]:
    said, errors = folder / f"{name}.out", folder / f"{name}.err"
    code = _forked(env, said, errors, name, what).wait(120)
    return subprocess.CompletedProcess(name, code or 0, said.read_text(), errors.read_text())


def _forked(env: dict[str, str], said: Path, errors: Path, name: str, what: Callable[[], Any]) -> Process:
    def become() -> None:
        for number, path in ((1, said), (2, errors)):
            with path.open("ab") as file:
                os.dup2(file.fileno(), number)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
        os.environ.clear()
        os.environ.update(env)
        os.execv = lambda _program, command: _run(command)
        run.subprocess = SimpleNamespace(run=lambda command, check: _run(command))
        sys.exit(what())

    return Process(name, become)


def _run(command: list[str]) -> None:
    _interpreter, _m, module, *sys.argv[1:] = command
    os.chdir(ROOT)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
