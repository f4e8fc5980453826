"""Does the stock add up? Levels against the journal and against what is reserved."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case, func, select

from app.panel.core.db import db
from app.shop.inventory.models import StockLevel, StockMove, StockReservation


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """`what` of a level says `stored`, but its lines add up to `summed`."""

    warehouse_id: int
    sku_id: int
    what: str
    stored: int
    summed: int

    def __str__(self) -> str:
        place = f"warehouse {self.warehouse_id}, SKU {self.sku_id}"
        return f"{place}: {self.what} is {self.stored}, its lines add up to {self.summed}"


def verify() -> list[Discrepancy]:
    """Every place where a stored amount differs from the sum of its lines; empty when the books are right."""
    journal = (
        select(
            StockMove.warehouse_id,
            StockMove.sku_id,
            func.sum(StockMove.quantity).label("on_hand"),
            func.sum(StockMove.held).label("held"),
        )
        .group_by(StockMove.warehouse_id, StockMove.sku_id)
        .subquery()
    )
    claims = (
        select(StockReservation.warehouse_id, StockReservation.sku_id, func.sum(StockReservation.open).label("open"))
        .group_by(StockReservation.warehouse_id, StockReservation.sku_id)
        .subquery()
    )
    same_j = (journal.c.warehouse_id == StockLevel.warehouse_id) & (journal.c.sku_id == StockLevel.sku_id)
    same_c = (claims.c.warehouse_id == StockLevel.warehouse_id) & (claims.c.sku_id == StockLevel.sku_id)
    on_hand, held, claimed = (func.coalesce(c, 0) for c in (journal.c.on_hand, journal.c.held, claims.c.open))
    statement = (
        select(StockLevel.warehouse_id, StockLevel.sku_id, StockLevel.on_hand, on_hand, StockLevel.reserved, held, claimed)
        .outerjoin(journal, same_j)
        .outerjoin(claims, same_c)
        .where(
            case((StockLevel.on_hand != on_hand, 1), (StockLevel.reserved != held, 1), (StockLevel.reserved != claimed, 1))
            == 1
        )
        .order_by(StockLevel.warehouse_id, StockLevel.sku_id)
    )
    found = []
    for warehouse_id, sku_id, on_hand_now, summed, reserved, held_sum, open_sum in db.session.execute(statement):
        for what, stored, total in (
            ("on hand", on_hand_now, summed), ("reserved", reserved, held_sum), ("held by orders", reserved, open_sum)
        ):  # fmt: skip
            if stored != total:
                found.append(Discrepancy(warehouse_id, sku_id, what, int(stored), int(total)))
    return found + _without_level(journal)


def _without_level(journal: object) -> list[Discrepancy]:
    """Lines of the journal whose level is gone."""
    j = journal.c  # type: ignore[attr-defined]
    level = (StockLevel.warehouse_id == j.warehouse_id) & (StockLevel.sku_id == j.sku_id)
    rows = db.session.execute(
        select(j.warehouse_id, j.sku_id, j.on_hand).where(~select(StockLevel.id).where(level).exists())
    )
    return [Discrepancy(warehouse_id, sku_id, "on hand", 0, int(total)) for warehouse_id, sku_id, total in rows]
