"""The rows of one session as plain numbers. Times are seconds since it began, amounts minor units."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from app.panel.core.db import db
from app.shop.live.analysis.display import Slot
from app.shop.live.analysis.retention import Visit
from app.shop.live.feed.states import EventState
from app.shop.live.models import (
    COUNTERS,
    OF_A_SOURCE,
    WHOLE,
    LiveBucket,
    LiveEvent,
    LiveHint,
    LiveItem,
    LiveQuestion,
    LiveSession,
    LiveSlot,
    LiveSourceBucket,
    LiveTally,
    LiveViewer,
)
from app.shop.live.review import placed
from app.shop.live.states import SessionState

COUNTED = (EventState.TAKEN, EventState.REHEARSED)  # what came of an order that is in the figures


@dataclass
class Course:
    """One figure a minute, of a session or of one of its items."""

    viewers: list[float]  # mean number of viewers of each minute; the last one known where nothing was told
    counts: dict[str, list[int]]  # of every counter


@dataclass
class Read:
    """All that a report is made of."""

    session: LiveSession
    begun: dt.datetime
    seconds: float
    course: Course
    totals: dict[int, dict[str, int]]  # of every item, and of the session under WHOLE
    buckets: list[tuple[float, int]]  # (second, viewers) of every ten seconds that told the number of viewers
    sources: dict[str, dict[str, int]]
    visits: list[Visit] = field(default_factory=list)
    visits_told: bool = True  # False: made of each viewer's first and last sign of life
    slots: dict[int, list[Slot]] = field(default_factory=dict)
    sales: dict[int, list[tuple[float, int]]] = field(default_factory=dict)

    @property
    def minutes(self) -> int:
        return len(self.course.viewers)


def span(session: LiveSession) -> tuple[dt.datetime, dt.datetime]:
    """From when to when it was on air; as planned where it was not begun by a button."""
    begun = session.begun_at or session.starts_at
    return begun, max(session.ended_at or session.ends_at, begun + dt.timedelta(minutes=1))


def read(session: LiveSession) -> Read:
    """Everything that a report of the session needs, in ten statements whatever its length."""
    begun, ended = span(session)
    seconds = (ended - begun).total_seconds()
    rows = db.session.execute(
        select(*(getattr(LiveBucket, name) for name in ("starts_at", "viewers", "viewers_ms", *COUNTERS)))
        .where(LiveBucket.session_id == session.id, LiveBucket.item_id == WHOLE).order_by(LiveBucket.starts_at)
    ).all()  # fmt: skip
    told = [((row.starts_at - begun).total_seconds(), int(row.viewers)) for row in rows if row.viewers_ms]
    result = Read(
        session=session, begun=begun, seconds=seconds, course=_course(rows, told, begun, seconds), totals=_totals(session.id),
        buckets=told, sources=_sources(session.id), slots=_slots(session.id, begun, ended), sales=_sales(session.id, begun),
    )  # fmt: skip
    result.visits, result.visits_told = _visits(session.id, begun, seconds)
    _add_placed(result)
    return result


def _add_placed(found: Read) -> None:
    """Orders that carry the key of the session and that no feed told of: each is sold at its time, and by its items."""
    whole, parts = placed.orders_of(found.session)
    placed.add_up(whole, found.totals.setdefault(WHOLE, {}))
    for sale in whole:
        minute = _minute((sale.at - found.begun).total_seconds(), found.minutes)
        for name, amount in (("orders", 1), ("units", sale.n), ("gmv", sale.amount)):
            found.course.counts[name][minute] += amount
    for sale in parts:
        placed.add_up([sale], found.totals.setdefault(sale.item_id, {}))
        found.sales.setdefault(sale.item_id, []).append(((sale.at - found.begun).total_seconds(), sale.n))


def course_of(session: LiveSession, until: dt.datetime | None = None) -> Course:
    """The minutes of a session, those until `until` only: what a forecast knows."""
    begun, ended = span(session)
    ended = min(ended, until) if until else ended
    rows = db.session.execute(
        select(*(getattr(LiveBucket, name) for name in ("starts_at", "viewers", "viewers_ms", *COUNTERS)))
        .where(LiveBucket.session_id == session.id, LiveBucket.item_id == WHOLE, LiveBucket.starts_at < ended)
        .order_by(LiveBucket.starts_at)
    ).all()  # fmt: skip
    told = [((row.starts_at - begun).total_seconds(), int(row.viewers)) for row in rows if row.viewers_ms]
    return _course(rows, told, begun, (ended - begun).total_seconds())


def _course(rows: Any, told: list[tuple[float, int]], begun: dt.datetime, seconds: float) -> Course:
    """What came before the session began counts in its first minute, what came after its end in its last."""
    minutes = max(1, round(seconds / 60))
    counts = {name: [0] * minutes for name in COUNTERS}
    for row in rows:
        minute = _minute((row.starts_at - begun).total_seconds(), minutes)
        for name in COUNTERS:
            counts[name][minute] += int(getattr(row, name))
    seen: dict[int, list[int]] = defaultdict(list)
    for second, viewers in told:
        seen[_minute(second, minutes)].append(viewers)
    curve, last = [], 0.0
    for minute in range(minutes):
        last = sum(seen[minute]) / len(seen[minute]) if minute in seen else last
        curve.append(last)
    return Course(curve, counts)


def _minute(second: float, minutes: int) -> int:
    return min(max(int(second // 60), 0), minutes - 1)


def _totals(session_id: int) -> dict[int, dict[str, int]]:
    query = select(LiveTally).where(LiveTally.session_id == session_id)
    return {
        row.item_id: {name: int(getattr(row, name)) for name in (*COUNTERS, "newcomers", "events", "repeated")}
        for row in db.session.scalars(query)
    }


def _sources(session_id: int) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(OF_A_SOURCE, 0))
    for row in db.session.scalars(select(LiveSourceBucket).where(LiveSourceBucket.session_id == session_id)):
        for name in OF_A_SOURCE:
            found[row.source][name] += int(getattr(row, name))
    return dict(found)


def _slots(session_id: int, begun: dt.datetime, ended: dt.datetime) -> dict[int, list[Slot]]:
    found: dict[int, list[Slot]] = defaultdict(list)
    query = select(LiveSlot.item_id, LiveSlot.begun_at, LiveSlot.ended_at).where(LiveSlot.session_id == session_id)
    for row in db.session.execute(query.order_by(LiveSlot.begun_at)):
        stop = row.ended_at or ended
        found[row.item_id].append(Slot((row.begun_at - begun).total_seconds(), (stop - begun).total_seconds()))
    return dict(found)


def _sales(session_id: int, begun: dt.datetime) -> dict[int, list[tuple[float, int]]]:
    found: dict[int, list[tuple[float, int]]] = defaultdict(list)
    query = select(LiveEvent.item_id, LiveEvent.at, LiveEvent.n).where(
        LiveEvent.session_id == session_id, LiveEvent.kind == "order", LiveEvent.state.in_(COUNTED)
    )
    for row in db.session.execute(query.order_by(LiveEvent.at, LiveEvent.id)):
        found[row.item_id].append(((row.at - begun).total_seconds(), int(row.n)))
    return dict(found)


def _visits(session_id: int, begun: dt.datetime, seconds: float) -> tuple[list[Visit], bool]:
    """Visits by what the platform tells of coming and going; where it never tells of going, by signs of life."""
    query = select(LiveEvent.viewer, LiveEvent.kind, LiveEvent.at).where(
        LiveEvent.session_id == session_id, LiveEvent.kind.in_(("join", "leave")), LiveEvent.viewer != ""
    )
    rows = db.session.execute(query.order_by(LiveEvent.at, LiveEvent.id)).all()
    if not any(row.kind == "leave" for row in rows):
        signs = select(LiveViewer.first_at, LiveViewer.last_at).where(LiveViewer.session_id == session_id)
        return [_visit(row.first_at, row.last_at, begun) for row in db.session.execute(signs)], False
    came: dict[str, dt.datetime] = {}
    visits: list[Visit] = []
    for row in rows:
        if row.kind == "join":
            came.setdefault(row.viewer, row.at)  # a join that is told twice is one visit
        elif (first := came.pop(row.viewer, None)) is not None:
            visits.append(_visit(first, row.at, begun))
    visits += [_visit(first, None, begun) for first in came.values()]
    return [visit for visit in visits if visit.came < seconds], True


def _visit(came: dt.datetime, left: dt.datetime | None, begun: dt.datetime) -> Visit:
    return Visit(max(0.0, (came - begun).total_seconds()), None if left is None else (left - begun).total_seconds())


def past(session: LiveSession, most: int = 40) -> list[LiveSession]:
    """Ended sessions of the same shop before this one, the latest first. Rehearsals are compared with rehearsals."""
    query = select(LiveSession).where(
        LiveSession.shop_id == session.shop_id, LiveSession.state == SessionState.ENDED, LiveSession.id != session.id,
        LiveSession.starts_at < session.starts_at, LiveSession.is_practice.is_(session.is_practice),
    )  # fmt: skip
    return list(db.session.scalars(query.order_by(LiveSession.starts_at.desc(), LiveSession.id.desc()).limit(most)))


def items(session_id: int) -> list[LiveItem]:
    query = select(LiveItem).where(LiveItem.session_id == session_id)
    return list(db.session.scalars(query.order_by(LiveItem.position, LiveItem.id)))


def hints(session_id: int) -> list[LiveHint]:
    return list(db.session.scalars(select(LiveHint).where(LiveHint.session_id == session_id).order_by(LiveHint.id)))


def questions(session_id: int) -> list[LiveQuestion]:
    query = select(LiveQuestion).where(LiveQuestion.session_id == session_id)
    return list(db.session.scalars(query.order_by(LiveQuestion.asked_at)))


__all__ = ["COUNTED", "Course", "Read", "course_of", "hints", "items", "past", "questions", "read", "span"]
