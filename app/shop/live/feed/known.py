"""What the consumer knows of the sessions that it writes for: looked up once in two seconds, not for each event."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from sqlalchemy import select

from app.panel.core.db import db
from app.shop.catalog.models import Sku
from app.shop.live.feed.envelope import Event
from app.shop.live.models import WHOLE, LiveFeed, LiveItem, LiveSession

FRESH = 2.0


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
    """The feeds by their number."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, Source | None]] = {}

    def get(self, feed_id: int) -> Source | None:
        """None for a feed that is no more."""
        until, found = self._known.get(feed_id, (0.0, None))
        if until < time.monotonic():
            found = look_up(feed_id)
            self._known[feed_id] = (time.monotonic() + FRESH, found)
        return found


def look_up(feed_id: int) -> Source | None:
    feeds, sessions, items, skus = LiveFeed.__table__, LiveSession.__table__, LiveItem.__table__, Sku.__table__
    query = select(
        feeds.c.public_id, sessions.c.id, sessions.c.channel_id, sessions.c.creator_id, sessions.c.is_practice
    ).join(sessions, sessions.c.id == feeds.c.session_id)  # fmt: skip
    row = db.session.execute(query.where(feeds.c.id == feed_id)).first()
    if row is None:
        return None
    sheet = select(items.c.position, items.c.id, items.c.sku_id, skus.c.code, items.c.live_price)
    sheet = sheet.select_from(items.outerjoin(skus, skus.c.id == items.c.sku_id)).where(items.c.session_id == row[1])
    by_position = {
        position: Item(number, sku_id, code or "", price)
        for position, number, sku_id, code, price in db.session.execute(sheet)
    }
    return Source(feed_id, *row, by_position, {one.id: one for one in by_position.values()})
