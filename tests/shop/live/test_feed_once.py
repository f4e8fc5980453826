"""From the stream into SQL: each event once, whoever is killed, however often and in whatever order it comes.

`LIVE_LONG=1` makes it 100,000 events and twenty kills.
"""

import itertools
import os
import random
import signal
import threading
import time
from collections import Counter, defaultdict

import pytest
from sqlalchemy import func, select

from app.panel.core import valkey as connections
from app.panel.core.db import db
from app.panel.core.queue import forget_connections
from app.shop.inventory.models import StockLevel
from app.shop.live.feed import consumer, envelope, stream
from app.shop.live.feed.consumer import Consumer
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.frames import frame
from app.shop.live.feed.states import EventState
from app.shop.live.models import (
    COUNTERS,
    LiveBlockWord,
    LiveBucket,
    LiveComment,
    LiveEvent,
    LiveMute,
    LiveTally,
    LiveViewer,
)
from app.shop.orders.models import Order
from processes.forked import ForkedPart
from tests.shop.live.conftest import AT_MS, open_session

LONG = bool(os.environ.get("LIVE_LONG"))
EVENTS, KILLS, ORDERS = (100_000, 20, 400) if LONG else (4_000, 3, 25)
LIFE = 24 if LONG else 12  # transactions of one consumer
KINDS = (
    ["comment"] * 40
    + ["like"] * 25
    + ["join"] * 15
    + ["click"] * 10
    + ["viewers"] * 5
    + ["share", "follow", "cart", "gift", "leave"]
)
ADDS = {
    "comment": "comments", "like": "likes", "join": "joins", "click": "clicks", "share": "shares", "follow": "follows",
    "cart": "carts", "gift": "gifts", "leave": "leaves",
}  # fmt: skip


def generated(seed=7, count=EVENTS, orders=ORDERS):
    chance = random.Random(seed)
    found = []
    for n in range(count):
        kind, at = chance.choice(KINDS), AT_MS + n * 37
        item = chance.choice([None, 1, 2, 3, 9]) if kind in ("click", "cart", "comment") else None
        number = (
            chance.randrange(1, 9) if kind in ("like", "gift") else chance.randrange(5000) if kind == "viewers" else 1
        )
        found.append(Event(
            f"e-{n}", kind, at, f"v{chance.randrange(count // 8)}", "Mei", chance.choice(["search", "feed", ""]), item, number,
            "how long is it" if kind == "comment" else "",
        ))  # fmt: skip
    for n in range(orders):
        at = AT_MS + chance.randrange(count) * 37
        found.append(
            Event(
                f"o-{n}", "order", at, f"v{n}", "", "", chance.choice([1, 2, 3]), chance.choice([1, 2]), number=f"D-{n}"
            )
        )
    return found


