"""What left the house, parcel by parcel."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, Index

from app.panel.core.columns import children, instant, integer, ref, relation, text
from app.panel.core.db import PanelModel


class Shipment(PanelModel):
    """One parcel of an order."""

    __tablename__ = "orders_shipment"

    order_id = ref(_("Order"), "orders_order.id", ondelete="CASCADE", required=True, index=True)
    order = relation("Order", order_id, back_populates="shipments")
    courier = text(_("Courier"), 60)
    tracking_number = text(_("Tracking number"), 80, search=True, index=True)
    shipped_at = instant(_("Shipped at"), required=True)
    note = text(_("Note"), 300)
    lines = children(_("Goods in the parcel"), "ShipmentLine", back="shipment")

    __table_args__ = (Index(None, "shipped_at", "id"),)

    def __str__(self) -> str:
        return " ".join(part for part in (self.courier, self.tracking_number) if part) or f"#{self.id}"


class ShipmentLine(PanelModel):
    """How many pieces of an order line lie in a parcel."""

    __tablename__ = "orders_shipment_line"

    shipment_id = ref(_("Shipment"), "orders_shipment.id", ondelete="CASCADE", required=True, index=True)
    shipment = relation("Shipment", shipment_id, back_populates="lines")
    line_id = ref(_("Line"), "orders_order_line.id", ondelete="CASCADE", required=True, index=True)
    line = relation("OrderLine", line_id)
    quantity = integer(_("Quantity"), required=True, adds_up=True)

    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    def __str__(self) -> str:
        return f"#{self.id}"
