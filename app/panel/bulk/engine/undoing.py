"""Taking a set-based run back by SQL: old values from its items, where a row still stands as the run left it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import Select, Text, case, literal, select

from app.panel.bulk import earlier, images
from app.panel.bulk.engine import chunks, expressions
from app.panel.bulk.engine.chunks import Piece
from app.panel.bulk.engine.selecting import ITEMS
from app.panel.bulk.models import Run
from app.panel.bulk.states import Outcome
from app.panel.core import policy, sets, trailsets
from app.panel.core.db import db

if TYPE_CHECKING:
    from app.panel.bulk.engine.setbased import SetBased

STOOD: Any = ITEMS.alias("stood")  # the items of the run that is taken back


def judge(operation: SetBased, piece: Piece) -> dict[str, int]:
    """Say of each row whether it is taken back; how many by outcome.

    The items are not joined with themselves for it: of those that were frozen a moment ago PostgreSQL has no figures, takes them
    for one, and would go through all items of the run for each of the chunk.
    """
    table = operation.model.__table__
    own = policy.row_condition(piece.actor, operation.model)
    whens: list[tuple[Any, Outcome, Any]] = [
        (table.c.id.is_(None), Outcome.REFUSED, _("It was deleted since.")),
        (STOOD.c.seq.is_(None), Outcome.REFUSED, _("It cannot be taken back.")),
        (table.c.version != STOOD.c.version, Outcome.REFUSED, _("It was changed since.")),
    ]
    if own is not None:
        scoped = select(operation.model.id).where(operation.model.id.in_(piece.keys), piece.near(table.c.id), own)
        whens.append((table.c.id.not_in(scoped), Outcome.SKIPPED, _("It is no longer among your rows.")))
    rows = ITEMS.outerjoin(STOOD, _stood(piece)).outerjoin(table, (table.c.id == ITEMS.c.row_id) & piece.near(table.c.id))
    outcome = case(*((when, outcome.value) for when, outcome, _said in whens), else_=Outcome.CHANGED.value).label("outcome")
    reason = case(*((when, literal(str(said), Text)) for when, _outcome, said in whens), else_=literal("", Text)).label("reason")
    judged = select(ITEMS.c.seq, outcome, reason).select_from(rows).where(piece.items).subquery("judged")
    return chunks.tell(piece, db.session.execute(select(judged).where(judged.c.outcome != Outcome.CHANGED.value)))


def restore(operation: SetBased, piece: Piece, count: int) -> None:
    """Old values back, of `count` rows, with their trail; earlier runs then find the rows as they left them."""
    table = operation.model.__table__
    columns = [table.c[name] for name in operation.written(piece.values)]
    pairs = {column: expressions.from_image(column, STOOD.c.before) for column in columns}
    is_one = piece.span is not None and _is_alike(piece)
    if is_one:
        rows, order = STOOD.join(table, table.c.id == STOOD.c.row_id), STOOD.c.seq
        mine = _at_its_places(piece) & table.c.id.between(*piece.span)
    else:
        rows = ITEMS.join(STOOD, _stood(piece)).join(table, table.c.id == ITEMS.c.row_id)
        mine, order = piece.with_outcome(Outcome.CHANGED), ITEMS.c.seq
    told = select(table.c.id, expressions.differences(pairs)).select_from(rows).where(mine).order_by(order)
    trailsets.record_selected(operation.model, told, verb="update", actor=piece.actor, in_order=True, span=piece.whole)
    if is_one:
        values, where = {one.key: pair for one, pair in pairs.items()}, (table.c.id == STOOD.c.row_id, mine)
    else:
        old = select(table.c.id, *(pair.label(column.key) for column, pair in pairs.items())).select_from(rows).where(mine)
        found = old.subquery("old")
        values, where = {column.key: found.c[column.key] for column in columns}, (table.c.id == found.c.id,)
    sets.change(table, values, *where, actor=piece.actor, count=count)


def follow(operation: SetBased, piece: Piece) -> None:
    """Tell whoever goes by these rows."""
    taken = _taken(piece)
    chunks.feed(piece, taken)
    earlier.let_know(operation.model, taken, piece.undoes)


def _taken(piece: Piece) -> Select[Any]:
    """The numbers of the rows that are taken back."""
    if piece.span is not None:
        key = piece.operation.model.__table__.c.id
        return select(key).where(key.between(*piece.span))
    back = ITEMS.alias("back")
    return select(back.c.row_id).where(piece.of(back), back.c.outcome == Outcome.CHANGED.value)


def _stood(piece: Piece) -> Any:
    """The item in which the run kept how the row of an item stood."""
    is_lite = expressions.dialect() == "sqlite"
    if (is_lite or piece.ends is not None) and _is_alike(piece):  # one by one PostgreSQL would go through all items of the run
        # for each
        same = STOOD.c.seq == ITEMS.c.seq if is_lite else STOOD.c.seq.between(piece.low, piece.high)
        return (STOOD.c.row_id == ITEMS.c.row_id) & same & images.changed_by(piece.undoes, STOOD)
    if is_lite:
        return (STOOD.c.row_id == ITEMS.c.row_id) & images.changed_by(piece.undoes, STOOD)
    # as a bare number it would have PostgreSQL go by the run alone, as above; as one of the item, by row and run
    run_id = ITEMS.c.run_id - (piece.run_id - (piece.undoes or 0))
    return (STOOD.c.row_id == ITEMS.c.row_id) & (STOOD.c.run_id == run_id) & (STOOD.c.outcome == Outcome.CHANGED.value)


def _is_alike(piece: Piece) -> bool:
    """Did the run change all of its rows? Then its items bear the same numbers as those that take them back, for both are in the
    order of the rows; and what other runs have kept of these rows need not be passed over."""
    run = db.session.get_one(Run, piece.undoes)
    return run.changed == run.expected


def _at_its_places(piece: Piece) -> Any:
    return (STOOD.c.run_id == piece.undoes) & STOOD.c.seq.between(piece.low, piece.high)
