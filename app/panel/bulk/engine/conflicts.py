"""Two runs over the same rows of one model go one after the other: what one looked at must be what it changes."""

from __future__ import annotations

import zlib
from typing import Any

from sqlalchemy import and_, exists, func, or_, select

from app.panel.bulk import runs
from app.panel.bulk.engine.selecting import ITEMS
from app.panel.bulk.models import Run
from app.panel.bulk.runs import Hold
from app.panel.bulk.states import WORKING, Outcome, RunState
from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.transaction import transactional

LOCK_CLASS = 7276932
RUNS: Any = Run.__table__


@transactional
def take(run_id: int) -> Hold | None:
    """Take up a run unless one that came before, or is at it, works on rows of it; that one's end rings again."""
    runs.do_not_stand_still()
    run = db.session.execute(select(RUNS.c.resource, RUNS.c.state).where(RUNS.c.id == run_id)).first()
    if run is not None and run.resource and run.state is not RunState.CHECKING:
        _one_at_a_time(run.resource)
        if before(run_id, run.resource) is not None:
            return None
    return runs.take(run_id)


def before(run_id: int, resource: str) -> int | None:
    """The run for which this one has to wait."""
    mine, its = ITEMS.alias("mine"), ITEMS.alias("its")
    shares = exists().where(
        mine.c.run_id == run_id, mine.c.outcome == Outcome.TODO.value, its.c.run_id == RUNS.c.id,
        its.c.outcome == Outcome.TODO.value, its.c.row_id == mine.c.row_id,
    )  # fmt: skip
    is_due = or_(RUNS.c.begins_at.is_(None), RUNS.c.begins_at <= clock.now())
    ahead = or_(RUNS.c.state == RunState.RUNNING, and_(RUNS.c.state == RunState.QUEUED, RUNS.c.id < run_id, is_due))
    query = select(RUNS.c.id).where(RUNS.c.resource == resource, RUNS.c.id != run_id, ahead, shares)
    return db.session.scalar(query.order_by(RUNS.c.id).limit(1))


def waiting(run_id: int) -> list[int]:
    """Runs over rows of the same model that have not begun: now that this one has ended one of them may go on."""
    is_over = (RUNS.c.id == run_id) & (RUNS.c.resource != "") & RUNS.c.state.not_in(WORKING)
    ended = select(RUNS.c.resource).where(is_over).scalar_subquery()
    is_due = or_(RUNS.c.begins_at.is_(None), RUNS.c.begins_at <= clock.now())
    query = select(RUNS.c.id).where(RUNS.c.resource == ended, RUNS.c.state == RunState.QUEUED, is_due)
    return list(db.session.scalars(query.order_by(RUNS.c.id)))


def _one_at_a_time(resource: str) -> None:
    """Who takes up a run over these rows does so alone; on SQLite the writer's lock sees to it."""
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(LOCK_CLASS, zlib.crc32(resource.encode()) % 2**31)))
