"""What must reach the outside is a row here, written in the transaction of its cause (SAFETY R12).

A row is the truth about one piece of work: a mail, a file to delete, a job to run. After the commit a bell is rung in
Valkey, and a worker claims the row, does it and marks it done. Whatever is lost on the way (the process that should
ring, Valkey with all that it holds, the worker in the middle of the work) is noticed by the ticker, which rings again.
So work happens at least once: a handler must bear to be called twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import JSON, Float, Index, Integer, Row, String, Text, and_, case, delete, func, or_, select, update
from sqlalchemy.orm import mapped_column

from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.lease import affected, epoch, insert_once
from app.panel.core.trace import request_id
from app.panel.core.transaction import after_commit, transactional
from app.panel.core.types import UTCDateTime

PENDING, RUNNING, DONE, DEAD = "pending", "running", "done", "dead"
LEASE = 20  # seconds a claim holds without a beat of its worker
RING_AGAIN = 10  # seconds after which an unanswered bell is rung again
HURRY_AFTER = 2  # seconds after which it is when somebody waits for it
KILLED_TOO_OFTEN = 5  # a row whose worker died so often is not tried any more
LONGEST_ERROR = 2000


class OutboxRow(Model):
    __tablename__ = "core_outbox"
    __table_args__ = (
        Index("ix_core_outbox_due", "state", "next_at"),
        Index("ix_core_outbox_done", "state", "done_at"),
    )

    id = mapped_column(Integer, primary_key=True)
    kind = mapped_column(String(40), nullable=False)
    key = mapped_column(String(200), nullable=True, unique=True)
    payload = mapped_column(JSON, nullable=False)
    queue = mapped_column(String(20), nullable=False)
    timeout = mapped_column(Integer, nullable=False)
    tries = mapped_column(Integer, nullable=False)  # how often an error may be answered by another try
    state = mapped_column(String(10), nullable=False, default=PENDING)
    attempts = mapped_column(Integer, nullable=False, default=0)  # claims so far; also the fence of the latest one
    next_at = mapped_column(UTCDateTime, nullable=False)  # not before
    rung_at = mapped_column(UTCDateTime, nullable=True)
    lease_until = mapped_column(Float, nullable=False, default=0.0)  # by the clock of the database
    error = mapped_column(Text, nullable=False, default="")
    request_id = mapped_column(String(40), nullable=False, default="")
    created_at = mapped_column(UTCDateTime, nullable=False, default=clock.now)
    done_at = mapped_column(UTCDateTime, nullable=True)


T = OutboxRow.__table__


@dataclass(frozen=True)
class Handler:
    kind: str
    func: Callable[[dict[str, Any]], Any]
    queue: str
    timeout: int
    tries: int


@dataclass(frozen=True)
class Bell:
    """What a worker must be told: which row, and the how-manieth attempt, so that an old bell opens nothing."""

    row_id: int
    attempt: int
    queue: str
    timeout: int


@dataclass(frozen=True)
class Work:
    """A claimed row. `fence` is worth something only while nobody has claimed the row again."""

    row_id: int
    kind: str
    payload: dict[str, Any]
    fence: int
    request_id: str


HANDLERS: dict[str, Handler] = {}
_ringers: list[Callable[[Sequence[Bell]], None]] = []


def handler(kind: str, *, queue: str = "default", timeout: int = 60, tries: int = 8) -> Callable[..., Any]:
    """Declare who does the work of a kind: `func(payload)`, in a worker, by the system, within `timeout` seconds."""

    def register(function: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
        if kind in HANDLERS:
            raise ValueError(f"the outbox kind {kind!r} has two handlers")
        HANDLERS[kind] = Handler(kind, function, queue, timeout, tries)
        return function

    return register


def on_ring(ringer: Callable[[Sequence[Bell]], None]) -> Callable[[Sequence[Bell]], None]:
    """Register how a bell is rung; the queue does."""
    _ringers[:] = [ringer]
    return ringer


@transactional
def put(
    kind: str,
    payload: dict[str, Any],
    key: str | None = None,
    *,
    queue: str | None = None,
    timeout: int | None = None,
    tries: int | None = None,
    delay: float = 0,
) -> int | None:
    """Add work in the transaction of its cause; it begins after the commit, or `delay` seconds later.

    :param key: at most one row ever bears it; a second one is not written
    :returns: the row's id, or None when the key was there before
    :raises KeyError: when nobody handles the kind
    """
    how, now = HANDLERS[kind], clock.now()
    values: dict[str, Any] = {
        "kind": kind, "key": key, "payload": payload, "queue": queue or how.queue, "timeout": timeout or how.timeout,
        "tries": how.tries if tries is None else tries, "next_at": now + dt.timedelta(seconds=delay),
        "rung_at": None if delay else now, "request_id": request_id(), "created_at": now, "state": PENDING,
    }  # fmt: skip
    if key is None:
        row_id = db.session.execute(T.insert().values(**values).returning(T.c.id)).scalar_one()
    elif insert_once(OutboxRow, **values):
        row_id = db.session.execute(select(T.c.id).where(T.c.key == key)).scalar_one()
    else:
        return None
    if not delay:
        bell = Bell(row_id, 0, values["queue"], values["timeout"])
        after_commit(lambda: ring([bell]))
    return row_id


@transactional
def hurry(job: str, args: dict[str, Any]) -> bool:
    """Is this job asked for already, and waits to be heard? Then its bell, which may be lost, is rung again at once."""
    given = T.c.payload["args"]
    same = (
        given[name].as_integer() == one if isinstance(one, int) else given[name].as_string() == one
        for name, one in args.items()
    )
    asked = and_(T.c.kind == "ring", T.c.payload["job"].as_string() == job, *same)
    waiting = and_(T.c.state == PENDING, T.c.next_at <= clock.now(), asked)
    if db.session.scalar(select(T.c.id).where(waiting).limit(1)) is None:
        return False
    lately = clock.now() - dt.timedelta(seconds=HURRY_AFTER)
    db.session.execute(update(T).where(waiting, T.c.rung_at < lately).values(rung_at=None))
    return True


def ring(bells: Sequence[Bell]) -> None:
    """Tell the workers. What goes wrong here is made good by the ticker."""
    for ringer in _ringers:
        ringer(bells)


@transactional
def due(limit: int = 500) -> list[Bell]:
    """Rows that wait for a bell: new ones that nobody answered, retries whose time has come, claims that lapsed."""
    now = clock.now()
    unheard = or_(T.c.rung_at.is_(None), T.c.rung_at < now - dt.timedelta(seconds=RING_AGAIN), T.c.rung_at > now)
    waiting = and_(T.c.state == PENDING, T.c.next_at <= now)
    lapsed = and_(T.c.state == RUNNING, T.c.lease_until < epoch())
    _bury_the_killed(lapsed, now)
    ids = select(T.c.id).where(or_(waiting, lapsed), unheard).order_by(T.c.id).limit(limit)
    rows = db.session.execute(
        update(T)
        .where(T.c.id.in_(ids))
        .values(rung_at=now)
        .returning(T.c.id, T.c.attempts, T.c.queue, T.c.timeout)
    )
    return sorted((Bell(*row) for row in rows), key=lambda bell: bell.row_id)


def any_due() -> bool:
    """Is there something for `due()`? A read, so that an idle second takes no write lock."""
    waiting = and_(T.c.state == PENDING, T.c.next_at <= clock.now())
    lapsed = and_(T.c.state == RUNNING, T.c.lease_until < epoch())
    return db.session.execute(select(T.c.id).where(or_(waiting, lapsed)).limit(1)).first() is not None


def _bury_the_killed(lapsed: Any, now: dt.datetime) -> None:
    """Whatever kills its worker each time must not go on killing."""
    db.session.execute(
        update(T)
        .where(lapsed, T.c.attempts >= KILLED_TOO_OFTEN, T.c.attempts > T.c.tries)
        .values(state=DEAD, done_at=now, error="its worker was killed each time")
    )


@transactional
def claim(row_id: int, attempt: int) -> Work | None:
    """Take a row to work on it; None when it is done, taken, or the bell was an old one."""
    free = or_(T.c.state == PENDING, and_(T.c.state == RUNNING, T.c.lease_until < epoch()))
    row = db.session.execute(
        update(T)
        .where(T.c.id == row_id, T.c.attempts == attempt, free)
        .values(state=RUNNING, attempts=T.c.attempts + 1, lease_until=epoch() + LEASE)
        .returning(T.c.id, T.c.kind, T.c.payload, T.c.attempts, T.c.request_id)
    ).first()
    return Work(*row) if row else None


@transactional
def beat(work: Work) -> bool:
    """Say that the worker of this claim is alive; False when the row is no longer his."""
    return _mine(work, lease_until=epoch() + LEASE)


@transactional
def finish(work: Work) -> bool:
    return _mine(work, state=DONE, done_at=clock.now(), error="")


@transactional
def fail(work: Work, error: str, *, for_good: bool = False) -> bool:
    """Note an error; the row is tried again later, or is dead when it was the last try."""
    now = clock.now()
    end = DEAD if for_good else case((T.c.tries >= work.fence, PENDING), else_=DEAD)
    pause = dt.timedelta(seconds=back_off(work.fence))
    return _mine(work, state=end, next_at=now + pause, rung_at=None, error=error[-LONGEST_ERROR:])


@transactional
def release(row_id: int, fence: int) -> None:
    """Give a claim back whose worker was killed: its bell may be rung again at once."""
    db.session.execute(
        update(T)
        .where(T.c.id == row_id, T.c.attempts == fence, T.c.state == RUNNING)
        .values(lease_until=0.0, rung_at=None)
    )


def _mine(work: Work, **values: Any) -> bool:
    """Write to a row as long as this claim of it is the latest; False when it is not."""
    mine = and_(T.c.id == work.row_id, T.c.attempts == work.fence, T.c.state == RUNNING)
    return affected(update(T).where(mine).values(**values)) == 1


def back_off(attempt: int) -> int:
    """Seconds until the next try: 10, 40, 160 … at most an hour."""
    return int(min(3600, 10 * 4 ** (attempt - 1)))


@transactional
def revive(row_id: int) -> bool:
    """Bring a dead row back, when the cause of its death is mended."""
    values = {"state": PENDING, "next_at": clock.now(), "rung_at": None, "done_at": None, "tries": T.c.attempts + 1}
    return affected(update(T).where(T.c.id == row_id, T.c.state == DEAD).values(**values)) == 1


def backlog() -> dict[tuple[str, str], int]:
    """How many rows a (queue, state), the done ones not counted."""
    query = select(T.c.queue, T.c.state, func.count()).where(T.c.state != DONE).group_by(T.c.queue, T.c.state)
    return {(row[0], row[1]): row[2] for row in db.session.execute(query)}


@transactional
def refused(what: str, reason: str) -> None:
    """Keep a trace of something in the queue that we did not put there; one an hour and kind, for it may be many."""
    key = f"refused:{what}:{clock.now():%Y%m%d%H}"[:200]
    insert_once(
        OutboxRow, kind="refused", key=key, payload={"entry": what[:120]}, queue="", timeout=0, tries=0, state=DEAD,
        next_at=clock.now(), created_at=clock.now(), done_at=clock.now(), error=reason[-LONGEST_ERROR:],
    )  # fmt: skip


@transactional
def sweep(days: int = 7, dead_days: int = 90, limit: int = 5000) -> int:
    """Delete what was done a week and what died a quarter of a year ago; returns how many rows went."""
    ids = select(T.c.id).where(_ended(clock.now(), days, dead_days)).limit(limit)
    return affected(delete(T).where(T.c.id.in_(ids)))


def _ended(at: dt.datetime, days: int, dead_days: int) -> Any:
    ended = func.coalesce(T.c.done_at, T.c.next_at)
    ages = ((DONE, dt.timedelta(days=days)), (DEAD, dt.timedelta(days=dead_days)))
    return or_(*(and_(T.c.state == state, ended < at - age) for state, age in ages))


def old_rows(at: dt.datetime, days: int = 7, dead_days: int = 90) -> int:
    """How many rows `sweep` would delete at a moment."""
    return int(db.session.scalar(select(func.count()).select_from(T).where(_ended(at, days, dead_days))) or 0)


def dead(limit: int = 100) -> list[Row[Any]]:
    """The dead letters, latest first."""
    return list(db.session.execute(select(T).where(T.c.state == DEAD).order_by(T.c.id.desc()).limit(limit)))
