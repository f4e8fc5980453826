"""Making the report of a session that ended."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import clock, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Product
from app.shop.live.feed.states import EVENTS_FOR
from app.shop.live.models import LiveItem, LiveReport, LiveSession
from app.shop.live.permissions import SESSION
from app.shop.live.review import reading, report
from app.shop.live.states import SessionState

CHANGES = ("longer", "shorter")
COMPARED_WITH = 40  # past sessions among which similar ones are looked for


def without_report(since: dt.datetime) -> list[int]:
    """Sessions that ended and have no report yet."""
    query = (
        select(LiveSession.id).outerjoin(LiveReport, LiveReport.session_id == LiveSession.id)
        .where(LiveSession.state == SessionState.ENDED, LiveSession.ended_at >= since, LiveReport.id.is_(None))
        .order_by(LiveSession.ended_at)
    )  # fmt: skip
    return list(db.session.scalars(query))


def build(session: LiveSession) -> dict[str, Any]:
    """The report as its rows are now. It only reads."""
    found, lines = reading.read(session), reading.items(session.id)
    result = report.make(found, lines, reading.hints(session.id), reading.questions(session.id))
    before = {one.id: one for one in reading.past(session, COMPARED_WITH)}
    kept = {
        row.session_id: row for row in db.session.scalars(select(LiveReport).where(LiveReport.session_id.in_(before)))
    }
    kinds = _kinds([session.id, *kept])
    mine = report.traits(session, kinds.get(session.id, frozenset()))
    others = {key: report.traits(before[key], kinds.get(key, frozenset())) for key in kept}
    near = [(before[key], kept[key], apart) for key, apart in report.comparing.nearest(mine, others, report.SIMILAR)]
    result["similar"] = report.similar(result, near)
    same_money = [(row.session_id, row.figures) for row in kept.values() if row.figures["currency"] == session.currency]
    result["pairs"] = report.paired([(session.id, result), *same_money])
    result["correlations"] = report.correlations(result["pairs"])
    return result


def _kinds(session_ids: list[int]) -> dict[int, frozenset[int]]:
    """The categories of the goods of these sessions."""
    query = select(LiveItem.session_id, Product.category_id).join(Product, Product.id == LiveItem.product_id)
    found: dict[int, set[int]] = {}
    for session_id, category_id in db.session.execute(query.where(LiveItem.session_id.in_(session_ids)).distinct()):
        if category_id is not None:
            found.setdefault(session_id, set()).add(category_id)
    return {key: frozenset(values) for key, values in found.items()}


@transactional
def keep(session_id: int, figures: dict[str, Any]) -> LiveReport:
    """Keep the report of a session; one that was there is replaced."""
    row = db.session.scalar(select(LiveReport).where(LiveReport.session_id == session_id))
    if row is None:
        row = LiveReport(session_id=session_id, made_at=clock.now(), figures=figures)
        db.session.add(row)
    row.figures, row.made_at = figures, clock.now()
    db.session.flush()
    return row


@transactional
def make(session: LiveSession, *, actor: Any) -> LiveReport:
    """Make the report of an ended session, or make it anew: events may have come late.

    :raises DomainError: while the session is not over, and when its events are no longer kept
    """
    policy.authorize(actor, "read", SESSION)
    if session.state is not SessionState.ENDED:
        raise DomainError(_("The report is made when the session has ended."))
    if (session.ended_at or session.ends_at) < clock.now() - EVENTS_FOR:
        raise DomainError(_("Single events are kept for thirty days: the report stays as it was made."))
    return keep(session.id, build(session))


def report_of(session: LiveSession) -> LiveReport | None:
    """Its report, if there is one that this version of the program can read."""
    row = db.session.scalar(select(LiveReport).where(LiveReport.session_id == session.id))
    return row if row is not None and row.figures.get("form") == report.FORM else None


def suggested(session: LiveSession) -> dict[int, int]:
    """By item, how many minutes the report says that it should be shown the next time, where that is not as now."""
    row = report_of(session)
    items = row.figures["items"] if row is not None else ()
    told = [one for one in items if one["suggested"] is not None and one["reason"] in CHANGES]
    return {one["id"]: max(1, round(one["suggested"])) for one in told}
