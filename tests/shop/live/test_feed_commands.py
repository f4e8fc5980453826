"""`flask live simulate` and `flask live replay` without a session: a rehearsal that takes nobody's time and ends with them."""

import datetime as dt
import json
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from app.panel.core import clock, records
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.shop.live.feed import replaying
from app.shop.live.feed.sender import Sent
from app.shop.live.models import LiveFeed, LiveSession
from app.shop.live.states import SessionState
from app.shop.orders.models import Order
from tests.shop.live.conftest import AT_MS, open_session
from tests.shop.live.test_feed_once import put, work_off


class Direct:
    """A sender whose posts go straight to the consumer; before the first one `look` is called."""

    look = staticmethod(lambda feed: None)

    def __init__(self, address, _secret):
        self.done, self.key = Sent(), address.rstrip("/").rpartition("/")[2]

    def send(self, events):
        room = SimpleNamespace(feed_id=db.session.query(LiveFeed.id).filter_by(public_id=self.key).scalar())
        db.session.rollback()
        if not self.done.posts:
            self.look(room)
        put(self.app, room, [events])
        work_off(self.app)
        self.done.posts, self.done.events = self.done.posts + 1, self.done.events + len(events)
        self.done.accepted += len(events)


@pytest.fixture
def direct(on_air, monkeypatch):
    monkeypatch.setattr(replaying, "Sender", Direct)
    monkeypatch.setattr(replaying, "BATCH", 2000)
    monkeypatch.setattr(Direct, "app", on_air, raising=False)
    return Direct


def play(app, *arguments):
    done = app.test_cli_runner().invoke(args=["live", *arguments, "--speed", "0", "--json"])
    db.session.rollback()
    return done


def made(session_of, room):
    """The session that a command made."""
    number = db.session.scalar(select(func.max(LiveSession.id)))
    assert number != room.session_id
    return session_of(LiveSession, number)


def test_a_simulated_session_is_as_long_as_it_says_takes_nobody_and_is_over_with_the_command(on_air, direct, monkeypatch, session_of):
    room, seen = open_session(), {}

    def look(_feed):
        practice = made(session_of, room)
        seen["state"], seen["minutes"] = practice.state, practice.minutes
        times = {"starts_at": clock.now() + dt.timedelta(seconds=30), "ends_at": clock.now() + dt.timedelta(hours=1)}
        who = {"creator_id": practice.creator_id, "room_id": practice.room_id, "channel_id": practice.channel_id, "shop_id": practice.shop_id}
        db.session.rollback()
        records.create(LiveSession, {"title": "For real", **times, **who}, actor=SYSTEM)
        with pytest.raises(InvalidInput, match="For real"):
            records.create(LiveSession, {"title": "Another", **times, **who}, actor=SYSTEM)
        records.create(LiveSession, {"title": "A rehearsal", "is_practice": True, **times, **who}, actor=SYSTEM)
        db.session.rollback()
        seen["id"] = practice.id

    monkeypatch.setattr(Direct, "look", staticmethod(look))
    orders = db.session.scalar(select(func.count(Order.id)))
    db.session.rollback()
    done = play(on_air, "simulate", "--minutes", "6", "--peak", "40")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output.splitlines()[-1])
    assert told["agrees"] and told["counted"]["orders"] >= 1 and told["session"] == seen["id"]
    assert (seen["state"], seen["minutes"]) == (SessionState.LIVE, 6)
    practice = session_of(LiveSession, told["session"])
    assert practice.is_practice and practice.state is SessionState.ENDED and practice.ended_at is not None
    assert not db.session.query(LiveFeed).filter_by(session_id=practice.id).one().is_open
    assert db.session.scalar(select(func.count(Order.id))) == orders


def test_a_replayed_log_is_as_long_as_the_log_and_is_over_also_when_its_sender_fails(on_air, direct, tmp_path, monkeypatch, session_of):
    room, log = open_session(), tmp_path / "evening.jsonl"
    lines = [{"id": f"e{n}", "kind": "like", "at": AT_MS + n * 1_770_000, "n": 2} for n in (1, 0, 3)]
    log.write_text("\n".join(map(json.dumps, lines)))
    done = play(on_air, "replay", str(log))
    assert done.exit_code == 0 and json.loads(done.output.splitlines()[-1])["counted"]["likes"] == 6, done.output
    practice = made(session_of, room)
    assert (practice.title, practice.minutes, practice.state) == ("evening.jsonl", 89, SessionState.ENDED)
    first = practice.id

    def fail(_feed):
        raise RuntimeError("the feed took nothing")

    monkeypatch.setattr(Direct, "look", staticmethod(fail))
    assert play(on_air, "replay", str(log)).exit_code == 1
    practice = made(session_of, room)
    assert practice.id > first and practice.state is SessionState.ENDED
    number = practice.id
    log.write_text(log.read_text() + "\nnonsense")
    done = play(on_air, "replay", str(log))
    assert done.exit_code == 1 and "line 4" in done.output and made(session_of, room).id == number, "nothing was begun"
