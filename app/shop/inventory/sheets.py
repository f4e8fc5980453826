"""The warning lines of many stock levels in one grid."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.sheets import PanelSheet
from app.shop.inventory import domain
from app.shop.inventory.models import StockLevel


@domain.sheet(StockLevel, _("Warning lines"))
class StockLevelSheet(PanelSheet):
    column_list = ["warehouse", "sku", "on_hand", "available", "threshold"]
    column_editable_list = ["threshold"]
    column_default_sort = "id"
