"""One Alembic history for all tables. Runs inside the application (`flask db …`), on SQLite in batch mode."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import BigInteger, String

from app.panel.core.db import db, metadata, write_intent
from app.panel.core.types import ChoiceType, MinorUnits, UTCDateTime


def render_item(kind: str, item: Any, _context: Any) -> Any:
    """Write our column types as the plain ones that they are in the database: a migration outlives our classes."""
    if kind == "type" and isinstance(item, ChoiceType):
        return f"sa.String(length={item.impl_instance.length})"
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime()"
    if kind == "type" and isinstance(item, MinorUnits):
        return "sa.BigInteger()"
    return False


def compare_type(_context: Any, _inspected: Any, _column: Any, inspected_type: Any, metadata_type: Any) -> bool | None:
    if isinstance(metadata_type, ChoiceType):
        return not isinstance(inspected_type, String)
    if isinstance(metadata_type, MinorUnits):
        return not isinstance(inspected_type, BigInteger)
    return None


@contextmanager
def unbound(connection: Any) -> Iterator[None]:
    """On SQLite a batch copies a table and drops the old one: with its foreign keys on, all that points at its rows would go
    along. It can be said outside of a transaction only, so before ours begins."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = connection.connection.driver_connection
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def run() -> None:
    options = {
        "target_metadata": metadata(), "render_as_batch": True, "render_item": render_item, "compare_type": compare_type,
    }  # fmt: skip
    if context.is_offline_mode():
        context.configure(url=current_app.config["SQLALCHEMY_DATABASE_URI"], literal_binds=True, **options)
        with context.begin_transaction():
            context.run_migrations()
        return
    token = write_intent.set(True)  # on SQLite: take the write lock first, so that two starts wait for each other
    try:
        with db.engine.connect() as connection, unbound(connection):
            context.configure(connection=connection, transaction_per_migration=False, **options)
            with context.begin_transaction():
                context.run_migrations()
    finally:
        write_intent.reset(token)


run()
