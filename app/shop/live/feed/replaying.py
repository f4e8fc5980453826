"""Playing events into the intake of a running instance, at their own pace or faster, and counting what came of them."""

from __future__ import annotations

import datetime as dt
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.creators.models import Creator
from app.shop.live.feed import keys
from app.shop.live.feed.envelope import MOST_EVENTS, Event
from app.shop.live.feed.frames import figures
from app.shop.live.feed.sender import Sender, batches
from app.shop.live.feed.states import Platform
from app.shop.live.models import LiveFeed, LiveRoom, LiveSession
from app.shop.live.services import run
from app.shop.live.states import SessionState
from app.shop.setup.models import Channel

ADDS = {
    "join": "joins", "leave": "leaves", "comment": "comments", "like": "likes", "gift": "gifts", "share": "shares",
    "follow": "follows", "click": "clicks", "cart": "carts", "order": "orders",
}  # fmt: skip
BATCH = 200
PATIENCE = 120.0
LONGEST = 24 * 60  # minutes of a session


@dataclass
class Played:
    """`sent` events of which `unique` are different; `stored` are new in SQL; `counted` against `expected`, by counter."""

    sent: int = 0
    unique: int = 0
    accepted: int = 0
    posts: int = 0
    waited: int = 0
    stored: int = 0
    doubled: int = 0
    expected: dict[str, int] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    session: int = 0

    @property
    def agrees(self) -> bool:
        return self.stored == self.unique and self.stored + self.doubled == self.sent and self.expected == self.counted


def play(feed: LiveFeed, events: Iterable[Event], address: str, speed: float, say: Callable[[str], Any]) -> Played:
    """Send events and wait until all of them are counted. `speed` 60 plays an hour in a minute, 0 as fast as it goes.

    Orders are left out of the comparison where a session takes them for real: goods may be gone.
    """
    session_id, is_practice = feed.session_id, feed.session.is_practice
    sender = Sender(f"{address}{keys.path_of(feed)}", keys.secret_of(feed))
    before, _items = figures(session_id)
    db.session.rollback()
    began, seen, expected = time.monotonic(), set[str](), Counter[str]()
    for batch in _paced(events, speed):
        sender.send(batch)
        for one in batch:
            if one.id not in seen:
                seen.add(one.id)
                if one.kind in ADDS:
                    expected[ADDS[one.kind]] += one.n if one.kind in ("like", "gift") else 1
    done = Played(sender.done.events, len(seen), sender.done.accepted, sender.done.posts, sender.done.waited, session=session_id)
    after = _when_counted(session_id, before, done.sent, say)
    done.seconds = time.monotonic() - began
    done.stored, done.doubled = after["events"] - before["events"], after["repeated"] - before["repeated"]
    names = [name for name in ADDS.values() if is_practice or name != "orders"]
    done.expected = {name: expected[name] for name in names}
    done.counted = {name: after[name] - before[name] for name in names}
    return done


def _paced(events: Iterable[Event], speed: float) -> Iterable[list[Event]]:
    if not speed:
        yield from batches(events, BATCH)
        return
    began, first, batch = time.monotonic(), None, []
    for one in events:
        first = one.at if first is None else first
        ahead = (one.at - first) / 1000 / speed - (time.monotonic() - began)
        if batch and (ahead > 0.05 or len(batch) >= MOST_EVENTS):
            yield batch
            batch = []
        if ahead > 0.05:
            time.sleep(ahead)
        batch.append(one)
    if batch:
        yield batch


def _when_counted(session_id: int, before: dict[str, Any], sent: int, say: Callable[[str], Any]) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while True:
        now, _items = figures(session_id)
        db.session.rollback()
        if now["events"] + now["repeated"] - before["events"] - before["repeated"] >= sent:
            return now
        if time.monotonic() > deadline:
            say("Not all of it was counted in two minutes: does `run.py consumer` run?")
            return now
        time.sleep(0.2)


def mixed(events: Sequence[Event], doubled: float, shuffled: float, seed: int = 11) -> list[Event]:
    """The same events as a bad sender would send them: a part of them twice, a part in another place."""
    chance = random.Random(seed)
    sent = [*events, *chance.sample(list(events), int(len(events) * doubled))]
    for _one in range(int(len(sent) * shuffled / 2)):
        a, b = chance.randrange(len(sent)), chance.randrange(len(sent))
        sent[a], sent[b] = sent[b], sent[a]
    return sent


def minutes_of(events: Iterable[Event]) -> int:
    """How long what they tell of took."""
    first = last = 0
    for one in events:
        first, last = min(first or one.at, one.at), max(last, one.at)
    return -(-(last - first) // 60_000)


def feed_for(
    session_id: int | None, title: str, platform: Platform = Platform.SIMULATOR, minutes: int = 240
) -> LiveFeed:
    """The feed of a session, opened when it has none; without a session, that of a rehearsal of so many minutes which is made
    for it and is on air until `over`."""
    session = db.session.get(LiveSession, session_id) if session_id else _rehearsal(title, minutes)
    if session is None:
        raise DomainError(f"There is no session {session_id}.")
    feed = keys.feed_of(session, platform)
    if feed is None or not feed.is_open:
        feed, _secret = keys.open_feed(session, platform, actor=SYSTEM)
    return feed


def over(feed_id: int) -> None:
    """The rehearsal that was made for a command ends with it, however the command ended; its feed takes nothing more."""
    db.session.rollback()
    feed = db.session.get_one(LiveFeed, feed_id)
    if feed.session.state is SessionState.LIVE:
        run.end(feed.session_id, actor=SYSTEM, key=f"replay-{feed_id}-end")
    keys.close_feed(db.session.get_one(LiveFeed, feed_id), actor=SYSTEM)


@transactional
def _rehearsal(title: str, minutes: int) -> LiveSession:
    channel = db.session.scalar(select(Channel).order_by(Channel.id).limit(1))
    if channel is None:
        raise DomainError("There is no shop yet.")
    creator = db.session.scalar(select(Creator).order_by(Creator.id).limit(1)) or Creator(name="Replay")
    room = db.session.scalar(select(LiveRoom).where(LiveRoom.name == "Replay")) or LiveRoom(name="Replay")
    db.session.add_all([creator, room])
    db.session.flush()
    now = clock.now()
    session = LiveSession(
        title=title[:120], shop_id=channel.shop_id, channel_id=channel.id, creator_id=creator.id, room_id=room.id,
        state=SessionState.LIVE, starts_at=now, begun_at=now, is_practice=True,
        ends_at=now + dt.timedelta(minutes=min(max(minutes, 1), LONGEST)), currency=channel.shop.currency,
    )  # fmt: skip
    db.session.add(session)
    db.session.flush()
    return session
