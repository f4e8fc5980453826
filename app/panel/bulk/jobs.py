"""Runs in the background, and the watch over runs that nobody works on any more."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from app.panel.bulk import housekeeping, loop, runs
from app.panel.bulk.engine import conflicts
from app.panel.bulk.states import RunState
from app.panel.core import ticker
from app.panel.core.jobs import job, scheduled

SWEEP_SECONDS = 1
WAITING_SECONDS = 10


@job("bulk.work", queue="bulk", timeout=6 * 3600)
def work(run_id: int) -> None:
    """Check, run or take back what waits under this number. Asked for twice it does nothing the second time."""
    loop.work_off(run_id)
    for number in conflicts.waiting(run_id):
        work.enqueue_unless_waiting(run_id=number)


@ticker.each(SWEEP_SECONDS)
def ring_for_silent_runs() -> None:
    """A worker was killed, or stood still: somebody else goes on from the checkpoint."""
    _ring_for(RunState.CHECKING, RunState.RUNNING)


@ticker.each(WAITING_SECONDS)
def ring_for_waiting_runs() -> None:
    """Their time has come, or the run for which they wait has ended without a word."""
    _ring_for(RunState.QUEUED)


def _ring_for(*states: RunState) -> None:
    for run_id in runs.silent(states):
        work.enqueue_unless_waiting(run_id=run_id)


@scheduled("bulk.tidy", cron="20 4 * * *", label=_("Tidy up old imports"))
@job("bulk.tidy")
def tidy(**_arguments: Any) -> None:
    """Files of imports go after a month, prepared ones that nobody started after a week."""
    housekeeping.tidy()
