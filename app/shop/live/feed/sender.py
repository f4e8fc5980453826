"""The other end of the webhook: posts that are signed, sent again when they were not taken, and counted."""

from __future__ import annotations

import http.client
import json
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.panel.core import signing
from app.shop.live.feed import envelope
from app.shop.live.feed.envelope import Event

TRIES = 40


def signed(secret: str, body: bytes, seconds: int | None = None, nonce: str = "") -> str:
    """The value of `X-Zhanggui-Signature` for a body. Each post has a nonce of its own, also one that is sent again."""
    at, nonce = seconds if seconds is not None else int(time.time()), nonce or secrets.token_hex(12)
    return f"t={at},n={nonce},v1={signing.signature(secret, f'{at}.{nonce}', body)}"


@dataclass
class Sent:
    """What was sent and what became of it at the door."""

    events: int = 0
    posts: int = 0
    accepted: int = 0
    refused: dict[int, int] = field(default_factory=dict)
    waited: int = 0


class Sender:
    """Posts to one feed of a running instance over one connection."""

    def __init__(self, address: str, secret: str) -> None:
        self.url, self.secret = urlsplit(address), secret
        self.done = Sent()
        self._connection: http.client.HTTPConnection | None = None

    def send(self, events: Sequence[Event]) -> None:
        """Send until it is taken: a door that is full says when to come back, one that is away is asked again.

        :raises RuntimeError: when it is refused for what it says, or after forty attempts
        """
        body = envelope.packed(events)
        for _attempt in range(TRIES):
            status, headers, said = self._post(body)
            if status == 202:
                self.done.events += len(events)
                self.done.posts += 1
                self.done.accepted += json.loads(said)["accepted"]
                return
            self.done.refused[status] = self.done.refused.get(status, 0) + 1
            if status not in (0, 429, 502, 503):
                raise RuntimeError(f"the feed refused a post ({status}): {said.decode(errors='replace')[:300]}")
            self.done.waited += 1
            time.sleep(min(float(headers.get("retry-after", 1)), 5.0))
        raise RuntimeError(f"the feed took nothing in {TRIES} attempts")

    def _post(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        try:
            if self._connection is None:
                kind = http.client.HTTPSConnection if self.url.scheme == "https" else http.client.HTTPConnection
                self._connection = kind(self.url.hostname or "", self.url.port, timeout=30)
            headers = {"Content-Type": "application/json", "X-Zhanggui-Signature": signed(self.secret, body)}
            self._connection.request("POST", self.url.path, body, headers)
            answer = self._connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        except (OSError, http.client.HTTPException):
            self._connection = None
            return 0, {}, b""


def batches(events: Iterable[Event], size: int) -> Iterable[list[Event]]:
    found: list[Event] = []
    for one in events:
        found.append(one)
        if len(found) == size:
            yield found
            found = []
    if found:
        yield found
