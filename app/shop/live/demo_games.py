"""Games of the demo: what viewers wrote for them and, by the sums of the services, who took part and who won.

Past sessions had a poll, a lottery, a lucky bag and a quiz each, some a free order; the one on air has had a poll, and its
lottery is open.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import insert

from app.panel.core.db import db
from app.panel.core.demo import World
from app.shop.live.analysis import draws
from app.shop.live.demo_room import Room
from app.shop.live.models import LiveGame, LiveSeal, LiveWinner
from app.shop.live.rules import MONEY_BACK, prize_said
from app.shop.live.services import taking_part
from app.shop.live.states import Condition, GameKind, GameState, PrizeState

DRAWN_AFTER = dt.timedelta(seconds=40)
CLOSED_AFTER = dt.timedelta(seconds=3)
OPEN_SINCE = dt.timedelta(minutes=3)  # so long the lottery of the session on air has been open


@dataclass(frozen=True)
class Game:
    """A rule, and at which part of the session it was opened; `share` of those who watched took part."""

    part: float
    kind: GameKind
    condition: Condition
    prompt: str
    seconds: int
    share: float = 0.0
    choices: tuple[tuple[str, str], ...] = ()
    keyword: str = ""
    answer: str = ""
    prize: str = ""
    winners: int = 0


PLAYED = (
    Game(0.12, GameKind.POLL, Condition.CHOICE, "下一款先讲哪个？", 90, 0.3, (("1", "收纳箱"), ("2", "四件套"), ("3", "香薰"))),
    Game(0.35, GameKind.LOTTERY, Condition.KEYWORD, "评论“想要”，抽两位送收纳袋", 120, 0.22, keyword="想要", prize="真空收纳袋三只装", winners=2),
    Game(0.55, GameKind.BAG, Condition.FOLLOW, "关注直播间，开福袋", 180, 0.16, prize="便携餐具一套", winners=3),
    Game(0.78, GameKind.QUIZ, Condition.CHOICE, "这床四件套是多少支的？", 60, 0.24, (("A", "40 支"), ("B", "60 支"), ("C", "80 支")),
         answer="B", prize="枕套一对", winners=2),
)  # fmt: skip
FREE = Game(0.0, GameKind.FREE, Condition.ORDER, "开播前 10 分钟下单，抽一单免单", 600, prize=MONEY_BACK, winners=1)
ON_AIR = (
    Game(0.4, GameKind.POLL, Condition.CHOICE, "家里哪里最乱？", 90, 0.3, (("1", "衣柜"), ("2", "厨房"), ("3", "玄关"))),
    Game(1.0, GameKind.LOTTERY, Condition.KEYWORD, "评论“收纳”，抽三位送收纳盒", 1800, 0.2, keyword="收纳", prize="抽屉收纳盒", winners=3),
)  # fmt: skip


def _of(room: Room) -> list[tuple[Game, dt.datetime]]:
    """The games of a session, with their beginnings."""
    if room.is_on_air:
        return [(game, room.until - OPEN_SINCE if game.part == 1 else room.at(game.part)) for game in ON_AIR]
    return [(game, room.at(game.part)) for game in (*PLAYED, *((FREE,) if room.id % 2 else ()))]


def speak(room: Room) -> None:
    """What viewers did because of the games."""
    for game, opens in _of(room):
        ends = min(opens + dt.timedelta(seconds=game.seconds), room.until)
        there, seconds = room.there(opens), int((ends - opens).total_seconds())
        number = min(len(there), int(room.watching(opens) * game.share * room.chance.uniform(0.8, 1.2)))
        if seconds < 2:
            continue
        for viewer in room.chance.sample(there, number):
            at = opens + dt.timedelta(seconds=int(seconds * room.chance.random() ** 1.6))
            if game.condition is Condition.FOLLOW:
                room.does("follow", viewer, at)
            else:
                room.does("comment", viewer, at, _word(room, game))


def _word(room: Room, game: Game) -> str:
    if game.keyword:
        return room.chance.choice((game.keyword, f"{game.keyword}！", f"我{game.keyword}"))
    words = [word for word, _label in game.choices]
    return room.chance.choices(words, [5 if word == game.answer else 3 for word in words])[0]


def settle(world: World, rooms: list[Room]) -> None:
    """Who took part and who won, by what was written before; the rows of the sessions stand already."""
    seals, closed = [], []
    for room in rooms:
        for game, opens in _of(room):
            row, seed = _row(room, game, opens)
            seals.append({"game_id": row["id"], "seed": seed, "answer": game.answer})
            room.log(opens, "game", _("Opened: %(what)s", what=f"{game.kind.label} · {game.prompt}"))
            if row["closes_at"] <= room.until:
                closed.append((room, game, row, _close(row, game, seed)))
                continue
            found = taking_part.entries(SimpleNamespace(**row))  # type: ignore[arg-type]
            row |= {"taken_part": len(found), "counted": taking_part.votes(found) if game.choices else {}}
    world.flush(LiveGame)
    db.session.execute(insert(LiveSeal.__table__), seals)
    for room, game, row, found in closed:
        taking_part.freeze(SimpleNamespace(**row), found)  # type: ignore[arg-type]
        _winners(room, game, row, found)
        _told(room, game, row)


def _row(room: Room, game: Game, opens: dt.datetime) -> tuple[dict[str, Any], str]:
    """A game that is open, with the seed that its draw will have."""
    is_draw = game.kind is not GameKind.POLL
    seed = hashlib.sha256(f"{room.world.seed}:game:{room.id}:{game.kind.value}".encode()).hexdigest() if is_draw else ""
    row = room.world.add(
        LiveGame, opens, session_id=room.id, item_id=None, kind=game.kind, state=GameState.OPEN, prompt=game.prompt,
        condition=game.condition, keyword=game.keyword or None, prize=game.prize or None, batch_id=None,
        choices=[{"word": word, "label": label} for word, label in game.choices], winners_wanted=game.winners,
        opens_after=0 if game.kind is GameKind.FREE else None, opens_at=opens, seconds=game.seconds, counts_from=opens,
        closes_at=opens + dt.timedelta(seconds=game.seconds), draws_itself=game.kind is GameKind.BAG, host_sees_answer=False,
        opened_at=opens, closed_at=None, drawn_at=None, answer=None, taken_part=0, in_the_draw=0, viewers=0, counted={},
        seed_hash=draws.commitment(seed) if is_draw else None, seed=None, takers_hash=None,
    )  # fmt: skip
    return row, seed


def _close(row: dict[str, Any], game: Game, seed: str) -> list[taking_part.Entry]:
    """As `games.close_` and its draw do it, at the time when it was."""
    known: Any = SimpleNamespace(**row)
    found = taking_part.entries(known)
    takers = taking_part.in_the_draw(known, found, game.answer)
    is_draw = game.kind is not GameKind.POLL
    closed = row["closes_at"] + CLOSED_AFTER
    row |= {
        "state": GameState.DONE, "closed_at": closed, "answer": game.answer or None, "taken_part": len(found),
        "in_the_draw": len(takers), "counted": taking_part.votes(found), "viewers": taking_part.watching(known, len(found)),
        "takers_hash": taking_part.digest(takers) if is_draw else None, "seed": seed or None,
        "drawn_at": (closed if row["draws_itself"] else closed + DRAWN_AFTER) if is_draw else None,
    }  # fmt: skip
    return found


def _winners(room: Room, game: Game, row: dict[str, Any], found: list[taking_part.Entry]) -> None:
    """Prizes of older sessions have arrived, of the newer ones some wait for a word of the winner."""
    names = {one.viewer: one for one in found}
    takers = taking_part.in_the_draw(SimpleNamespace(**row), found, game.answer)  # type: ignore[arg-type]
    is_new = room.world.now - room.until < dt.timedelta(days=4)
    for place, viewer in enumerate(draws.winners(row["seed"], takers, game.winners) if row["seed"] else (), 1):
        claimed, won = row["drawn_at"] + dt.timedelta(minutes=4 * place), row["drawn_at"]
        state = (PrizeState.CLAIMED, PrizeState.WON)[place % 2] if is_new and place > 1 else PrizeState.SENT
        sent = min(claimed + dt.timedelta(hours=14), room.world.now) if state is PrizeState.SENT else None
        room.world.add(
            LiveWinner, won, game_id=row["id"], session_id=room.id, place=place, viewer=viewer, name=names[viewer].name or None,
            prize=game.prize, state=state, customer_id=None, order_id=None, coupon_id=None, won_at=won,
            claimed_at=None if state is PrizeState.WON else claimed, sent_at=sent, note=None,
        )  # fmt: skip
        row.setdefault("names", []).append(names[viewer].name or viewer)


def _told(room: Room, game: Game, row: dict[str, Any]) -> None:
    """Close and draw, in the log."""
    if game.kind is GameKind.POLL:
        result = ", ".join(f"{word} {row['counted'].get(word, 0)}" for word, _label in game.choices)
        room.log(row["closed_at"], "close_game", _("Poll closed: %(result)s", result=result))
        return
    names = ", ".join(row.get("names", [])) or _("nobody took part")
    if not row["draws_itself"]:
        room.log(row["closed_at"], "close_game", _("Closed: %(n)s in the draw.", n=row["in_the_draw"]))
    room.log(row["drawn_at"], "draw", _("%(prize)s: %(names)s", prize=prize_said(game.prize), names=names))
