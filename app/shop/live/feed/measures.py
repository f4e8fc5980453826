"""The figures that rules of hints look at, at any instant of a session's own time: each with what is usual there."""

from __future__ import annotations

import datetime as dt
import statistics
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from app.panel.core.db import db
from app.shop.catalog.models import Sku
from app.shop.inventory.models import StockLevel
from app.shop.live.feed.states import HintKind
from app.shop.live.models import WHOLE, LiveBucket, LiveItem, LiveSession, LiveSlot, LiveSourceBucket, LiveTally

B, S, T = LiveBucket.__table__.c, LiveSourceBucket.__table__.c, LiveTally.__table__.c
P = LiveSlot.__table__.c
PAST = 5  # sessions


@dataclass(frozen=True)
class Measured:
    """A figure, what it is compared with, and of which item or source."""

    figure: float
    usual: float
    item_id: int | None = None
    source: str = ""


def measure(rule: Any, session_id: int, at: dt.datetime) -> list[Measured]:
    """Every figure that meets the rule, so that a hint is due; none when too little happened to say anything."""
    return [one for one in FIGURES[rule.kind](rule, session_id, at) if _meets(rule, one)]


def again(rule: Any, session_id: int, at: dt.datetime, item_id: int | None, source: str) -> float | None:
    """The same figure at a later instant, whether it meets the rule or not."""
    found = [one for one in FIGURES[rule.kind](rule, session_id, at) if (one.item_id, one.source) == (item_id, source)]
    return found[0].figure if found else None


def _meets(rule: Any, one: Measured) -> bool:
    limit = float(rule.threshold)
    if rule.kind is HintKind.VIEWERS_FALL:
        return one.usual > 0 and (one.usual - one.figure) / one.usual * 100 >= limit
    if rule.kind is HintKind.FEW_ORDERS:
        return one.usual > 0 and one.figure < one.usual * limit / 100
    if rule.kind is HintKind.SELLS_WELL:
        return one.usual > 0 and one.figure >= one.usual * limit / 100
    if rule.kind is HintKind.SELLS_BADLY:
        return one.usual > 0 and one.figure <= one.usual * limit / 100
    if rule.kind is HintKind.SOURCE_LOW:
        return one.usual > 0 and (one.usual - one.figure) / one.usual * 100 >= limit
    if rule.kind is HintKind.TRAFFIC:
        return one.usual > 0 and abs(one.figure - one.usual) / one.usual * 100 >= limit
    return one.figure < limit if rule.kind is HintKind.FEW_COMMENTS else one.figure <= limit


def viewers(rule: Any, session_id: int, at: dt.datetime) -> list[Measured]:
    now, then = reading(session_id, at), reading(session_id, at - dt.timedelta(minutes=rule.minutes))
    return [Measured(now, then)] if now is not None and then is not None and then >= rule.least else []


def reading(session_id: int, at: dt.datetime) -> int | None:
    """How many watched at an instant: what was told last before it."""
    query = select(B.viewers).where(B.session_id == session_id, B.item_id == WHOLE, B.starts_at <= at, B.viewers_ms > 0)
    return db.session.scalar(query.order_by(B.starts_at.desc()).limit(1))


def interaction(rule: Any, session_id: int, at: dt.datetime) -> list[Measured]:
    """Comments, shares, follows and likes for each viewer and minute."""
    watching = reading(session_id, at)
    if watching is None or watching < max(1, rule.least):
        return []
    since = at - dt.timedelta(minutes=rule.minutes)
    if db.session.scalar(select(func.min(B.starts_at)).where(B.session_id == session_id)) > since:
        return []  # it has not run for as long as that
    done = select(func.sum(B.comments + B.likes + B.shares + B.follows)).where(
        B.session_id == session_id, B.item_id == WHOLE, B.starts_at > since, B.starts_at <= at
    )
    return [Measured(float(db.session.scalar(done) or 0) / watching / rule.minutes, float(rule.threshold))]


def conversion(rule: Any, session_id: int, at: dt.datetime) -> list[Measured]:
    """Orders for a hundred clicks of each item lately, against the median of the session's items in all."""
    tallies = select(T.item_id, T.clicks, T.orders).where(T.session_id == session_id, T.item_id != WHOLE)
    rates = {
        item: 100 * orders / clicks
        for item, clicks, orders in db.session.execute(tallies)
        if clicks >= max(1, rule.least)
    }
    if len(rates) < 2:
        return []
    since, usual = at - dt.timedelta(minutes=rule.minutes), statistics.median(rates.values())
    lately = select(B.item_id, func.sum(B.clicks), func.sum(B.orders)).where(
        B.session_id == session_id, B.item_id.in_(rates), B.starts_at > since, B.starts_at <= at
    )
    return [
        Measured(100 * int(orders) / int(clicks), usual, item)
        for item, clicks, orders in db.session.execute(lately.group_by(B.item_id))
        if clicks >= max(1, rule.least)
    ]


def traffic(rule: Any, session_id: int, at: dt.datetime) -> list[Measured]:
    """Joins of each source in the last minutes, against as many minutes of the time before."""
    since = at - dt.timedelta(minutes=rule.minutes)
    mine = (S.session_id == session_id) & (S.starts_at <= at)
    begun = db.session.scalar(select(func.min(S.starts_at)).where(mine))
    if begun is None or (since - begun) < dt.timedelta(minutes=rule.minutes):
        return []
    windows = (since - begun) / dt.timedelta(minutes=rule.minutes)
    before = select(S.source, func.sum(S.joins)).where(mine, S.starts_at <= since).group_by(S.source)
    lately = dict(tuple(row) for row in db.session.execute(
        select(S.source, func.sum(S.joins)).where(mine, S.starts_at > since).group_by(S.source)))  # fmt: skip
    return [
        Measured(float(lately.get(name, 0)), float(joins) / windows, source=name)
        for name, joins in db.session.execute(before)
        if float(joins) / windows >= max(1, rule.least)
    ]


