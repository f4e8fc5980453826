"""The signed webhook: what is safe in the stream is acknowledged; whatever is wrong is refused with a reason, and nothing is kept."""

import asyncio
import io
import json
import time
import urllib.request
from types import SimpleNamespace

import pytest

from app.panel.core import clock
from app.panel.core import valkey as connections
from app.panel.core.db import db
from app.shop.live.feed import door as door_module
from app.shop.live.feed import envelope, known, stream
from app.shop.live.feed.door import FeedDoor
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.keys import close_feed, open_feed, refusals_of
from app.shop.live.feed.sender import signed
from app.shop.live.models import LiveFeed, LiveSession
from app.shop.live.pages import examples
from app.shop.live.states import SessionState
from app.shop.setup.models import Channel
from tests.shop.live.conftest import AT_MS, open_session


async def _ask(door, path, body, header, length=None):
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    headers = [
        (b"content-length", str(len(body) if length is None else length).encode()),
        (b"x-zhanggui-signature", header.encode()),
    ]
    await door({"path": path, "method": "POST", "headers": headers}, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), json.loads(sent[1]["body"])


@pytest.fixture
def post(on_air):
    """`post(room, body)`: status, headers and answer; signed right unless told otherwise."""

    def ask(room, body, header=None, key=None, length=None):
        async def once():
            door = FeedDoor(on_air)
            try:
                header_ = signed(room.secret, body) if header is None else header
                return await _ask(door, f"/live/feed/{key or room.key}/", body, header_, length)
            finally:
                if door._client is not None:
                    await door._client.aclose()

        return asyncio.run(once())

    return ask


def waiting(app):
    client = connections.client(app)
    return client.xlen(stream.STREAM), int(client.get(stream.BYTES) or 0)


BODY = envelope.packed([Event(f"e-{n}", "comment", AT_MS + n, "v1", "Mei", text="how long is it") for n in range(100)])


def test_a_signed_post_is_taken_and_its_bytes_are_counted(on_air, post):
    room = open_session()
    status, _headers, said = post(room, BODY)
    assert (status, said) == (202, {"accepted": 100})
    posts, size = waiting(on_air)
    assert posts == 1 and 0 < size < len(BODY) / 4


def test_whatever_is_wrong_is_refused_with_a_reason_and_nothing_is_kept(on_air, post):
    room = open_session()
    now = int(time.time())
    good = signed(room.secret, BODY)
    other = envelope.packed([Event("e-1", "like", AT_MS)])
    wrong = {
        "no signature": (BODY, "", 401, "signature"),
        "another secret": (BODY, signed("zgs_other", BODY), 401, "signature"),
        "a body that was changed": (BODY.replace(b"Mei", b"Moi"), good, 401, "signature"),
        "a nonce that was changed": (BODY, good.replace("n=", "n=x", 1), 401, "signature"),
        "too old": (BODY, signed(room.secret, BODY, now - 301), 401, "old"),
        "from the future": (BODY, signed(room.secret, BODY, now + 302), 401, "old"),
        "no JSON": (b"{", None, 422, "malformed"),
        "a list": (b"[]", None, 422, "malformed"),
        "no event": (b'{"events": []}', None, 422, "malformed"),
        "too many": (envelope.packed([Event(str(n), "like", AT_MS) for n in range(1001)]), None, 422, "malformed"),
    }  # fmt: skip
    for what, (body, header, status, code) in wrong.items():
        found, _headers, said = post(room, body, header)
        assert (found, said["code"]) == (status, code), what
        assert said["message"], what
    assert post(room, b"x" * (envelope.LONGEST_BODY + 1))[0] == 413
    assert post(room, other, length=envelope.LONGEST_BODY + 1)[0] == 413, "by its own word alone"
    assert post(room, BODY, key="0" * 24)[0] == 401, "a feed that nobody opened"
    assert post(room, BODY, key="../../etc")[0] == 401
    assert waiting(on_air) == (0, 0)


@pytest.mark.parametrize("wrong", [
    {"kind": "dance"}, {"id": ""}, {"id": "x" * 101}, {"id": 7}, {"id": "a\x00b"}, {"at": "2026-03-08T12:00:00"}, {"at": "soon"}, {"at": 12},
    {"at": None}, {"viewer": "v1"}, {"viewer": {"id": "x" * 65}}, {"item": -1}, {"item": "3"}, {"n": -1}, {"n": 1.5}, {"n": True},
    {"amount": "12.00"}, {"amount": 10**12}, {"text": "x" * 501}, {"text": 5},
])  # fmt: skip
def test_an_event_that_cannot_be_read_is_named_with_its_field(wrong):
    good = {"id": "e-1", "kind": "comment", "at": AT_MS, "viewer": {"id": "v1"}, "text": "hi"}
    with pytest.raises(envelope.Malformed, match="event 2: .*" + next(iter(wrong))):
        envelope.read(json.dumps({"events": [good, {**good, **wrong}]}).encode())


