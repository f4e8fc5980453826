"""The shop that operations are measured on: `python -m bench.bulkdata ROWS` fills an empty instance with as many SKUs in a
fifth as many products, all in stock, and as many paid orders of one piece each, reserved, paid and in the books.
"""

from __future__ import annotations

import sys
from typing import Any

from sqlalchemy import text

from app import create_app
from app.panel.core import clock, rows
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Product, Sku
from app.shop.finance import services as finance
from app.shop.inventory.models import StockLevel, StockMove, StockReservation, Warehouse
from app.shop.inventory.states import MoveReason
from app.shop.orders.models import Order, OrderLine, OrderSource, OrderState, Payment, PaymentMethod
from bench.fill import open_shops

STOCK, PART = 1000, 20_000


def main(count: int) -> None:
    app = create_app()
    with app.app_context():
        with app.test_request_context():
            shop, channels = open_shops()[0]
        catalog(count)
        orders(count, shop, channels[0])
        finance.catch_up()
        settle()


def insert(model: Any, given: list[dict[str, Any]], **alike: Any) -> None:
    now = {"created_at": clock.now(), "changed_at": clock.now()}
    for start in range(0, len(given), PART):
        rows.insert_many(model.__table__, given[start : start + PART], now | alike)


def price(number: int) -> int:
    return 1000 + number % 40_000


@transactional
def catalog(count: int) -> None:
    rows.make_room()
    products = range(1, count // 5 + 1)
    insert(Product, [
        {"id": n, "title": f"商品 {n}", "handle": f"p-{n}", "price_from": price(5 * n - 4), "price_to": price(5 * n)}
        for n in products
    ], currency="CNY", sku_count=5)  # fmt: skip
    insert(Sku, [
        {"id": n, "product_id": (n - 1) // 5 + 1, "code": f"S{n:07}", "price": price(n), "cost": price(n) // 2, "position": n % 5}
        for n in range(1, count + 1)
    ], currency="CNY")  # fmt: skip


@transactional
def orders(count: int, shop: int, channel: int) -> None:
    rows.make_room()
    house = Warehouse(code="B-1", name="Bench", shop_id=shop, is_default=True)
    db.session.add(house)
    db.session.flush()
    at, numbers = clock.now(), range(1, count + 1)
    place = {"warehouse_id": house.id, "currency": "CNY", "moved_at": at}
    insert(StockLevel, [{"sku_id": n} for n in numbers], warehouse_id=house.id, on_hand=STOCK, reserved=1, is_low=False)
    insert(StockMove, [{"sku_id": n, "key": "opening"} for n in numbers], reason=MoveReason.OPENING, quantity=STOCK,
           held=0, balance=STOCK, **place)  # fmt: skip
    insert(StockMove, [{"sku_id": n, "key": f"orders.Order:{n}:reserve:place", "cause_id": n} for n in numbers],
           reason=MoveReason.RESERVE, quantity=0, held=1, balance=STOCK, cause_resource="orders.Order", **place)  # fmt: skip
    insert(StockReservation, [{"sku_id": n, "cause_id": n} for n in numbers], cause_resource="orders.Order",
           warehouse_id=house.id, quantity=1, open=1)  # fmt: skip
    insert(Order, [
        {"id": n, "number": f"SO{n:08}", "external_number": f"X{n}", "subtotal": price(n), "total": price(n), "paid": price(n),
         "buyer_name": f"Buyer {n % 5000}", "buyer_phone": f"138{n % 5000:08}"}
        for n in numbers
    ], shop_id=shop, channel_id=channel, warehouse_id=house.id, state=OrderState.PAID, source=OrderSource.INTAKE, currency="CNY",
       placed_at=at, paid_at=at, province="浙江省", city="杭州市", street="长街 1 号")  # fmt: skip
    insert(OrderLine, [
        {"id": n, "order_id": n, "sku_id": n, "sku_code": f"S{n:07}", "unit_price": price(n), "total": price(n)} for n in numbers
    ], title="商品", quantity=1, reserved_quantity=1, currency="CNY")  # fmt: skip
    insert(Payment, [{"order_id": n, "amount": price(n)} for n in numbers], method=PaymentMethod.ALIPAY, currency="CNY", paid_at=at)


@transactional
def settle() -> None:
    """Numbers go on behind those that were given, and the planner knows what there is."""
    connection = db.session.connection()
    connection.execute(text("ANALYZE"))
    if connection.dialect.name == "postgresql":
        for model in (Product, Sku, Order, OrderLine):
            name = model.__tablename__
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"))


if __name__ == "__main__":
    main(int(sys.argv[1]))
