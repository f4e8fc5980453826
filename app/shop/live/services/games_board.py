"""What the consoles show of games and of silenced viewers; the right answer of a quiz only to whom the rule lets see it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.panel.core import clock, policy, veil
from app.panel.core.db import db
from app.shop.live import rules
from app.shop.live.models import LiveGame, LiveSeal, LiveSession, LiveWinner
from app.shop.live.permissions import GAME, MUTE, WINNER
from app.shop.live.services import board, quiet
from app.shop.live.states import GameKind, GameState, Post

MOST, MOST_WINNERS, HIDDEN = 30, 50, 100
STAYS = dt.timedelta(minutes=2)  # for so long the host sees a result
RUNNING = (GameState.PLANNED, GameState.OPEN, GameState.CLOSED)


@board.contributes
def of_the_games(session: LiveSession, post: Post, actor: Any) -> dict[str, Any]:
    """`games`, the newest first; `muted` and `hidden` for those who moderate."""
    told: dict[str, Any] = {"games": [], "hidden": quiet.said_no_more(session.id, HIDDEN), "silent": _silent(session)}
    if policy.allowed(actor, "read", GAME):
        told["games"] = [_game(game, post, actor) for game in _shown(session, post)]
    if post is not Post.HOST and policy.allowed(actor, "read", MUTE):
        told["muted"] = [
            {"id": row.id, "name": str(veil.seen(row).name or veil.seen(row).viewer), "everywhere": row.session_id is None}
            for row in quiet.silenced(session.id)
        ]  # fmt: skip
    return told


def _silent(session: LiveSession) -> list[str]:
    """Whose comments a screen drops that it has already drawn."""
    return [row.viewer for row in quiet.silenced(session.id)]


def _shown(session: LiveSession, post: Post) -> list[LiveGame]:
    query = select(LiveGame).where(LiveGame.session_id == session.id)
    rows = db.session.scalars(query.order_by(LiveGame.id.desc()).limit(MOST).execution_options(populate_existing=True))
    return [row for row in rows if _is_for(row, post)]


def _is_for(game: LiveGame, post: Post) -> bool:
    """The host sees what is open and, for a while, what came of it; what is planned or called off is none of his."""
    if post is Post.CONTROL:
        return True
    if game.state is GameState.DONE or game.state is GameState.CLOSED:
        ended = game.drawn_at or game.closed_at
        return post is Post.SERVICE or (ended is not None and clock.now() - ended < STAYS)
    return game.state is GameState.OPEN


def _game(row: LiveGame, post: Post, actor: Any) -> dict[str, Any]:
    game = veil.seen(row)
    return {
        "id": row.id, "version": row.version, "kind": game.kind.value, "word": str(game.kind.label), "state": game.state.value,
        "state_word": str(game.state.label), "tone": game.state.tone, "prompt": game.prompt, "condition": str(game.condition.label),
        "keyword": game.keyword or "", "choices": game.choices or [],
        "prize": rules.prize_said(game.prize), "wanted": game.winners_wanted,
        "opens_at": _iso(game.opens_at), "closes_at": _iso(game.closes_at), "drawn_at": _iso(game.drawn_at),
        "opens_after": game.opens_after, "seconds": game.seconds, "draws_itself": game.draws_itself,
        "counted": game.counted or {}, "taken_part": game.taken_part, "in_the_draw": game.in_the_draw, "viewers": game.viewers,
        "answer": _answer(row, post), "hash": game.seed_hash or "", "seed": game.seed or "",
        "winners": _winners(row, actor) if row.state is GameState.DONE else [],
    }  # fmt: skip


def _iso(at: dt.datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _answer(game: LiveGame, post: Post) -> str:
    """Before the close it is with the control desk, and with the host if the rule says so."""
    if game.answer:
        return str(veil.seen(game).answer or "")
    knows = post is Post.CONTROL or (post is Post.HOST and game.host_sees_answer)
    if game.kind is not GameKind.QUIZ or not knows or not veil.shows(game, "answer"):
        return ""
    return db.session.scalar(select(LiveSeal.answer).where(LiveSeal.game_id == game.id)) or ""


def _winners(game: LiveGame, actor: Any) -> list[dict[str, Any]]:
    if not policy.allowed(actor, "read", WINNER):
        return []
    query = select(LiveWinner).where(LiveWinner.game_id == game.id).order_by(LiveWinner.place).limit(MOST_WINNERS)
    rows = db.session.scalars(query.options(joinedload(LiveWinner.coupon)).execution_options(populate_existing=True))
    return [_winner(row) for row in rows]


def _winner(row: LiveWinner) -> dict[str, Any]:
    one = veil.seen(row)
    return {
        "id": row.id, "version": row.version, "place": one.place, "name": one.name or one.viewer or "", "viewer": one.viewer or "",
        "state": one.state.value, "word": str(one.state.label), "tone": one.state.tone, "order": one.order_id,
        "coupon": str(row.coupon) if row.coupon_id and veil.shows(row, "coupon_id") else "", "note": one.note or "",
    }  # fmt: skip
