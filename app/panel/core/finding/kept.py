"""Conditions on the rows that a search finds, put together once for all questions of the same form: SQLAlchemy takes longer to
put one together than the database to answer it. The words and the numbers of rows are told with the statement."""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    SelectBase,
    and_,
    any_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from app.panel.core import changes
from app.panel.core.finding import asking, nearest
from app.panel.core.rows import among_given
from app.panel.core.types import ListOf


@dataclass(frozen=True)
class Shape:
    """What conditions on rows of a model have in common that differ in their words and numbers alone."""

    model: Any
    form: asking.Question | None  # of what is asked inside the statement; None where rows are named alone
    one_by_one: bool
    names: bool
    has_pending: bool
    dialect: str

    @property
    def by_heart(self) -> bool:
        """Is the way to the rows the same for all words?"""
        return self.form is None or self.one_by_one


@lru_cache(maxsize=500)
def condition(shape: Shape) -> ColumnElement[bool]:
    """It gets `named` and `pending` as lists of numbers, and the words as `Question.values` says them."""
    key = shape.model.id
    named = among_given(key, bindparam("named", type_=ListOf(BigInteger))) if shape.names else false()
    if shape.form is None:
        return named
    many = asking.stands_in(shape.form, asking.later, key) if shape.one_by_one else None
    if many is None:
        many = key.in_(asking.documents(shape.form, asking.later))
    if not shape.has_pending:
        return many
    return or_(and_(many, ~among_given(key, bindparam("pending", type_=ListOf(BigInteger)))), named)


@lru_cache(maxsize=500)
def among_the_first(form: asking.Question, model: Any, order: Any, strides: tuple[int, ...], size: int) -> ColumnElement[bool]:
    """The rows that are found among the first of the list, which is gone along in strides until there are so many; none where
    something that changed waits for the index.

    For PostgreSQL, which reads documents by a list of their numbers in a third of the time of looking up each. Besides the words
    it gets what `changes.newest` gets.
    """
    ((number, held),) = asking.read(form, asking.later)
    by = [one.desc() if order.descending else one.asc() for one in ((order.id,) if order.is_id else (order.column, order.id))]
    rows, begin, parts = select(asking.number_of(form, model.id)).order_by(*by), 0, list[Any]()
    for stride in strides:
        some = rows.offset(_written(begin)).limit(_written(stride)) if begin else rows.limit(_written(stride))
        keys = select((number - _written(form.base)).label("key")).where(number == any_(_array(some)), *held)
        counts = [select(func.count()).select_from(part).scalar_subquery() for part in parts]
        # where a stride meets none at all, a few more will not fill a page
        goes_on = functools.reduce(operator.add, counts).between(_written(1), _written(size - 1)) if counts else _nothing_waits()
        parts.append(keys.where(goes_on).cte(f"stride{len(parts)}"))
        begin += stride
    return model.id == any_(_array(union_all(*(select(part.c.key) for part in parts))))  # type: ignore[no-any-return]


@lru_cache(maxsize=500)
def first_of_few(
    form: asking.Question, model: Any, descending: bool, few: int, size: int, *, in_parts: bool = False
) -> ColumnElement[bool]:  # fmt: skip
    """The first so many of the rows that are found, by the places that their documents know; none where more are found than
    a few, where a document knows no place, or where something that changed waits for the index. For PostgreSQL, as above.

    :param in_parts: the documents in the parts that were written last are read first, and the others only where those do not
        fill the page with rows that stand higher than any other can
    """
    give = asking.later if form.long else asking.unseen
    every, most = asking.ranked(form, give), _written(few + 1)
    if in_parts:
        latest = asking.ranked(form, give, in_parts=True).limit(most).cte("latest")
        last = select(latest.c.rank).order_by(latest.c.rank.desc()).offset(_written(size - 1)).limit(_written(1)).scalar_subquery()
        zones = bindparam("first_zone", type_=Integer), bindparam("last_zone", type_=Integer)
        is_full = func.coalesce(last >= nearest.highest(form, lambda zone: ~zone.between(*zones)), false())
        fills = select(select(is_full.label("fills")).cte("page").c.fills).scalar_subquery()  # looked up once for both
        rest = every.where(~fills).limit(most).cte("rest")
        found = union_all(select(latest).where(fills), select(rest)).cte("found")
    else:
        found = every.limit(most).cte("found")
    known = func.bool_and(found.c.rank.is_not(None)), nearest.is_ranked() > _written(0)
    is_whole = select(and_(func.count() <= _written(few), *known)).scalar_subquery()
    by = [one.desc() if descending else one.asc() for one in (found.c.rank, found.c.key)]
    first = select(found.c.key).where(is_whole, _nothing_waits()).order_by(*by).limit(_written(size))
    return model.id == any_(_array(first))  # type: ignore[no-any-return]


def _nothing_waits() -> ColumnElement[bool]:
    told = changes.newest().subquery("told")  # and not EXISTS, for which PostgreSQL would forget the order and read all of the feed
    return select(func.count()).select_from(told).scalar_subquery() == _written(0)


def _array(keys: SelectBase) -> ColumnElement[Any]:
    return func.array(keys.scalar_subquery(), type_=ARRAY(BigInteger))


def _written(number: int) -> ColumnElement[int]:
    return literal_column(str(number), BigInteger if number > 2**31 else Integer)
