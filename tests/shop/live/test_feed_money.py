"""Orders of the feed pay what the session says: its prices, its offers, its coupons; each once, however it is sent.

`LIVE_LONG=1` makes it ten thousand deliveries.
"""

import asyncio
import os
import random
import time
from collections import Counter

import pytest
from sqlalchemy import func, select

from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.live.feed import defaults, envelope
from app.shop.live.feed.door import FeedDoor
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.frames import frame
from app.shop.live.feed.sender import signed
from app.shop.live.feed.states import EventState, HintKind
from app.shop.live.models import LiveEvent, LiveHint, LiveSession, LiveTally, LiveWinner
from app.shop.live.services import board, free, games, hours, offers, run
from app.shop.live.services.offers import Wanted
from app.shop.live.states import OfferKind, Post, PrizeState, SessionState
from app.shop.marketing.models import Coupon, GroupBuy, Promotion
from app.shop.marketing.services import code_to_begin, group_buy
from app.shop.marketing.states import CouponState, GroupState
from app.shop.orders.models import Order, OrderLine, OrderState, Refund
from app.shop.orders.services import pay
from tests.shop.live.conftest import AT, AT_MS, open_session
from tests.shop.live.test_feed_door import _ask
from tests.shop.live.test_feed_once import frames_of, put, work_off

DELIVERIES = 10_000 if os.environ.get("LIVE_LONG") else 112


def start(room, kind, item=None, **more):
    found = offers.start(
        room.session_id, Wanted(OfferKind(kind), item_id=item, **more), actor=SYSTEM, key=f"start-{kind}"
    )
    return found["offer"]


@pytest.fixture
def room(on_air):
    """It is on air; items 1 and 2 are listed, and the first one costs 800 instead of 1000."""
    room = open_session()

    @transactional
    def begin():
        session = db.session.get(LiveSession, room.session_id)
        session.state, session.begun_at = SessionState.LIVE, AT
        session.items[0].live_price = 800

    begin()
    for item in room.items[:2]:
        run.change_item(room.session_id, "list", item, actor=SYSTEM, key=f"list-{item}")
    return room


def orders_of(room):
    db.session.rollback()
    query = select(Order.external_number, Order.total).where(Order.session_key == f"live:{room.session_id}")
    return dict(db.session.execute(query).all())


def test_orders_of_the_feed_use_price_coupon_and_flash_sale_and_the_figures_are_the_rows(on_air, room):
    coupon = start(room, "coupon", amount="2", quantity=2)
    flash = start(room, "flash", room.items[1], price="12", quantity=3, minutes=5)
    run.change_item(room.session_id, "list", room.items[2], actor=SYSTEM, key="list-third")
    run.change_item(room.session_id, "suspend", room.items[2], actor=SYSTEM, key="suspend-third")
    events = [
        Event("a", "order", AT_MS, "v1", item=1, n=2, number="A"),
        Event("b", "order", AT_MS + 1, "v2", item=1, number="B", coupon=f"offer:{coupon}"),
        Event("z", "order", AT_MS + 2, "v3", item=2, n=2, number="C"), Event("y", "order", AT_MS + 3, "v4", item=2, n=2, number="D"),
        Event("e", "order", AT_MS + 4, "v5", item=2, number="E"), Event("f", "order", AT_MS + 5, "v6", item=3, number="F"),
        Event("g", "order", AT_MS + 6, "v7", item=3, amount=2500, number="G", paid=True),
        Event("h", "order", AT_MS + 7, "v8", item=1, number="H", coupon="offer:999"),
        Event("i", "order", AT_MS + 8, "v9", item=1, number="I", coupon="NOSUCHCODE"), Event("k", "click", AT_MS, "v9", item=2),
    ]  # fmt: skip
    put(on_air, room, [events, events])
    work_off(on_air)
    assert orders_of(room) == {"A": 1600, "B": 600, "C": 2400, "D": 4000, "E": 1200, "G": 2500}
    query = select(LiveEvent.number, LiveEvent.reason).where(LiveEvent.state == EventState.REFUSED)
    refused = dict(db.session.execute(query).all())
    assert set(refused) == {"F", "H", "I"} and "Suspended" in refused["F"]
    assert (
        db.session.query(Coupon).filter_by(state=CouponState.RESERVED).count() == db.session.query(Coupon).count() == 1
    )
    told = {one["id"]: one for one in frames_of(on_air, room)[-1]["offers"]}
    assert told[coupon]["claimed"] == told[coupon]["used"] == 1 and (told[flash]["pieces"], told[flash]["orders"]) == (
        3,
        2,
    )
    for place, item in enumerate(room.items):  # LVC-03: per product, from the order table itself
        mine = select(func.count(Order.id.distinct()), func.sum(OrderLine.quantity), func.sum(OrderLine.total)).join(
            Order, Order.id == OrderLine.order_id
        )  # fmt: skip
        rows = db.session.execute(
            mine.where(Order.session_key == f"live:{room.session_id}", OrderLine.sku_id == room.skus[place])
        ).one()
        tally = db.session.scalars(select(LiveTally).where(LiveTally.item_id == item)).one()
        assert (tally.orders, tally.units, tally.gmv) == tuple(rows)
        assert frame(room.session_id)["items"][item]["gmv"] == rows[2]
    (first, *later) = hours.hours(db.session.get(LiveSession, room.session_id))  # LVC-24: of the same rows
    total = sum(orders_of(room).values())
    assert (first["gmv"], first["orders"], first["viewers"]) == (total, 6, 9)
    assert {(one["gmv"], one["orders"], one["viewers"]) for one in later} <= {(0, 0, 0)}


