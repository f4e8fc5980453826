"""Orders of shop A that differ in what row rules ask of them."""

from __future__ import annotations

import datetime as dt

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.shop.orders.models import Order
from app.shop.orders.services.past import record_past_orders
from app.shop.setup.models import Channel, Shop

STATES = ("paid", "shipped", "completed", "closed")
NAMES = ("李雷", "韩梅梅", "Kim")


def orders(count=8):
    """Orders ZQ-0, ZQ-1, … of two channels, in four states, with totals of 100, 200, …, made by ada and by nobody."""
    shop = db.session.query(Shop).filter_by(code="A").one()
    counter = db.session.query(Channel).filter_by(shop_id=shop.id).one()
    other = Channel(shop_id=shop.id, name="Second", kind="own_site")
    db.session.add(other)
    db.session.commit()
    now = clock.now()
    rows = [
        {
            "shop_id": shop.id, "channel_id": (counter.id, other.id)[n % 2], "number": f"ZQ-{n}", "currency": "CNY",
            "placed_at": now - dt.timedelta(days=n), "state": STATES[n % 4], "buyer_name": NAMES[n % 3],
            "lines": [{"title": "cup", "quantity": 1, "total": 100 * (n + 1)}],
        }
        for n in range(count)
    ]  # fmt: skip
    record_past_orders(rows, actor=SYSTEM)
    return {order.id: order for order in db.session.query(Order).filter(Order.number.like("ZQ-%"))}
