"""What people buy together, for the catalog's suggestions."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from app.panel.core import clock, policy
from app.panel.core.db import db
from app.shop.catalog.models import Product, Sku
from app.shop.catalog.services import companions
from app.shop.orders.models import Order, OrderLine

DAYS, MOST, AT_LEAST = 365, 30, 2


@companions.answered_by
def bought_together(product: Product, actor: Any) -> list[int]:
    """Products of the orders that hold this one, the most frequent first: paid orders of a year, within the reader's rows."""
    mine, other = aliased(OrderLine), aliased(OrderLine)
    my_sku, other_sku = aliased(Sku), aliased(Sku)
    orders = func.count(func.distinct(Order.id))
    query = (
        select(other_sku.product_id)
        .select_from(Order)
        .join(mine, mine.order_id == Order.id)
        .join(my_sku, my_sku.id == mine.sku_id)
        .join(other, other.order_id == Order.id)
        .join(other_sku, other_sku.id == other.sku_id)
        .where(my_sku.product_id == product.id, other_sku.product_id != product.id, Order.paid_at.is_not(None))
        .where(Order.placed_at > clock.now() - dt.timedelta(days=DAYS))
        .group_by(other_sku.product_id)
        .having(orders >= AT_LEAST)
        .order_by(orders.desc(), other_sku.product_id)
        .limit(MOST)
    )
    return list(db.session.scalars(policy.scope(query, actor, Order)))
