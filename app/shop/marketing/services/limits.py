"""What was taken of a promotion, and is given back."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import update

from app.panel.core.db import db
from app.shop.marketing.models import PriceUse, Promotion
from app.shop.marketing.states import UseState


def give_back(uses: Iterable[PriceUse]) -> None:
    """These uses count no more, and their places under a limit are others'. Always in one order, so that two do not wait for
    each other."""
    found = sorted(uses, key=lambda one: one.promotion_id or 0)
    for use in found:
        use.state = UseState.RELEASED
        if use.is_counted:
            _one(use)
    if found:
        db.session.flush()


def _one(use: PriceUse) -> None:
    table = Promotion.__table__.c
    less = {"taken_orders": table.taken_orders - 1, "taken_pieces": table.taken_pieces - use.pieces}
    db.session.execute(update(Promotion.__table__).where(table.id == use.promotion_id).values(**less))
