"""The stream of events to open pages: one hub a process, one Valkey reader for all of its streams.

`GET /stream?topics=orders.Order,user:7` answers with server-sent events. A page that comes back names the last event
that it saw and gets what it missed, or a `reload` when that is no longer kept. The session is looked at again every
four seconds and the policy for every event, so a right that is taken away ends within five.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from flask import Flask
from redis.exceptions import RedisError

from app.panel.core import bus, metrics
from app.panel.core.audience import ALL_ROWS, NOTHING, Audience, Event, resources_of
from app.panel.core.feed import Feed, Stream

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

FRAME = 0.05  # a stream is written to so often at most: what comes in between is gathered
HEARTBEAT = 15.0
RECHECK = 4.0
PATIENCE = 10.0  # for a reader that takes nothing
RETRY_MS = 2000
MOST_TOPICS = 20
MOST_STREAMS = 1000
MOST_OF_ONE = 12  # streams of one user, for a person has several tabs but not hundreds
log = logging.getLogger(__name__)
UserForCookie = Callable[[Flask, str], int | None]


class Refused(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


class Hub:
    """An ASGI callable for GET /stream."""

    def __init__(self, app: Flask, user_for_cookie: UserForCookie | None = None) -> None:
        self.app = app
        self.audience = Audience(app)
        self.feed = Feed(app)
        self.threads = ThreadPoolExecutor(4, thread_name_prefix="hub")
        self._user_for_cookie = user_for_cookie
        self.cookie = app.config["SESSION_COOKIE_NAME"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            stream = await self.admit(scope)
        except Refused as refusal:
            log.info("a stream is refused (%d): %s", refusal.status, refusal)
            metrics.count_refusal(self.app, refusal.status)
            await _answer(send, refusal)
            return
        began = time.monotonic()
        log.info("a stream opens: user %d, %s", stream.user_id, ",".join(sorted(stream.topics)))
        try:
            metrics.count_streams(self.app, len(self.feed.streams), opened=True)
            await self.feed.open()
            await self.run(stream, receive, send)
        finally:
            self.feed.streams.discard(stream)
            metrics.count_streams(self.app, len(self.feed.streams))
            log.info("a stream closes: user %d, after %.1f s", stream.user_id, time.monotonic() - began)

    async def close(self) -> None:
        """End all streams, so that the server may stop."""
        await self.feed.close()
        self.threads.shutdown(wait=False, cancel_futures=True)

    async def admit(self, scope: Scope) -> Stream:
        """Who is it and what does he want to hear?"""
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["method"] != "GET":
            raise Refused(405, "A stream is read with GET.")
        if headers.get(b"sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Refused(403, "Another site may not open a stream.")
        value = self._cookie(headers.get(b"cookie", ""))
        user_id = await self.who(value) if value else None
        if user_id is None:
            raise Refused(401, "Log in first.")
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        topics = [topic for part in query.get("topics", ()) for topic in part.split(",") if topic]
        if not topics or len(topics) > MOST_TOPICS or not all(bus.TOPIC.fullmatch(topic) for topic in topics):
            raise Refused(400, f"Name 1 to {MOST_TOPICS} topics.")
        if any(bus.owner(topic) not in (None, user_id) for topic in topics):
            raise Refused(403, "That topic belongs to somebody else.")
        own = sum(stream.user_id == user_id for stream in self.feed.streams)
        if own >= MOST_OF_ONE or len(self.feed.streams) >= MOST_STREAMS:
            raise Refused(429, "There are too many open streams.")
        last = headers.get(b"last-event-id") or next(iter(query.get("last", ())), "")
        stream = Stream(user_id, value, frozenset(topics), position(last), self.feed.last)
        self.feed.streams.add(stream)  # before what was missed is read, so that nothing falls between
        return stream

    def _cookie(self, header: str) -> str:
        try:
            jar = SimpleCookie(header)
        except CookieError:
            return ""
        return jar[self.cookie].value if self.cookie in jar else ""

    async def who(self, value: str) -> int | None:
        """Whose session is it? A question that gets no answer is answered with nobody's.

        :raises Refused: when it is somebody's who may not listen now
        """
        ask = self._user_for_cookie or self.app.extensions.get("user_for_cookie")
        if ask is None:
            return None
        try:
            return await self.in_thread(ask, self.app, value)
        except Refused:
            raise
        except Exception:
            log.exception("a session could not be looked up")
            return None

    async def is_still(self, stream: Stream) -> bool:
        """Does the session behind this stream still stand, and may it hear?"""
        try:
            return await self.who(stream.cookie) == stream.user_id
        except Refused:
            return False

    async def in_thread(self, func: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.threads, partial(func, *arguments))

    async def run(self, stream: Stream, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_disconnected(receive))
        gone.add_done_callback(lambda _task: stream.end())
        try:
            await _begin(send)
            await self.catch_up(stream, send)
            if stream.waiting and (text := await self.frame(stream)):
                await self.write(stream, send, text)  # all that was missed: the first beat says that nothing more of it comes
            # a beat, and not a number alone: a script hears only of events, and a page that loses its network before the first one
            # has to know from where on to ask
            await self.write(stream, send, f"retry: {RETRY_MS}\n: welcome\n\n{_beat(stream)}")
            await self.pump(stream, send)
        except (TimeoutError, OSError):
            log.info("a stream's reader takes nothing; closed")
        finally:
            gone.cancel()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(send({"type": "http.response.body", "body": b""}), 1)

    async def catch_up(self, stream: Stream, send: Send) -> None:
        """Tell what was missed before what comes: a page of the bus at a time, so that a gap takes no memory however long
        it was, and as far back as the bus is kept."""
        if stream.named is None:
            stream.skip_to(self.feed.last)
            return
        after, is_last = stream.named, False
        try:
            while not (is_last or stream.ended):
                stream.read_on()
                page = await self.feed.since(after, stream.topics)
                if page is None:
                    stream.overrun()
                    return
                missed, after, is_last = page
                is_last = is_last and not stream.has_gap
                if is_last:
                    stream.prepend(missed)
                elif missed:
                    stream.told(missed)
                    await self.write(stream, send, "".join([one.text for one in await self.sift(stream.user_id, missed)]))
        except RedisError:
            stream.overrun()

    async def pump(self, stream: Stream, send: Send) -> None:
        """Send until the page is gone, its session ends or it takes nothing."""
        beat = check = time.monotonic()
        told = 0.0
        while not stream.ended:
            now = time.monotonic()
            if now - check >= RECHECK:
                if not await self.is_still(stream):
                    await self.write(stream, send, "event: end\ndata: {}\n\n")
                    return
                check = time.monotonic()
            if now - beat >= HEARTBEAT:
                stream.skip_to(self.feed.last)
                await self.write(stream, send, _beat(stream))
                beat = now
            await stream.wait(max(0.01, min(check + RECHECK, beat + HEARTBEAT) - time.monotonic()))
            if stream.waiting and not stream.ended:
                if (rest := told + FRAME - time.monotonic()) > 0:
                    await asyncio.sleep(rest)
                told = time.monotonic()
                if text := await self.frame(stream):
                    await self.write(stream, send, text)
                    beat = time.monotonic()

    async def frame(self, stream: Stream) -> str:
        """What has gathered, as text: signs first, then the events that this user may hear."""
        signs, events = stream.take()
        parts = [f"event: {sign}\ndata: {{}}\n\n" for sign in signs]
        for event in await self.sift(stream.user_id, events):
            parts.append(event.text)
        return "".join(parts)

    async def sift(self, user_id: int, events: list[Event]) -> list[Event]:
        """Ask the policy about each event; ids of rows that the user may not see are taken out of it.

        A row that he does not see may have been his a moment ago: then his own counts say so, and he hears that much.
        """
        # read once for all of them: an answer that grows old while rows are asked for must cost nobody an event
        rights = {resource: self.audience.known(user_id, resource) for resource in resources_of(events)}
        if asked := sorted(resource for resource, right in rights.items() if right is None):
            rights |= await self.in_thread(self.audience.ask, user_id, asked)
        heard, counted = [], set[str]()
        for event in events:
            if bus.owner(event.topic) is not None:
                if bus.owner(event.topic) == user_id:
                    heard.append(event)
                continue
            right = rights.get(event.resource) or NOTHING
            if right == ALL_ROWS:
                heard.append(event)
            elif right != NOTHING and (narrowed := await self.narrow(user_id, event)) is not None:
                heard.append(narrowed)
            elif right != NOTHING and event.kind == bus.COUNTED and event.topic not in counted:
                counted.add(event.topic)
                if await self.in_thread(self.audience.recounted, user_id, event.topic):
                    heard.append(replace(event, data="{}"))
        return heard

    async def narrow(self, user_id: int, event: Event) -> Event | None:
        data = json.loads(event.data)
        if "ids" not in data and "id" not in data:
            return event
        ids = [number for number in data.get("ids", [data.get("id")]) if isinstance(number, int)]
        seen = self.audience.seen(user_id, event.resource, ids)
        if seen is None:
            seen = await self.in_thread(self.audience.rows, user_id, event.resource, ids)
        if not seen:
            return None
        if all(number in seen for number in ids):
            return event
        data |= {"ids": [number for number in ids if number in seen]} if "ids" in data else {}
        return Event(event.position, event.topic, event.kind, json.dumps(data), event.resource, event.request)

    async def write(self, stream: Stream, send: Send, text: str) -> None:
        if not stream.ended:
            message = {"type": "http.response.body", "body": text.encode(), "more_body": True}
            async with asyncio.timeout(PATIENCE):
                await send(message)


def position(text: str) -> tuple[int, int] | None:
    """`1700000000000-3` as a pair of numbers; None for anything else."""
    first, _, second = text.partition("-")
    if first.isascii() and first.isdecimal() and second.isascii() and second.isdecimal() and len(text) < 40:
        return int(first), int(second)
    return None


def _beat(stream: Stream) -> str:
    number = f"id: {stream.last[0]}-{stream.last[1]}\n" if stream.last else ""
    return f"event: beat\n{number}data: {{}}\n\n"


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _begin(send: Send) -> None:
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),  # nginx would gather the events of minutes
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _answer(send: Send, refusal: Refused) -> None:
    body = json.dumps({"message": str(refusal)}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
