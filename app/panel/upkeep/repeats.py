"""Repeating an operation: at each of its times a run is made, once, over the rows that are meant then and by the rights that
whoever asked for it has then."""

from __future__ import annotations

from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.panel.bulk import runs
from app.panel.bulk.engine import declaring, life, origins, previewing
from app.panel.bulk.engine.selecting import ITEMS, MOST_TICKED, Selection
from app.panel.bulk.jobs import work
from app.panel.bulk.models import Run
from app.panel.bulk.states import RunKind
from app.panel.core import clock, idempotency, notices
from app.panel.core.actor import KeyHolder, owns
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput, NotFound
from app.panel.core.fields import spec
from app.panel.core.schedules import Misfire, Schedule
from app.panel.core.transaction import transactional
from app.panel.upkeep import services
from app.panel.upkeep.models import Repeat

JOB = "upkeep.repeat"
MOST = 20  # of one person


def can_repeat(run: Run, actor: Any) -> bool:
    """Is it a run of this person over rows that can be named again, and that are there again?"""
    operation = declaring.find(run.operation)
    if operation is not None and operation.rows_go and not _is_list(run):
        return False
    own = owns(actor, run.actor_id) and not isinstance(actor, KeyHolder)
    return own and run.kind is RunKind.OPERATION and (_is_list(run) or run.expected <= MOST_TICKED)


def _is_list(run: Run) -> bool:
    params = run.params or {}
    return bool(params.get("every", params.get("state")))


@transactional
def make(run_id: int, cron: str, *, actor: Any) -> Repeat:
    """Do again at these times what a run was prepared for; what stands in it now is not begun by that.

    :raises DomainError: for somebody who repeats many already
    :raises InvalidInput: for a time that says nothing
    """
    run = runs.find(run_id, actor=actor)
    if not can_repeat(run, actor):
        raise NotFound(_("There is nothing here."))
    operation, params = life.operation_of(run), run.params or {}
    operation.authorize(actor, params.get("values") or {})
    mine = select(func.count()).select_from(Repeat).where(Repeat.actor_id == actor.id)
    if (db.session.scalar(mine) or 0) >= MOST:
        raise DomainError(_("You repeat %(n)s operations already. End one of them first.", n=MOST))
    rows = {"list": params.get("list") or "", "state": params.get("state") or {}, "ids": []}
    if not _is_list(run):
        items = select(ITEMS.c.row_id).where(ITEMS.c.run_id == run.id).order_by(ITEMS.c.seq)
        rows["ids"] = [key for key in db.session.scalars(items) if key is not None]
    try:
        line = spec(Schedule, "cron").parse(cron)
    except ValueError as error:
        raise InvalidInput({"cron": str(error)}) from error
    schedule = Schedule(
        key=f"repeat:{run.id}:{_count(run.id)}", label=run.file_name, job=JOB, args={}, cron=line, enabled=True,
        misfire=Misfire.RUN_ONCE,
    )  # fmt: skip
    db.session.add(schedule)
    db.session.flush()
    made = Repeat(
        schedule_id=schedule.id, actor_id=actor.id, operation=operation.key, selection=rows, values=params.get("values") or {},
        label=run.file_name,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    schedule.args = {"repeat_id": made.id}
    return made


def _count(run_id: int) -> int:
    named = Schedule.key.startswith(f"repeat:{run_id}:")
    return (db.session.scalar(select(func.count()).select_from(Schedule).where(named)) or 0) + 1


def find(repeat_id: int, *, actor: Any) -> Repeat:
    """One of this person's own.

    :raises NotFound: also when it is somebody else's
    """
    row = db.session.get(Repeat, repeat_id) if 0 < repeat_id < 2**31 else None
    if row is None or not owns(actor, row.actor_id):
        raise NotFound(_("There is nothing here."))
    return row


def mine(actor: Any) -> list[Repeat]:
    return [row for row in db.session.scalars(select(Repeat).order_by(Repeat.id.desc())) if owns(actor, row.actor_id)]


def rows_of(row: Repeat) -> tuple[str, str]:
    """(address, words) of the rows that it goes over each time; see `origins.rows_meant`."""
    operation, meant = declaring.find(row.operation), Selection.of(row.selection or {})
    return origins.rows_meant(operation, meant, runs.actor_of(row)) if operation is not None else ("", "")


@transactional
def switch(repeat_id: int, on: bool, *, actor: Any) -> Repeat:
    """Let it rest, or go on with its next time."""
    row = find(repeat_id, actor=actor)
    if row.schedule.enabled != on:
        row.schedule.enabled, row.schedule.next_at = on, None
    return row


@transactional
def end(repeat_id: int, *, actor: Any) -> str:
    """Do it no more; the runs that it made stay. Returns what it was called."""
    row = find(repeat_id, actor=actor)
    label = str(row)
    db.session.delete(row.schedule)
    db.session.delete(row)
    return label


@transactional
def run_slot(repeat_id: int, slot_id: int) -> int | None:
    """Make the run of a slot, once however often it is asked for, and ring for a worker who looks at it and begins it.

    :raises Forbidden: when whoever asked for it may do it no more
    :raises DomainError: when the operation is known no more
    """
    row = db.session.get(Repeat, repeat_id)
    if row is None:
        return None
    actor = runs.actor_of(row)

    def begin() -> int | None:
        made = _prepared(row, actor)
        if made is None:
            return None
        life.to_check(made.id)
        work.enqueue(run_id=made.id)
        return int(made.id)

    with force_locale(notices.language_of(actor.id)):
        return idempotency.with_key(f"slot:{slot_id}" if slot_id else None, actor, JOB, {"repeat": repeat_id}, begin)


def _prepared(row: Repeat, actor: Any) -> Run | None:
    """A run over the rows that are meant now; None when there is none."""
    operation = declaring.find(row.operation)
    if operation is None:
        raise DomainError(_("This operation is no longer known."))
    meant = Selection.of(row.selection or {})
    operation.authorize(actor, row.values or {})
    if not life.any_meant(operation, meant, actor):
        return None
    return life.prepare(operation, meant, row.values or {}, actor=actor, start=True)


def rehearse(repeat_id: int, *, actor: Any) -> list[str]:
    """What one of this person's own would do if its time were now. Nothing of it stays."""
    row = find(repeat_id, actor=actor)
    return services.tried(lambda _at, repeat_id: rehearsed(repeat_id), clock.now(), {"repeat_id": row.id})


def rehearsed(repeat_id: int) -> list[str]:
    """What it would do if its time were now, in sentences; for a transaction that is rolled back."""
    row = db.session.get(Repeat, repeat_id)
    if row is None:
        return [_("This is no longer repeated.")]
    actor = runs.actor_of(row)
    said = [_("By the rights of %(name)s, and over the rows as they stand now:", name=str(actor))]
    run = _prepared(row, actor)
    if run is None:
        return [*said, _("No row is meant.")]
    operation = life.operation_of(run)
    said.append(_("%(n)s rows are meant.", n=run.expected))
    if not previewing.is_quick(operation, run.expected):
        return [*said, _("These are too many to look at each of them here.")]
    found = previewing.findings(run, actor)
    said.append(_("%(n)s rows would change.", n=found["counts"].get("changed", 0)))
    return said + [f"{reason}: {rows}" for _outcome, reason, rows in found["reasons"]]
