"""How many hours a shop gives itself."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.columns import integer, ref, relation
from app.panel.core.db import PanelModel


class ShipClock(PanelModel):
    """Hours of one shop; a shop without a row has those of the settings."""

    __tablename__ = "orders_ship_clock"

    shop_id = ref(_("Shop"), "setup_shop.id", ondelete="CASCADE", required=True, unique=True, index=False)
    shop = relation("Shop", shop_id)
    ship_hours = integer(
        _("Ship within"), required=True, default=48, min=0, max=2160, unit=_("hours"), help=_("After the payment. 0: no limit."),
    )  # fmt: skip
    trace_hours = integer(
        _("First trace within"), required=True, default=24, min=0, max=2160, unit=_("hours"),
        help=_("After shipping. 0: no limit."),
    )  # fmt: skip

    def __str__(self) -> str:
        return str(self.shop)
