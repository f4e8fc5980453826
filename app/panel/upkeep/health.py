"""Is everything there that should be, and does it keep up? Figures for a page, and sentences about what is wrong."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask, current_app, url_for
from flask_babel import format_decimal
from flask_babel import gettext as _
from redis.exceptions import RedisError
from rq.utils import as_text
from sqlalchemy import func, select, text

from app.panel.bulk.engine import naming
from app.panel.bulk.models import Run
from app.panel.bulk.states import WORKING, RunState
from app.panel.core import bells, clock, concerns, lease, outbox, policy, schedules, ticker, valkey
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.jobs import QUEUES
from app.panel.core.lease import epoch
from app.panel.core.outbox import DEAD, PENDING, RUNNING, OutboxRow
from app.panel.core.sealing import ENTRY

MB, GB = 2**20, 2**30
SLOW = {"live": 60, "default": 300, "mail": 600, "bulk": 6 * 3600}  # seconds that work may wait before somebody is told
LATE_SECONDS, SILENT_SECONDS, LITTLE_DISK, DEAD_DAYS = 120, 60, 1 * GB, 1
T = OutboxRow.__table__


def found() -> SimpleNamespace:
    """Everything that the page shows."""
    workers, queue = workers_now(), queues()
    return SimpleNamespace(
        alarms=alarms(workers, queue), concerns=concerned(), workers=workers, queues=queue,
        runs=runs_under_way(), late=late_schedules(),
        ticker=ticker_said(), outbox=backlog(), stores=stores(), at=clock.now(),
    )  # fmt: skip


def on_the_server() -> SimpleNamespace:
    """What a shell on this machine types: the panel's own address, and the queue unless its address holds a password."""
    config = current_app.config
    host, queue = str(config.get("SERVER_HOST") or "127.0.0.1"), str(config.get("REDIS_URL") or "")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - a comparison, nothing is bound
    tls = bool(config.get("TLS_FOLDER"))
    return SimpleNamespace(
        curl="curl -sk" if tls else "curl -s", queue=queue if queue.startswith("unix:///") and "@" not in queue else "$REDIS_URL",
        address=f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{config.get('SERVER_PORT', 8080)}",
    )  # fmt: skip


def concerned() -> list[SimpleNamespace]:
    """What the domains have to say, with a way there for whoever may see it."""
    actor = current_actor()
    return [
        SimpleNamespace(text=one.text, url=one.url if one.url and policy.allowed(actor, "read", one.resource) else "")
        for one in concerns.told()
    ]


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]


def workers_now() -> list[SimpleNamespace] | None:
    """The workers that have said lately that they live; None while Valkey is away."""
    try:
        connection: Any = valkey.client(_app())
        names = sorted(as_text(name) for name in connection.smembers(bells.WORKERS))
        beats = connection.mget([f"{bells.WORKERS}:{name}" for name in names]) if names else []
        alive = [(name, json.loads(beat)) for name, beat in zip(names, beats, strict=True) if beat is not None]
        told = [connection.hmget(f"rq:worker:{name}", "last_heartbeat", "current_job", "birth") for name, _queues in alive]
    except RedisError:
        return None
    entries = [ENTRY.fullmatch(as_text(one[1])) if one[1] else None for one in told]
    jobs = _names_of({int(match[1]) for match in entries if match})
    return [
        SimpleNamespace(
            name=name, queues=queues, beat=_moment(one[0]), since=_moment(one[2]), job=jobs.get(int(match[1]), "") if match else "",
        )
        for (name, queues), one, match in zip(alive, told, entries, strict=True)
    ]  # fmt: skip


def _moment(raw: Any) -> dt.datetime | None:
    try:
        return clock.from_iso(as_text(raw).replace("Z", "+00:00")) if raw else None
    except ValueError:
        return None


def _names_of(ids: set[int]) -> dict[int, str]:
    """What the rows of the outbox are about; never their arguments."""
    query = select(T.c.id, T.c.kind, T.c.payload).where(T.c.id.in_(ids))
    return {row.id: str(row.payload.get("job", row.kind)) if row.kind == "ring" else row.kind for row in db.session.execute(query)}


def queues() -> list[SimpleNamespace]:
    """How much waits in each queue and for how long, as the database knows it, with the workers that listen."""
    now = clock.now()
    waiting = (T.c.state == PENDING) & (T.c.next_at <= now)
    query = select(T.c.queue, func.count(), func.min(T.c.next_at)).where(waiting).group_by(T.c.queue)
    known = {row[0]: (row[1], row[2]) for row in db.session.execute(query)}
    busy = dict(db.session.execute(select(T.c.queue, func.count()).where(T.c.state == RUNNING).group_by(T.c.queue)).tuples().all())
    listening = bells.worker_alive(_app())["queues"] if _app().config.get("REDIS_URL") else {}
    return [
        SimpleNamespace(
            name=name, waiting=known.get(name, (0, None))[0], oldest=known.get(name, (0, None))[1], running=busy.get(name, 0),
            workers=listening.get(name, 0), seconds=_age(known.get(name, (0, None))[1], now),
        )
        for name in QUEUES
    ]  # fmt: skip


