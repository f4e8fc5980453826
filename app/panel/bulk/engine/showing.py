"""What the screens of a run show: figures in words, and only the fields that whoever looks may read."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from flask import current_app, url_for
from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy import select, true

from app.panel.bulk import runs
from app.panel.bulk.engine import approving, backwards, conflicts, declaring, life, naming, origins
from app.panel.bulk.engine.selecting import ITEMS
from app.panel.bulk.models import LEFT_ALONE, Run
from app.panel.bulk.states import FINISHED, WORKING, Outcome, RunKind, RunState
from app.panel.core import clock, money, policy
from app.panel.core.actor import owns
from app.panel.core.db import db
from app.panel.core.rows import among
from app.panel.core.screens.common import row_url
from app.panel.core.tidying import passing

PAGE = 100
READ = 500  # rows that a file is written of at a time
PAGES: dict[RunKind, str] = {}  # the page of a run, of the kinds that other domains work off
WORDS = {
    Outcome.CHANGED: ("will_change", "changed"), Outcome.SAME: ("stay", "same"), Outcome.REFUSED: ("refused", "refused"),
    Outcome.SKIPPED: ("skipped", "skipped"),
}  # fmt: skip


def page_of(run: Run, actor: Any, *, after: int = 0) -> SimpleNamespace:
    """A run of an operation in any state of its life."""
    operation, found = declaring.find(run.operation), run.findings or {}
    left = _items(run, after)
    is_over = run.state in FINISHED
    undone_by = runs.undone_by(run.id)
    list_url, list_title = origins.list_of(run)
    return SimpleNamespace(
        title=naming.headline(run), operation=operation, list_url=list_url, list_title=list_title,
        is_undo=run.kind is RunKind.UNDO, is_over=is_over,
        is_ready=run.state is RunState.CHECKED, is_working=run.state in WORKING, is_paused=run.state is RunState.PAUSED,
        is_looked_at=run.state is RunState.CHECKING, is_planned=is_planned(run),
        counts=counts_of(run), sums=sums(naming.sums(run)), reasons=_reasons(found), first=_first(run, found, actor),
        messages=found.get("messages") or 0, left=left[:PAGE], more=left[PAGE - 1].seq if len(left) > PAGE else 0,
        can_undo=runs.can_undo(run) and undone_by is None, undone_by=undone_by, can_resume=life.can_resume(run),
        can_retry=is_over and run.kind is RunKind.OPERATION and bool(run.refused),
        can_be_undone=run.kind is RunKind.UNDO or bool((run.params or {}).get("undo")), is_mine=owns(actor, run.actor_id),
        waits_for=conflicts.before(run.id, run.resource) if run.state is RunState.QUEUED else None,
        approval=approving.of(run, actor), columns=_columns(run, actor),
        remarks=_remarks(run, operation), follow_ups=_follow_ups(run, actor),
        repeat_url=_repeat_url(run, actor),
        change_url=url_for("bulk_operation.new", action=run.operation, before=run.id) if can_be_changed(run) else "",
    )  # fmt: skip


def is_planned(run: Run) -> bool:
    """Does it wait for the time at which it is to begin?"""
    return run.state is RunState.QUEUED and run.started_at is None and run.begins_at is not None and run.begins_at > clock.now()


def can_be_changed(run: Run) -> bool:
    """Was it only looked at, and is what was answered known?"""
    return run.state is RunState.CHECKED and run.kind is RunKind.OPERATION and bool((run.params or {}).get("typed"))


def _remarks(run: Run, operation: Any) -> list[str]:
    """What is said beside the rows; of an undo, and where those that were refused are tried again, nothing."""
    params = run.params or {}
    if operation is not None and run.kind is RunKind.UNDO and run.state is RunState.ASKED:
        return [_at_most()] if (run.findings or {}).get("at_most") else []
    passed = run.started_at is not None and operation is not None and not operation.remarks_last
    if operation is None or run.kind is RunKind.UNDO or params.get("again") or passed:
        return []
    rows = select(ITEMS.c.row_id).where(ITEMS.c.run_id == run.id)
    return [str(said) for said in operation.remarks(params.get("values") or {}, rows)]


def _repeat_url(run: Run, actor: Any) -> str:
    """Where the same is asked for again and again, where somebody knows how."""
    build = current_app.extensions.get("panel_repeats")
    return str(build(run, actor)) if build is not None else ""


def _follow_ups(run: Run, actor: Any) -> list[Any]:
    is_done = run.kind is RunKind.OPERATION and run.state in FINISHED and run.changed and not run.is_undone
    return declaring.follow_ups(run, actor) if is_done else []


def run_url(run: Run) -> str:
    if run.kind in PAGES:
        return url_for(PAGES[run.kind], run_id=run.id)
    return url_for("bulk_operation.show", run_id=run.id) if run.operation else url_for("bulk_import.show", run_id=run.id)


def under_way(actor: Any) -> list[Run]:
    """The runs of a person that have begun and not ended, and those that wait for his word; not those that wait for their time."""
    states = (*WORKING, RunState.PAUSED, RunState.ASKED)
    come = Run.begins_at.is_(None) | (Run.begins_at <= clock.now()) | (Run.state != RunState.QUEUED)
    query = select(Run).where(Run.actor_id == actor.id, Run.state.in_(states), come).order_by(Run.id.desc()).limit(10)
    return list(db.session.scalars(query))


def counts_of(run: Run) -> list[SimpleNamespace]:
    """Before the start what would be, afterwards what became."""
    ahead = run.state in (RunState.DRAFT, RunState.CHECKING, RunState.CHECKED, RunState.ASKED) or is_planned(run)
    known = (run.findings or {}).get("counts") or {}
    said = {
        "will_change": _("Will change"), "stay": _("Stay as they are"), "refused": _("Refused"), "skipped": _("Skipped"),
        "changed": _("Updated"), "same": _("Same"),
    }  # fmt: skip
    told = [
        SimpleNamespace(
            key=outcome.value, tone=outcome.tone, label=said[words[0] if ahead else words[1]],
            number=known.get(outcome.value, 0) if ahead else getattr(run, runs.ROW_COUNTS[outcome]),
        ) for outcome, words in WORDS.items()
    ]  # fmt: skip
    rest = run.expected - sum(one.number for one in told)
    if run.state in (RunState.PAUSED, *FINISHED) and run.started_at is not None and rest > 0:  # they add up to all that were meant
        told.append(SimpleNamespace(key=Outcome.TODO.value, tone=Outcome.TODO.tone, label=Outcome.TODO.label, number=rest))
    return told


def sums(found: dict[str, Any]) -> list[SimpleNamespace]:
    """Each sum by currency: before, after and the difference, in words."""
    shown = []
    for one in found.values():
        for currency in sorted({*one["before"], *one["after"]}):
            before, after = one["before"].get(currency), one["after"].get(currency, 0)
            shown.append(SimpleNamespace(
                label=one["label"], before=_amount(before, currency) if before is not None else "", after=_amount(after, currency),
                move=_amount(after - (before or 0), currency, sign=True),
            ))  # fmt: skip
    return shown


def _amount(amount: int, currency: str, sign: bool = False) -> str:
    told = money.format(amount, currency) if currency else format_decimal(amount)
    return f"+{told}" if sign and amount > 0 else told


def _reasons(found: dict[str, Any]) -> list[SimpleNamespace]:
    told = found.get("reasons") or ()
    return [SimpleNamespace(outcome=Outcome.of(outcome), reason=reason, rows=rows) for outcome, reason, rows in told]


def _first(run: Run, found: dict[str, Any], actor: Any) -> list[dict[str, Any]]:
    """The first rows before and after; a field that whoever looks may not read is left out."""
    access, operation = policy.fields(actor, run.resource), declaring.find(run.operation)
    return [
        {**row, "changes": [naming.change(operation, one) for one in row["changes"] if access.usable(one["name"])]}
        for row in found.get("first") or ()
    ]


def _columns(run: Run, actor: Any) -> list[tuple[str, str]]:
    """The fields of which the first rows speak: name and label."""
    access = policy.fields(actor, run.resource)
    return [(name, label) for name, label in naming.heads(run).items() if access.usable(name)]


def _items(run: Run, after: int, *, every: bool = False, limit: int = PAGE + 1) -> list[SimpleNamespace]:
    """A page of the rows that were left alone, or of every row, by name."""
    query = select(ITEMS.c.seq, ITEMS.c.row_id, ITEMS.c.outcome, ITEMS.c.reason).where(
        ITEMS.c.run_id == run.id, ITEMS.c.seq > after, true() if every else LEFT_ALONE
    )
    found = db.session.execute(query.order_by(ITEMS.c.seq).limit(limit)).all()
    rows = _rows(run, [item.row_id for item in found])
    return [
        SimpleNamespace(
            seq=item.seq, outcome=Outcome.of(item.outcome), reason=item.reason, key=item.row_id,
            label=str(rows[item.row_id]) if item.row_id in rows else f"#{item.row_id}",
            url=row_url(rows[item.row_id]) if item.row_id in rows else "",
        ) for item in found
    ]  # fmt: skip


def _rows(run: Run, keys: list[int]) -> dict[int, Any]:
    operation = declaring.find(run.operation)
    if operation is None or not keys:
        return {}
    model: Any = operation.model
    return {row.id: row for row in db.session.scalars(select(model).where(among(model.id, keys)))}


def left_alone(run: Run, actor: Any) -> Iterator[list[Any]]:
    """The rows of the file of those that were left alone."""
    return _lines(run, every=False)


def every_row(run: Run) -> Iterator[list[Any]]:
    """What became of each row that was meant."""
    return _lines(run, every=True)


def _lines(run: Run, *, every: bool) -> Iterator[list[Any]]:
    after = 0
    while True:
        with passing():
            items = _items(run, after, every=every, limit=READ)
        for item in items:
            yield [item.key, item.label, item.outcome.label if item.outcome else "", item.reason]
        if not items:
            return
        after = items[-1].seq


def undo_page(run: Run, actor: Any) -> SimpleNamespace:
    """What goes back, and the rows that somebody has changed or deleted since."""
    operation = life.operation_of(run)
    found = backwards.findings(run, operation)
    moved, number = backwards.moved(run, operation), found["counts"].get(Outcome.REFUSED.value, 0)
    joined = select(ITEMS.c.row_id).select_from(backwards.rows_of(operation))
    keys = list(db.session.scalars(joined.where(moved).order_by(ITEMS.c.seq).limit(PAGE))) if number else []
    rows = _rows(run, keys)
    shown = [
        SimpleNamespace(label=str(rows[key]) if key in rows else f"#{key}", url=row_url(rows[key]) if key in rows else "",
                        reason=_("It was changed since.") if key in rows else _("It was deleted since."))
        for key in keys
    ]  # fmt: skip
    turned: Any = SimpleNamespace(findings=found, operation=run.operation, params=run.params, resource=run.resource)
    return SimpleNamespace(
        title=naming.title(run), changed=run.changed - number, moved=number, rows=shown, why=approving.why_undo_waits(run, actor),
        sums=sums(naming.sums(turned)), first=_first(turned, found, actor), columns=_columns(turned, actor),
        remarks=[_at_most()] if found.get("at_most") else [],
    )  # fmt: skip


def _at_most() -> str:
    return _("These sums are of all rows of the run; what stays as it is comes off them.")
