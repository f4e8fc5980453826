"""Keeps the parts of the panel running on one machine.

A part that dies is started again, a little later each time, and the rest lives on. On SIGTERM or Ctrl-C the parts
end in the reverse order of their start, so that Valkey goes last; who is not done in time is killed.
"""

import contextlib
import functools
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from processes.parent import die_with_parent

GRACE = 7.5  # seconds for all parts but those of stage 0; with LAST_GRACE well under the ten that we promise
INNER_GRACE = 6.0  # for a supervisor that is itself a part: it must be done before it is killed
LAST_GRACE = 1.5
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
STEADY = 60.0  # a part that lived this long starts again without a pause to its name


class Process(Protocol):
    pid: int
    returncode: int | Any  # None while it runs

    def poll(self) -> int | None: ...
    def wait(self) -> int | None: ...
    def terminate(self) -> None: ...


@dataclass
class Part:
    """A process to keep. `stage` orders the end: higher stages stop first."""

    name: str
    command: Sequence[str] = ()
    stage: int = 1
    env: Mapping[str, str] = field(default_factory=dict)
    keep_open: tuple[int, ...] = ()  # descriptors it inherits, such as a lock that must live as long as it does
    death_signal: int = signal.SIGKILL  # what it gets when the supervisor dies
    process: Process | None = None
    started: float = 0.0
    due: float = 0.0
    pause: float = FIRST_PAUSE

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = self.spawn()

    def spawn(self) -> Process:
        return subprocess.Popen(
            self.command,
            env=os.environ | dict(self.env),
            pass_fds=self.keep_open,
            process_group=0,  # a Ctrl-C in the terminal reaches the supervisor alone, which ends the parts in order
            preexec_fn=functools.partial(die_with_parent, os.getpid(), self.death_signal),  # noqa: PLW1509 (one thread)
        )

    def kill_group(self) -> None:
        """Also what the part has started itself, when it could not see to that any more."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.process:
                os.killpg(self.process.pid, signal.SIGKILL)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """`say(part, sentence)` tells the person at the terminal and the log."""

    def __init__(self, say: Callable[[str, str], None], grace: float = GRACE) -> None:
        self.parts: list[Part] = []
        self.say = say
        self.grace = grace
        self.stopping = threading.Event()

    def catch_signals(self) -> None:
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(signum, lambda *_: self.stopping.set())

    def add(self, part: Part) -> None:
        self.parts.append(part)
        part.start()

    def watch(self, until: Callable[[], bool] | None = None, seconds: float = float("inf")) -> bool:
        """Keep the parts alive until told to stop, `until()` holds or the time is over; True when it held."""
        deadline = time.monotonic() + seconds
        while not self.stopping.is_set() and time.monotonic() < deadline:
            for part in self.parts:
                self._revive(part)
            if until is not None and until():
                return True
            self.stopping.wait(0.2)
        return False

    def stop(self) -> None:
        """End every part: stage by stage, politely, then by force."""
        for stage in sorted({part.stage for part in self.parts}, reverse=True):
            parts = [part for part in self.parts if part.stage == stage]
            for part in parts:
                if part.process:
                    part.process.terminate()
            deadline = time.monotonic() + (self.grace if stage else LAST_GRACE)
            while any(part.alive for part in parts) and time.monotonic() < deadline:
                time.sleep(0.05)
            for part in parts:
                if part.alive:
                    self.say(part.name, "did not end in time and was killed; its work is taken up at the next start")
                part.kill_group()
                if part.process:
                    part.process.wait()

    def _revive(self, part: Part) -> None:
        if part.alive:
            return
        now = time.monotonic()
        if part.due == 0.0:
            code = part.process.returncode if part.process else None
            part.kill_group()
            part.pause = FIRST_PAUSE if now - part.started > STEADY else part.pause
            part.due = now + part.pause
            self.say(part.name, f"ended ({_reason(code)}); starts again in {part.pause:g} s")
            part.pause = min(part.pause * 2, LONGEST_PAUSE)
        elif now >= part.due:
            part.due = 0.0
            part.start()


def _reason(code: int | None) -> str:
    return f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"code {code}"
