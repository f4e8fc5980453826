"""From the stream into SQL: a batch in one transaction, each event once, however often and in whatever order it comes.

The unique number of its sender decides: what `INSERT … ON CONFLICT DO NOTHING` gives back is new, and only that is counted.
So a batch that is worked on again after a crash changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.panel.core import manyrows
from app.panel.core.transaction import transactional
from app.shop.live.feed.counting import OF_SOURCE, Sums
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.known import Source
from app.shop.live.feed.states import EventState
from app.shop.live.feed.words import Filter
from app.shop.live.models import (
    COUNTERS,
    WHOLE,
    LiveBucket,
    LiveComment,
    LiveEvent,
    LiveSourceBucket,
    LiveTally,
    LiveViewer,
)
from app.shop.live.services import booking

Key = tuple[int, str]  # feed, and the number that the sender gave
SIGNS = ("price", "stock", "gap")  # what rules look at one by one


@dataclass(frozen=True)
class Parcel:
    """The events of one post, and whose they are. `heard` is when it came in, in milliseconds."""

    source: Source
    events: Sequence[Event]
    heard: int


@dataclass
class Kept:
    """What came of the parcels of one session."""

    new: int = 0
    repeated: int = 0
    newcomers: int = 0
    last: int = 0
    heard: int = 0
    comments: list[dict[str, Any]] = field(default_factory=list)
    signs: list[tuple[Event, int]] = field(default_factory=list)
    orders: int = 0
    is_practice: bool = False
    booked: list[tuple[str, str, str, dt.datetime]] = field(default_factory=list)

    def joined(self, other: Kept) -> Kept:
        """Both in one, when a batch was stored in parts."""
        return Kept(
            new=self.new + other.new, repeated=self.repeated + other.repeated, newcomers=self.newcomers + other.newcomers,
            last=max(self.last, other.last), heard=max(self.heard, other.heard), comments=self.comments + other.comments,
            signs=self.signs + other.signs, orders=self.orders + other.orders, booked=self.booked + other.booked,
            is_practice=self.is_practice or other.is_practice,
        )  # fmt: skip


Batch = dict[Key, tuple[Parcel, Event]]


@transactional
def store(parcels: Sequence[Parcel], words: Filter) -> dict[int, Kept]:
    """Write what is new of these parcels; what came of it, by session."""
    batch: Batch = {}
    kept: dict[int, Kept] = {}
    for parcel in parcels:
        mine = kept.setdefault(parcel.source.session_id, Kept())
        mine.heard, mine.is_practice = max(mine.heard, parcel.heard), parcel.source.is_practice
        for event in parcel.events:
            batch.setdefault((parcel.source.feed_id, event.id), (parcel, event))
        mine.repeated += len(parcel.events)
    sums = Sums()
    comments = []
    for parcel, event in _insert_events(batch):
        mine = kept[parcel.source.session_id]
        mine.new, mine.repeated, mine.last = mine.new + 1, mine.repeated - 1, max(mine.last, event.at)
        item_id = parcel.source.item_id(event)
        sums.add(parcel.source.session_id, item_id, event)
        if event.kind == "comment":
            comments.append((parcel.source, event, item_id))
        elif event.kind == "order":
            mine.orders += 1
            if parcel.source.is_practice:
                sums.order(parcel.source.session_id, item_id, event.at, event.source, event.n, event.amount or 0)
        elif event.kind == "book" and event.viewer:
            mine.booked.append((event.viewer, event.name, event.source, instant(event.at)))
        elif event.kind in SIGNS:
            mine.signs.append((event, item_id))
    _insert_comments(comments, words, kept)
    for session_id, one in kept.items():
        if one.booked:
            booking.note_platform(session_id, one.booked)
    _see(sums, kept)
    write_sums(sums)
    _note(kept)
    return kept


def write_sums(sums: Sums) -> None:
    """Add to buckets and tallies. Always in the order of their keys, so that two writers never wait for each other."""
    buckets = [
        (session_id, item_id, manyrows.instant(start), *values)
        for (session_id, item_id, start), values in sorted(sums.buckets.items())
    ]
    _add(LiveBucket, ("session_id", "item_id", "starts_at"), FIGURES, buckets)
    tallies = [(*key, *values, *_NOTHING) for key, values in sorted(sums.tallies().items())]
    _add(LiveTally, ("session_id", "item_id"), (*FIGURES, *NOTED), tallies)
    sources = [
        (session_id, name, manyrows.instant(start), *(values[at] for _name, at in OF_SOURCE))
        for (session_id, name, start), values in sorted(sums.sources.items())
    ]
    _add(LiveSourceBucket, ("session_id", "source", "starts_at"), tuple(name for name, _at in OF_SOURCE), sources)


def instant(ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC)


def _insert_events(batch: Batch) -> Iterator[tuple[Parcel, Event]]:
    """Those whose number nobody had before, in the order in which they came."""
    rows = [
        _row(feed_id, parcel, event) for (feed_id, _number), (parcel, event) in sorted(batch.items(), key=_number_of)
    ]
    new = set(
        manyrows.insert(
            LiveEvent.__table__, EVENT, rows, conflict="DO NOTHING", returning=("feed_id", "source_event_id")
        )
    )
    yield from (what for key, what in batch.items() if key in new)


def _number_of(pair: tuple[Key, Any]) -> Key:
    return pair[0]


def _row(feed_id: int, parcel: Parcel, event: Event) -> tuple[Any, ...]:
    state = None
    if event.kind == "order":
        state = (EventState.REHEARSED if parcel.source.is_practice else EventState.WAITING).value
    return (
        feed_id, event.id, parcel.source.session_id, event.kind, manyrows.instant(event.at), parcel.source.item_id(event),
        event.viewer, event.n, event.amount, event.number or None, state, event.paid,
        event.coupon or None, event.sku or None,
    )  # fmt: skip


def _insert_comments(found: list[tuple[Source, Event, int]], words: Filter, kept: dict[int, Kept]) -> None:
    rows, told = [], []
    for source, event, item_id in found:
        why = words.why_hidden(source.session_id, event.viewer, event.text)
        rows.append((
            source.session_id, source.feed_id, event.id, manyrows.instant(event.at), event.viewer, event.name, event.text,
            item_id, why != "", why or None,
        ))  # fmt: skip
        told.append({
            "session_id": source.session_id, "key": (source.feed_id, event.id), "at": instant(event.at),
            "viewer": event.viewer, "name": event.name, "text": event.text, "item_id": item_id, "is_hidden": why != "",
        })  # fmt: skip
    written = manyrows.insert(LiveComment.__table__, COMMENT, rows, returning=("id", "feed_id", "source_event_id"))
    numbers = {(feed_id, number): pk for pk, feed_id, number in written}
    for one in told:
        one["id"] = numbers[one["key"]]
        kept[one["session_id"]].comments.append(one)


def _see(sums: Sums, kept: dict[int, Kept]) -> None:
    """Who was never seen in the session is a newcomer; of the others the first and the last instant are kept."""
    rows = [
        (*key, seen.name, seen.source, manyrows.instant(seen.first), manyrows.instant(seen.last))
        for key, seen in sorted(sums.viewers.items())
    ]
    table = LiveViewer.__table__
    new = set(manyrows.insert(table, VIEWER, rows, conflict="DO NOTHING", returning=("session_id", "viewer")))
    for session_id, _viewer in new:
        kept[session_id].newcomers += 1
    manyrows.insert(table, VIEWER, [row for row in rows if row[:2] not in new], conflict=SEEN_AGAIN)


def _note(kept: dict[int, Kept]) -> None:
    """How many events there were, in all and again, and when the last one came."""
    nothing = [0] * len(FIGURES)
    rows = [
        (session_id, WHOLE, *nothing, one.newcomers, one.new, one.repeated, one.last, one.heard)
        for session_id, one in sorted(kept.items())
    ]
    _add(LiveTally, ("session_id", "item_id"), (*FIGURES, *NOTED), rows)


EVENT = (
    "feed_id", "source_event_id", "session_id", "kind", "at", "item_id", "viewer", "n", "amount", "number", "state", "is_paid",
    "coupon", "sku",
)  # fmt: skip
COMMENT = (
    "session_id", "feed_id", "source_event_id", "at", "viewer", "name", "text", "item_id", "is_hidden", "why",
)  # fmt: skip
VIEWER = ("session_id", "viewer", "name", "source", "first_at", "last_at")
SEEN_AGAIN = """(session_id, viewer) DO UPDATE SET
    source = CASE WHEN live_viewer.source = '' THEN excluded.source WHEN excluded.source = '' THEN live_viewer.source
                  WHEN excluded.first_at < live_viewer.first_at THEN excluded.source ELSE live_viewer.source END,
    name = CASE WHEN live_viewer.name = '' THEN excluded.name ELSE live_viewer.name END,
    first_at = CASE WHEN excluded.first_at < live_viewer.first_at THEN excluded.first_at ELSE live_viewer.first_at END,
    last_at = CASE WHEN excluded.last_at > live_viewer.last_at THEN excluded.last_at ELSE live_viewer.last_at END"""
GAUGE = ("viewers", "viewers_ms")
FIGURES = (*COUNTERS, *GAUGE)
NOTED = ("newcomers", "events", "repeated", "last_ms", "heard_ms")
_NOTHING = [0] * len(NOTED)
LATEST = ("last_ms", "heard_ms")


def _add(model: Any, key: tuple[str, ...], columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    """Add to the rows that are there, and make those that are not."""
    manyrows.insert(model.__table__, (*key, *columns), rows, conflict=_adding(model.__tablename__, key, columns))


def _adding(table: str, key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    is_later = (
        f"(excluded.viewers_ms > {table}.viewers_ms OR"
        f" (excluded.viewers_ms = {table}.viewers_ms AND excluded.viewers > {table}.viewers))"
    )
    parts = []
    for name in columns:
        if name in GAUGE:
            value = f"CASE WHEN {is_later} THEN excluded.{name} ELSE {table}.{name} END"
        elif name in LATEST:
            value = f"CASE WHEN excluded.{name} > {table}.{name} THEN excluded.{name} ELSE {table}.{name} END"
        else:
            value = f"{table}.{name} + excluded.{name}"
        parts.append(f"{name} = {value}")
    return f"({', '.join(key)}) DO UPDATE SET {', '.join(parts)}"
