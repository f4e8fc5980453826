"""Taking a set-based run back by SQL: old values from its before-images, where a row still stands as the run left it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import Text, case, literal, select, update

from app.panel.bulk.engine import expressions
from app.panel.bulk.engine.chunks import Piece
from app.panel.bulk.engine.selecting import ITEMS
from app.panel.bulk.models import BeforeImage
from app.panel.bulk.states import Outcome
from app.panel.core import changes, clock, history, policy
from app.panel.core.db import db

if TYPE_CHECKING:
    from app.panel.bulk.engine.setbased import SetBased

IMAGES: Any = BeforeImage.__table__


def judge(operation: SetBased, piece: Piece) -> None:
    """Say of each row whether it is taken back."""
    table = operation.model.__table__
    own = policy.row_condition(piece.actor, operation.model)
    whens: list[tuple[Any, Outcome, Any]] = [
        (table.c.id.is_(None), Outcome.REFUSED, _("It was deleted since.")),
        (table.c.version != IMAGES.c.version, Outcome.REFUSED, _("It was changed since.")),
    ]
    if own is not None:
        scoped = select(operation.model.id).where(operation.model.id.in_(piece.keys), own)
        whens.append((table.c.id.not_in(scoped), Outcome.SKIPPED, _("It is no longer among your rows.")))
    rows = ITEMS.join(IMAGES, _image_of(piece)).outerjoin(table, table.c.id == ITEMS.c.row_id)
    judged = (
        select(
            ITEMS.c.seq,
            case(*((when, outcome.value) for when, outcome, _s in whens), else_=Outcome.CHANGED.value).label("outcome"),
            case(*((when, literal(str(said), Text)) for when, _o, said in whens), else_=literal("", Text)).label("reason"),
        ).select_from(rows).where(piece.items).subquery("judged")
    )  # fmt: skip
    mine = (ITEMS.c.run_id == piece.run_id) & (ITEMS.c.seq == judged.c.seq)
    db.session.execute(update(ITEMS).where(mine).values(outcome=judged.c.outcome, reason=judged.c.reason))


def restore(operation: SetBased, piece: Piece) -> None:
    """Old values back, with their trail; earlier runs then find the rows as they left them."""
    table = operation.model.__table__
    columns = [table.c[name] for name in operation.written(piece.values)]
    pairs = {column: expressions.from_image(column, IMAGES.c.before) for column in columns}
    rows = ITEMS.join(IMAGES, _image_of(piece)).join(table, table.c.id == ITEMS.c.row_id)
    mine = piece.with_outcome(Outcome.CHANGED)
    told = select(table.c.id, expressions.differences(pairs)).select_from(rows).where(mine)
    history.record_selected(operation.model, told, verb="update", actor=piece.actor)
    old = select(table.c.id, *(pair.label(column.key) for column, pair in pairs.items())).select_from(rows).where(mine)
    found = old.subquery("old")
    db.session.execute(
        update(table).where(table.c.id == found.c.id)
        .values(**{column.key: found.c[column.key] for column in columns}, version=table.c.version + 1,
                changed_at=clock.now(), changed_by_id=piece.actor.id)
    )  # fmt: skip
    changes.record_selected(operation.model, select(ITEMS.c.row_id).where(mine))
    _known_to_earlier_runs(table, piece)


def _known_to_earlier_runs(table: Any, piece: Piece) -> None:
    """A run before the one that is taken back can be taken back as well, though the version of the row has gone on."""
    earlier = IMAGES.alias("earlier")
    taken = select(ITEMS.c.row_id).where(piece.with_outcome(Outcome.CHANGED))
    now = select(table.c.version).where(table.c.id == earlier.c.row_id).scalar_subquery()
    # the row stood at its version less two before the run and its undo: what an earlier run left is no younger
    db.session.execute(
        update(earlier)
        .where(earlier.c.table == table.name, earlier.c.row_id.in_(taken), earlier.c.run_id != piece.undoes)
        .where(earlier.c.version <= now - 2)
        .values(version=now)
    )


def _image_of(piece: Piece) -> Any:
    """The image that the run left of the row of an item."""
    table = piece.operation.model.__tablename__
    # the number of a run is no bare column here: SQLite would read all images of the run for each of its rows
    of_the_run = IMAGES.c.run_id + 0 == piece.undoes
    return (IMAGES.c.table == table) & (IMAGES.c.row_id == ITEMS.c.row_id) & of_the_run
