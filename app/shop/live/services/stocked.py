"""What is left of the goods of a session on air, told to its screens when it changes.

A feed tells of the orders that it brings, but not of those at the counter, of other channels, or of a delivery. So the heart
beat asks once, whoever wrote: one statement for all that is on air, which finds nothing at once while nothing is. What a
screen may see of stock it is told by the state that it asks for then.
"""

from __future__ import annotations

from typing import Any

from flask import current_app
from sqlalchemy import Select, func, select, union_all

from app.panel.core import bus
from app.panel.core.db import db
from app.shop.catalog.models import Sku
from app.shop.inventory.models import StockLevel
from app.shop.live.models import LiveItem, LiveSession
from app.shop.live.permissions import SESSION
from app.shop.live.states import SessionState

Left = dict[int, dict[int, int]]  # of each session, pieces by item


def tell() -> list[int]:
    """Tell the screens of every session whose stock is another than a moment ago; which sessions these are."""
    known: Left = current_app.extensions.setdefault("live_stock_told", {})
    found = left()
    changed = [number for number, items in found.items() if known.get(number) != items]
    known.clear()
    known.update(found)
    for number in changed:
        bus.publish(f"live:{number}", "stock", {"id": number}, SESSION)
    return changed


def left() -> Left:
    """What can still be sold of each item of the sessions on air."""
    rows = db.session.execute(union_all(_of_skus(), _of_products())).all()
    db.session.rollback()  # ends the read
    found: Left = {}
    for session_id, item_id, pieces in rows:
        found.setdefault(session_id, {})[item_id] = int(pieces)
    return found


def _of_skus() -> Select[Any]:
    return _summed(_on_air().join(StockLevel, StockLevel.sku_id == LiveItem.sku_id))


def _of_products() -> Select[Any]:
    """Lines that sell all SKUs of a product."""
    of_product = (Sku.product_id == LiveItem.product_id) & LiveItem.sku_id.is_(None)
    return _summed(_on_air().join(Sku, of_product).join(StockLevel, StockLevel.sku_id == Sku.id))


def _on_air() -> Select[Any]:
    return (
        select(LiveItem.session_id, LiveItem.id, func.sum(StockLevel.available)).select_from(LiveSession)
        .join(LiveItem, LiveItem.session_id == LiveSession.id).where(LiveSession.state == SessionState.LIVE)
    )  # fmt: skip


def _summed(query: Select[Any]) -> Select[Any]:
    return query.group_by(LiveItem.session_id, LiveItem.id)
