"""`POST /live/feed/<key>/`: the signed webhook of a session. Answered when the post is safe in the stream (202), never later.

It runs on the event loop beside Flask: twenty thousand events a second must not keep the threads from the pages.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from flask import Flask
from redis.exceptions import RedisError

from app.panel.core import clock, door, metrics, signing, valkey
from app.shop.live.feed import envelope, keys, stream

PREFIX = "/live/feed/"
SIGNATURE = b"x-zhanggui-signature"
FORM = re.compile(r"t=(\d{1,12}),n=([A-Za-z0-9_-]{8,64}),v1=([0-9a-f]{64})")
FRESH = 2.0  # seconds for which a key that was looked up is believed: so long a closed feed still takes
MOST_KNOWN = 1000
RETRY_AFTER = 2
NOTE_EVERY = 1.0  # seconds between two notes of what was turned away, or whoever knocks keeps the database busy

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Refused(Exception):
    def __init__(self, status: int, code: str, sentence: str) -> None:
        self.status, self.code = status, code
        super().__init__(sentence)


@dataclass(frozen=True)
class Known:
    key: keys.Key | None
    until: float


class FeedDoor:
    """An ASGI callable for posts below /live/feed/."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.known: dict[str, Known] = {}
        self.noted: dict[str, float] = {}
        self.counts: dict[str, Counter[str]] = {}  # of what was turned away and is not written down yet
        self.last: dict[str, Refused] = {}  # of these the last one
        self.tasks: set[asyncio.Task[None]] = set()
        self.threads = ThreadPoolExecutor(2, thread_name_prefix="feed")
        self._client: Any = None
        self._put: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        public_id = scope["path"][len(PREFIX) :].strip("/")
        key = None
        try:
            key = await self.key_of(public_id)
            told = await self.take(key, scope, receive)
            await _answer(send, 202, told)
        except Refused as refusal:
            log.info("a post of a feed is refused (%d): %s", refusal.status, refusal)
            more = [(b"retry-after", str(RETRY_AFTER).encode())] if refusal.status in (429, 503) else []
            await _answer(send, refusal.status, {"code": refusal.code, "message": str(refusal)}, more)
            if key is not None and refusal.status not in (429, 503):
                await self.note(key, refusal)

    async def take(self, key: keys.Key | None, scope: Scope, receive: Receive) -> dict[str, Any]:
        """:raises Refused: and nothing is kept"""
        headers = {name.lower(): value for name, value in scope["headers"]}
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > envelope.LONGEST_BODY:
            raise Refused(413, "oversize", f"A post has at most {envelope.LONGEST_BODY} bytes.")
        body = await _whole(receive)
        nonce = checked(key, headers.get(SIGNATURE, b"").decode("latin-1"), body, str(self.app.config["SECRET_KEY"]))
        assert key is not None
        if key.is_idle:
            raise Refused(409, "idle", "No session is on air on this channel, nor will one be within a day.")
        try:
            events = envelope.read(body)
        except envelope.Malformed as error:
            raise Refused(422, "malformed", str(error)) from None
        await self.put(key, nonce, body)
        return {"accepted": len(events)}

    async def put(self, key: keys.Key, nonce: str, body: bytes) -> None:
        if self._put is None:
            self._client = valkey.async_client(self.app)
            self._put = self._client.register_script(stream.PUT)
        names, arguments = stream.put_arguments(key.feed_id, nonce, body, int(clock.now().timestamp() * 1000))
        try:
            done = await self._put(keys=names, args=arguments)
        except (RedisError, OSError) as error:
            log.warning("the stream of the feed is away: %s", error)
            raise Refused(503, "away", "Nothing could be kept. Send it again.") from None
        if done == stream.REPLAYED:
            raise Refused(
                409, "replayed", "This nonce was used before. Sign each post anew, also one that is sent again."
            )
        if done == stream.FULL:
            raise Refused(429, "full", "More waits than may. Nothing of this post was taken: send it again later.")

    async def key_of(self, public_id: str) -> keys.Key | None:
        """The open feed of this name; one that is not known takes as long."""
        now = time.monotonic()
        found = self.known.get(public_id)
        if found is None or found.until < now:
            if not re.fullmatch(r"[0-9a-f]{24}", public_id):
                return None
            key = await asyncio.get_running_loop().run_in_executor(self.threads, self._look_up, public_id)
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            found = self.known[public_id] = Known(key, now + FRESH)
        return found.key

    def _look_up(self, public_id: str) -> keys.Key | None:
        with self.app.app_context():
            return keys.key_of(public_id)

    async def note(self, key: keys.Key, refusal: Refused) -> None:
        """Leave a line at the feed about what was turned away last; nothing of its content."""
        counts = self.counts.setdefault(key.public_id, Counter())
        counts[refusal.code] += 1
        self.last[key.public_id] = refusal
        now = time.monotonic()
        if (pause := self.noted.get(key.public_id, 0.0) + NOTE_EVERY - now) > 0:
            if counts.total() == 1:  # whoever begins to count sees to it that it is written down
                task = asyncio.get_running_loop().create_task(self._later(pause, key))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
            return
        await self._write_down(key)

    async def _later(self, pause: float, key: keys.Key) -> None:
        await asyncio.sleep(pause)
        await self._write_down(key)

    async def _write_down(self, key: keys.Key) -> None:
        self.noted[key.public_id] = time.monotonic()
        if counts := self.counts.pop(key.public_id, None):
            with contextlib.suppress(Exception):
                last = self.last.pop(key.public_id)
                await asyncio.get_running_loop().run_in_executor(self.threads, self._note, key, last, counts)

    def _note(self, key: keys.Key, refusal: Refused, counts: Counter[str]) -> None:
        with self.app.app_context():
            if refusal.status == 401:
                metrics.count_login_refusal(refusal.status)
            keys.turned_away(key.feed_id, refusal.code, str(refusal), counts)


def checked(key: keys.Key | None, header: str, body: bytes, secret_key: str) -> str:
    """The nonce of a post that was signed under this key within five minutes.

    An unknown feed costs as much time as a known one, so that nobody finds feeds by trying.

    :raises Refused: 401
    """
    match = FORM.fullmatch(header.strip())
    seconds, nonce, given = match.groups() if match else ("0", "none", "0" * 64)
    nonces = key.nonces(clock.now()) if key else ("", "")
    secrets = [signing.secret_of(secret_key, keys.PURPOSE, one) if one else "" for one in nonces]
    if not signing.fits(secrets, f"{seconds}.{nonce}", body, given):
        raise Refused(401, "signature", "This is not signed by this feed.")
    if not signing.is_fresh(int(seconds), clock.now().timestamp()):
        raise Refused(401, "old", "The signature is too old, or from the future.")
    return nonce


async def _whole(receive: Receive) -> bytes:
    """:raises Refused: when more comes than was said, or the sender goes away"""
    found, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "cut", "The post was cut off.")
        found += message.get("body", b"")
        more = message.get("more_body", False)
        if len(found) > envelope.LONGEST_BODY:
            raise Refused(413, "oversize", f"A post has at most {envelope.LONGEST_BODY} bytes.")
    return bytes(found)


async def _answer(send: Send, status: int, told: dict[str, Any], more: list[tuple[bytes, bytes]] | None = None) -> None:
    body = json.dumps(told).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *(more or [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


door.serves(PREFIX, FeedDoor)
