"""Sales of a session that no feed told of: orders that carry its key, placed by hand, at the counter or from elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.panel.core.db import db
from app.shop.catalog.models import Sku
from app.shop.live.models import WHOLE, LiveEvent, LiveItem, LiveSession
from app.shop.orders.models import Order, OrderLine


@dataclass
class Sale:
    """An order, or that part of it which an item of the run sheet sold. The names are those of an event that tells of one."""

    order_id: int
    number: str
    state: Any
    at: dt.datetime
    item_id: int
    n: int = 0
    amount: int = 0
    reason: str = ""


def orders_of(session: LiveSession) -> tuple[list[Sale], list[Sale]]:
    """Whole orders, and their parts by item: each order once, and none that an event of the session has brought.

    What the run sheet does not sell is in the whole order only. A rehearsal has no orders.
    """
    if session.is_practice:
        return [], []
    told = select(LiveEvent.order_id).where(LiveEvent.session_id == session.id, LiveEvent.order_id.is_not(None))
    query = (
        select(Order.id, Order.number, Order.state, Order.placed_at, Order.total.label("worth"), OrderLine.sku_id, Sku.product_id,
               OrderLine.quantity, OrderLine.total)
        .join(OrderLine, OrderLine.order_id == Order.id).outerjoin(Sku, Sku.id == OrderLine.sku_id)
        .where(Order.session_key == session.topic, Order.currency == session.currency, Order.id.not_in(told))
        .order_by(Order.placed_at, Order.id, OrderLine.id)
    )  # fmt: skip
    by_sku, by_product = _sold_by(session.id)
    whole: dict[int, Sale] = {}
    parts: dict[tuple[int, int], Sale] = {}
    for row in db.session.execute(query):
        item_id = by_sku.get(row.sku_id) or by_product.get(row.product_id) or WHOLE
        own = whole.setdefault(row.id, Sale(row.id, row.number, row.state, row.placed_at, item_id, amount=int(row.worth)))
        own.n += int(row.quantity)
        own.item_id = item_id if own.item_id == item_id else WHOLE
        if item_id != WHOLE:
            part = parts.setdefault((row.id, item_id), Sale(row.id, row.number, row.state, row.placed_at, item_id))
            part.n, part.amount = part.n + int(row.quantity), part.amount + int(row.total)
    return list(whole.values()), list(parts.values())


def _sold_by(session_id: int) -> tuple[dict[int | None, int], dict[int | None, int]]:
    """Which item sells a SKU, and which all SKUs of a product; of several the first of the run sheet."""
    by_sku: dict[int | None, int] = {}
    by_product: dict[int | None, int] = {}
    query = select(LiveItem.id, LiveItem.sku_id, LiveItem.product_id).where(LiveItem.session_id == session_id)
    for item_id, sku_id, product_id in db.session.execute(query.order_by(LiveItem.position, LiveItem.id)):
        if sku_id is not None:
            by_sku.setdefault(sku_id, item_id)
        elif product_id is not None:
            by_product.setdefault(product_id, item_id)
    return by_sku, by_product


def add_up(sales: Iterable[Sale], totals: dict[str, int]) -> None:
    for sale in sales:
        for name, amount in (("orders", 1), ("units", sale.n), ("gmv", sale.amount)):
            totals[name] = totals.get(name, 0) + amount
