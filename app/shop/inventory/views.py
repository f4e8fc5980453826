"""Screens of the inventory."""

from __future__ import annotations

from typing import Any

from flask import g, redirect, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.core import cells, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.interface import PanelInterface
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.catalog.models import Product, Sku
from app.shop.catalog.views.products import ProductView
from app.shop.catalog.views.skus import SkuView
from app.shop.inventory import domain, forms, queries, services, tables
from app.shop.inventory.models import (
    PurchaseReceipt,
    StockAlert,
    StockCount,
    StockLevel,
    StockMove,
    StockReservation,
    Supplier,
    SupplierPrice,
    Warehouse,
)
from app.shop.inventory.services import Line
from app.shop.inventory.states import CountState, ReceiptState

MOST_LEVELS = 100


def _available(level: StockLevel) -> Any:
    """The number, in red at zero and amber at the warning line."""
    tone = "danger" if level.available <= 0 else "warning" if level.is_low else ""
    if not tone:
        return {"kind": "number", "text": str(level.available)}
    word = gettext("sold out") if level.available <= 0 else gettext("low")
    return cells.badge(f"{level.available} · {word}", tone)


def _sku(row: Any) -> Any:
    return cells.link(row.sku, url_for("inventory_stock.sku", sku_id=row.sku_id))


def _signed(name: str) -> Any:
    def show(row: Any) -> Any:
        value = getattr(row, name)
        return {"kind": "number", "text": f"{value:+d}" if value else ""}

    return show


@domain.view(_("Stock"), icon="fa-boxes-stacked", order=10)
class StockLevelView(PanelView):
    datamodel = PanelInterface(StockLevel)
    title = _("Stock")
    one = _("stock")
    list_columns = ["sku", "warehouse", "on_hand", "reserved", "available", "threshold", "is_low", "changed_at"]
    search_columns = ["sku.code", "sku.barcode", "warehouse.name"]
    default_sort = "available"
    quick_filters = ["warehouse", "is_low"]
    formatters = {"available": _available, "sku": _sku}
    show_fieldsets = [
        (_("Stock"), ["sku", "warehouse", "on_hand", "reserved", "available"]),
        (_("Stock warning"), ["threshold", "is_low"]),
    ]
    edit_fieldsets = [(_("Stock warning"), ["threshold"])]
    can_add = can_delete = can_import = False
    empty_text = _("No stock yet. Post a purchase receipt, or receive goods.")

    @verb("adjust", _("Adjust stock"), icon="fa-plus-minus", form=forms.AdjustForm, many=False, primary=True)
    def adjust(self, levels: list[StockLevel], form: Any) -> str:
        level = levels[0]
        services.adjust(
            level.sku_id, form.change.data, why=form.why.data, warehouse_id=level.warehouse_id, actor=current_actor(),
            key=form.idempotency_key.data,
        )  # fmt: skip
        return gettext("The stock is corrected.")

    @verb("receive", _("Receive goods"), icon="fa-dolly", form=forms.ReceiveForm, many=False)
    def receive(self, levels: list[StockLevel], form: Any) -> str:
        level = levels[0]
        services.receive(
            [Line(level.sku_id, form.quantity.data, level.warehouse_id)], actor=current_actor(),
            note=form.note.data or "", key=form.idempotency_key.data,
        )  # fmt: skip
        return gettext("The goods are in stock.")

    @verb("transfer", _("Transfer"), icon="fa-right-left", form=forms.TransferForm, many=False)
    def transfer(self, levels: list[StockLevel], form: Any) -> str:
        level, target = levels[0], forms.picked_id(form.warehouse_id)
        if target is None:
            raise InvalidInput({"warehouse_id": gettext("Choose one from the list.")})
        services.transfer(
            [Line(level.sku_id, form.quantity.data)], source_id=level.warehouse_id, target_id=target,
            actor=current_actor(), note=form.note.data or "", key=form.idempotency_key.data,
        )  # fmt: skip
        return gettext("The goods are in the other warehouse.")

    @verb("line", _("Set warning line"), icon="fa-bell", form=forms.LineForm, permission="write")
    def line(self, levels: list[StockLevel], form: Any) -> str:
        services.set_threshold(levels, form.threshold.data, actor=current_actor())
        return gettext("The warning line is set.")

    @verb("page", _("All about this SKU"), icon="fa-magnifying-glass-chart", permission="read", many=False, read_only=True)
    def page(self, levels: list[StockLevel], form: Any) -> Any:
        return redirect(url_for("inventory_stock.sku", sku_id=levels[0].sku_id))


