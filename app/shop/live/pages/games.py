"""Games on the consoles: their commands; and the page on which everybody can see who took part and draw again."""

from __future__ import annotations

from typing import Any

from flask import make_response, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.panel.core import clock, policy, records, veil
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput, NotFound
from app.panel.core.pages import PanelPage, expose, needs
from app.shop.live import domain, queries
from app.shop.live.models import LiveEntry, LiveGame, LiveSession
from app.shop.live.pages.raw import Command, maybe, number, version, words
from app.shop.live.permissions import SESSION, WINNER
from app.shop.live.rules import prize_said
from app.shop.live.services import games, prizes, quiet, taking_part
from app.shop.live.services.game_rule import MOST_CHOICES, Rule
from app.shop.live.states import Condition, GameKind, GameState, Post, PrizeState

SHOWN = 200


def _whole(raw: dict[str, Any], name: str, default: int = 0) -> int:
    value = raw.get(name, default)
    if type(value) is not int or not 0 <= value < 2**31:
        raise InvalidInput({name: gettext("Write a whole number.")})
    return value


def _choices(raw: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """[["1", "suits me"], …]"""
    found = raw.get("choices") or []
    fits = isinstance(found, list) and len(found) <= MOST_CHOICES and all(
        isinstance(one, list) and len(one) == 2 and all(isinstance(part, str) and len(part) <= 60 for part in one) for one in found
    )  # fmt: skip
    if not fits:
        raise InvalidInput({"choices": gettext("At most %(n)s choices, each short.", n=MOST_CHOICES)})
    return tuple((word, label) for word, label in found)


def rule_of(raw: dict[str, Any]) -> Rule:
    kind = GameKind.of(raw.get("kind"))
    condition = Condition.of(raw.get("condition")) or Condition.COMMENT
    if kind is None:
        raise InvalidInput({"kind": gettext("Choose one from the list.")})
    if kind in (GameKind.POLL, GameKind.QUIZ):
        condition = Condition.CHOICE
    return Rule(
        kind=kind, prompt=words(raw, "prompt"), seconds=_whole(raw, "seconds"), condition=condition, choices=_choices(raw),
        answer=words(raw, "answer"), keyword=words(raw, "keyword"), prize=words(raw, "prize"), winners=_whole(raw, "winners"),
        batch_id=maybe(raw, "batch"), item_id=maybe(raw, "item"), opens_in=_whole(raw, "opens_in"),
        opens_after=_whole(raw, "opens_after") if raw.get("opens_after") is not None else None,
        draws_itself=raw.get("draws_itself") is True, host_sees_answer=raw.get("host_sees_answer") is True,
    )  # fmt: skip


def _of_game(func_: Any) -> Command:
    return lambda live_id, raw, actor, key: func_(
        live_id, number(raw, "game"), actor=actor, key=key, expected_version=version(raw)
    )


def _prize(live_id: int, raw: dict[str, Any], actor: Any, key: str) -> dict[str, Any]:
    to = PrizeState.of(raw.get("to"))
    if to is None:
        raise InvalidInput({"to": gettext("Choose one from the list.")})
    return prizes.move(
        live_id, number(raw, "winner"), to, actor=actor, key=key, expected_version=version(raw), note=words(raw, "note")
    )


def _mute(everywhere: bool) -> Command:
    return lambda live_id, raw, actor, key: quiet.mute(
        live_id, words(raw, "viewer"), actor=actor, key=key, name=words(raw, "name"), everywhere=everywhere, why=words(raw, "why")
    )


MODERATION: dict[str, Command] = {
    "mute": _mute(False), "block": _mute(True),
    "unmute": lambda live_id, raw, actor, key: quiet.unmute(live_id, number(raw, "mute"), actor=actor, key=key),
    "hide": lambda live_id, raw, actor, key: quiet.hide(live_id, number(raw, "comment"), actor=actor, key=key),
    "prize": _prize,
}  # fmt: skip
GAMES: dict[str, Command] = {
    "game": lambda live_id, raw, actor, key: games.plan(live_id, rule_of(raw), actor=actor, key=key),
    "open_game": _of_game(games.open_now), "close_game": _of_game(games.close), "draw": _of_game(games.draw),
    "call_off": _of_game(games.call_off), **MODERATION,
}  # fmt: skip


def form_of_games(session: LiveSession, post: Post, actor: Any) -> dict[str, Any]:
    """What the form of a game offers: conditions, and the coupons that somebody may give out."""
    if post is not Post.CONTROL:
        return {}
    may_give = policy.allowed(actor, "issue", "marketing.CouponBatch") and policy.allowed(actor, "read", "marketing.CouponBatch")
    found = queries.batches_for(session, clock.now(), actor) if may_give else None
    return {
        "conditions": [(one.value, one.label) for one in Condition if one is not Condition.CHOICE],
        "batches": [(row.id, veil.seen(row).name) for row in db.session.scalars(found)] if found is not None else [],
    }


@domain.page(_("Game"), menu=False)
class GamePage(PanelPage):
    """One poll or draw: its rule, who took part, the winners, and the draw made again before one's eyes."""

    resource = SESSION
    title = _("Game")
    route_base = "/live"
    default_view = "index"

    @expose("/<int:live_id>/games/<int:game_id>")
    @needs("read")
    def index(self, live_id: int, game_id: int) -> str:
        actor = current_actor()
        session, game = _found(live_id, game_id, actor)
        table = LiveEntry.__table__
        mine = select(table).where(table.c.game_id == game.id)
        word = request.args.get("word", "")
        if word:
            mine = mine.where(table.c.word == word[:60])
        count = int(db.session.scalar(select(func.count()).select_from(mine.subquery())) or 0)
        names = _sees_names(actor)
        rows = db.session.execute(mine.order_by(table.c.at, table.c.id).limit(SHOWN)).all() if names else []
        return self.render(
            "live/game.html", live=veil.seen(session), game=game, title=veil.seen(game).prompt, rows=rows, count=count, word=word,
            most=SHOWN, names=names, winners=list(db.session.scalars(games.winners_of(game.id))) if names else [],
            again=_again(game) if names else None, choices=_counted(game), is_poll=game.kind is GameKind.POLL,
            share=game.taken_part / game.viewers if game.viewers else None,
            prize_said=prize_said, is_over=game.state in (GameState.DONE, GameState.CLOSED),
        )  # fmt: skip

    @expose("/<int:live_id>/games/<int:game_id>/names.txt")
    @needs("read")
    def names(self, live_id: int, game_id: int) -> Any:
        """The keys of those in the draw, one a line, in order: the SHA-256 of this very file is the one that was shown."""
        actor = current_actor()
        policy.authorize(actor, "export", WINNER)
        _session, game = _found(live_id, game_id, actor)
        if not _sees_names(actor) or not veil.shows(game, "answer"):
            raise NotFound(gettext("There is nothing here."))
        takers = taking_part.in_the_draw(game, taking_part.kept(game), game.answer or "")
        answer = make_response(taking_part.written_out(takers))
        answer.headers["Content-Type"] = "text/plain; charset=utf-8"
        answer.headers["Content-Disposition"] = f'attachment; filename="draw-{game.id}.txt"'
        return answer


def _found(live_id: int, game_id: int, actor: Any) -> tuple[LiveSession, LiveGame]:
    session: LiveSession = records.get(LiveSession, live_id, actor=actor)
    game: LiveGame = records.get(LiveGame, game_id, actor=actor)
    if game.session_id != session.id:
        raise NotFound(gettext("There is nothing here."))
    return session, game


def _sees_names(actor: Any) -> bool:
    """Who may not see who won may not see who took part."""
    access = policy.fields(actor, WINNER)
    return policy.allowed(actor, "read", WINNER) and all(access.usable(name) for name in ("viewer", "name", "place"))


def _again(game: LiveGame) -> games.Again | None:
    if not veil.shows(game, "seed", "seed_hash", "takers_hash", "in_the_draw", "winners_wanted", "answer"):
        return None
    try:
        return games.draw_again(game)
    except DomainError:
        return None


def _counted(game: LiveGame) -> list[tuple[str, str, int]]:
    """(word, what it means, votes) of each choice."""
    if not veil.shows(game, "choices", "counted"):
        return []
    return [(one["word"], one["label"], (game.counted or {}).get(one["word"], 0)) for one in game.choices or []]
