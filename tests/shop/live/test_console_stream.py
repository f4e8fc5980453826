"""The consoles on their stream (SAFETY G40): whatever comes twice, late or behind a lost connection, the screen ends in the rows.

What the hub promises to any page is tested in tests/panel/core/test_hub.py; here a console hears a session, and its figures count.
"""

import asyncio
import contextlib
import json

import pytest
from sqlalchemy import delete, select

from app.panel.accounts.models import User
from app.panel.core import audience, bus, feed, hub
from app.panel.core import valkey as connections
from app.panel.core.db import db
from app.panel.core.hub import Hub
from app.panel.core.transaction import transactional
from app.shop.live.feed import frames
from app.shop.live.feed.consumer import Consumer
from app.shop.live.models import LiveSession
from app.shop.live.services import board
from app.shop.live.states import Post, SessionState
from app.shop.setup.models import StaffAssignment
from tests.goals import goal
from tests.panel.core.test_hub import Page, opened, run, until
from tests.shop.live.conftest import AT, open_session
from tests.shop.live.test_feed_once import as_sent, counted_by_hand, generated, left, put


@pytest.fixture
def room(on_air, monkeypatch):
    """A session of shop A on air, which ben may see and cleo, of shop B, may not; every step of the consumer tells a frame."""
    monkeypatch.setattr(frames, "EVERY", 0.0)
    made = open_session()
    made.topic = f"live:{made.session_id}"
    go_on_air(made.session_id)
    people = {f"{name}-cookie": number for number, name in db.session.execute(select(User.id, User.username))}
    db.session.rollback()
    on_air.extensions["user_for_cookie"] = lambda app, value: people.get(value)
    return made


@transactional
def go_on_air(session_id):
    live = db.session.get(LiveSession, session_id)
    live.state, live.begun_at = SessionState.LIVE, AT


class Screen:
    """What a console keeps, as its script does: the newest figures, each comment once, and the last event that it saw."""

    def __init__(self):
        self.last, self.heard, self.signs, self.frame, self.comments, self.missed, self.twice = "", [], [], None, set(), 0, 0

    def saw(self, page):
        """Take what a connection brought before it ended."""
        for block in page.blocks():
            self.last = block.get("id", self.last)
            if "data" in block and "event" not in block:
                self.heard.append(block["id"])
                self.take(json.loads(block["data"]))
        self.signs += page.signs()

    def take(self, event):
        if event["kind"] != "frame":
            return
        told = event["data"]
        if self.frame is None or told["at"] >= self.frame["at"]:
            self.frame = told
        new = {one["id"] for one in told["comments"]}
        self.twice += len(new & self.comments)
        self.comments |= new
        self.missed += told["missed"]


def of_the_topic(app, room, after):
    """The events of a session that the bus has, behind one."""
    entries = connections.client(app).xrange(bus.STREAM, min=f"({after}")
    return [entry.decode() for entry, fields in entries if fields[b"t"].decode() == room.topic]