def test_one_of_the_first_orders_is_free_once_however_often_it_is_pressed_and_its_goods_go_their_way(on_air, room):
    first = [
        Event(f"f-{n}", "order", AT_MS + n, f"v{n}", item=1, amount=790, number=f"F-{n}", paid=True) for n in range(3)
    ]
    late = Event("late", "order", AT_MS + 300_000, "v7", item=1, amount=790, number="LATE", paid=True)
    unpaid = Event("open", "order", AT_MS + 9, "v8", item=1, number="OPEN")
    put(on_air, room, [[*first, late, unpaid]])
    work_off(on_air)
    game = free.start(room.session_id, "", 5, 1, actor=SYSTEM, key="free-order")["game"]
    drawn = games.draw(room.session_id, game, actor=SYSTEM, key="draw-it-now")["winners"]
    winner = db.session.query(LiveWinner).one()
    number, order = winner.id, winner.order
    assert drawn == [winner.viewer] and order.external_number in {"F-0", "F-1", "F-2"} and winner.game.in_the_draw == 3
    free.refund(room.session_id, number, actor=SYSTEM, key="press-first")
    free.refund(room.session_id, number, actor=SYSTEM, key="press-first")
    with pytest.raises(DomainError, match="back already"):
        free.refund(room.session_id, number, actor=SYSTEM, key="press-again")
    prizes_taken_back(room)
    free.refund(room.session_id, number, actor=SYSTEM, key="press-third")
    db.session.expire_all()
    assert [refund.amount for refund in db.session.query(Refund)] == [790] and order.refunded == order.total == 790
    assert (order.state, order.lines[0].left_to_ship) == (OrderState.PAID, 1)
    session = db.session.get(LiveSession, room.session_id)
    (shown,) = board.state(session, Post.SERVICE, SYSTEM)["games"]
    assert shown["seed"] and [one["state"] for one in shown["winners"]] == ["sent"]


def prizes_taken_back(room):
    """Somebody puts the prize back to “won” by hand: the money is not given twice for that."""

    @transactional
    def back():
        db.session.query(LiveWinner).one().state = PrizeState.WON

    back()


