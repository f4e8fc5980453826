"""Asking the index: which rows of a model hold some words, in the fields that a reader may see, as of now.

What was written a moment ago and is not in the index yet is looked at itself, so that a row is found at once after it was
saved and never by what it no longer says.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, false, or_, select

from app.panel.core import changes
from app.panel.core.db import db
from app.panel.core.finding import asking, kept, nearest, storage, words
from app.panel.core.finding.plans import Plan, plan_of, plans
from app.panel.core.rows import among

CONSUMER = "search"
FEW = 2000  # so many rows are named; more are asked for inside the statement
LOOKED_AT = 500  # latest rows that tell how many of all are found
DENSE = 0.01  # of the latest rows; where more are found, going along the list is faster
STRIDES = (500, 1000, 2500)  # rows from the first of a list on that are looked at for words of one character
LATEST = 500  # changes that are looked at themselves while the index is behind
_waiting: contextvars.ContextVar[dict[str, set[int]] | None] = contextvars.ContextVar("waiting", default=None)


@dataclass
class Hits:
    """Rows that were found: named, or, when they are many, by the statement that finds them."""

    model: type[Any]
    keys: set[int] = field(default_factory=set)
    many: asking.Question | None = None
    one_by_one: bool = False  # so many that they are met in going along the list
    pending: set[int] = field(default_factory=set)

    def condition(self, on: Any = None) -> ColumnElement[bool]:
        """The rows among those of the model, or those whose column `on` points at one of them."""
        column = self.model.id if on is None else on
        named = among(column, sorted(self.keys)) if self.keys else false()
        if self.many is None:
            return named
        give = asking.now(self.many)
        goes_along = self.one_by_one and on is None
        among_many = asking.stands_in(self.many, give, column) if goes_along else column.in_(asking.documents(self.many, give))
        if not self.pending:
            return among_many  # type: ignore[no-any-return]
        return or_(and_(among_many, ~among(column, sorted(self.pending))), named)

    def told(self) -> tuple[kept.Shape, dict[str, Any]]:
        """The form of the condition, and the values that are told with it."""
        dialect, pending = db.session.connection().dialect.name, bool(self.pending)
        if self.many is None:
            return kept.Shape(self.model, None, False, True, False, dialect), {"named": sorted(self.keys)}
        shape = kept.Shape(self.model, self.many.form(), self.one_by_one, pending, pending, dialect)
        return shape, self.many.values() | {"named": sorted(self.keys), "pending": sorted(self.pending)}


def find(model: type[Any], names: Sequence[str], asked: Sequence[str], *, in_order: bool = False) -> Hits:
    """The rows of a model that hold every one of these words in some of these fields.

    :param in_order: a page of rows is wanted in the order of a list, so that when almost every row is found it is better to
        go along the list until the page is full than to find all rows first and sort them
    """
    plan = plan_of(model)
    if plan is None or not names or not asked:
        return Hits(model)
    letters, waiting = [plan.letters[name] for name in names], _waiting.get()
    question = asking.Question.of(plan, letters, asked)
    if question is None:
        return Hits(model, _live(plan, names, asked, latest_changes(plan)))
    looks = in_order and max(map(len, asked)) == 1  # there may be so many that naming some costs more than a look
    found = asking.first(
        question, FEW + 1, watched=(CONSUMER, plan.table, LATEST) if waiting is None else None,
        dense=(LOOKED_AT, DENSE) if looks else None,
    )  # fmt: skip
    pending = found.changed if waiting is None and found.changed is not None else latest_changes(plan)
    live = _live(plan, names, asked, pending)
    if not found.is_dense and len(found.keys) <= FEW:
        return Hits(model, {*found.keys} - pending | live)
    dense = found.is_dense or (in_order and not looks and asking.share_of_latest(question, LOOKED_AT) > DENSE)
    return Hits(model, live, question, dense, pending)


@dataclass(frozen=True)
class FirstPage:
    """A condition on the rows of a first page, in one statement with them."""

    condition: ColumnElement[bool]
    values: dict[str, Any]  # which are told with it
    answers: Callable[[list[Any], bool], bool]  # do these rows, and perhaps more, answer? They do so whole or not at all
    by_heart: bool


def first_page(model: type[Any], names: Sequence[str], asked: Sequence[str], order: Any, size: int) -> FirstPage | None:
    """None where there is no such way.

    :param order: of the list, a `paging.Order` by a column of the row that an index keeps in order
    :param size: one row more than are shown
    """
    plan = plan_of(model)
    if plan is None or not names or not asked or _waiting.get() is not None or order.join is not None or order.has_empty:
        return None
    question = asking.Question.of(plan, [plan.letters[name] for name in names], asked)
    if question is None:
        return None
    in_place = order.field.name == plan.rank
    if question.on_sqlite:
        return _newest(plan, names, asked, question, size) if in_place and order.descending else None
    goes_along = max(map(len, asked)) == 1
    if not goes_along and not in_place:
        return None
    values = question.values() | {"consumer": CONSUMER, "table": plan.table, "most": 1}
    table, form = cast(Hashable, model), question.form()
    if goes_along:
        return FirstPage(kept.among_the_first(form, table, order, STRIDES, size), values, lambda _rows, more: more, True)
    parts = nearest.latest_parts(question) if order.descending and question.short and not question.long else None
    values |= nearest.ranked_as(plan) | (nearest.of_parts(question, *parts) if parts else {})
    condition = kept.first_of_few(form, table, order.descending, FEW, size, in_parts=parts is not None)
    return FirstPage(condition, values, lambda rows, _more: bool(rows), not question.long)


def _newest(plan: Plan, names: Sequence[str], asked: Sequence[str], question: asking.Question, size: int) -> FirstPage | None:
    """The page among the documents that were written last."""
    found = nearest.newest(question, plan, nearest.PAGES * size, consumer=CONSUMER, latest=LATEST)
    highest = found.highest
    pending = found.changed if found.changed is not None else latest_changes(plan)
    if not found.is_all and (highest is None or len(pending) >= LATEST):  # of rows that wait, nobody knows their places
        return None
    shape, values = Hits(plan.model, {*found.keys} - pending | _live(plan, names, asked, pending)).told()

    def answers(rows: list[Any], more: bool) -> bool:
        if found.is_all or not more or highest is None:
            return found.is_all
        last = storage.place(getattr(rows[-1], plan.rank))
        return last is not None and last >= highest

    return FirstPage(kept.condition(shape), values, answers, shape.by_heart)


def latest_changes(plan: Plan) -> set[int]:
    """The rows whose change is not in the index yet; the latest of them when it is far behind."""
    waiting = _waiting.get()
    return set(waiting.get(plan.table, ())) if waiting is not None else {key for _table, key in _latest([plan.table])}


def _latest(tables: Iterable[str]) -> list[tuple[str, int]]:
    return [(change.table, change.key) for change in changes.latest(CONSUMER, tables, LATEST)]


@contextlib.contextmanager
def looked_once() -> Iterator[bool]:
    """Ask once, and not for each table, what is not in the index yet; tells whether that is more than is looked at."""
    found = _latest(plan.table for plan in plans().values())
    by_table: dict[str, set[int]] = {}
    for table, key in found:
        by_table.setdefault(table, set()).add(key)
    token = _waiting.set(by_table)
    try:
        yield len(found) == LATEST
    finally:
        _waiting.reset(token)


def likely(places: Iterable[tuple[type[Any], Sequence[str]]], asked: Sequence[str]) -> set[type[Any]]:
    """The models, each with its fields, in which anything can be found at all: one statement for all of them."""
    known = [(plan, names) for model, names in places if names and (plan := plan_of(model)) is not None]
    fresh = {plan.model for plan, _names in known if latest_changes(plan)}
    asks = [(plan, [plan.letters[name] for name in names]) for plan, names in known if plan.model not in fresh]
    numbers = asking.anywhere(asks, asked)
    return fresh | {plan.model for plan, _letters in asks if plan.number in numbers}


def _live(plan: Plan, names: Sequence[str], asked: Sequence[str], pending: set[int]) -> set[int]:
    """Those of the rows that hold the words as they stand now."""
    if not pending:
        return set()
    columns = [getattr(plan.model, name) for name in names]
    rows = db.session.execute(select(plan.model.id, *columns).where(among(plan.model.id, sorted(pending))))
    return {key for key, *values in rows if all(any(value and words.holds(value, word) for value in values) for word in asked)}
