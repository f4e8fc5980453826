"""The loop between the stream and SQL: reads what came, stores it, acknowledges it, and tells the screens.

Acknowledged is only what is committed. What somebody else read and never finished is taken over after half a minute; what
this consumer read before it died comes back to it at once, under its name.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
import zlib
from typing import Any

from flask import Flask
from redis.exceptions import RedisError, ResponseError
from sqlalchemy.exc import InterfaceError, OperationalError

from app.panel.core import consumers, trace, valkey
from app.panel.core.db import db
from app.shop.live.feed import envelope, orders, replies, sifting, stream
from app.shop.live.feed.frames import Frames
from app.shop.live.feed.hints import Watch
from app.shop.live.feed.known import Sources
from app.shop.live.feed.store import Kept, Parcel
from app.shop.live.feed.voting import Voting
from app.shop.live.feed.words import Filter

MOST_READ = 40  # posts of a batch: some thousand events, a transaction of a fifth of a second
MOST_OF_A_BATCH = 4000
BLOCK_MS, SHORT_MS = 500, 50
ABANDONED_MS = 30_000
LOOK_FOR_ABANDONED = 10.0
LOOK_FOR_ORDERS = 5.0
log = logging.getLogger(__name__)


class Consumer:
    """One reader of the stream. Two of them share the work; in SQL they meet without harm."""

    def __init__(self, app: Flask, name: str = "") -> None:
        self.app = app
        self.name = name or socket.gethostname()
        self.client = valkey.client(app, timeout=10.0)
        self.done = self.client.register_script(stream.DONE)
        self.sources, self.words, self.frames, self.watch = Sources(), Filter(), Frames(app), Watch()
        self.voting = Voting()
        self.looked_at = self.orders_at = 0.0
        self.stored = 0

    def begin(self) -> None:
        """Make the group; work off what this consumer read before and never finished."""
        with contextlib.suppress(ResponseError):  # it is there
            self.client.xgroup_create(stream.STREAM, stream.GROUP, id="0", mkstream=True)
        after = "0"
        while posts := self._read(after):
            self.work(posts)
            after = "0"

    def step(self) -> bool:
        """One round; True when there was something to do."""
        posts = self._read(">")
        if time.monotonic() - self.looked_at > LOOK_FOR_ABANDONED:
            self.looked_at = time.monotonic()
            posts += self._abandoned()
        if posts:
            self.work(posts)
        elif time.monotonic() - self.orders_at > LOOK_FOR_ORDERS:
            self._take_orders()
        for session_id, hints in self.watch.look().items():
            self.frames.touch(session_id).hints.extend(hints)
        for session_id, games in self.voting.look().items():
            self.frames.touch(session_id).games = games
        self.frames.send()
        return bool(posts)

    def work(self, posts: list[stream.Post]) -> None:
        """Store, acknowledge, and do what follows from it."""
        parcels = [one for post in posts if (one := self._parcel(post)) is not None]
        self.words.refresh()
        kept = sifting.store_or_sift(parcels, self.words)
        keys, arguments = stream.done_arguments(posts)
        self.done(keys=keys, args=arguments)
        self.stored += sum(one.new for one in kept.values())
        for session_id, one in kept.items():
            self._follow(session_id, one)
        if any(one.orders for one in kept.values()):
            self._take_orders()

    def _follow(self, session_id: int, kept: Kept) -> None:
        self.frames.add(session_id, kept)
        self.watch.note(session_id, kept)
        self.voting.note(session_id)
        if not kept.is_practice:  # in a rehearsal nobody is answered: that is for the service to do
            self.frames.touch(session_id).replies.extend(replies.answer(session_id, kept.comments))

    def _take_orders(self) -> None:
        self.orders_at = time.monotonic()
        while touched := orders.take_waiting(self.sources):
            for session_id in touched:
                self.frames.touch(session_id)
            self.frames.send()

    def _parcel(self, post: stream.Post) -> Parcel | None:
        """None for one that never came through the door, and for what finds no session: that is kept aside."""
        try:
            events = envelope.read(post.body)
        except envelope.Malformed as error:
            log.error("entry %s of the stream cannot be read: %s", post.entry, error)
            return None
        source = self.sources.get(post.feed_id)
        if source is None:
            sifting.without_session(post.feed_id, events)
            return None
        return Parcel(source, events, post.at)

    def _read(self, after: str) -> list[stream.Post]:
        wait = SHORT_MS if self.frames.is_due else BLOCK_MS
        answer = self.client.xreadgroup(stream.GROUP, self.name, {stream.STREAM: after}, count=MOST_READ, block=wait)
        return _posts(stream.entries(answer))

    def _abandoned(self) -> list[stream.Post]:
        found: Any = self.client.xautoclaim(
            stream.STREAM, stream.GROUP, self.name, min_idle_time=ABANDONED_MS, start_id="0-0", count=MOST_READ
        )
        return _posts(found[1])


def _posts(entries: list[tuple[bytes, dict[bytes, bytes]]]) -> list[stream.Post]:
    found = []
    for entry, fields in entries:
        try:
            found.append(stream.post_of(entry, fields or {}))
        except (ValueError, zlib.error):
            log.error("entry %r of the stream is none of ours", entry)
            found.append(stream.Post(entry.decode(), 0, 0, b"", len((fields or {}).get(b"b", b""))))
    return found


@consumers.consumer("live.feed")
def run(app: Flask, stop: threading.Event) -> None:
    """Consume until told to stop; wait while Valkey is away."""
    with app.app_context():
        worker = Consumer(app)
        is_ready = False
        while not stop.is_set():
            try:
                with trace.tracing():
                    if not is_ready:
                        worker.begin()
                        is_ready = True
                    worker.step()
            except RedisError as error:
                log.warning("the stream of the feed is away: %s", error)
                is_ready = False
                stop.wait(1.0)
            except (OperationalError, InterfaceError) as error:
                db.session.rollback()
                log.warning("the database cannot be written to: %s", error)
                is_ready = False  # what was read and not acknowledged is read again
                stop.wait(1.0)
            except Exception:
                db.session.rollback()
                raise
