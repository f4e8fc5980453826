"""The rows behind what is made of several sessions: the pairs of a correlation, the questions of a back-test.

And the sales of an item while it was shown, which are held against the events of the session.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import money, policy, veil
from app.panel.core.db import db
from app.shop.live.analysis import comparing, display, forecast
from app.shop.live.models import LiveForecast, LiveItem, LiveSession
from app.shop.live.review import reading, report
from app.shop.live.review.tables import Asked, Table, clock_of
from app.shop.live.services import board, forecasting, reviewing

Written = Callable[[Any], str]


class Link:
    """A cell that leads on."""

    def __init__(self, text: Any, url: str) -> None:
        self.text, self.url = text, url


def _seen(keys: set[int], actor: Any) -> dict[int, LiveSession]:
    """The sessions among these that the reader may see."""
    query = policy.scope(select(LiveSession).where(LiveSession.id.in_(keys)), actor, LiveSession)
    return {row.id: row for row in db.session.scalars(query)}


def _name(session: LiveSession) -> Link:
    return Link(veil.seen(session).title, url_for("live_report.index", live_id=session.id))


def pairs(session: LiveSession, asked: Asked) -> Table | None:
    """Both values of every item or session that a correlation is made of, as they were when the report was made."""
    kept = reviewing.report_of(session)
    told = kept.figures.get("pairs", {}) if kept else {}
    side = report.PAIRS.get(asked.of)
    if side is None or side[0] not in told:
        return None
    whose, left, right = side
    names = report.PAIRED[whose]
    rows = [dict(zip(names, row, strict=True)) for row in told[whose]]
    seen = _seen({row["session"] for row in rows}, asked.actor)
    mine = [row for row in rows if row["session"] in seen]
    heads = [(_("Session"), False)] + ([(_("Item"), False)] if whose == "items" else [])
    shown = [name for name in (left, right) if name != "gmv" or asked.with_money]
    heads += [(_labels()[name], True) for name in shown]
    lines = _items({row["item"] for row in mine}) if whose == "items" else {}
    cells = [
        [_name(seen[row["session"]])]
        + ([lines.get(row["item"], "–")] if whose == "items" else [])
        + [_written(name, row[name], session.currency) for name in shown]
        for row in mine
    ]
    found = comparing.correlate([row[left] for row in rows], [row[right] for row in rows])
    sentences = [_("%(n)s pairs, r = %(r)s.", n=found.n, r="–" if found.r is None else f"{found.r:.3f}")]
    if len(mine) < len(rows):
        sentences.append(_("%(n)s of them are of sessions that you may not see.", n=len(rows) - len(mine)))
    return Table(_("What goes together"), heads, cells, sentences)


def _labels() -> dict[str, str]:
    return {
        "actual": _("Minutes shown"), "exposures": _("Viewer-minutes"), "orders": _("Orders"), "gmv": _("Sales"),
        "interaction": _("Signs of life per viewer"), "watch_seconds": _("Mean time watched"),
    }  # fmt: skip


def _written(name: str, value: Any, currency: str) -> str:
    if name == "gmv":
        return str(money.format(int(value), currency))
    if name == "watch_seconds":
        return clock_of(value)
    return f"{value:.2f}" if name == "interaction" else f"{value:g}"


def _items(keys: set[int]) -> dict[int, str]:
    return {line.id: board.title_of(line) for line in db.session.scalars(select(LiveItem).where(LiveItem.id.in_(keys)))}


def ahead(session: LiveSession, asked: Asked, written: Written) -> Table:
    """What was said in this session about one figure, each beside what came; and below it the questions of the back-test."""
    query = select(LiveForecast).where(
        LiveForecast.session_id == session.id, LiveForecast.figure == asked.of, LiveForecast.horizon == asked.horizon
    )
    said = list(db.session.scalars(query.order_by(LiveForecast.minute)))
    rows = [
        [row.minute, written(row.expected), f"{written(row.low)} – {written(row.high)}", written(row.plain),
         written(row.came) if row.came is not None else "–"]
        for row in said
    ]  # fmt: skip
    heads = [(_("Minute"), True), *_heads()]
    told = [_("%(n)s times something was said in this session.", n=len(rows))]
    return Table(_("Forecast"), heads, rows, told, _back_test(session, asked, written))


def _heads() -> list[tuple[str, bool]]:
    return [(_("Expected"), True), (_("Interval"), True), (_("As it is now"), True), (_("What it was"), True)]


def _back_test(session: LiveSession, asked: Asked, written: Written) -> Table | None:
    """Of the way that erred least: what it would have said at every tenth minute of each past session."""
    row = forecasting.best_known(session.shop_id, asked.of, asked.horizon)
    if row is None or not row.rows:
        return None
    questions = [forecast.Asked(*one) for one in row.rows]
    seen = _seen({one.place for one in questions}, asked.actor)
    mine = [one for one in questions if one.place in seen]
    cells = [
        [_name(seen[one.place]), one.minute, written(one.said), f"{written(one.low)} – {written(one.high)}", written(one.plain),
         written(one.came), written(abs(one.said - one.came)), written(abs(one.plain - one.came))]
        for one in mine
    ]  # fmt: skip
    skill = forecast.skill_of(row.way, row.horizon, questions)
    told = [
        _("%(n)s questions in %(sessions)s sessions, %(inside)s within the interval.", n=skill.asked, sessions=skill.sessions,
          inside=f"{100 * skill.inside:.0f} %"),
        _("Wrong by %(error)s in the mean; “as it is now” by %(plain)s.", error=written(skill.error),
          plain=written(skill.plain_error)),
    ]  # fmt: skip
    if len(mine) < len(questions):
        told.append(_("%(n)s of them are of sessions that you may not see.", n=len(questions) - len(mine)))
    heads = [(_("Session"), False), (_("Minute"), True), *_heads(), (_("Wrong by"), True), (_("“As it is now” wrong by"), True)]
    return Table(_("On past sessions"), heads, cells, told)


def sold(session: LiveSession, item_id: int) -> Table:
    """Every sale while an item was shown, by the part of the display that had passed (LVC-28)."""
    found = reading.read(session)
    slots = found.slots.get(item_id, [])
    rows: list[tuple[dt.datetime, int, float]] = []
    for at, pieces in found.sales.get(item_id, []):
        slot = next((one for one in slots if one.seconds > 0 and one.begun <= at < one.ended), None)
        if slot is not None:
            rows.append((found.begun + dt.timedelta(seconds=at), pieces, (at - slot.begun) / slot.seconds))
    return Table(
        _("Pieces sold"), [(_("At"), False), (_("Pieces sold"), True), (_("Part of the display"), True)],
        [[at, pieces, f"{100 * part:.0f} %"] for at, pieces, part in sorted(rows)],
        [_late(rows, display.read(slots, found.sales.get(item_id, [])))],
    )  # fmt: skip


def _late(rows: Sequence[tuple[dt.datetime, int, float]], told: display.Display) -> str:
    late = sum(pieces for _at, pieces, part in rows if part >= 2 / 3)
    share = "–" if told.last_third is None else f"{100 * told.last_third:.1f} %"
    return _("%(n)s pieces while it was shown, %(late)s of them in the last third: %(share)s.", n=told.sold, late=late, share=share)
