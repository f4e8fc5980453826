"""Working a run off: read, group, plan, write in chunks, each chunk one transaction with its checkpoint.

A run may be killed at any line. Whoever takes it up reads the file again from the start, skips what is committed
(`position`) and goes on; the same record is never written twice, because effect and position are one commit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from app.panel.bulk import importers, ledger, opening, pulse, runs, undo
from app.panel.bulk.ahead import WORTH_BYTES, ahead
from app.panel.bulk.engine import conflicts, working
from app.panel.bulk.importers import Plan, Result, Work
from app.panel.bulk.ledger import publish
from app.panel.bulk.models import Run
from app.panel.bulk.reading.problems import BadFile
from app.panel.bulk.runs import Hold, Lost
from app.panel.bulk.sentences import explain, sentence
from app.panel.bulk.source import Source
from app.panel.bulk.states import Outcome, RunKind, RunState
from app.panel.bulk.tally import Tally
from app.panel.core import history, policy, rows, writers
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError, Forbidden
from app.panel.core.tidying import seldom_tidied
from app.panel.core.transaction import after_commit, transactional

CHUNK = 500
POISON_CRASHES = 4
GIVE_UP_CRASHES = 8
BEAT_SECONDS = 4.0
SHORT = frozenset({str, int, bool, type(None), list, dict})
WORK: dict[RunKind, Callable[[Run, Hold], RunState | None]] = {}  # runs of other domains, and who works them off


def work_off(run_id: int) -> RunState | None:
    """Check or run what waits under this number, to its end. None: there was nothing to do here."""
    held = conflicts.take(run_id)
    if held is None:
        return None
    run = db.session.get(Run, run_id, populate_existing=True)
    assert run is not None
    beating = pulse.beside(lambda: runs.renew(held), Lost, runs.LEASE_SECONDS)
    # what is noted of rows is read by whoever began the run
    with force_locale(runs.language_of(run)), beating, writers.giving_way():
        return _work_off(run, held)


def _work_off(run: Run, held: Hold) -> RunState | None:
    checking = run.state is RunState.CHECKING
    if held.crashes > GIVE_UP_CRASHES:
        return _stop(held, checking, _("It stopped again and again at the same place. The log of the worker says why."))
    try:
        if run.operation:
            return working.work_off(run, held)
        if run.kind in WORK:
            return WORK[run.kind](run, held)
        if run.kind is RunKind.UNDO:
            return undo.work_off(run, held)
        return _check(run, held) if checking else _write(run, held)
    except Lost:
        return None
    except (BadFile, DomainError) as wrong:
        db.session.rollback()
        return _stop(held, checking, sentence(wrong) if isinstance(wrong, BadFile) else str(wrong))
    except Exception:
        # The lease is given back, so that the next attempt comes soon, with smaller chunks.
        db.session.rollback()
        runs.release(held)
        raise


def _stop(held: Hold, checking: bool, why: str) -> RunState:
    """A file that cannot be read: a check goes back to the user, a run ends."""
    try:
        if checking:
            runs.finish(held, RunState.DRAFT, error=why, findings={"error": why})
            return RunState.DRAFT
        runs.finish(held, RunState.FAILED, error=why)
        ledger.announce(held.run_id)
    except Lost:
        pass
    publish(held.run_id)
    return RunState.FAILED


def _check(run: Run, held: Hold) -> RunState:
    """Go through the whole file without writing a row; what was found is stored with the run."""
    tally = Tally()
    beat = time.monotonic()
    runs.forget_items(held.run_id)
    with opening.open_run(run) as (source, work), seldom_tidied():
        for plans in _read(run, source, work, CHUNK):
            results = look(work, plans)
            tally.add(plans, results)
            ledger.keep_refused(held, plans, results)
            if time.monotonic() - beat > BEAT_SECONDS:
                runs.renew(held, read=tally.read)
                publish(held.run_id)
                beat = time.monotonic()
        findings = tally.findings(source.meta, source.skipped)
    runs.finish(held, RunState.CHECKED, findings=findings, read=tally.read, rows=tally.rows, error=None)
    publish(held.run_id)
    return RunState.CHECKED


def look(work: Work, plans: list[Plan]) -> list[Result]:
    """What would become of these plans."""
    return settle(plans, lambda good: _permitted(work, good, _look))


def _permitted(work: Work, good: list[Plan], apply: Callable[[Work, list[Plan]], list[Result]]) -> list[Result]:
    """The one door of all layouts, asked before each chunk of a check and of a run.

    :raises Forbidden: when the person may not import this at all
    """
    policy.authorize(work.actor, "import", work.importer.resource)
    why = work.barred()
    return [Result.refuse(why) for _plan in good] if why else apply(work, good)


def _look(work: Work, good: list[Plan]) -> list[Result]:
    try:
        _rolled_back(work, good)
    except _Seen as seen:
        return seen.results
    raise AssertionError("unreachable")


class _Seen(Exception):
    def __init__(self, results: list[Result]) -> None:
        super().__init__()
        self.results = results


@transactional
def _rolled_back(work: Work, good: list[Plan]) -> None:
    """Every importer looks inside a transaction that never commits: nothing can be written by a check."""
    raise _Seen(work.apply(good, dry_run=True))


def settle(plans: list[Plan], apply: Any) -> list[Result]:
    """Results for plans in their order: refused for those with errors, what `apply` says for the others."""
    good = [plan for plan in plans if not plan.errors and not plan.repeats]
    found = iter(apply(good) if good else [])
    results = []
    for plan in plans:
        if plan.errors:
            results.append(Result.refuse(" ".join(plan.errors)))
        elif plan.repeats:
            results.append(Result(Outcome.SAME, None, _("An exact copy of a record further up in the file.")))
        else:
            results.append(next(found))
    return results


def _write(run: Run, held: Hold) -> RunState:
    run_id = run.id
    size = max(1, CHUNK >> (3 * (held.crashes - 1)))
    poisoned = held.crashes > POISON_CRASHES
    if poisoned:
        size = CHUNK
    beat = time.monotonic()
    with opening.open_run(run) as (source, work), seldom_tidied():
        work.run_id = run_id
        if size == CHUNK and run.file_size > WORTH_BYTES:
            size = work.at_once(size)
        for plans in _read(run, source, work, size, held.position, first=1 if poisoned else size):
            if not plans:  # still behind the checkpoint
                if time.monotonic() - beat > BEAT_SECONDS:
                    runs.renew(held)
                    beat = time.monotonic()
                continue
            if poisoned:
                plans[0].errors.append(_("The import stopped several times at this record; it was left out."))
                poisoned = False
            _chunk_or_halves(held, work, plans)
            beat = time.monotonic()
    runs.finish(held, RunState.DONE)
    publish(run_id)
    ledger.announce(run_id)
    return RunState.DONE


def _chunk_or_halves(held: Hold, work: Work, plans: list[Plan]) -> None:
    """One transaction for the chunk; when the database refuses it, halves of it, down to the record that is wrong."""
    try:
        _chunk(held, work, plans)
    except Forbidden:
        raise  # not the record's fault: the run ends with the sentence
    except (IntegrityError, DataError, DomainError) as error:
        db.session.rollback()
        if len(plans) == 1:
            if plans[0].errors:
                raise
            plans[0].errors.append(_reason(error))
            _chunk(held, work, plans)
            return
        half = len(plans) // 2
        _chunk_or_halves(held, work, plans[:half])
        _chunk_or_halves(held, work, plans[half:])


def _reason(error: Exception) -> str:
    if isinstance(error, DomainError) and not isinstance(error, Conflict):
        return str(error)
    if isinstance(error, SQLAlchemyError):
        current_app.logger.warning("import record refused by the database", exc_info=error)
        return _("The database refused this record: it contradicts another one.")
    return str(error)


@transactional
def _chunk(held: Hold, work: Work, plans: list[Plan]) -> None:
    # Small chunks are the search for a record that kills: they do not end it.
    calm = {"crashes": 0} if len(plans) >= CHUNK or held.crashes == 1 else {}
    runs.hold(held, position=plans[-1].seq, **calm)
    rows.make_room()
    policy.forget()

    def apply(_work: Work, good: list[Plan]) -> list[Result]:
        with history.by("import", actor=work.actor, run_id=held.run_id):
            return work.apply(good, dry_run=False)

    ledger.record(held.run_id, plans, settle(plans, lambda good: _permitted(work, good, apply)))
    runs.seal(held)
    after_commit(lambda: publish(held.run_id))


def _read(run: Run, source: Source, work: Work, size: int, position: int = 0, first: int = 0) -> Iterator[list[Plan]]:
    """The plans of a file in chunks; of a large one, where the importer can, by a process that reads ahead."""
    chunks = _chunks(_plans(source, work), size, position, first)
    return ahead(chunks, source) if work.importer.asks_nobody and run.file_size > WORTH_BYTES else chunks


def _plans(source: Source, work: Work) -> Iterator[Plan]:
    """Plans in the order of the file. A key that comes again is the same record (counted so), or a contradiction."""
    seen: dict[str, tuple[int, int]] = {}
    is_prepared = type(work).ready is not Work.ready
    for plans in importers.planned(source, work):
        if not _all_new(plans, seen):
            for plan in plans:
                _look_for_repeats(plan, seen)
        for plan in plans:
            if plan.errors or plan.repeats:
                plan.values = {}
            elif is_prepared:
                work.ready(plan)
            if work.run_id:
                plan.shown = {}  # what is written is only counted
            yield plan


def _all_new(plans: list[Plan], seen: dict[str, tuple[int, int]]) -> bool:
    """Remember a list of records if there is nothing to say of any of them."""
    if len(plans) == 1 or any(plan.errors or not plan.key for plan in plans):
        return False
    keys = {plan.key: (plan.lines[0], _mark(plan.values)) for plan in plans}
    if len(keys) < len(plans) or not seen.keys().isdisjoint(keys):
        return False
    seen.update(keys)
    return True


def _look_for_repeats(plan: Plan, seen: dict[str, tuple[int, int]]) -> None:
    if not plan.key or plan.errors:
        return
    mark = _mark(plan.values)
    first = seen.setdefault(plan.key, (plan.lines[0], mark))
    if first[0] != plan.lines[0]:
        plan.repeats = first[1] == mark
        if plan.repeats:
            plan.sums = {}
        else:
            plan.errors.append(explain("repeated", {"line": first[0]}))


def _mark(values: dict[str, Any]) -> int:
    """By which equal values are known again, without keeping them. Of a time or a choice its own hash is enough."""
    try:
        return hash(tuple(values.values()))
    except TypeError:
        pass  # a list among them
    try:
        return hash(repr([value if type(value) in SHORT else hash(value) for value in values.values()]))
    except TypeError:  # something that has no hash
        return hash(repr(values))


def _chunks(plans: Iterator[Plan], size: int, position: int = 0, first: int = 0) -> Iterator[list[Plan]]:
    """Lists of plans behind the checkpoint. While before it, an empty list now and then, to keep the lease alive.

    :param first: how many the first list holds, when it is another number than that of the others
    """
    chunk: list[Plan] = []
    wanted = first or size
    for plan in plans:
        if plan.seq <= position:
            if plan.seq % CHUNK == 0:
                yield []
            continue
        chunk.append(plan)
        if len(chunk) >= wanted:
            yield chunk
            chunk, wanted = [], size
    if chunk:
        yield chunk
