"""The queue: bells for outbox rows, on Valkey, heard by RQ workers.

An entry holds no function, no arguments and no personal data: it names a row and an attempt, signed. What a worker does
is decided by the database. Losing all of Valkey loses no work, and writing into Valkey starts none.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Flask, current_app
from redis.exceptions import RedisError
from rq import Queue
from rq.utils import as_text

from app.panel.core import outbox, valkey
from app.panel.core.delivery import deliver
from app.panel.core.jobs import QUEUES
from app.panel.core.outbox import Bell
from app.panel.core.sealing import SafeJob, SignedJSON, entry_id

RESULT_TTL = 3600
FAILURE_TTL = 7 * 24 * 3600
WORKERS = "panel:workers"  # names of workers; each has a key of its own that fades when it stops beating
WORKER_FADES = 45
log = logging.getLogger(__name__)


def queue(app: Flask, name: str) -> Queue:
    """The RQ queue of this name, for ringing."""
    if name not in QUEUES:
        raise KeyError(f"there is no queue {name!r}")
    queues: dict[str, Queue] = app.extensions.setdefault("panel_queues", {})
    if name not in queues:
        queues[name] = Queue(name, connection=valkey.client(app), serializer=serializer(app), job_class=SafeJob)
    return queues[name]


def serializer(app: Flask) -> SignedJSON:
    return SignedJSON(app.config["SECRET_KEY"])


@outbox.on_ring
def ring(bells: Sequence[Bell]) -> None:
    """Ring after a commit. When Valkey is away this takes a second at most and the ticker rings later."""
    if current_app.config.get("JOBS_EAGER"):
        for bell in bells:
            deliver(bell.row_id, bell.attempt)
        return
    try:
        push(current_app._get_current_object(), bells)  # type: ignore[attr-defined]
    except RedisError as error:
        log.warning("the queue is away, %d bells are rung later: %s", len(bells), error)


def push(app: Flask, bells: Iterable[Bell]) -> None:
    """Put entries into the queue, all of them in one round trip."""
    bells = list(bells)
    with valkey.client(app).pipeline() as pipe:
        for bell in bells:
            queue(app, bell.queue).enqueue_call(
                "outbox",
                job_id=entry_id(bell.row_id, bell.attempt),
                description="outbox",
                timeout=bell.timeout,
                result_ttl=app.config.get("JOB_RESULT_SECONDS", RESULT_TTL),
                failure_ttl=app.config.get("JOB_FAILURE_SECONDS", FAILURE_TTL),
                pipeline=pipe,
            )
        pipe.execute()


def ring_due(app: Flask) -> int:
    """Ring for rows that nobody heard, unless their entry still waits in the queue; returns how many were rung."""
    if not outbox.any_due():
        return 0
    rung = 0
    bells = outbox.due()
    for name in {bell.queue for bell in bells}:
        waiting = set(queue(app, name).get_job_ids())
        silent = [b for b in bells if b.queue == name and entry_id(b.row_id, b.attempt) not in waiting]
        push(app, silent)
        rung += len(silent)
    return rung


def lengths(app: Flask) -> dict[str, int]:
    """How many entries wait in each queue."""
    with valkey.client(app).pipeline() as pipe:
        for name in QUEUES:
            pipe.llen(queue(app, name).key)
        return dict(zip(QUEUES, pipe.execute(), strict=True))


def note_worker(connection: Any, name: str, queues: Iterable[str]) -> None:
    """A worker says that it lives. Written anew each time, so that an emptied Valkey knows it again within seconds."""
    with connection.pipeline() as pipe:
        pipe.sadd(WORKERS, name)
        pipe.set(f"{WORKERS}:{name}", json.dumps(sorted(queues)), ex=WORKER_FADES)
        pipe.execute()


def forget_worker(connection: Any, name: str) -> None:
    with connection.pipeline() as pipe:
        pipe.srem(WORKERS, name)
        pipe.delete(f"{WORKERS}:{name}")
        pipe.execute()


def worker_alive(app: Flask) -> dict[str, Any]:
    """Does every queue have a worker? `{"ok", "queues": {name: workers}, "workers", "error"}`."""
    counts = dict.fromkeys(QUEUES, 0)
    connection = valkey.client(app)
    try:
        names = sorted(as_text(name) for name in connection.smembers(WORKERS))
        beats = connection.mget([f"{WORKERS}:{name}" for name in names]) if names else []
        if gone := [name for name, beat in zip(names, beats, strict=True) if beat is None]:
            connection.srem(WORKERS, *gone)
    except RedisError as error:
        return {"ok": False, "queues": counts, "workers": 0, "error": str(error)}
    alive = [json.loads(beat) for beat in beats if beat is not None]
    for heard in alive:
        for name in heard:
            counts[name] = counts.get(name, 0) + 1
    deaf = [name for name, count in counts.items() if not count]
    sentence = f"no worker for {', '.join(deaf)}" if deaf else ""
    return {"ok": not deaf, "queues": counts, "workers": len(alive), "error": sentence}
