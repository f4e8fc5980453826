"""The database: one metadata, one engine set up so that SQLite and PostgreSQL keep the same promises."""

from __future__ import annotations

import contextvars
import os
import time
from importlib import import_module
from typing import Any, ClassVar

from flask import Flask
from flask_appbuilder import Model
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, Engine, ForeignKey, Integer, MetaData, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.panel.core import clock
from app.panel.core.types import UTCDateTime

# SQLite alters tables by copying them, and a copy needs every constraint to have a name
Model.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

CONNECT_SECONDS = 5  # nobody waits longer for a database that does not answer
SERVING = ("web", "background", "worker", "ticker", "consumer")  # parts of a running panel
STATEMENTS_KEPT = 2000  # roles ask for the same rows by statements of their own; to write one anew takes a millisecond
# the log of SQLite stays as long as it ever was, unless whoever begins it anew cuts what a large transaction has left of it
LOG_LIMIT = f"journal_size_limit={8 * 2**20}"
TRUSTED_SECONDS = 1.0  # a connection that answered so lately is not asked whether it still lives

db = SQLAlchemy(model_class=Model)

# how a statement begins that writes nothing
HARMLESS = ("BEGIN", "COMMIT", "EXPLAIN", "PRAGMA", "ROLLBACK", "SELECT", "WITH")

# and what of that asks for a transaction all the same, on PostgreSQL: rows that are locked or written by a WITH, own settings
IN_TRANSACTIONS = ("UPDATE", " SHARE", "_xact_", "INSERT", "DELETE", "set_config")

# True inside @transactional: the transaction that begins next is a writer's
write_intent: contextvars.ContextVar[bool] = contextvars.ContextVar("write_intent", default=False)


@event.listens_for(Column, "after_parent_attach")
def _laid_out_anew(column: Column[Any], _table: Any) -> None:
    """What Python gave the attributes of a column in growing is twice what they fill, and every mapping copies it."""
    column.__dict__ = {**column.__dict__}


class PanelModel(Model):
    """A row that people work with: numbered, versioned, and it knows who made and who last changed it.

    `version` is the optimistic lock: a save of a stale copy fails instead of overwriting (SAFETY R08).
    """

    __abstract__ = True

    picker_hint: ClassVar[tuple[str, ...]] = ()  # fields that tell rows of one name apart where one is chosen

    id: Mapped[int] = mapped_column(Integer, primary_key=True, sort_order=-10)
    version: Mapped[int] = mapped_column(Integer, nullable=False, default=1, server_default="1", sort_order=90)
    created_at = mapped_column(UTCDateTime, nullable=False, default=clock.now, sort_order=91)
    changed_at = mapped_column(UTCDateTime, nullable=False, default=clock.now, onupdate=clock.now, sort_order=92)

    @declared_attr
    def created_by_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), nullable=True, sort_order=93)

    @declared_attr
    def changed_by_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), nullable=True, sort_order=94)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


def metadata() -> MetaData:
    return Model.metadata


def never_reuse_ids(tables: MetaData) -> None:
    """SQLite hands a deleted row's number to the next one unless told otherwise; history and trash point at numbers."""
    for table in tables.tables.values():
        keys = list(table.primary_key.columns)
        if len(keys) == 1 and isinstance(keys[0].type, Integer) and not keys[0].foreign_keys:
            table.dialect_options["sqlite"]["autoincrement"] = True


