"""Reading the inventory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import selectinload

from app.panel.core import policy
from app.shop.catalog.models import Product, Sku
from app.shop.catalog.states import ProductState
from app.shop.inventory.models import (
    PurchaseLine,
    PurchaseReceipt,
    StockAlert,
    StockCount,
    StockCountLine,
    StockLevel,
    StockMove,
    StockReservation,
    Supplier,
    SupplierPrice,
    Warehouse,
)
from app.shop.inventory.states import MoveReason, ReceiptState


def levels_of(sku_id: int, actor: Any) -> Select[Any]:
    """Stock of one SKU, warehouse by warehouse."""
    statement = select(StockLevel).where(StockLevel.sku_id == sku_id).order_by(StockLevel.warehouse_id)
    return policy.scope(statement, actor, StockLevel)


def levels_of_product(product_id: int, actor: Any) -> Select[Any]:
    """Stock of all SKUs of a product, in the order of the SKUs, warehouse by warehouse."""
    statement = select(StockLevel).join(Sku, Sku.id == StockLevel.sku_id).where(Sku.product_id == product_id)
    statement = statement.order_by(Sku.position, Sku.id, StockLevel.warehouse_id)
    return policy.scope(statement.options(selectinload(StockLevel.sku), selectinload(StockLevel.warehouse)), actor, StockLevel)


def products_with_stock(product_ids: Sequence[int]) -> Select[Any]:
    """Those of the products of which some SKU lies, or lay, in some warehouse."""
    return select(Sku.product_id).join(StockLevel, StockLevel.sku_id == Sku.id).where(Sku.product_id.in_(product_ids)).distinct()


def moves_of(sku_id: int, actor: Any, limit: int = 50) -> Select[Any]:
    """The latest lines of the journal of one SKU."""
    statement = select(StockMove).where(StockMove.sku_id == sku_id)
    latest = statement.order_by(StockMove.moved_at.desc(), StockMove.id.desc()).limit(limit)
    return policy.scope(latest, actor, StockMove)


def claims_on(sku_id: int, actor: Any, limit: int = 50) -> Select[Any]:
    """Who holds goods of one SKU, the oldest first."""
    statement = select(StockReservation).where(StockReservation.sku_id == sku_id, StockReservation.open > 0)
    return policy.scope(statement.order_by(StockReservation.id).limit(limit), actor, StockReservation)


def prices_of(sku_id: int, limit: int = 50) -> Select[Any]:
    """What suppliers asked for one SKU: the best of the latest ones first, then the rest by date."""
    return (
        select(SupplierPrice)
        .join(Supplier)
        .where(SupplierPrice.sku_id == sku_id)
        .order_by(
            SupplierPrice.is_best.desc(), SupplierPrice.is_current.desc(), SupplierPrice.seen_on.desc(),
            SupplierPrice.id.desc(),
        )
        .limit(limit)
    )  # fmt: skip


def available(sku_ids: list[int], warehouse_id: int | None = None) -> Select[Any]:
    """(SKU id, available) over all warehouses or in one of them: what a counter or a product page shows."""
    statement = select(StockLevel.sku_id, func.sum(StockLevel.available)).where(StockLevel.sku_id.in_(sku_ids))
    if warehouse_id is not None:
        statement = statement.where(StockLevel.warehouse_id == warehouse_id)
    return statement.group_by(StockLevel.sku_id)


def count_low(actor: Any) -> Select[Any]:
    """How many stocks stand at or below their warning line."""
    return policy.scope(select(func.count(StockLevel.id)).where(StockLevel.is_low), actor, StockLevel)


def open_alerts(actor: Any) -> Select[Any]:
    return policy.scope(select(StockAlert).where(StockAlert.recovered_at.is_(None)), actor, StockAlert)


def skus_by_code(codes: list[str]) -> Select[Any]:
    """SKUs whose code or barcode is one of `codes`."""
    return select(Sku).where(or_(Sku.code.in_(codes), Sku.barcode.in_(codes)))


def count_sheet(count: StockCount) -> Select[Any]:
    """Lines of a paper with their SKU, those that differ first, then those not counted yet."""
    differs = StockCountLine.counted.is_not(None) & (StockCountLine.counted != StockCountLine.expected)
    sheet: Any = (
        select(StockCountLine, Sku)
        .join(Sku, Sku.id == StockCountLine.sku_id)
        .where(StockCountLine.count_id == count.id)
        .order_by(differs.desc(), StockCountLine.counted.is_not(None), Sku.code)
    )
    return sheet


def low_levels(actor: Any, most: int) -> Select[Any]:
    """(StockLevel, SKU code, product) of what stands at or below its line and is still sold, the emptiest first."""
    statement = (
        select(StockLevel, Sku, Product.title, Warehouse.name.label("warehouse"))
        .join(Sku, Sku.id == StockLevel.sku_id)
        .join(Product, Product.id == Sku.product_id)
        .join(Warehouse, Warehouse.id == StockLevel.warehouse_id)
        .where(StockLevel.is_low, Sku.is_active, Warehouse.is_active, Product.state != ProductState.WITHDRAWN)
        .order_by(StockLevel.available, StockLevel.id)
        .limit(most)
    )
    return policy.scope(statement, actor, StockLevel)


def sold_since(sku_ids: Sequence[int], since: dt.datetime) -> Select[Any]:
    """(warehouse_id, sku_id, pieces) that left by sales."""
    move = StockMove
    statement = select(move.warehouse_id, move.sku_id, (-func.sum(move.quantity)).label("pieces"))
    statement = statement.where(move.sku_id.in_(sku_ids), move.moved_at >= since, move.reason == MoveReason.SALE)
    return statement.group_by(move.warehouse_id, move.sku_id)


def on_order(sku_ids: Sequence[int]) -> Select[Any]:
    """(warehouse_id, sku_id, pieces) that stand on purchase papers which are not posted yet."""
    paper, line = PurchaseReceipt, PurchaseLine
    statement = select(paper.warehouse_id, line.sku_id, func.sum(line.quantity).label("pieces"))
    statement = statement.join(line, line.receipt_id == paper.id)
    statement = statement.where(line.sku_id.in_(sku_ids), paper.state == ReceiptState.DRAFT)
    return statement.group_by(paper.warehouse_id, line.sku_id)


def last_prices(sku_ids: Sequence[int]) -> Select[Any]:
    """(SupplierPrice, supplier) of each SKU: the latest of a supplier that is in use."""
    newest = func.row_number().over(
        partition_by=SupplierPrice.sku_id, order_by=(SupplierPrice.seen_on.desc(), SupplierPrice.id.desc())
    )
    ranked = select(SupplierPrice.id, newest.label("age")).join(Supplier, Supplier.id == SupplierPrice.supplier_id)
    part = ranked.where(SupplierPrice.sku_id.in_(sku_ids), Supplier.is_active).subquery()
    latest = select(SupplierPrice, Supplier.name).join(Supplier, Supplier.id == SupplierPrice.supplier_id)
    return latest.join(part, part.c.id == SupplierPrice.id).where(part.c.age == 1)