def test_a_console_whose_connection_and_server_come_and_go_ends_in_the_figures_of_the_rows(on_air, room):
    events = generated(count=1200, orders=0)
    posts, screen = as_sent(events), Screen()  # 5 % come twice, 10 % out of order
    assert len(posts) > 15

    def pour(post):
        with on_air.app_context():
            put(on_air, room, [post])
            worker = Consumer(on_air, "console")
            while left(on_air)[0]:
                worker.step()
            db.session.rollback()

    async def story(served):
        async with opened(Page(served, room.topic, "ben-cookie")) as page:
            screen.last = first = page.last()
        for number, post in enumerate(posts):
            if number % 3 == 0:
                await asyncio.to_thread(pour, post)  # while nobody listens
                continue
            if number % 5 == 0:
                await served.close()  # the server is restarted
                served = Hub(on_air)
            async with opened(Page(served, room.topic, "ben-cookie", last=screen.last)) as page:
                await asyncio.to_thread(pour, post)  # and cut off at once: what is on its way is lost
            screen.saw(page)
        sent = of_the_topic(on_air, room, first)
        async with opened(Page(served, room.topic, "ben-cookie", last=screen.last)) as page:
            await until(lambda: len(screen.heard) + len(page.events()) >= len(sent))
            await asyncio.sleep(0.1)  # for what would come twice
        screen.saw(page)
        await served.close()
        return sent

    kept = {}

    async def told(served):
        kept["sent"] = await story(served)

    with on_air.app_context():
        Consumer(on_air, "console").begin()
    run(on_air, told)
    lost, doubled = len(set(kept["sent"]) - set(screen.heard)), len(screen.heard) - len(set(screen.heard))
    goal("G40", f"{len(screen.heard)} events over {len(posts)} posts: {lost} lost, {doubled} doubled", "0 lost, 0 doubled", not lost + doubled)
    assert screen.heard == kept["sent"] and screen.signs == [] and screen.twice == 0
    rows, items = frames.figures(room.session_id)
    shown = screen.frame["figures"]
    assert shown == rows and screen.frame["items"] == {str(number): one for number, one in items.items()}
    whole, *_more, reading = counted_by_hand(events, {}, dict(zip((1, 2, 3), room.items, strict=True)))
    assert {name: shown[name] for name in whole} == dict(whole) and shown["viewers"] == reading[1]
    assert len(screen.comments) + screen.missed == whole["comments"] > 300
    assert shown["events"] == len(events) and shown["repeated"] >= len(events) // 20


def test_forty_seconds_without_a_network_are_told_again_to_every_screen_and_what_is_no_longer_kept_is_said(on_air, room, monkeypatch):
    """Forty seconds at fifty events a second, at once: what a page waits for, a bus of this length keeps for longer."""
    away, rate, screens = 40, 50, 4
    assert bus.KEPT / (rate * 6) >= 30, "also with the events of five other sessions on the same bus"
    monkeypatch.setattr(hub, "MOST_OF_ONE", screens)
    most = 0

    def happens():
        with on_air.app_context(), connections.client(on_air).pipeline(transaction=False) as bunch:
            for number in range(away * rate):
                told = {"id": room.session_id, "at": f"{number:06d}", "comments": [{"id": number, "text": "how thin is it"}], "missed": 0}
                bunch.xadd(bus.STREAM, bus.encode(room.topic, "frame", told, frames.RESOURCE), maxlen=bus.KEPT)
                bunch.xadd(bus.STREAM, bus.encode("live:900", "frame", {"n": number}, frames.RESOURCE), maxlen=bus.KEPT)
            bunch.execute()

    async def story(served):
        nonlocal most
        watched = feed.Feed.since

        async def since(self, after, topics):
            nonlocal most
            page = await watched(self, after, topics)
            most = max(most, len(page[0]) if page else 0)
            return page

        monkeypatch.setattr(feed.Feed, "since", since)
        async with opened(Page(served, room.topic, "ben-cookie")) as page:
            first = page.last()
        await asyncio.to_thread(happens)
        sent = of_the_topic(on_air, room, first)
        async with contextlib.AsyncExitStack() as stack:
            back = [await stack.enter_async_context(opened(Page(served, room.topic, "ben-cookie", last=first))) for _one in range(screens)]
            await until(lambda: all(page.text.count("\ndata: {\"topic") >= len(sent) for page in back))
        heard = [Screen() for _page in back]
        for screen, page in zip(heard, back, strict=True):
            screen.saw(page)
        goal("G40 lost network", f"{len(sent)} events of {away} s told again to {screens} screens", f"{away * rate} each", all(one.heard == sent for one in heard))
        assert len(sent) == away * rate and all(one.heard == sent and one.signs == [] and one.twice == 0 for one in heard)
        assert most <= feed.AT_A_TIME, "however long it was away, so much of it is held at a time"
        connections.client(on_air).xtrim(bus.STREAM, maxlen=100)  # as much time goes by as the bus is kept for
        async with opened(Page(served, room.topic, "ben-cookie", last=first)) as page:
            await until(lambda: "reload" in page.signs())
            assert page.events() == [], "a part of it would look like the whole"

    run(on_air, story)


