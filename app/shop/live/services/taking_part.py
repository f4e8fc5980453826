"""Who takes part in a game: each viewer once, by the time of what he did, read from the stored events."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from app.panel.core import manyrows
from app.panel.core.db import db
from app.shop.live.feed.states import EventState
from app.shop.live.feed.words import folded
from app.shop.live.models import (
    WHOLE,
    LiveBucket,
    LiveComment,
    LiveEntry,
    LiveEvent,
    LiveGame,
    LiveMute,
    LiveTally,
    LiveViewer,
)
from app.shop.live.states import Condition, GameKind
from app.shop.orders.models import Order
from app.shop.orders.models.choices import OrderState, RefundState

COLUMNS = ("game_id", "viewer", "name", "word", "at", "source_id", "order_id")
COUNTED = (EventState.TAKEN, EventState.REHEARSED)
C, E, V = LiveComment.__table__.c, LiveEvent.__table__.c, LiveViewer.__table__.c


@dataclass(frozen=True)
class Entry:
    """What lets one viewer in. `word` is the choice that he wrote, as the rule of the game writes it."""

    viewer: str
    name: str
    at: dt.datetime
    source_id: int
    word: str = ""
    order_id: int | None = None


def entries(game: LiveGame) -> list[Entry]:
    """Everybody who meets the condition, in the order in which they did; muted viewers are left out.

    The first thing that counts is the one that holds: who votes again has voted already.
    """
    silent = muted(game.session_id)
    found: dict[str, Entry] = {}
    for one in _met(game):
        if one.viewer and one.viewer not in silent:
            found.setdefault(one.viewer, one)
    return list(found.values())


def muted(session_id: int) -> set[str]:
    """The viewers who are silenced in this session, or in every one."""
    return set(db.session.scalars(silenced_in(session_id)))


def silenced_in(session_id: int) -> Any:
    table = LiveMute.__table__.c
    return select(table.viewer).where(table.session_id.is_(None) | (table.session_id == session_id))


def _met(game: LiveGame) -> Iterator[Entry]:
    if game.condition is Condition.FOLLOW:
        return _followers(game)
    if game.condition is Condition.ORDER:
        return _buyers(game)
    return written(game, _comments(game))


def _comments(game: LiveGame) -> Iterable[Any]:
    query = select(C.id, C.viewer, C.name, C.text, C.at).where(
        C.session_id == game.session_id, C.at >= game.counts_from, C.at < game.closes_at, C.is_hidden.is_(False)
    )
    return db.session.execute(query.order_by(C.at, C.id))


def written(game: LiveGame, comments: Iterable[Any]) -> Iterator[Entry]:
    """Those of the comments that count: any, one with the word in it, or one that is a choice and nothing else."""
    words = {folded(one["word"]): one["word"] for one in game.choices or []}
    keyword = folded(game.keyword or "")
    for row in comments:
        said = folded(row.text) if game.condition is not Condition.COMMENT else ""
        if game.condition is Condition.CHOICE and said not in words:
            continue
        if game.condition is Condition.KEYWORD and keyword not in said:
            continue
        yield Entry(row.viewer, row.name, row.at, row.id, words.get(said, ""))


def _followers(game: LiveGame) -> Iterator[Entry]:
    query = (
        select(E.id, E.viewer, E.at, V.name)
        .join(LiveViewer.__table__, (V.session_id == E.session_id) & (V.viewer == E.viewer), isouter=True)
        .where(E.session_id == game.session_id, E.kind == "follow", E.at >= game.counts_from, E.at < game.closes_at)
        .order_by(E.at, E.id)
    )
    for row in db.session.execute(query):
        yield Entry(row.viewer, row.name or "", row.at, row.id)


def _buyers(game: LiveGame) -> Iterator[Entry]:
    """Orders that stand: taken by our shop, or counted in a rehearsal; one that was closed again lets nobody in, and to be
    free it must have been paid and not refunded.

    Where the platform names no viewer, he is known by his card, and without one by the number of the order.
    """
    orders = Order.__table__.c
    query = (
        select(E.id, E.viewer, E.at, E.number, E.order_id, V.name, orders.customer_id, orders.buyer_name)
        .join(LiveViewer.__table__, (V.session_id == E.session_id) & (V.viewer == E.viewer), isouter=True)
        .join(Order.__table__, orders.id == E.order_id, isouter=True)
        .where(
            E.session_id == game.session_id, E.kind == "order", E.state.in_(COUNTED), E.at >= game.counts_from,
            E.at < game.closes_at, orders.id.is_(None) | orders.state.not_in(_gone(game)),
            orders.id.is_(None) | (orders.refund_state == RefundState.NONE),
        )
        .order_by(E.at, E.id)
    )  # fmt: skip
    for row in db.session.execute(query):
        known = f"customer:{row.customer_id}" if row.customer_id else f"order:{row.number or row.id}"
        yield Entry(row.viewer or known, (row.name or row.buyer_name or "")[:80], row.at, row.id, "", row.order_id)


def _gone(game: LiveGame) -> tuple[OrderState, ...]:
    return (OrderState.CLOSED, OrderState.PENDING) if game.kind is GameKind.FREE else (OrderState.CLOSED,)


def votes(found: Iterable[Entry]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for one in found:
        counted[one.word] = counted.get(one.word, 0) + 1
    return counted


def freeze(game: LiveGame, found: Iterable[Entry]) -> None:
    """Keep who took part. From here on it no longer matters what happens to the comments."""
    rows = [
        (game.id, one.viewer, one.name, one.word, manyrows.instant(int(one.at.timestamp() * 1000)), one.source_id, one.order_id)
        for one in found
    ]  # fmt: skip
    manyrows.insert(LiveEntry.__table__, COLUMNS, rows)


def kept(game: LiveGame) -> list[Any]:
    """The kept rows of a closed game, in the order in which they came in."""
    table = LiveEntry.__table__
    return list(db.session.execute(select(table).where(table.c.game_id == game.id).order_by(table.c.at, table.c.id)))


def in_the_draw(game: LiveGame, rows: Iterable[Any], answer: str) -> list[str]:
    """Who is drawn from: of a quiz those who were right, of a poll nobody."""
    if game.kind is GameKind.POLL:
        return []
    return sorted(row.viewer for row in rows if game.kind is not GameKind.QUIZ or row.word == answer)


def written_out(takers: Iterable[str]) -> bytes:
    """Their keys in order, one a line, with nothing after the last."""
    return "\n".join(sorted(takers)).encode()


def digest(takers: Iterable[str]) -> str:
    """What stands for a list of takers."""
    return hashlib.sha256(written_out(takers)).hexdigest()


def watching(game: LiveGame, taken_part: int) -> int:
    """How many people were there while it counted: those known by name, and never fewer than were told to be there at once.
    0 where nobody said who came or how many watch. Whoever took part was there."""
    people = max(_at_once(game), _known(game))
    return max(people, taken_part) if people else 0


def _known(game: LiveGame) -> int:
    """Viewers who had come before it closed and had not left before it began. Where a platform tells no leaving, those of
    whom anything was heard meanwhile."""
    tally = LiveTally.__table__.c
    mine = (tally.session_id == game.session_id) & (tally.item_id == WHOLE)
    joins, leaves = db.session.execute(select(tally.joins, tally.leaves).where(mine)).one_or_none() or (0, 0)
    came = select(func.count()).where(V.session_id == game.session_id, V.first_at < game.closes_at)
    if not joins:
        return 0
    if not leaves:
        return int(db.session.scalar(came.where(V.last_at >= game.counts_from)) or 0)
    left = (
        select(E.viewer, func.max(E.at).label("at"))
        .where(E.session_id == game.session_id, E.kind == "leave", E.at < game.counts_from)
        .group_by(E.viewer)
        .subquery()
    )
    gone = select(func.count()).select_from(left).join(LiveViewer.__table__, (V.viewer == left.c.viewer) & (V.last_at <= left.c.at))
    return int(db.session.scalar(came) or 0) - int(db.session.scalar(gone.where(V.session_id == game.session_id)) or 0)


def _at_once(game: LiveGame) -> int:
    """The most viewers at once while the game was open; what was told last before it, where nothing was told in it."""
    table = LiveBucket.__table__.c
    mine = (table.session_id == game.session_id) & (table.item_id == WHOLE) & (table.viewers_ms > 0)
    within = select(func.max(table.viewers)).where(
        mine, table.starts_at >= game.opens_at, table.starts_at < game.closes_at
    )
    most = db.session.scalar(within)
    if most is None:
        before = select(table.viewers).where(mine, table.starts_at < game.opens_at)
        most = db.session.scalar(before.order_by(table.starts_at.desc()).limit(1))
    return int(most or 0)
