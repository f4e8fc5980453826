"""What the inventory does when something happened here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select

from app.panel.core import bus
from app.panel.core.db import db
from app.shop.catalog.models import Sku
from app.shop.catalog.services import derived, holdings
from app.shop.inventory import jobs, queries
from app.shop.inventory.events import stock_begun, stock_changed, stock_ran_low

MOST = 200


@stock_ran_low.connect
def tell(_sender: Any, **_event: Any) -> None:
    """People are told by a job, so that a buyer does not wait for it."""
    jobs.tell_low.enqueue()


@stock_changed.connect
def show(_sender: Any, level_ids: set[int], **_event: Any) -> None:
    """Open stock pages look again. A change of more than 200 levels says only that there was one."""
    ids = sorted(level_ids) if len(level_ids) <= MOST else []
    bus.publish("inventory.StockLevel", "changed", {"ids": ids})


@holdings.answered_by
def products_with_stock(ids: Sequence[int]) -> Collection[int]:
    return set(db.session.scalars(queries.products_with_stock(ids)))


@stock_begun.connect
def is_more_complete(_sender: Any, sku_ids: set[int], **_event: Any) -> None:
    """A product of which stock is taken on for the first time lacks one thing less."""
    products = select(Sku.product_id).where(Sku.id.in_(sku_ids)).distinct()
    derived.refresh_of(list(db.session.scalars(products)))
