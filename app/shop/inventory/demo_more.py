"""Stock of what other parts of the demo add to the orders, after the journal of all others is written."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from sqlalchemy import select, update

from app.panel.core.db import db
from app.panel.core.demo import World
from app.shop.inventory.demo import Event, journal, receipt_of
from app.shop.inventory.models import (
    PurchaseLine,
    PurchaseReceipt,
    StockLevel,
    StockMove,
    StockReservation,
    Supplier,
    SupplierPrice,
)
from app.shop.inventory.states import MoveReason


def book_more(world: World, events: list[Event], claims: dict[tuple[str, int, int], list[int]]) -> None:
    """Add to the journal what happened beside, with a purchase before it of all that it asks for: as much is to be had afterwards
    as was before."""
    asked: dict[int, int] = defaultdict(int)
    for event in events:
        asked[event.sku_id] += event.held if event.reason is MoveReason.RESERVE else 0
    if not asked:
        return
    level, cost = StockLevel.__table__.c, {sku["id"]: sku["cost"] for sku in world.made["skus"]}
    found = db.session.execute(select(level.id, level.sku_id, level.warehouse_id, level.on_hand, level.reserved).where(level.sku_id.in_(asked)))
    levels = {row.sku_id: row for row in found}
    suppliers = db.session.scalars(select(Supplier.id).order_by(Supplier.id)).all()
    groups: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for sku_id, quantity in sorted(asked.items()):
        groups[levels[sku_id].warehouse_id, suppliers[sku_id % len(suppliers)]].append((sku_id, quantity))
    at, bought = min(event.at for event in events) - dt.timedelta(hours=30), []
    for (warehouse_id, supplier_id), lines in sorted(groups.items()):
        bought += receipt_of(world, at, warehouse_id, supplier_id, lines, cost, {})
    for (resource, cause_id, sku_id), (quantity, still_open) in claims.items():
        world.add(
            StockReservation, cause_resource=resource, cause_id=cause_id, warehouse_id=levels[sku_id].warehouse_id, sku_id=sku_id,
            quantity=quantity, open=still_open,
        )  # fmt: skip
    on_hand, held = ({sku_id: getattr(row, name) for sku_id, row in levels.items()} for name in ("on_hand", "reserved"))
    for event in sorted([*bought, *events], key=lambda one: (one.at, one.quantity < 0, one.held)):
        journal(world, event, levels[event.sku_id].warehouse_id, cost[event.sku_id], on_hand, held)
    for sku_id, row in levels.items():
        values = {"on_hand": on_hand[sku_id], "reserved": held[sku_id]}
        db.session.execute(update(StockLevel.__table__).where(level.id == row.id).values(**values))
    world.flush(PurchaseReceipt, PurchaseLine, SupplierPrice, StockReservation, StockMove)