def test_a_console_too_slow_for_its_session_is_held_to_so_many_events_and_told_to_ask(on_air, room, monkeypatch):
    monkeypatch.setattr(feed, "MOST_WAITING", 30)
    put(on_air, room, [generated(count=100, orders=0)])
    work = Consumer(on_air, "console")
    work.begin()
    work.step()
    screen, most = Screen(), 0

    async def story(served):
        nonlocal most
        async with opened(Page(served, room.topic, "ben-cookie")) as page:
            page.slow = 0.5
            for _number in range(20):
                await asyncio.to_thread(tell, 10)
                (stream,) = served.feed.streams
                most = max(most, len(stream._events))
            page.slow = 0.0
            await until(lambda: "reload" in page.signs())
        screen.saw(page)

    def tell(times):
        with on_air.app_context():
            event = bus.encode(room.topic, "frame", frames.frame(room.session_id), frames.RESOURCE)
            for _number in range(times):
                bus.send(on_air, event)
            db.session.rollback()

    run(on_air, story)
    goal("G40 slow reader", f"{most} of 200 events held", "30", most <= 30)
    assert 0 < most <= 30 and len(screen.heard) < 200
    ben, live = db.session.query(User).filter_by(username="ben").one(), db.session.get(LiveSession, room.session_id)
    answer = board.state(live, Post.SERVICE, ben)["frame"]  # what `reload` makes the console ask for
    assert answer["figures"] == frames.figures(room.session_id)[0] and answer["at"] >= screen.frame["at"]


def test_whoever_loses_his_right_on_a_session_hears_nothing_more_on_his_open_stream(on_air, room, monkeypatch):
    monkeypatch.setattr(audience, "FRESH", 0.2)

    people = dict(db.session.execute(select(User.username, User.id)).tuples().all())
    db.session.rollback()

    def tell(number):
        with on_air.app_context():
            bus.publish(room.topic, "state", {"id": room.session_id, "version": number}, frames.RESOURCE)
            bus.publish(room.topic, "frame", {"id": room.session_id, "n": number}, frames.RESOURCE)
            for person in people.values():  # behind it, so that whoever has heard this has heard all that he may
                bus.publish(f"user:{person}", "mark", {"n": number})

    @transactional
    def change(name, what):
        person, shop = db.session.query(User).filter_by(username=name).one(), room.shop_id
        if what == "leaves the shop":
            db.session.execute(delete(StaffAssignment).where(StaffAssignment.user_id == person.id))
        elif what == "joins the shop":
            db.session.add(StaffAssignment(user_id=person.id, shop_id=shop))
        else:
            person.roles = []

    def do(name, what):
        with on_air.app_context():
            change(name, what)

    async def story(served):
        async with contextlib.AsyncExitStack() as stack:
            wanted = [Page(served, f"{room.topic},user:{people[name]}", f"{name}-cookie") for name in ("ada", "ben", "cleo")]
            pages = [await stack.enter_async_context(opened(page)) for page in wanted]

            async def hears(number, *told):
                await asyncio.to_thread(tell, number)
                await until(lambda: all(page.events() and page.events()[-1]["data"] == {"n": number} for page in pages))
                await until(lambda: all(page.events()[-1]["kind"] == "mark" for page in pages))
                heard = [sum(event["topic"] == room.topic for event in page.events()) for page in pages]
                assert heard == [2 * number, *told], "ada, who sees every shop, ben and cleo"

            await hears(1, 2, 0)  # cleo is of another shop
            steps = (("ben", "leaves the shop", 2, 0), ("cleo", "joins the shop", 2, 2), ("cleo", "has no role", 2, 2))
            for number, (name, what, *told) in enumerate(steps, 2):
                await asyncio.to_thread(do, name, what)
                await asyncio.sleep(0.3)  # longer than an answer is remembered
                await hears(number, *told)
            assert not any(page.closed for page in pages), "the streams themselves stay open"

    run(on_air, story)
    goal("G40 permission asked per event", "0 events after the right was gone", "0", True)
