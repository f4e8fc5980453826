"""Changing when things run, letting one run now, and trying what it would do."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext as _

from app.panel.core import clock, history, policy, schedules
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError, InvalidInput, NotFound
from app.panel.core.fields import spec
from app.panel.core.jobs import JOBS
from app.panel.core.schedules import Misfire, Schedule
from app.panel.core.transaction import transactional
from app.panel.upkeep.permissions import SCHEDULE

RAN = "schedule.ran_by_hand"


def get(schedule_id: int, *, actor: Any, verb: str = "read") -> Schedule:
    """:raises NotFound: when there is none"""
    policy.authorize(actor, verb, SCHEDULE)
    row = db.session.get(Schedule, schedule_id)
    if row is None:
        raise NotFound(_("There is nothing here."))
    return row


@transactional
def switch(schedule_id: int, on: bool, *, actor: Any) -> Schedule:
    """Let a schedule run or rest. One that is switched on again begins with its next time: what it missed is not made up."""
    row = get(schedule_id, actor=actor, verb="write")
    if row.enabled != on:
        row.enabled, row.next_at = on, None
    return row


@transactional
def change(schedule_id: int, *, actor: Any, version: int, cron: str, zone: str, misfire: str) -> Schedule:
    """Change when it runs; it is planned anew from now on.

    :raises InvalidInput: for a line or zone that says nothing
    :raises Conflict: when somebody else has changed it since it was shown
    """
    row = get(schedule_id, actor=actor, verb="write")
    if row.version != version:
        raise Conflict(_("Somebody else changed this in the meantime."))
    errors: dict[str, Any] = {}
    for name, text in (("cron", cron), ("zone", zone), ("misfire", misfire)):
        try:
            setattr(row, name, spec(Schedule, name).parse(text))
        except ValueError as error:
            errors[name] = str(error)
    if errors or not isinstance(row.misfire, Misfire):
        raise InvalidInput(errors or {"misfire": _("This is none of the choices.")})
    return row


@transactional
def run_now(schedule_id: int, *, actor: Any) -> bool:
    """Ask for its job at once; False when it was asked for in this minute already, so that asking twice does it once."""
    row = get(schedule_id, actor=actor, verb="run")
    if (declared := JOBS.get(row.job)) is None:
        raise DomainError(_("This job is not part of the program any more."))
    now = clock.now()
    slot = now.replace(second=0, microsecond=0)
    if not schedules.take(row.id, slot, now, declared, row.args or {}, by_hand=True):
        return False
    history.record(row, RAN, actor=actor)
    return True


def rehearse(schedule_id: int, at: dt.datetime, *, actor: Any) -> list[str] | None:
    """What it would do at a moment; None when its job does not say. Nothing of it stays."""
    row = get(schedule_id, actor=actor, verb="run")
    declared = JOBS.get(row.job)
    if declared is None or declared.rehearsal is None:
        return None
    return tried(declared.rehearsal, at, dict(row.args or {}))


def tried(rehearsal: Any, at: dt.datetime, arguments: dict[str, Any]) -> list[str]:
    """What a rehearsal says; all that it wrote is taken back."""
    try:
        _undone(rehearsal, at, arguments)
    except _Said as said:
        return said.lines
    raise AssertionError("unreachable")


class _Said(Exception):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines


@transactional
def _undone(rehearsal: Any, at: dt.datetime, arguments: dict[str, Any]) -> None:
    raise _Said([str(line) for line in rehearsal(at, **arguments)])