def init_app(app: Flask) -> None:
    """Give the application its engine (SAFETY R10) and its migrations."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    options: dict[str, Any] = dict(app.config.get("SQLALCHEMY_ENGINE_OPTIONS") or {})
    options.setdefault("query_cache_size", STATEMENTS_KEPT)
    options.setdefault("hide_parameters", True)  # an error names the statement, never the values of a row
    if url.startswith("sqlite"):
        options.setdefault("connect_args", {"timeout": 30, "check_same_thread": False})
    else:
        options.setdefault("pool_size", 10)
        options.setdefault("max_overflow", 20)
        settings = "-c timezone=utc -c datestyle=iso -c statement_timeout=120000 -c idle_in_transaction_session_timeout=120000"
        options.setdefault("connect_args", {"options": settings, "connect_timeout": CONNECT_SECONDS})
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    if os.environ.get("ZHANGGUI_PART") not in SERVING:  # who works here migrates nothing, and Alembic would cost 12 MB
        migrate = import_module("flask_migrate").Migrate()
        migrate.init_app(app, db, directory=app.config.get("MIGRATIONS", "migrations"), render_as_batch=True)
    with app.app_context():
        prepare(db.engine)


def ask_the_idle(engine: Engine) -> None:
    """Notice connections that died while they lay in the pool. SQLAlchemy's own way asks at every checkout, which in a
    rush is one statement in five."""

    @event.listens_for(engine, "checkin")
    def checkin(_connection: Any, record: Any) -> None:
        record.info["last_used"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def checkout(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("last_used", time.monotonic()) < TRUSTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:  # type: ignore[attr-defined]
            raise InvalidatePoolError from error  # it and all that are as old are made anew


def say_savepoints_plainly(engine: Engine) -> None:
    """SQLAlchemy compiles the statements of each savepoint anew, for each has a name of its own."""
    words = {
        "do_savepoint": "SAVEPOINT", "do_rollback_to_savepoint": "ROLLBACK TO SAVEPOINT",
        "do_release_savepoint": "RELEASE SAVEPOINT",
    }  # fmt: skip
    for method, word in words.items():

        def say(connection: Any, name: str, word: str = word) -> None:
            connection.exec_driver_sql(f"{word} {name}")

        setattr(engine.dialect, method, say)


def read_without_begin(engine: Engine) -> None:
    """Let PostgreSQL read without a transaction: BEGIN and ROLLBACK are two of six ways to the database that a list goes, and
    change nothing of what is read, for each statement sees what is committed when it begins. Whatever may write or lock, or is
    read piece by piece, begins one.

    psycopg forgets with each ROLLBACK which statements it has prepared, so it never got to preparing any. What is read is
    prepared only where it says `by_heart`: for statements whose plan is the same whatever they ask for.
    """

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.info["reading"] = not write_intent.get()
        _commit_at_once(connection, connection.info["reading"])

    @event.listens_for(engine, "before_cursor_execute")
    def begin_after_all(connection: Any, cursor: Any, statement: str, *_more: Any) -> None:
        if connection.info.get("reading") and (_may_write(statement) or getattr(cursor, "name", None)):
            connection.info["reading"] = False
            _commit_at_once(connection, False)

    def execute(cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        if cursor.connection.autocommit:
            cursor.execute(statement, parameters, prepare=context is not None and "by_heart" in context.execution_options)
        else:
            cursor.execute(statement, parameters)

    engine.dialect.do_execute = execute  # type: ignore[method-assign]


def _commit_at_once(connection: Any, does: bool) -> None:
    driver = connection.connection.driver_connection
    if driver.autocommit is not does:
        driver.autocommit = does


def _may_write(statement: str) -> bool:
    if statement.lstrip()[:6].upper().startswith(("SELECT", "WITH")):
        return any(word in statement for word in IN_TRANSACTIONS)
    return True


def prepare(engine: Engine) -> None:
    """Teach a SQLite engine WAL, real foreign keys and writers that wait instead of failing; others to look after idle
    connections."""
    if getattr(engine, "_panel_ready", False):
        return
    engine._panel_ready = True  # type: ignore[attr-defined]
    say_savepoints_plainly(engine)
    if engine.dialect.name == "postgresql":
        read_without_begin(engine)
    if engine.dialect.name != "sqlite":
        ask_the_idle(engine)
        return

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, for pysqlite would say it too late
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000", LOG_LIMIT):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # a read that turns into a write fails at once when another wrote in between (345 of 400 attempts)
        connection.info["reading"] = not write_intent.get()
        if write_intent.get():
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:  # which takes no lock and cannot fail: every request says it
            connection.connection.driver_connection.execute("BEGIN")

    @event.listens_for(engine, "before_cursor_execute")
    def begin_again(connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        """A write outside of @transactional, of FAB or a migration: what was read is let go, for it may be old by now."""
        word = statement.lstrip()[:12].upper()
        if not connection.info.get("reading") or word.startswith(HARMLESS):
            return
        connection.info["reading"] = False
        if not word.startswith("SAVEPOINT"):
            connection.connection.driver_connection.execute("ROLLBACK")
            connection.connection.driver_connection.execute("BEGIN IMMEDIATE")


__all__ = ["PanelModel", "db", "init_app", "metadata", "never_reuse_ids", "prepare", "write_intent"]
