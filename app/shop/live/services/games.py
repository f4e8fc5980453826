"""Polls, lotteries, lucky bags and quizzes: planned with a rule, opened and closed by the clock, drawn once.

A rule is fixed when its game opens. The seed of a draw is made before, and its SHA-256 is shown; who takes part is fixed
at the close, the winners follow from both, and everybody who has the list and the seed can draw again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import clock, policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.customers.models import Customer
from app.shop.live.analysis import draws
from app.shop.live.feed.words import folded
from app.shop.live.models import LiveEntry, LiveGame, LiveItem, LiveSeal, LiveSession, LiveWinner
from app.shop.live.permissions import VERBS
from app.shop.live.rules import prize_said
from app.shop.live.services import prizes, taking_part
from app.shop.live.services.commands import Effect, obey, seen, undoes
from app.shop.live.services.game_rule import Rule, check
from app.shop.live.states import GAME_MOVES, Condition, GameKind, GameState, Post, SessionState

CONTROL = VERBS[Post.CONTROL]
ON_AIR = (SessionState.READY, SessionState.LIVE)
AFTER = (SessionState.LIVE, SessionState.ENDED)


def plan(session_id: int, rule: Rule, *, actor: Any, key: str) -> dict[str, Any]:
    """Make a game; one that opens at once is open when this returns.

    :raises InvalidInput: when the rule does not fit
    """
    check(rule)
    if rule.batch_id is not None:
        policy.authorize(actor, "issue", "marketing.CouponBatch")

    def work(session: LiveSession) -> Effect:
        item = seen(LiveItem, session, rule.item_id, None) if rule.item_id is not None else None
        game = _make(session, rule)
        _set_time(session, game, rule)
        if game.opens_at is not None and game.opens_at <= clock.now():
            open_(session, game)
        db.session.flush()
        return Effect(said(game), item, {"game": game.id}, {"game": game.id, "hash": game.seed_hash})

    values = {name: value for name, value in asdict(rule).items() if name != "answer"}  # the log is read by all posts
    return obey(session_id, "game", values, work, actor=actor, right=CONTROL, key=key, states=ON_AIR)


def _make(session: LiveSession, rule: Rule) -> LiveGame:
    is_draw = rule.kind is not GameKind.POLL
    seed = draws.new_seed() if is_draw else ""
    answer = next((word for word, _label in rule.choices if folded(word) == folded(rule.answer)), "")
    game = LiveGame(
        session_id=session.id, item_id=rule.item_id, kind=rule.kind, prompt=rule.prompt.strip(), condition=rule.condition,
        keyword=rule.keyword.strip() or None,
        choices=[{"word": word.strip(), "label": label.strip()} for word, label in rule.choices], prize=rule.prize.strip() or None,
        winners_wanted=rule.winners if is_draw else 0, batch_id=rule.batch_id,
        seconds=rule.seconds, opens_after=rule.opens_after, draws_itself=rule.draws_itself and is_draw,
        host_sees_answer=rule.host_sees_answer, seed_hash=draws.commitment(seed) if is_draw else None, counted={},
    )  # fmt: skip
    db.session.add(game)
    db.session.flush()
    db.session.add(LiveSeal(game_id=game.id, seed=seed, answer=answer if rule.kind is GameKind.QUIZ else ""))
    return game


def _set_time(session: LiveSession, game: LiveGame, rule: Rule) -> None:
    """A free order is for the first minutes, whenever the button is pressed; a game that is planned before waits for the begin."""
    if game.kind is GameKind.FREE or session.begun_at is None:
        game.opens_after = 0 if game.kind is GameKind.FREE else rule.opens_after or rule.opens_in
    elif game.opens_after is None:
        game.opens_at = clock.now() + dt.timedelta(seconds=rule.opens_in)
    if session.begun_at is not None and game.opens_after is not None:
        game.opens_at = session.begun_at + dt.timedelta(seconds=game.opens_after)


def said(game: LiveGame) -> str:
    is_open = game.state is GameState.OPEN
    return _("Opened: %(what)s", what=str(game)) if is_open else _("Planned: %(what)s", what=str(game))


def open_(session: LiveSession, game: LiveGame) -> None:
    _move(game, GameState.OPEN)
    game.opened_at, game.opens_at = clock.now(), game.opens_at or clock.now()
    game.closes_at = game.opens_at + dt.timedelta(seconds=game.seconds)
    is_from_the_begin = game.condition is Condition.ORDER and session.begun_at is not None
    game.counts_from = session.begun_at if is_from_the_begin else game.opens_at
    if game.counts_from < game.opened_at:  # what happened before it was opened counts, and no frame tells of it again
        found = taking_part.entries(game)
        game.taken_part, game.counted = len(found), taking_part.votes(found) if game.choices else {}


def _move(game: LiveGame, to: GameState) -> None:
    if to not in GAME_MOVES[game.state]:
        raise DomainError(
            _("“%(game)s” is “%(state)s”; that cannot be done now.", game=game.prompt, state=game.state.label)
        )
    game.state = to


def open_now(
    session_id: int, game_id: int, *, actor: Any, key: str, expected_version: int | None = None
) -> dict[str, Any]:
    """Open a planned game before its time, or because it has come."""

    def work(session: LiveSession) -> Effect:
        game = seen(LiveGame, session, game_id, expected_version)
        if game.opens_at is None or game.opens_at > clock.now():
            game.opens_at = clock.now()
        open_(session, game)
        return Effect(said(game), None, {"game": game.id})

    return obey(session_id, "open_game", {"game": game_id}, work, actor=actor, right=CONTROL, key=key)


def close(
    session_id: int, game_id: int, *, actor: Any, key: str, expected_version: int | None = None
) -> dict[str, Any]:
    """Close it: who took part is fixed. A poll may be closed early; the time of a draw is a part of its rule."""

    def work(session: LiveSession) -> Effect:
        game = seen(LiveGame, session, game_id, expected_version)
        if game.state is GameState.OPEN and game.closes_at > clock.now():
            if game.kind is not GameKind.POLL:
                raise DomainError(_("Its time is a part of its rule: it closes by itself. You can call it off."))
            game.closes_at = clock.now()
        close_(game)
        return Effect(_result(game))

    return obey(session_id, "close_game", {"game": game_id}, work, actor=actor, right=CONTROL, key=key, states=AFTER)


def close_(game: LiveGame) -> None:
    """Fix who took part, and draw where the rule says that it draws by itself."""
    _move(game, GameState.DONE if game.kind is GameKind.POLL else GameState.CLOSED)
    seal: Any = db.session.get_one(LiveSeal, game.id)
    found = taking_part.entries(game)
    taking_part.freeze(game, found)
    takers = taking_part.in_the_draw(game, found, seal.answer)
    game.closed_at, game.answer = clock.now(), seal.answer or None
    game.taken_part, game.in_the_draw, game.counted = len(found), len(takers), taking_part.votes(found)
    game.takers_hash = taking_part.digest(takers) if game.kind is not GameKind.POLL else None
    game.viewers = taking_part.watching(game, game.taken_part)
    if game.draws_itself:
        _draw(game)


def _result(game: LiveGame) -> str:
    if game.kind is GameKind.POLL:
        told = ", ".join(f"{one['word']} {game.counted.get(one['word'], 0)}" for one in game.choices)
        return _("Poll closed: %(result)s", result=told)
    if game.state is GameState.DONE:
        names = [str(one) for one in db.session.scalars(winners_of(game.id))]
        return _("%(prize)s: %(names)s", prize=prize_said(game.prize), names=", ".join(names) or _("nobody took part"))
    return _("Closed: %(n)s in the draw.", n=game.in_the_draw)


def draw(session_id: int, game_id: int, *, actor: Any, key: str, expected_version: int | None = None) -> dict[str, Any]:
    """Draw the winners, once. A game whose time is over is closed first.

    :raises DomainError: when it was drawn already, however often and by whomever the button is pressed
    """

    def work(session: LiveSession) -> Effect:
        game = seen(LiveGame, session, game_id, expected_version)
        if game.state is GameState.DONE:
            raise DomainError(_("This was drawn already; the winners stand."))
        if game.state is GameState.OPEN and game.closes_at <= clock.now():
            close_(game)
        if game.state is GameState.CLOSED:
            _draw(game)
        if game.state is not GameState.DONE:
            raise DomainError(_("It is still open; it can be drawn when it has closed."))
        return Effect(
            _result(game), None, None, {"winners": [row.viewer for row in db.session.scalars(winners_of(game.id))]}
        )

    return obey(session_id, "draw", {"game": game_id}, work, actor=actor, right=CONTROL, key=key, states=AFTER)


def _draw(game: LiveGame) -> None:
    """From the kept rows and the sealed seed alone; the database holds to one winner a place and one place a viewer."""
    seal: Any = db.session.get_one(LiveSeal, game.id)
    rows = {row.viewer: row for row in taking_part.kept(game)}
    takers = taking_part.in_the_draw(game, rows.values(), seal.answer)
    if taking_part.digest(takers) != game.takers_hash or draws.commitment(seal.seed) != game.seed_hash:
        raise DomainError(_("Those in the draw, or its seed, are not what they were when it closed. It is not drawn."))
    _move(game, GameState.DONE)
    game.drawn_at, game.seed = clock.now(), seal.seed
    for place, viewer in enumerate(draws.winners(seal.seed, takers, game.winners_wanted), 1):
        row = rows[viewer]
        won = LiveWinner(
            game_id=game.id, session_id=game.session_id, place=place, viewer=viewer, name=row.name or None, prize=game.prize,
            order_id=row.order_id, won_at=game.drawn_at, customer_id=_customer_of(game, viewer),
        )  # fmt: skip
        db.session.add(won)
        db.session.flush()
        prizes.give_coupon(won, game, actor=SYSTEM)


def _customer_of(game: LiveGame, viewer: str) -> int | None:
    """Whose card this is, where the shop knows him by his number on this channel."""
    if viewer.startswith("customer:"):
        return int(viewer.partition(":")[2])
    found = select(Customer.id).where(
        Customer.shop_id == game.session.shop_id,
        Customer.identities.any(value=viewer, channel_id=game.session.channel_id),
    )
    return db.session.scalars(found.limit(1)).first()


def winners_of(game_id: int) -> Any:
    return select(LiveWinner).where(LiveWinner.game_id == game_id).order_by(LiveWinner.place)


def call_off(
    session_id: int, game_id: int, *, actor: Any, key: str, expected_version: int | None = None
) -> dict[str, Any]:
    """End a game without a result. What was drawn stands."""

    def work(session: LiveSession) -> Effect:
        game = seen(LiveGame, session, game_id, expected_version)
        call_off_(game)
        return Effect(_("Called off: %(what)s", what=str(game)))

    return obey(
        session_id,
        "call_off",
        {"game": game_id},
        work,
        actor=actor,
        right=CONTROL,
        key=key,
        states=(*ON_AIR, SessionState.ENDED),
    )


def call_off_(game: LiveGame) -> None:
    _move(game, GameState.CANCELLED)
    game.closed_at = clock.now()


@undoes("game", "open_game")
def _take_back(session: LiveSession, _action: Any, before: dict[str, Any]) -> LiveItem | None:
    """A game that was begun by mistake is called off, while nothing came of it."""
    game = seen(LiveGame, session, before.get("game"), None)
    if game.state not in (GameState.PLANNED, GameState.OPEN):
        raise DomainError(_("Something came of it already; this cannot be taken back."))
    call_off_(game)
    return None


@dataclass(frozen=True)
class Again:
    """A draw that was made again. `same` only if all four are as they were."""

    seed_fits: bool
    takers_fit: bool
    count_fits: bool
    winners_fit: bool
    drawn: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        return self.seed_fits and self.takers_fit and self.count_fits and self.winners_fit


def draw_again(game: LiveGame) -> Again:
    """Compute the winners anew from the kept rows and the published seed, and hold them against the stored ones.

    :raises DomainError: before it was drawn
    """
    if game.drawn_at is None or not game.seed:
        raise DomainError(_("It has not been drawn yet."))
    rows = list(db.session.execute(select(LiveEntry.__table__).where(LiveEntry.__table__.c.game_id == game.id)))
    takers = taking_part.in_the_draw(game, rows, game.answer or "")
    drawn = tuple(draws.winners(game.seed, takers, game.winners_wanted))
    stored = tuple(row.viewer for row in db.session.scalars(winners_of(game.id)))
    return Again(
        draws.commitment(game.seed) == game.seed_hash, taking_part.digest(takers) == game.takers_hash,
        len(takers) == game.in_the_draw, drawn == stored, drawn, stored,
    )  # fmt: skip
