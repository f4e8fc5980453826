"""Who may do what with orders, whose orders, and which of their fields."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, Select, and_, select

from app.panel.core import folding, policy
from app.panel.core.actor import bounds_of
from app.panel.core.db import db
from app.panel.core.types import Unindexed
from app.shop.orders.models import (
    BuyerMessage,
    IntakeAddress,
    IntakeEvent,
    Order,
    OrderException,
    OrderLine,
    OrderNote,
    OrderStateLog,
    Payment,
    Refund,
    RefundLine,
    ShipClock,
    Shipment,
    ShipmentLine,
)
from app.shop.setup.permissions import CHANNEL, OF_MINE, my_channel_ids, my_shop_ids, sees_all_shops

policy.verbs(
    "orders.Order",
    place=_("Place orders"), pay=_("Book payments"), ship=_("Ship"), complete=_("Complete"), close=_("Close the order"),
    refund=_("Refund"), hold=_("Hold and release"), confirm=_("Confirm"), edit_address=_("Change the address"),
    handle=_("Handle exceptions"), note=_("Add notes"), assign=_("Assign"), tag=_("Tag"),
    counter=_("Sell at the counter"), intake=_("Take in orders of channels"),
    see_cost=_("See cost and margin"), reveal=_("Have contacts shown for a reason"),
    see_contacts=_("See all contacts at any time"),
)  # fmt: skip
policy.moves_money("orders.Order", "refund", "pay")
policy.name("orders.IntakeAddress", _("Intake addresses of channels"))
policy.verbs("orders.IntakeEvent", retry=_("Try again, set aside"))
policy.verbs("orders.BuyerMessage", send=_("Mark as sent"), see_contacts=_("See all contacts at any time"))
policy.verbs("orders.OrderLine", see_cost=_("See cost and margin"))
folding.part_of("orders.Order", "orders.OrderException", "orders.ExceptionReason", "orders.BuyerMessage", "orders.OrderTag")
folding.part_of("orders.IntakeEvent", "orders.IntakeAddress")

_PAPERS = ("OrderLine", "Payment", "Shipment", "ShipmentLine", "Refund", "RefundLine", "OrderNote", "OrderStateLog")
_READ = {f"orders.{noun}": "read" for noun in (*_PAPERS, "OrderException", "ExceptionReason", "ShipClock")}
for _role in ("operations", "deputy"):
    policy.grant(_role, {"orders.ShipClock": "write delete"})

policy.grant("operations", {
    **_READ,
    "orders.Order": (
        "read write export import place pay ship complete close hold confirm edit_address handle note assign tag counter intake"
    ),
    "orders.OrderNote": "read write", "orders.OrderException": "read write export",
    "orders.ExceptionReason": "read write delete",
})  # fmt: skip
policy.grant("finance", {
    **_READ, "orders.Order": "read export refund pay note see_cost", "orders.OrderLine": "read export see_cost",
    "orders.Payment": "read export", "orders.Refund": "read export", "orders.OrderNote": "read write",
})  # fmt: skip
policy.grant("support", {
    **_READ,
    "orders.Order": "read write place pay ship complete close hold confirm edit_address handle note assign tag counter reveal",
    "orders.OrderNote": "read write", "orders.OrderException": "read write",
})  # fmt: skip
_DELIVERIES = {
    "operations": "read export retry", "support": "read", "finance": "read", "deputy": "read retry", "viewer": "read",
}  # fmt: skip
for _role, _verbs in _DELIVERIES.items():
    policy.grant(_role, {"orders.IntakeEvent": _verbs})
# whoever opens an address learns its secret, and who signs with that books orders, payments and refunds: administrators do
for _role in ("operations", "deputy"):
    policy.grant(_role, {"orders.IntakeAddress": "read"})
policy.grant("host", {"orders.Order": "read", "orders.OrderLine": "read"})
policy.grant(
    "field_control", {"orders.Order": "read hold note", "orders.OrderLine": "read", "orders.OrderNote": "read write"}
)
policy.grant("deputy", {
    **_READ,
    "orders.Order": (
        "read write export place pay ship complete close refund hold confirm edit_address handle note assign tag counter "
        "reveal see_contacts see_cost"
    ),
    "orders.OrderLine": "read see_cost", "orders.OrderNote": "read write delete",
    "orders.OrderException": "read write export", "orders.ExceptionReason": "read write",
})  # fmt: skip
policy.grant("viewer", {"orders.Order": "read", **_READ})

_TAGS = {"operations": "read write delete", "support": "read write", "deputy": "read write", "finance": "read", "viewer": "read"}
for _role, _verbs in _TAGS.items():
    policy.grant(_role, {"orders.OrderTag": _verbs})

_MESSAGES = {"operations": "read send", "support": "read send", "deputy": "read send see_contacts", "viewer": "read"}
for _role, _verbs in _MESSAGES.items():
    policy.grant(_role, {"orders.BuyerMessage": _verbs})

policy.protect("orders.Order", "cost", "margin", verb="see_cost")
policy.protect("orders.OrderLine", "unit_cost", verb="see_cost")
policy.mask("orders.BuyerMessage", "recipient", verb="see_contacts", how="tail")
policy.mask("orders.Order", "buyer_phone", verb="see_contacts", how="phone")
policy.mask("orders.Order", "buyer_email", verb="see_contacts", how="email")


@policy.rows(Order, OF_MINE)
def orders_of_my_shops(actor: Any) -> ColumnElement[bool] | None:
    """Which shops are one's own is looked up first: for one shop the database then walks the index that holds its orders
    in order, and for several that of all orders. Told "in a list that you find yourself", it sorts all orders of them."""
    if sees_all_shops(actor):
        return None
    shops = [*db.session.scalars(my_shop_ids(actor))]
    mine = Order.shop_id == shops[0] if len(shops) == 1 else Unindexed(Order.shop_id).in_(shops)
    channels = bounds_of(actor).get(CHANNEL)
    return and_(mine, Order.channel_id.in_(channels)) if channels else mine


def _mine(actor: Any) -> ColumnElement[bool]:
    """Those of my shops; a key that is bound to channels sees theirs only."""
    of_my_shops = Order.shop_id.in_(my_shop_ids(actor))
    channels = bounds_of(actor).get(CHANNEL)
    return and_(of_my_shops, Order.channel_id.in_(channels)) if channels else of_my_shops


def _my_orders(actor: Any) -> Select[Any]:
    return select(Order.id).where(_mine(actor))


def _follow_the_order(model: Any) -> None:
    @policy.rows(model, OF_MINE)
    def rule(actor: Any) -> ColumnElement[bool] | None:
        return None if sees_all_shops(actor) else model.order_id.in_(_my_orders(actor))


for _model in (OrderLine, Payment, Shipment, Refund, OrderNote, OrderException, OrderStateLog, BuyerMessage):
    _follow_the_order(_model)
    policy.follow(_model, Order, "order_id")
policy.follow(ShipmentLine, Shipment, "shipment_id")
policy.follow(RefundLine, Refund, "refund_id")


@policy.rows(ShipmentLine, OF_MINE)
def parcels_of_my_orders(actor: Any) -> ColumnElement[bool] | None:
    own = select(Shipment.id).where(Shipment.order_id.in_(_my_orders(actor)))
    return None if sees_all_shops(actor) else ShipmentLine.shipment_id.in_(own)


@policy.rows(RefundLine, OF_MINE)
def refunds_of_my_orders(actor: Any) -> ColumnElement[bool] | None:
    own = select(Refund.id).where(Refund.order_id.in_(_my_orders(actor)))
    return None if sees_all_shops(actor) else RefundLine.refund_id.in_(own)


@policy.rows(ShipClock, OF_MINE)
def hours_of_my_shops(actor: Any) -> ColumnElement[bool] | None:
    return None if sees_all_shops(actor) else ShipClock.shop_id.in_(my_shop_ids(actor))


def _follow_the_channel(model: Any) -> None:
    @policy.rows(model, OF_MINE)
    def rule(actor: Any) -> ColumnElement[bool] | None:
        return None if sees_all_shops(actor) else model.channel_id.in_(my_channel_ids(actor))


for _model in (IntakeAddress, IntakeEvent):
    _follow_the_channel(_model)
