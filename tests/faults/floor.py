"""A shop with many rows, real workers on a real Valkey, and what is needed to strike them and to look at the moment."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import random
import signal
import sqlite3
import time
from pathlib import Path

import psutil
import psycopg
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError

from app.panel.bulk import jobs, runs
from app.panel.bulk.engine import declaring, life
from app.panel.bulk.engine.selecting import Selection
from app.panel.bulk.models import Run
from app.panel.core import bells, queue
from app.panel.core.db import db
from app.panel.core.transaction import after_commit
from tests.ops.tree import lives
from tests.panel.core.background import Process

ROWS = int(os.environ.get("FAULT_ROWS", "0"))  # of the long form; nothing: the short one, of some thousands
SEED = int(os.environ.get("FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
LINE = 12  # bytes
GAP = 0.01  # seconds between two chunks, for those who want to meet a worker there


class Floor:
    """`app` on a database in which commits are real. What it does to a run is asked of the database in plain SQL."""

    def __init__(self, app, server, home: Path) -> None:
        self.app, self.server, self.home = app, server, home
        self.url = app.config["SQLALCHEMY_DATABASE_URI"]
        self.is_sqlite = self.url.startswith("sqlite")
        self.workers: list[Process] = []
        self.commits = home / "commits"  # a line for each chunk that was committed, with its process
        self.open = home / "open"  # the process that is within the transaction of a chunk, as it says itself
        self.leash = home / "leash"  # how many chunks there may be in all; without it as many as there are rows for
        self.stay = home / "stay"  # while it is there, who has written a chunk and not committed it waits
        self.commits.touch()

    # what workers write down; installed before they are forked

    def watch(self, monkeypatch) -> None:
        hold, seal = runs.hold, runs.seal

        def noted_hold(held, **values):
            hold(held, **values)
            if "position" in values:
                self.open.write_text(str(os.getpid()))

        def noted_seal(held, **values):
            while self.stay.exists():
                time.sleep(0.002)
            seal(held, **values)
            self.open.write_text("committing")  # whoever is stopped from here on is neither within nor between
            after_commit(self.note)

        monkeypatch.setattr(runs, "hold", noted_hold)
        monkeypatch.setattr(runs, "seal", noted_seal)

    def note(self):
        with self.commits.open("a") as file:
            file.write(f"{os.getpid():>{LINE - 1}}\n")
        self.open.write_text("")
        time.sleep(GAP)
        while self.committed() >= self._most():
            time.sleep(0.002)

    def _most(self) -> float:
        with contextlib.suppress(FileNotFoundError):
            return int(self.leash.read_text() or 0)
        return math.inf

    def give(self, chunks: int) -> int:
        """Let workers go on for so many chunks and wait then, however long whoever looks at them is kept from it; the number of the last."""
        wanted = self.committed() + chunks
        self.leash.write_text(str(wanted))
        return wanted

    def let_go(self) -> None:
        self.leash.unlink(missing_ok=True)
        self.stay.unlink(missing_ok=True)

    def committed(self, pid=None) -> int:
        if pid is None:
            return self.commits.stat().st_size // LINE
        return sum(int(line) == pid for line in self.commits.read_text().splitlines())

    # processes

    def worker(self) -> Process:
        def work():
            with (self.home / "worker.log").open("ab") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            queue.forget_connections(self.app, close=False)
            queue.run_worker(self.app, ["bulk"])

        with self.app.app_context():
            db.session.remove()
        made = Process("worker", work)
        self.workers.append(made)
        return made

    def horse(self) -> psutil.Process | None:
        """The process that is at a run: of several the one that committed last."""
        found = []
        for worker in self.workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                found += [child for child in psutil.Process(worker.pid).children() if lives(child)]
        return max(found, key=lambda child: child.pid == self.latest(), default=None)

    def latest(self) -> int:
        """The process that committed the last chunk."""
        with self.commits.open("rb") as file:
            file.seek(-min(LINE, self.commits.stat().st_size), os.SEEK_END)
            return int(file.read() or 0)

    def end(self) -> None:
        self.let_go()
        for worker in self.workers:
            if worker.poll() is None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    for child in psutil.Process(worker.pid).children():
                        child.kill()
                worker.kill()
                worker.wait()
        self.workers.clear()

    def beat(self) -> None:
        """What the ticker does each second."""
        with self.app.app_context():
            try:
                jobs.ring_for_silent_runs()
                bells.ring_due(self.app)
            except (RedisError, OperationalError):
                db.session.rollback()  # as the ticker: the next beat comes
            db.session.remove()

    def wait(self, condition, seconds=60.0, beating=True, every=0.005):
        deadline, next_beat = time.monotonic() + seconds, 0.0
        while time.monotonic() < deadline:
            if found := condition():
                return found
            if beating and time.monotonic() > next_beat:
                self.beat()
                next_beat = time.monotonic() + 0.2
            time.sleep(every)
        raise AssertionError(f"not within {seconds} s: {self.told()}")

    def told(self) -> str:
        """How things stand, for whoever has to find out why they do not go on."""
        asked = self.rows("SELECT id, state, attempts, payload, rung_at FROM core_outbox WHERE state <> 'done'")
        if not self.is_sqlite:
            asked += self.rows("SELECT pid, state, wait_event, pg_blocking_pids(pid), left(query, 80) FROM pg_stat_activity WHERE datname = current_database()")
        begun = self.rows("SELECT id, state, position, tried, fence, crashes, lease_until, error FROM bulk_run")
        alive = [(worker.pid, worker.poll(), self.horse()) for worker in self.workers]
        return f"{begun} {asked} {alive} {(self.home / 'worker.log').read_text()[-3000:]}"

    def wait_for_chunks(self, number=1, run_id=None, seconds=60.0):
        wanted, looks = self.committed() + number, itertools.count(1)
        self.wait(lambda: self.committed() >= wanted or (run_id and next(looks) % 20 == 0 and self.is_over(run_id)), seconds)

    def wait_for_end(self, run_id, seconds=60.0):
        self.let_go()
        self.wait(lambda: self.is_over(run_id), seconds, every=0.05)

    # the moment

    def meet_within(self) -> None:
        """Wait until somebody has written a chunk and not committed it; he stays there."""
        self.stay.touch()
        self.leash.unlink(missing_ok=True)
        # on SQLite a beat would want to write, and he has the lock
        self.wait(lambda: self.open.read_text().isdecimal() and self.somebody_writes(), beating=not self.is_sqlite, every=0.01)

    @contextlib.contextmanager
    def frozen(self):
        """(process, moment) of a horse that stands still: `within` the transaction of a chunk, `between` two, or neither for sure."""
        horse = self.horse()
        if horse is None:
            yield None, ""
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(horse.pid, signal.SIGSTOP)
        self.wait(lambda: stands_still(horse), beating=False)
        moment, said = "", self.open.read_text()
        if lives(horse):
            writes = self.somebody_writes()
            moment = "within" if writes and said == str(horse.pid) else moment
            moment = "between" if not writes and not said and horse.pid == self.latest() else moment
        yield horse, moment

    def somebody_writes(self) -> bool:
        """Does the database itself say that a writing transaction is open?"""
        if self.is_sqlite:
            with contextlib.closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=0)) as other:
                try:
                    other.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    return True
                other.execute("ROLLBACK")
                return False
        return bool(self.one("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL"))

    # runs

    def prepare(self, key, ids, values, actor):
        with self.app.app_context():
            run = life.prepare(declaring.find(key), Selection(tuple(ids)), values, actor=person(actor))
            db.session.refresh(run)
            if not life.look(run, actor=person(actor)):
                from_request = run.id
                self.worker()
                self.wait(lambda: self.one("SELECT state FROM bulk_run WHERE id = ?", from_request) == "checked", every=0.05)
                self.end()
            number = run.id
            db.session.remove()
        return number

    def start(self, run_id, actor="ada"):
        with self.app.app_context():
            life.start(run_id, actor=person(actor))
            jobs.work.enqueue(run_id=run_id)
            db.session.remove()

    def do(self, action, run_id, actor="ada", rings=False):
        """Call a verb of a run as a person; the number of the run that it returns, if any."""
        with self.app.app_context():
            found = action(run_id, actor=person(actor))
            number = found.id if isinstance(found, Run) else run_id
            if rings:
                jobs.work.enqueue(run_id=number)
            db.session.remove()
        return number

    def is_over(self, run_id) -> bool:
        return self.one("SELECT state FROM bulk_run WHERE id = ?", run_id) in ("done", "failed", "cancelled")

    def let_lapse(self, run_id) -> None:
        """The short form does not wait for a lease to pass."""
        if not ROWS:
            self.change("UPDATE bulk_run SET lease_until = 0 WHERE id = ?", run_id)

    # the database, past everything that is ours

    def rows(self, query, *values):
        if self.is_sqlite:
            with contextlib.closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=30)) as connection:
                return connection.execute(query, values).fetchall()
        with psycopg.connect(self.url.replace("+psycopg", "")) as connection:
            return connection.execute(query.replace("?", "%s"), values).fetchall()

    def one(self, query, *values):
        (row,) = self.rows(query, *values)
        return row[0] if len(row) == 1 else tuple(row)

    def change(self, query, *values):
        if self.is_sqlite:
            with contextlib.closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=30)) as connection:
                connection.execute(query, values)
                connection.commit()
            return
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(query.replace("?", "%s"), values)


def stands_still(process: psutil.Process) -> bool:
    """It was stopped, or has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
    return True


def person(name):
    from app.panel.accounts.models import User

    return db.session.query(User).filter_by(username=name).one()