def _age(at: dt.datetime | None, now: dt.datetime) -> int:
    return max(0, int((now - at).total_seconds())) if at is not None else 0


def runs_under_way() -> list[SimpleNamespace]:
    """Runs that work or wait, with those that nobody works on."""
    table = Run.__table__
    query = select(Run, (epoch() - table.c.lease_until).label("silent")).where(table.c.state.in_(WORKING)).order_by(Run.id)
    found = db.session.execute(query.limit(50)).all()
    is_busy = any(silent <= 0 for _run, silent in found)
    return [
        SimpleNamespace(
            id=run.id, name=naming.headline(run) or str(run.kind.label), state=run.state, percent=run.percent,
            at=run.started_at or run.begins_at or run.created_at, is_silent=_is_silent(run, silent, is_busy),
        )
        for run, silent in found
    ]  # fmt: skip


def _is_silent(run: Run, silent: float, is_busy: bool) -> bool:
    """Its lease lapsed long ago, or nobody has taken it up though its time came long ago and no worker is at another one."""
    if run.state is RunState.QUEUED and is_busy:
        return False
    age = (clock.now() - max(run.changed_at, run.begins_at or run.changed_at)).total_seconds()
    return silent > SILENT_SECONDS and age > SILENT_SECONDS


def late_schedules() -> list[SimpleNamespace]:
    """Schedules whose time has come long ago."""
    table, before = schedules.Schedule.__table__, clock.now() - dt.timedelta(seconds=LATE_SECONDS)
    query = select(table.c.id, table.c.label, table.c.next_at).where(table.c.enabled.is_(True), table.c.next_at < before)
    rows = db.session.execute(query.order_by(table.c.next_at))
    return [SimpleNamespace(id=row.id, label=row.label, next_at=row.next_at) for row in rows]


def ticker_said() -> SimpleNamespace:
    """Who ticks, and for how long his lease holds."""
    state = lease.state(ticker.LEASE_NAME)
    return SimpleNamespace(ok=state["seconds"] > 0, holder=state["holder"], seconds=state["seconds"], changes=state["fence"])


def backlog() -> SimpleNamespace:
    counts = outbox.backlog()
    yesterday = clock.now() - clock.days(DEAD_DAYS)
    fresh = db.session.scalar(select(func.count()).select_from(T).where(T.c.state == DEAD, T.c.done_at > yesterday))
    by_state = {state: sum(count for (_queue, one), count in counts.items() if one == state) for state in (PENDING, RUNNING, DEAD)}
    return SimpleNamespace(pending=by_state[PENDING], running=by_state[RUNNING], dead=by_state[DEAD], fresh=int(fresh or 0))


def stores() -> SimpleNamespace:
    disk = shutil.disk_usage(Path(current_app.config["HOME"]))
    try:
        valkey_bytes: int | None = int(valkey.client(_app()).info("memory")["used_memory"])  # type: ignore[index]
    except RedisError:
        valkey_bytes = None
    return SimpleNamespace(
        database=size(database_bytes()), engine=db.engine.dialect.name, free=size(disk.free), free_bytes=disk.free,
        used_percent=disk.used * 100 // disk.total, valkey=size(valkey_bytes) if valkey_bytes is not None else "",
    )  # fmt: skip


def database_bytes() -> int:
    if db.engine.dialect.name == "postgresql":
        return int(db.session.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    pages, each = (int(db.session.scalar(text(f"PRAGMA {name}")) or 0) for name in ("page_count", "page_size"))
    return pages * each


def size(number: int) -> str:
    if number < GB:
        return f"{format_decimal(round(number / MB, 1))} MB"
    return f"{format_decimal(round(number / GB, 1))} GB"


def alarms(workers: list[SimpleNamespace] | str | None = "", queue: list[SimpleNamespace] | None = None) -> list[str]:
    """What is silent, late or missing, a sentence each; nothing while all is well."""
    workers = workers_now() if isinstance(workers, str) else workers
    queue = queues() if queue is None else queue
    said = []
    if not ticker_said().ok:
        said.append(_("Nothing runs by itself: no ticker holds the lease."))
    if workers is None:
        said.append(_("Valkey does not answer; work waits in the database."))
    else:
        deaf = [one.name for one in queue if not one.workers]
        said += [_("No worker listens to: %(names)s.", names=_(", ").join(deaf))] if deaf else []
    said += [
        _("Work waits in “%(name)s” for %(n)s minutes.", name=one.name, n=one.seconds // 60)
        for one in queue if one.seconds > SLOW[one.name]
    ]  # fmt: skip
    said += [_("“%(name)s” is late.", name=one.label) for one in late_schedules()[:5]]
    said += [_("“%(name)s” should be worked on, and nobody does.", name=one.name) for one in runs_under_way()[:5] if one.is_silent]
    if fresh := backlog().fresh:
        said.append(_("%(n)s pieces of work failed for good today.", n=fresh))
    if shutil.disk_usage(Path(current_app.config["HOME"])).free < LITTLE_DISK:
        said.append(_("The disk is almost full."))
    return said


def schedules_url() -> str:
    """Where schedules are changed, for whoever may see them."""
    return url_for("upkeep_schedule.index") if policy.allowed(current_actor(), "read", "core.Schedule") else ""
