"""Warehouses, stock per SKU, the journal it adds up from, counts and purchases."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import BigInteger, CheckConstraint, Computed, Index, UniqueConstraint, event
from sqlalchemy import text as sql
from sqlalchemy.orm import mapped_column

from app.panel.core import clock
from app.panel.core.columns import (
    children,
    choice,
    currency,
    day,
    flag,
    instant,
    integer,
    longtext,
    money,
    ref,
    relation,
    text,
)
from app.panel.core.db import PanelModel
from app.shop.inventory.states import CountState, MoveReason, ReceiptState


def _generated(label: Any, formula: str, **options: Any) -> Any:
    """A whole number that the database keeps in step with the columns it is computed from."""
    info = integer(label, readonly=True, **options).column.info
    return mapped_column(BigInteger, Computed(formula, persisted=True), info=info)


class Warehouse(PanelModel):
    """A place where goods lie. Without a shop it serves all of them."""

    __tablename__ = "inventory_warehouse"
    __table_args__ = (UniqueConstraint("code"),)
    code = text(_("Code"), 32, required=True, search=True, help=_("Short and lasting, such as SH-1."))
    name = text(_("Warehouse"), 100, required=True, search=True)
    shop_id = ref(_("Shop"), "setup_shop.id", help=_("Empty: serves every shop."))
    shop = relation("Shop", shop_id)
    is_default = flag(_("Default warehouse"), help=_("Orders of the shop are taken from here unless they say otherwise."))
    is_active = flag(_("In use"), default=True)
    contact = text(_("Contact person"), 100)
    phone = text(_("Phone"), 40)
    address = text(_("Address"), 300)
    note = longtext(_("Note"))

    def __str__(self) -> str:
        return self.name


class StockLevel(PanelModel):
    """How much of one SKU one warehouse has. Written by `services` alone; always the sum of its journal.

    `available` is computed by the database, so that lists can sort and filter by it.
    """

    __tablename__ = "inventory_stock_level"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "sku_id"),
        CheckConstraint("on_hand >= 0", name="on_hand"),
        CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved"),
        CheckConstraint("threshold >= 0", name="threshold"),
        Index(None, "is_low"),
    )
    warehouse_id = ref(_("Warehouse"), "inventory_warehouse.id", required=True, readonly=True)
    warehouse = relation("Warehouse", warehouse_id)
    sku_id = ref(_("SKU"), "catalog_sku.id", required=True, readonly=True)
    sku = relation("Sku", sku_id)
    on_hand = integer(_("On hand"), default=0, readonly=True, adds_up=True)
    reserved = integer(
        _("Reserved"), default=0, readonly=True, adds_up=True, help=_("Promised to orders that are not shipped yet.")
    )
    available = _generated(_("Available"), "on_hand - reserved", adds_up=True)
    threshold = integer(
        _("Warning line"), min=0, help=_("An alert is raised at or below this number. Empty: the line of the settings.")
    )
    is_low = flag(_("Below the line"), readonly=True, help=_("At or below its warning line."))

    def __str__(self) -> str:
        return f"{self.sku} · {self.warehouse}"


class StockMove(PanelModel):
    """One line of the stock journal: never edited, never deleted; a mistake is put right by another line.

    `quantity` changes what is on hand, `held` what is reserved. `key` names the command that made the line, so that a
    repeated command finds its own lines and changes nothing.
    """

    __tablename__ = "inventory_stock_move"
    __table_args__ = (
        UniqueConstraint("key", "warehouse_id", "sku_id"),
        CheckConstraint("quantity <> 0 OR held <> 0", name="moves"),
        Index(None, "sku_id", "moved_at"),
        Index(None, "cause_resource", "cause_id"),
        Index(None, "moved_at"),
    )
    moved_at = instant(_("Time"), default=clock.now, readonly=True)
    warehouse_id = ref(_("Warehouse"), "inventory_warehouse.id", required=True, readonly=True)
    warehouse = relation("Warehouse", warehouse_id)
    sku_id = ref(_("SKU"), "catalog_sku.id", required=True, readonly=True, index=False)
    sku = relation("Sku", sku_id)
    reason = choice(_("Reason"), MoveReason, required=True, readonly=True)
    quantity = integer(_("Change in stock"), default=0, readonly=True, adds_up=True)
    held = integer(_("Change of reserved"), default=0, readonly=True, adds_up=True)
    balance = integer(_("On hand after"), default=0, readonly=True)
    unit_cost = money(_("Unit cost"), readonly=True, adds_up=False)
    currency = currency(default="CNY", readonly=True)
    cause_resource = text(_("Cause"), 80, readonly=True)
    cause_id = integer(_("Number of the cause"), readonly=True)
    key = text(_("Command"), 120, required=True, hidden=True)
    note = text(_("Note"), 300, readonly=True)
    created_by = relation("User", viewonly=True, primaryjoin="foreign(StockMove.created_by_id) == User.id")

    def __str__(self) -> str:
        return f"{self.sku} {self.quantity:+d}"


class StockReservation(PanelModel):
    """What one cause (an order) holds of one SKU in one warehouse: `quantity` = `open` + shipped + released."""

    __tablename__ = "inventory_stock_reservation"
    __table_args__ = (
        UniqueConstraint("cause_resource", "cause_id", "warehouse_id", "sku_id"),
        CheckConstraint("open >= 0 AND open <= quantity", name="open"),
        Index(None, "sku_id", "open"),
    )
    cause_resource = text(_("Cause"), 80, required=True, readonly=True)
    cause_id = integer(_("Number of the cause"), required=True, readonly=True)
    warehouse_id = ref(_("Warehouse"), "inventory_warehouse.id", required=True, readonly=True)
    warehouse = relation("Warehouse", warehouse_id)
    sku_id = ref(_("SKU"), "catalog_sku.id", required=True, readonly=True, index=False)
    sku = relation("Sku", sku_id)
    quantity = integer(_("Reserved in all"), required=True, readonly=True, adds_up=True)
    open = integer(_("Still reserved"), required=True, readonly=True, adds_up=True)

    def __str__(self) -> str:
        return f"{self.sku} × {self.open}"


class StockAlert(PanelModel):
    """One crossing of a warning line, open until the stock has recovered."""

    __tablename__ = "inventory_stock_alert"
    __table_args__ = (
        # the last wall behind "exactly one": a second open alert of the same stock cannot be stored
        Index(
            "uq_inventory_stock_alert_open", "level_id", unique=True,
            sqlite_where=sql("recovered_at IS NULL"), postgresql_where=sql("recovered_at IS NULL"),
        ),
        Index(None, "raised_at"),
    )  # fmt: skip
    level_id = ref(_("Stock"), "inventory_stock_level.id", required=True, ondelete="CASCADE", readonly=True)
    level = relation("StockLevel", level_id)
    raised_at = instant(_("Raised at"), default=clock.now, readonly=True)
    available = integer(_("Available then"), required=True, readonly=True)
    line = integer(_("Warning line then"), required=True, readonly=True)
    recovered_at = instant(_("Recovered at"), readonly=True)
    notified_at = instant(_("Notified"), readonly=True, hidden=True)

    def __str__(self) -> str:
        return str(self.level)


class StockCount(PanelModel):
    """A stock-taking: opened for a warehouse, counted line by line, its differences posted once."""

    __tablename__ = "inventory_stock_count"
    __table_args__ = (UniqueConstraint("number"),)
    number = text(_("Paper number"), 40, required=True, search=True, readonly=True)
    warehouse_id = ref(_("Warehouse"), "inventory_warehouse.id", required=True)
    warehouse = relation("Warehouse", warehouse_id)
    state = choice(_("State"), CountState, default=CountState.OPEN, readonly=True)
    note = text(_("Note"), 300)
    posted_at = instant(_("Posted at"), readonly=True)
    lines = children(_("Lines"), "StockCountLine", back="count")

    def __str__(self) -> str:
        return self.number


class StockCountLine(PanelModel):
    """One SKU of a count. `expected` is what the books said when the number was written down."""

    __tablename__ = "inventory_stock_count_line"
    __table_args__ = (UniqueConstraint("count_id", "sku_id"), CheckConstraint("counted >= 0", name="counted"))
    count_id = ref(_("Stock-taking"), "inventory_stock_count.id", required=True, ondelete="CASCADE")
    count = relation("StockCount", count_id, back_populates="lines")
    sku_id = ref(_("SKU"), "catalog_sku.id", required=True)
    sku = relation("Sku", sku_id)
    expected = integer(_("In the books"), default=0, readonly=True)
    counted = integer(_("Counted"), min=0)
    counted_at = instant(_("Counted at"), readonly=True)
    note = text(_("Note"), 200)

    @property
    def difference(self) -> int | None:
        """Counted minus expected; None while nobody has counted."""
        return None if self.counted is None else self.counted - self.expected

    def __str__(self) -> str:
        return str(self.sku)


class Supplier(PanelModel):
    """Who sells to us."""

    __tablename__ = "inventory_supplier"
    __table_args__ = (UniqueConstraint("code"),)
    code = text(_("Code"), 32, required=True, search=True)
    name = text(_("Supplier"), 200, required=True, search=True)
    contact = text(_("Contact person"), 100)
    phone = text(_("Phone"), 40)
    email = text(_("E-mail"), 200)
    lead_days = integer(_("Days to deliver"), min=0, unit=_("days"))
    is_active = flag(_("In use"), default=True)
    note = longtext(_("Note"))

    def __str__(self) -> str:
        return self.name


class SupplierPrice(PanelModel):
    """What a supplier asked for a SKU on a day: the history of purchase prices."""

    __tablename__ = "inventory_supplier_price"
    __table_args__ = (
        UniqueConstraint("receipt_id", "sku_id"),
        CheckConstraint("unit_cost >= 0", name="unit_cost"),
        Index(None, "sku_id", "supplier_id", "seen_on"),
    )
    supplier_id = ref(_("Supplier"), "inventory_supplier.id", required=True)
    supplier = relation("Supplier", supplier_id)
    sku_id = ref(_("SKU"), "catalog_sku.id", required=True)
    sku = relation("Sku", sku_id)
    unit_cost = money(_("Unit cost"), required=True, adds_up=False)
    currency = currency(default="CNY")
    seen_on = day(_("Date"), required=True)
    receipt_id = ref(_("Purchase receipt"), "inventory_purchase_receipt.id", readonly=True)
    receipt = relation("PurchaseReceipt", receipt_id)
    is_current = flag(_("Latest price"), readonly=True, help=_("The latest that we know of this supplier."))
    is_best = flag(_("Best price"), readonly=True, help=_("The lowest of the latest prices of all suppliers."))

    def __str__(self) -> str:
        return f"{self.sku} · {self.supplier}"


class PurchaseReceipt(PanelModel):
    """Goods that come in from a supplier: written as a draft, posted once."""

    __tablename__ = "inventory_purchase_receipt"
    __table_args__ = (UniqueConstraint("number"), Index(None, "received_on"))
    number = text(_("Paper number"), 40, required=True, search=True, readonly=True)
    supplier_id = ref(_("Supplier"), "inventory_supplier.id", required=True)
    supplier = relation("Supplier", supplier_id)
    warehouse_id = ref(_("Warehouse"), "inventory_warehouse.id", required=True)
    warehouse = relation("Warehouse", warehouse_id)
    state = choice(_("State"), ReceiptState, default=ReceiptState.DRAFT, readonly=True)
    received_on = day(_("Received on"), default=clock.today)
    supplier_number = text(_("Number of the supplier's paper"), 80, search=True)
    currency = currency(default="CNY")
    total = money(_("Total"), default=0, readonly=True)
    note = text(_("Note"), 300)
    posted_at = instant(_("Posted at"), readonly=True)
    lines = children(_("Lines"), "PurchaseLine", back="receipt")

    def __str__(self) -> str:
        return self.number


class PurchaseLine(PanelModel):
    """One SKU of a purchase receipt."""

    __tablename__ = "inventory_purchase_line"
    __table_args__ = (
        UniqueConstraint("receipt_id", "sku_id"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("unit_cost >= 0", name="unit_cost"),
    )
    receipt_id = ref(_("Purchase receipt"), "inventory_purchase_receipt.id", required=True, ondelete="CASCADE")
    receipt = relation("PurchaseReceipt", receipt_id, back_populates="lines")
    sku_id = ref(_("SKU"), "catalog_sku.id", required=True)
    sku = relation("Sku", sku_id)
    quantity = integer(_("Quantity"), required=True, min=1, adds_up=True)
    unit_cost = money(_("Unit cost"), required=True, min=0, adds_up=False)
    currency = currency(default="CNY", hidden=True)

    def __str__(self) -> str:
        return f"{self.sku} × {self.quantity}"


@event.listens_for(StockMove, "before_update")
@event.listens_for(StockMove, "before_delete")
def _journal_is_final(_mapper: Any, _connection: Any, move: StockMove) -> None:
    raise RuntimeError(f"line {move.id} of the stock journal cannot be changed; post another one")
