"""Forecasts of a session on air: learned from past sessions, said each five minutes, and held against what came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import defer

from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.live.analysis import forecast
from app.shop.live.models import LiveForecast, LiveSession, LiveSkill
from app.shop.live.review import reading
from app.shop.live.states import SessionState

LEARN_FROM = 12  # past sessions
EVERY = 5  # minutes between two forecasts of a session


@dataclass(frozen=True)
class Figure:
    """What is forecast: a level, or a sum over the minutes to come."""

    key: str
    summed: bool

    def course(self, found: reading.Course) -> list[float]:
        """One number a minute. Retention: of all who came so far, the share that is there."""
        if self.key == "viewers":
            return found.viewers
        if self.key == "sales":
            return [float(value) for value in found.counts["gmv"]]
        shares, came = [], 0
        for viewers, joined in zip(found.viewers, found.counts["joins"], strict=True):
            came += joined
            shares.append(min(1.0, viewers / came) if came else 0.0)
        return shares


FIGURES = (Figure("viewers", False), Figure("sales", True), Figure("retention", False))


def ended(shop_id: int, but: int = 0) -> list[LiveSession]:
    """The latest sessions of a shop that ended, rehearsals left out."""
    query = select(LiveSession).where(
        LiveSession.shop_id == shop_id, LiveSession.state == SessionState.ENDED, LiveSession.is_practice.is_(False),
        LiveSession.id != but,
    )  # fmt: skip
    return list(db.session.scalars(query.order_by(LiveSession.starts_at.desc()).limit(LEARN_FROM)))


def learn(shop_id: int) -> list[LiveSkill]:
    """Ask past sessions how well each way would have done, and keep the answer. Takes seconds of the processor: for a worker."""
    past = ended(shop_id)
    keys, courses = [session.id for session in past], [reading.course_of(session) for session in past]
    db.session.rollback()  # nothing is held open while it is thought over
    found = [
        (figure.key, skill)
        for figure in FIGURES
        for horizon in forecast.HORIZONS
        for skill in forecast.best([figure.course(one) for one in courses], summed=figure.summed, horizon=horizon)[1]
    ]
    return _keep(shop_id, found, keys)


@transactional
def _keep(shop_id: int, found: Sequence[tuple[str, forecast.Skill]], keys: Sequence[int]) -> list[LiveSkill]:
    db.session.execute(delete(LiveSkill).where(LiveSkill.shop_id == shop_id))
    rows = [
        LiveSkill(
            shop_id=shop_id, figure=key, horizon=skill.horizon, way=skill.way, asked=skill.asked, sessions=skill.sessions,
            error=_exact(skill.error), plain_error=_exact(skill.plain_error), inside=_exact(skill.inside), made_at=clock.now(),
            rows=[[keys[one.place], one.minute, *(round(value, 3) for value in astuple(one)[2:])] for one in skill.rows],
        )
        for key, skill in found
    ]  # fmt: skip
    db.session.add_all(rows)
    db.session.flush()
    return rows


def skills(shop_id: int) -> list[LiveSkill]:
    query = select(LiveSkill).where(LiveSkill.shop_id == shop_id).options(defer(LiveSkill.rows))
    return list(db.session.scalars(query.order_by(LiveSkill.figure, LiveSkill.horizon, LiveSkill.error)))


def best_known(shop_id: int, figure: str, horizon: int) -> LiveSkill | None:
    """The way that erred least of those that were asked; with its questions and answers."""
    ways = [row for row in skills(shop_id) if (row.figure, row.horizon) == (figure, horizon)]
    return min(ways, key=lambda way: way.error or 0, default=None)


def as_skill(row: LiveSkill) -> forecast.Skill:
    return forecast.Skill(
        row.way,
        row.horizon,
        row.asked,
        row.sessions,
        float(row.error or 0),
        float(row.plain_error or 0),
        float(row.inside or 0),
    )


def speaks(rows: Sequence[LiveSkill], figure: str, horizon: int) -> forecast.Skill | None:
    """The way that may speak about a figure so far ahead and errs least; None: nobody may."""
    able = [as_skill(row) for row in rows if (row.figure, row.horizon) == (figure, horizon)]
    return min((one for one in able if one.may_speak), key=lambda one: one.error, default=None)


def on_air() -> list[LiveSession]:
    return list(db.session.scalars(select(LiveSession).where(LiveSession.state == SessionState.LIVE)))


def say(session: LiveSession, now: dt.datetime) -> list[LiveForecast]:
    """Forecast what may be forecast from the full minutes so far. The same minute twice says it once."""
    known = skills(session.shop_id)
    mine = reading.course_of(session, now)
    minute = int((now - reading.span(session)[0]).total_seconds() // 60)
    past = [reading.course_of(one) for one in ended(session.shop_id, but=session.id)] if known else []
    key = session.id
    db.session.rollback()
    said: list[dict[str, Any]] = []
    for figure in FIGURES:
        course = figure.course(mine)[:minute]
        before = [figure.course(one) for one in past]
        for horizon in forecast.HORIZONS:
            skill = speaks(known, figure.key, horizon)
            ahead = forecast.say(skill, course, summed=figure.summed, past=before) if skill else None
            if skill is None or ahead is None:
                continue
            said.append({
                "session_id": key, "figure": figure.key, "horizon": horizon, "minute": minute, "way": skill.way,
                "expected": _exact(ahead.value), "low": _exact(ahead.low), "high": _exact(ahead.high),
                "plain": _exact(forecast.plain(course, horizon, figure.summed)),
            })  # fmt: skip
    return _note(key, said)


@transactional
def _note(session_id: int, said: list[dict[str, Any]]) -> list[LiveForecast]:
    for values in said:
        names = ("session_id", "figure", "horizon", "minute")
        there = select(LiveForecast.id).where(*(getattr(LiveForecast, name) == values[name] for name in names))
        if db.session.scalar(there) is None:
            db.session.add(LiveForecast(**values))
    db.session.flush()
    return latest(session_id)


def latest(session_id: int) -> list[LiveForecast]:
    """What was said last about each figure and span."""
    query = select(LiveForecast).where(LiveForecast.session_id == session_id).order_by(LiveForecast.minute)
    return list({(row.figure, row.horizon): row for row in db.session.scalars(query)}.values())


@transactional
def hold_against(session: LiveSession) -> int:
    """Write beside each forecast of a session what came; returns how many were answered now."""
    course = reading.course_of(session)
    courses = {figure.key: (figure.course(course), figure.summed) for figure in FIGURES}
    query = select(LiveForecast).where(LiveForecast.session_id == session.id, LiveForecast.came.is_(None))
    answered = 0
    for row in db.session.scalars(query):
        values, summed = courses[row.figure]
        came = forecast.came(values, row.minute, row.horizon, summed)
        if came is not None:
            row.came = _exact(came)
            answered += 1
    db.session.flush()
    return answered


def _exact(value: float) -> Decimal:
    return Decimal(str(round(value, 3)))
