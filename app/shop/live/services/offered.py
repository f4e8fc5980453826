"""What the consoles show of offers: those of the session with what is left of them, and the buttons of the desk."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import joinedload

from app.panel.core import money, veil
from app.panel.core.db import db
from app.shop.live import queries
from app.shop.live.models import LiveOffer, LivePreset, LiveSession
from app.shop.live.services import board, offers, prices
from app.shop.live.states import OfferKind, OfferState, Post

NEWEST = 12


@board.contributes
def of_the_desk(session: LiveSession, post: Post, actor: Any) -> dict[str, Any]:
    query = queries.started_offers(session.id).where(LiveOffer.state != OfferState.UNDONE)
    rows = list(db.session.scalars(query.options(joinedload(LiveOffer.item)).execution_options(populate_existing=True)))
    left = {one["id"]: one for one in taken(session.id)} if rows else {}
    found: dict[str, Any] = {"offers": [_one(row, left.get(row.id, {})) for row in rows[-NEWEST:]]}
    if post is Post.CONTROL:
        found["may_offer"] = prices.may(actor)
        presets = db.session.scalars(queries.presets(session.shop_id, actor)) if found["may_offer"] else ()
        found["presets"] = [_preset(row) for row in presets if _fits(row, session)]
    return found


def _one(row: LiveOffer, counted: dict[str, Any]) -> dict[str, Any]:
    offer = veil.seen(row)
    shown = money.writer()

    def worth(amount: Any) -> str:
        return shown(amount, row.currency) if isinstance(amount, int) else ""

    names = ("name", "price", "amount", "percent", "least", "quantity", "item_id", "was")
    told = offers.said(row) if row.item is not None or row.kind is OfferKind.COUPON else row.name
    if row.kind is OfferKind.COUPON and row.item is not None and row.name != told:
        told = f"{row.name}: {told}"  # for which goods it is
    return {
        "id": row.id, "kind": row.kind.value, "word": str(row.kind.label), "tone": row.kind.tone, "name": offer.name,
        "said": told if veil.shows(row, *names) else "", "item": offer.item_id, "state": row.state.value,
        "price_text": worth(offer.price), "was_text": worth(offer.was), "quantity": offer.quantity,
        "per_person": offer.per_person, "begins_at": board.iso(offer.begins_at), "ends_at": board.iso(offer.ends_at),
        **({name: value for name, value in counted.items() if name != "id"} if veil.shows(row, "quantity") else {}),
    }  # fmt: skip


def taken(session_id: int) -> list[dict[str, Any]]:
    """By offer: pieces and orders that it made cheaper, coupons that are out and that are used. Figures of now."""
    return [
        {"id": number, "pieces": pieces or 0, "orders": orders or 0, "claimed": made or 0, "used": used or 0}
        for number, pieces, orders, made, used in db.session.execute(queries.taken_of_offers(session_id))
    ]


def _fits(preset: LivePreset, session: LiveSession) -> bool:
    """Amounts are those of one currency."""
    amounts = (preset.price, preset.amount, preset.least)
    return preset.currency == session.currency or all(one is None for one in amounts)


def _preset(row: LivePreset) -> dict[str, Any]:
    preset = veil.seen(row)

    def typed(amount: Any) -> str:
        return money.plain(amount, row.currency) if isinstance(amount, int) else ""

    return {
        "id": row.id, "name": preset.name, "kind": row.kind.value, "price": typed(preset.price), "amount": typed(preset.amount),
        "least": typed(preset.least), "percent": preset.percent, "quantity": preset.quantity, "per_person": preset.per_person,
        "minutes": preset.minutes, "of_item": preset.of_item,
    }  # fmt: skip
