"""Games by the clock: opened and closed when their time has come, with nobody at the desk and after the server was away."""

from __future__ import annotations

import datetime as dt

from flask_babel import force_locale
from sqlalchemy import or_, select

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.live.models import LiveGame, LiveSession
from app.shop.live.services import games
from app.shop.live.services.commands import Effect, obey, seen
from app.shop.live.states import GameState, SessionState
from app.shop.setup.queries import business

SETTLE = dt.timedelta(seconds=3)  # events that happened in time are still on their way when it closes


def session_begun(session: LiveSession) -> None:
    """What was planned before gets its time; what is for the first minutes opens with the session."""
    query = select(LiveGame).where(LiveGame.session_id == session.id, LiveGame.state == GameState.PLANNED)
    for game in db.session.scalars(query.order_by(LiveGame.id)):
        game.opens_at = (session.begun_at or clock.now()) + dt.timedelta(seconds=game.opens_after or 0)
        if game.opens_at <= clock.now():
            games.open_(session, game)


def session_over(session: LiveSession) -> None:
    """The session ends: what is open is closed with who took part until now, what was planned is called off."""
    query = select(LiveGame).where(
        LiveGame.session_id == session.id, LiveGame.state.in_((GameState.PLANNED, GameState.OPEN))
    )
    for game in db.session.scalars(query.order_by(LiveGame.id)):
        if game.state is GameState.PLANNED:
            games.call_off_(game)
            continue
        game.closes_at = min(game.closes_at, session.ended_at or clock.now())
        games.close_(game)


def due(now: dt.datetime) -> list[tuple[int, int, str]]:
    """(session, game, "open_game" or "close_game") of all whose time has come; nothing that is not on air."""
    waiting = (LiveGame.state == GameState.PLANNED) & (LiveGame.opens_at <= now)
    over = (LiveGame.state == GameState.OPEN) & (LiveGame.closes_at <= now - SETTLE)
    query = (
        select(LiveGame.session_id, LiveGame.id, LiveGame.state)
        .join(LiveSession, LiveSession.id == LiveGame.session_id)
        .where(LiveSession.state == SessionState.LIVE, or_(waiting, over))
    )
    return [
        (session_id, game_id, "open_game" if state is GameState.PLANNED else "close_game")
        for session_id, game_id, state in db.session.execute(query.order_by(LiveGame.id))
    ]


def on_time() -> int:
    """Open and close what is due, each by a command of its own, so that a repeat changes nothing; how many there were."""
    found = due(clock.now())
    owner = business() if found else None
    language = owner.language if owner is not None else "en"
    db.session.rollback()  # ends the read
    with force_locale(language):  # the log is read by people
        _work_off(found)
    return len(found)


def _work_off(found: list[tuple[int, int, str]]) -> None:
    for session_id, game_id, verb in found:
        try:
            if verb == "open_game":
                _open_by_the_clock(session_id, game_id)
            else:
                games.close(session_id, game_id, actor=SYSTEM, key=f"clock-close-{game_id}")
        except DomainError:  # somebody was faster
            db.session.rollback()


def _open_by_the_clock(session_id: int, game_id: int) -> None:
    """Its window is that of the rule, however late the clock is: what was written in time is in the stored comments."""

    def work(session: LiveSession) -> Effect:
        game = seen(LiveGame, session, game_id, None)
        games.open_(session, game)
        return Effect(games.said(game))

    obey(session_id, "open_game", {"game": game_id}, work, actor=SYSTEM, right=games.CONTROL, key=f"clock-open-{game_id}")
