"""A piece of a run: the items from one number to another, and what is known of them."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, Text, bindparam, func, literal, select, true, tuple_, update

from app.panel.bulk.engine.selecting import ITEMS, Selection
from app.panel.bulk.states import Outcome
from app.panel.core import changes
from app.panel.core.db import db
from app.panel.core.sets import by_range, is_postgresql

if TYPE_CHECKING:
    from app.panel.bulk.engine.declaring import Operation


@dataclass(frozen=True)
class Piece:
    """Items `low` to `high` of a run. `undoes`: the run whose effect is taken back. `seen_at`: when its preview was made; rows that
    somebody has changed since stand in `overtaken` once they are locked."""

    operation: Operation
    run_id: int
    low: int
    high: int
    actor: Any
    values: dict[str, Any]
    selection: Selection
    undoes: int | None = None
    seen_at: dt.datetime | None = None
    overtaken: tuple[int, ...] = ()
    span: tuple[int, int] | None = None  # from which number to which these rows are all that the table has
    ends: tuple[int, int] | None = None  # on PostgreSQL: from which number to which they lie, where no others can lie between
    in_one_view: bool = False  # does its transaction see the database all along as it was when it began?

    @property
    def size(self) -> int:
        return self.high - self.low + 1

    @property
    def is_whole(self) -> bool:
        """Is no number missing in its span?"""
        return self.span is not None and self.span[1] - self.span[0] + 1 == self.size

    @property
    def whole(self) -> tuple[int, int] | None:
        """Its span, where no number is missing in it."""
        return self.span if self.is_whole else None

    @property
    def items(self) -> ColumnElement[bool]:
        """The condition of the items of this piece."""
        return self.of(ITEMS)

    def of(self, items: Any) -> ColumnElement[bool]:
        """The same over an alias of the items."""
        return (items.c.run_id == self.run_id) & items.c.seq.between(self.low, self.high)  # type: ignore[no-any-return]

    @property
    def keys(self) -> Select[Any]:
        """The numbers of its rows."""
        return select(ITEMS.c.row_id).where(self.items)

    def near(self, key: ColumnElement[int]) -> ColumnElement[bool]:
        """What is said of a number beside that it is one of an item: then both tables are read as ranges."""
        return key.between(*self.ends) if self.ends else true()

    def with_outcome(self, outcome: Outcome) -> ColumnElement[bool]:
        return self.items & (ITEMS.c.outcome == outcome.value)


def spanned(piece: Piece) -> Piece:
    """The piece, once it is known that all its rows change, with its span where it has one: then nothing that is done with them
    needs to ask the items for their numbers. Items are in the order of these, and name none twice."""
    if is_postgresql():
        return replace(piece, span=piece.ends)
    count, table, (low, high) = piece.size, piece.operation.model.__table__, _ends(piece)
    if high - low + 1 != count:
        there = select(table.c.id).where(table.c.id.between(low, high)).limit(count + 1).subquery()
        if db.session.scalar(select(func.count()).select_from(there)) != count:
            return piece
    return replace(piece, span=(low, high))


@contextlib.contextmanager
def side_by_side(piece: Piece) -> Iterator[Piece]:
    """The piece with its ends, and its items joined with their rows as one range with another. PostgreSQL has no figures of items
    that were frozen a moment ago: it takes them for one, and would look up the row of each by itself.

    Nothing may be missing between the ends: what somebody has numbered, but not committed yet, would come in between.
    """
    if not is_postgresql():
        yield piece
        return
    low, high = _ends(piece)
    if high - low + 1 != piece.size:
        yield piece
        return
    with by_range():
        yield replace(piece, ends=(low, high))


def _ends(piece: Piece) -> tuple[int, int]:
    ends = select(ITEMS.c.row_id).where(ITEMS.c.run_id == piece.run_id, ITEMS.c.seq.in_((piece.low, piece.high)))
    found = sorted(db.session.scalars(ends.order_by(ITEMS.c.seq)))
    return found[0], found[-1]


def counts(piece: Piece) -> dict[str, int]:
    """How many items of a piece have come to which end."""
    query = select(ITEMS.c.outcome, func.count()).where(piece.items).group_by(ITEMS.c.outcome)
    return dict(db.session.execute(query).tuples().all())


def change(piece: Piece, *meant: Any, **stood: Any) -> int:
    """Write down that rows of a piece change, by one statement over its range; how many they are.

    :param stood: what else an item of such a row holds, from the tables that `meant` joins with it
    """
    statement = update(ITEMS).where(piece.items, *meant).values(outcome=Outcome.CHANGED.value, reason="", **stood)
    return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]


def change_each(piece: Piece, *meant: Any, **stood: Any) -> int:
    """The same on SQLite, where each item looks its own row up. Of items that are joined with their rows it would lay out all that
    is written in a table of its own, and then go through that. A row that is not meant gives nothing, and its item stays."""
    told = {"outcome": literal(Outcome.CHANGED.value, Text), **stood}
    columns = tuple_(*(ITEMS.c[name] for name in told))
    its = select(*told.values()).where(*meant).correlate(ITEMS).scalar_subquery()
    statement = update(ITEMS).prefix_with("OR IGNORE").where(piece.items).values({columns: its})
    return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]


def tell(piece: Piece, others: Iterable[Any], *meant: Any, known: int = 0, **stood: Any) -> dict[str, int]:
    """Write down that the rows of a piece change, and behind it what becomes of those that do not, (`seq`, outcome, reason) each;
    how many by outcome.

    :param known: of how many rows it is written down already that they change
    """
    left = [{"at": seq, "now": end, "why": why} for seq, end, why in others]
    if len(left) + known < piece.size:
        change(piece, *meant, **stood)
    if left:
        one = (ITEMS.c.run_id == piece.run_id) & (ITEMS.c.seq == bindparam("at"))
        ends = {"outcome": bindparam("now"), "reason": bindparam("why"), **dict.fromkeys(stood)}
        db.session.connection().execute(update(ITEMS).where(one).values(ends), left)
    found = Counter(one["now"] for one in left)
    found[Outcome.CHANGED.value] = piece.size - len(left)
    return dict(found)


def feed(piece: Piece, ids: Select[Any]) -> None:
    """Tell the feed of the rows of a piece that have changed, whose numbers a query gives."""
    model: Any = piece.operation.model
    if piece.span is not None and piece.is_whole:
        changes.record_range(model, *piece.span)
    else:
        changes.record_selected(model, ids)


def refuse_all(piece: Piece, reason: str) -> dict[str, int]:
    """Leave the rows of a piece alone, and say why."""
    db.session.execute(update(ITEMS).where(piece.items).values(outcome=Outcome.REFUSED.value, reason=reason))
    return counts(piece)


def lock(piece: Piece) -> None:
    """Nobody changes these rows until the chunk is committed: what its history says of before is then what stood there.

    In one view they need no lock, which to PostgreSQL is a write of each: whoever changes one meanwhile makes it begin anew.
    """
    if not is_postgresql() or piece.in_one_view:
        return  # the writer's lock is ours
    model: Any = piece.operation.model
    locked = select(model.id).where(model.id.in_(piece.keys)).order_by(model.id).with_for_update().subquery()
    db.session.execute(select(func.count()).select_from(locked))


def one_view() -> bool:
    """Said first in a transaction: let all of its statements see the database as it is now. A row that others change after
    that cannot be changed in it, it fails and is done again. Does it hold? Only PostgreSQL has to be told, and not in the
    midst of a transaction."""
    connection = db.session.connection()
    if connection.dialect.name != "postgresql":
        return True
    if connection.connection.driver_connection.info.transaction_status:  # type: ignore[union-attr]
        return False
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    return True


def gone() -> str:
    return _("It is no longer there, or no longer among your rows.")


def unmatched() -> str:
    return _("It no longer matches what was chosen.")
