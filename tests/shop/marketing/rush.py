"""Works inside a real instance while a test runs: what the first hundred pay, a flash sale, and what became of them."""

import datetime as dt

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Product, Sku
from app.shop.creators.models import Creator
from app.shop.inventory import services as inventory
from app.shop.inventory.models import Warehouse
from app.shop.inventory.services import Line
from app.shop.live.models import LiveItem, LiveRoom, LiveSession
from app.shop.live.services import offers, run
from app.shop.live.states import OfferKind, SessionState
from app.shop.marketing import services
from app.shop.marketing.models import PriceUse, Promotion
from app.shop.marketing.states import PromotionKind
from app.shop.orders.models import Order
from app.shop.setup.models import Channel


@transactional
def promote():
    """Two articles of 600 pieces each: F-1 for 10 instead of 100 for the first 100 orders, F-2 for 10 while 50 pieces last,
    by a flash sale of a live session; the number of the session."""
    product, house = db.session.query(Product).first(), db.session.query(Warehouse).filter_by(code="T-W").one()
    skus = [Sku(product_id=product.id, code=f"F-{n}", price=100, currency="CNY") for n in (1, 2)]
    db.session.add_all(skus)
    db.session.flush()
    inventory.receive([Line(sku.id, 600, house.id) for sku in skus], actor=SYSTEM)
    services.first_orders("first", sku_ids=[skus[0].id], limit=100, price=10, actor=SYSTEM)
    return go_live(skus[1])


def go_live(sku):
    """A session is on air, and its control desk starts a flash sale of 50 pieces at 10; the number of the session."""
    shop, now = db.session.query(Channel).filter_by(name="Own site").order_by(Channel.id.desc()).first(), clock.now()
    room, host = LiveRoom(name="R"), Creator(name="Che")
    db.session.add_all([room, host])
    db.session.flush()
    session = LiveSession(
        title="Rush", shop_id=shop.shop_id, channel_id=shop.id, creator_id=host.id, room_id=room.id, currency="CNY",
        state=SessionState.LIVE, starts_at=now, ends_at=now + dt.timedelta(hours=1),
    )  # fmt: skip
    db.session.add(session)
    db.session.flush()
    item = LiveItem(session_id=session.id, sku_id=sku.id, product_id=sku.product_id, currency="CNY", live_price=100)
    db.session.add(item)
    db.session.flush()
    run.change_item(session.id, "list", item.id, actor=SYSTEM, key="list-it")
    wanted = offers.Wanted(OfferKind.FLASH, item_id=item.id, price="0.10", quantity=50, minutes=60)
    offers.start(session.id, wanted, actor=SYSTEM, key="flash-it")
    return session.id


def counted():
    """(taken orders, taken pieces, uses) of each promotion, and the totals of the orders by their price."""
    rows = db.session.query(Promotion).filter(Promotion.kind != PromotionKind.SPECIAL).order_by(Promotion.id)
    uses = [db.session.query(PriceUse).filter_by(promotion_id=row.id).count() for row in rows]
    return [[row.taken_orders, row.taken_pieces, n] for row, n in zip(rows, uses, strict=True)]


def totals(prefix):
    found = db.session.query(Order.total).filter(Order.external_number.startswith(prefix))
    return sorted(total for (total,) in found)
