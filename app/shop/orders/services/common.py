"""What every verb of an order needs: the row locked, the move checked and written down, the next number."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from app.panel.core import clock, history
from app.panel.core.db import db
from app.shop.orders import states
from app.shop.orders.models import Order, OrderCounter, OrderState, OrderStateLog
from app.shop.orders.services.clocks import Clocks

RESOURCE = "orders.Order"
_STAMPS = {
    OrderState.PAID: "paid_at",
    OrderState.SHIPPED: "shipped_at",
    OrderState.COMPLETED: "completed_at",
    OrderState.CLOSED: "closed_at",
}


def lock(order: Order) -> Order:
    """Read the order anew and keep others from changing it until we commit (SQLite has locked already)."""
    db.session.flush()
    db.session.refresh(order, with_for_update=True)
    if order.is_past:
        order.is_past = False  # whoever works with it has made it a living one; an import leaves it alone from now on
    return order


def move(order: Order, to: OrderState, *, actor: Any, why: str = "", at: dt.datetime | None = None) -> None:
    """Take one allowed step, with its time stamp, its row in the log and its line in the history."""
    states.require(order, to)
    at = at or clock.now()
    db.session.add(OrderStateLog(order=order, from_state=order.state, to_state=to, why=why or None, moved_at=at))
    order.state = to
    stamp = _STAMPS.get(to)
    if stamp and getattr(order, stamp) is None:
        setattr(order, stamp, at)
    if to is OrderState.PAID:
        order.ship_by_at = Clocks().ship_by(order.shop_id, order.paid_at)
    history.record(order, f"order.{to.value}", actor=actor, why=why)


def next_number(shop_id: int, at: dt.datetime) -> str:
    """`202611210001`: the day of the shop and a running number, handed out by one statement so that no two are equal.

    The counter's row stays locked until the commit, so take the number last.
    """
    day = clock.local(at).strftime("%Y%m%d")
    statement = _count_on(db.session.connection().dialect.name)
    last = db.session.scalar(statement, {"shop_id": shop_id, "day": day, "last": 1})
    return f"{day}{last:04d}"


@functools.cache
def _count_on(dialect: str) -> Any:
    """Built once: every order asks this."""
    counters = OrderCounter.__table__
    new = (postgresql if dialect == "postgresql" else sqlite).insert(counters)
    taken = new.on_conflict_do_update(index_elements=["shop_id", "day"], set_={"last": counters.c.last + 1})
    return taken.returning(counters.c.last)
