"""Goods leaving the house, and the end of a good deal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from app.panel.core import clock, history, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.orders import events, states
from app.shop.orders.models import Order, OrderLine, OrderState, ReviewState, Shipment, ShipmentLine
from app.shop.orders.services import stock
from app.shop.orders.services.common import RESOURCE, lock, move
from app.shop.orders.services.exceptions import settle


@transactional
def ship(
    order: Order,
    *,
    actor: Any,
    pieces: Mapping[int, int] | None = None,
    courier: str = "",
    tracking_number: str = "",
    note: str = "",
) -> Shipment:
    """Send one parcel: `pieces` maps a line's id to how many go; without it everything that is left goes."""
    policy.authorize(actor, "ship", RESOURCE)
    lock(order)
    _check(order)
    wanted = _wanted(order, pieces)
    shipment = Shipment(
        order=order, courier=courier or None, tracking_number=tracking_number or None, shipped_at=clock.now(),
        note=note or None,
    )  # fmt: skip
    db.session.add(shipment)
    for line, quantity in wanted:
        shipment.lines.append(ShipmentLine(line=line, quantity=quantity))
    db.session.flush()
    stock.take_out(order, wanted, shipment, actor=actor)
    for line, quantity in wanted:
        line.shipped_quantity += quantity
    all_gone = all(line.left_to_ship == 0 for line in order.lines)
    to = OrderState.SHIPPED if all_gone else OrderState.PARTLY_SHIPPED
    if order.state is not to:
        move(order, to, actor=actor)
    db.session.flush()
    events.order_shipped.send(order, shipment=shipment, actor=actor)
    return shipment


def hindrance(order: Order) -> str:
    """Why this order cannot leave now; "" when it can."""
    if order.state not in states.TO_SHIP:
        return str(_("Order %(no)s is not waiting to be shipped.", no=order.number))
    if order.is_held:
        return str(_("Order %(no)s is on hold: %(why)s", no=order.number, why=order.hold_reason or ""))
    if order.review is not ReviewState.CONFIRMED:
        return str(_("Order %(no)s has to be confirmed before it is shipped.", no=order.number))
    return ""


def _check(order: Order) -> None:
    if why := hindrance(order):
        raise DomainError(why)


def _wanted(order: Order, pieces: Mapping[int, int] | None) -> list[tuple[OrderLine, int]]:
    if pieces is None:
        wanted = [(line, line.left_to_ship) for line in order.lines if line.left_to_ship]
    else:
        own = {line.id: line for line in order.lines}
        if strangers := set(pieces) - set(own):
            raise DomainError(_("Line %(id)s is not part of this order.", id=min(strangers)))
        wanted = [(own[line_id], quantity) for line_id, quantity in sorted(pieces.items()) if quantity]
    if not wanted:
        raise DomainError(_("Order %(no)s has nothing left to ship.", no=order.number))
    for line, quantity in wanted:
        if not 0 < quantity <= line.left_to_ship:
            raise DomainError(
                _("Only %(left)s of “%(title)s” are left to ship.", left=line.left_to_ship, title=str(line)),
                field="pieces",
            )
    return wanted


@transactional
def cancel_rest(order: Order, *, actor: Any, why: str = "") -> Order:
    """Do not send the rest of a partly shipped order: its stock is free again, and the order counts as shipped.

    Money that was paid for the rest goes back by `refund`. Said again of an order that has nothing left to send, it
    changes nothing.
    """
    policy.authorize(actor, "ship", RESOURCE)
    lock(order)
    rest = [(line, line.left_to_ship) for line in order.lines if line.left_to_ship]
    if not rest and order.state in (OrderState.SHIPPED, OrderState.COMPLETED):
        return order
    if order.state is not OrderState.PARTLY_SHIPPED:
        raise DomainError(_("Order %(no)s is not shipped in part.", no=order.number))
    stock.free(order, rest, step="rest", actor=actor)
    for line, quantity in rest:
        line.cancelled_quantity += quantity
    history.record(order, "order.rest_cancelled", actor=actor, why=why)
    move(order, OrderState.SHIPPED, actor=actor, why=why or _("The rest is not sent."))
    settle(order, {"late"}, resolution=_("The rest is not sent."))
    db.session.flush()
    return order


@transactional
def complete(order: Order, *, actor: Any) -> Order:
    """The buyer has everything: the deal is done."""
    policy.authorize(actor, "complete", RESOURCE)
    lock(order)
    move(order, OrderState.COMPLETED, actor=actor)
    events.order_completed.send(order, actor=actor)
    return order
