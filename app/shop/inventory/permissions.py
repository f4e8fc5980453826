"""Who sees which stock, and who may move it. What goods cost is its own right."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, or_, select

from app.panel.core import folding, policy
from app.shop.inventory.models import (
    PurchaseLine,
    PurchaseReceipt,
    StockAlert,
    StockCount,
    StockCountLine,
    StockLevel,
    StockMove,
    StockReservation,
    Warehouse,
)
from app.shop.setup.permissions import my_shop_ids

LEVEL, MOVE, COUNT = "inventory.StockLevel", "inventory.StockMove", "inventory.StockCount"
RECEIPT, LINE, PRICE = "inventory.PurchaseReceipt", "inventory.PurchaseLine", "inventory.SupplierPrice"
policy.verbs(LEVEL, adjust=_("Adjust stock"), receive=_("Receive goods"), transfer=_("Transfer"))
policy.verbs(COUNT, post=_("Post"))
policy.verbs(RECEIPT, post=_("Post"), see_cost=_("See what it cost"))
for _resource in (MOVE, LINE, PRICE):
    policy.verbs(_resource, see_cost=_("See what it cost"))
folding.part_of(LEVEL, MOVE, "inventory.StockReservation", "inventory.StockAlert")
folding.part_of("inventory.Supplier", PRICE)
policy.protect(MOVE, "unit_cost", verb="see_cost")
policy.protect(LINE, "unit_cost", verb="see_cost")
policy.protect(RECEIPT, "total", verb="see_cost")
policy.protect(PRICE, "unit_cost", "is_best", verb="see_cost")

SEE = {
    "inventory.Warehouse": "read", LEVEL: "read", MOVE: "read", "inventory.StockReservation": "read",
    "inventory.StockAlert": "read",
}  # fmt: skip
MOVE_GOODS = {
    LEVEL: "write adjust receive transfer export import", COUNT: "read write post export", "inventory.StockCountLine": "read write",
    "inventory.Supplier": "read",
}  # fmt: skip
BUY = {
    "inventory.Supplier": "read write export import", RECEIPT: "read write post see_cost export",
    LINE: "read write see_cost", PRICE: "read write see_cost export", MOVE: "see_cost export",
}  # fmt: skip
for _role in ("operations", "support", "host", "field_control", "deputy", "finance", "viewer"):
    policy.grant(_role, SEE)
policy.grant("operations", {**MOVE_GOODS, "inventory.Warehouse": "write", MOVE: "export"})
policy.grant("deputy", MOVE_GOODS)
policy.grant("field_control", {LEVEL: "adjust", COUNT: "read"})
for _role in ("finance", "deputy"):
    policy.grant(_role, BUY)
policy.grant("viewer", {COUNT: "read", "inventory.Supplier": "read"})


OF_MY_WAREHOUSES = _("Only what lies in warehouses of one's own shops, and in those that serve every shop.")


def my_warehouses(actor: Any) -> Any:
    """Ids of the warehouses of my shops, and of those that serve every shop."""
    return select(Warehouse.id).where(or_(Warehouse.shop_id.in_(my_shop_ids(actor)), Warehouse.shop_id.is_(None)))


@policy.rows(Warehouse, OF_MY_WAREHOUSES)
def warehouses_of_my_shops(actor: Any) -> ColumnElement[bool]:
    return or_(Warehouse.shop_id.in_(my_shop_ids(actor)), Warehouse.shop_id.is_(None))


def _in_my_warehouses(model: Any) -> Any:
    def rule(actor: Any) -> ColumnElement[bool]:
        mine: ColumnElement[bool] = model.warehouse_id.in_(my_warehouses(actor))
        return mine

    return rule


for _model in (StockLevel, StockMove, StockReservation, StockCount, PurchaseReceipt):
    policy.rows(_model, OF_MY_WAREHOUSES)(_in_my_warehouses(_model))


@policy.rows(StockAlert, OF_MY_WAREHOUSES)
def alerts_of_my_warehouses(actor: Any) -> ColumnElement[bool]:
    return StockAlert.level_id.in_(select(StockLevel.id).where(StockLevel.warehouse_id.in_(my_warehouses(actor))))


@policy.rows(StockCountLine, OF_MY_WAREHOUSES)
def lines_of_my_counts(actor: Any) -> ColumnElement[bool]:
    return StockCountLine.count_id.in_(select(StockCount.id).where(StockCount.warehouse_id.in_(my_warehouses(actor))))


@policy.rows(PurchaseLine, OF_MY_WAREHOUSES)
def lines_of_my_receipts(actor: Any) -> ColumnElement[bool]:
    mine = select(PurchaseReceipt.id).where(PurchaseReceipt.warehouse_id.in_(my_warehouses(actor)))
    return PurchaseLine.receipt_id.in_(mine)


policy.follow(StockAlert, StockLevel, "level_id")
policy.follow(StockCountLine, StockCount, "count_id")
policy.follow(PurchaseLine, PurchaseReceipt, "receipt_id")
for _model in (StockLevel, StockMove, StockReservation, StockCount, PurchaseReceipt):
    policy.follow(_model, Warehouse, "warehouse_id")
