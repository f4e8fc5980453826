"""The price of a session is real: while an item is listed on air, its live price is a promotion of this session.

Promotions follow the items after every command, so that what the screens show and what an order pays never part: listed is
on; suspended, delisted or ended is off.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from app.panel.core import clock, money, policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.shop.catalog.models import Sku
from app.shop.live import queries
from app.shop.live.models import LiveAction, LiveItem, LiveOffer, LiveSession
from app.shop.live.permissions import SESSION
from app.shop.live.services.commands import Effect, follows_items, obey, seen, undoes
from app.shop.live.states import ItemKind, ItemState, OfferKind, OfferState, SessionState
from app.shop.marketing import services as marketing
from app.shop.orders.pricing import PriceRequest, quote

OFFER = "offer"  # the right to give prices and other offers


def typed(text: str, currency: str, name: str) -> int:
    """An amount as somebody typed it, more than nothing."""
    try:
        amount = money.parse(text.strip(), currency)
    except ValueError as error:
        raise InvalidInput({name: str(error)}) from None
    if not 0 < amount <= money.MAX_MINOR:
        raise InvalidInput({name: _("An amount is more than nothing.")})
    return amount


def goods_of(item: LiveItem) -> list[int]:
    """The SKUs that a line of the run sheet sells in the currency of its session."""
    wanted = Sku.id == item.sku_id if item.sku_id else Sku.product_id == item.product_id
    query = select(Sku.id).where(wanted, Sku.currency == item.currency, or_(Sku.is_active, Sku.id == item.sku_id))
    return list(db.session.scalars(query.order_by(Sku.id)))


def in_force(session: LiveSession, sku_ids: Iterable[int]) -> list[int]:
    """What each SKU costs in an order of this session at this moment."""
    lines = tuple((sku_id, 1) for sku_id in sku_ids)
    if not lines:
        return []
    found = quote(PriceRequest(
        shop_id=session.shop_id, channel_id=session.channel_id, currency=session.currency, lines=lines, at=clock.now(),
        session=session.topic,
    ))  # fmt: skip
    return [line.unit_price for line in found.lines]


def change(
    session_id: int, item_id: int, price: str, *, actor: Any, key: str, expected_version: int | None = None
) -> dict[str, Any]:
    """Give an item another price in this session, from now on; what was ordered before stands."""

    def work(session: LiveSession) -> Effect:
        item = seen(LiveItem, session, item_id, expected_version)
        new, before = typed(price, item.currency, "price"), item.live_price
        if item.kind is ItemKind.DEMO:
            raise DomainError(_("A demonstration has no price."))
        if new == before:
            raise DomainError(_("That is its price already."))
        must_be_felt(session, item, new)
        item.live_price = new
        return said(item, before)

    return obey(session_id, "price", {"item": item_id, "price": price}, work, actor=actor, right=OFFER, key=key)


def said(item: LiveItem, before: int | None) -> Effect:
    """What a new price is in the log, and how it is taken back."""
    shown = money.writer()
    was = shown(before, item.currency) if before is not None else "–"
    told = _(
        "%(item)s: %(price)s instead of %(was)s.",
        item=str(item),
        price=shown(item.live_price or 0, item.currency),
        was=was,
    )
    return Effect(told, item, {"item": item.id, "price": before, "set": item.live_price})


def must_be_felt(session: LiveSession, item: LiveItem, price: int) -> None:
    """A session price above the list would be said and never charged.

    :raises DomainError: when nobody would pay it
    """
    plain = PriceRequest(
        shop_id=session.shop_id, channel_id=session.channel_id, currency=item.currency, at=clock.now(),
        lines=tuple((sku_id, 1) for sku_id in goods_of(item)),
    )  # fmt: skip
    usual = [line.unit_price for line in quote(plain).lines] if plain.lines else []
    if usual and price > max(usual):
        shown = money.format(max(usual), item.currency)
        raise DomainError(
            _("It costs %(price)s anyway; a session price is not above that.", price=shown), field="price"
        )


@undoes("price")
def _undo(session: LiveSession, action: LiveAction, before: dict[str, Any]) -> LiveItem:
    item = seen(LiveItem, session, before["item"], None)
    if item.live_price != before["set"]:
        raise DomainError(_("“%(item)s” has another price by now; this cannot be taken back.", item=str(item)))
    item.live_price = before["price"]
    return item


@follows_items
def settle(session: LiveSession) -> None:
    """Switch the promotion of every item on or off, as the item stands now. A rehearsal prices nothing."""
    if session.is_practice:
        return
    mine = select(LiveOffer).where(LiveOffer.session_id == session.id, LiveOffer.kind == OfferKind.PRICE)
    known = {row.item_id: row for row in db.session.scalars(mine.options(joinedload(LiveOffer.promotion)))}
    for item in db.session.scalars(queries.items_of(session.id)):
        on = session.state is SessionState.LIVE and item.state is ItemState.LISTED and item.live_price is not None
        _follow(session, item, known.get(item.id), on)


def _follow(session: LiveSession, item: LiveItem, offer: LiveOffer | None, on: bool) -> None:
    if offer is None or offer.promotion is None:
        if on and (goods := goods_of(item)):
            price_it(session, item, goods, offer)
        return
    if not on:
        if offer.promotion.is_active:
            marketing.switch(offer.promotion, False, actor=SYSTEM)
            offer.state, offer.stopped_at = OfferState.STOPPED, clock.now()
        return
    if offer.promotion.is_active and offer.promotion.price == item.live_price:
        return
    marketing.reprice(offer.promotion, item.live_price or 0, sku_ids=goods_of(item), actor=SYSTEM)
    marketing.switch(offer.promotion, True, actor=SYSTEM)
    offer.price, offer.state, offer.stopped_at = item.live_price, OfferState.RUNNING, None


def price_it(session: LiveSession, item: LiveItem, goods: list[int], offer: LiveOffer | None = None) -> LiveOffer:
    """The right that was asked is that of the desk; the promotion is its own."""
    promotion = marketing.price_for_session(
        session.topic, f"{session.title}: {item}", sku_ids=goods, price=item.live_price, actor=SYSTEM, shop_id=session.shop_id,
        currency=item.currency,
    )  # fmt: skip
    if offer is None:
        offer = LiveOffer(
            session_id=session.id, item_id=item.id, kind=OfferKind.PRICE, name=str(item)[:80], currency=item.currency,
            begins_at=clock.now(),
        )  # fmt: skip
        db.session.add(offer)
    offer.promotion, offer.price, offer.state = promotion, item.live_price, OfferState.RUNNING
    return offer


def may(actor: Any) -> bool:
    return policy.allowed(actor, OFFER, SESSION)
