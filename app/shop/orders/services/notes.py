"""Remarks of the staff."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.panel.core import policy
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.transaction import transactional
from app.shop.orders.models import Order, OrderNote


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
