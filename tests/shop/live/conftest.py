"""A session of shop A with three items on its run sheet and an open feed; real commits, real Valkey."""

import datetime as dt
from types import SimpleNamespace

import pytest

from app.panel.core import valkey as connections
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Product, Sku
from app.shop.creators.models import Creator
from app.shop.inventory import services as inventory
from app.shop.inventory.models import Warehouse
from app.shop.inventory.services import Line
from app.shop.live.feed import keys
from app.shop.live.feed.states import Platform
from app.shop.live.models import LiveItem, LiveRoom, LiveSession
from app.shop.setup.models import Channel, Shop

AT = dt.datetime(2026, 3, 8, 12, 0, tzinfo=dt.UTC)
AT_MS = int(AT.timestamp() * 1000)


@transactional
def open_session(is_practice=False, stock=1000, platform=Platform.WEBHOOK):
    """Items 1 to 3 sell L-1 to L-3, of which `stock` pieces lie there."""
    shop = db.session.query(Shop).filter_by(code="A").one()
    channel = Channel(shop_id=shop.id, name=f"Live channel{' P' * is_practice}", kind="douyin")
    creator, room = Creator(name="Mei", shop_id=shop.id), LiveRoom(name=f"Studio {is_practice}", shop_id=shop.id)
    product = Product(title="青瓷茶杯", handle=f"l-cup-{is_practice}", currency="CNY")
    house = db.session.query(Warehouse).filter_by(shop_id=shop.id, code="L-W").one_or_none()
    if house is None:
        house = Warehouse(code="L-W", name="Live", shop_id=shop.id, is_default=True)
    db.session.add_all([channel, creator, room, product, house])
    db.session.flush()
    skus = [
        Sku(product_id=product.id, code=f"L-{n}{'P' * is_practice}", price=1000 * n, cost=500, currency="CNY")
        for n in (1, 2, 3)
    ]
    session = LiveSession(
        title="Tea", shop_id=shop.id, channel_id=channel.id, creator_id=creator.id, room_id=room.id, starts_at=AT,
        ends_at=AT + dt.timedelta(hours=4), is_practice=is_practice, currency="CNY",
    )  # fmt: skip
    db.session.add_all([*skus, session])
    db.session.flush()
    items = [
        LiveItem(
            session_id=session.id,
            position=n,
            product_id=product.id,
            sku_id=sku.id,
            live_price=sku.price,
            currency="CNY",
        )
        for n, sku in enumerate(skus, 1)
    ]
    db.session.add_all(items)
    if stock:
        inventory.receive([Line(sku.id, stock, house.id) for sku in skus], actor=SYSTEM)
    db.session.flush()
    feed, secret = keys.open_feed(session, platform, actor=SYSTEM)
    return SimpleNamespace(
        session_id=session.id, feed_id=feed.id, key=feed.public_id, secret=secret, channel_id=channel.id, shop_id=shop.id,
        items=[one.id for one in items], skus=[one.id for one in skus], creator_id=creator.id, room_id=room.id,
    )  # fmt: skip


@pytest.fixture
def on_air(live_app, valkey, monkeypatch):
    """`live_app` with Valkey behind it, empty, within an application context."""
    monkeypatch.setattr(connections, "QUICK", 30.0)  # on a machine that stands still for a second nobody is away
    live_app.config["REDIS_URL"] = valkey
    with live_app.app_context():
        connections.client(live_app).flushall()
        yield live_app
        db.session.rollback()


@pytest.fixture
def session_of(on_air):
    """`session_of(Model, id)`: the row as it is in the database now."""

    def load(model, number):
        db.session.rollback()
        db.session.expire_all()
        return db.session.get(model, number)

    load.system = SYSTEM
    return load