@domain.view(_("Stock journal"), icon="fa-list-ol", order=20)
class StockMoveView(PanelView):
    datamodel = PanelInterface(StockMove)
    title = _("Stock journal")
    one = _("line of the journal")
    list_columns = [
        "moved_at", "sku", "warehouse", "reason", "quantity", "held", "balance", "unit_cost", "note", "created_by",
    ]  # fmt: skip
    filter_columns = ["moved_at", "sku", "warehouse", "reason", "quantity", "cause_resource", "cause_id"]
    sort_columns = ["moved_at", "quantity", "balance"]
    search_columns = ["sku.code", "note"]
    default_sort = "-moved_at"
    quick_filters = ["reason", "warehouse"]
    label_columns = {"created_by": _("Done by")}
    formatters = {"sku": _sku, "quantity": _signed("quantity"), "held": _signed("held")}
    show_fieldsets = [
        (_("Line of the journal"), [
            "moved_at", "sku", "warehouse", "reason", "quantity", "held", "balance", "unit_cost", "cause_resource",
            "cause_id", "note", "created_by",
        ]),
    ]  # fmt: skip
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("Nothing has moved yet.")


@domain.view(_("Alerts"), icon="fa-triangle-exclamation", order=30)
class StockAlertView(PanelView):
    datamodel = PanelInterface(StockAlert)
    title = _("Stock alerts")
    one = _("alert")
    list_columns = ["level", "available", "line", "raised_at", "recovered_at"]
    filter_columns = ["raised_at", "recovered_at", "available"]
    default_sort = "-raised_at"
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("No SKU has fallen to its warning line. Good.")


@domain.view(_("Reservations"), icon="fa-lock", order=35)
class StockReservationView(PanelView):
    datamodel = PanelInterface(StockReservation)
    title = _("Reservations")
    one = _("reservation")
    list_columns = ["sku", "warehouse", "cause_resource", "cause_id", "quantity", "open", "changed_at"]
    search_columns = ["sku.code"]
    formatters = {"sku": _sku}
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("No order holds any goods.")


@domain.view(_("Stock-taking"), icon="fa-clipboard-check", order=40)
class StockCountView(PanelView):
    datamodel = PanelInterface(StockCount)
    title = _("Stock-taking")
    one = _("stock-taking")
    list_columns = ["number", "warehouse", "state", "note", "created_at", "posted_at"]
    quick_filters = ["state", "warehouse"]
    show_fieldsets = [(_("Stock-taking"), ["number", "warehouse", "state", "note", "created_at", "posted_at"])]
    add_fieldsets = [(_("Stock-taking"), ["warehouse", "note"])]
    edit_fieldsets = [(_("Stock-taking"), ["note"])]
    can_delete = can_import = False
    empty_text = _("Nothing has been counted yet. Open a paper for a warehouse.")

    @verb("count", _("Start counting"), icon="fa-barcode", permission="write", many=False, read_only=True, primary=True,
          when=lambda count: count.state is CountState.OPEN)  # fmt: skip
    def count(self, counts: list[StockCount], form: Any) -> Any:
        return redirect(url_for("inventory_counting.index", count_id=counts[0].id))

    @verb("cancel", _("Cancel"), icon="fa-ban", permission="write", many=False, tone="danger",
          confirm=_("Put this paper away without booking anything?"),
          when=lambda count: count.state is CountState.OPEN)  # fmt: skip
    def cancel(self, counts: list[StockCount], form: Any) -> str:
        services.cancel_count(counts[0], actor=current_actor())
        return gettext("The paper is put away.")


@domain.view(_("Purchase receipts"), icon="fa-truck-ramp-box", order=50)
class PurchaseReceiptView(PanelView):
    datamodel = PanelInterface(PurchaseReceipt)
    title = _("Purchase receipts")
    one = _("purchase receipt")
    list_columns = ["number", "supplier", "warehouse", "state", "received_on", "total", "supplier_number", "posted_at"]
    default_sort = "-received_on"
    quick_filters = ["state", "supplier"]
    show_fieldsets = [
        (_("Purchase receipt"), [
            "number", "supplier", "warehouse", "state", "received_on", "supplier_number", "total", "posted_at", "note",
        ]),
    ]  # fmt: skip
    form_fieldsets = [
        (_("Purchase receipt"), ["supplier", "warehouse", "received_on", "supplier_number", "currency", "note"])
    ]
    child_tables = ["lines"]
    can_delete = can_import = False
    empty_text = _("No purchases yet. Write down what a supplier brings.")

    @verb("post", _("Post"), icon="fa-check", many=False, primary=True,
          confirm=_("Is all of it here? The stock rises at once, and the paper can no longer be changed."),
          when=lambda receipt: receipt.state is ReceiptState.DRAFT)  # fmt: skip
    def post(self, receipts: list[PurchaseReceipt], form: Any) -> str:
        services.post_receipt(receipts[0], actor=current_actor())
        return gettext("The goods are in stock.")

    @verb("cancel", _("Cancel"), icon="fa-ban", permission="write", many=False, tone="danger",
          confirm=_("Put this paper away without booking anything?"),
          when=lambda receipt: receipt.state is ReceiptState.DRAFT)  # fmt: skip
    def cancel(self, receipts: list[PurchaseReceipt], form: Any) -> str:
        services.cancel_receipt(receipts[0], actor=current_actor())
        return gettext("The paper is put away.")


