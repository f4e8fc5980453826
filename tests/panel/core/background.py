"""A small application with the core's background tables and a few jobs, for the tests and for the processes they start."""

import os
import signal
import threading
import time
from pathlib import Path

import flask_appbuilder.security.sqla.models  # noqa: F401 (other tables point at its users)
import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import Babel

from app.panel.core import db as database
from app.panel.core import housekeeping, mail, notices, queue, ticker  # noqa: F401 (for their tables and handlers)
from app.panel.core.db import PanelModel, db
from app.panel.core.jobs import job
from app.panel.core.transaction import transactional
from tests import databases
from tests.ops.loaded import Process

KEY = "a key for tests that is long enough, 0123456789"
effects = sa.Table(
    "test_effect",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("tag", sa.String(80)),
    sa.Column("pid", sa.Integer),
)


def make_app(home: str | Path, database_url: str, redis_url: str, **config) -> Flask:
    app = Flask("background", root_path=str(home))
    app.config.update(
        TESTING=True, SECRET_KEY=KEY, HOME=Path(home), LOG_FOLDER=Path(home), SQLALCHEMY_DATABASE_URI=database_url,
        REDIS_URL=redis_url, ZONE="Asia/Shanghai", BABEL_DEFAULT_LOCALE="en", MAIL_FROM="shop@example.org", SMTP_URL="",
        SESSION_COOKIE_NAME="zhanggui", UPLOAD_FOLDER=str(Path(home) / "files"),
    )  # fmt: skip
    app.config.update(config)
    Babel(app)
    database.init_app(app)
    return app


def make_tables(app: Flask) -> None:
    address = app.config["SQLALCHEMY_DATABASE_URI"]
    with databases.copied("background", address) as is_ready:
        if not is_ready:
            with app.app_context():
                PanelModel.metadata.create_all(db.engine)
                effects.metadata.create_all(db.engine)
                db.engine.dispose()


@transactional
def note(tag: str) -> None:
    db.session.execute(effects.insert().values(tag=tag, pid=os.getpid()))


def noted(app: Flask, tag: str) -> int:
    with app.app_context():
        query = sa.select(sa.func.count()).select_from(effects).where(effects.c.tag == tag)
        return db.session.execute(query).scalar_one()


@job("test.note", timeout=30)
def note_it(tag: str) -> None:
    note(tag)


@job("test.many", timeout=30, queue="live")
def note_numbered(number: int) -> None:
    note(f"many {number}")


@job("test.slow", timeout=60)
def slow(tag: str, tenths: int = 30) -> None:
    """Note the beginning, sleep, note the end."""
    note(f"{tag} begun")
    for _step in range(tenths):
        time.sleep(0.1)
    note(f"{tag} ended")


@job("test.held", timeout=60)
def held(tag: str) -> None:
    """Note the beginning, wait until `let_go`, note the end."""
    note(f"{tag} begun")
    while not _gate(current_app).exists():
        time.sleep(0.05)
    note(f"{tag} ended")


@job("test.held_bulk", timeout=60, queue="bulk")
def held_bulk(tag: str) -> None:
    """The same, among the work on many rows."""
    held.func(tag)


def let_go(app: Flask) -> None:
    _gate(app).touch()


def _gate(app: Flask) -> Path:
    return app.config["HOME"] / "gate"


@job("test.minutes", timeout=600)
def minutes(tag: str) -> None:
    """May take long, so it is not done behind another one."""
    note(tag)


@job("test.broken", tries=1)
def broken(tag: str) -> None:
    note(tag)
    raise ValueError("this job is broken")


@job("test.overdue", timeout=1)
def overdue(tag: str) -> None:
    note(tag)
    time.sleep(30)


def start(app: Flask, part: str, queues: str = "") -> Process:
    """Start a worker or a ticker on the database and the Valkey of this application as a process of its own."""
    config = app.config

    def run():
        with open(Path(config["HOME"]) / f"{part}.log", "ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        own = make_app(config["HOME"], config["SQLALCHEMY_DATABASE_URI"], config["REDIS_URL"])
        if part == "worker":
            return queue.run_worker(own, queues.split(","))
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        return ticker.run_ticker(own, stop)

    return Process(part, run)
