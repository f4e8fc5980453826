"""Participation of each game of a session, compared with the same kind of game in the sessions before it (LVR-08)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app.panel.core.db import db
from app.shop.live.analysis import participation
from app.shop.live.models import LiveGame, LiveSession
from app.shop.live.states import GameKind, GameState

SESSIONS = 12  # before this one, of the same shop
COUNTED = (GameState.DONE, GameState.CLOSED)


@dataclass(frozen=True)
class Row:
    game: LiveGame
    compared: participation.Compared


def of_session(session: LiveSession) -> list[Row]:
    """Its closed games in the order in which they were opened. Rehearsals are held against rehearsals."""
    before = (
        select(LiveSession.id)
        .where(
            LiveSession.shop_id == session.shop_id, LiveSession.id != session.id,
            LiveSession.starts_at < session.starts_at, LiveSession.is_practice.is_(session.is_practice),
        )
        .order_by(LiveSession.starts_at.desc())
        .limit(SESSIONS)
    )  # fmt: skip
    earlier: dict[GameKind, list[float]] = {}
    table = LiveGame.__table__.c
    past = select(table.kind, table.taken_part, table.viewers).where(table.session_id.in_(before), table.state.in_(COUNTED))
    for kind, taken_part, viewers in db.session.execute(past):
        part = participation.share(taken_part, viewers)
        if part is not None:
            earlier.setdefault(kind, []).append(part)
    mine = select(LiveGame).where(LiveGame.session_id == session.id, LiveGame.state.in_(COUNTED))
    return [
        Row(game, participation.compare(participation.share(game.taken_part, game.viewers), earlier.get(game.kind, [])))
        for game in db.session.scalars(mine.order_by(LiveGame.opens_at, LiveGame.id))
    ]
