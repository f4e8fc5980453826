"""Adding up: events in, sums by ten seconds out. It asks no database, so that it can be checked by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.shop.live.feed.envelope import Event
from app.shop.live.models import BUCKET_SECONDS, COUNTERS, OF_A_SOURCE, WHOLE

BUCKET_MS = BUCKET_SECONDS * 1000
AT = {name: number for number, name in enumerate(COUNTERS)}
# what an event of a kind adds to which counter: its own number, or one
BY_NUMBER = {"like": AT["likes"], "gift": AT["gifts"]}
BY_ONE = {
    "join": AT["joins"], "leave": AT["leaves"], "comment": AT["comments"], "share": AT["shares"], "follow": AT["follows"],
    "click": AT["clicks"], "cart": AT["carts"],
}  # fmt: skip
ORDERS, UNITS, GMV = AT["orders"], AT["units"], AT["gmv"]
VIEWERS, VIEWERS_MS = len(COUNTERS), len(COUNTERS) + 1
OF_SOURCE = tuple((name, AT[name]) for name in OF_A_SOURCE)
EMPTY = [0] * (len(COUNTERS) + 2)
BucketKey = tuple[int, int, int]  # session, item, beginning in milliseconds


@dataclass
class Seen:
    """A viewer within one batch."""

    name: str
    source: str
    first: int
    last: int


@dataclass
class Sums:
    """What a batch adds, by bucket, source and viewer."""

    buckets: dict[BucketKey, list[int]] = field(default_factory=dict)
    sources: dict[tuple[int, str, int], list[int]] = field(default_factory=dict)
    viewers: dict[tuple[int, str], Seen] = field(default_factory=dict)

    def add(self, session_id: int, item_id: int, event: Event) -> None:
        """Count one event whose number nobody had before."""
        start = event.at - event.at % BUCKET_MS
        if event.kind == "book":
            return  # long before the session: nobody was there
        if event.viewer:
            self._see(session_id, event)
        if event.kind == "viewers":
            self.gauge(session_id, start, event)
            return
        at, amount = BY_ONE.get(event.kind, -1), 1
        if at < 0:
            at, amount = BY_NUMBER.get(event.kind, -1), event.n
        if at >= 0:
            self._add(session_id, item_id, start, event.source, ((at, amount),))

    def order(self, session_id: int, item_id: int, at: int, source: str, units: int, gmv: int) -> None:
        self._add(session_id, item_id, at - at % BUCKET_MS, source, ((ORDERS, 1), (UNITS, units), (GMV, gmv)))

    def gauge(self, session_id: int, start: int, event: Event) -> None:
        """The latest reading holds; of two at one instant the higher one, so that no order of arrival matters."""
        bucket = self.buckets.setdefault((session_id, WHOLE, start), EMPTY.copy())
        if (event.at, event.n) > (bucket[VIEWERS_MS], bucket[VIEWERS]):
            bucket[VIEWERS_MS], bucket[VIEWERS] = event.at, event.n

    def _add(self, session_id: int, item_id: int, start: int, source: str, what: tuple[tuple[int, int], ...]) -> None:
        found = [self.buckets.setdefault((session_id, WHOLE, start), EMPTY.copy())]
        if item_id != WHOLE:
            found.append(self.buckets.setdefault((session_id, item_id, start), EMPTY.copy()))
        if source:
            found.append(self.sources.setdefault((session_id, source, start), EMPTY.copy()))
        for bucket in found:
            for at, amount in what:
                bucket[at] += amount

    def _see(self, session_id: int, event: Event) -> None:
        key = (session_id, event.viewer)
        seen = self.viewers.get(key)
        if seen is None:
            self.viewers[key] = Seen(event.name, event.source, event.at, event.at)
            return
        if event.at < seen.first:
            seen.first, seen.source = event.at, event.source or seen.source
        seen.last = max(seen.last, event.at)
        seen.name, seen.source = seen.name or event.name, seen.source or event.source

    def tallies(self) -> dict[tuple[int, int], list[int]]:
        """The buckets of each session and item in one."""
        found: dict[tuple[int, int], list[int]] = {}
        for (session_id, item_id, _start), bucket in self.buckets.items():
            whole = found.setdefault((session_id, item_id), EMPTY.copy())
            for at in range(len(COUNTERS)):
                whole[at] += bucket[at]
            if (bucket[VIEWERS_MS], bucket[VIEWERS]) > (whole[VIEWERS_MS], whole[VIEWERS]):
                whole[VIEWERS_MS], whole[VIEWERS] = bucket[VIEWERS_MS], bucket[VIEWERS]
        return found
