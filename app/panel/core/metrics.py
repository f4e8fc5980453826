"""Figures for Prometheus at GET /metrics, for this machine or for whoever bears the token.

What one process counts (requests) is kept in files under the home, one set a process, and added up by whichever
process is asked: several web processes answer with one truth. What the database and Valkey know (queues, outbox,
ticker) is asked when it is asked for.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app.panel.core import bells, bus, figures, lease, outbox, schedules, ticker, valkey
from app.panel.core.db import db

blueprint = Blueprint("metrics", __name__)
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
FORWARDED = ("X-Forwarded-For", "X-Real-Ip", "Forwarded")


class Meters:
    """What a web process counts. Made once a process, because each one is a file."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        labels = ("method", "endpoint", "status")
        self.requests = Counter("zhanggui_requests", "Requests answered", labels, registry=registry)
        self.seconds = Histogram(
            "zhanggui_request_seconds", "Time to answer", ("method",), buckets=BUCKETS, registry=registry
        )
        self.streams = Gauge(
            "zhanggui_streams", "Open event streams", ("kind",), registry=registry, multiprocess_mode="livesum"
        )
        self.opened = Counter("zhanggui_streams_opened", "Event streams opened", registry=registry)
        self.logins_refused = Counter("zhanggui_logins_refused", "Log-ins refused", ("status",), registry=registry)
        self.refused = Counter("zhanggui_streams_refused", "Event streams refused", ("status",), registry=registry)


def folder(app: Flask) -> Path:
    """Where each process keeps its file. `run.py` empties it before it starts the first one."""
    return Path(app.config["HOME"]) / "metrics"


def init_app(app: Flask) -> None:
    """Count the requests of this application and serve the figures."""
    app.register_blueprint(blueprint)
    app.before_request(_begin)
    app.after_request(_end)


def meters(app: Flask) -> Meters:
    """The meters of this process, made with its first request: a worker or a command has none and leaves no files."""
    if "panel_meters" not in app.extensions:
        path = folder(app)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(path)
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
        app.extensions["panel_meters"] = Meters()
    return app.extensions["panel_meters"]  # type: ignore[no-any-return]


def count_streams(app: Flask, number: int, *, opened: bool = False) -> None:
    meters(app).streams.labels("sse").set(number)
    if opened:
        meters(app).opened.inc()


def count_refusal(app: Flask, status: int) -> None:
    meters(app).refused.labels(str(status)).inc()


def count_login_refusal(status: int) -> None:
    meters(current_app._get_current_object()).logins_refused.labels(str(status)).inc()  # type: ignore[attr-defined]


def _begin() -> None:
    g.metrics_began = time.perf_counter()


def _end(response: Response) -> Response:
    began = g.pop("metrics_began", None)
    if began is None or request.blueprint == blueprint.name:
        return response
    method = request.method if request.method in METHODS else "other"
    meter = meters(current_app._get_current_object())  # type: ignore[attr-defined]
    # the endpoint, not the path: ids and words that people typed are no label
    meter.requests.labels(method, request.endpoint or "none", str(response.status_code)).inc()
    meter.seconds.labels(method).observe(time.perf_counter() - began)
    return response


class House:
    """What the database and Valkey know, asked at each scrape; a part that is away leaves its figures out."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def collect(self) -> Iterator[Any]:
        up = GaugeMetricFamily("zhanggui_up", "Does the part answer?", labels=["part"])
        for part, ask in (("valkey", self.valkey), ("database", self.database)):
            try:
                yield from ask()
                up.add_metric([part], 1)
            except (RedisError, SQLAlchemyError):
                db.session.rollback()
                up.add_metric([part], 0)
        yield up

    def valkey(self) -> list[Any]:
        waiting = GaugeMetricFamily("zhanggui_queue_length", "Entries that wait for a worker", labels=["queue"])
        workers = GaugeMetricFamily("zhanggui_workers", "Workers that listen", labels=["queue"])
        for name, length in bells.lengths(self.app).items():
            waiting.add_metric([name], length)
        for name, count in bells.worker_alive(self.app)["queues"].items():
            workers.add_metric([name], count)
        stream = GaugeMetricFamily("zhanggui_bus_events", "Events kept for pages that come back")
        stream.add_metric([], valkey.client(self.app).xlen(bus.STREAM))
        work = CounterMetricFamily("zhanggui_work", "Work that ended, by how it ended", labels=["name", "result"])
        seconds = CounterMetricFamily("zhanggui_work_seconds", "Time spent at work", labels=["name"])
        counts, spent = figures.work(self.app)
        for (name, result), count in counts.items():
            work.add_metric([name, result], count)
        for name, total in spent.items():
            seconds.add_metric([name], total)
        return [waiting, workers, stream, work, seconds]

    def database(self) -> list[Any]:
        backlog = GaugeMetricFamily("zhanggui_outbox_rows", "Work not yet done", labels=["queue", "state"])
        for (queue, state), count in outbox.backlog().items():
            backlog.add_metric([queue, state], count)
        late = GaugeMetricFamily("zhanggui_schedule_late_seconds", "How late the most overdue schedule is")
        late.add_metric([], schedules.late_seconds())
        held = GaugeMetricFamily("zhanggui_ticker_lease_seconds", "How long the ticker's lease still holds")
        held.add_metric([], lease.state(ticker.LEASE_NAME)["seconds"])
        return [backlog, late, held]


@blueprint.get("/metrics")
def show() -> Response:
    if not may_read():
        abort(404)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    registry = CollectorRegistry()
    registry.register(House(app))
    if folder(app).is_dir():
        _forget_dead(folder(app))
        MultiProcessCollector(registry, path=str(folder(app)))  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _forget_dead(path: Path) -> None:
    """A process that was killed has no open streams; what it counted stays counted."""
    for file in path.glob("gauge_live*_*.db"):
        pid = file.stem.rpartition("_")[2]
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            file.unlink(missing_ok=True)
        except (ValueError, PermissionError):
            continue


def may_read() -> bool:
    """The token if there is one in the configuration, else this machine. Behind a proxy everybody seems to be local."""
    token = current_app.config.get("METRICS_TOKEN")
    if token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
