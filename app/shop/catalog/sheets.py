"""Prices of many SKUs in one grid."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.sheets import PanelSheet
from app.shop.catalog import domain
from app.shop.catalog.models import Sku


@domain.sheet(Sku, _("SKU prices and barcodes"))
class SkuSheet(PanelSheet):
    column_list = ["code", "product", "options", "barcode", "price", "compare_at_price", "cost", "currency"]
    column_labels = {"options": _("Options")}
    column_editable_list = ["barcode", "price", "compare_at_price", "cost"]
    column_searchable_list = ["code", "barcode"]
    column_default_sort = "code"
