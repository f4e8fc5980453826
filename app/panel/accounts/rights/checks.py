"""Runs of the rights check as the page shows them: asked for, on their way, with what they found."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select, update

from app.panel.accounts.models.rightscheck import CheckState, RightsCheck
from app.panel.core import clock, history, policy
from app.panel.core.db import db
from app.panel.core.errors import Conflict
from app.panel.core.transaction import transactional
from processes.parent import die_with_parent

RESOURCE = "accounts.RightsCheck"
KEPT, LONGEST_SECONDS, MOST_SHOWN = 20, 3600, 500
ALIVE = (CheckState.WAITING, CheckState.RUNNING)
SLOW, BROKEN = "took too long", "ended with "  # said to whoever reads the page, in his language


@transactional
def ask(*, actor: Any, enqueue: Callable[[int], Any]) -> RightsCheck:
    """Ask for a check; one at a time.

    :raises Conflict: while another is on its way
    """
    policy.authorize(actor, "run", RESOURCE)
    for row in db.session.scalars(select(RightsCheck).where(RightsCheck.state.in_(ALIVE))):
        if clock.now() - row.asked_at < clock.dt.timedelta(seconds=LONGEST_SECONDS):
            raise Conflict(_("A check is on its way already."))
        row.state, row.ended_at = CheckState.FAILED, clock.now()
    row = RightsCheck(asked_by_id=actor.id, holes=[], counts={})
    db.session.add(row)
    db.session.flush()
    history.record(row, "rights.checked", actor=actor)
    old = select(RightsCheck.id).order_by(RightsCheck.id.desc()).offset(KEPT)
    for gone in db.session.scalars(select(RightsCheck).where(RightsCheck.id.in_(list(db.session.scalars(old))))):
        db.session.delete(gone)
    enqueue(row.id)
    return row


def run(run_id: int) -> None:
    """Check in a process of its own: it makes a second, empty instance, which no worker should carry about afterwards."""
    command: Sequence[str] = [sys.executable, "-m", "flask", "--app", "app", "rights", "check", "--run", str(run_id)]
    home = Path(current_app.root_path).parent
    bound = functools.partial(die_with_parent, os.getpid())  # with its worker: the next one begins it anew
    try:
        ended_with = subprocess.run(  # noqa: S603
            command, cwd=home, timeout=LONGEST_SECONDS, capture_output=True, check=False, preexec_fn=bound
        )
    except subprocess.TimeoutExpired:
        failed(run_id, SLOW)
        return
    if db.session.get(RightsCheck, run_id, populate_existing=True).state in ALIVE:  # type: ignore[union-attr]
        failed(run_id, f"{BROKEN}{ended_with.returncode}")


@transactional
def progressed(run_id: int, done: int, total: int) -> None:
    _set(run_id, state=CheckState.RUNNING, done=done, total=total)


@transactional
def ended(run_id: int, said: dict[str, Any], counts: dict[str, int]) -> None:
    found = said["found"][:MOST_SHOWN]
    numbers = {name: said[name] for name in ("routes", "roles", "calls")}
    _set(run_id, state=CheckState.DONE, ended_at=clock.now(), holes=found, counts=counts, **numbers)


@transactional
def failed(run_id: int, why: str) -> None:
    _set(run_id, state=CheckState.FAILED, ended_at=clock.now(), problem=why[:500])


def why_failed(problem: str) -> str:
    """Why a run failed, in the reader's language as far as the panel itself found the words."""
    if problem.startswith(BROKEN):
        return _("It ended with %(code)s.", code=problem.removeprefix(BROKEN))
    return _("It took longer than an hour.") if problem == SLOW else problem


def _set(run_id: int, **values: Any) -> None:
    db.session.execute(update(RightsCheck).where(RightsCheck.id == run_id).values(**values))


def latest() -> list[RightsCheck]:
    """The last runs, latest first."""
    return list(db.session.scalars(select(RightsCheck).order_by(RightsCheck.id.desc()).limit(KEPT)))
