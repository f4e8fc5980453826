"""The report of a session: one dictionary of plain values, kept as it was made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from statistics import median
from typing import Any

from app.panel.core import clock
from app.shop.live.analysis import comparing, display, retention, trend
from app.shop.live.models import WHOLE, LiveHint, LiveItem, LiveQuestion, LiveReport, LiveSession
from app.shop.live.review.reading import Read
from app.shop.live.states import QuestionState

FORM = 1  # raised when what a report holds changes: one of another form is made anew
FIVE = 5  # the minute at which retention is usually asked
SIMILAR = 5
# what sessions are compared by, in the order in which the page shows it
COMPARED = (
    "gmv",
    "orders",
    "units",
    "watchers",
    "viewers_peak",
    "watch_seconds",
    "five_minutes",
    "conversion",
    "interaction",
)
# what is kept of each item and each session for the correlations, and which two of them each is made of
PAIRED = {
    "items": ("session", "item", "actual", "exposures", "orders", "gmv"),
    "sessions": ("session", "interaction", "watch_seconds", "gmv"),
}
PAIRS = {
    "display_sales": ("items", "actual", "gmv"), "exposure_orders": ("items", "exposures", "orders"),
    "interaction_sales": ("sessions", "interaction", "gmv"), "watch_sales": ("sessions", "watch_seconds", "gmv"),
}  # fmt: skip


def make(
    found: Read, lines: Sequence[LiveItem], hints: Sequence[LiveHint], questions: Sequence[LiveQuestion]
) -> dict[str, Any]:
    """Everything that the session alone tells. Shares are between 0 and 1, amounts minor units of its currency."""
    shares = retention.curve(found.visits, found.seconds)
    course = found.course
    sold = [round(value) for value in course.counts["gmv"]]
    return {
        "form": FORM, "begun_at": found.begun.isoformat(), "seconds": found.seconds, "currency": found.session.currency,
        "figures": figures(found, shares),
        "minutes": {"viewers": [round(value, 1) for value in course.viewers], "gmv": sold, **{
            name: course.counts[name] for name in ("orders", "comments", "likes", "joins", "clicks")
        }},
        "retention": [round(value, 4) for value in shares], "visits_told": found.visits_told,
        "trend": {
            "viewers": _round(trend.slope(course.viewers)), "gmv": _round(trend.slope([float(value) for value in sold])),
            "viewers_changes": trend.changes(course.viewers), "gmv_changes": trend.changes([float(value) for value in sold]),
        },
        "sources": sources(found), "items": items(found, lines), "team": team(hints, questions),
    }  # fmt: skip


def figures(found: Read, shares: Sequence[float]) -> dict[str, float | int | None]:
    total = found.totals.get(WHOLE, {})
    watchers, mean = total.get("newcomers", 0), retention.mean_watch_time(found.visits, found.seconds)
    signs = sum(total.get(name, 0) for name in ("comments", "likes", "shares", "follows", "gifts"))
    return {
        "viewers_peak": max((viewers for _second, viewers in found.buckets), default=0),
        "viewers_mean": _round(sum(found.course.viewers) / len(found.course.viewers)),
        "watchers": watchers, "watch_seconds": _round(mean), "five_minutes": _round(retention.at_minute(shares, FIVE), 4),
        **{name: total.get(name, 0) for name in (
            "comments", "likes", "shares", "follows", "gifts", "clicks", "carts", "orders", "units", "gmv", "events", "repeated",
        )},
        "conversion": _round(total.get("orders", 0) / watchers, 4) if watchers else None,
        "interaction": _round(signs / watchers, 3) if watchers else None,
    }  # fmt: skip


def sources(found: Read) -> list[dict[str, Any]]:
    """By where viewers came from, the most first; conversion is orders by viewers who came in that way."""
    return sorted((
        {"source": name, **counts, "conversion": _round(counts["orders"] / counts["joins"], 4) if counts["joins"] else None}
        for name, counts in found.sources.items()
    ), key=lambda row: (-row["joins"], row["source"]))  # fmt: skip


def seen(found: Read, item_id: int) -> float:
    """Viewer-minutes while the item was shown: the viewers of each minute times the part of it that the display took."""
    total = 0.0
    for slot in found.slots.get(item_id, []):
        for minute in range(int(max(slot.begun, 0) // 60), found.minutes):
            part = min(slot.ended, (minute + 1) * 60) - max(slot.begun, minute * 60)
            if part <= 0:
                break
            total += found.course.viewers[minute] * part / 60
    return total


def items(found: Read, lines: Sequence[LiveItem]) -> list[dict[str, Any]]:
    exposures = {line.id: round(seen(found, line.id)) for line in lines}
    orders = {line.id: found.totals.get(line.id, {}).get("orders", 0) for line in lines}
    places = comparing.quadrants({key: (exposures[key], orders[key]) for key in exposures})
    result = []
    for line in lines:
        counts, slots = found.totals.get(line.id, {}), found.slots.get(line.id, [])
        told = display.read(slots, found.sales.get(line.id, []))
        result.append({
            "id": line.id, "title": str(line), "planned": line.planned_minutes,
            "actual": _round(sum(slot.seconds for slot in slots) / 60), "displays": len(slots),
            "exposures": exposures[line.id], "clicks": counts.get("clicks", 0), "orders": orders[line.id],
            "units": counts.get("units", 0), "gmv": counts.get("gmv", 0), "quadrant": places[line.id],
            "conversion": _round(orders[line.id] / counts["clicks"], 4) if counts.get("clicks") else None,
            "tenths": list(told.tenths), "sold_shown": told.sold, "sold_after": told.after,
            "last_third": _round(told.last_third, 4), "suggested": told.suggested, "reason": told.reason,
        })  # fmt: skip
    return result


def team(hints: Sequence[LiveHint], questions: Sequence[LiveQuestion]) -> dict[str, Any]:
    """Reaction times in seconds, medians, and how many they are of."""

    def times(pairs: Sequence[tuple[dt.datetime | None, dt.datetime | None]]) -> dict[str, Any]:
        taken = [(later - earlier).total_seconds() for earlier, later in pairs if earlier and later]
        return {
            "n": len(taken),
            "median": _round(median(taken)) if taken else None,
            "slowest": _round(max(taken, default=None)),
        }

    return {
        "to_host": times([(one.asked_at, one.sent_at) for one in questions]),
        "by_host": times([(one.sent_at, one.done_at) for one in questions if one.state is QuestionState.DONE]),
        "answered": times([(one.asked_at, one.done_at) for one in questions if one.state is QuestionState.DONE]),
        "unanswered": sum(one.state is not QuestionState.DONE for one in questions),
        "hints": times([(one.at, one.done_at) for one in hints]),
        "hints_followed": sum(one.state.value == "followed" for one in hints), "hints_given": len(hints),
    }  # fmt: skip


def traits(session: LiveSession, kinds: frozenset[int]) -> comparing.Traits:
    local = clock.local(session.begun_at or session.starts_at)
    return comparing.Traits(local.hour + local.minute / 60, session.creator_id, kinds)


def similar(mine: dict[str, Any], nearest: Sequence[tuple[LiveSession, LiveReport, float]]) -> list[dict[str, Any]]:
    """The most similar sessions with their figures, as they were kept."""
    return [
        {"id": session.id, "apart": _round(apart, 3), "figures": {name: report.figures["figures"].get(name) for name in COMPARED}}
        for session, report, apart in nearest if report.figures["currency"] == mine["currency"]
    ]  # fmt: skip


def paired(reports: Sequence[tuple[int, dict[str, Any]]]) -> dict[str, list[list[Any]]]:
    """What each item that was shown, and each session, came to in these reports (this session's first), in the order of `PAIRED`.

    A session of which nothing is known of single viewers, neither their signs of life nor their time, is in no pair.
    """
    return {
        "items": [
            [key, one["id"], *(one[name] for name in PAIRED["items"][2:])]
            for key, told in reports for one in told["items"] if one["displays"]
        ],
        "sessions": [
            [key, *(told["figures"][name] for name in PAIRED["sessions"][1:])]
            for key, told in reports if told["figures"]["interaction"] is not None and told["figures"]["watch_seconds"] is not None
        ],
    }  # fmt: skip


def correlations(pairs: dict[str, list[list[Any]]]) -> list[dict[str, Any]]:
    """What goes together, over the items and the sessions of these pairs."""
    result = []
    for name, (whose, left, right) in PAIRS.items():
        at = [PAIRED[whose].index(one) for one in (left, right)]
        found = comparing.correlate(*([row[place] for row in pairs[whose]] for place in at))
        result.append({
            "pair": name, "n": found.n, "r": _round(found.r, 3), "low": _round(found.low, 3), "high": _round(found.high, 3),
            "weak": found.is_weak, "clear": found.is_clear,
        })  # fmt: skip
    return result


def _round(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)
