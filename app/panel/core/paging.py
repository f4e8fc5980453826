"""Pages by key: a page begins behind a row and its value, not after so many rows that would have to be counted off.

Where a page begins stands in the address, readable and in the words of the column that orders the list:

    after=815.2026-11-21T10:00:00+00:00     behind the row no. 815, which was placed then (`before`: in front of it)
    after=815                               the same where that row's value is empty
    from=2026-11-01                         at the first row of that value: where somebody jumped to
    last=1                                  the last page

Rows without a value come last in both directions, on SQLite as on PostgreSQL, and the number of the row decides between
equals: so the order is total, and no row stands on two pages however many are added meanwhile.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Integer, Numeric, Select, and_, literal, literal_column, select, tuple_
from sqlalchemy.orm import aliased

from app.panel.core import clock, policy
from app.panel.core.db import db
from app.panel.core.errors import BadRequest
from app.panel.core.fields import FieldSpec, spec
from app.panel.core.types import MAX_BIGINT

NAMES = ("after", "before", "from", "last")
LONGEST, HIGHEST_ID = 1000, 2**31 - 1
# a jump asks for what a person can type; the others are chosen by a filter
JUMPS = frozenset({"text", "code", "phone", "email", "url", "integer", "number", "money", "date", "instant"})


@dataclass(frozen=True)
class Place:
    """Where a page begins: `kind` is one of NAMES, or nothing for the first page; `text` is what the address says."""

    kind: str = ""
    text: str = ""

    def words(self) -> dict[str, str]:
        return {self.kind: self.text} if self.kind else {}


FIRST, LAST = Place(), Place("last", "1")
Key = tuple[Any, int]  # the value of the column and the number of the row


@dataclass(frozen=True, eq=False)
class Order:
    """By which column a list is ordered. `join`: how a related row is reached whose column that is."""

    field: FieldSpec
    column: Any
    id: Any
    descending: bool
    has_empty: bool
    join: tuple[Any, ColumnElement[bool]] | None = None

    @property
    def is_id(self) -> bool:
        return self.join is None and self.field.name == "id"

    @property
    def can_jump(self) -> bool:
        return self.field.kind in JUMPS


@dataclass
class Slice:
    """The rows of a page, and how one goes on from it."""

    rows: list[Any]
    before: Place | None  # the page before, or None on the first
    after: Place | None


def order_of(model: type[Any], sort: str, actor: Any) -> Order:
    """The order that a list is asked for: `-placed_at`, `customer.name`. A related row that is not the reader's counts as
    none, so that the order tells nothing of it."""
    name, _dot, tail = sort.removeprefix("-").partition(".")
    field, descending, number = spec(model, name), sort.startswith("-"), model.id  # type: ignore[attr-defined]
    if not tail:
        return _own_order(field, number, descending)
    kind: Any = field.target
    row: Any = aliased(kind)
    mine = and_(row.id == field.column, field.column.in_(policy.scope(select(kind.id), actor, kind)))
    related = spec(kind, tail)
    return Order(related, getattr(row, related.name), number, descending, True, (row, mine))


@functools.cache
def _own_order(field: FieldSpec, number: Any, descending: bool) -> Order:
    """The same object for the same column, so that statements are found again by it."""
    nullable = field.name != "id" and bool(field.column.property.columns[0].nullable)
    return Order(field, field.column, number, descending, nullable)


def read(args: Mapping[str, Any], order: Order) -> Place:
    """Where a page begins, from its address.

    :raises BadRequest: for what no page of ours asks for
    """
    if (args.get("page") or "1") != "1":
        raise BadRequest(_("Pages have no numbers. Go on from the first page."))
    given = [name for name in NAMES if args.get(name)]
    if not given:
        return FIRST
    place = Place(given[0], args[given[0]])
    if len(given) > 1 or len(place.text) > LONGEST or "\x00" in place.text or (place.kind == "last" and place != LAST):
        raise BadRequest(_("This page cannot be found. Go to the first page."))
    if place.kind == "from":
        if not order.can_jump:
            raise BadRequest(_("Nobody can jump to a value of “%(name)s”.", name=order.field.label))
        _jump(order, place.text)
    elif place.kind != "last":
        key_of(order, place.text)
    return place


def key_of(order: Order, text: str) -> Key:
    """The value and the number that an address names.

    :raises BadRequest: when it is none of ours
    """
    number, dot, value = text.partition(".")
    if not number.isascii() or not number.isdecimal() or len(number) > 10 or int(number) > HIGHEST_ID:
        raise BadRequest(_("This page cannot be found. Go to the first page."))
    if order.is_id and not dot:
        return int(number), int(number)
    try:
        if order.is_id or not (dot or order.has_empty):
            _refuse(text)
        return _value(order.field, value) if dot else None, int(number)
    except (ValueError, InvalidOperation) as error:
        raise BadRequest(_("This page cannot be found. Go to the first page.")) from error


def _value(field: FieldSpec, text: str) -> Any:
    """What `_text` wrote; a value that the column could not hold is refused here and not by the database."""
    if field.choices is not None:
        if (member := field.choices.of(text)) is None:
            raise ValueError(text)
        return member
    if field.kind == "bool":
        return {"1": True, "0": False}[text] if text in ("0", "1") else _refuse(text)
    if field.kind == "instant":
        instant = dt.datetime.fromisoformat(text)
        return instant if instant.utcoffset() is not None and 1 < instant.year < 9999 else _refuse(text)
    if field.kind == "date":
        return dt.date.fromisoformat(text)
    kind = field.column.property.columns[0].type
    if isinstance(kind, Numeric):
        number = Decimal(text)
        return number if number.is_finite() and abs(number) < 10 ** (field.digits[0] - field.digits[1]) else _refuse(text)
    if field.kind in ("integer", "money", "ref", "file"):
        return _whole(text, HIGHEST_ID if type(kind) is Integer else MAX_BIGINT)
    return text


def _whole(text: str, highest: int) -> int:
    digits = text.removeprefix("-")
    known = digits.isascii() and digits.isdecimal() and len(digits) < 20 and int(digits) <= highest
    return int(text) if known else int(_refuse(text))


def _refuse(text: str) -> Any:
    raise ValueError(text)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(getattr(value, "value", value))


def _place(kind: str, order: Order, value: Any, number: int) -> Place:
    return Place(kind, str(number) if value is None or order.is_id else f"{number}.{_text(value)}")


def slice_of(
    query: Select[Any], order: Order, place: Place, size: int, *, made: Callable[[Iterable[Any]], list[Any]] | None = None,
    is_kept: bool = False, by_heart: bool = True, values: dict[str, Any] | None = None,
) -> Slice:  # fmt: skip
    """The rows of one page. Where nothing is left in its direction (rows were deleted), the last or the first page is.

    :param query: all rows that are asked for, without order
    :param made: it gives columns, among them the one that orders them, and not whole rows; this makes lines of them
    :param is_kept: it is the same object for every reader, so what is made of it is kept as well
    :param by_heart: the way to its rows is the same whatever is asked for, so it is prepared
    :param values: what its parameters stand for
    """
    if order.join is not None:
        query = query.outerjoin(*order.join)
    part_of = functools.partial(_kept_part, by_heart=by_heart) if is_kept and order.join is None else _part
    rows = functools.partial(_rows, query, order, made=made, part_of=part_of, values=values)
    if place.kind == "before":
        found = rows(key_of(order, place.text), size + 1, backward=True)
        if len(found) > size:
            return _cut(found[size - 1 :: -1], order, True, True)
        place = FIRST  # the rest would be less than a page
    if place.kind in ("after", "from"):
        begin = key_of(order, place.text) if place.kind == "after" else None
        found = rows(begin, size + 1, jump=_jump(order, place.text) if place.kind == "from" else None)
        if found:
            is_first = place.kind == "from" and not rows(_key(order, found[0]), 1, backward=True)
            return _cut(found[:size], order, not is_first, len(found) > size)
        place = LAST
    if place.kind == "last":
        found = rows(None, size + 1, backward=True)
        return _cut(found[:size][::-1], order, len(found) > size, False)
    found = rows(None, size + 1)
    return _cut(found[:size], order, False, len(found) > size)


def beside(query: Select[Any], order: Order, row: Any) -> tuple[Any, Any]:
    """The rows before and after one that need not be among them any more; None where there is none."""
    if order.join is None:
        begin = (getattr(row, order.field.name), row.id)
    else:
        query = query.outerjoin(*order.join)
        here = db.session.execute(query.add_columns(order.column).where(order.id == row.id)).first()
        if here is None:
            return None, None
        begin = (here[1], row.id)
    before, after = (_rows(query, order, begin, 1, backward=backward) for backward in (True, False))
    return before[0][0] if before else None, after[0][0] if after else None


def _cut(found: list[Any], order: Order, has_before: bool, has_after: bool) -> Slice:
    before = _place("before", order, *_key(order, found[0])) if has_before else None
    after = _place("after", order, *_key(order, found[-1])) if has_after else None
    return Slice([row for row, _value in found], before, after)


def _key(order: Order, found: Any) -> Key:
    row, value = found
    return value, row.id


def _rows(
    query: Select[Any], order: Order, begin: Key | None, limit: int, *, backward: bool = False, jump: Any = None,
    made: Callable[[Iterable[Any]], list[Any]] | None = None, part_of: Callable[..., Select[Any]] | None = None,
    values: dict[str, Any] | None = None,
) -> list[tuple[Any, Any]]:
    """(row, value of its column) from somewhere on: first those with a value and then those without, or the other way."""
    if order.join is not None:
        query = query.add_columns(order.column)
    down = order.descending != backward
    zones = [False, True] if order.has_empty else [False]
    if backward:
        zones.reverse()
    if begin is not None and order.has_empty:
        zones = zones[zones.index(begin[0] is None) :]
    found: list[tuple[Any, Any]] = []
    for empty in zones:
        part = (part_of or _part)(query, order, down, empty, limit - len(found))
        if begin is not None and empty == (begin[0] is None):
            part = part.where(_beyond(order, begin, empty, down))
        if jump is not None and not empty:
            part = part.where(jump)
        if made is not None:
            told = made(db.session.connection().execute(part, values).all())  # the session would look at each value once more
            found += [(row, getattr(row, order.field.name)) for row in told]
        elif order.join is None:
            found += [(row, getattr(row, order.field.name)) for row in db.session.scalars(part, values)]
        else:
            found += [(row, value) for row, value in db.session.execute(part, values)]
        if len(found) == limit:
            break
    return found


def _part(query: Select[Any], order: Order, down: bool, empty: bool, limit: int) -> Select[Any]:
    """The first of the rows with a value, or of those without."""
    direct = [one.desc() if down else one.asc() for one in ((order.id,) if order.is_id else (order.column, order.id))]
    # written out, and not a value of its own: PostgreSQL would plan each time anew, for fifty rows or for all of them
    part = query.order_by(*direct).limit(literal_column(str(limit), Integer))
    return part.where(order.column.is_(None) if empty else order.column.is_not(None)) if order.has_empty else part


@functools.lru_cache(maxsize=500)
def _kept_part(query: Select[Any], order: Order, down: bool, empty: bool, limit: int, *, by_heart: bool) -> Select[Any]:
    part = _part(query, order, down, empty, limit)
    return part.execution_options(by_heart=True) if by_heart else part


def _beyond(order: Order, begin: Key, empty: bool, down: bool) -> ColumnElement[bool]:
    value, number = begin
    if empty or order.is_id:
        return order.id < number if down else order.id > number  # type: ignore[no-any-return]
    here = tuple_(order.column, order.id)
    there = tuple_(literal(value, order.column.type), literal(number, order.id.type))
    return here < there if down else here > there


def _jump(order: Order, text: str) -> ColumnElement[bool]:
    """The rows from a value on that somebody typed.

    :raises BadRequest: when it cannot be one
    """
    field = order.field
    try:
        if field.kind in ("instant", "date"):
            day = dt.date.fromisoformat(text.strip())
            if field.kind == "instant":
                first, end = clock.day_span(day, day)
                return order.column < end if order.descending else order.column >= first  # type: ignore[no-any-return]
            value: Any = day
        elif field.kind == "integer":
            value = _whole(text.strip(), HIGHEST_ID)
        else:
            value = field.parse(text.strip())
    except (ValueError, OverflowError) as error:
        raise BadRequest(_("“%(text)s” is no value of “%(name)s”.", text=text[:40], name=field.label)) from error
    if value is None:
        raise BadRequest(_("“%(text)s” is no value of “%(name)s”.", text=text[:40], name=field.label))
    return order.column <= value if order.descending else order.column >= value  # type: ignore[no-any-return]
