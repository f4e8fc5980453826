"""Remarks of the staff, and which of them a run has left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import policy, trailsets
from app.panel.core.db import PanelModel, db
from app.panel.core.errors import InvalidInput
from app.panel.core.history import HistoryEntry
from app.panel.core.transaction import transactional
from app.shop.orders.models import Order, OrderNote

T = TypeVar("T", bound=PanelModel)


@transactional
def add_note(order: Order, body: str, *, actor: Any) -> OrderNote:
    """Write a remark beside an order."""
    policy.authorize(actor, "write", "orders.OrderNote")
    if not body.strip():
        raise InvalidInput({"body": _("This is needed.")})
    note = OrderNote(order=order, body=body.strip(), created_by_id=actor.id)
    db.session.add(note)
    db.session.flush()
    return note


@transactional
def remove_note(note: OrderNote, *, actor: Any) -> None:
    """Take a remark away that was a slip; its words stay in the history."""
    policy.authorize(actor, "write", "orders.OrderNote")
    db.session.delete(note)
    db.session.flush()


def made_by_run(run_id: int, rows: Sequence[T]) -> list[T]:
    """Those of some rows of one table that a run has made, by their trail."""
    if not rows:
        return []
    entry = HistoryEntry
    mine = select(entry.key).where(trailsets.about(rows[0].__tablename__, [row.id for row in rows]))
    made = set(db.session.scalars(mine.where(entry.verb == "insert", entry.run_id == run_id)))
    return [row for row in rows if row.id in made]
