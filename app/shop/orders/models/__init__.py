"""Tables of the orders domain."""

from app.shop.orders.models.choices import (
    CloseReason,
    ExceptionState,
    IntakeDoor,
    IntakeState,
    MessageKind,
    MessageState,
    MessageWay,
    OrderSource,
    OrderState,
    PaymentMethod,
    PaymentState,
    RefundReason,
    RefundState,
    ReviewState,
)
from app.shop.orders.models.clocks import ShipClock
from app.shop.orders.models.deliveries import IntakeAddress, IntakeEvent
from app.shop.orders.models.messages import BuyerMessage
from app.shop.orders.models.notes import ExceptionReason, OrderException, OrderNote, OrderStateLog
from app.shop.orders.models.order import Order, OrderCounter, OrderLine
from app.shop.orders.models.parcels import Shipment, ShipmentLine
from app.shop.orders.models.payments import Payment, Refund, RefundLine
from app.shop.orders.models.tags import OrderTag, order_tags

__all__ = [
    "BuyerMessage",
    "CloseReason",
    "ExceptionReason",
    "ExceptionState",
    "IntakeAddress",
    "IntakeDoor",
    "IntakeEvent",
    "IntakeState",
    "MessageKind",
    "MessageState",
    "MessageWay",
    "Order",
    "OrderCounter",
    "OrderException",
    "OrderLine",
    "OrderNote",
    "OrderSource",
    "OrderState",
    "OrderStateLog",
    "OrderTag",
    "Payment",
    "PaymentMethod",
    "PaymentState",
    "Refund",
    "RefundLine",
    "RefundReason",
    "RefundState",
    "ReviewState",
    "ShipClock",
    "Shipment",
    "ShipmentLine",
    "order_tags",
]
