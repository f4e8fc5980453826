"""Working a run of an operation, or its undo, off: chunk by chunk, each one transaction with its checkpoint.

Whoever takes up a run whose worker was killed goes on behind `position`: effect, outcomes, images and position are one
commit. Each chunk raises its flag first (`runs.hold`): who has lost the run commits nothing more.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, replace
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from app.panel.bulk import ledger, runs
from app.panel.bulk.engine import chunks, declaring, life, previewing
from app.panel.bulk.engine.chunks import Piece
from app.panel.bulk.engine.selecting import Selection
from app.panel.bulk.models import Run
from app.panel.bulk.runs import Hold
from app.panel.bulk.states import RunKind, RunState
from app.panel.core import history, policy, rows
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError, Forbidden
from app.panel.core.sets import is_postgresql
from app.panel.core.tidying import seldom_tidied
from app.panel.core.transaction import after_commit, transactional

POISON_CRASHES = 4
QUICK_SECONDS = 0.25  # for so long a chunk may keep other writers of SQLite waiting, and whoever cancels or pauses
ALONE_SECONDS = 0.5  # the latter alone, where a chunk keeps nobody from writing other rows
SHRINKS = 2


@dataclass
class Work:
    """A run in the hands of this worker. `size`: how many items a chunk has, as long as nobody dies of it. `at`: the items of
    the chunk that was begun last, `since` when. `patience`: for how many seconds nobody minds waiting for one."""

    held: Hold
    whole: Piece
    is_undo: bool
    size: int
    patience: float
    at: tuple[int, int] = (0, 0)
    since: float = 0.0

    def paced(self, rows: int, seconds: float) -> None:
        """Let chunks be as large as fits the time in which nobody minds waiting: what each costs by itself is paid less often.
        Where the machine is slow, or busy, that is less than what the operation begins with, down to half of it: each chunk
        costs something by itself, and smaller ones would do less in the same time."""
        usual = self.whole.operation.chunk
        fits = int(rows / max(seconds, 0.001) * self.patience)
        self.size = max(usual // SHRINKS, 1, min(fits, 4 * self.size, usual * self.whole.operation.grows))


def work_off(run: Run, held: Hold) -> RunState:
    """Do what is left of a run.

    :raises DomainError: when the operation is not known any more, or its owner may not do it
    """
    if run.state is RunState.CHECKING:
        return _look(run, held)
    work = _work(run, held)
    low = held.position + 1
    if held.crashes > POISON_CRASHES and low == held.tried:
        _chunk(work, low, low, low, _("The run stopped several times at this row; it was left out."))
        low += 1
    high = _end(work, low)
    runs.renew(held, tried=high)
    with seldom_tidied():
        while low <= work.whole.high:
            then = _end(work, high + 1)
            _chunk_or_halves(work, low, high, then)
            work.paced(high - work.at[0] + 1, time.monotonic() - work.since)
            low, high = high + 1, then
    _finish(work, run.undo_of_id)
    ledger.publish(held.run_id)
    ledger.announce(held.run_id)
    return RunState.DONE


def _end(work: Work, low: int) -> int:
    """The last item of the chunk that begins here: where workers have died chunks are ever smaller, down to the row alone."""
    held, last = work.held, work.whole.high
    if low > held.tried or held.crashes == 1:
        return min(low + work.size - 1, last)
    return min(low + max(1, work.whole.operation.chunk >> (3 * (held.crashes - 1))) - 1, held.tried)


def _look(run: Run, held: Hold) -> RunState:
    """A preview that takes too long for a request."""
    findings = previewing.findings(run, runs.actor_of(run), lambda read: runs.renew(held, read=read))
    runs.finish(held, RunState.CHECKED, findings=findings, read=0, error=None)
    ledger.publish(held.run_id)
    if (run.params or {}).get("start"):  # a program has asked for both at once; the watch over runs rings for it
        life.start(run.id, actor=runs.actor_of(run))
    return RunState.CHECKED


def _work(run: Run, held: Hold) -> Work:
    operation = declaring.find(run.operation)
    if operation is None:
        raise DomainError(_("This operation is no longer known."))
    is_undo = run.kind is RunKind.UNDO
    params, seen_at = run.params or {}, (run.findings or {}).get("as_of")
    whole = Piece(
        operation, run.id, 1, run.expected, runs.actor_of(run), params.get("values") or {},
        Selection() if is_undo else Selection.of(params), run.undo_of_id if is_undo else None,
        dt.datetime.fromisoformat(seen_at) if seen_at and run.begins_at is None else None,
    )  # fmt: skip
    return Work(held, whole, is_undo, operation.chunk, ALONE_SECONDS if is_postgresql() else QUICK_SECONDS)


@transactional
def _finish(work: Work, undone_id: int | None) -> None:
    runs.finish(work.held, RunState.DONE)
    changed = db.session.scalar(select(Run.__table__.c.changed).where(Run.__table__.c.id == work.held.run_id)) or 0
    work.whole.operation.finished(work.whole, changed)
    if work.is_undo:
        table = Run.__table__
        db.session.execute(update(table).where(table.c.id == undone_id).values(is_undone=True))


def _chunk_or_halves(work: Work, low: int, high: int, then: int) -> None:
    """One transaction for the chunk; when the database refuses it, halves of it, down to the row that is wrong."""
    try:
        _chunk(work, low, high, then)
    except Forbidden:
        raise  # no fault of a row: the run ends with the sentence
    except (IntegrityError, DataError, DomainError) as error:
        db.session.rollback()
        if low == high:
            _chunk(work, low, high, then, _reason(error))
            return
        middle = (low + high) // 2
        _chunk_or_halves(work, low, middle, high)
        _chunk_or_halves(work, middle + 1, high, then)


def _reason(error: Exception) -> str:
    if isinstance(error, SQLAlchemyError):
        current_app.logger.warning("a row of a run is refused by the database", exc_info=error)
    if isinstance(error, DomainError) and not isinstance(error, Conflict):
        return str(error)
    return _("The database refused this row: it contradicts another one.")


@transactional
def _chunk(work: Work, low: int, high: int, then: int, refused: str = "") -> None:
    """`then`: where the next chunk ends. Should its worker die, whoever comes next knows among which rows to look."""
    operation = work.whole.operation
    work.since = time.monotonic()  # the turn to write has come: how long it was waited for says nothing of the rows
    # begun anew, because somebody has changed one of its rows meanwhile, a chunk locks them first and waits for whoever has them
    in_one_view = operation.in_one_view and work.at != (low, high) and chunks.one_view()
    # short of where the last worker died, the search for a row that kills goes on
    calm = {"crashes": 0} if high >= work.held.tried or work.held.crashes == 1 else {}
    runs.hold(work.held, position=high, tried=then, **calm)
    work.at = (low, high)
    rows.make_room()
    policy.forget()
    piece = replace(work.whole, low=low, high=high, in_one_view=in_one_view)
    operation.authorize(piece.actor, piece.values)
    with history.by("undo" if work.is_undo else "bulk", actor=piece.actor, run_id=piece.run_id):
        if refused:
            counts = chunks.refuse_all(piece, refused)
        else:
            counts = (operation.undo_chunk if work.is_undo else operation.apply_chunk)(piece)
    runs.seal(work.held, **_counted(high - low + 1, counts))
    after_commit(lambda: ledger.publish(piece.run_id))


def _counted(read: int, counts: dict[str, int]) -> dict[str, Any]:
    columns: Any = Run.__table__.c
    more = {name: counts[outcome.value] for outcome, name in runs.ROW_COUNTS.items() if counts.get(outcome.value)}
    return {name: columns[name] + count for name, count in {"read": read, **more}.items()}
