"""When jobs run by themselves: schedules are rows, a slot is an instant, and each slot is taken once (SAFETY R11).

A line such as `30 2 * * *` is read in the zone of its schedule. In the night that the clocks go forward, a time that
does not exist runs when the gap ends; in the night that they go back, a time that comes twice runs the first time.
Lines whose hour begins with `*` follow real time instead, so that `*/15 * * * *` never pauses for an hour.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter
from flask_appbuilder import Model
from flask_babel import lazy_gettext as _
from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, UniqueConstraint, delete, false, select, update
from sqlalchemy.orm import mapped_column

from app.panel.core import clock
from app.panel.core.choices import Choices
from app.panel.core.columns import choice, flag, instant, json_column, text
from app.panel.core.db import PanelModel, db
from app.panel.core.jobs import JOBS, SCHEDULES, Job, check_arguments, told_of_slots
from app.panel.core.lease import insert_once
from app.panel.core.transaction import transactional
from app.panel.core.types import UTCDateTime

GRACE = dt.timedelta(seconds=60)  # a slot that is this late is still on time
LOOK_BACK = tuple(dt.timedelta(hours=hours) for hours in (2, 48, 1500))  # so that a long outage is not walked through
log = logging.getLogger(__name__)


class Misfire(Choices):
    RUN_ONCE = "run_once", _("Run once")
    SKIP = "skip", _("Skip")


def _check_cron(value: str) -> None:
    if len(value.split()) != 5 or not croniter.is_valid(value):
        raise ValueError(_("This is no cron line of five fields, such as 30 2 * * *."))


def _check_zone(value: str) -> None:
    if value and not clock.is_zone(value):
        raise ValueError(_("There is no such time zone."))


class Schedule(PanelModel):
    """When a job runs by itself. `next_at` empty means: to be computed from now on."""

    __tablename__ = "core_schedule"
    __resource__ = "core.Schedule"
    __table_args__ = (Index("ix_core_schedule_due", "enabled", "next_at"),)

    key = text(_("Key"), 80, required=True, unique=True, readonly=True)
    label = text(_("Name"), 200, required=True)
    job = text(_("Job"), 80, required=True, readonly=True)
    args = json_column(_("Arguments"), hidden=True)
    cron = text(_("Runs at"), 100, required=True, check=_check_cron, help=_("Minute, hour, day, month, weekday."))
    zone = text(_("Time zone"), 64, check=_check_zone, help=_("Empty: the time zone of the business."))
    enabled = flag(_("Enabled?"), default=True)
    misfire = choice(_("Missed times"), Misfire, default=Misfire.RUN_ONCE)
    next_at = instant(_("Next run"), readonly=True)
    planned = text(_("Planned by"), 200, hidden=True)  # the cron line and zone that next_at was computed from

    def __str__(self) -> str:
        return str(self.label)


class ScheduleRun(Model):
    """One slot of one schedule: whoever inserts it may run it. How it went is told by whoever ran it."""

    __tablename__ = "core_schedule_run"
    __table_args__ = (UniqueConstraint("schedule_id", "slot_at"),)

    id = mapped_column(Integer, primary_key=True)
    schedule_id = mapped_column(ForeignKey("core_schedule.id", ondelete="CASCADE"), nullable=False)
    slot_at = mapped_column(UTCDateTime, nullable=False, index=True)
    fired_at = mapped_column(UTCDateTime, nullable=False)
    by_hand = mapped_column(Boolean, nullable=False, default=False, server_default=false())
    started_at = mapped_column(UTCDateTime, nullable=True)
    finished_at = mapped_column(UTCDateTime, nullable=True)
    error = mapped_column(String(500), nullable=False, default="", server_default="")


def slots(cron: str, zone: ZoneInfo, after: dt.datetime) -> Iterator[dt.datetime]:
    """The instants of a cron line after an instant, in order, each once."""
    walker = croniter(cron, after.astimezone(zone))
    real_time = cron.split()[1].startswith("*")
    last = after
    while True:
        slot = walker.get_next(dt.datetime)
        at = slot.astimezone(dt.UTC)
        second_time = slot.utcoffset() != slot.replace(fold=0).utcoffset()
        if at > last and (real_time or not second_time):
            last = at
            yield at


def following(cron: str, zone: ZoneInfo, after: dt.datetime) -> dt.datetime:
    return next(slots(cron, zone, after))


def latest(cron: str, zone: ZoneInfo, first: dt.datetime, now: dt.datetime) -> dt.datetime:
    """The last slot from `first` (itself one) until now."""
    for start in (*(now - span for span in LOOK_BACK), first):
        found = None
        for slot in slots(cron, zone, max(start, first)):
            if slot > now:
                break
            found = slot
        if found is not None or start <= first:
            return found or first
    return first


def sync() -> None:
    """Give this instance the schedules that the code declares and it does not have. What people changed stays."""
    known = set(db.session.scalars(select(Schedule.key)))
    missing = {key: default for key, default in SCHEDULES.items() if key not in known and default.job in JOBS}
    if missing:
        _add(missing)


@transactional
def _add(missing: dict[str, Any]) -> None:
    for key, default in missing.items():
        check_arguments(JOBS[default.job], default.args)
        insert_once(
            Schedule, key=key, label=str(default.label), job=default.job, args=default.args, cron=default.cron,
            zone=default.zone or None, misfire=Misfire(default.misfire), enabled=True, created_at=clock.now(),
            changed_at=clock.now(), version=1,
        )  # fmt: skip


def fire_due() -> int:
    """Run what is due and plan what is new or was edited; returns how many jobs were asked for."""
    now = clock.now()
    query = select(Schedule.id, Schedule.cron, Schedule.zone, Schedule.planned, Schedule.next_at)
    todo = [
        row.id
        for row in db.session.execute(query.where(Schedule.enabled.is_(True)))
        if row.next_at is None or row.next_at <= now or row.planned != _plan(row.cron, row.zone)
    ]
    fired = 0
    for schedule_id in todo:
        try:
            fired += fire(schedule_id, now)
        except Exception:  # one that is broken must not stop the others
            db.session.rollback()
            log.exception("schedule %s", schedule_id)
    return fired


def _plan(cron: str, zone: str | None) -> str:
    return f"{cron} {zone or clock.zone().key}"


@transactional
def fire(schedule_id: int, now: dt.datetime) -> bool:
    """Take the latest slot that has passed, ask for its job, and plan the next: all of it or nothing."""
    row = db.session.execute(select(Schedule.__table__).where(Schedule.id == schedule_id)).one()
    zone, plan = ZoneInfo(row.zone) if row.zone else clock.zone(), _plan(row.cron, row.zone)
    if row.next_at is None or row.planned != plan:
        _set(row.id, next_at=following(row.cron, zone, now), planned=plan)
        return False
    if row.next_at > now:
        return False  # the other ticker was faster
    slot = latest(row.cron, zone, row.next_at, now)
    _set(row.id, next_at=following(row.cron, zone, max(now, slot)))
    if row.misfire is Misfire.SKIP and now - slot > GRACE:
        return False
    declared = JOBS.get(row.job)
    if declared is None:
        log.warning("schedule %s: there is no job %s", row.key, row.job)
        return False
    return take(row.id, slot, now, declared, row.args or {})


def take(
    schedule_id: int, slot: dt.datetime, now: dt.datetime, declared: Job, arguments: dict[str, Any], *, by_hand: bool = False
) -> bool:
    """Take one slot and ask for its job; False when somebody had it."""
    values = {"schedule_id": schedule_id, "slot_at": slot}
    if not insert_once(ScheduleRun, **values, fired_at=now, by_hand=by_hand, error=""):
        return False
    slot_id = db.session.execute(select(ScheduleRun.id).filter_by(**values)).scalar_one()
    declared.enqueue_slot(slot_id, arguments)
    return True


@told_of_slots
def note(slot_id: int, what: str, error: str = "") -> None:
    """Write down how the job of a slot goes. It may be tried again after an error: the latest try counts."""
    db.session.rollback()
    now = clock.now()
    if what == "began":
        _note(slot_id, started_at=now, finished_at=None, error="")
    else:
        _note(slot_id, finished_at=now, error=error[:500])


@transactional
def _note(slot_id: int, **values: Any) -> None:
    table = ScheduleRun.__table__
    db.session.execute(update(table).where(table.c.id == slot_id).values(**values))


def _set(schedule_id: int, **values: Any) -> None:
    """What the ticker notes is no edit: it raises no version and leaves no history."""
    table = Schedule.__table__
    db.session.execute(update(table).where(table.c.id == schedule_id).values(**values))


def late_seconds() -> float:
    """By how many seconds the most overdue schedule is late; 0 when none is."""
    row = db.session.execute(
        select(Schedule.next_at)
        .where(Schedule.enabled.is_(True), Schedule.next_at.is_not(None))
        .order_by(Schedule.next_at)
        .limit(1)
    ).first()
    return max(0.0, (clock.now() - row.next_at).total_seconds()) if row else 0.0


@transactional
def sweep(days: int = 90) -> None:
    """Forget which slots were taken a quarter of a year ago."""
    table = ScheduleRun.__table__
    db.session.execute(delete(table).where(table.c.slot_at < clock.now() - dt.timedelta(days=days)))
