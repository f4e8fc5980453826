"""Stock that is sold elsewhere stands on the consoles of a session on air within two seconds, and nothing is asked for others."""

import time

from app.panel.accounts.models import User
from app.panel.core import bus, ticker
from app.panel.core import valkey as connections
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.inventory import services as inventory
from app.shop.live import jobs
from app.shop.live.models import LiveItem, LiveSession
from app.shop.live.services import board, stocked
from app.shop.live.states import Post, SessionState
from app.shop.orders import services as orders
from tests.goals import goal
from tests.shop.live.conftest import AT, open_session


@transactional
def on_the_air(session_id, state=SessionState.LIVE):
    live = db.session.get(LiveSession, session_id)
    live.state, live.begun_at = state, AT


def told(app):
    """The sessions whose screens were told of stock, in order."""
    found = [{name.decode(): value.decode() for name, value in fields.items()} for _id, fields in connections.client(app).xrange(bus.STREAM)]
    return [int(one["t"].removeprefix("live:")) for one in found if one["k"] == "stock" and one["r"] == "live.LiveSession"]


def test_what_is_sold_at_the_counter_reaches_the_screens_of_the_session_on_air_and_of_no_other(on_air, count_queries):
    shown, planned = open_session(stock=50), open_session(is_practice=True, stock=50)

    def sell(room, n=1):
        orders.place([orders.Wanted(room.skus[0], n)], channel_id=room.channel_id, actor=SYSTEM)
        db.session.rollback()

    sell(shown)
    assert stocked.tell() == [] and told(on_air) == [], "nothing is on air"
    with count_queries() as seen:
        stocked.tell()
    assert len(seen) == 1
    on_the_air(shown.session_id)
    stocked.tell()
    before, began = len(told(on_air)), time.monotonic()
    assert stocked.tell() == [], "nothing has changed"
    with count_queries() as seen:
        sell(planned)
    assert not any("live_item" in one for one in seen), "whoever sells does not wait for screens"
    assert stocked.tell() == []
    sell(shown, 3)
    db.session.rollback()
    assert stocked.tell() == [shown.session_id] and told(on_air)[before:] == [shown.session_id]
    passed = time.monotonic() - began
    ada, live = db.session.query(User).filter_by(username="ada").one(), db.session.get(LiveSession, shown.session_id)
    assert [one["stock"] for one in board.state(live, Post.CONTROL, ada)["items"]] == [46, 50, 50]
    assert all(one["stock"] is None and not one["sold_out"] for one in board.state(live, Post.HOST, ada)["items"])
    duty = ticker.DUTIES[f"{jobs.__name__}.stock_on_screens"]
    goal("stock of the shown item on the screens", f"beat of {max(duty.seconds, 1.0)} s and {passed:.2f} s here", "2 s", duty.seconds < 1)
    assert duty.seconds < 1, "at every beat of the ticker, which is one second"
    db.session.rollback()
    on_the_air(shown.session_id, SessionState.ENDED)
    sell(shown)
    assert stocked.tell() == []


def test_a_line_that_sells_all_of_a_product_counts_its_skus_together_and_a_delivery_is_told_too(on_air):
    room = open_session(stock=10)

    @transactional
    def whole_product():
        db.session.get(LiveItem, room.items[0]).sku_id = None

    whole_product()
    on_the_air(room.session_id)
    assert stocked.left() == {room.session_id: {room.items[0]: 30, room.items[1]: 10, room.items[2]: 10}}
    stocked.tell()
    house = db.session.execute(db.text("SELECT id FROM inventory_warehouse WHERE code = 'L-W'")).scalar_one()
    db.session.rollback()
    inventory.receive([inventory.Line(room.skus[2], 5, house)], actor=SYSTEM)
    assert stocked.tell() == [room.session_id]
    assert stocked.left()[room.session_id] == {room.items[0]: 35, room.items[1]: 10, room.items[2]: 15}


def test_the_prompter_is_told_that_an_item_is_sold_out_and_no_figure(on_air):
    room = open_session(stock=2)
    on_the_air(room.session_id)
    stocked.tell()
    orders.place([orders.Wanted(room.skus[1], 2)], channel_id=room.channel_id, actor=SYSTEM)
    db.session.rollback()
    assert stocked.tell() == [room.session_id]
    ada, live = db.session.query(User).filter_by(username="ada").one(), db.session.get(LiveSession, room.session_id)
    assert [(one["sold_out"], one["stock"]) for one in board.state(live, Post.HOST, ada)["items"]] == [(False, None), (True, None), (False, None)]
