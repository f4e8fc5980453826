"""What the ledger does when money moved in an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.shop.finance import services
from app.shop.logistics.events import compensation_approved
from app.shop.logistics.models import Compensation
from app.shop.orders import events
from app.shop.orders.models import Order, Payment, Refund
from app.shop.setup.events import shop_opened


@shop_opened.connect
def open_the_books(_shop: Any, **_more: Any) -> None:
    """A shop that opens finds the usual accounts."""
    services.ensure_chart()


@events.payment_booked.connect
def book_payment(order: Order, payment: Payment, actor: Any, **_more: Any) -> None:
    services.on_payment(order, payment, actor=actor)


@events.order_paid.connect
def book_sale(order: Order, actor: Any, **_more: Any) -> None:
    services.on_sale(order, actor=actor)


@events.order_refunded.connect
@events.hears_sets
def book_refund(order: Order, refund: Refund, actor: Any, **_more: Any) -> None:
    services.on_refund(order, refund, actor=actor)


@events.orders_refunded.connect
def book_refunds(_sender: Any, ids: Sequence[int], actor: Any, **_more: Any) -> None:
    services.on_refunds(ids, actor=actor)


@events.refunds_reversed.connect
def reverse_refunds(_sender: Any, ids: Sequence[int], actor: Any, **_more: Any) -> None:
    services.on_refunds_reversed(ids, actor=actor)


@events.past_orders_recorded.connect
def book_past_orders(_sender: Any, ids: Sequence[int], actor: Any, **_more: Any) -> None:
    services.follow(ids, actor=actor)


@events.past_orders_going.connect
def unbook_past_orders(_sender: Any, ids: Sequence[int], actor: Any, **_more: Any) -> None:
    services.unbook(ids, actor=actor)


@compensation_approved.connect
def book_compensation(compensation: Compensation, actor: Any, **_more: Any) -> None:
    services.on_compensation(compensation, actor=actor)
