"""A year of past orders with odd amounts, near midnights and in two currencies, to count in two ways."""

import datetime as dt
import random

import pytest

from app.panel.core import clock as real
from app.panel.core.actor import SYSTEM
from app.shop.customers.models import Customer
from app.shop.orders import services
from app.shop.setup.models import Channel, Shop

TODAY = "2026-11-21 10:00"


@pytest.fixture
def trade(session, clock):
    """600 orders of both shops over 70 days; a fifth unpaid, some in dollars, some exactly at midnight."""
    clock.set(TODAY)
    shops = session.query(Shop).order_by(Shop.id).all()
    channels = {shop.id: session.query(Channel).filter_by(shop_id=shop.id).first() for shop in shops}
    die, rows = random.Random(7), []
    midnight = real.day_start(real.today())
    for n in range(600):
        shop = die.choice(shops)
        at = midnight - dt.timedelta(days=die.randint(0, 69), seconds=die.choice([0, 1, die.randint(0, 86399)]))
        rows.append({
            "shop_id": shop.id, "channel_id": channels[shop.id].id, "external_number": f"P{n}", "placed_at": at,
            "currency": "USD" if n % 17 == 0 else "CNY", "state": die.choice(["completed", "shipped", "paid", "pending", "closed"]),
            "total": die.randint(1, 99999), "paid_at": at + dt.timedelta(hours=die.randint(0, 30)) if n % 3 else None, "lines": [],
        })  # fmt: skip
    assert {one.outcome for one in services.record_past_orders(rows, actor=SYSTEM)} == {"new"}
    for n in range(40):
        at = midnight - dt.timedelta(days=die.randint(0, 9), seconds=die.randint(1, 86399))
        session.add(Customer(name=f"K{n}", shop_id=die.choice(shops).id, first_seen_at=at))
    session.commit()
    return shops
