"""What it would mean to take a run back, before anything does: how many rows, sums, and the first of them before and after."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Column, ColumnElement, Text, func, literal, select

from app.panel.bulk import images
from app.panel.bulk.engine import expressions
from app.panel.bulk.engine.declaring import Operation
from app.panel.bulk.engine.selecting import ITEMS
from app.panel.bulk.engine.setbased import SetBased
from app.panel.bulk.engine.survey import Survey
from app.panel.bulk.models import Run
from app.panel.bulk.states import Outcome
from app.panel.core.db import db
from app.panel.core.rows import among


def rows_of(operation: Operation) -> Any:
    """The items of a run with their rows, where these are still there."""
    table: Any = operation.model.__table__
    return ITEMS.outerjoin(table, table.c.id == ITEMS.c.row_id)


def moved(run: Run, operation: Operation) -> ColumnElement[bool]:
    """The rows that the run changed and that stay as they are: somebody has changed or deleted them since."""
    return images.changed_by(run.id) & _differs(operation)


def _differs(operation: Operation) -> Any:
    table: Any = operation.model.__table__
    return table.c.id.is_not(None) if operation.rows_go else table.c.id.is_(None) | (table.c.version != ITEMS.c.version)


def findings(run: Run, operation: Operation) -> dict[str, Any]:
    """As it is stored with an undo that somebody has to approve."""
    found = Survey()
    stay = db.session.scalar(select(func.count()).select_from(rows_of(operation)).where(moved(run, operation))) or 0
    found.count(Outcome.CHANGED.value, "", run.changed - stay)
    if stay:
        found.count(Outcome.REFUSED.value, _("It was changed since."), stay)
    if isinstance(operation, SetBased):
        _add_sums(found, run, operation)
    else:
        _turn_sums(found, run)
    whole = (run.findings or {}).get("counts", {}).get(Outcome.CHANGED.value) == run.changed and not stay
    is_sure = isinstance(operation, SetBased) or whole or not found.sums
    return {**found.kept(), "first": _first(run, operation), **({} if is_sure else {"at_most": True})}


def _add_sums(found: Survey, run: Run, operation: SetBased) -> None:
    """Of the rows that go back, as they are now and as they were."""
    values = (run.params or {}).get("values") or {}
    written = operation.written(values)
    for name, one in operation.sums(values).items():
        if not isinstance(one.before, Column) or one.before.key not in written:
            continue
        currency = one.currency if one.currency is not None else literal("", Text)
        was = expressions.from_image(one.before, ITEMS.c.before)
        query = select(currency, func.sum(one.before), func.sum(was)).select_from(rows_of(operation))
        query = query.where(images.changed_by(run.id), ~_differs(operation)).group_by(currency)
        for code, before, after in db.session.execute(query):
            found.sum(name, one.label, code or "", before or 0, after or 0)


def _turn_sums(found: Survey, run: Run) -> None:
    """What was moved moves back; of rows that the run left alone, or that stay now, it is too much."""
    for name, one in ((run.findings or {}).get("sums") or {}).items():
        for code in {*one["before"], *one["after"]}:
            before, after = one["before"].get(code), one["after"].get(code, 0)
            pair = (None, -after) if before is None else (after, before)
            found.sum(name, one["label"], code, *pair)


def _first(run: Run, operation: Operation) -> list[dict[str, Any]]:
    """The first rows of the preview that the run changed, the other way round: as a row stands that nobody changed since, the run
    has left it."""
    told = (run.findings or {}).get("first") or []
    here = among(ITEMS.c.row_id, [row["id"] for row in told])
    query = select(ITEMS.c.row_id, _differs(operation)).select_from(rows_of(operation)).where(images.changed_by(run.id), here)
    changed = {key: bool(differs) for key, differs in db.session.execute(query)} if told else {}
    return [
        {**row, "refused": _("It was changed since.") if changed[row["id"]] else "", "changes": [
            _turned(one) for one in row["changes"] if not changed[row["id"]]
        ]} for row in told if row["id"] in changed
    ]  # fmt: skip


def _turned(one: dict[str, Any]) -> dict[str, Any]:
    turned = {**one, "before": one["after"], "after": one["before"]}
    return {**turned, "stored": _turned(one["stored"])} if "stored" in one else turned
