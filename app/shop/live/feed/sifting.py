"""A batch that the database will not take: tried again, then halved until the single event is found that it refuses.

What is refused is kept with the reason and can be played again; everything beside it is stored. Only what is wrong with the
values counts as refused: a database that is away is waited for. Kept aside is also what came for the session of a channel and
finds none any more.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import DataError, IntegrityError

from app.panel.core import clock, concerns, history, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.live.feed import envelope
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.known import Source, look_up
from app.shop.live.feed.states import DeadState
from app.shop.live.feed.store import Kept, Parcel, store
from app.shop.live.feed.words import Filter
from app.shop.live.models import LiveDead, LiveEvent, LiveFeed
from app.shop.setup.queries import business

REFUSALS = (DataError, IntegrityError, ValueError, OverflowError)
TRIES, PAUSE = 3, 0.2
LONGEST_REASON = 300
RESOURCE = "live.LiveDead"
log = logging.getLogger(__name__)


def store_or_sift(parcels: Sequence[Parcel], words: Filter) -> dict[int, Kept]:
    """As `store`; what SQL refuses each time is found and kept aside, and the rest is stored."""
    for attempt in range(TRIES):
        try:
            return store(parcels, words)
        except REFUSALS as error:
            db.session.rollback()
            log.warning("a batch of the feed is refused (%d of %d): %s", attempt + 1, TRIES, _reason(error))
            time.sleep(PAUSE * attempt)
    return _sift(parcels, words)


def _sift(parcels: Sequence[Parcel], words: Filter) -> dict[int, Kept]:
    events = [(parcel, event) for parcel in parcels for event in parcel.events]
    try:
        return store(parcels, words)
    except REFUSALS as error:
        db.session.rollback()
        if len(events) <= 1:
            for parcel, event in events:
                _keep(parcel, event, _reason(error))
            return {}
    middle = len(events) // 2
    found = _sift(_packed(events[:middle]), words)
    for session_id, kept in _sift(_packed(events[middle:]), words).items():
        found[session_id] = found[session_id].joined(kept) if session_id in found else kept
    return found


def _packed(events: Sequence[tuple[Parcel, Event]]) -> list[Parcel]:
    """Parcels of these events, in the order in which they came."""
    found: dict[int, tuple[Parcel, list[Event]]] = {}
    for parcel, event in events:
        found.setdefault(id(parcel), (parcel, []))[1].append(event)
    return [Parcel(parcel.source, mine, parcel.heard) for parcel, mine in found.values()]


def _reason(error: Exception) -> str:
    """What the database said, without the statement and its values: they hold what people wrote."""
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return f"{type(error).__name__}: {said[0] if said else ''}"[:LONGEST_REASON]


@transactional
def _keep(parcel: Parcel, event: Event, reason: str) -> None:
    _put_aside(parcel.source.feed_id, parcel.source.session_id, [event], reason)
    log.error("event %s of feed %d is kept aside: %s", event.id, parcel.source.feed_id, reason)


@transactional
def without_session(feed_id: int, events: Sequence[Event]) -> int:
    """Keep what came for the session of a channel and finds none: called off, removed, or over too long ago. How many were
    kept: what was stored while there was one is known, and of a feed that is no more nothing can be kept."""
    if db.session.get(LiveFeed, feed_id) is None:
        log.warning("%d events of feed %d are dropped: there is no such feed", len(events), feed_id)
        return 0
    names = {event.id for event in events}
    stored = select(LiveEvent.source_event_id).where(LiveEvent.feed_id == feed_id, LiveEvent.source_event_id.in_(names))
    known = set(db.session.scalars(stored))
    owner = business()
    with force_locale(owner.language if owner is not None else "en"):  # the reason is read by people
        reason = str(_("No session on this channel."))
    mine = list({event.id: event for event in events if event.id not in known}.values())
    _put_aside(feed_id, None, mine, reason)
    log.warning("%d events of feed %d are kept aside: there is no session on its channel", len(mine), feed_id)
    return len(mine)


def _put_aside(feed_id: int, session_id: int | None, events: Sequence[Event], reason: str) -> None:
    """One that comes again is counted, not kept a second time."""
    mine = (LiveDead.feed_id == feed_id) & LiveDead.source_event_id.in_([event.id for event in events])
    known = {row.source_event_id: row for row in db.session.scalars(select(LiveDead).where(mine))}
    now = clock.now()
    for event in events:
        row = known.get(event.id)
        if row is None:
            row = LiveDead(feed_id=feed_id, session_id=session_id, source_event_id=event.id, tries=0)
            db.session.add(row)
        row.kind, row.at, row.body, row.reason = event.kind, now, envelope.plain(event), reason
        row.state, row.tries = DeadState.KEPT, row.tries + 1


@transactional
def play_again(row: LiveDead, *, actor: Any) -> None:
    """Give an event that was refused to the database once more.

    :raises DomainError: when it refuses it again, or there is no session to which it belongs
    """
    policy.authorize(actor, "replay", RESOURCE)
    if row.state is not DeadState.KEPT:
        raise DomainError(_("This event was played again already."))
    source = look_up(row.feed_id, row.session_id)
    if source is None:
        raise DomainError(_("No session is on air on its channel, nor was, nor will be soon: play it again when there is one."))
    try:
        event = envelope.event_of(row.body)
    except envelope.Malformed as error:
        raise DomainError(_("It is refused again: %(why)s", why=error)) from None
    words = Filter()
    words.refresh()
    _store_again(source, event, words)
    row.session_id, row.state, row.replayed_at = source.session_id, DeadState.REPLAYED, clock.now()
    history.record(row.feed, "live.event_replayed", actor=actor, data={"event": row.source_event_id})


def _store_again(source: Source, event: Event, words: Filter) -> None:
    try:
        store([Parcel(source, [event], int(clock.now().timestamp() * 1000))], words)
    except REFUSALS as error:
        raise DomainError(_("It is refused again: %(why)s", why=_reason(error))) from None


@concerns.tells
def kept_aside() -> list[concerns.Concern]:
    """What the health page says of it."""
    count = db.session.scalar(select(func.count()).where(LiveDead.state == DeadState.KEPT)) or 0
    if not count:
        return []
    said = _("%(n)s events of live sessions could not be stored and are kept aside.", n=count)
    return [concerns.Concern(said, url_for("live_livedead.list"), RESOURCE)]
