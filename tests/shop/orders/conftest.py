"""A stall to sell from: two articles of shop A with stock, its channels, and a way to place orders in a line."""

import datetime as dt
import secrets
from types import SimpleNamespace

import pytest

from app.panel.accounts import services as accounts
from app.panel.core import policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Product, Sku
from app.shop.inventory import services as inventory
from app.shop.inventory.models import StockLevel, Warehouse
from app.shop.inventory.services import Line
from app.shop.orders import services
from app.shop.orders.services import Wanted
from app.shop.setup.models import Channel, Shop, StaffAssignment
from tests.people import PASSWORD

BUYER = {
    "buyer_name": "王小明", "buyer_phone": "13800138000", "country": "CN", "province": "广东省", "city": "深圳市",
    "district": "南山区", "street": "科技园路 1 号",
}  # fmt: skip
AT = dt.datetime(2025, 11, 11, 12, 0, tzinfo=dt.UTC)


@transactional
def open_stall(stock=10, prices=(19900, 4950)):
    """Shop A with a site channel, a warehouse, and SKUs T-1 and T-2 of which `stock` pieces lie there."""
    shop, other = (db.session.query(Shop).filter_by(code=code).one() for code in "AB")
    counter = db.session.query(Channel).filter_by(shop_id=shop.id).one()
    site = Channel(shop_id=shop.id, name="Own site", kind="own_site")
    house = Warehouse(code="T-W", name="Stall", shop_id=shop.id, is_default=True)
    product = Product(title="青瓷茶杯", handle="t-cup", currency="CNY")
    db.session.add_all([site, house, product])
    db.session.flush()
    skus = []
    for number, price in enumerate(prices, 1):
        sku = Sku(product_id=product.id, code=f"T-{number}", price=price, cost=price // 2, currency="CNY")
        sku.barcode = f"69012345678{number:02d}"
        db.session.add(sku)
        skus.append(sku)
    db.session.flush()
    if stock:
        inventory.receive([Line(sku.id, stock, house.id) for sku in skus], actor=SYSTEM)
    return SimpleNamespace(
        shop_id=shop.id, other_shop_id=other.id, counter_id=counter.id, site_id=site.id, house_id=house.id,
        skus=[sku.id for sku in skus],
    )  # fmt: skip


@pytest.fixture
def stall(session):
    return open_stall()


@pytest.fixture
def order_of(stall):
    """`order_of(2, 1, paid=True)`: an order of two cups of the first and one of the second article."""

    def make(*pieces, actor=SYSTEM, paid=False, **more):
        wanted = [Wanted(sku, n) for sku, n in zip(stall.skus, pieces, strict=False) if n]
        order = services.place(wanted, channel_id=stall.site_id, buyer=BUYER, actor=actor, **more)
        if paid:
            services.pay(order, actor=SYSTEM)
        return order

    return make


@pytest.fixture
def stock_of(session):
    """(on hand, reserved) of a SKU."""

    def read(sku_id):
        session.expire_all()
        level = session.query(StockLevel).filter_by(sku_id=sku_id).one()
        return level.on_hand, level.reserved

    return read


@pytest.fixture
def somebody(session):
    """`somebody("viewer", shop_id)`: a new person with one role who works for one shop."""

    def make(role, shop_id=None):
        name = f"new-{role}-{secrets.token_hex(3)}"
        user = accounts.create_user(
            actor=SYSTEM, username=name, name=name, email=f"{name}@example.org", roles=[role], password=PASSWORD
        )
        if shop_id:
            session.add(StaffAssignment(user_id=user.id, shop_id=shop_id))
            session.commit()
        policy.forget()
        return user

    return make


@pytest.fixture
def past(stall):
    def row(number="TB-1", **more):
        lines = [
            {"sku_id": stall.skus[0], "title": "青瓷茶杯", "quantity": 2, "unit_price": 19900},
            {"title": "绝版茶壶", "sku_code": "OLD-9", "quantity": 3, "total": 10000},
        ]
        base = {"shop_id": stall.shop_id, "channel_id": stall.site_id, "external_number": number, "currency": "CNY",
                "placed_at": AT, "lines": lines, "buyer_name": "李雷"}  # fmt: skip
        return {**base, **more}

    return row
