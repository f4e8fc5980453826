"""Paid orders that nobody has shipped for too long become a problem on the list, once each (ORD-12)."""

from __future__ import annotations

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.orders import states
from app.shop.orders.models import Order, OrderException
from app.shop.orders.services.clocks import Clocks, renew
from app.shop.orders.services.exceptions import open_exception, reason
from app.shop.setup.queries import business


@transactional
def flag_late(limit: int = 500) -> int:
    """Open the problem "late" for orders that were paid too long ago and have not left; how many.

    Past orders and those on hold are left in peace, and so is an order whose problem somebody has handled already.
    """
    renew()
    late = reason("late")
    known = select(OrderException.order_id).where(OrderException.reason_id == late.id)
    query = (
        select(Order)
        .where(
            Order.state.in_(states.TO_SHIP), Order.is_past.is_(False), Order.is_held.is_(False),
            Order.ship_by_at <= clock.now(), Order.id.not_in(known),
        )
        .order_by(Order.ship_by_at, Order.id)
        .limit(limit)
    )  # fmt: skip
    found = list(db.session.scalars(query))
    owner = business()
    clocks = Clocks()
    with force_locale(owner.language if owner else "en"):
        for order in found:
            hours = clocks.of(order.shop_id).ship
            detail = _("Paid more than %(hours)s hours ago and not shipped.", hours=hours)
            open_exception(order, late, actor=SYSTEM, detail=detail)
    return len(found)
