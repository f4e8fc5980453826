"""The hours of a session that is on air: sales, viewers and conversion of each, so that the script can be changed (LVC-24)."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

from sqlalchemy import func, select

from app.panel.core import clock, veil
from app.panel.core.db import db
from app.shop.live.models import WHOLE, LiveBucket, LiveSession, LiveViewer
from app.shop.live.services import board
from app.shop.live.states import Post

HOUR = dt.timedelta(hours=1)
MOST = 12
FRESH = 15.0  # seconds for which a process answers all screens from one reading
_known: dict[int, tuple[float, list[dict[str, Any]]]] = {}


@board.contributes
def of_the_session(session: LiveSession, post: Post, _actor: Any) -> dict[str, Any]:
    if post is not Post.CONTROL or session.begun_at is None or not veil.shows(session, "begun_at", "ended_at"):
        return {}
    until, found = _known.get(session.id, (0.0, []))
    if until < time.monotonic():
        found = hours(session)
        _known[session.id] = (time.monotonic() + FRESH, found)
        for number in [one for one, (late, _rows) in list(_known.items()) if late < time.monotonic() - 3600]:
            _known.pop(number, None)  # another thread tidies up as well
    return {"hours": found}


def hours(session: LiveSession) -> list[dict[str, Any]]:
    """An hour from its begin on: sales and orders from the ten-second figures; viewers who were there, each once."""
    begun, ends = session.begun_at, session.ended_at or clock.now()
    found: list[dict[str, Any]] = []
    bucket, viewer = LiveBucket.__table__.c, LiveViewer.__table__.c
    while begun < ends and len(found) < MOST:
        after = begun + HOUR
        mine = (bucket.session_id == session.id) & (bucket.item_id == WHOLE)
        here = mine & (bucket.starts_at >= begun) & (bucket.starts_at < after)
        sums = select(func.coalesce(func.sum(bucket.gmv), 0), func.coalesce(func.sum(bucket.orders), 0)).where(here)
        gmv, orders = db.session.execute(sums).one()
        there = (viewer.session_id == session.id) & (viewer.first_at < after) & (viewer.last_at >= begun)
        viewers = int(db.session.scalar(select(func.count()).where(there)) or 0)
        found.append({"at": begun.isoformat(), "gmv": int(gmv), "orders": int(orders), "viewers": viewers})
        begun = after
    return found
