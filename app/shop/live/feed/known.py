"""What the consumer knows of the sessions that it writes for: looked up once in two seconds, not for each event."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field

from sqlalchemy import select

from app.panel.core import clock
from app.panel.core.db import db
from app.shop.catalog.models import Sku
from app.shop.live.feed.envelope import Event
from app.shop.live.models import WHOLE, LiveFeed, LiveItem, LiveSession
from app.shop.live.states import SessionState

FRESH = 2.0
AFTER_ITS_END, BEFORE_IT_BEGINS = dt.timedelta(hours=6), dt.timedelta(hours=24)  # what comes late, and early


@dataclass(frozen=True)
class Item:
    id: int
    sku_id: int | None = None
    sku_code: str = ""
    live_price: int | None = None


@dataclass(frozen=True)
class Source:
    """A feed, its session, and the items by their position on the run sheet."""

    feed_id: int
    public_id: str
    session_id: int
    channel_id: int
    creator_id: int
    is_practice: bool
    by_position: dict[int, Item] = field(default_factory=dict)
    by_id: dict[int, Item] = field(default_factory=dict)

    def item_of(self, event: Event) -> Item | None:
        if event.item is None:
            return None
        if isinstance(event.item, int):
            return self.by_position.get(event.item)
        return self.by_id.get(int(event.item[3:]))

    def item_id(self, event: Event) -> int:
        """What cannot be found on the run sheet counts for the session alone."""
        item = self.item_of(event) if event.item is not None else None
        return item.id if item else WHOLE


class Sources:
    """The feeds by their number, and by the session to which something of theirs belongs already."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int | None], tuple[float, Source]] = {}

    def get(self, feed_id: int, session_id: int | None = None) -> Source | None:
        """None for a feed that is no more, and for one of a channel without a session: that is asked anew each time, for a
        session may begin at any moment."""
        until, known = self._known.get((feed_id, session_id), (0.0, None))
        if known is not None and until >= time.monotonic():
            return known
        found = look_up(feed_id, session_id)
        if found is not None:
            self._known[feed_id, session_id] = (time.monotonic() + FRESH, found)
        return found


def session_on(channel_id: int) -> int | None:
    """The session to which what a channel tells belongs: the one on air there, else the one that just ended, else the next
    one that is ready."""
    now, table = clock.now(), LiveSession.__table__.c
    mine = select(table.id).where(table.channel_id == channel_id, table.is_practice.is_(False)).limit(1)
    state = table.state
    for query in (
        mine.where(state == SessionState.LIVE).order_by(table.begun_at.desc()),
        mine.where(state == SessionState.ENDED, table.ended_at > now - AFTER_ITS_END).order_by(table.ended_at.desc()),
        mine.where(state == SessionState.READY, table.ends_at > now, table.starts_at < now + BEFORE_IT_BEGINS)
        .order_by(table.starts_at),
    ):  # fmt: skip
        if (found := db.session.scalar(query)) is not None:
            return int(found)
    return None


def look_up(feed_id: int, session_id: int | None = None) -> Source | None:
    """
    :param session_id: of which session, where the feed is one of a channel; None for the one that it belongs to now
    """
    feeds, sessions, items, skus = LiveFeed.__table__, LiveSession.__table__, LiveItem.__table__, Sku.__table__
    feed = db.session.execute(
        select(feeds.c.public_id, feeds.c.session_id, feeds.c.channel_id).where(feeds.c.id == feed_id)
    ).first()
    if feed is None:
        return None
    number = feed.session_id or session_id or session_on(feed.channel_id)
    known = select(sessions.c.id, sessions.c.channel_id, sessions.c.creator_id, sessions.c.is_practice)
    of_it = db.session.execute(known.where(sessions.c.id == number)).first()
    if of_it is None:
        return None
    row = (feed.public_id, *of_it)
    sheet = select(items.c.position, items.c.id, items.c.sku_id, skus.c.code, items.c.live_price)
    sheet = sheet.select_from(items.outerjoin(skus, skus.c.id == items.c.sku_id)).where(items.c.session_id == row[1])
    by_position = {
        position: Item(number, sku_id, code or "", price)
        for position, number, sku_id, code, price in db.session.execute(sheet)
    }
    return Source(feed_id, *row, by_position, {one.id: one for one in by_position.values()})
