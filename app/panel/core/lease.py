"""Leases kept by the database's own clock, so that no two hosts need to agree on the time (SAFETY G16)."""

from __future__ import annotations

import functools
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import Double, Float, Integer, String, case, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import mapped_column
from sqlalchemy.sql.expression import FunctionElement

from app.panel.core.db import db
from app.panel.core.transaction import transactional


class epoch(FunctionElement[float]):
    """Seconds since 1970 by the clock of the database."""

    type = Double()
    inherit_cache = True


@compiles(epoch, "sqlite")
def _sqlite(_element: Any, _compiler: Any, **_options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(epoch, "postgresql")
def _postgresql(_element: Any, _compiler: Any, **_options: Any) -> str:
    # clock_timestamp, for now() stands still within a transaction
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"


class Lease(Model):
    """Who may do a thing that only one may do. `fence` grows with every change of hands."""

    __tablename__ = "core_lease"

    name = mapped_column(String(80), primary_key=True)
    holder = mapped_column(String(120), nullable=False, default="")
    until = mapped_column(Float, nullable=False, default=0.0)
    fence = mapped_column(Integer, nullable=False, default=0)


def insert_once(model: Any, **values: Any) -> bool:
    """Insert a row unless a unique index already holds one like it; True when it was inserted."""
    statement = _insert_once(model.__table__, db.session.connection().dialect.name)
    return db.session.execute(statement, values).first() is not None  # psycopg's row count says -1 here


@functools.cache
def _insert_once(table: Any, dialect: str) -> Any:
    """Built once a table: SQLAlchemy takes longer to build it than the database to do it."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing().returning(*table.primary_key)


def affected(statement: Any) -> int:
    """Run an UPDATE or DELETE in the transaction of this thread; how many rows it met."""
    result: Any = db.session.execute(statement)
    return int(result.rowcount)


@transactional
def take(name: str, holder: str, seconds: float) -> int | None:
    """Take or renew a lease; its fence, or None while another one holds it."""
    table = Lease.__table__
    insert_once(Lease, name=name)
    mine = table.c.holder == holder
    return db.session.execute(
        update(table)
        .where(table.c.name == name, or_(mine, table.c.until < epoch()))
        .values(holder=holder, until=epoch() + seconds, fence=table.c.fence + case((mine, 0), else_=1))
        .returning(table.c.fence)
    ).scalar()


@transactional
def release(name: str, holder: str) -> None:
    """Give a lease back, so that the next one need not wait for its end."""
    table = Lease.__table__
    db.session.execute(update(table).where(table.c.name == name, table.c.holder == holder).values(until=0.0))


def state(name: str) -> dict[str, Any]:
    """Who holds it and for how many seconds more; `seconds` is below zero when it has lapsed."""
    table = Lease.__table__
    row = db.session.execute(
        select(table.c.holder, table.c.fence, (table.c.until - epoch()).label("seconds")).where(table.c.name == name)
    ).first()
    if row is None:
        return {"holder": "", "fence": 0, "seconds": -1.0}
    return {"holder": row.holder, "fence": row.fence, "seconds": round(row.seconds, 1)}
