"""Asking the index: which rows of a model hold some words, in the fields that a reader may see, as of now.

What was written a moment ago and is not in the index yet is looked at itself, so that a row is found at once after it was
saved and never by what it no longer says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from app.panel.core.changes import Change, ChangeMark
from app.panel.core.db import db
from app.panel.core.finding import storage, words
from app.panel.core.finding.plans import Plan, plan_of
from app.panel.core.rows import among

CONSUMER = "search"
FEW = 2000  # so many rows are named; more are asked for inside the statement
LATEST = 500  # changes that are looked at themselves while the index is behind


@dataclass
class Hits:
    """Rows that were found: named, or, when they are many, by the statement that finds them."""

    model: type[Any]
    keys: set[int] = field(default_factory=set)
    many: Select[Any] | None = None
    pending: set[int] = field(default_factory=set)

    def condition(self, on: Any = None) -> ColumnElement[bool]:
        """The rows among those of the model, or those whose column `on` points at one of them."""
        column = self.model.id if on is None else on
        named = among(column, sorted(self.keys)) if self.keys else false()
        if self.many is None:
            return named
        among_many = column.in_(self.many)
        if not self.pending:
            return among_many  # type: ignore[no-any-return]
        return or_(and_(among_many, ~among(column, sorted(self.pending))), named)


def find(model: type[Any], names: Sequence[str], asked: Sequence[str]) -> Hits:
    """The rows of a model that hold every one of these words in some of these fields."""
    plan = plan_of(model)
    if plan is None or not names or not asked:
        return Hits(model)
    pending = latest_changes(plan)
    live = _live(plan, names, asked, pending)
    statement = storage.documents_with(plan, [plan.letters[name] for name in names], asked)
    if statement is None:
        return Hits(model, live)
    found = list(db.session.scalars(statement.limit(FEW + 1)))
    if len(found) > FEW:
        return Hits(model, live, statement, pending)
    return Hits(model, {*found} - pending | live)


def latest_changes(plan: Plan) -> set[int]:
    """The rows whose change is not in the index yet; the latest of them when it is far behind."""
    mark = select(ChangeMark.change_id).where(ChangeMark.consumer == CONSUMER).scalar_subquery()
    query = select(Change.key).where(Change.table == plan.table, Change.id > func.coalesce(mark, 0))
    return set(db.session.scalars(query.order_by(Change.id.desc()).limit(LATEST)))


def _live(plan: Plan, names: Sequence[str], asked: Sequence[str], pending: set[int]) -> set[int]:
    """Those of the rows that hold the words as they stand now."""
    if not pending:
        return set()
    columns = [getattr(plan.model, name) for name in names]
    rows = db.session.execute(select(plan.model.id, *columns).where(among(plan.model.id, sorted(pending))))
    return {key for key, *values in rows if all(any(value and words.holds(value, word) for value in values) for word in asked)}
