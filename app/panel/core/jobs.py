"""Declaring background jobs, and asking for them.

`@job("orders.close_unpaid")` makes a function a job: it is called like a function where it stands, and
`close_unpaid.enqueue(limit=100)` asks a worker for it. Asked for inside a transaction, it happens if and only if that
transaction commits. A job may be run twice or be killed at any line: it works in transactions of its own and finds
out by itself what is still to do.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from croniter import croniter

from app.panel.core import outbox
from app.panel.core.delivery import Undeliverable

QUEUES = ("live", "default", "mail", "bulk")
LONGEST_TEXT = 1000
LARGEST = 2**63
MISFIRES = ("run_once", "skip")
F = TypeVar("F")


@dataclass(eq=False)
class Job:
    """A declared job. Calling it runs it here and now."""

    name: str
    func: Callable[..., Any]
    queue: str
    timeout: int
    tries: int
    rehearsal: Callable[..., list[str]] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.func(*args, **kwargs)

    def enqueue(self, **kwargs: Any) -> int:
        """Ask for the job; returns the id of its outbox row.

        :raises TypeError: for an argument that is neither a whole number nor a string, or that the job does not take
        """
        row_id = self._put(kwargs)
        assert row_id is not None
        return row_id

    def enqueue_once(self, key: str, **kwargs: Any) -> int | None:
        """Ask for the job unless it was ever asked for under this key; then None."""
        return self._put(kwargs, key=f"{self.name}:{key}")

    def enqueue_unless_waiting(self, **kwargs: Any) -> None:
        """Ask for the job, unless it is asked for with these arguments and nobody has begun it: for whoever asks often."""
        check_arguments(self, kwargs)
        if not outbox.hurry(self.name, kwargs):
            self._put(kwargs)

    def enqueue_in(self, seconds: float, **kwargs: Any) -> int:
        """Ask for the job, not before some seconds have passed."""
        row_id = self._put(kwargs, delay=seconds)
        assert row_id is not None
        return row_id

    def enqueue_slot(self, slot_id: int, kwargs: dict[str, Any]) -> int:
        """Ask for the job for a slot of a schedule, which is told how it went."""
        row_id = self._put(kwargs, slot_id=slot_id)
        assert row_id is not None
        return row_id

    def rehearses(self, function: Callable[..., list[str]]) -> Callable[..., list[str]]:
        """Declare what the job would do at a moment: `func(at, **arguments)` gives sentences. What it writes is undone."""
        self.rehearsal = function
        return function

    def _put(self, kwargs: dict[str, Any], key: str | None = None, delay: float = 0, slot_id: int = 0) -> int | None:
        check_arguments(self, kwargs)
        payload: dict[str, Any] = {"job": self.name, "args": kwargs} | ({"slot": slot_id} if slot_id else {})
        return outbox.put(
            "ring", payload, key, queue=self.queue, timeout=self.timeout, tries=self.tries, delay=delay
        )


@dataclass(frozen=True)
class Default:
    """A schedule that every instance has until somebody edits it."""

    job: str
    cron: str
    label: Any
    zone: str = ""  # empty: the zone of the business
    misfire: str = "run_once"
    args: dict[str, Any] = field(default_factory=dict)


JOBS: dict[str, Job] = {}
SCHEDULES: dict[str, Default] = {}


def job(
    name: str, *, queue: str = "default", timeout: int = 600, tries: int = 0
) -> Callable[[Callable[..., Any]], Job]:
    """Declare a job. `timeout` in seconds; `tries`: how often an error is answered by another try.

    A worker that is killed is no error: the job is always asked for again.
    """
    if queue not in QUEUES:
        raise ValueError(f"job {name}: there is no queue {queue!r}, only {', '.join(QUEUES)}")

    def register(function: Callable[..., Any]) -> Job:
        if name in JOBS:
            raise ValueError(f"the job {name} is declared twice")
        JOBS[name] = Job(name, function, queue, timeout, tries)
        functools.update_wrapper(JOBS[name], function, updated=())
        return JOBS[name]

    return register


def scheduled(
    name: str, *, cron: str, label: Any, zone: str = "", misfire: str = "run_once", key: str = "", **kwargs: Any
) -> Callable[[F], F]:
    """Declare when the job `name` runs by itself. The schedule is a row afterwards, and people may change it.

    :param misfire: what to do about times that passed while nothing ran: `run_once` or `skip`
    :param key: a second schedule of one job needs a name of its own
    """
    if not croniter.is_valid(cron) or len(cron.split()) != 5:
        raise ValueError(f"schedule {name}: {cron!r} is no cron line of five fields")
    if misfire not in MISFIRES:
        raise ValueError(f"schedule {name}: {misfire!r} is none of {', '.join(MISFIRES)}")
    if (key or name) in SCHEDULES:
        raise ValueError(f"the schedule {key or name} is declared twice")
    SCHEDULES[key or name] = Default(name, cron, label, zone, misfire, kwargs)
    return lambda declared: declared


def check_arguments(declared: Job, kwargs: dict[str, Any]) -> None:
    """Only whole numbers and strings travel: ids, not objects, and nothing that JSON would change on the way."""
    inspect.signature(declared.func).bind(**kwargs)
    for name, value in kwargs.items():
        number = type(value) is int and -LARGEST <= value < LARGEST
        if not number and not (type(value) is str and len(value) <= LONGEST_TEXT):
            raise TypeError(f"job {declared.name}: {name} must be a whole number or a short string, not {value!r:.60}")


_listeners: list[Callable[[int, str, str], None]] = []


def told_of_slots(listener: Callable[[int, str, str], None]) -> Callable[[int, str, str], None]:
    """Register who hears how the job of a slot goes: `func(slot_id, "began" | "done" | "failed", error)`."""
    _listeners[:] = [listener]
    return listener


_slot: ContextVar[int] = ContextVar("slot", default=0)


def slot_at_work() -> int:
    """For which slot of a schedule this job runs; 0 when it was asked for otherwise. The same however often it is tried."""
    return _slot.get()


def _tell(slot_id: int, what: str, error: str = "") -> None:
    for listener in _listeners if slot_id else ():
        listener(slot_id, what, error)


@outbox.handler("ring")
def run(payload: dict[str, Any]) -> None:
    """Run the job that an outbox row asks for."""
    if (declared := JOBS.get(payload["job"])) is None:
        raise Undeliverable(f"there is no job {payload['job']}")
    try:
        check_arguments(declared, payload["args"])
    except TypeError as error:
        raise Undeliverable(str(error)) from error
    slot_id = payload.get("slot", 0)
    _tell(slot_id, "began")
    token = _slot.set(slot_id)
    try:
        declared.func(**payload["args"])
    except Exception as error:
        _tell(slot_id, "failed", f"{type(error).__name__}: {error}")
        raise
    finally:
        _slot.reset(token)
    _tell(slot_id, "done")
