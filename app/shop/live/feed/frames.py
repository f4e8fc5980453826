"""Frames: what the screens of a session are told ten times a second at most, as one event on its topic.

The figures are whole numbers from SQL, never differences: a screen that misses a frame has lost nothing. Only comments are
told once; each frame names the newest, so that a screen knows which it has to ask for.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import case, func, select

from app.panel.core import bus, clock
from app.panel.core.db import db
from app.shop.live.feed.store import Kept, instant
from app.shop.live.models import BUCKET_SECONDS, COUNTERS, WHOLE, LiveBucket, LiveSourceBucket, LiveTally
from app.shop.live.services import offered

EVERY = 0.1
RESOURCE = "live.LiveSession"
MOST_COMMENTS = 20
LARGEST = 9_000  # bytes of comments in a frame: the bus keeps ten thousand events in the memory of Valkey
RATES = ("joins", "likes", "comments", "shares", "follows", "clicks", "carts", "orders", "gmv")
MINUTE = 60 // BUCKET_SECONDS
SOURCES_EVERY = 2.0  # seconds between two looks at the sources of a session
MOST_SOURCES = 12
LATELY = dt.timedelta(minutes=5)
_sources: dict[int, tuple[float, list[dict[str, Any]]]] = {}


@dataclass
class Open:
    """What is still to be told of one session."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    hints: list[dict[str, Any]] = field(default_factory=list)
    replies: list[dict[str, Any]] = field(default_factory=list)
    games: list[dict[str, Any]] = field(default_factory=list)
    seen: int = 0  # comments that came since the last frame
    sent: float = 0.0
    is_due: bool = False


class Frames:
    def __init__(self, app: Flask) -> None:
        self.app = app
        self.open: dict[int, Open] = {}

    def add(self, session_id: int, kept: Kept) -> None:
        mine = self._of(session_id)
        mine.seen += len(kept.comments)
        mine.comments = [*mine.comments, *(one for one in kept.comments if not one["is_hidden"])][-MOST_COMMENTS:]

    def touch(self, session_id: int) -> Open:
        return self._of(session_id)

    def _of(self, session_id: int) -> Open:
        mine = self.open.setdefault(session_id, Open())
        mine.is_due = True
        return mine

    @property
    def is_due(self) -> bool:
        return any(one.is_due for one in self.open.values())

    def send(self) -> None:
        """Tell what is due of each session whose last frame is a tenth of a second ago."""
        now = time.monotonic()
        due = [number for number, one in self.open.items() if one.is_due and now - one.sent >= EVERY]
        for session_id in due:
            mine = self.open[session_id]
            bus.send(self.app, bus.encode(f"live:{session_id}", "frame", frame(session_id, mine), RESOURCE))
            self.open[session_id] = Open(sent=now)
        if due:
            db.session.rollback()  # ends the read


def frame(session_id: int, told: Open | None = None) -> dict[str, Any]:
    """The figures of a session: in all and in the last minute of its own time, of it and of each item."""
    told = told or Open()
    whole, items = figures(session_id)
    comments = _short_enough(told.comments)
    return {
        "id": session_id, "at": _text(clock.now()), "figures": whole, "items": items, "comments": comments,
        "missed": told.seen - len(comments), "hints": told.hints, "replies": told.replies, "offers": offered.taken(session_id),
        "games": told.games, "sources": by_source(session_id, whole["last_at"]),
    }  # fmt: skip


def figures(session_id: int) -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
    tally = LiveTally.__table__
    rows = db.session.execute(select(tally).where(tally.c.session_id == session_id)).mappings().all()
    whole: dict[str, Any] = dict.fromkeys((*COUNTERS, "viewers", "newcomers", "events", "repeated"), 0)
    whole |= {"last_at": None, "heard_at": None, "per_minute": dict.fromkeys(RATES, 0)}
    items: dict[int, dict[str, Any]] = {}
    for row in rows:
        if row["item_id"] != WHOLE:
            items[row["item_id"]] = {
                name: row[name] for name in ("clicks", "carts", "orders", "units", "gmv", "comments")
            }
            continue
        whole |= {name: row[name] for name in (*COUNTERS, "viewers", "newcomers", "events", "repeated")}
        whole["heard_at"] = _text(instant(row["heard_ms"])) if row["heard_ms"] else None
        if row["last_ms"]:
            whole["last_at"] = _text(instant(row["last_ms"]))
            whole["per_minute"] = last_minute(session_id, instant(row["last_ms"]))
    return whole, items


def by_source(session_id: int, last_at: str | None) -> list[dict[str, Any]]:
    """By which way viewers came, in all and in the last five minutes of the session's own time, the most first."""
    until, known = _sources.get(session_id, (0.0, []))
    if until > time.monotonic() or last_at is None:
        return known
    table = LiveSourceBucket.__table__.c
    since = dt.datetime.fromisoformat(last_at) - LATELY
    lately = func.sum(case((table.starts_at > since, table.joins), else_=0))
    sums = select(table.source, func.sum(table.joins), lately, func.sum(table.clicks), func.sum(table.orders))
    rows = db.session.execute(sums.where(table.session_id == session_id).group_by(table.source)).all()
    found = [
        {"source": name, "joins": int(joins), "lately": int(late), "clicks": int(clicks), "orders": int(orders)}
        for name, joins, late, clicks, orders in rows
    ]
    found.sort(key=lambda one: (-one["joins"], one["source"]))
    _sources[session_id] = (time.monotonic() + SOURCES_EVERY, found[:MOST_SOURCES])
    for number in [one for one, (late, _rows) in list(_sources.items()) if late < time.monotonic() - 3600]:
        _sources.pop(number, None)  # another thread tidies up as well
    return found[:MOST_SOURCES]


def last_minute(session_id: int, until: dt.datetime) -> dict[str, int]:
    """What the newest six buckets hold. By the time of the events: a recording that is played faster has its own."""
    table = LiveBucket.__table__
    since = until - dt.timedelta(seconds=60)
    mine = (table.c.session_id == session_id) & (table.c.item_id == WHOLE) & (table.c.starts_at > since)
    found = db.session.execute(select(*(table.c[name] for name in RATES)).where(mine)).all()
    return {name: sum(row[at] for row in found) for at, name in enumerate(RATES)}


def comment(row: Any) -> dict[str, Any]:
    """A comment as screens are told it."""
    return {
        "id": row["id"], "at": _text(row["at"]), "viewer": row["viewer"], "name": row["name"], "text": row["text"][:200],
        "item": row["item_id"] or None,
    }  # fmt: skip


def _short_enough(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest that fit, oldest first."""
    found: list[dict[str, Any]] = []
    left = LARGEST
    for row in reversed(rows):
        one = comment(row)
        left -= 160 + sum(1 if letter < "\x80" else 6 for letter in f"{one['text']}{one['name']}{one['viewer']}")
        if left < 0:
            break
        found.append(one)
    return found[::-1]


def _text(at: dt.datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