def as_sent(events, seed=11):
    """5 % come twice, 10 % out of order; posts of 1 to 100."""
    chance = random.Random(seed)
    sent = list(events) + chance.sample(events, len(events) // 20)
    sent.sort(key=lambda one: one.at)
    for at in chance.sample(range(len(sent)), len(sent) // 10):
        other = chance.randrange(len(sent))
        sent[at], sent[other] = sent[other], sent[at]
    posts, at = [], 0
    while at < len(sent):
        size = chance.randrange(1, 100)
        posts.append(sent[at : at + size])
        at += size
    return posts


def put(app, room, posts):
    script = connections.client(app, timeout=None).register_script(stream.PUT)  # what is asked for again after a second was there before
    for number, events in enumerate(posts):
        keys, arguments = stream.put_arguments(
            room.feed_id, f"n{number}-{time.monotonic_ns()}", envelope.packed(events), AT_MS
        )
        assert script(keys=keys, args=arguments) == stream.TAKEN


def left(app):
    client = connections.client(app)
    return client.xlen(stream.STREAM), int(client.get(stream.BYTES) or 0)


def work_off(app):
    worker = Consumer(app, "test")
    worker.begin()
    while worker.step() or left(app)[0]:
        pass
    return worker


def counted_by_hand(events, prices, positions):
    """An independent count of what was sent: totals of the session and of each item, buckets, readings, viewers."""
    whole, items, buckets, viewers = Counter(), defaultdict(Counter), defaultdict(Counter), {}
    reading = (0, 0)
    for one in {event.id: event for event in events}.values():
        start = one.at // 10_000 * 10_000
        if one.viewer:
            first, last = viewers.get(one.viewer, (one.at, one.at))
            viewers[one.viewer] = (min(first, one.at), max(last, one.at))
        if one.kind == "viewers":
            reading = max(reading, (one.at, one.n))
            continue
        if one.kind == "order":
            adds = {"orders": 1, "units": one.n, "gmv": one.n * prices[one.item]}
        else:
            adds = {ADDS[one.kind]: one.n if one.kind in ("like", "gift") else 1}
        whole.update(adds)
        buckets[start].update(adds)
        if one.item in positions:
            items[positions[one.item]].update(adds)
    return whole, items, buckets, viewers, reading


def plain(counts):
    return {name: counts.get(name, 0) for name in COUNTERS}


def check(room, events):
    prices = {1: 1000, 2: 2000, 3: 3000}
    whole, items, buckets, viewers, reading = counted_by_hand(
        events, prices, dict(zip((1, 2, 3), room.items, strict=True))
    )
    tallies = {
        row.item_id: row for row in db.session.scalars(select(LiveTally).where(LiveTally.session_id == room.session_id))
    }
    assert {name: getattr(tallies[0], name) for name in COUNTERS} == plain(whole)
    assert (tallies[0].viewers_ms, tallies[0].viewers) == reading
    assert tallies[0].newcomers == len(viewers) and tallies[0].events == len({one.id for one in events})
    for item_id, counts in items.items():
        assert {name: getattr(tallies[item_id], name) for name in COUNTERS} == plain(counts)
    kept = db.session.scalars(
        select(LiveBucket).where(LiveBucket.session_id == room.session_id, LiveBucket.item_id == 0)
    ).all()
    found = {int(row.starts_at.timestamp() * 1000): {name: getattr(row, name) for name in COUNTERS} for row in kept}
    assert {start: counts for start, counts in found.items() if any(counts.values())} == {
        s: plain(c) for s, c in buckets.items()
    }
    seen = db.session.scalars(select(LiveViewer).where(LiveViewer.session_id == room.session_id)).all()
    assert {one.viewer: (_ms(one.first_at), _ms(one.last_at)) for one in seen} == viewers
    comments = select(func.count()).select_from(LiveComment).where(LiveComment.session_id == room.session_id)
    assert db.session.scalar(comments) == whole["comments"]


def _ms(at):
    return round(at.timestamp() * 1000)


def test_a_consumer_that_is_killed_again_and_again_ends_in_the_totals_of_the_file(on_air, monkeypatch):
    monkeypatch.setattr(
        consumer, "MOST_READ", 4 if LONG else 2
    )  # many transactions, so that it dies in the middle of them
    room = open_session(stock=2000)
    events = generated()
    posts = as_sent(events)
    put(on_air, room, posts[: len(posts) // 2])
    db.session.remove()
    forget_connections(on_air)
    chance = random.Random(5)

    def consume():
        work, works = Consumer.work, itertools.count()

        def some(self, posts):
            if next(works) >= LIFE:  # it stays in the middle, however late the kill comes
                signal.pause()
            work(self, posts)

        Consumer.work = some
        consumer.run(on_air, threading.Event())

    part = ForkedPart("consumer", target=consume)
    for number in range(KILLS):
        before = left(on_air)[0]
        part.start()
        deadline = time.monotonic() + 30
        while left(on_air)[0] >= before and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.1))
        part.kill_group()
        assert part.process.wait() == -signal.SIGKILL, number
        if number == 0:
            put(on_air, room, posts[len(posts) // 2 :])
    assert left(on_air)[0] > 0, "it was done before it was killed for the last time"
    work_off(on_air)
    assert left(on_air) == (0, 0)
    check(room, events)
    repeated = db.session.scalar(
        select(LiveTally.repeated).where(LiveTally.session_id == room.session_id, LiveTally.item_id == 0)
    )
    assert repeated >= len(events) // 20
    orders = db.session.scalars(select(Order).where(Order.channel_id == room.channel_id)).all()
    assert len(orders) == ORDERS and {order.external_number for order in orders} == {f"D-{n}" for n in range(ORDERS)}
    sold = 3 * 2000 - db.session.scalar(select(func.sum(StockLevel.available)).where(StockLevel.sku_id.in_(room.skus)))
    assert sold == sum(one.n for one in events if one.kind == "order")


def test_two_orders_of_one_number_are_one_and_what_is_gone_is_refused(on_air):
    room = open_session(stock=3)
    twice = [
        Event("a", "order", AT_MS, "v1", item=1, number="D-1"),
        Event("b", "order", AT_MS, "v1", item=1, number="D-1"),
    ]
    more = [Event("c", "order", AT_MS, "v2", item=1, n=9), Event("d", "order", AT_MS, "v3", item=7)]
    paid = [Event("e", "order", AT_MS, "v4", item=2, n=2, amount=3000, paid=True)]
    put(on_air, room, [[*twice, *more, *paid]])
    work_off(on_air)
    states = dict(db.session.execute(select(LiveEvent.source_event_id, LiveEvent.state)).all())
    assert states == {
        "a": EventState.TAKEN, "b": EventState.SAME, "c": EventState.REFUSED, "d": EventState.REFUSED, "e": EventState.TAKEN,
    }  # fmt: skip
    whole = frame(room.session_id)["figures"]
    assert (whole["orders"], whole["units"], whole["gmv"]) == (2, 3, 1000 + 3000)
    orders = db.session.scalars(select(Order).where(Order.channel_id == room.channel_id)).all()
    assert sum(order.total for order in orders) == 4000 and len(orders) == 2


def test_a_rehearsal_counts_orders_and_writes_none(on_air):
    room = open_session(is_practice=True)
    put(on_air, room, [[Event("a", "order", AT_MS, "v1", item=1, n=2, amount=1990)]])
    work_off(on_air)
    whole = frame(room.session_id)["figures"]
    assert (whole["orders"], whole["units"], whole["gmv"]) == (1, 2, 1990)
    assert db.session.scalar(select(func.count()).select_from(Order)) == 0
    assert db.session.scalar(select(func.sum(StockLevel.available)).where(StockLevel.sku_id.in_(room.skus))) == 3000


def test_what_cannot_be_read_or_belongs_to_nobody_is_set_aside_and_stops_nothing(on_air):
    room = open_session()
    client = connections.client(on_air)
    for fields in ({"f": "999", "b": b'{"events":[]}', "at": 1}, {"f": room.feed_id, "b": b"\x78nonsense"}, {"x": "y"}):
        client.xadd(stream.STREAM, fields)
    put(on_air, room, [[Event("a", "like", AT_MS, n=3)]])
    work_off(on_air)
    assert left(on_air)[0] == 0 and frame(room.session_id)["figures"]["likes"] == 3


def test_block_words_and_mutes_hide_comments_but_keep_them(on_air):
    room = open_session()
    db.session.add_all([
        LiveBlockWord(word="加V信"), LiveBlockWord(word="fake"), LiveMute(viewer="v9"),
        LiveMute(viewer="v8", session_id=room.session_id),
    ])  # fmt: skip
    db.session.commit()
    said = [("v1", "加 ｖ信 看看"), ("v1", "FA KE!"), ("v9", "hi"), ("v8", "hi"), ("v1", "好看"), ("v1", "有 XL 吗")]
    put(
        on_air,
        room,
        [[Event(f"c{n}", "comment", AT_MS + n, who, "Mei", text=text) for n, (who, text) in enumerate(said)]],
    )
    worker = work_off(on_air)
    rows = db.session.scalars(select(LiveComment).order_by(LiveComment.at)).all()
    assert [row.why for row in rows] == ["word: 加V信", "word: fake", "muted", "muted", None, None]
    assert [row.is_hidden for row in rows] == [True] * 4 + [False] * 2
    assert worker.frames.open == {} or not worker.frames.is_due
    told = [one for one in frames_of(on_air, room) for one in one["comments"]]
    assert [one["text"] for one in told] == ["好看", "有 XL 吗"]


def frames_of(app, room):
    import json

    entries = connections.client(app).xrange("panel:bus")
    found = [{name.decode(): value.decode() for name, value in fields.items()} for _id, fields in entries]
    return [json.loads(one["d"]) for one in found if one["t"] == f"live:{room.session_id}" and one["k"] == "frame"]


@pytest.mark.parametrize("size", [1, 60])
def test_a_frame_holds_the_figures_and_the_newest_comments_and_stays_small(on_air, size):
    room = open_session()
    text = "这件大衣多长？" * size
    events = [Event(f"c{n}", "comment", AT_MS + n, f"v{n % 7}", "王小明", "search", text=text[:500]) for n in range(60)]
    put(on_air, room, [[*events, Event("g", "viewers", AT_MS, n=812), Event("k", "click", AT_MS, item=2)]])
    work_off(on_air)
    (told,) = frames_of(on_air, room)
    assert told["id"] == room.session_id and told["figures"]["comments"] == 60 and told["figures"]["viewers"] == 812
    assert told["figures"]["newcomers"] == 7 and told["figures"]["per_minute"]["comments"] == 60
    assert told["items"][str(room.items[1])]["clicks"] == 1
    assert told["missed"] == 60 - len(told["comments"]) and told["comments"][-1]["text"] == text[:200]
    assert len(told["comments"]) == 20 if size == 1 else 0 < len(told["comments"]) < 20