@domain.view(_("Suppliers"), icon="fa-industry", order=60)
class SupplierView(PanelView):
    datamodel = PanelInterface(Supplier)
    title = _("Suppliers")
    one = _("supplier")
    list_columns = ["code", "name", "contact", "phone", "lead_days", "is_active"]
    default_sort = "name"
    form_fieldsets = [
        (_("Supplier"), ["code", "name", "is_active", "lead_days"]),
        (_("Contact"), ["contact", "phone", "email", "note"]),
    ]
    empty_text = _("No suppliers yet.")


def _receipt(price: SupplierPrice) -> Any:
    """The receipt that a price was read from, for whoever may see it: prices are everybody's, receipts are not."""
    actor = current_actor()
    if price.receipt_id is None or not policy.allowed(actor, "read", "inventory.PurchaseReceipt"):
        return ""
    if "_receipts_of_mine" not in g:  # once a page, however many rows it has
        mine = policy.scope(select(PurchaseReceipt.id), actor, PurchaseReceipt)
        g._receipts_of_mine = set(db.session.scalars(mine))
    if price.receipt_id not in g._receipts_of_mine:
        return ""
    return cells.link(price.receipt, url_for("inventory_purchasereceipt.show", pk=price.receipt_id))


@domain.view(_("Purchase prices"), icon="fa-tags", order=70)
class SupplierPriceView(PanelView):
    datamodel = PanelInterface(SupplierPrice)
    title = _("Purchase prices")
    one = _("purchase price")
    list_columns = ["sku", "supplier", "unit_cost", "seen_on", "is_current", "is_best", "receipt"]
    search_columns = ["sku.code", "supplier.name"]
    default_sort = "-seen_on"
    quick_filters = ["supplier", "is_best", "is_current"]
    formatters = {"sku": _sku, "receipt": _receipt}
    form_fieldsets = [(_("Purchase price"), ["supplier", "sku", "unit_cost", "currency", "seen_on"])]
    can_delete = can_import = False
    empty_text = _("No prices yet. Posted purchases bring them; offers you can add by hand.")


@domain.view(_("Warehouses"), icon="fa-warehouse", order=80)
class WarehouseView(PanelView):
    datamodel = PanelInterface(Warehouse)
    title = _("Warehouses")
    one = _("warehouse")
    list_columns = ["code", "name", "shop", "is_default", "is_active", "contact", "phone"]
    default_sort = "code"
    form_fieldsets = [
        (_("Warehouse"), ["code", "name", "shop", "is_default", "is_active"]),
        (_("Contact"), ["contact", "phone", "address", "note"]),
    ]
    empty_text = _("No warehouses yet. The first one becomes the default.")


@domain.panel(ProductView, label=_("Stock"), order=8)
def stock_of_product(product: Product, actor: Any) -> Any:
    """What lies where of each SKU, for whoever may see stock."""
    if not policy.allowed(actor, "read", "inventory.StockLevel"):
        return None
    levels = list(db.session.scalars(queries.levels_of_product(product.id, actor)))
    return _stock(levels, ["sku", "warehouse", "on_hand", "reserved", "available"], actor)


@domain.panel(SkuView, label=_("Stock"), order=5)
def stock_of_sku(sku: Sku, actor: Any) -> Any:
    if not policy.allowed(actor, "read", "inventory.StockLevel"):
        return None
    levels = list(db.session.scalars(queries.levels_of(sku.id, actor)))
    found = _stock(levels, ["warehouse", "on_hand", "reserved", "available"], actor)
    found[1]["url"] = url_for("inventory_stock.sku", sku_id=sku.id)
    return found


def _stock(levels: list[StockLevel], names: list[str], actor: Any) -> tuple[str, dict[str, Any]]:
    own = {"sku": _sku, "available": lambda level: cells.show(_available(level), None)}
    empty = _("No stock yet. Post a purchase receipt, or receive goods.")
    table = tables.table(StockLevel, levels[:MOST_LEVELS], names, actor=actor, empty=empty, own=own)
    more = max(len(levels) - MOST_LEVELS, 0)
    return "inventory/_stock.html", {"table": table, "sums": tables.sums(levels, actor), "more": more, "url": ""}


domain.relate(SupplierView, label=_("Purchase receipts"), via="supplier")(PurchaseReceiptView)
domain.relate(SupplierView, label=_("Purchase prices"), via="supplier")(SupplierPriceView)
domain.relate(WarehouseView, label=_("Stock"), via="warehouse")(StockLevelView)
domain.relate(WarehouseView, label=_("Stock journal"), via="warehouse")(StockMoveView)
