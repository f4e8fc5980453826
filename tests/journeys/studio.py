"""`python -m tests.journeys.studio`: three people, a shop and a session that is ready, in the instance that the environment names.

Prints the path and the secret of its feed, and the number of the session. A journey begins where these are; how they are made is tested elsewhere.
"""

from __future__ import annotations

import datetime as dt
import io

from PIL import Image

from app import create_app
from app.panel.accounts import services as accounts
from app.panel.core import clock, files, records
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Product, Sku
from app.shop.creators.models import Creator
from app.shop.live.feed import keys
from app.shop.live.models import LiveItem, LiveRoom, LiveSession
from app.shop.live.services import plan
from app.shop.live.states import ItemKind, SessionState
from app.shop.setup.models import Business, Channel, Shop, StaffAssignment
from tests.ops.tree import PASSWORD

POSTS = {"hana": "host", "finn": "field_control", "suki": "support"}


@transactional
def _house() -> tuple[Channel, list[Sku], Creator, LiveRoom]:
    business = db.session.query(Business).first() or Business(name="Studio", currency="CNY")
    shop = Shop(name="Studio shop of the journey", code="J", business=business, currency="CNY")
    channel = Channel(name="Stream", kind="own_site", shop=shop)
    host, room = Creator(name="Hana"), LiveRoom(name="Studio 1")
    db.session.add_all([business, shop, channel, host, room])
    products = [
        Product(title=f"{word} of the journey", handle=f"journey-{word.lower()}") for word in ("Kettle", "Cup", "Tray")
    ]
    db.session.add_all(products)
    db.session.flush()
    skus = [Sku(product_id=one.id, code=one.handle, price=9900, currency="CNY") for one in products]
    db.session.add_all(skus)
    db.session.flush()
    return channel, skus, host, room


@transactional
def _assign(people: list[int], shop_id: int) -> None:
    db.session.add_all([StaffAssignment(user_id=number, shop_id=shop_id) for number in people])


def make() -> int:
    picture = io.BytesIO()
    Image.new("RGB", (500, 500), "#a55").save(picture, "PNG")
    picture.seek(0)
    cover = files.store(picture, "cover.png", actor=SYSTEM).id
    db.session.commit()
    channel, skus, host, room = _house()
    people = [
        accounts.create_user(
            actor=SYSTEM,
            username=name,
            name=name.capitalize(),
            email=f"{name}@example.org",
            roles=[role],
            password=PASSWORD,
        ).id
        for name, role in POSTS.items()
    ]
    db.session.commit()
    _assign(people, channel.shop_id)
    starts = clock.now() + dt.timedelta(minutes=5)
    values = {
        "title": "Tea at five", "shop_id": channel.shop_id, "channel_id": channel.id, "creator_id": host.id, "room_id": room.id,
        "starts_at": starts, "ends_at": starts + dt.timedelta(minutes=30), "category": "Home", "tags": "tea", "cover_id": cover,
    }  # fmt: skip
    live = records.create(LiveSession, values, actor=SYSTEM)
    for sku in skus:
        line = {
            "session_id": live.id,
            "sku_id": sku.id,
            "live_price": 5900,
            "planned_minutes": 10,
            "faq": "Is it thin? | 2 mm.",
            "camera_cue": f"Close-up {sku.code[-3:]}",
        }
        records.create(LiveItem, line, actor=SYSTEM)
    demo = {"title": "Pour tea", "camera_cue": "Camera two, from above", "materials": "Kettle of hot water\nA white towel", "planned_minutes": 3}
    records.create(LiveItem, {"session_id": live.id, "kind": ItemKind.DEMO, **demo}, actor=SYSTEM)
    for check in list(live.checks):
        plan.tick(check.id, True, actor=SYSTEM)
    plan.move(live, SessionState.READY, actor=SYSTEM)
    feed, secret = keys.open_feed(live, actor=SYSTEM)
    print(keys.path_of(feed), secret)
    return int(live.id)


if __name__ == "__main__":
    with create_app().app_context():
        print(make())
