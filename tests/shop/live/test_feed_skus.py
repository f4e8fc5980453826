"""Lines of the run sheet that sell a product, not one SKU: what an order of them is of, and what is left of them."""

import pytest
from sqlalchemy import select

from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Product, Sku
from app.shop.live.feed import defaults
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.hints import hint
from app.shop.live.feed.known import look_up
from app.shop.live.feed.states import EventState, HintKind
from app.shop.live.feed.store import instant
from app.shop.live.models import LiveEvent, LiveHint, LiveHintRule, LiveItem, LiveSession, LiveTally
from app.shop.live.states import SessionState
from app.shop.orders.models import Order, OrderLine
from tests.shop.live.conftest import AT, AT_MS, open_session
from tests.shop.live.test_feed_once import put, work_off


@pytest.fixture
def room(on_air):
    """Item 1 sells all three SKUs of the cup; a fourth line sells a bowl, of which there is one SKU."""
    room = open_session(stock=30)

    @transactional
    def change():
        session = db.session.get(LiveSession, room.session_id)
        session.state, session.begun_at = SessionState.LIVE, AT
        for item in session.items[1:]:
            db.session.delete(item)
        session.items[0].sku_id = None
        session.items[0].pinned_at = AT
        bowl = Product(title="Bowl", handle="l-bowl", currency="CNY")
        db.session.add(bowl)
        db.session.flush()
        db.session.add(Sku(product_id=bowl.id, code="L-B", price=700, cost=1, currency="CNY"))
        line = LiveItem(session_id=session.id, position=4, product_id=bowl.id, currency="CNY")
        db.session.add(line)
        db.session.flush()
        return line.id

    room.bowl = change()
    return room


def test_an_order_of_a_product_line_is_of_the_sku_that_the_platform_names_or_of_the_only_one(on_air, room):
    events = [
        Event("a", "order", AT_MS, "v1", item=1, n=2, number="A", sku="L-3"),
        Event("b", "order", AT_MS + 1, "v2", number="B", sku="L-2"),
        Event("c", "order", AT_MS + 2, "v3", item=1, number="C"),
        Event("d", "order", AT_MS + 3, "v4", item=4, number="D", amount=700, paid=True),
        Event("e", "order", AT_MS + 4, "v5", item=1, number="E", amount=900, paid=True),
    ]  # fmt: skip
    put(on_air, room, [events, events])
    work_off(on_air)
    query = select(Order.external_number, OrderLine.sku_code, OrderLine.quantity, Order.total).join(
        Order, Order.id == OrderLine.order_id
    )
    mine = Order.session_key == f"live:{room.session_id}"
    assert {tuple(row) for row in db.session.execute(query.where(mine))} == {
        ("A", "L-3", 2, 6000), ("B", "L-2", 1, 2000), ("D", "L-B", 1, 700), ("E", None, 1, 900),
    }  # fmt: skip
    (refused,) = db.session.scalars(select(LiveEvent).where(LiveEvent.state == EventState.REFUSED))
    assert refused.number == "C" and "which SKU" in refused.reason
    cup = db.session.scalars(select(LiveTally).where(LiveTally.item_id == room.items[0])).one()
    assert (cup.orders, cup.units, cup.gmv) == (3, 4, 8900), "the code alone finds the line"
    assert look_up(room.feed_id).by_position[4].sku_code == "L-B"


def test_the_stock_of_a_product_line_on_screen_is_that_of_all_its_skus(on_air, room):
    defaults.ensure_rules()

    @transactional
    def only(limit):
        rule = db.session.scalars(select(LiveHintRule).where(LiveHintRule.kind == HintKind.STOCK_LOW)).one()
        rule.threshold = limit

    only(89)
    assert hint(room.session_id, instant(AT_MS)) == []
    only(90)
    hint(room.session_id, instant(AT_MS))
    found = db.session.scalars(select(LiveHint)).one()
    assert (found.kind, found.before, found.item_id) == (HintKind.STOCK_LOW, 90, room.items[0])
