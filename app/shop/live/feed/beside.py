"""What the feed adds to the state of a console: the figures as of now and the newest comments, for a screen that comes late."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.panel.core.db import db
from app.shop.live.feed.frames import comment, frame
from app.shop.live.models import LiveComment, LiveReply, LiveSession
from app.shop.live.services import board, taking_part
from app.shop.live.states import Post

NEWEST = 50


@board.contributes
def of_the_feed(session: LiveSession, _post: Post, _actor: Any) -> dict[str, Any]:
    """`frame` is what the next one on the topic would say, but for comments; these are the newest that nobody hides."""
    table = LiveComment.__table__
    query = select(table).where(table.c.session_id == session.id, table.c.is_hidden.is_(False))
    query = query.where(table.c.viewer.not_in(taking_part.silenced_in(session.id)))  # the consumer learns of it in two seconds
    newest = db.session.execute(query.order_by(table.c.at.desc(), table.c.id.desc()).limit(NEWEST)).mappings().all()
    told = frame(session.id)
    heard = told["figures"]["events"] or newest
    said = _answers(session.id, [row["id"] for row in newest])
    comments = [comment(row) | ({"reply": said[row["id"]]} if row["id"] in said else {}) for row in reversed(newest)]
    return {"frame": told if heard else None, "comments": comments}


def _answers(session_id: int, comments: list[int]) -> dict[int, str]:
    """What these comments were answered by themselves."""
    table = LiveReply.__table__.c
    query = select(table.comment_id, table.answer).where(table.session_id == session_id, table.comment_id.in_(comments))
    return dict(db.session.execute(query).tuples().all()) if comments else {}
