"""Until when an order has to leave: the hours of its shop after the payment (ORD-08)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select, update

from app.panel.core import changes
from app.panel.core.db import db
from app.panel.core.settings import setting
from app.panel.core.transaction import transactional
from app.shop.orders import states
from app.shop.orders.models import Order, ShipClock

Later = Callable[[], dict[int, dt.datetime]]
_later: list[Later] = []


def begins_later(func: Later) -> Later:
    """Register who knows orders whose time to ship begins after the payment: `func()` gives order id → that moment."""
    _later.append(func)
    return func


def later_beginnings() -> dict[int, dt.datetime]:
    """Order id → when its time to ship began, where that is not the payment."""
    return {key: at for func in _later for key, at in func().items()}


@dataclass(frozen=True)
class Hours:
    """After the payment, and after shipping; 0 is no limit."""

    ship: int
    trace: int


class Clocks:
    """The hours of all shops, read once."""

    def __init__(self) -> None:
        columns = (ShipClock.shop_id, ShipClock.ship_hours, ShipClock.trace_hours)
        self._own = {shop_id: Hours(ship, trace) for shop_id, ship, trace in db.session.execute(select(*columns))}
        self._usual = Hours(int(setting("orders.late_after_hours") or 0), int(setting("orders.trace_after_hours") or 0))

    def of(self, shop_id: int) -> Hours:
        return self._own.get(shop_id, self._usual)

    def ship_by(self, shop_id: int, paid_at: dt.datetime | None) -> dt.datetime | None:
        hours = self.of(shop_id).ship
        return paid_at + dt.timedelta(hours=hours) if paid_at and hours else None


@transactional
def renew(limit: int = 5000) -> int:
    """Bring the deadlines of orders that wait in step with the hours that hold now; how many changed."""
    clocks = Clocks()
    columns = (Order.id, Order.shop_id, Order.paid_at, Order.ship_by_at)
    query = select(*columns).where(Order.state.in_(states.TO_SHIP), Order.is_past.is_(False)).order_by(Order.id)
    later = later_beginnings()
    wrong: dict[dt.datetime | None, list[int]] = defaultdict(list)
    for key, shop_id, paid_at, known in db.session.execute(query):
        if (at := clocks.ship_by(shop_id, later.get(key, paid_at))) != known:
            wrong[at].append(key)
    changed = 0
    for at, keys in list(wrong.items())[:limit]:
        values = {"ship_by_at": at, "version": Order.version + 1}
        where = update(Order).where(Order.id.in_(keys), Order.state.in_(states.TO_SHIP))
        db.session.execute(where.values(values), execution_options={"synchronize_session": False})
        changes.record(Order, keys)
        changed += len(keys)
    if changed:
        db.session.expire_all()
    return changed


def share_gone(order: Order, now: dt.datetime) -> float | None:
    """How much of the time to ship has gone, 1 at the deadline; None where nobody waits."""
    if order.ship_by_at is None or order.paid_at is None or order.state not in states.TO_SHIP:
        return None
    whole = (order.ship_by_at - order.paid_at).total_seconds()
    return (now - order.paid_at).total_seconds() / whole if whole > 0 else 1.0
