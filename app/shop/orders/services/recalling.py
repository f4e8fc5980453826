"""Taking a parcel back that was entered by mistake: the goods lie on the shelf again, promised to their order as before."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.panel.core import clock, history, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.orders import events, states
from app.shop.orders.models import Order, OrderState, OrderStateLog, Shipment
from app.shop.orders.services import stock
from app.shop.orders.services.common import RESOURCE, lock


@transactional
def recall(shipment: Shipment, *, actor: Any, why: str = "") -> Order:
    """Undo one parcel of an order on which nothing has moved since.

    :raises DomainError: when the order has gone on: completed, refunded, its rest cancelled, or the courier has the parcel
    """
    policy.authorize(actor, "ship", RESOURCE)
    order = lock(shipment.order)
    _check(order)
    events.parcel_recalled.send(order, shipment=shipment, actor=actor)
    pieces = [(line.line, line.quantity) for line in shipment.lines]
    stock.put_back(order, pieces, shipment, actor=actor)
    for line, quantity in pieces:
        line.shipped_quantity -= quantity
    what = str(shipment)
    order.shipments.remove(shipment)
    to = OrderState.PARTLY_SHIPPED if any(line.shipped_quantity for line in order.lines) else OrderState.PAID
    if order.state is not to:
        said = why or _("The parcel %(parcel)s is taken back.", parcel=what)
        db.session.add(OrderStateLog(order=order, from_state=order.state, to_state=to, why=said[:300], moved_at=clock.now()))
        order.state = to
    order.shipped_at = None
    db.session.flush()
    history.record(order, "order.parcel_recalled", actor=actor, why=why or what)
    return order


def _check(order: Order) -> None:
    if order.state not in states.BACK:
        raise DomainError(_("Order %(no)s has gone on since; its parcel stays.", no=order.number))
    if order.refunded or any(line.cancelled_quantity for line in order.lines):
        raise DomainError(_("Of order %(no)s money or goods were given back since; its parcel stays.", no=order.number))
