"""The life of a run of an operation, as people ask for it: prepared, looked at, started, paused, resumed, taken back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext as _

from app.panel.bulk import images, runs
from app.panel.bulk.engine import approving, backwards, declaring, naming, previewing, selecting
from app.panel.bulk.engine.declaring import Operation
from app.panel.bulk.engine.selecting import ITEMS, Selection
from app.panel.bulk.models import Run
from app.panel.bulk.states import FINISHED, Outcome, RunKind, RunState
from app.panel.core import clock, rows
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError
from app.panel.core.transaction import transactional

RESUMABLE = (RunState.PAUSED, RunState.CANCELLED, RunState.FAILED)


def operation_of(run: Run) -> Operation:
    """:raises DomainError: when a later release has taken it away"""
    operation = declaring.find(run.operation)
    if operation is None:
        raise DomainError(_("This operation is no longer known."))
    return operation


@transactional
def prepare(
    operation: Operation, selection: Selection, values: dict[str, Any], *, actor: Any, start: bool = False,
    typed: dict[str, list[str]] | None = None, came: dict[str, str] | None = None,
) -> Run:  # fmt: skip
    """A run whose rows are frozen: those that are meant now and that `actor` may touch.

    :param start: let it begin by itself once it was looked at
    :param typed: what the form held, so that it can be asked again after the preview
    :param came: how the list stood from which it is asked for, to lead back there
    :raises Forbidden: when this person may not do it
    :raises DomainError: when no row is meant
    """
    operation.authorize(actor, values)
    params = {**selection.kept(), "every": not selection.ids, "values": values, "undo": operation.undo, "start": start}
    if typed is not None:
        params["typed"] = typed
    if came:
        params["came"] = came
    run = _new(operation, RunKind.OPERATION, actor, params=params)
    run.expected = selecting.freeze(run.id, operation.model, selection, actor)
    db.session.flush()
    return run


def any_meant(operation: Operation, selection: Selection, actor: Any) -> bool:
    """Is there a row at all now that is meant and that this person may touch?"""
    query = selecting.matching(operation.model, selection, actor)
    if selection.ids:
        query = query.where(rows.among(operation.model.id, sorted(set(selection.ids))))
    return db.session.scalar(query.limit(1)) is not None


def _new(operation: Operation, kind: RunKind, actor: Any, **more: Any) -> Run:
    values = more["params"].get("values") or {}
    more["params"] |= runs.spoken()
    run = Run(
        kind=kind, state=RunState.DRAFT, operation=operation.key, resource=operation.resource, findings={},
        file_name=naming.titled(operation, values), actor_id=actor.id, **more,
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    return run


def look(run: Run, *, actor: Any) -> bool:
    """Work out what would happen; False when it takes so long that a worker has to, who is to be rung for."""
    if not previewing.is_quick(operation_of(run), run.expected):
        to_check(run.id)
        return False
    found = previewing.findings(run, actor)
    _looked_at(run.id, found)
    return True


@transactional
def to_check(run_id: int) -> None:
    """Let a worker look at it, whoever rings for him."""
    runs.move(run_id, (RunState.DRAFT, RunState.CHECKED), state=RunState.CHECKING, lease_until=0.0, findings={}, read=0)


@transactional
def _looked_at(run_id: int, found: dict[str, Any]) -> None:
    runs.move(run_id, (RunState.DRAFT, RunState.CHECKED), state=RunState.CHECKED, findings=found)


@transactional
def start(run_id: int, *, actor: Any, begins_at: dt.datetime | None = None) -> Run:
    """Let a run begin that was looked at, at once or at a time; above the limit of whoever asks it waits for another person.

    :raises DomainError: when it was not looked at, or has begun
    """
    run = runs.find(run_id, actor=actor)
    operation_of(run).authorize(actor, (run.params or {}).get("values") or {})
    if begins_at is not None and begins_at <= clock.now():
        raise DomainError(_("That time has passed."))
    runs.demand_room(actor)
    if run.state is RunState.CHECKED and approving.why_needed(run, actor):
        approving.ask(run, actor=actor)
        run.begins_at = begins_at
        return run
    ready = (RunState.CHECKED,)
    if not runs.move(run_id, ready, state=RunState.QUEUED, lease_until=0.0, read=0, begins_at=begins_at):
        raise Conflict(_("This run has begun already, or was not looked at yet."))
    db.session.refresh(run)
    return run


@transactional
def pause(run_id: int, *, actor: Any) -> bool:
    """Stop between two chunks, to go on later."""
    runs.find(run_id, actor=actor)
    fence = Run.__table__.c.fence + 1
    return runs.move(run_id, (RunState.QUEUED, RunState.RUNNING), state=RunState.PAUSED, lease_until=0.0, fence=fence)


@transactional
def resume(run_id: int, *, actor: Any) -> Run:
    """Go on behind the last row that was done.

    :raises DomainError: when there is nothing left to do
    """
    run = runs.find(run_id, actor=actor)
    operation_of(run).authorize(actor, (run.params or {}).get("values") or {})
    if approving.is_barred(run):
        raise Conflict(_("Nobody has approved this. Prepare it anew, and ask again."))
    if not can_resume(run):
        raise Conflict(_("There is nothing to go on with."))
    runs.demand_room(actor)
    again: dict[str, Any] = {"finished_at": None, "error": None, "crashes": 0, "lease_until": 0.0}
    if run.state is not RunState.PAUSED and run.begins_at is not None and run.begins_at > clock.now():
        again["begins_at"] = None  # a time that has come stays, and so does that of a run that was only to rest meanwhile
    runs.move(run_id, RESUMABLE, state=RunState.QUEUED, **again)
    db.session.refresh(run)
    return run


def can_resume(run: Run) -> bool:
    """Not while it is taken back: what it did then would be left out of that. Nor without the word of a second person, nor
    what was stopped while it was looked at: nobody has seen what it would do."""
    begun = bool(run.operation) and run.state in RESUMABLE and run.position < run.expected and "counts" in (run.findings or {})
    return begun and not run.is_undone and runs.undone_by(run.id) is None and not approving.is_barred(run)


@transactional
def retry(run_id: int, *, actor: Any) -> Run:
    """A new run over the rows that were refused, prepared like the first.

    :raises DomainError: when none was
    """
    run = runs.find(run_id, actor=actor)
    operation = operation_of(run)
    operation.authorize(actor, (run.params or {}).get("values") or {})
    if run.kind is not RunKind.OPERATION or run.state not in FINISHED or not run.refused:
        raise DomainError(_("No row was refused."))
    params = {**(run.params or {}), "every": False, "start": False, "again": run.id}
    again = _new(operation, RunKind.OPERATION, actor, params=params)
    mine = (ITEMS.c.run_id == run.id) & runs.with_outcome(Outcome.REFUSED)
    again.expected = selecting.fill(again.id, ITEMS.c.row_id, mine)
    db.session.flush()
    return again


@transactional
def take_back(run: Run, *, actor: Any) -> Run:
    """The undo of a run, ready to be worked off: its rows are those that it changed.

    It waits for a second person where the run had to, or would have to by now.
    """
    operation = operation_of(run)
    params = {"values": (run.params or {}).get("values") or {}}
    operation.authorize(actor, params["values"])
    back = _new(operation, RunKind.UNDO, actor, params=params, undo_of_id=run.id)
    back.expected = selecting.fill(back.id, ITEMS.c.row_id, images.changed_by(run.id))
    back.state, back.findings = RunState.CHECKED, {"counts": {Outcome.CHANGED.value: back.expected}}
    db.session.flush()
    if approving.why_needed(back, actor):
        back.findings = backwards.findings(run, operation)
        db.session.flush()
        approving.ask(back, actor=actor)
    else:
        runs.move(back.id, (RunState.CHECKED,), state=RunState.QUEUED)
    db.session.refresh(back)
    return back
