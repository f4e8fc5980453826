"""What the pages of upkeep read of schedules."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.panel.core import clock, schedules
from app.panel.core.db import db
from app.panel.core.jobs import JOBS, SCHEDULES
from app.panel.core.schedules import GRACE, Schedule, ScheduleRun
from app.panel.upkeep import repeats, timing
from app.panel.upkeep.models import Repeat

SLOTS, AHEAD = 20, 5
LATE = dt.timedelta(minutes=2)
HUNG = dt.timedelta(hours=6)


def lines() -> list[SimpleNamespace]:
    """All schedules with their last slot, two statements."""
    latest = select(func.max(ScheduleRun.id)).group_by(ScheduleRun.schedule_id)
    found = db.session.scalars(select(ScheduleRun).where(ScheduleRun.id.in_(latest)))
    last: dict[Any, ScheduleRun] = {run.schedule_id: run for run in found}
    rows = list(db.session.scalars(select(Schedule).order_by(Schedule.enabled.desc(), Schedule.next_at, Schedule.id)))
    return [line(row, last.get(row.id)) for row in rows]


def repeated(rows: list[Repeat]) -> list[SimpleNamespace]:
    """Repeated operations with how their schedules stand."""
    latest = select(func.max(ScheduleRun.id)).where(ScheduleRun.schedule_id.in_([row.schedule_id for row in rows]))
    found = db.session.scalars(select(ScheduleRun).where(ScheduleRun.id.in_(latest.group_by(ScheduleRun.schedule_id))))
    last: dict[Any, ScheduleRun] = {run.schedule_id: run for run in found}
    return [
        SimpleNamespace(id=row.id, over=repeats.rows_of(row), **vars(line(row.schedule, last.get(row.schedule_id)))) for row in rows
    ]


def line(row: Schedule, last: ScheduleRun | None) -> SimpleNamespace:
    late = row.enabled and row.next_at is not None and clock.now() - row.next_at > LATE
    return SimpleNamespace(
        row=row, label=label(row), when=timing.said(row.cron), zone=row.zone or clock.zone().key,
        is_usual_zone=not row.zone, next_at=row.next_at if row.enabled else None, last=outcome(last) if last else None,
        is_late=late, is_known=row.job in JOBS,
    )  # fmt: skip


def label(row: Schedule) -> str:
    """Its name in the reader's language, as long as nobody has given it another."""
    declared = SCHEDULES.get(row.key)
    return str(declared.label) if declared is not None else str(row.label)


def outcome(run: ScheduleRun) -> SimpleNamespace:
    """How a slot went, in a word, and how long it took."""
    if run.error:
        word, tone = _("failed"), "danger"
    elif run.finished_at is not None:
        word, tone = _("done"), "success"
    elif run.started_at is not None:
        is_hung = clock.now() - run.started_at > HUNG
        word, tone = (_("silent"), "danger") if is_hung else (_("running"), "info")
    elif clock.now() - run.fired_at > HUNG:
        word, tone = _("not known"), "muted"  # slots of before how they went was written down
    else:
        word, tone = _("waiting"), "neutral"
    return SimpleNamespace(
        slot_at=run.slot_at, word=word, tone=tone, error=run.error, by_hand=run.by_hand, lasted=lasted(run),
        is_delayed=not run.by_hand and run.fired_at - run.slot_at > GRACE,
    )  # fmt: skip


def lasted(run: ScheduleRun) -> str:
    if run.started_at is None or run.finished_at is None:
        return ""
    seconds = max(0.0, (run.finished_at - run.started_at).total_seconds())
    if seconds < 60:
        return _("%(n)s s", n=f"{seconds:.1f}")
    return _("%(n)s min", n=f"{seconds / 60:.1f}")


def slots(schedule_id: int) -> list[SimpleNamespace]:
    query = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule_id).order_by(ScheduleRun.slot_at.desc())
    return [outcome(run) for run in db.session.scalars(query.limit(SLOTS))]


def ahead(row: Schedule) -> list[dt.datetime]:
    """Its next times on the wall of its zone."""
    zone = ZoneInfo(row.zone) if row.zone else clock.zone()
    return [at.astimezone(zone) for at in islice(schedules.slots(row.cron, zone, clock.now()), AHEAD)]


def changes_url(row: Any, build: Any) -> str:
    """The trail of a schedule, for whoever may open it."""
    return str(build(row)) if build is not None else ""
