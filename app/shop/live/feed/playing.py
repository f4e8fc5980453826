"""The player of rehearsals: beside the consumer, in its process. What is due goes into the stream, as a post would.

Its heartbeat is the row of the rehearsal itself. Killed at any line, it tells a part again, which counts once, and goes on.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time

from flask import Flask
from redis.exceptions import RedisError

from app.panel.core import consumers, trace, valkey
from app.panel.core.db import db
from app.shop.live.feed import envelope, stream
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.sender import batches
from app.shop.live.models import LiveFeed, LiveRehearsal
from app.shop.live.services import rehearsing
from app.shop.live.states import SessionState

EVERY, IDLE = 0.5, 2.0
A_POST = 200
log = logging.getLogger(__name__)


class Player:
    """Plays every rehearsal that runs; a script is read once."""

    def __init__(self, app: Flask) -> None:
        self.put = valkey.client(app, timeout=10.0).register_script(stream.PUT)
        self.scripts: dict[int, list[Event]] = {}

    def step(self) -> bool:
        """Tell what is due of each; True while any runs."""
        found = rehearsing.running()
        self.scripts = {one.id: self.scripts[one.id] if one.id in self.scripts else rehearsing.script(one) for one in found}
        for one in found:
            self.play(one)
        db.session.rollback()  # ends the read
        return bool(found)

    def play(self, rehearsal: LiveRehearsal) -> None:
        position, target = int(rehearsal.position_ms), rehearsing.target_of(rehearsal)
        number, begun = rehearsal.id, int(rehearsal.begun_at.timestamp() * 1000)
        is_whole = target >= rehearsal.length_ms
        is_on_air = rehearsal.session.state is SessionState.LIVE
        feed_id = db.session.query(LiveFeed.id).filter_by(session_id=rehearsal.session_id).scalar()
        db.session.rollback()  # nothing is held open over the network
        due = [one for one in self.scripts[number] if position <= one.at < target]
        if not self._tell(feed_id, [one._replace(at=begun + one.at) for one in due]):
            return  # the stream is full: it is told a moment later
        if rehearsing.move(number, position, target) and is_whole and is_on_air:
            rehearsing.end(db.session.get_one(LiveRehearsal, number))

    def _tell(self, feed_id: int, events: list[Event]) -> bool:
        for some in batches(events, A_POST):
            body, at = envelope.packed(some), int(time.time() * 1000)
            keys, arguments = stream.put_arguments(feed_id, f"rehearsal-{secrets.token_hex(12)}", body, at)
            if self.put(keys=keys, args=arguments) != stream.TAKEN:
                return False
        return True


@consumers.consumer("live.rehearsal")
def run(app: Flask, stop: threading.Event) -> None:
    """Play until told to stop."""
    with app.app_context():
        player = Player(app)
        while not stop.is_set():
            is_busy = False
            try:
                with trace.tracing():
                    is_busy = player.step()
            except RedisError as error:
                log.warning("a rehearsal waits, the stream is away: %s", error)
            except Exception:
                db.session.rollback()
                raise
            stop.wait(EVERY if is_busy else IDLE)
