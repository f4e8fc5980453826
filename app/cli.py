"""The command line of an instance: `flask --app app setup | check | worker | ticker | consumer`.

`run.py` starts these as processes; each is also what a container or a process manager runs by itself.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import gc
import signal
import threading
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import ScriptInfo, with_appcontext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import config
from app import tls, welcome
from app.panel.accounts import queries
from app.panel.accounts.login import passwords
from app.panel.core import assets, consumers, health, setup, translations
from app.panel.core.db import db
from app.panel.core.jobs import QUEUES
from app.panel.core.queue import forget_connections, run_worker
from app.panel.core.ticker import run_ticker
from app.rightscheck import commands
from processes.forked import ForkedPart
from processes.journal import teller
from processes.supervisor import INNER_GRACE, Supervisor

WORKERS = {"worker-live": ("live", "default", "mail"), "worker-bulk": ("bulk",)}  # an import delays no live order
SETUP_LOCK = 7276930  # any number that nothing else in the database locks


def init_app(app: Flask) -> None:
    for command in (set_up, check, worker, ticker, consumer, background):
        app.cli.add_command(command)
    app.cli.add_command(tls.group)
    commands.init_app(app)


@click.command("setup")
@click.option("--demo", is_flag=True, help="Fill an empty instance with the demo shop.")
@with_appcontext
def set_up(demo: bool) -> None:
    """Bring tables, permissions, roles and translations up to date. May be run at any time, and twice."""
    app = _app()
    ask_database()
    with one_at_a_time(app):
        translations.compile_all()
        assets.prepare()
        import_module("flask_migrate").upgrade()  # with Alembic, which no other process of the panel needs
        setup.sync(app)
        refuse_weak_password(app.config["ADMIN_PASSWORD"])
        click.echo(welcome.prepare(app, demo))
    gc.freeze()  # what was made meanwhile need not be taken apart either


def ask_database() -> None:
    """Name the setting when nothing can begin because of it."""
    url = db.engine.url
    try:
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        where = url.database if url.drivername == "sqlite" else f"{url.host or 'localhost'}:{url.port or 5432}"
        reason = str(error.orig).strip().splitlines()[0].rpartition("failed: ")[2].rstrip(".")
        raise config.ConfigError(f"DATABASE_URL: the database at {where} cannot be used ({reason}).") from None


def refuse_weak_password(given: str) -> None:
    """Before the demo is loaded: it could not be finished without its administrator."""
    if given and not queries.anybody() and (sentence := passwords.problem(given, ["admin"])):
        raise config.ConfigError(f"ZHANGGUI_ADMIN_PASSWORD cannot be used. {sentence}")


@contextlib.contextmanager
def one_at_a_time(app: Flask) -> Iterator[None]:
    """Several machines may start at once on one PostgreSQL, several programs on one home."""
    with open(app.config["HOME"] / "setup.lock", "w") as lock, contextlib.ExitStack() as stack:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if db.engine.dialect.name == "postgresql":
            connection = stack.enter_context(db.engine.connect().execution_options(isolation_level="AUTOCOMMIT"))
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": SETUP_LOCK})
        yield


@click.command("check")
@with_appcontext
def check() -> None:
    """Look for settings with which this instance must not run, and for parts that do not answer."""
    config.verify(current_app.config)
    click.echo("ok    settings: none of them is dangerous.")
    report = health.findings()
    for name, part in report.items():
        click.echo(f"{'ok   ' if part['ok'] else 'WRONG'} {name}: {part['message']}")
    if not all(part["ok"] for part in report.values()):
        raise SystemExit(1)


@click.command("worker")
@click.argument("queues", default=",".join(QUEUES))
def worker(queues: str) -> None:
    """Do the jobs of QUEUES (names with commas), the first ones first."""
    names = [name.strip() for name in queues.split(",") if name.strip()]
    if unknown := sorted(set(names) - set(QUEUES)):
        raise click.BadParameter(f"there is no queue {unknown[0]!r}; there are {', '.join(QUEUES)}.")
    run_worker(_loaded(), names)


@click.command("ticker")
def ticker() -> None:
    """Do what is due by the clock. Several may run; one at a time holds the lease."""
    tick(_loaded())


def tick(app: Flask) -> None:
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    run_ticker(app, stop)


@click.command("consumer")
def consumer() -> None:
    """Work off the streams, such as the feeds of live sessions. Several may run and share the work."""
    consume(_loaded())


def consume(app: Flask) -> None:
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    consumers.run(app, stop)


@click.command("background")
def background() -> None:
    """The ticker, the workers and the consumer, as forks of this one process: half the memory, and who dies is back at once."""
    app = _loaded()
    forget_connections(app)
    supervisor = Supervisor(teller(app.config["LOG_FOLDER"]), INNER_GRACE)
    supervisor.catch_signals()
    supervisor.add(ForkedPart("ticker", env={"ZHANGGUI_PART": "ticker"}, target=lambda: tick(app)))
    for name, queues in WORKERS.items():
        target = functools.partial(run_worker, app, queues)
        supervisor.add(ForkedPart(name, env={"ZHANGGUI_PART": name}, target=target))
    if consumers.LOOPS:
        supervisor.add(ForkedPart("consumer", env={"ZHANGGUI_PART": "consumer"}, target=lambda: consume(app)))
    supervisor.watch()
    supervisor.stop()


def _loaded() -> Flask:
    """The application without a context of its own: workers and ticker push one for each piece of work."""
    return click.get_current_context().ensure_object(ScriptInfo).load_app()


def _app() -> Any:
    return current_app._get_current_object()  # type: ignore[attr-defined]
