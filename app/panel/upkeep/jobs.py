"""What a schedule of an operation does at its time."""

from __future__ import annotations

import datetime as dt

from app.panel.core.jobs import job, slot_at_work
from app.panel.upkeep import repeats


@job(repeats.JOB, timeout=600)
def repeat(repeat_id: int) -> None:
    """Make the run of this slot; asked for twice it makes one."""
    repeats.run_slot(repeat_id, slot_at_work())


@repeat.rehearses
def would_repeat(_at: dt.datetime, repeat_id: int) -> list[str]:
    """As of now: nobody knows which rows a list showed then."""
    return repeats.rehearsed(repeat_id)
