"""The one clock. Rules read `now()`; tests move it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo, available_timezones

from flask import current_app, has_app_context

_offset: dt.timedelta | None = None
_frozen: dt.datetime | None = None
_standing: ContextVar[dt.datetime | None] = ContextVar("standing", default=None)
_zone_source: list[Callable[[], str | None]] = []


def now() -> dt.datetime:
    """This instant, aware, UTC."""
    if (standing := _standing.get()) is not None:
        return standing
    if _frozen is not None:
        return _frozen
    real = dt.datetime.now(dt.UTC)
    return real + _offset if _offset else real


def freeze(at: dt.datetime | None) -> None:
    """Stop the clock at an aware instant, or let it run again (None). For tests and for the demo."""
    global _frozen, _offset
    if at is not None and at.tzinfo is None:
        raise TypeError("the clock needs an aware instant")
    _frozen, _offset = (at.astimezone(dt.UTC) if at else None), None


@contextmanager
def standing_at(at: dt.datetime) -> Iterator[None]:
    """What is done within, by this thread alone, is done at an instant of the past: the demo lives it over again."""
    token = _standing.set(at)
    try:
        yield
    finally:
        _standing.reset(token)


def zone_from(source: Callable[[], str | None]) -> None:
    """Register who knows the zone of the business; the configuration answers when he is silent."""
    _zone_source.append(source)


def zone() -> ZoneInfo:
    """The zone of day boundaries and display."""
    for source in _zone_source:
        if name := source():
            return ZoneInfo(name)
    return ZoneInfo(current_app.config.get("ZONE", "Asia/Shanghai") if has_app_context() else "Asia/Shanghai")


def is_zone(name: str) -> bool:
    return name in available_timezones()


def today() -> dt.date:
    """The date on the wall of the shop."""
    return now().astimezone(zone()).date()


def local(at: dt.datetime) -> dt.datetime:
    """An instant on the wall of the shop."""
    return at.astimezone(zone())


def wall(at: dt.datetime) -> str:
    """An instant as people read it: `2026-11-11 20:00`."""
    return local(at).isoformat(" ", "minutes")[:16]


def day_start(day: dt.date) -> dt.datetime:
    """The instant at which a date of the shop begins, UTC. In a zone that skips midnight it is the first minute that exists."""
    return dt.datetime.combine(day, dt.time.min, tzinfo=zone()).astimezone(dt.UTC)


def day_span(first: dt.date, last: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """Half-open span of instants that covers the dates `first` to `last`, both included."""
    return day_start(first), day_start(last + dt.timedelta(days=1))


def days(n: int) -> dt.timedelta:
    return dt.timedelta(days=n)


def from_iso(text: str) -> dt.datetime:
    """An instant that was kept as text; without an offset it was UTC."""
    value = dt.datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=dt.UTC)


def date_from_iso(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
