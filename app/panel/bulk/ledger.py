"""The book of a run: outcomes, sums, before-images, and the word that goes out to whoever watches."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from app.panel.bulk import importers, runs
from app.panel.bulk.importers import Plan, Result
from app.panel.bulk.models import BeforeImage, Run, RunItem
from app.panel.bulk.runs import Hold
from app.panel.bulk.states import Outcome, RunState
from app.panel.bulk.tally import Tally
from app.panel.core import bus, clock, notices
from app.panel.core.db import db
from app.panel.core.rows import insert_columns
from app.panel.core.transaction import transactional
from app.panel.core.veil import Seen

IMAGE = ("table", "row_id", "before", "version")


def record(run_id: int, plans: list[Plan], results: list[Result]) -> None:
    """Write down what became of a chunk, in its transaction."""
    tally = Tally()
    tally.add(plans, results)
    run = db.session.get(Run, run_id, populate_existing=True)
    assert run is not None
    for outcome, name in runs.COUNTS.items():
        setattr(run, name, getattr(run, name) + tally.counts[outcome])
    run.read += tally.read
    run.rows += tally.rows
    sums = {currency: dict(amounts) for currency, amounts in (run.sums or {}).items()}
    importers.add_sums(sums, tally.sums)
    run.sums = sums
    insert_columns(RunItem.__table__, _items(plans, results), {"run_id": run_id})
    images = [image for result in results for image in result.images]
    kept: dict[str, list[Any]] = {name: [getattr(image, name) for image in images] for name in IMAGE}
    kept["seq"] = [plan.seq for plan, result in zip(plans, results, strict=True) for _image in result.images]
    insert_columns(BeforeImage.__table__, kept, {"run_id": run_id})


def _items(plans: list[Plan], results: list[Result]) -> dict[str, list[Any]]:
    """Column by column."""
    return {
        "seq": [plan.seq for plan in plans], "lines": [plan.lines for plan in plans], "key": [plan.key[:200] for plan in plans],
        "outcome": [str(result.outcome.value) for result in results], "reason": [result.reason for result in results],
        "row_id": [result.row_id for result in results],
    }  # fmt: skip


def keep_refused(held: Hold, plans: list[Plan], results: list[Result]) -> None:
    """What a check refuses, whole: the file of refused rows is made of it. Everything else of a check is only counted."""
    refused = [one for one in zip(plans, results, strict=True) if one[1].outcome is Outcome.REFUSED]
    if refused:
        _keep(held, _items([plan for plan, _result in refused], [result for _plan, result in refused]))


@transactional
def _keep(held: Hold, items: dict[str, list[Any]]) -> None:
    runs.hold(held)
    insert_columns(RunItem.__table__, items, {"run_id": held.run_id})


def publish(run_id: int) -> None:
    """Tell the open pages; whoever misses it asks again by itself."""
    run = db.session.get(Run, run_id, populate_existing=True)
    if run is not None:
        bus.publish(f"run:{run_id}", "progress", {**progress(run), "ids": [run_id]}, resource=runs.RESOURCE)
        if run.actor_id is not None:
            bus.publish(f"user:{run.actor_id}", "run", {**progress(run), "title": run.file_name})


@transactional
def announce(run_id: int) -> None:
    """A notice for whoever has closed the page meanwhile."""
    run = db.session.get(Run, run_id, populate_existing=True)
    if run is None or run.actor_id is None:
        return
    title = _("“%(file)s”: %(state)s", file=run.file_name, state=run.state.label)
    body = _("%(new)s new, %(changed)s changed, %(refused)s refused.", new=run.new, changed=run.changed, refused=run.refused)
    place = "operation" if run.operation else "import"
    notices.send([run.actor_id], title, body, f"/bulk/{place}/{run_id}/", about=run)


def progress(run: Run | Seen) -> dict[str, Any]:
    """What the bar shows. `rate`: rows a second since somebody took it up; `left`: seconds, None while nobody knows."""
    rate, left = _pace(run)
    return {
        "id": run.id, "state": run.state.value, "label": str(run.state.label), "tone": run.state.tone,
        "read": run.read, "expected": run.expected, "percent": run.percent, "new": run.new, "changed": run.changed,
        "same": run.same, "refused": run.refused, "skipped": run.skipped, "rate": rate, "left": left,
    }  # fmt: skip


def _pace(run: Run | Seen) -> tuple[int, int | None]:
    if run.state is not RunState.RUNNING or run.taken_at is None:
        return 0, None
    done, seconds = run.read - run.taken_read, (clock.now() - run.taken_at).total_seconds()
    if done <= 0 or seconds <= 0:
        return 0, None
    rate = done / seconds
    return round(rate), round(max(0, run.expected - run.read) / rate)
