"""The rows behind the figures of a report that are no single events: readings, visits, viewers, sources, displays, questions.

Each table says what its own rows come to, so that a figure can be held against it. Nobody is named in them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.panel.core import money, veil
from app.panel.core.db import db
from app.shop.live import rules
from app.shop.live.analysis import retention
from app.shop.live.models import (
    OF_A_SOURCE,
    WHOLE,
    LiveBucket,
    LiveItem,
    LiveSession,
    LiveSlot,
    LiveSourceBucket,
    LiveViewer,
)
from app.shop.live.review import reading
from app.shop.live.states import QuestionState

FIVE = 5


@dataclass
class Table:
    """`told` are sentences on what all rows come to, of which the first `most` are shown."""

    title: str
    heads: list[tuple[str, bool]]  # (label, is a number)
    rows: list[list[Any]]
    told: list[str] = field(default_factory=list)
    more: Table | None = None


@dataclass(frozen=True)
class Asked:
    """Of which item or source, or which pair or figure so many minutes ahead; who reads, and whether he sees money."""

    item: LiveItem | None = None
    source: str = ""
    with_money: bool = False
    of: str = ""
    horizon: int = 0
    actor: Any = None


def readings(session: LiveSession, _asked: Asked) -> Table:
    """Every ten seconds that told how many watch, the highest first."""
    query = select(LiveBucket.starts_at, LiveBucket.viewers).where(
        LiveBucket.session_id == session.id, LiveBucket.item_id == WHOLE, LiveBucket.viewers_ms > 0
    )
    rows = [list(row) for row in db.session.execute(query.order_by(LiveBucket.viewers.desc(), LiveBucket.starts_at))]
    most = rows[0][1] if rows else 0
    return Table(
        _("Most viewers at once"), [(_("Ten seconds from"), False), (_("Viewers"), True)], rows,
        [_("%(n)s readings, the highest is %(most)s.", n=len(rows), most=most)],
    )  # fmt: skip


def viewers(session: LiveSession, _asked: Asked) -> Table:
    query = select(LiveViewer.source, LiveViewer.first_at, LiveViewer.last_at).where(LiveViewer.session_id == session.id)
    rows = [
        [rules.source_word(source) or _("not told"), first, last]
        for source, first, last in db.session.execute(query.order_by(LiveViewer.first_at, LiveViewer.id))
    ]
    return Table(
        _("Different viewers"), [(_("Source"), False), (_("Seen first"), False), (_("Seen last"), False)], rows,
        [_("%(n)s viewers, each once.", n=len(rows))],
    )  # fmt: skip


def visits(session: LiveSession, _asked: Asked) -> Table:
    """Every visit with its length, the longest first; the mean and the share after five minutes are those of these rows."""
    found = reading.read(session)
    mean = retention.mean_watch_time(found.visits, found.seconds)
    five = retention.at_minute(retention.curve(found.visits, found.seconds), FIVE)
    seconds = retention.watched(found.visits, found.seconds)
    rows = [
        [found.begun + dt.timedelta(seconds=visit.came),
         _("still there at the end") if visit.left is None or visit.left >= found.seconds
         else found.begun + dt.timedelta(seconds=visit.left), clock_of(long)]
        for long, visit in sorted(zip(seconds, found.visits, strict=True), key=lambda pair: -pair[0])
    ]  # fmt: skip
    told = [_("%(n)s visits, %(mean)s each in the mean.", n=len(rows), mean=clock_of(mean) if mean is not None else "–")]
    if five is not None:
        stayed = sum(long > 60 * FIVE for long in seconds)
        told.append(
            _(
                "%(stayed)s were seen for more than five minutes; with those who could not have been, as the session was "
                "over, %(share)s are still there after five minutes.",
                stayed=stayed,
                share=f"{100 * five:.1f} %",
            )
        )
    if not found.visits_told:
        told.append(_("The platform does not tell who leaves: a visit is counted from the first to the last sign of life."))
    return Table(_("Visits"), [(_("Came"), False), (_("Left"), False), (_("Watched for"), True)], rows, told)


def clock_of(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def source(session: LiveSession, asked: Asked) -> Table:
    """What came by one source, minute by minute."""
    of = LiveSourceBucket.__table__.c
    mine = select(of.starts_at, *(of[name] for name in OF_A_SOURCE)).where(
        of.session_id == session.id, of.source == asked.source
    )
    minutes: dict[dt.datetime, list[int]] = defaultdict(lambda: [0] * len(OF_A_SOURCE))
    for row in db.session.execute(mine.order_by(of.starts_at)):
        minute = minutes[row.starts_at.replace(second=0, microsecond=0)]
        for place, value in enumerate(row[1:]):
            minute[place] += int(value)
    names = list(OF_A_SOURCE)
    shown = [name for name in ("joins", "clicks", "carts", "orders", "gmv") if asked.with_money or name != "gmv"]
    labels = {"joins": _("Came"), "clicks": _("Clicks"), "carts": _("Into carts"), "orders": _("Orders"), "gmv": _("Sales")}

    def cells(values: list[int]) -> list[Any]:
        found = dict(zip(names, values, strict=True))
        return [money.format(found[name], session.currency) if name == "gmv" else found[name] for name in shown]

    total = [sum(values[place] for values in minutes.values()) for place in range(len(names))]
    sums = ", ".join(f"{labels[name]} {value}" for name, value in zip(shown, cells(total), strict=True))
    return Table(
        rules.source_word(asked.source) or _("not told"), [(_("Minute"), False), *((labels[name], True) for name in shown)],
        [[at, *cells(values)] for at, values in minutes.items() if any(values)], [_("In all: %(sums)s", sums=sums)],
    )  # fmt: skip


def displays(session: LiveSession, asked: Asked) -> Table:
    """From when to when an item was shown; and minute by minute how many saw it."""
    item = asked.item
    assert item is not None
    begun, ended = reading.span(session)
    query = select(LiveSlot).where(LiveSlot.session_id == session.id, LiveSlot.item_id == item.id).order_by(LiveSlot.begun_at)
    slots = [slot for slot in db.session.scalars(query) if veil.shows(slot, "begun_at", "ended_at")]
    rows = [[slot.begun_at, slot.ended_at or ended, slot.pins, _minutes(slot.begun_at, slot.ended_at or ended)] for slot in slots]
    total = sum(((slot.ended_at or ended) - slot.begun_at).total_seconds() for slot in slots) / 60
    course = reading.read(session).course.viewers
    seen = []
    for minute, watching in enumerate(course):
        first, last = begun + dt.timedelta(minutes=minute), begun + dt.timedelta(minutes=minute + 1)
        part = sum(
            max(0.0, (min(slot.ended_at or ended, last) - max(slot.begun_at, first)).total_seconds()) for slot in slots
        )
        if part:
            seen.append([first, f"{watching:.1f}", round(part), f"{watching * part / 60:.1f}"])
    exposures = sum(float(row[3]) for row in seen)
    by_minute = Table(
        _("Viewer-minutes"), [(_("Minute"), False), (_("Viewers"), True), (_("Seconds shown"), True), (_("Viewer-minutes"), True)],
        seen, [_("%(n)s viewer-minutes in all.", n=f"{exposures:.0f}")],
    )  # fmt: skip
    return Table(
        _("Displays"), [(_("Shown from"), False), (_("Shown until"), False), (_("Pins"), True), (_("Minutes"), True)], rows,
        [_("%(n)s displays, %(minutes)s minutes in all.", n=len(rows), minutes=f"{total:.1f}")], by_minute,
    )  # fmt: skip


def _minutes(begun: dt.datetime, ended: dt.datetime) -> str:
    return f"{(ended - begun).total_seconds() / 60:.1f}"


def questions(session: LiveSession, _asked: Asked) -> Table:
    """Every question with the seconds that each step took."""
    rows: list[list[Any]] = []
    taken: dict[str, list[float]] = {"to_host": [], "by_host": [], "answered": []}
    left = 0

    def took(name: str, since: dt.datetime | None, until: dt.datetime | None) -> Any:
        if since is None or until is None:
            return "–"
        taken[name].append((until - since).total_seconds())
        return f"{taken[name][-1]:.1f}"

    for row in reading.questions(session.id):
        done = row.done_at if row.state is QuestionState.DONE else None
        left += row.state is not QuestionState.DONE
        rows.append([
            row.asked_at, str(veil.seen(row).text or ""), str(row.state.label), took("to_host", row.asked_at, row.sent_at),
            took("by_host", row.sent_at, done), took("answered", row.asked_at, done),
        ])  # fmt: skip
    labels = [
        (_("Question to the host"), "to_host"), (_("Host done with it"), "by_host"), (_("Question answered in all"), "answered"),
    ]  # fmt: skip
    told = [f"{label}: {_middle(taken[name])}" for label, name in labels]
    told.append(f"{_('Questions left open')}: {left}")
    heads = [(_("Asked at"), False), (_("Question"), False), (_("State"), False), *((label, True) for label, _name in labels)]
    return Table(_("Questions"), heads, rows, told)


def _middle(taken: list[float]) -> str:
    if not taken:
        return "–"
    found = {"n": f"{median(taken):.1f}", "count": len(taken), "slow": f"{max(taken):.1f}"}
    return _("%(n)s s, the middle one of %(count)s; the slowest %(slow)s s", **found)


def different_viewers(session_id: int) -> int:
    return int(db.session.scalar(select(func.count()).where(LiveViewer.session_id == session_id)) or 0)


MAKERS: dict[str, Callable[[LiveSession, Asked], Table]] = {
    "readings": readings, "viewers_seen": viewers, "visits": visits, "source": source, "displays": displays,
    "questions": questions,
}  # fmt: skip