def test_a_wrong_price_gives_a_hint_at_its_item_and_a_pinned_message_corrects_it(on_air, room):
    defaults.ensure_rules()
    put(
        on_air, room, [[Event("p", "price", AT_MS, item=1, amount=80), Event("q", "price", AT_MS, item=2, amount=2000)]]
    )
    work_off(on_air)
    hint = db.session.scalars(select(LiveHint).where(LiveHint.kind == HintKind.PRICE_SLIP)).one()
    assert (hint.item_id, float(hint.before), float(hint.usual)) == (room.items[0], 0.8, 8.0)
    item = hint.item_id
    db.session.rollback()
    run.put_notice(room.session_id, "It is 8.00, not 0.80", item_id=item, actor=SYSTEM, key="correct-it")
    session = db.session.get(LiveSession, room.session_id)
    assert {board.state(session, post, SYSTEM)["notice"]["item"] for post in Post} == {item}


def test_deliveries_are_orders_once_each_and_the_hundred_and_first_pays_the_full_price(on_air, room):
    """SAFETY G13: 30 % repeats, shuffled, 5 % older than five minutes, 5 % badly signed, 1 % of the bodies changed. MKT-09:
    the first hundred of what is left pay 7.00, and the last one what the item costs."""
    chance, now = random.Random(13), int(time.time())
    sent = [(n, "good") for n in range(DELIVERIES)]
    for what, share in (("old", 0.05), ("forged", 0.05), ("changed", 0.01)):
        for at in chance.sample(
            [at for at, (_n, how) in enumerate(sent) if how == "good"], max(1, int(DELIVERIES * share))
        ):
            sent[at] = (sent[at][0], what)
    valid = {n for n, how in sent if how == "good"}
    start(room, "first", room.items[0], price="7", quantity=len(valid) - 1)
    sent += chance.sample(sent, DELIVERIES * 3 // 10)
    chance.shuffle(sent)

    async def deliver():
        door, told = FeedDoor(on_air), Counter()
        for n, how in sent:
            body = envelope.packed([Event(f"o-{n}", "order", AT_MS + n, f"v{n}", item=1, number=f"D-{n}")])
            secret, at = "zgs_other" if how == "forged" else room.secret, now - 400 if how == "old" else None
            told_body = body.replace(b'"item":1', b'"item":2') if how == "changed" else body
            status = 503
            while status == 503:  # the stream did not answer in time: a sender comes again with a new nonce, as it is told to
                status = (await _ask(door, f"/live/feed/{room.key}/", told_body, signed(secret, body, at)))[0]
            told[how, status] += 1
        await door._client.aclose()
        return told

    told = asyncio.run(deliver())
    assert {(how, status) for how, status in told} == {("good", 202), ("old", 401), ("forged", 401), ("changed", 401)}
    work_off(on_air)
    paid = orders_of(room)
    assert set(paid) == {f"D-{n}" for n in valid} and (len(valid) == 101 or DELIVERIES != 112)
    assert Counter(paid.values()) == {700: len(valid) - 1, 800: 1}
    limited = db.session.query(Promotion).filter(Promotion.limit_orders.is_not(None)).one()
    assert limited.taken_orders == limited.taken_pieces == len(valid) - 1


def test_orders_of_the_feed_begin_a_group_join_it_and_go_on_together(on_air, room):
    made = group_buy("三人团", sku_ids=[room.skus[0]], price=700, size=2, hours=2, session_key=f"live:{room.session_id}", actor=SYSTEM)
    put(on_air, room, [[Event("g1", "order", AT_MS, "v1", item=1, number="G1", coupon=code_to_begin(made))]])
    work_off(on_air)
    db.session.rollback()
    group = db.session.query(GroupBuy).one()
    joins = [Event(f"j{n}", "order", AT_MS + n, f"v{n}", item=1, number=f"J{n}", coupon=group.code) for n in (2, 3)]
    put(on_air, room, [joins, joins])
    work_off(on_air)
    assert orders_of(room) == {"G1": 700, "J2": 700}
    (reason,) = db.session.scalars(select(LiveEvent.reason).where(LiveEvent.state == EventState.REFUSED))
    assert group.code in reason
    for order in db.session.query(Order).order_by(Order.id).all():
        pay(order, actor=SYSTEM)
    db.session.expire_all()
    assert (db.session.query(GroupBuy).one().state, {row.is_held for row in db.session.query(Order)}) == (GroupState.FILLED, {False})
