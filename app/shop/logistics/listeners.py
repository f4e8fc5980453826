"""What logistics does when an order leaves."""

from __future__ import annotations

from typing import Any

from app.shop.logistics import events, jobs, services
from app.shop.logistics.models import Waybill
from app.shop.orders.events import order_shipped
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


@events.waybill_asked.connect
def ask_the_courier(_waybill: Waybill, **_more: Any) -> None:
    jobs.fetch_waybills.enqueue()


@events.waybill_void.connect
def tell_the_courier(waybill: Waybill, **_more: Any) -> None:
    if waybill.number:
        jobs.give_up_number.enqueue(courier_id=waybill.courier_id, number=waybill.number)