def test_an_event_reads_the_same_after_it_was_packed():
    one = Event("e-1", "order", AT_MS, "v1", "王小明", "search", 3, 2, "尺码", 19900, "D-1", True)
    assert envelope.read(envelope.packed([one])) == [one]
    assert envelope.read(b'{"events":[{"id":"e","kind":"like","at":"2026-03-08T20:00:00+08:00"}]}')[0].at == AT_MS


def test_a_nonce_is_good_for_one_post(on_air, post):
    room = open_session()
    header = signed(room.secret, BODY)
    assert post(room, BODY, header)[0] == 202
    status, _headers, said = post(room, BODY, header)
    assert (status, said["code"]) == (409, "replayed")
    assert post(room, BODY)[0] == 202, "the same events, signed anew"
    assert waiting(on_air)[0] == 2


def test_a_full_stream_says_when_to_come_back_and_uses_up_no_nonce(on_air, post, monkeypatch):
    room = open_session()
    assert post(room, BODY)[0] == 202
    header = signed(room.secret, BODY)
    monkeypatch.setattr(stream, "MOST_POSTS", 1)
    status, headers, said = post(room, BODY, header)
    assert (status, said["code"], headers[b"retry-after"]) == (429, "full", b"2")
    monkeypatch.undo()
    monkeypatch.setattr(stream, "MOST_BYTES", 100)
    assert post(room, BODY, header)[0] == 429, "by bytes as well"
    monkeypatch.undo()
    assert post(room, BODY, header)[0] == 202


def test_a_stream_that_is_away_takes_nothing_and_says_so(on_air, post):
    room = open_session()
    on_air.config["REDIS_URL"] = "redis://127.0.0.1:1/0"
    status, headers, said = post(room, BODY)
    assert (status, said["code"], headers[b"retry-after"]) == (503, "away", b"2")


def test_a_closed_feed_takes_nothing_and_what_was_turned_away_is_counted(on_air, post, session_of):
    room = open_session()
    assert post(room, BODY, "")[0] == 401
    feed = session_of(LiveFeed, room.feed_id)
    assert feed.refused_count == 1 and (feed.refused_code, feed.refused_why) == ("signature", "This is not signed by this feed.")
    close_feed(feed, actor=session_of.system)
    assert post(room, BODY)[0] == 401
    assert waiting(on_air) == (0, 0)


def test_of_what_was_turned_away_in_one_breath_the_last_ones_sentence_is_kept(on_air, session_of, monkeypatch):
    monkeypatch.setattr(door_module, "NOTE_EVERY", 0.3)
    room = open_session()

    async def three():
        door = FeedDoor(on_air)
        for body, header in ((BODY, ""), (BODY, ""), (b"nope", signed(room.secret, b"nope"))):
            await _ask(door, f"/live/feed/{room.key}/", body, header, None)
        await asyncio.gather(*door.tasks)
        if door._client is not None:
            await door._client.aclose()

    asyncio.run(three())
    feed = session_of(LiveFeed, room.feed_id)
    assert (feed.refused_count, feed.refused_code, feed.refused_why) == (3, "malformed", "the body is no valid JSON")


def test_the_example_in_python_is_taken_as_it_stands(on_air, post, monkeypatch):
    room = open_session()
    told = {}

    def urlopen(request):
        told["status"], _headers, said = post(room, request.data, request.get_header("X-zhanggui-signature"))
        return io.BytesIO(json.dumps(said).encode())

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    code = examples.PYTHON % {"url": f"http://shop.example/live/feed/{room.key}/"}
    exec(compile(code.replace("zgs_…", room.secret), "example", "exec"), {})
    assert told["status"] == 202 and waiting(on_air)[0] == 1


def test_a_feed_of_a_channel_takes_events_for_the_session_that_is_on_air_and_else_says_that_there_is_none(
    on_air, post, session_of
):
    room = open_session()
    channel = session_of(Channel, room.channel_id)
    db.session.commit()
    feed, secret = open_feed(channel, actor=session_of.system)
    mine = SimpleNamespace(secret=secret, key=feed.public_id)
    status, _headers, said = post(mine, BODY)
    assert (status, said["code"]) == (409, "idle") and waiting(on_air) == (0, 0)
    live = session_of(LiveSession, room.session_id)
    live.state, live.begun_at = SessionState.LIVE, clock.now()
    db.session.commit()
    assert post(mine, BODY)[0] == 202
    assert known.look_up(feed.id).session_id == room.session_id
    refused = session_of(LiveFeed, feed.id)
    assert [(one.code, one.count) for one in refusals_of(refused)] == [("idle", 1)]
