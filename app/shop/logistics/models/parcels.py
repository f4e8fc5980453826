"""Parcels on their way: what the courier said of each, and the waybills that were asked for."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import Index, UniqueConstraint

from app.panel.core.columns import children, choice, flag, instant, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.logistics.models.choices import ParcelState, WaybillState


class Parcel(PanelModel):
    """A shipment of an order in the hands of a courier.

    Two orders that left in one parcel are two rows with one number: each tells its own buyer. `moved_at` is when it was
    last heard of, or when it left as long as nobody has said anything.
    """

    __tablename__ = "logistics_parcel"

    shipment_id = ref(_("Shipment"), "orders_shipment.id", ondelete="CASCADE", required=True, unique=True, index=False)
    shipment = relation("Shipment", shipment_id)
    order_id = ref(_("Order"), "orders_order.id", ondelete="CASCADE", required=True)
    order = relation("Order", order_id)
    courier_id = ref(_("Courier"), "logistics_courier.id", required=True, index=False)
    courier = relation("Courier", courier_id)
    number = text(_("Tracking number"), 80, required=True, search=True, index=True)
    state = choice(_("State"), ParcelState, default=ParcelState.WAITING, readonly=True)
    said = text(_("Last heard"), 300, readonly=True)
    shipped_at = instant(_("Shipped at"), required=True, readonly=True)
    first_at = instant(_("First trace"), readonly=True)
    moved_at = instant(_("Last movement"), required=True, readonly=True)
    is_standing = flag(_("Stands still"), default=False, readonly=True)
    events = children(_("Trace"), "TraceEvent", back="parcel", order_by="TraceEvent.happened_at.desc(), TraceEvent.id.desc()")

    __table_args__ = (
        Index(None, "courier_id", "number"),
        Index(None, "state", "moved_at", "id"),
        Index(None, "moved_at", "id"),
        Index(None, "is_standing", "courier_id"),
    )

    def __str__(self) -> str:
        return self.number


class TraceEvent(PanelModel):
    """One thing that a courier said about a parcel. `key` is what the courier calls it, or its time and words: a thing that
    is told twice stands here once."""

    __tablename__ = "logistics_trace"
    __no_history__ = True  # it is one itself

    parcel_id = ref(_("Parcel in transit"), "logistics_parcel.id", ondelete="CASCADE", required=True, index=False)
    parcel = relation("Parcel", parcel_id, back_populates="events")
    key = text(_("Key"), 80, required=True, hidden=True)
    happened_at = instant(_("Time"), required=True)
    kind = choice(_("State"), ParcelState, default=ParcelState.MOVING)
    place = text(_("Place"), 120)
    words = text(_("What was said"), 300)

    __table_args__ = (UniqueConstraint("parcel_id", "key"), Index(None, "parcel_id", "happened_at"))

    def __str__(self) -> str:
        return self.words or str(self.kind.label)


class Waybill(PanelModel):
    """A number that was asked of a courier for one shipment. `key` is what we ask under: asked twice, one number comes."""

    __tablename__ = "logistics_waybill"

    shipment_id = ref(_("Shipment"), "orders_shipment.id", ondelete="CASCADE", required=True)
    shipment = relation("Shipment", shipment_id)
    order_id = ref(_("Order"), "orders_order.id", ondelete="CASCADE", required=True)
    order = relation("Order", order_id)
    courier_id = ref(_("Courier"), "logistics_courier.id", required=True)
    courier = relation("Courier", courier_id)
    key = text(_("Key"), 40, required=True, unique=True, hidden=True)
    state = choice(_("State"), WaybillState, default=WaybillState.ASKED, readonly=True)
    number = text(_("Tracking number"), 80, search=True, readonly=True)
    asked_at = instant(_("Asked for at"), required=True, readonly=True)
    given_at = instant(_("Number given at"), readonly=True)
    why = text(_("Reason"), 300, readonly=True)

    __table_args__ = (UniqueConstraint("courier_id", "number"), Index(None, "state", "asked_at"))

    def __str__(self) -> str:
        return self.number or f"#{self.id}"
