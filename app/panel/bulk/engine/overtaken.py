"""Rows that somebody has changed since the preview of a run was made: they are left alone, for nobody has seen what would become
of them. What other runs write is none of that: runs over the same rows wait for each other, and whoever starts one is told so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select

from app.panel.bulk.engine.chunks import Piece
from app.panel.core.db import PanelModel, db
from app.panel.core.history import HistoryEntry
from app.panel.core.rows import among


def may_be(piece: Piece) -> ColumnElement[bool] | None:
    """The condition of a row that has to be looked at for it; None when none has to."""
    model: Any = piece.operation.model
    if piece.seen_at is None or not issubclass(model, PanelModel):
        return None
    return model.__table__.c.changed_at > piece.seen_at  # type: ignore[no-any-return]


def known(piece: Piece) -> Piece:
    """The piece with their numbers, asked once its rows are locked. Where the columns that an operation writes are known, only
    those rows count of which somebody has changed one of these. None are known of a run that is planned for a time: it takes
    rows as they are then."""
    model: Any = piece.operation.model
    if (changed := may_be(piece)) is None:
        return piece
    later = select(model.id).where(model.id.in_(piece.keys), changed)
    if not (keys := list(db.session.scalars(later))):
        return piece
    told = select(HistoryEntry.key, HistoryEntry.changes).where(
        HistoryEntry.table == model.__tablename__, among(HistoryEntry.key, keys), HistoryEntry.at > piece.seen_at,
        HistoryEntry.run_id.is_(None), HistoryEntry.by_span.is_(None),
    )  # fmt: skip
    columns = set(piece.operation.written(piece.values))
    mine = {key for key, changes in db.session.execute(told) if not columns or columns & set(changes or ())}
    return replace(piece, overtaken=tuple(sorted(mine)))


def said() -> str:
    return _("It was changed since the preview.")
