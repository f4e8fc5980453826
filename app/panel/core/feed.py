"""Reading the bus once for all streams of a process, and what each stream has still to be told."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
import logging
from collections import deque
from typing import Any

from flask import Flask
from redis.exceptions import RedisError

from app.panel.core import valkey
from app.panel.core.audience import Event
from app.panel.core.bus import KEPT, STREAM

MOST_WAITING = 500  # events that a slow reader may be behind; then it is told to reload
BLOCK_MS = 4000
PAGE = 1000
AT_A_TIME = 200  # entries of the bus: hundreds of pages come back at once when a network does, and each holds so many
Position = tuple[int, int]
NEVER: Position = (0, 0)
log = logging.getLogger(__name__)


class Stream:
    """One open page."""

    def __init__(
        self, user_id: int, cookie: str, topics: frozenset[str], named: Position | None, now: Position | None
    ) -> None:
        self.user_id, self.cookie, self.topics = user_id, cookie, topics
        self.named = named  # by the page: the last that it has seen
        self.last = named or now
        self.ended = False
        self.catches_up = self.has_gap = False
        self._events: deque[Event] = deque()
        self._signs: list[str] = []
        self._wake = asyncio.Event()

    @property
    def waiting(self) -> bool:
        return bool(self._events or self._signs)

    def add(self, event: Event) -> None:
        if event.position <= (self._events[-1].position if self._events else self.last or NEVER):
            return  # the reader comes to what was caught up with already
        if len(self._events) >= MOST_WAITING:
            if self.catches_up:
                self._events.clear()
                self.has_gap = True
            else:
                self.overrun()
        self._events.append(event)
        self._wake.set()

    def sign(self, name: str) -> None:
        """Tell the page something about the stream itself: reload, away, back."""
        if name not in self._signs:
            self._signs.append(name)
        self._wake.set()

    def overrun(self) -> None:
        """It is too far behind to be told all of it: it shall ask for what it shows."""
        self._events.clear()
        self.catches_up = False
        self.sign("reload")

    def read_on(self) -> None:
        """It catches up by reading the bus: what gathers before it looks there again, it finds there."""
        self._events.clear()
        self._wake.clear()
        self.catches_up, self.has_gap = True, False

    def told(self, missed: list[Event]) -> None:
        """These were sent to it."""
        if missed:
            self.last = missed[-1].position

    def prepend(self, missed: list[Event]) -> None:
        """It has caught up: these, and what came since they were asked for."""
        self.catches_up = False
        newest = missed[-1].position if missed else self.last
        later = [event for event in self._events if newest is None or event.position > newest]
        self._events = deque([*missed, *later])
        if self.waiting:
            self._wake.set()
        else:
            self._wake.clear()  # what it was woken for was told already

    def take(self) -> tuple[list[str], list[Event]]:
        """What is to be sent now. Nothing is ever sent twice."""
        signs, events = self._signs, [e for e in self._events if self.last is None or e.position > self.last]
        self._signs, self._events = [], deque()
        self._wake.clear()
        if events:
            self.last = events[-1].position
        return signs, events

    def skip_to(self, position: Position | None) -> None:
        """Nothing up to here was for this page, so it need not ask for it when it comes back."""
        if position is not None and not self.waiting and (self.last is None or position > self.last):
            self.last = position

    def end(self) -> None:
        self.ended = True
        self._wake.set()

    async def wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()


class Feed:
    """The one reader of a process. It begins with the first stream and comes back when Valkey does."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.streams: set[Stream] = set()
        self.last: Position | None = None
        self._client: Any = None
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    async def open(self) -> None:
        """Have the reader run; its first look at Valkey is waited for, a second at most."""
        if self._task is None or self._task.done():
            self._ready = asyncio.Event()
            # in a context of its own: it is the reader of all streams, not a part of the first one's request
            self._task = asyncio.create_task(self._read(), name="bus-reader", context=contextvars.Context())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), 1.5)

    async def close(self) -> None:
        for stream in self.streams:
            stream.end()
        # a cancellation that meets the end of a wait may come out of the client as an error of the connection, and be lost
        while self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1)
        if self._client is not None:
            await self._client.aclose()
        self._client = self._task = None

    async def since(self, after: Position, topics: frozenset[str]) -> tuple[list[Event], Position, bool] | None:
        """A page of what these topics brought after a position, where it ends, and whether it is the last one; None when
        something behind that position is no longer known."""
        client = self._client or valkey.async_client(self.app)
        self._client = client
        page = await client.xrange(STREAM, min=f"({after[0]}-{after[1]}", count=AT_A_TIME)
        newest = None if page else await client.xrevrange(STREAM, count=1)
        oldest = await client.xrange(STREAM, count=1)  # looked at behind the page: what is kept now was kept then
        if after == NEVER and await client.xlen(STREAM) < KEPT:
            oldest = [(b"0-0", {})]  # it opened before the first event, and all of them are still here
        if not oldest or after < _position(oldest[0][0]) or (newest and after > _position(newest[0][0])):
            return None
        events = [_event(entry, fields) for entry, fields in page]
        ends = events[-1].position if events else after
        return [event for event in events if event.topic in topics], ends, len(page) < AT_A_TIME

    async def _read(self) -> None:
        wait, away = 0.1, False
        while True:
            try:
                self._client = self._client or valkey.async_client(self.app)
                if self.last is None:
                    newest = await self._client.xrevrange(STREAM, count=1)
                    self.last = _position(newest[0][0]) if newest else NEVER
                self._ready.set()
                if away:
                    await self._client.ping()
                    self._sign_all("back")
                    wait, away = 0.1, False
                answer = await self._client.xread({STREAM: f"{self.last[0]}-{self.last[1]}"}, PAGE, BLOCK_MS)
                for _name, entries in _streams(answer):
                    self._spread([_event(entry, fields) for entry, fields in entries])
            except (RedisError, OSError) as error:
                if not away:
                    log.warning("the bus is away: %s", error)
                    self._sign_all("away")
                away = True
                self._ready.set()
                await asyncio.sleep(wait)
                wait = min(wait * 2, 2.0)

    def _spread(self, events: list[Event]) -> None:
        for event in events:
            self.last = event.position
            for stream in self.streams:
                if event.topic in stream.topics:
                    stream.add(event)

    def _sign_all(self, name: str) -> None:
        for stream in self.streams:
            stream.sign(name)


def _streams(answer: Any) -> Any:
    """redis-py answers XREAD with a list of pairs in protocol 2 and with a dict in protocol 3."""
    if not answer:
        return []
    if isinstance(answer, dict):
        return [(name, [entry for page in pages for entry in page]) for name, pages in answer.items()]
    return answer


def _position(entry: bytes) -> Position:
    first, _, second = entry.decode().partition("-")
    return int(first), int(second)


def _event(entry: bytes, fields: dict[bytes, bytes]) -> Event:
    text = {name.decode(): value.decode("utf-8", "replace") for name, value in fields.items()}
    try:  # written anew, so that a line break from whoever can write into Valkey is no new line of ours
        data = json.dumps(dict(json.loads(text.get("d", "{}"))), separators=(",", ":"))
    except (ValueError, TypeError):
        data = "{}"
    return Event(_position(entry), text.get("t", ""), text.get("k", ""), data, text.get("r", ""), text.get("q", "")[:40])
