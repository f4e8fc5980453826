"""TikTok LIVE by the library TikTokLive, which whoever wants it installs himself: its licence (AGPL) is not ours. Off by default.

Nothing here imports it but `listen`. Its events are read by the names of their fields, so that recorded ones can be tested.
A gift is told again and again while its combo runs, and counted when it ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib import import_module
from typing import Any

from app.shop.live.feed.envelope import Event

NAMES = {
    "CommentEvent": "comment", "LikeEvent": "like", "GiftEvent": "gift", "JoinEvent": "join", "FollowEvent": "follow",
    "ShareEvent": "share", "RoomUserSeqEvent": "viewers",
}  # fmt: skip


def event_of(name: str, raw: Any, now_ms: int) -> Event | None:
    """One of the library's events; None for what we do not count."""
    kind = NAMES.get(name)
    if kind is None or (kind == "gift" and _first(raw, "streaking") is True):
        return None
    at = int(_first(raw, "common.create_time", "base_message.create_time", "create_time") or now_ms)
    viewer = str(_first(raw, "user.unique_id", "user.display_id", "user.id") or "")[:64]
    text, n = "", 1
    if kind == "comment":
        text = str(_first(raw, "comment", "content") or "")[:500]
    elif kind == "like":
        n = int(_first(raw, "count") or 1)
    elif kind == "gift":
        n, text = int(_first(raw, "repeat_count") or 1), str(_first(raw, "gift.name") or "")[:500]
    elif kind == "viewers":
        n, viewer = int(_first(raw, "m_total", "total", "viewer_count") or 0), ""
    number = _first(raw, "common.msg_id", "base_message.message_id", "msg_id")
    name = str(_first(raw, "user.nickname", "user.nick_name") or "")[:80]
    return Event(str(number or _digest(kind, at, viewer, text, n))[:100], kind, at, viewer, name, "tiktok", n=n, text=text)


def _first(raw: Any, *paths: str) -> Any:
    """The first of these fields that is there, of an object or of a recorded dictionary."""
    for path in paths:
        value = raw
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
        if value not in (None, ""):
            return value
    return None


def _digest(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:40]


async def listen(unique_id: str, take: Callable[[Event], None], now_ms: Callable[[], int]) -> None:
    """Hear a room until it ends.

    :raises RuntimeError: when the library is not installed
    """
    try:
        library, known = import_module("TikTokLive"), import_module("TikTokLive.events")
    except ImportError:
        raise RuntimeError("TikTokLive is not installed: `pip install TikTokLive`, and read its licence") from None
    client = library.TikTokLiveClient(unique_id=unique_id)
    for name in NAMES:
        kind = getattr(known, name, None)
        if kind is None:
            continue

        async def heard(event: Any, name: str = name) -> None:
            if (one := event_of(name, event, now_ms())) is not None:
                take(one)

        client.add_listener(kind, heard)
    await client.connect()
