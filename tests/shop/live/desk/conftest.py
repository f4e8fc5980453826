"""A room, a host and a session of shop A with two items and a demonstration; and who stands at which post."""

import datetime as dt
from types import SimpleNamespace

import pytest

from app.panel.core import clock, records
from app.panel.core.actor import SYSTEM
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Product, Sku
from app.shop.creators.models import Creator
from app.shop.live.models import LiveItem, LiveRoom, LiveSession
from app.shop.live.services import plan, run
from app.shop.live.states import CheckKind, ItemKind, SessionState
from app.shop.setup.models import Channel


@pytest.fixture
def studio(session, picture):
    """Everything but the session itself."""
    cover = picture().id
    channel = session.query(Channel).filter_by(name="Counter A").one()

    @transactional
    def write():
        room = LiveRoom(name="Room 1", equipment="Lamp\nMicrophone")
        other = LiveRoom(name="Room 2")
        host, guest = Creator(name="Che"), Creator(name="Man")
        products = [Product(title=title, handle=title.lower()) for title in ("Cup", "Bowl")]
        session.add_all([room, other, host, guest, *products])
        session.flush()
        skus = [
            Sku(product_id=product.id, code=f"{product.handle}-1", price=9900, currency="CNY") for product in products
        ]
        session.add_all(skus)
        session.flush()
        return room, other, host, guest, skus

    room, other, host, guest, skus = write()
    return SimpleNamespace(cover=cover, channel=channel, room=room, other=other, host=host, guest=guest, skus=skus)


@pytest.fixture
def planned(studio):
    """`planned()`: a session of two hours in an hour's time."""

    def make(hours=1, **values):
        starts = clock.now() + dt.timedelta(hours=hours)
        values = {
            "title": "Evening", "shop_id": studio.channel.shop_id, "channel_id": studio.channel.id, "creator_id": studio.host.id,
            "room_id": studio.room.id, "starts_at": starts, "ends_at": starts + dt.timedelta(hours=2), "category": "Home",
            "tags": "home", "cover_id": studio.cover,
        } | values  # fmt: skip
        return records.create(LiveSession, values, actor=SYSTEM)

    return make


@pytest.fixture
def filled(planned, studio):
    """A planned session with its run sheet."""
    live = planned()
    for sku, minutes in zip(studio.skus, (50, 60), strict=True):
        values = {
            "session_id": live.id,
            "sku_id": sku.id,
            "live_price": 5900,
            "planned_minutes": minutes,
            "talking_points": "Thin",
        }
        records.create(LiveItem, values, actor=SYSTEM)
    demo = {"session_id": live.id, "kind": ItemKind.DEMO, "title": "Pour tea", "planned_minutes": 10}
    records.create(LiveItem, demo, actor=SYSTEM)
    return live


@pytest.fixture
def signed(filled):
    """Every point ticked, every post has signed, and it is ready."""
    for check in list(filled.checks):
        plan.tick(check.id, True, actor=SYSTEM)
    plan.move(filled, SessionState.READY, actor=SYSTEM)
    return filled


@pytest.fixture
def person(session):
    """`person("ada")`: the row of somebody of the team."""
    from app.panel.accounts.models import User

    return lambda name: session.query(User).filter_by(username=name).one()


@pytest.fixture
def on_air(signed, person):
    """It runs; ada stands at the control desk."""
    run.begin(signed.id, actor=person("ada"), key="begin-it")
    return signed


@pytest.fixture
def items(session, on_air):
    return session.query(LiveItem).filter_by(session_id=on_air.id).order_by(LiveItem.position).all()


def open_sign_offs(live):
    return [check for check in live.checks if check.kind is CheckKind.SIGN_OFF and check.done_at is None]
