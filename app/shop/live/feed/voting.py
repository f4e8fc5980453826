"""Votes of open polls and takers of open draws as they come in, for the screens; what holds is counted anew at the close."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update

from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.live.models import LiveComment, LiveGame
from app.shop.live.services import taking_part
from app.shop.live.services.taking_part import Entry
from app.shop.live.states import Condition, GameState

LOOK_EVERY = 0.5  # seconds of ours
OVERLAP = 500  # numbers of comments that are read once more: a second consumer may commit its own later
G, C = LiveGame.__table__, LiveComment.__table__.c


@dataclass
class Count:
    """What is known of one open game: the first thing of each viewer that counts."""

    seen: dict[str, Entry] = field(default_factory=dict)
    last: int = 0  # comment that was read
    told: tuple[int, dict[str, int]] = (-1, {})


class Voting:
    """The open games of the sessions of which something came lately."""

    def __init__(self) -> None:
        self.touched: set[int] = set()
        self.counts: dict[int, Count] = {}
        self.looked_at = 0.0

    def note(self, session_id: int) -> None:
        self.touched.add(session_id)

    def look(self) -> dict[int, list[dict[str, Any]]]:
        """The games whose figures have changed, as screens are told them, by session."""
        now = time.monotonic()
        if not self.touched or now - self.looked_at < LOOK_EVERY:
            return {}
        self.looked_at = now
        query = select(LiveGame).where(LiveGame.state == GameState.OPEN, LiveGame.session_id.in_(self.touched))
        self.touched = set()
        games = list(db.session.scalars(query.order_by(LiveGame.id)))
        found: dict[int, list[dict[str, Any]]] = {}
        for game in games:
            mine = self.counts.setdefault(game.id, Count())
            told = figures(game, mine)
            if told != mine.told:
                mine.told = told
                found.setdefault(game.session_id, []).append({"id": game.id, "taken_part": told[0], "counted": told[1]})
        self.counts = {game.id: self.counts[game.id] for game in games}
        db.session.rollback()  # ends the read
        if found:
            _keep([one for some in found.values() for one in some])
        return found


def figures(game: LiveGame, count: Count) -> tuple[int, dict[str, int]]:
    """How many take part by now, and what they chose."""
    if game.condition in (Condition.FOLLOW, Condition.ORDER):
        return len(taking_part.entries(game)), {}
    query = select(C.id, C.viewer, C.name, C.text, C.at).where(
        C.session_id == game.session_id, C.at >= game.counts_from, C.at < game.closes_at, C.id > count.last - OVERLAP,
        C.is_hidden.is_(False),
    )  # fmt: skip
    rows = db.session.execute(query).all()
    count.last = max([count.last, *(row.id for row in rows)])
    for one in taking_part.written(game, rows):
        before = count.seen.get(one.viewer)
        if one.viewer and (before is None or (one.at, one.source_id) < (before.at, before.source_id)):
            count.seen[one.viewer] = one
    silent = taking_part.muted(game.session_id)
    standing = [one for one in count.seen.values() if one.viewer not in silent]
    return len(standing), taking_part.votes(standing) if game.condition is Condition.CHOICE else {}


@transactional
def _keep(told: list[dict[str, Any]]) -> None:
    """For a screen that comes late. Without a version: nobody's rule changes by it."""
    for one in told:
        still = (G.c.id == one["id"]) & (G.c.state == GameState.OPEN)
        db.session.execute(
            update(G).where(still).values(taken_part=one["taken_part"], counted=one["counted"], changed_at=G.c.changed_at)
        )
