"""Fill an empty instance of ours with the measured rows: `python -m bench.fill ORDERS`, with ZHANGGUI_HOME and DATABASE_URL.

Rows go in by the road of imports, without history, as if they had been there for long; indexes are made at the end.
"""

from __future__ import annotations

import sys
from typing import Any

from sqlalchemy import text

from app import create_app
from app.panel.core import clock, rows
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.customers.models import Customer
from app.shop.orders.models import Order, OrderLine, OrderSource, OrderState
from app.shop.setup.models import Business, Channel, ChannelKind, Shop
from bench import shopdata

CHUNK = 20_000
TABLES = (Customer.__table__, Order.__table__, OrderLine.__table__)


def main(count: int) -> None:
    app = create_app()
    with app.app_context():
        with app.test_request_context():
            places = open_shops()
        everything(count, places)


@transactional
def open_shops() -> list[tuple[int, list[int]]]:
    """The shops with their channels: (shop, channels)."""
    business = db.session.query(Business).first() or Business(name="青禾商贸", currency="CNY")
    found = []
    for name, code, _share in shopdata.SHOPS:
        shop = Shop(name=name, code=code, business=business, currency="CNY")
        shop.channels = [Channel(name=channel, kind=ChannelKind.OWN_SITE) for channel in shopdata.CHANNELS]
        db.session.add(shop)
        db.session.flush()
        found.append((shop.id, [channel.id for channel in shop.channels]))
    return found


@transactional
def everything(count: int, places: list[tuple[int, list[int]]]) -> None:
    connection = db.session.connection()
    rows.make_room()
    indexes = [index for table in TABLES for index in table.indexes]
    for index in indexes:
        index.drop(connection)
    now = clock.now()
    alike = {"created_at": now, "changed_at": now}
    rows.insert_many(Customer.__table__, [
        {"id": number, "name": name, "phone": f"138{number:08}", "email": f"c{number}@example.org", "shop_id": places[0][0]}
        for number, name in enumerate(shopdata.customers(count), 1)
    ], alike)  # fmt: skip
    chunk: list[shopdata.Order] = []
    for one in shopdata.orders(count):
        chunk.append(one)
        if len(chunk) == CHUNK or one.id == count:
            rows.insert_many(Order.__table__, [order(one, *places[one.shop]) for one in chunk], alike)
            rows.insert_many(OrderLine.__table__, [line for one in chunk for line in lines(one)], alike)
            chunk = []
    for index in indexes:
        index.create(connection)
    connection.execute(text("ANALYZE"))
    if connection.dialect.name == "postgresql":
        for table in TABLES:
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}"))


def order(one: shopdata.Order, shop: int, channels: list[int]) -> dict[str, Any]:
    state = OrderState(one.state)
    paid = one.total if state not in (OrderState.PENDING, OrderState.CLOSED) else 0
    return {
        "id": one.id, "number": one.number, "shop_id": shop, "channel_id": channels[one.channel], "customer_id": one.customer,
        "buyer_name": one.name, "buyer_phone": f"138{one.customer:08}", "state": state, "source": OrderSource.INTAKE,
        "external_number": f"X{one.id}", "currency": "CNY", "subtotal": one.total, "total": one.total, "paid": paid,
        "placed_at": one.placed_at, "paid_at": one.placed_at if paid else None, "province": "浙江省", "city": "杭州市",
        "street": f"长街 {one.customer % 300} 号",
    }  # fmt: skip


def lines(one: shopdata.Order) -> list[dict[str, Any]]:
    return [
        {
            "order_id": one.id, "title": line.title, "quantity": line.quantity, "currency": "CNY",
            "unit_price": line.unit_price, "total": line.quantity * line.unit_price,
        }
        for line in one.lines
    ]  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]))
