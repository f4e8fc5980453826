"""Conclusions and the points by which they stand in checklists: of every session that is planned after the one that taught them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.panel.core import clock, policy, records
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.live.models import LiveCheck, LiveConclusion, LiveSession
from app.shop.live.permissions import CONCLUSION
from app.shop.live.states import PLANNED, CheckKind

LAST = 200  # place in the checklist
LONGEST = 300


def point(session_id: int, conclusion: LiveConclusion, position: int = LAST) -> LiveCheck:
    """The line of a checklist that a conclusion is."""
    return LiveCheck(
        session_id=session_id, kind=CheckKind.CONCLUSION, text=conclusion.text[:LONGEST], position=position,
        is_blocking=False, conclusion_id=conclusion.id,
    )  # fmt: skip


@transactional
def create(values: dict[str, Any], *, actor: Any) -> LiveConclusion:
    """Write a conclusion down; sessions that are planned already learn of it as those do that are planned later (LVR-03)."""
    conclusion = LiveConclusion()
    with db.session.no_autoflush:
        db.session.add(conclusion)
        records.assign(conclusion, values, actor=actor)
    db.session.flush()
    taught = db.session.get_one(LiveSession, conclusion.session_id)
    later = select(LiveSession.id).where(
        LiveSession.shop_id == taught.shop_id, LiveSession.starts_at > taught.starts_at, LiveSession.state.in_(PLANNED),
        LiveSession.is_practice.is_(False),
    )  # fmt: skip
    db.session.add_all([point(number, conclusion) for number in db.session.scalars(later)])
    db.session.flush()
    return conclusion


def update(conclusion: LiveConclusion, values: dict[str, Any], *, actor: Any) -> None:
    """Its open points say what it says now."""
    with db.session.no_autoflush:
        records.assign(conclusion, values, actor=actor)
    for one in _open_points(conclusion):
        one.text = conclusion.text[:LONGEST]


@transactional
def settle(conclusions: list[LiveConclusion], *, actor: Any) -> None:
    """It is done with: it stands in no checklist any more, but where somebody ticked it."""
    policy.authorize(actor, "write", CONCLUSION)
    for conclusion in conclusions:
        conclusion.closed_at = conclusion.closed_at or clock.now()
        for one in _open_points(conclusion):
            db.session.delete(one)


def _open_points(conclusion: LiveConclusion) -> list[LiveCheck]:
    query = select(LiveCheck).join(LiveSession, LiveSession.id == LiveCheck.session_id).where(
        LiveCheck.conclusion_id == conclusion.id, LiveCheck.done_at.is_(None), LiveSession.state.in_(PLANNED)
    )
    return list(db.session.scalars(query))
