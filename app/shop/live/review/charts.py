"""The charts of a report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask_babel import format_time, lazy_gettext
from flask_babel import gettext as _

from app.panel.core import clock, money
from app.panel.core.charts import PALETTE, QUIET, Chart, bars, line, money_axis, plain
from app.shop.live.models import LiveSession
from app.shop.live.review import reading

QUADRANTS = {
    "star": (lazy_gettext("Seen and bought"), "success"), "hidden": (lazy_gettext("Bought by the few who saw it"), "info"),
    "dear": (lazy_gettext("Seen, hardly bought"), "warning"), "idle": (lazy_gettext("Neither"), "muted"),
}  # fmt: skip
TONES = {"success": "$success-ink", "info": "$info-ink", "warning": "$warning-ink", "muted": QUIET}


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _times(begun: dt.datetime, minutes: int) -> list[str]:
    """The minutes in the time of the shop: an axis knows no zones."""
    first = clock.local(begun).replace(tzinfo=None)
    return [(first + dt.timedelta(minutes=minute)).isoformat() for minute in range(minutes)]


def course(figures: dict[str, Any], begun: dt.datetime, *, with_money: bool) -> Chart:
    """Viewers and sales a minute. A dotted line stands where the level of the viewers changed for good."""
    viewers, code = figures["minutes"]["viewers"], figures["currency"]
    sold = figures["minutes"]["gmv"] if with_money else figures["minutes"]["orders"]
    times = _times(begun, len(viewers))
    shown = [float(money.to_decimal(value, code)) if with_money else value for value in sold]
    label = _("Sales") if with_money else _("Orders")
    marks = [
        {"type": "line", "xref": "x", "yref": "paper", "x0": times[minute], "x1": times[minute], "y0": 0, "y1": 1,
         "line": {"color": QUIET, "width": 1, "dash": "dot"}}
        for minute in figures["trend"]["viewers_changes"] if minute < len(times)
    ]  # fmt: skip
    axis = money_axis(money.symbol(code)) if with_money else {"rangemode": "tozero"}
    return Chart(
        key="course", title=_("Viewers and sales, minute by minute"), wide=True,
        data=[
            bars(times, shown, label, color=PALETTE[1], yaxis="y2"),
            line(times, viewers, _("Viewers"), fill=True),
        ],
        layout={
            "xaxis": {"type": "date"}, "yaxis": {"rangemode": "tozero"}, "shapes": marks,
            "yaxis2": {**axis, "overlaying": "y", "side": "right", "showgrid": False},
        },
        columns=[_("Minute"), _("Viewers"), label],
        rows=[
            [format_time(begun + dt.timedelta(minutes=minute), "HH:mm"), f"{viewers[minute]:g}",
             money.format(sold[minute], code) if with_money else sold[minute]]
            for minute in range(len(viewers))
        ] if any(viewers) or any(sold) else [],
        counts=_("Viewers: the mean of what the platform told in each minute. Sales by the time of each order."),
        summary=_("At most %(n)s viewers.", n=figures["figures"]["viewers_peak"]),
        empty=_("No feed told anything of this session."),
    )  # fmt: skip


def retention(figures: dict[str, Any]) -> Chart:
    """The share of viewers who stay longer than each minute, with the mark at five."""
    shares = figures["retention"]
    five = figures["figures"]["five_minutes"]
    mark = {"type": "line", "xref": "x", "yref": "paper", "x0": 5, "x1": 5, "y0": 0, "y1": 1,
            "line": {"color": QUIET, "width": 1.5, "dash": "dot"}}  # fmt: skip
    note = {
        "x": 5,
        "y": 1,
        "yref": "paper",
        "text": _("5 min"),
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "top",
    }
    counts = _(
        "Of all visits, the share that lasted longer than so many minutes; who was still there at the end did not leave."
    )
    if not figures["visits_told"]:
        counts = _("The platform does not tell who leaves: a visit is counted from the first to the last sign of life.")
    return Chart(
        key="retention", title=_("How long viewers stay"),
        data=[line(range(len(shares)), [round(100 * value, 2) for value in shares], _("Still there"), fill=True)],
        layout={"yaxis": {"ticksuffix": " %", "range": [0, 100]}, "shapes": [mark], "annotations": [note]},
        columns=[_("Minutes"), _("Still there")],
        rows=[[minute, _percent(value)] for minute, value in enumerate(shares)],
        counts=counts, summary=_("After five minutes %(share)s are still there.", share=_percent(five)),
        empty=_("Nothing is known of single viewers."),
    )  # fmt: skip


def quadrant(items: Sequence[dict[str, Any]]) -> Chart:
    """Items by how much they were seen and how often that made an order."""
    seen = [one for one in items if one["exposures"] or one["orders"]]
    places = {one["id"]: place for place, one in enumerate(items, 1)}  # names would lie over one another
    rates = [round(1000 * one["orders"] / one["exposures"], 2) if one["exposures"] else 0 for one in seen]
    return Chart(
        key="quadrant", title=_("Seen and bought"),
        data=[{
            "type": "scatter", "mode": "markers+text", "x": [one["exposures"] for one in seen], "y": rates, "cliponaxis": False,
            "text": [str(places[one["id"]]) for one in seen], "textposition": "top center",
            "hovertext": [plain(one["title"]) for one in seen],
            "marker": {"size": 12, "color": [TONES[QUADRANTS[one["quadrant"]][1]] for one in seen]},
            "hovertemplate": "%{text} %{hovertext}<extra></extra>",
        }],
        layout={
            "xaxis": {"title": {"text": _("Viewer-minutes")}, "rangemode": "tozero"}, "showlegend": False,
            "yaxis": {"title": {"text": _("Orders per 1,000"), "standoff": 12}, "rangemode": "tozero", "automargin": True},
            "hovermode": "closest",
        },
        columns=[_("Item"), _("Viewer-minutes"), _("Orders"), _("Quadrant")],
        rows=[
            [f"{places[one['id']]} {one['title']}", one["exposures"], one["orders"], str(QUADRANTS[one["quadrant"]][0])]
            for one in seen
        ],
        counts=_(
            "Viewer-minutes while an item was shown, and orders per thousand of them; cut at the medians of this session. "
            "Each number is a line of the run sheet."
        ),
        summary=_("%(n)s items were seen.", n=len(seen)), empty=_("No item was shown."),
    )  # fmt: skip


def pace(items: Sequence[dict[str, Any]]) -> Chart:
    """Planned beside actual minutes."""
    told = [one for one in items if one["planned"] or one["actual"]]
    names = [one["title"] for one in told]
    return Chart(
        key="pace", title=_("Planned and actual minutes"),
        data=[
            bars(names, [one["planned"] for one in told], _("Planned"), color=QUIET),
            bars(names, [one["actual"] for one in told], _("Actual")),
        ],
        layout={"barmode": "group"},
        columns=[_("Item"), _("Planned"), _("Actual"), _("Suggested")],
        rows=[[one["title"], one["planned"], f"{one['actual']:g}", "–" if one["suggested"] is None else f"{one['suggested']:g}"]
              for one in told],
        counts=_("Minutes that each item was shown, all its displays together."),
        summary=_("%(n)s items of the run sheet.", n=len(told)), empty=_("The run sheet is empty."),
    )  # fmt: skip


def threshold(items: Sequence[dict[str, Any]]) -> Chart:
    """What was sold in each tenth of the displays, all items laid over one another."""
    tenths = [sum(one["tenths"][place] for one in items) for place in range(10)]
    total = sum(tenths)
    labels = [f"{10 * place}–{10 * place + 10} %" for place in range(10)]
    return Chart(
        key="threshold", title=_("When, while it is shown, an item sells"),
        data=[bars(labels, tenths, _("Pieces sold"), color=[PALETTE[0]] * 7 + [PALETTE[1]] * 3)],
        layout={"showlegend": False},
        columns=[_("Part of the display"), _("Pieces sold"), _("Share")],
        rows=[[label, count, _percent(count / total)] for label, count in zip(labels, tenths, strict=True)] if total else [],
        counts=_("Pieces sold while an item was shown, by the part of its display that had passed."),
        summary=_("%(n)s pieces were sold while their item was shown.", n=total),
        empty=_("Nothing was sold while its item was shown."),
    )  # fmt: skip


def on_air(session: LiveSession, now: dt.datetime) -> Chart:
    """Viewers, comments and orders a minute so far; the console goes on with it as frames come."""
    begun, _end = reading.span(session)
    found = reading.course_of(session, now)
    rows = list(zip(found.viewers, found.counts["comments"], found.counts["orders"], strict=True))
    drawn = rows if session.begun_at else []  # before it goes on air there is a table with its first minute, and a line to come
    times, local = _times(begun, len(drawn)), clock.local(begun)
    return Chart(
        key="live", title=_("The session so far"), wide=True,
        data=[
            line(times, [row[0] for row in drawn], _("Viewers")),
            line(times, [row[1] for row in drawn], _("Comments"), color=PALETTE[1], yaxis="y2"),
            line(times, [row[2] for row in drawn], _("Orders"), color=PALETTE[3], yaxis="y2"),
        ],
        layout={"meta": {"offset": (local.utcoffset() or dt.timedelta()).total_seconds() / 60}, "xaxis": {"type": "date"},
                "yaxis": {"rangemode": "tozero"},
                "yaxis2": {"overlaying": "y", "side": "right", "showgrid": False, "rangemode": "tozero"}},
        columns=[_("Minute"), _("Viewers"), _("Comments"), _("Orders")],
        rows=[
            [format_time(begun + dt.timedelta(minutes=minute), "HH:mm"), f"{viewers:g}", comments, orders]
            for minute, (viewers, comments, orders) in enumerate(rows)
        ],
        counts=_("Viewers as the platform tells them; comments and orders per minute."),
        summary=_("%(n)s minutes.", n=len(rows)),
    )  # fmt: skip
