"""Parts of an instance as forks of the tests, which have loaded the panel already: for tests that are not about a start."""

import os
import runpy
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import run
from processes.forked import ForkedPart


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

    def wait(self, seconds: float = 20.0) -> int | None:
        end = time.monotonic() + seconds
        while self.poll() is None:
            assert time.monotonic() < end, f"process {self.pid} did not end within {seconds} s"
            time.sleep(0.02)
        return self.poll()


def start(env: dict[str, str], output: Path, *arguments: str) -> Process:
    """What `python run.py <part>` does with this environment, but for the loading of what it becomes or starts."""

    def become() -> None:
        with output.open("ab") as written:
            os.dup2(written.fileno(), 1)
            os.dup2(written.fileno(), 2)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
        os.environ.clear()
        os.environ.update(env)
        os.execv = lambda _program, command: _run(command)
        run.subprocess = SimpleNamespace(run=lambda command, check: _run(command))
        sys.exit(run.main(list(arguments)))

    return Process(arguments[0], become)


def _run(command: list[str]) -> None:
    _interpreter, _m, module, *sys.argv[1:] = command
    runpy.run_module(module, run_name="__main__", alter_sys=True)
