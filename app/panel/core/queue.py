"""The worker process: RQ's, with a work-horse that is at home in our application and dies with its parent."""

from __future__ import annotations

import functools
import logging
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any

from flask import Flask
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import DeserializationError, NoSuchJobError
from rq.job import Job, JobStatus
from rq.timeouts import JobTimeoutException

from app.panel.core import delivery, outbox, valkey
from app.panel.core.bells import RESULT_TTL, forget_worker, note_worker, serializer, worker_alive
from app.panel.core.db import db
from app.panel.core.sealing import ENTRY, SafeJob
from processes.parent import die_with_parent

__all__ = ["PanelWorker", "run_worker", "worker_alive"]
WORKER_TTL = 30
MAINTENANCE = 15
MONITOR = 5  # seconds between two looks at a running work-horse
PATIENCE = 4.5  # seconds that a job may still run after the worker was asked to stop; then it is rung for again
DRAIN_SECONDS = 1.0
SHORT = 60  # seconds: an entry that may take longer gets a work-horse of its own
log = logging.getLogger(__name__)


class PanelWorker(Worker):
    """One job at a time, each in a forked work-horse."""

    max_connection_wait_time = 2.0

    def __init__(self, app: Flask, queues: Sequence[str]) -> None:
        self.app = app
        self.stopping = False
        runner = functools.partial(run_entry, app)
        job_class = type("PanelJob", (SafeJob,), {"runner": staticmethod(runner)})
        connection = valkey.client(app, timeout=WORKER_TTL)
        how = serializer(app)
        super().__init__(
            [Queue(name, connection=connection, serializer=how, job_class=job_class) for name in queues],
            name=f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}",
            connection=connection,
            job_class=job_class,
            serializer=how,  # type: ignore[arg-type]
            default_result_ttl=RESULT_TTL,
            worker_ttl=WORKER_TTL,
            maintenance_interval=MAINTENANCE,
            job_monitoring_interval=MONITOR,
            log_job_description=False,
            exception_handlers=[note_refused],
        )

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        super().heartbeat(timeout, pipeline)
        note_worker(self.connection, self.name, self.queue_names())

    def maintain_heartbeats(self, job: Job, execution: Any) -> None:
        """A Valkey that is away for a moment must not part the worker from its running horse."""
        try:
            super().maintain_heartbeats(job, execution)
        except RedisError as error:
            self.log.warning("Worker %s: no heartbeat: %s", self.name, error)

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        forget_connections(self.app)  # SQLite's must not be carried across a fork
        super().fork_work_horse(job, queue)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        die_with_parent(self.pid or os.getppid())  # an orphan would work beside its successor (SAFETY Q04)
        forget_connections(self.app, close=False)
        self.app.app_context().push()  # once a process; the process ends with the job
        super().main_work_horse(job, queue)

    def perform_job(self, job: Job, queue: Queue, execution: Any) -> bool:
        done = super().perform_job(job, queue, execution)
        self.drain()
        return done

    def drain(self) -> None:
        """Answer the short bells that wait behind this one, for a second: a fork costs more than most of them.

        What is lost when the horse is killed here is a bell: its row is still in the database, and is rung for again.
        """
        end = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < end and (job := self.next_short()) is not None:
            db.session.remove()
            try:
                with self.death_penalty_class(job.timeout or SHORT, JobTimeoutException, job_id=job.id):
                    job.perform()
                self.connection.delete(job.key)
            except Exception as error:
                job.set_status(JobStatus.FAILED)
                self.connection.expire(job.key, RESULT_TTL)
                note_refused(job, type(error), error, None)

    def next_short(self) -> Job | None:
        """The next entry of our queues, most urgent queue first; None when there is none or it needs its own horse."""
        for queue in self.queues:
            while popped := self.connection.lpop(queue.key):
                entry = popped.decode("latin-1") if isinstance(popped, bytes) else str(popped)
                try:
                    job = self.job_class.fetch(entry, self.connection, self.serializer)
                except NoSuchJobError:
                    continue
                if (job.timeout or SHORT) <= SHORT:
                    return job
                self.connection.lpush(queue.key, entry)
                return None
        return None

    def handle_work_horse_killed(self, job: Job, retpid: Any, ret_val: Any, rusage: Any) -> None:
        """The database hears at once of the claim that nobody holds any more; the ticker rings again."""
        super().handle_work_horse_killed(job, retpid, ret_val, rusage)
        if match := ENTRY.fullmatch(job.id):
            with self.app.app_context():
                outbox.release(int(match[1]), int(match[2]) + 1)
            forget_connections(self.app)

    def request_stop(self, signum: Any, frame: Any) -> None:
        self.stopping = True
        timer = threading.Timer(PATIENCE, self.end_horse)
        timer.daemon = True
        timer.start()
        super().request_stop(signum, frame)

    def end_horse(self) -> None:
        if self.horse_pid:
            self.log.warning("Worker %s: the running job is stopped and will be asked for again", self.name)
            self.kill_horse()

    def teardown(self) -> None:
        super().teardown()
        if not self.is_horse:
            forget_worker(self.connection, self.name)


def run_entry(app: Flask, row_id: int, attempt: int) -> str:
    """In the work-horse: do the row, with a beat beside it."""
    return delivery.deliver(row_id, attempt, lambda work: delivery.beating(app, work, on_lost=_give_up))


def _give_up() -> None:
    log.error("this work was taken over by another worker; stopping")
    os.kill(os.getpid(), signal.SIGKILL)


def note_refused(job: Job, kind: type[BaseException], error: BaseException, _trace: Any) -> None:
    """Somebody wrote into the queue: keep a trace in the database."""
    if issubclass(kind, DeserializationError):
        log.error("refused entry %s of the queue: %s", job.id, error)
        outbox.refused(job.id, str(error))


def forget_connections(app: Flask, close: bool = True) -> None:
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose(close=close)


def run_worker(app: Flask, queues: Sequence[str]) -> None:
    """Work until asked to stop (SIGTERM, SIGINT). A Valkey that is away is waited for."""
    level = "DEBUG" if app.config.get("LOG_LEVEL") == "debug" else "WARNING"
    wait = 0.2
    while True:
        worker = None
        try:
            worker = PanelWorker(app, queues)
            worker.work(logging_level=level)
            wait = 0.2
        except RedisError as error:
            log.warning("the queue is away: %s", error)
        if worker is not None and worker.stopping:
            return
        time.sleep(wait)
        wait = min(wait * 2, 2.0)
