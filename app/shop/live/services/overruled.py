"""Where buyers of a session do not pay its price: another promotion comes before it, or the shop itself is cheaper.

The desk and the run sheet say so, for the host would say a price that no order has. What the session itself has put on top, such
as a flash sale, stands among its offers and is no surprise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import or_, select

from app.panel.core import clock, money, policy, veil
from app.panel.core.db import db
from app.shop.catalog.models import Sku
from app.shop.live.models import LiveItem, LiveSession
from app.shop.live.services import board
from app.shop.live.states import ItemKind, ItemState, Post, SessionState
from app.shop.marketing.models import USUAL_PRIORITY, Promotion
from app.shop.orders.pricing import PricedLine, PriceRequest, quote

PROMOTION = "marketing.Promotion"
OVER = (SessionState.ENDED, SessionState.CANCELLED)


@dataclass
class Paid:
    """What is paid for some SKUs of an item in the place of its session price. `promotion_id`: None where the list is cheaper."""

    promotion_id: int | None
    prices: list[int]
    of: int = 0  # SKUs of the item


@board.contributes
def of_the_desk(session: LiveSession, post: Post, actor: Any) -> dict[str, Any]:
    return {"paid": told(session, session.items, actor)} if post is Post.CONTROL else {}


def told(session: LiveSession, items: Iterable[LiveItem], actor: Any) -> dict[int, dict[str, str]]:
    """By item, a sentence and where it leads, for whoever may see both prices."""
    shown = [item for item in items if veil.shows(item, "live_price")]
    found = paid(session, shown)
    wanted = {one.promotion_id for one in found.values() if one.promotion_id is not None}
    mine = policy.scope(select(Promotion).where(Promotion.id.in_(wanted)), actor, Promotion)
    known = {row.id: row for row in db.session.scalars(mine)} if wanted and policy.allowed(actor, "read", PROMOTION) else {}
    return {item.id: _told(item, found[item.id], known) for item in shown if item.id in found}


def paid(session: LiveSession, items: Iterable[LiveItem]) -> dict[int, Paid]:
    """What buyers pay, of the items where that is not the session price: now on air, before that as it will be at the beginning."""
    priced = {item.id: item for item in items if _has_price(session, item)}
    goods = _goods(priced.values())
    ids = sorted({sku_id for own in goods.values() for sku_id in own})
    if not ids:
        return {}
    at = clock.now() if session.state is SessionState.LIVE else max(session.starts_at, clock.now())
    request = PriceRequest(
        shop_id=session.shop_id, channel_id=session.channel_id, currency=session.currency, at=at, session=session.topic,
        lines=tuple((sku_id, 1) for sku_id in ids),
    )  # fmt: skip
    lines = dict(zip(ids, quote(request).lines, strict=True))
    others = _others(session, lines.values())
    found = {}
    for item_id, own in goods.items():
        parts: dict[int | None, Paid] = defaultdict(lambda: Paid(None, []))
        for sku_id in own:
            if (why := _instead(priced[item_id].live_price or 0, lines[sku_id], others)) is not None:
                parts[why[0]].promotion_id = why[0]
                parts[why[0]].prices.append(why[1])
        if parts:
            found[item_id] = max(parts.values(), key=lambda one: len(one.prices))
            found[item_id].of = len(own)
    return found


def _has_price(session: LiveSession, item: LiveItem) -> bool:
    is_sold = item.kind is not ItemKind.DEMO and item.state is not ItemState.DELISTED and item.currency == session.currency
    return item.live_price is not None and is_sold and session.state not in OVER and not session.is_practice


def _goods(items: Iterable[LiveItem]) -> dict[int, list[int]]:
    """The SKUs that each item sells, as `prices.goods_of` finds those of one, in one statement."""
    items = list(items)
    products, single = {item.product_id for item in items if not item.sku_id}, {item.sku_id for item in items if item.sku_id}
    query = select(Sku.id, Sku.product_id, Sku.currency, Sku.is_active).where(or_(Sku.product_id.in_(products), Sku.id.in_(single)))
    rows = db.session.execute(query.order_by(Sku.id)).all() if items else ()
    return {
        item.id: [
            row.id for row in rows if row.currency == item.currency
            and (row.id == item.sku_id if item.sku_id else row.product_id == item.product_id and row.is_active)
        ] for item in items
    }  # fmt: skip


def _others(session: LiveSession, lines: Iterable[PricedLine]) -> dict[int, int]:
    """Priorities of the promotions that price these lines and that the session has not made itself."""
    ids = {step["id"] for line in lines for step in line.trace if step.get("step") == "promotion"}
    query = select(Promotion.id, Promotion.priority).where(Promotion.id.in_(ids))
    rows = db.session.execute(query.where(or_(Promotion.session_key.is_(None), Promotion.session_key != session.topic)))
    return dict(rows.tuples().all()) if ids else {}


def _instead(price: int, line: PricedLine, others: dict[int, int]) -> tuple[int | None, int] | None:
    """(promotion, price) that count in the place of the session's, which may not be listed yet."""
    step = next((one for one in line.trace if one.get("step") == "promotion"), None)
    if step is None:
        return (None, line.unit_price) if line.unit_price < price else None
    if step["id"] not in others or step["unit_price"] == price:
        return None
    comes_first = (others[step["id"]], step["unit_price"]) < (USUAL_PRIORITY, price)
    return (step["id"], step["unit_price"]) if comes_first else None


def _told(item: LiveItem, one: Paid, known: dict[int, Promotion]) -> dict[str, str]:
    shown = money.writer()
    low, high = (shown(amount, item.currency) for amount in (min(one.prices), max(one.prices)))
    own, price = shown(item.live_price or 0, item.currency), low if low == high else f"{low} – {high}"
    row = known.get(one.promotion_id or 0)
    if one.promotion_id is None:
        text = _("Buyers pay %(price)s, not the session price of %(own)s: the shop itself is cheaper.", price=price, own=own)
    elif row is None:
        text = _("Buyers pay %(price)s, not the session price of %(own)s: another promotion comes first.", price=price, own=own)
    else:
        text = _why(row, price, own)
    if len(one.prices) < one.of:
        text = _("%(said)s So it is for %(n)s of %(all)s SKUs.", said=text, n=len(one.prices), all=one.of)
    return {"text": text, "url": url_for("marketing_promotion.show", pk=row.id) if row is not None else ""}


def _why(row: Promotion, price: str, own: str) -> str:
    named = {"price": price, "own": own, "name": veil.seen(row).name}
    if row.priority < USUAL_PRIORITY:
        return _(
            "Buyers pay %(price)s, not the session price of %(own)s: the promotion “%(name)s” has priority %(n)s and comes "
            "before that of the session with %(usual)s.", n=row.priority, usual=USUAL_PRIORITY, **named,
        )  # fmt: skip
    return _("Buyers pay %(price)s, not the session price of %(own)s: the promotion “%(name)s” is cheaper.", **named)
