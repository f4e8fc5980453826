"""What a promotion changed: what was sold of its goods while it held, beside the time just before and its usual hours.

What counts are orders that were placed in a span and paid, at whatever price; refunds are not taken off. The usual hours are
the same ones of the same weekdays of the four weeks before. A span in which the business had no orders yet says nothing of
what is usual, and is left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.panel.core import clock, policy
from app.panel.core.db import db
from app.shop.marketing import queries
from app.shop.marketing.models import Promotion

DURING, BEFORE, USUAL = "during", "before", "usual"
WEEKS = 4
WEEK = dt.timedelta(days=7)
LONGEST = dt.timedelta(days=31)
TIMES = ("begins_at", "ends_at")
READ = {"orders.Order": ("placed_at", "paid_at"), "orders.OrderLine": ("sku_id", "quantity")}
OF_AMOUNTS = {"orders.OrderLine": ("total",)}


class Span(NamedTuple):
    start: dt.datetime
    stop: dt.datetime


class Sold(NamedTuple):
    """Of one span, or on average of several."""

    orders: float = 0
    units: float = 0
    amount: float = 0


@dataclass(frozen=True)
class Lift:
    """`before` and `usual` are None where nothing is known of that time; `weeks`: of how many `usual` is the average."""

    span: Span
    is_over: bool
    during: Sold
    before: Sold | None
    usual: Sold | None
    weeks: int


def may_see(actor: Any, wanted: dict[str, tuple[str, ...]]) -> bool:
    """May this person read whole what figures are made of?"""
    for resource, names in wanted.items():
        access = policy.fields(actor, resource)
        if not policy.allowed(actor, "read", resource) or not all(access.usable(name) for name in names):
            return False
    return True


def of(promotion: Promotion, actor: Any) -> Lift | None:
    """None for a promotion that has not begun, that has no beginning, or that has held for longer than a month."""
    if (span := span_of(promotion)) is None or span.stop - span.start > LONGEST:
        return None
    wanted = known_spans(promotion, actor)
    sold = dict.fromkeys(wanted, Sold())
    for number, orders, units, amount in db.session.execute(queries.sold_in(promotion, list(wanted.values()), actor)):
        sold[list(wanted)[number]] = Sold(orders, units, amount)
    usual = [found for key, found in sold.items() if key.startswith(USUAL)]
    average = Sold(*(sum(column) / len(usual) for column in zip(*usual, strict=True))) if usual else None
    is_over = promotion.ends_at is not None and promotion.ends_at <= clock.now()
    return Lift(span, is_over, sold[DURING], sold.get(BEFORE), average, len(usual))


def span_of(promotion: Promotion) -> Span | None:
    """From its beginning to its end, or to now while it holds."""
    now = clock.now()
    begins = promotion.begins_at
    if begins is None or begins >= now:
        return None
    return Span(begins, min(promotion.ends_at or now, now))


def known_spans(promotion: Promotion, actor: Any) -> dict[str, Span]:
    """The span itself, and those to compare it with of which something is known."""
    span = span_of(promotion)
    if span is None:
        return {}
    length = span.stop - span.start
    found = {BEFORE: Span(span.start - length, span.start)}
    if length <= WEEK:
        # by the clock on the wall: eight in the evening stays eight in the evening when the clocks were changed between
        begins = [(clock.local(span.start) - number * WEEK).astimezone(dt.UTC) for number in range(1, WEEKS + 1)]
        found |= {f"{USUAL}-{number}": Span(start, start + length) for number, start in enumerate(begins, 1)}
    first = db.session.scalar(queries.first_sold(promotion, actor))
    return {DURING: span} | {key: one for key, one in found.items() if first is not None and first <= one.start}


def rows(promotion: Promotion, which: str, actor: Any, most: int) -> Sequence[Any]:
    """The orders behind a figure, the latest first, no more than so many."""
    wanted = [span for key, span in known_spans(promotion, actor).items() if key.partition("-")[0] == which]
    return db.session.execute(queries.orders_in(promotion, wanted, actor).limit(most)).all() if wanted else []


def change(now: float, before: float) -> int | None:
    """In percent; None where there was nothing before."""
    return round(100 * (now - before) / before) if before else None
