"""Telling open pages what happened: an event goes into one Valkey stream, and each web process reads it once.

Events are news, not truth: a page that hears one asks again for what it shows. So they are sent after the commit, and
when Valkey is away they are dropped; a page notices the gap and reloads. What must not be lost goes to the outbox.

Topics: a resource (`orders.Order`, for whoever may read it), `user:<id>` (for that user alone), or any other word with
a `resource` beside it, such as `run:<id>`.
"""

from __future__ import annotations

import json
import logging
import math
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, current_app
from redis.exceptions import RedisError

from app.panel.core import outbox, valkey
from app.panel.core.trace import request_id
from app.panel.core.transaction import after_commit

STREAM = "panel:bus"
KEPT = 10_000  # events that a page which lost its connection can catch up with
LARGEST = 16_384
COUNTED = "counted"  # the kind of events by which open pages count again
TOPIC = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,79}")
PAUSE = 2.0  # seconds without another try after Valkey did not answer, so that no request waits twice
log = logging.getLogger(__name__)


def publish(topic: str, kind: str, data: dict[str, Any] | None = None, resource: str | None = None) -> None:
    """Send an event after the commit; at once outside of a transaction.

    :param resource: whoever may read it hears the event; the topic itself when that is a resource
    :raises ValueError: for a topic that nobody could be allowed to hear, or data of more than 16 KB
    """
    event = encode(topic, kind, data or {}, resource)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    after_commit(lambda: send(app, event))


def encode(topic: str, kind: str, data: dict[str, Any], resource: str | None = None) -> dict[str, str]:
    if not TOPIC.fullmatch(topic):
        raise ValueError(f"{topic!r} is no topic")
    resource = resource or (topic if is_resource(topic) else "")
    if not resource and owner(topic) is None:
        raise ValueError(f"nobody may hear {topic!r}: name the resource that one must be able to read")
    text = json.dumps(data, separators=(",", ":"), default=str)
    if len(text) > LARGEST:
        raise ValueError(f"an event of {len(text)} bytes; send ids and let the page ask")
    return {"t": topic, "k": kind, "d": text, "r": resource, "q": request_id()}


def is_resource(topic: str) -> bool:
    return "." in topic and ":" not in topic


def owner(topic: str) -> int | None:
    """The user whom a topic belongs to; None for any other topic."""
    kind, _, number = topic.partition(":")
    return int(number) if kind == "user" and number.isdecimal() else None


def send(app: Flask, event: dict[str, str]) -> bool:
    """Put an event into the stream; False when Valkey is away."""
    away_until: float = app.extensions.get("panel_bus_away", 0.0)
    if time.monotonic() < away_until:
        return False
    try:
        valkey.client(app).xadd(STREAM, event, maxlen=KEPT, approximate=True)  # type: ignore[arg-type]
    except RedisError as error:
        app.extensions["panel_bus_away"] = time.monotonic() + PAUSE
        log.warning("an event is dropped, the bus is away: %s", error)
        return False
    return True


@contextmanager
def quiet_when_away(app: Flask) -> Iterator[None]:
    """For a command that may run where no server is: nobody listens then, so no event is missed and none is warned of."""
    try:
        valkey.client(app).ping()
    except RedisError:
        app.extensions["panel_bus_away"] = math.inf
    try:
        yield
    finally:
        app.extensions.pop("panel_bus_away", None)


@outbox.handler("bus", timeout=10, tries=3)
def deliver(payload: dict[str, Any]) -> None:
    """An event that must not be dropped: `outbox.put("bus", {"topic", "kind", "data", "resource"})`."""
    event = encode(payload["topic"], payload["kind"], payload.get("data") or {}, payload.get("resource"))
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    if not send(app, event):
        raise ConnectionError("the bus is away")
