"""Into which warehouse a file's stock goes, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.panel.bulk.importers import Image
from app.panel.core import policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.inventory.models import StockMove, Warehouse
from app.shop.inventory.services import taking_over
from app.shop.inventory.services.warehouses import default_warehouse_id

TABLE = StockMove.__tablename__


def warehouses(actor: Any) -> list[Warehouse]:
    """Those in use that this person may see, the oldest first."""
    query = policy.scope(select(Warehouse).where(Warehouse.is_active).order_by(Warehouse.id), actor, Warehouse)
    return list(db.session.scalars(query))


def choices(actor: Any) -> list[tuple[str, str]]:
    return [(str(row.id), row.name) for row in warehouses(actor)]


def default(actor: Any) -> str:
    """The default warehouse, or the first that this person may see; "" when there is none."""
    mine = [key for key, _name in choices(actor)]
    try:
        usual = str(default_warehouse_id())
    except DomainError:
        return ""
    return usual if usual in mine else next(iter(mine), "")


def images(lines: dict[int, int]) -> dict[int, Image]:
    """By SKU, the before-image of a line of the journal: there was none."""
    return {sku_id: Image(TABLE, move_id) for sku_id, move_id in lines.items()}


def undo(given: Sequence[Image], *, actor: Any) -> list[str]:
    said = taking_over.book_back([image.row_id for image in given], actor=actor)
    return [said[image.row_id] for image in given]