def sales(rule: Any, session_id: int, at: dt.datetime) -> list[Measured]:
    """Pieces a minute of the item that is shown, lately, against the median of the other items of the session (LVC-29)."""
    since = at - dt.timedelta(minutes=rule.minutes)
    slots = db.session.execute(
        select(P.item_id, P.begun_at, P.ended_at).where(P.session_id == session_id, P.begun_at < at).order_by(P.begun_at)
    ).all()  # fmt: skip
    if not slots or slots[-1].ended_at is not None or slots[-1].begun_at > since:
        return []  # nothing is shown, or not for long enough
    minutes: dict[int, float] = {}
    for slot in slots:
        shown = (min(slot.ended_at or at, at) - slot.begun_at).total_seconds() / 60
        minutes[slot.item_id] = minutes.get(slot.item_id, 0.0) + shown
    mine = slots[-1].item_id
    units = dict(db.session.execute(
        select(T.item_id, T.units).where(T.session_id == session_id, T.item_id.in_(minutes))).tuples().all())  # fmt: skip
    others = [float(units.get(item, 0)) / long for item, long in minutes.items() if item != mine and long >= 1]
    if len(others) < 2:
        return []
    lately = select(func.sum(B.units), func.sum(B.clicks)).where(
        B.session_id == session_id, B.item_id == mine, B.starts_at > since, B.starts_at <= at
    )
    sold, clicks = (int(one or 0) for one in db.session.execute(lately).one())
    enough = sold if rule.kind is HintKind.SELLS_WELL else clicks
    return [Measured(sold / rule.minutes, statistics.median(others), mine)] if enough >= rule.least else []


def against_past(rule: Any, session_id: int, at: dt.datetime) -> list[Measured]:
    """Joins of each source in the last minutes, against the mean of the last sessions of the channel at as many minutes
    after their beginning (LVC-31)."""
    sessions = LiveSession.__table__.c
    begun, channel_id = db.session.execute(
        select(sessions.begun_at, sessions.channel_id).where(sessions.id == session_id)).one()  # fmt: skip
    window = dt.timedelta(minutes=rule.minutes)
    if begun is None or at - begun < window:
        return []
    past = db.session.execute(
        select(sessions.id, sessions.begun_at).where(
            sessions.channel_id == channel_id, sessions.id != session_id, sessions.ended_at < begun,
            sessions.begun_at.is_not(None), sessions.is_practice.is_(False))
        .order_by(sessions.begun_at.desc()).limit(PAST)
    ).all()  # fmt: skip
    if len(past) < 2:
        return []
    usual: dict[str, float] = {}
    for number, start in past:
        for name, joins in _joins(number, start + (at - begun) - window, start + (at - begun)).items():
            usual[name] = usual.get(name, 0.0) + joins / len(past)
    lately = _joins(session_id, at - window, at)
    return [
        Measured(lately.get(name, 0.0), mean, source=name)
        for name, mean in sorted(usual.items()) if mean >= max(1, rule.least)
    ]  # fmt: skip


def _joins(session_id: int, since: dt.datetime, until: dt.datetime) -> dict[str, float]:
    query = select(S.source, func.sum(S.joins)).where(S.session_id == session_id, S.starts_at > since, S.starts_at <= until)
    return {name: float(joins) for name, joins in db.session.execute(query.group_by(S.source))}


OUTCOME = ("comments", "clicks", "orders", "units", "gmv")


def around(session_id: int, since: dt.datetime, until: dt.datetime, item_id: int | None) -> dict[str, float]:
    """What happened between two instants, of the session or of an item; and how many watched at the end."""
    columns = [func.coalesce(func.sum(B[name]), 0) for name in OUTCOME]
    row = db.session.execute(select(*columns).where(
        B.session_id == session_id, B.item_id == (item_id or WHOLE), B.starts_at > since, B.starts_at <= until)).one()  # fmt: skip
    return {name: int(value) for name, value in zip(OUTCOME, row, strict=True)} | {"viewers": reading(session_id, until) or 0}


def stock(_rule: Any, session_id: int, _at: dt.datetime) -> list[Measured]:
    """What is left of the item that is shown now."""
    items, levels, skus = LiveItem.__table__.c, StockLevel.__table__.c, Sku.__table__.c
    sells = (skus.id == items.sku_id) | (items.sku_id.is_(None) & (skus.product_id == items.product_id))
    left = select(items.id, func.sum(levels.available)).where(
        items.session_id == session_id, items.pinned_at.is_not(None), sells, levels.sku_id == skus.id
    )
    return [Measured(float(pieces), 0.0, item) for item, pieces in db.session.execute(left.group_by(items.id))]


def nothing(_rule: Any, _session_id: int, _at: dt.datetime) -> list[Measured]:
    """Of what the feed tells by an event of its own."""
    return []


FIGURES = {
    HintKind.SELLS_WELL: sales, HintKind.SELLS_BADLY: sales, HintKind.SOURCE_LOW: against_past,
    HintKind.VIEWERS_FALL: viewers, HintKind.FEW_COMMENTS: interaction, HintKind.FEW_ORDERS: conversion,
    HintKind.TRAFFIC: traffic, HintKind.STOCK_LOW: stock, HintKind.PRICE_SLIP: nothing, HintKind.GAP: nothing,
}  # fmt: skip
