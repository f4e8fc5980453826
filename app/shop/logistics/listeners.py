"""What logistics does when an order leaves."""

from __future__ import annotations

from typing import Any

from app.shop.logistics import events, jobs, services
from app.shop.logistics.models import Parcel, Waybill
from app.shop.logistics.services import waybills
from app.shop.orders.events import order_shipped, parcel_recalled
from app.shop.orders.models import Order, Shipment
from app.shop.setup.events import shop_opened


@shop_opened.connect
def list_the_couriers(_shop: Any, **_more: Any) -> None:
    """A shop that opens finds the usual courier companies to choose from."""
    services.ensure_couriers()


@order_shipped.connect
def follow_the_parcel(_order: Order, shipment: Shipment, **_more: Any) -> None:
    """A number that its courier cannot have given stops the shipment: it is a slip of the pen."""
    services.follow(shipment)


@parcel_recalled.connect
def let_go_of_the_parcel(_order: Order, shipment: Shipment, actor: Any, **_more: Any) -> None:
    """What the courier has moved cannot be taken back; otherwise its number is given up."""
    waybills.let_go(shipment, actor=actor)


@events.parcels_moved.connect
def is_silent_no_more(_model: Any, parcels: list[Parcel], **_more: Any) -> None:
    services.heard(parcels)


@events.waybill_asked.connect
def ask_the_courier(_waybill: Waybill, **_more: Any) -> None:
    jobs.fetch_waybills.enqueue()


@events.waybill_void.connect
def tell_the_courier(waybill: Waybill, **_more: Any) -> None:
    if waybill.number:
        jobs.give_up_number.enqueue(courier_id=waybill.courier_id, number=waybill.number)
