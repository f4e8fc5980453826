"""What may be sold in a session at this moment: an item that is suspended or delisted takes no new orders (LVC-10); and which
sessions a cart can be tried in."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, select

from app.panel.core import clock, policy, veil
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.catalog.models import Sku
from app.shop.live.models import LiveItem, LiveSession
from app.shop.live.permissions import SESSION
from app.shop.live.states import ItemState, SessionState
from app.shop.orders.models import Order

PREFIX = "live:"
CLOSED = (ItemState.SUSPENDED, ItemState.DELISTED)
NEWEST = 30  # sessions to choose from


def session_of(key: str | None) -> int | None:
    """The session that an order names, if it names one of ours."""
    number = (key or "").removeprefix(PREFIX)
    is_ours = bool(key) and key != number and number.isascii() and number.isdecimal() and len(number) < 10
    return int(number) if is_ours else None


def check(order: Order) -> None:
    """Asked in the transaction that places the order, so that a suspension that was answered holds for every later one.

    :raises DomainError: when something of it cannot be bought in its session now
    """
    session_id = session_of(order.session_key)
    skus = {line.sku_id for line in order.lines if line.sku_id}
    if session_id is None or not skus:
        return
    sells = (LiveItem.sku_id == Sku.id) | and_(LiveItem.sku_id.is_(None), LiveItem.product_id == Sku.product_id)
    query = select(Sku.id, LiveItem.state, LiveItem).join(LiveItem, sells)
    open_, closed = set(), {}
    for sku_id, state, item in db.session.execute(query.where(LiveItem.session_id == session_id, Sku.id.in_(skus))):
        if state in CLOSED:
            closed[sku_id] = item
        else:
            open_.add(sku_id)
    for sku_id, item in closed.items():
        if sku_id not in open_:
            raise DomainError(_("“%(item)s” is “%(state)s” in this session.", item=str(item), state=item.state.label))


def to_choose(actor: Any, key: str) -> list[tuple[str, str]]:
    """(what its orders carry, when and what it is) of the newest sessions of somebody, and of the one of this key."""
    if not policy.allowed(actor, "read", SESSION):
        return []
    mine = policy.scope(select(LiveSession), actor, LiveSession).where(
        LiveSession.is_practice.is_(False), LiveSession.state != SessionState.CANCELLED
    )
    found = list(db.session.scalars(mine.order_by(LiveSession.starts_at.desc(), LiveSession.id.desc()).limit(NEWEST)))
    number = session_of(key)
    if number is not None and number not in {one.id for one in found}:
        found += db.session.scalars(mine.where(LiveSession.id == number))
    return [(f"{PREFIX}{one.id}", _called(one)) for one in found]


def _called(session: LiveSession) -> str:
    seen = veil.seen(session)
    at = clock.wall(session.starts_at) if veil.shows(session, "starts_at") else ""
    return " ".join(part for part in (at, str(seen.title or f"{PREFIX}{session.id}")) if part)
