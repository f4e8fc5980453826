"""What one post of the feed holds, checked before anything of it is kept.

    {"events": [{"id": "e-1", "kind": "comment", "at": 1795320000123, "viewer": {"id": "v1", "name": "Mei", "source": "feed"},
                 "item": 3, "n": 1, "text": "how long is it", "amount": 19900, ...}]}

`at` is ISO 8601 with a zone, or milliseconds since 1970. `item` is the position on the run sheet, or `"id:<number>"`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from app.shop.live.feed.states import EventKind

KINDS = frozenset(kind.value for kind in EventKind)
MOST_EVENTS = 1000
LONGEST_BODY = 512 * 1024
MOST_AT_ONCE, MOST_AMOUNT = 10**7, 10**11
EARLIEST = int(dt.datetime(2000, 1, 1, tzinfo=dt.UTC).timestamp() * 1000)
LATEST = int(dt.datetime(2100, 1, 1, tzinfo=dt.UTC).timestamp() * 1000)
LENGTHS = {"text": 500, "number": 100, "coupon": 40, "sku": 100}


class Malformed(Exception):
    """Not an envelope of ours. The message names the event and the field, and goes to the sender."""


class Event(NamedTuple):
    """One event. `at` is in milliseconds; `n` is how many, or for gauges the reading; `amount` minor units."""

    id: str
    kind: str
    at: int
    viewer: str = ""
    name: str = ""
    source: str = ""
    item: int | str | None = None
    n: int = 1
    text: str = ""
    amount: int | None = None
    number: str = ""  # of an order: the platform's own
    paid: bool = False
    coupon: str = ""  # of an order: a code, or "offer:<number>" for one of that offer
    sku: str = ""  # of an order: the code of what was bought, where a line sells several


def read(body: bytes) -> list[Event]:
    """The events of a post.

    :raises Malformed: with the first thing that is wrong; nothing of such a post is taken
    """
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Malformed("the body is no valid JSON") from None
    events = raw.get("events") if isinstance(raw, dict) else None
    if not isinstance(events, list) or not events:
        raise Malformed('send {"events": [...]} with at least one event')
    if len(events) > MOST_EVENTS:
        raise Malformed(f"{len(events)} events; send at most {MOST_EVENTS} at once")
    found: list[Event] = []
    try:
        for one in events:
            found.append(event_of(one))
    except (Malformed, TypeError, ValueError, OverflowError) as error:
        said = str(error) if isinstance(error, Malformed) else "a value has the wrong type"
        raise Malformed(f"event {len(found) + 1}: {said}") from None
    return found


def event_of(raw: Any) -> Event:
    """:raises Malformed: when something of it cannot be read"""
    if type(raw) is not dict:
        raise Malformed("an event is an object")
    kind = raw.get("kind")
    if kind not in KINDS:
        raise Malformed(f"kind: one of {', '.join(sorted(KINDS))}")
    number = raw.get("id")
    if type(number) is not str or not 0 < len(number) <= 100 or not number.isprintable():
        raise Malformed("id: a text of 1 to 100 characters that can be seen")
    at = raw.get("at")
    if type(at) is not int:
        at = _instant(at)
    if not EARLIEST <= at < LATEST:
        raise Malformed("at: an instant of this century, in milliseconds")
    viewer, name, source = _viewer(raw["viewer"]) if raw.get("viewer") else ("", "", "")
    return Event(
        number, kind, at, viewer, name, source, _item(raw.get("item")), _whole(raw, "n", 1, MOST_AT_ONCE),
        _text(raw, "text"), _amount(raw), _text(raw, "number"), raw.get("paid") is True,
        _text(raw, "coupon"), _text(raw, "sku"),
    )  # fmt: skip


def packed(events: Sequence[Event]) -> bytes:
    """The body of a post with these events."""
    return orjson.dumps({"events": [plain(one) for one in events]})


def plain(one: Event) -> dict[str, Any]:
    found: dict[str, Any] = {"id": one.id, "kind": one.kind, "at": one.at}
    if one.viewer or one.source:
        found["viewer"] = {"id": one.viewer, "name": one.name, "source": one.source}
    if one.item is not None:
        found["item"] = one.item
    if one.n != 1:
        found["n"] = one.n
    if one.text:
        found["text"] = one.text
    if one.amount is not None:
        found["amount"] = one.amount
    if one.number:
        found["number"] = one.number
    if one.paid:
        found["paid"] = True
    if one.coupon:
        found["coupon"] = one.coupon
    if one.sku:
        found["sku"] = one.sku
    return found


def _instant(text: Any) -> int:
    if type(text) is not str:
        raise Malformed("at: an instant is needed")
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Malformed("at: ISO 8601, or milliseconds since 1970") from None
    if found.tzinfo is None:
        raise Malformed("at: name the zone, as in 2026-11-11T20:00:00+08:00")
    return int(found.timestamp() * 1000)


def _viewer(raw: Any) -> tuple[str, str, str]:
    if type(raw) is not dict:
        raise Malformed("viewer: an object with id, name, source")
    return _short(raw, "id", 64), _short(raw, "name", 80), _short(raw, "source", 40)


def _short(raw: dict[str, Any], name: str, most: int) -> str:
    value = raw.get(name)
    if value is None:
        return ""
    if type(value) is not str or len(value) > most:
        raise Malformed(f"viewer.{name}: a text of at most {most} characters")
    return _clean(value)


def _item(value: Any) -> int | str | None:
    if value is None or (type(value) is int and 0 <= value < 100_000):
        return value
    if (
        type(value) is str
        and value.startswith("id:")
        and value[3:].isascii()
        and value[3:].isdecimal()
        and len(value) < 20
    ):
        return value
    raise Malformed('item: the position on the run sheet, or "id:<number>"')


def _whole(raw: dict[str, Any], name: str, default: int, most: int) -> int:
    value = raw.get(name, default)
    if type(value) is not int or not 0 <= value <= most:
        raise Malformed(f"{name}: a whole number from 0 to {most}")
    return value


def _amount(raw: dict[str, Any]) -> int | None:
    return None if raw.get("amount") is None else _whole(raw, "amount", 0, MOST_AMOUNT)


def _text(raw: dict[str, Any], name: str) -> str:
    value = raw.get(name)
    if value is None:
        return ""
    most = LENGTHS[name]
    if type(value) is not str or len(value) > most:
        raise Malformed(f"{name}: a text of at most {most} characters")
    return _clean(value)


def _clean(text: str) -> str:
    """Without the one character that PostgreSQL cannot keep."""
    return text.replace("\x00", "") if "\x00" in text else text
