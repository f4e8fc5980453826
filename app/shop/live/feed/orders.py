"""Orders that a feed tells of: placed through the services of orders, each once, in a transaction of its own.

The event waits in SQL until its order stands: the mark is written in the transaction that makes the order. A rehearsal
comes never here.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.exc import DataError, IntegrityError

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.creators.models import Creator as CreatorRow
from app.shop.live.feed.counting import Sums
from app.shop.live.feed.known import Source, Sources
from app.shop.live.feed.states import EventState
from app.shop.live.feed.store import write_sums
from app.shop.live.models import LiveEvent, LiveViewer
from app.shop.live.services.offers import claim
from app.shop.live.services.selling import PREFIX
from app.shop.orders.models import Order
from app.shop.orders.services import Creator, Incoming, Paid, take_in

OF_AN_OFFER = "offer:"
RECENT = dt.timedelta(hours=36)  # an older instant is that of a recording, and the order is of now
T = LiveEvent.__table__
log = logging.getLogger(__name__)


def take_waiting(sources: Sources, most: int = 50) -> set[int]:
    """Place the orders that wait, the first ones first by their own time; the sessions that were touched."""
    query = select(T).where(T.c.state == EventState.WAITING).order_by(T.c.at, T.c.id).limit(most)
    waiting = db.session.execute(query).all()
    db.session.rollback()  # ends the read
    touched = set()
    for row in waiting:
        source = sources.get(row.feed_id, row.session_id)  # whatever is on the channel by now
        if source is not None:
            _take(row, source)
            touched.add(row.session_id)
    return touched


def _take(row: Any, source: Source) -> None:
    def told(order: Order, is_new: bool) -> None:
        _mark_taken(row, order)

    try:
        take_in(_incoming(row, source, _codes(row)), actor=SYSTEM, told=told)
    except DomainError as error:
        db.session.rollback()
        log.info("an order of feed %d is not taken: %s", row.feed_id, error)
        _refuse(row.id, str(error.message))
    except (DataError, IntegrityError) as error:  # one order must not keep all others waiting
        db.session.rollback()
        log.error("an order of feed %d cannot be written: %s", row.feed_id, error.orig)
        _refuse(row.id, f"{type(error).__name__}: {str(error.orig).splitlines()[0]}")


def _mark_taken(row: Any, order: Order) -> None:
    """Runs in the transaction of the order. Two events of one order are one order: the second is known already."""
    other = db.session.scalar(select(T.c.id).where(T.c.order_id == order.id, T.c.id != row.id).limit(1))
    state = EventState.SAME if other is not None else EventState.TAKEN
    mine = (T.c.id == row.id) & (T.c.state == EventState.WAITING)
    done: Any = db.session.execute(update(T).where(mine).values(state=state, order_id=order.id).returning(T.c.id))
    if done.first() is None or other is not None:
        return
    sums = Sums()
    at = int(row.at.timestamp() * 1000)
    sums.order(
        row.session_id, row.item_id, at, _source_of(row), sum(line.quantity for line in order.lines), order.total
    )
    write_sums(sums)


def _source_of(row: Any) -> str:
    viewers = LiveViewer.__table__.c
    mine = (viewers.session_id == row.session_id) & (viewers.viewer == row.viewer)
    return db.session.scalar(select(viewers.source).where(mine)) or "" if row.viewer else ""


@transactional
def _refuse(event_id: int, why: str) -> None:
    mine = (T.c.id == event_id) & (T.c.state == EventState.WAITING)
    db.session.execute(update(T).where(mine).values(state=EventState.REFUSED, reason=why[:300]))


def _codes(row: Any) -> tuple[str, ...]:
    """The coupon that the buyer uses: a code of his, or one of an offer of the session, claimed for this event, once. A price
    that was paid elsewhere is net of it."""
    if not row.coupon or row.is_paid:
        return ()
    offer = row.coupon.removeprefix(OF_AN_OFFER)
    if offer == row.coupon:
        return (row.coupon,)
    if not (offer.isascii() and offer.isdecimal() and len(offer) < 10):
        raise DomainError(_("There is no coupon “%(code)s”.", code=row.coupon))
    return (claim(row.session_id, int(offer), f"live-event:{row.id}").code,)


def _incoming(row: Any, source: Source, codes: tuple[str, ...]) -> Incoming:
    """A paid order has its price in writing; of any other the price in force is ours to say."""
    item = source.by_id.get(row.item_id)
    code = row.sku or (item.sku_code if item else "")
    if not code and not row.is_paid:
        raise DomainError(_("The platform did not say which SKU was bought, and the line of the run sheet sells several."))
    price = row.amount // row.n if row.is_paid and row.amount is not None and row.n else None
    viewers = LiveViewer.__table__.c
    mine = (viewers.session_id == row.session_id) & (viewers.viewer == row.viewer)
    name = db.session.scalar(select(viewers.name).where(mine)) if row.viewer else ""
    creator = db.session.get(CreatorRow, source.creator_id)
    is_recent = abs(clock.now() - row.at) < RECENT
    return Incoming(
        channel_id=source.channel_id, external_number=(row.number or f"{source.public_id[:12]}-{row.source_event_id}"),
        lines=((code, max(1, row.n), price, ""),),
        buyer={"buyer_name": name or "", "external_id": row.viewer},
        paid=Paid() if row.is_paid else None, placed_at=row.at if is_recent else None,
        creator=Creator(creator.name if creator else "", str(source.creator_id)), codes=codes,
        session_key=f"{PREFIX}{row.session_id}",
    )  # fmt: skip
