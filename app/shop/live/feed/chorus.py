"""Viewers of the simulator who join in: while a poll or a draw is open, a part of what they write is what it asks for."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator

from sqlalchemy import select

from app.panel.core.db import db
from app.shop.live.feed.envelope import Event
from app.shop.live.models import LiveGame
from app.shop.live.states import GameState

JOIN = 0.6  # of the comments
LOOK_EVERY = 1.0


def joining(events: Iterable[Event], session_id: int) -> Iterator[Event]:
    """The same events, in the same number; only the words of some comments are others."""
    chance, wanted, until = random.Random(session_id), list[str](), 0.0
    for one in events:
        if one.kind == "comment":
            if time.monotonic() >= until:
                wanted, until = words(session_id), time.monotonic() + LOOK_EVERY
            if wanted and chance.random() < JOIN:
                yield one._replace(text=chance.choice(wanted))
                continue
        yield one


def words(session_id: int) -> list[str]:
    """What the open games of a session ask viewers to write."""
    query = select(LiveGame).where(LiveGame.session_id == session_id, LiveGame.state == GameState.OPEN)
    found = []
    for game in db.session.scalars(query.execution_options(populate_existing=True)):
        found += [one["word"] for one in game.choices or []] + ([game.keyword] if game.keyword else [])
    db.session.rollback()  # ends the read
    return found
