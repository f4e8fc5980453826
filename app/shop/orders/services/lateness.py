"""Paid orders that nobody has shipped for too long become a problem on the list, once each (ORD-12)."""

from __future__ import annotations

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Select, exists, select

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.orders import states
from app.shop.orders.models import Order, OrderException
from app.shop.orders.services.clocks import Clocks, renew
from app.shop.orders.services.common import lock
from app.shop.orders.services.exceptions import open_exception, reason
from app.shop.setup.queries import business


def flag_late(limit: int = 500) -> int:
    """Open the problem "late" for orders that were paid too long ago and have not left; how many.

    Past orders and those on hold are left in peace, and so is an order whose problem somebody has handled already. Each is a
    transaction of its own: five hundred in one would keep everybody else from writing for seconds.
    """
    late = _prepare()
    found = list(db.session.scalars(_late(late).order_by(Order.ship_by_at, Order.id).limit(limit)))
    owner = business()
    clocks = Clocks()
    with force_locale(owner.language if owner else "en"):
        return sum(_flag(key, late, clocks) for key in found)


@transactional
def _prepare() -> int:
    renew()
    return reason("late").id


def _late(late: int) -> Select[int]:
    known = exists().where(OrderException.order_id == Order.id, OrderException.reason_id == late)
    return select(Order.id).where(
        Order.state.in_(states.TO_SHIP), Order.is_past.is_(False), Order.is_held.is_(False), Order.ship_by_at <= clock.now(), ~known
    )


@transactional
def _flag(key: int, late: int, clocks: Clocks) -> bool:
    order = db.session.get(Order, key)
    if order is None or db.session.scalar(_late(late).where(Order.id == lock(order).id)) is None:
        return False  # it has left, or waits for something else, since it was found
    hours = clocks.of(order.shop_id).ship
    detail = _("Paid more than %(hours)s hours ago and not shipped.", hours=hours)
    open_exception(order, reason("late"), actor=SYSTEM, detail=detail)
    return True
