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
    by_code: dict[str, Item] = field(default_factory=dict)

    def item_of(self, event: Event) -> Item | None:
        if event.item is None:
            return self.by_code.get(event.sku) if event.sku else None
        if isinstance(event.item, int):
            return self.by_position.get(event.item)
        return self.by_id.get(int(event.item[3:]))

    def item_id(self, event: Event) -> int:
        """What cannot be found on the run sheet counts for the session alone."""
        item = self.item_of(event) if event.item is not None or event.sku else None
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
    feeds, sessions = LiveFeed.__table__, LiveSession.__table__
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
    by_position, by_code = _sheet(int(of_it.id))
    return Source(
        feed_id, feed.public_id, *of_it, by_position, {one.id: one for one in by_position.values()}, by_code
    )  # fmt: skip


def _sheet(session_id: int) -> tuple[dict[int, Item], dict[str, Item]]:
    """The lines of a run sheet by their position, and by the codes of what they sell. A line of a product sells all its SKUs:
    where that is one, an order of the line is of it; where these are several, the order has to say which."""
    items, skus = LiveItem.__table__.c, Sku.__table__
    sells = (skus.c.id == items.sku_id) | (
        items.sku_id.is_(None) & (skus.c.product_id == items.product_id)
        & skus.c.is_active & (skus.c.currency == items.currency)
    )
    query = (
        select(items.id, items.position, items.sku_id, items.live_price, skus.c.id.label("sells"), skus.c.code)
        .select_from(LiveItem.__table__.outerjoin(skus, sells)).where(items.session_id == session_id)
        .order_by(items.position.desc(), skus.c.id)
    )  # fmt: skip
    rows = db.session.execute(query).all()
    codes: dict[int, list[tuple[int, str]]] = {}
    for row in rows:
        if row.code is not None:
            codes.setdefault(row.id, []).append((row.sells, row.code))
    by_position, by_code = {}, {}
    for row in rows:
        mine = codes.get(row.id, [])
        sku_id, code = mine[0] if len(mine) == 1 else (row.sku_id, "")
        item = by_position[row.position] = Item(row.id, sku_id, code, row.live_price)
        by_code.update((code, item) for _sku, code in mine)  # of two lines of one SKU the first counts
    return by_position, by_code
