"""The life of a run: made, checked, started, held by one worker at a time, cancelled. Every change is one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import get_locale, lazy_gettext
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, case, delete, func, or_, select, update

from app.panel.bulk import pulse, store
from app.panel.bulk.models import LEFT_ALONE, BeforeImage, Run, RunItem
from app.panel.bulk.states import FINISHED, WORKING, Outcome, RunKind, RunState
from app.panel.core import clock, notices, policy, rows
from app.panel.core.actor import SYSTEM, owns
from app.panel.core.db import db
from app.panel.core.errors import DomainError, Forbidden, NotFound
from app.panel.core.lease import epoch
from app.panel.core.settings import define, less, setting
from app.panel.core.transaction import transactional

LEASE_SECONDS = 5.0  # whoever holds a run renews it, also between two chunks
STILL_LEASES = 3  # after so many leases PostgreSQL ends the transaction of a worker that stands still within a chunk
COUNTS = {Outcome.NEW: "new", Outcome.CHANGED: "changed", Outcome.SAME: "same", Outcome.REFUSED: "refused"}
MOST_AT_ONCE = 5  # runs of one person that have begun and not ended
STOPPABLE = (*WORKING, RunState.ASKED, RunState.PAUSED)
ROW_COUNTS = {Outcome.CHANGED: "changed", Outcome.SAME: "same", Outcome.REFUSED: "refused", Outcome.SKIPPED: "skipped"}
UNDOABLE = (RunKind.IMPORT, RunKind.OPERATION)
RESOURCE = "bulk.Run"

define(
    "bulk.undo_days", 30, label=lazy_gettext("Operations on many rows can be taken back for"), kind="integer", min=1, max=365,
    unit=lazy_gettext("days"), group=lazy_gettext("Operations on many rows"), loosens=less,
)  # fmt: skip


@dataclass(frozen=True)
class Hold:
    """A run in the hands of this worker; worth nothing once somebody else has raised the fence.

    `tried`: the last item of the chunk in which the worker before this one ended, when `crashes` says that one did.
    """

    run_id: int
    fence: int
    position: int
    crashes: int
    tried: int = 0


class Lost(Exception):
    """The run was cancelled, or another worker has it."""


@transactional
def make(stored: store.Stored, *, actor: Any, params: dict[str, Any] | None = None, importer: str = "") -> Run:
    """A run that only holds a file as yet."""
    run = Run(
        kind=RunKind.IMPORT, state=RunState.DRAFT, importer=importer, file_name=stored.name, file_key=stored.key,
        file_size=stored.size, file_hash=stored.digest, params={**spoken(), **(params or {})}, actor_id=actor.id,
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    return run


def spoken() -> dict[str, str]:
    """What the settings of a run keep of the page on which it was asked for."""
    return {"language": str(get_locale() or "")}


def language_of(run: Run) -> str:
    """In which what is noted of its rows is written: that of the page on which it was asked for."""
    return (run.params or {}).get("language") or notices.language_of(run.actor_id)


def find(run_id: int, *, actor: Any) -> Run:
    """A run of this person, or any run for who oversees them; one that waits also for who may approve it.

    :raises NotFound: also when it is somebody else's
    """
    run = db.session.get(Run, run_id) if 0 < run_id < 2**31 else None
    if run is None or not _may_see(run, actor):
        raise NotFound(_("There is nothing here."))
    return run


def may_see(run_id: int, *, actor: Any) -> bool:
    run = db.session.get(Run, run_id, populate_existing=True)
    return run is not None and _may_see(run, actor)


def _may_see(run: Run, actor: Any) -> bool:
    return owns(actor, run.actor_id) or policy.allowed(actor, "oversee", RESOURCE) or _is_to_approve(run, actor)


def _is_to_approve(run: Run, actor: Any) -> bool:
    """Does it wait for somebody such as this one, or did he approve it?"""
    concerns = run.state is RunState.ASKED or owns(actor, run.approved_by_id)
    return concerns and policy.allowed(actor, "approve", RESOURCE)


@transactional
def configure(run_id: int, *, actor: Any, importer: str | None = None, **params: Any) -> Run:
    """Change how a file is read, before it runs; what was found by a check is void then."""
    run = find(run_id, actor=actor)
    if run.state not in (RunState.DRAFT, RunState.CHECKED, RunState.CHECKING):
        raise DomainError(_("This import has started; it cannot be changed any more."))
    run.params = {**(run.params or {}), **params}
    if importer is not None:
        run.importer = importer
    run.state, run.findings, run.read, run.rows = RunState.DRAFT, {}, 0, 0
    run.fence = (run.fence or 0) + 1
    forget_items(run_id)
    return run


def move(run_id: int, states: tuple[RunState, ...], **values: Any) -> bool:
    """Bring a run from one of these states into another; False when it is in none of them."""
    table = Run.__table__
    statement = update(table).where(table.c.id == run_id, table.c.state.in_(states))
    return bool(db.session.execute(statement.values(version=table.c.version + 1, **values)).rowcount)  # type: ignore[attr-defined]


def demand_room(actor: Any) -> None:
    """One person cannot fill the queue.

    :raises DomainError: for somebody who has as many runs under way as one may have
    """
    mine = select(func.count()).select_from(Run).where(Run.actor_id == actor.id, Run.state.in_(WORKING), Run.begins_at.is_(None))
    if actor.id is not None and (db.session.scalar(mine) or 0) >= MOST_AT_ONCE:
        raise DomainError(_("You have %(n)s runs under way. Wait for one of them, or cancel it.", n=MOST_AT_ONCE))


@transactional
def ask_check(run_id: int, *, actor: Any) -> None:
    find(run_id, actor=actor)
    if not move(run_id, (RunState.DRAFT, RunState.CHECKED), state=RunState.CHECKING, lease_until=0.0, findings={}, read=0):
        raise DomainError(_("This import has started; it cannot be changed any more."))


@transactional
def ask_start(run_id: int, *, actor: Any, unchecked: bool = False) -> None:
    """Let a checked run begin. `unchecked` is for the command line, which counts while it writes."""
    run = find(run_id, actor=actor)
    demand_room(actor)
    ready = (RunState.CHECKED, RunState.DRAFT) if unchecked else (RunState.CHECKED,)
    expected = (run.findings or {}).get("read", 0)
    values = {"state": RunState.QUEUED, "lease_until": 0.0, "read": 0, "rows": 0, "position": 0, "expected": expected}
    if not move(run_id, ready, **values):
        raise DomainError(_("Check the file first."))
    forget_items(run_id)


@transactional
def cancel(run_id: int, *, actor: Any) -> bool:
    """Stop a run between two chunks. What is written stays, and can be undone."""
    find(run_id, actor=actor)
    return move(run_id, STOPPABLE, state=RunState.CANCELLED, finished_at=clock.now(), fence=Run.__table__.c.fence + 1)


@transactional
def discard(run_id: int, *, actor: Any) -> None:
    """Throw away a prepared import that never ran, and its file."""
    run = find(run_id, actor=actor)
    if run.state not in (RunState.DRAFT, RunState.CHECKED):
        raise DomainError(_("Only an import that has not started can be thrown away."))
    store.forget(run.file_key)
    db.session.execute(delete(Run.__table__).where(Run.__table__.c.id == run_id))


@transactional
def take(run_id: int) -> Hold | None:
    """Take up a run whose lease is free; None when somebody has it, it is finished, or its time has not come."""
    table = Run.__table__
    row = db.session.execute(
        update(table)
        .where(table.c.id == run_id, table.c.state.in_(WORKING), table.c.lease_until < epoch(), _is_due())
        .values(fence=table.c.fence + 1, crashes=table.c.crashes + 1, lease_until=epoch() + LEASE_SECONDS,
                started_at=_begun(), taken_at=clock.now(), taken_read=table.c.read,
                version=table.c.version + 1)
        .returning(table.c.fence, table.c.position, table.c.crashes, table.c.tried)
    ).first()
    if row is None:
        return None
    move(run_id, (RunState.QUEUED,), state=RunState.RUNNING)
    return Hold(run_id, row.fence, row.position, row.crashes, row.tried)


def _begun() -> Any:
    """When a run began. To be looked at by a worker is no beginning: it may wait for a time or a second person after that."""
    table = Run.__table__
    return case((table.c.state == RunState.CHECKING, table.c.started_at), else_=func.coalesce(table.c.started_at, clock.now()))


def hold(held: Hold, **values: Any) -> None:
    """The first statement of every chunk: still mine? Writes `values` and renews the lease.

    :raises Lost: when not; the transaction is then rolled back with everything in it
    """
    do_not_stand_still()
    table = Run.__table__
    done = db.session.execute(
        update(table)
        .where(table.c.id == held.run_id, table.c.fence == held.fence, table.c.state.in_(WORKING))
        .values(lease_until=epoch() + LEASE_SECONDS, version=table.c.version + 1, **values)
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        raise Lost


def do_not_stand_still() -> None:
    """Said before a run is locked: nobody could take it up from a worker that was frozen with its row in hand."""
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        still = int(STILL_LEASES * LEASE_SECONDS * 1000)
        connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {still}")


def seal(held: Hold, **values: Any) -> None:
    """The last statement of every chunk: a worker that stood still meanwhile commits nothing. However long the chunk took,
    its lease is whole when others can see the run again.

    :raises Lost: when the process was frozen
    """
    if pulse.stood_still():
        raise Lost
    hold(held, **values)


@transactional
def renew(held: Hold, **values: Any) -> None:
    rows.make_room()  # or the connection of the pulse copies SQLite's log back in the midst of a run, which left that for later
    hold(held, **values)


@transactional
def finish(held: Hold, state: RunState, **values: Any) -> None:
    hold(held, state=state, finished_at=clock.now(), crashes=0, **values)
    move(held.run_id, (state,), lease_until=0.0)


@transactional
def release(held: Hold) -> None:
    """Let go of a run that could not be worked on; whoever comes next need not wait for the lease."""
    table = Run.__table__
    mine = (table.c.id == held.run_id) & (table.c.fence == held.fence)
    db.session.execute(update(table).where(mine).values(lease_until=0.0))


def silent(states: Sequence[RunState] = WORKING, limit: int = 50) -> list[int]:
    """Runs that should be worked on and are not: their worker died, or their bell was lost."""
    table = Run.__table__
    query = select(table.c.id).where(table.c.state.in_(states), table.c.lease_until < epoch(), _is_due())
    return list(db.session.scalars(query.order_by(table.c.id).limit(limit)))


def _is_due() -> ColumnElement[bool]:
    begins_at = Run.__table__.c.begins_at
    return or_(begins_at.is_(None), begins_at <= clock.now())


def actor_of(run: Run) -> Any:
    """Who asked for the run; a run of the command line is the system's.

    :raises Forbidden: when the person has been switched off since
    """
    if run.actor_id is None:
        return SYSTEM
    user = db.session.get(User, run.actor_id)
    if user is None or not user.is_active:
        raise Forbidden(_("The person who started this is no longer active."))
    return user


def items(run_id: int, outcome: Outcome | None = None, *, after: int = 0, limit: int = 100) -> list[RunItem]:
    query = select(RunItem).where(RunItem.run_id == run_id, RunItem.seq > after).order_by(RunItem.seq).limit(limit)
    if outcome is not None:
        query = query.where(with_outcome(outcome))
    return list(db.session.scalars(query))


def with_outcome(outcome: Outcome) -> ColumnElement[bool]:
    """The items that came to this end; those that were left alone are found by their index."""
    one = RunItem.__table__.c.outcome == outcome.value
    return LEFT_ALONE & one if outcome in (Outcome.REFUSED, Outcome.SKIPPED) else one  # type: ignore[return-value]


@transactional
def forget_items(run_id: int) -> None:
    """What a check has refused is void once the file is checked again, read in another way, or written."""
    db.session.execute(delete(RunItem).where(RunItem.run_id == run_id))


def forget_images(run_id: int) -> None:
    db.session.execute(delete(BeforeImage).where(BeforeImage.run_id == run_id))


def can_undo(run: Run) -> bool:
    has_effect = run.kind in UNDOABLE and run.state in FINISHED and bool(run.new or run.changed)
    return has_effect and not run.is_undone and (run.kind is RunKind.IMPORT or _is_kept(run))


def _is_kept(run: Run) -> bool:
    """Can the effect of an operation be taken back, and is it not too long ago?"""
    ended = run.finished_at or clock.now()
    return bool((run.params or {}).get("undo")) and ended > clock.now() - clock.days(setting("bulk.undo_days"))


def undone_by(run_id: int) -> Run | None:
    """The undo of a run that is asked for, under way, paused or done."""
    query = select(Run).where(Run.undo_of_id == run_id, Run.state.in_((*STOPPABLE, RunState.DONE)))
    return db.session.scalars(query.order_by(Run.id.desc())).first()
