"""Hints: rules over the figures of a session, each with an action to suggest, and what came of it afterwards.

Rules run by the time of the session, so a recording that is played faster gives the hints that it would have given.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, update

from app.panel.core import money
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.live.feed import measures
from app.shop.live.feed.envelope import Event
from app.shop.live.feed.measures import Measured
from app.shop.live.feed.states import HintKind, HintState
from app.shop.live.feed.store import Kept, instant
from app.shop.live.models import WHOLE, LiveHint, LiveHintRule, LiveItem

LOOK_EVERY_MS = 10_000  # of the session's time
LOOK_EVERY = 0.5  # seconds of ours
AFTERWARDS = dt.timedelta(minutes=5)
H = LiveHint.__table__


@dataclass
class Watched:
    last: int = 0
    looked: int = 0
    looked_at: float = 0.0
    signs: list[tuple[Event, int]] = field(default_factory=list)


class Watch:
    """The sessions of which something came lately."""

    def __init__(self) -> None:
        self.sessions: dict[int, Watched] = {}

    def note(self, session_id: int, kept: Kept) -> None:
        mine = self.sessions.setdefault(session_id, Watched())
        mine.last = max(mine.last, kept.last)
        mine.signs += kept.signs

    def look(self) -> dict[int, list[dict[str, Any]]]:
        """Ask the rules of each session that has moved on; the new hints, as screens are told them."""
        now, found = time.monotonic(), {}
        for session_id, mine in self.sessions.items():
            if now - mine.looked_at < LOOK_EVERY or not (mine.signs or mine.last - mine.looked >= LOOK_EVERY_MS):
                continue
            signs, mine.signs, mine.looked, mine.looked_at = mine.signs, [], mine.last, now
            if new := hint(session_id, instant(mine.last), signs):
                found[session_id] = new
        return found


@transactional
def hint(session_id: int, at: dt.datetime, signs: Sequence[tuple[Event, int]] = ()) -> list[dict[str, Any]]:
    """What the rules say of a session at an instant of its time; and what earlier hints have come to."""
    rules = db.session.scalars(select(LiveHintRule).where(LiveHintRule.is_active).order_by(LiveHintRule.id)).all()
    _look_back(session_id, at)
    _outcomes(session_id, at)
    new = []
    for rule in rules:
        for one in [*measures.measure(rule, session_id, at), *_told(rule, session_id, signs)]:
            if not _is_quiet(rule, session_id, one, at):
                new.append(_add(rule, session_id, one, at))
    db.session.flush()
    return [plain(one) for one in new]


def _outcomes(session_id: int, at: dt.datetime) -> None:
    """Five minutes after a hint was followed: the five minutes before that beside those after."""
    followed = select(LiveHint).where(LiveHint.session_id == session_id, LiveHint.state == HintState.FOLLOWED)
    for one in db.session.scalars(followed.order_by(LiveHint.id.desc()).limit(20)):
        known = one.values or {}
        answered = instant(known["answered_ms"]) if "answered_ms" in known else None
        if answered is None or "outcome" in known or answered + AFTERWARDS > at:
            continue
        outcome = {
            "before": measures.around(session_id, answered - AFTERWARDS, answered, one.item_id),
            "after": measures.around(session_id, answered, answered + AFTERWARDS, one.item_id),
        }
        db.session.execute(update(H).where(H.c.id == one.id).values(values=known | {"outcome": outcome}))


def plain(one: LiveHint) -> dict[str, Any]:
    """A hint as screens are told it."""
    return {
        "id": one.id, "kind": one.kind.value, "at": one.at.isoformat(), "item": one.item_id, "source": one.source or "",
        "before": float(one.before or 0), "usual": float(one.usual or 0), "advice": one.advice, "state": one.state.value,
    }  # fmt: skip


def _add(rule: LiveHintRule, session_id: int, one: Measured, at: dt.datetime) -> LiveHint:
    found = LiveHint(
        session_id=session_id, rule_id=rule.id, kind=rule.kind, item_id=one.item_id or None, source=one.source or None,
        at=at, before=round(one.figure, 3), usual=round(one.usual, 3), advice=rule.advice,
        values={"minutes": rule.minutes, "threshold": str(rule.threshold)},
    )  # fmt: skip
    db.session.add(found)
    return found


def _is_quiet(rule: LiveHintRule, session_id: int, one: Measured, at: dt.datetime) -> bool:
    """Was the same said a short while ago?"""
    db.session.flush()
    since = at - dt.timedelta(minutes=rule.quiet_minutes)
    same = (H.c.session_id == session_id) & (H.c.rule_id == rule.id) & (H.c.at > since)
    of = (func.coalesce(H.c.item_id, 0) == (one.item_id or 0)) & (func.coalesce(H.c.source, "") == one.source)
    return db.session.scalar(select(H.c.id).where(same, of).limit(1)) is not None


def _told(rule: LiveHintRule, session_id: int, signs: Sequence[tuple[Event, int]]) -> list[Measured]:
    """What the platform told by an event of its own: a price that is not ours, an item that is gone, a gap."""
    found = []
    for event, item_id in signs:
        if rule.kind is HintKind.GAP and event.kind == "gap":
            if event.n >= float(rule.threshold):
                found.append(Measured(float(event.n), float(rule.threshold)))
        elif rule.kind is HintKind.STOCK_LOW and event.kind == "stock":
            if item_id != WHOLE and event.n <= float(rule.threshold):
                found.append(Measured(float(event.n), float(rule.threshold), item_id))
        elif (
            rule.kind is HintKind.PRICE_SLIP and event.kind == "price" and item_id != WHOLE and event.amount is not None
        ):
            line = select(LiveItem.live_price, LiveItem.currency).where(LiveItem.id == item_id)
            ours, code = db.session.execute(line).tuples().one_or_none() or (None, "")
            if ours and abs(event.amount - ours) / ours * 100 > float(rule.threshold):
                found.append(Measured(*(float(money.to_decimal(one, code)) for one in (event.amount, ours)), item_id))
    return found


def _look_back(session_id: int, at: dt.datetime) -> None:
    """Write down what the figure of a hint came to, once its minutes are over."""
    query = select(LiveHint).where(
        LiveHint.session_id == session_id, LiveHint.after.is_(None), LiveHint.rule_id.is_not(None)
    )
    for one in db.session.scalars(query.order_by(LiveHint.id).limit(50)):
        due = one.at + dt.timedelta(minutes=(one.values or {}).get("minutes", 3))
        if due > at or one.rule is None:
            continue
        after = measures.again(one.rule, session_id, due, one.item_id, one.source or "")
        if after is not None:
            db.session.execute(update(H).where(H.c.id == one.id).values(after=round(after, 3)))
