"""Answers that are given by themselves: the rule whose word a comment holds answers, at most once in so many seconds.

Seconds are those of the comments, so that a recording played sixty times as fast is answered as it would have been.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.live.feed.words import Words
from app.shop.live.models import LiveReply, LiveReplyRule, LiveSession
from app.shop.live.out.states import OutKind
from app.shop.live.services import outgoing


def answer(session_id: int, comments: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer these comments, of which hidden ones get none; what was said, as screens are told it."""
    shown = [one for one in comments if not one["is_hidden"]]
    if not shown:
        return []
    rules = db.session.execute(select(LiveReplyRule.__table__).where(LiveReplyRule.is_active)).all()
    found = [(rule, one) for rule in rules if (one := _first(rule, shown)) is not None]
    return _say(session_id, rules, shown) if found else []


def _first(rule: Any, comments: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    words = Words(rule.words.replace("，", ",").split(","))
    return next((one for one in comments if words.first_in(one["text"])), None)


@transactional
def _say(session_id: int, rules: Sequence[Any], comments: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    last = _last(session_id)
    said = []
    for rule in rules:
        words, pause = Words(rule.words.replace("，", ",").split(",")), dt.timedelta(seconds=rule.seconds)
        for one in comments:
            before = last.get(rule.id)
            if (before is not None and one["at"] - before < pause) or not words.first_in(one["text"]):
                continue
            last[rule.id] = one["at"]
            said.append({
                "session_id": session_id, "rule_id": rule.id, "comment_id": one["id"], "asked": one["text"],
                "answer": rule.answer, "at": one["at"],
            })  # fmt: skip
    rows = [LiveReply(**one) for one in said]
    db.session.add_all(rows)
    if rows:
        _send_out(session_id, rows)
    return [{"comment": one["comment_id"], "rule": one["rule_id"], "text": one["answer"]} for one in said]


def _send_out(session_id: int, rows: Sequence[LiveReply]) -> None:
    """Have the platform say them, where there is a way to it."""
    session = db.session.get(LiveSession, session_id)
    outlets = outgoing.outlets_of(session, OutKind.REPLY) if session is not None else []
    if session is None or not outlets:
        return
    db.session.flush()
    for row in rows:
        outgoing.queue(session, OutKind.REPLY, str(row.id), row.answer or "", outlets, asked=row.asked)


def _last(session_id: int) -> dict[int, dt.datetime]:
    table = LiveReply.__table__.c
    query = select(table.rule_id, func.max(table.at)).where(table.session_id == session_id).group_by(table.rule_id)
    return {rule_id: at if at.tzinfo else at.replace(tzinfo=dt.UTC) for rule_id, at in db.session.execute(query)}
