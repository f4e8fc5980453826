"""Offers that the control desk starts in a session: a coupon, a flash sale, a price for the first orders.

Each is a command; what it is worth to an order is a promotion or a batch of coupons of marketing, bound to the orders of
this session. It stops by itself at the end of its time, by the clock of the server, and when all of it is gone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.panel.core import clock, money
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput, NotFound
from app.panel.core.transaction import transactional
from app.shop.customers.models import Customer
from app.shop.live import queries
from app.shop.live.models import LiveAction, LiveItem, LiveOffer, LiveSession
from app.shop.live.services.commands import Effect, obey, seen, undoes
from app.shop.live.services.prices import OFFER, goods_of, in_force, typed
from app.shop.live.states import ItemKind, ItemState, OfferKind, OfferState, SessionState
from app.shop.marketing import services as marketing
from app.shop.marketing.models import Coupon

MOST, LONGEST = 100_000, 600
PAIR_OFF, PAIR_COUPONS = 10, 100  # percent off two items that are bought together, and for how many buyers
STARTED = (OfferKind.COUPON, OfferKind.FLASH, OfferKind.FIRST)


@dataclass(frozen=True)
class Wanted:
    """What the desk asks for. Amounts as they were typed, in the session's currency; an empty text says nothing."""

    kind: OfferKind
    name: str = ""
    item_id: int | None = None
    price: str = ""
    percent: int | None = None
    amount: str = ""
    least: str = ""
    quantity: int | None = None
    per_person: int | None = None
    minutes: int | None = None

    def kept(self) -> dict[str, Any]:
        """As the log keeps it, and as a repeat has to say it again."""
        return {name: value for name, value in vars(self).items() if value not in ("", None)} | {
            "kind": self.kind.value
        }


def start(session_id: int, wanted: Wanted, *, actor: Any, key: str) -> dict[str, Any]:
    """Start an offer. It can be taken back while nobody has used it.

    :raises InvalidInput: when it says too little, or something that makes no sense
    """

    def work(session: LiveSession) -> Effect:
        _check(wanted)
        item = _item(session, wanted)
        now = clock.now()
        offer = LiveOffer(
            session_id=session.id, item=item, kind=wanted.kind, name=wanted.name.strip()[:80], currency=session.currency,
            quantity=wanted.quantity, per_person=wanted.per_person, begins_at=now, state=OfferState.RUNNING,
            ends_at=now + dt.timedelta(minutes=wanted.minutes) if wanted.minutes else None,
        )  # fmt: skip
        _terms(session, item, wanted, offer)
        offer.name = offer.name or said(offer)[:80]
        _set_up(session, goods_of(item) if item is not None else [], offer)
        told = _("%(offer)s: %(said)s", offer=offer.kind.label, said=said(offer))
        return Effect(told, item, {"offer": offer.id}, {"offer": offer.id})

    return obey(session_id, "offer", wanted.kept(), work, actor=actor, right=OFFER, key=key)


def _check(wanted: Wanted) -> None:
    errors: dict[str, object] = {}
    if wanted.kind not in STARTED:
        errors["kind"] = _("Choose one from the list.")
    if wanted.quantity is None or not 0 < wanted.quantity <= MOST:
        errors["quantity"] = _("From 1 to %(n)s.", n=MOST)
    if wanted.per_person is not None and not 0 < wanted.per_person <= MOST:
        errors["per_person"] = _("From 1 to %(n)s.", n=MOST)
    if wanted.percent is not None and not 0 < wanted.percent < 100:
        errors["percent"] = _("From 1 to %(n)s.", n=99)
    if wanted.minutes is not None and not 0 < wanted.minutes <= LONGEST:
        errors["minutes"] = _("From 1 to %(n)s.", n=LONGEST)
    elif wanted.minutes is None and wanted.kind is OfferKind.FLASH:
        errors["minutes"] = _("This is needed.")
    field = "amount" if wanted.kind is OfferKind.COUPON else "price"
    if bool(getattr(wanted, field)) == (wanted.percent is not None):
        errors[field] = _("Say one of these: an amount, or percent.")
    if errors:
        raise InvalidInput(errors)


def _item(session: LiveSession, wanted: Wanted) -> LiveItem | None:
    """The item that it is about; a coupon may be for all goods, a price is that of a listed item."""
    if wanted.item_id is None:
        if wanted.kind is not OfferKind.COUPON:
            raise InvalidInput({"item": _("Choose one from the list.")})
        return None
    item = seen(LiveItem, session, wanted.item_id, None)
    if item.kind is ItemKind.DEMO or not goods_of(item):
        raise DomainError(_("A demonstration has no price."))
    if wanted.kind is not OfferKind.COUPON and item.state is not ItemState.LISTED:
        raise DomainError(_("“%(item)s” is “%(state)s”. List it first.", item=str(item), state=item.state.label))
    return item


def _terms(session: LiveSession, item: LiveItem | None, wanted: Wanted, offer: LiveOffer) -> None:
    """Its amounts. Percent of a price are reckoned once, of what the item costs now, so that everybody sees one price."""
    if wanted.kind is OfferKind.COUPON or item is None:
        offer.percent = wanted.percent
        offer.amount = typed(wanted.amount, session.currency, "amount") if wanted.amount else None
        offer.least = typed(wanted.least, session.currency, "least") if wanted.least.strip(" 0.") else None
        if offer.amount is not None and offer.least is not None and offer.amount > offer.least:
            raise InvalidInput({"amount": _("More comes off than the goods are worth.")})
        return
    now = in_force(session, goods_of(item))
    offer.was = max(now)
    if wanted.percent is not None:
        offer.price = max(1, min(now) * (100 - wanted.percent) // 100)
    else:
        offer.price = typed(wanted.price, session.currency, "price")
    if offer.price >= min(now):
        shown = money.format(min(now), session.currency)
        raise DomainError(_("It costs %(price)s now; an offer is below that.", price=shown), field="price")


def pair(session: LiveSession, item: LiveItem, other: LiveItem) -> LiveOffer:
    """Start a coupon for two items together: a tenth comes off from what both cost now. A part of a command.

    A session price lets coupons count beside it and no other promotion, so it is a coupon.
    """
    sold = [goods_of(one) for one in (item, other)]
    if not all(sold):
        raise DomainError(_("A demonstration has no price."))
    both = sum(min(in_force(session, goods)) for goods in sold)
    offer = LiveOffer(
        session_id=session.id, item=item, kind=OfferKind.COUPON, name=f"{item} + {other}"[:80], currency=session.currency,
        amount=max(1, both * PAIR_OFF // 100), least=both, quantity=PAIR_COUPONS, per_person=1, begins_at=clock.now(),
        state=OfferState.RUNNING,
    )  # fmt: skip
    _set_up(session, [*sold[0], *sold[1]], offer)
    return offer


def _set_up(session: LiveSession, goods: list[int], offer: LiveOffer) -> None:
    if not session.is_practice:
        price_it(session, goods, offer)
    db.session.add(offer)
    db.session.flush()


def price_it(session: LiveSession, goods: list[int], offer: LiveOffer) -> None:
    """Make what prices it. The right that was asked is that of the desk; the promotion is its own."""
    where = {"actor": SYSTEM, "shop_id": session.shop_id, "currency": session.currency}
    name = f"{session.title}: {offer.name}"
    if offer.kind is OfferKind.COUPON:
        offer.batch = marketing.coupons_for_session(
            session.topic, name, amount=offer.amount, percent=offer.percent, least=offer.least, sku_ids=goods, total=offer.quantity,
            per_person=offer.per_person or 1, valid_until_at=offer.ends_at, **where,
        )  # fmt: skip
    elif offer.kind is OfferKind.FLASH:
        offer.promotion = marketing.flash_sale(
            name, sku_ids=goods, price=offer.price, stock=offer.quantity or 0, begins_at=offer.begins_at, ends_at=offer.ends_at,
            session_key=session.topic, per_person=offer.per_person, **where,
        )  # fmt: skip
    else:
        offer.promotion = marketing.first_orders(
            name, sku_ids=goods, limit=offer.quantity or 0, price=offer.price, session_key=session.topic,
            begins_at=offer.begins_at, ends_at=offer.ends_at, per_person=offer.per_person, **where,
        )  # fmt: skip


def said(offer: LiveOffer) -> str:
    """Its terms in a few words."""
    shown, code = money.writer(), offer.currency
    if offer.kind is OfferKind.COUPON:
        off = (
            _("%(n)s%% off", n=offer.percent)
            if offer.percent
            else _("%(amount)s off", amount=shown(offer.amount, code))
        )
        worth = _("%(off)s from %(least)s", off=off, least=shown(offer.least, code)) if offer.least else off
        return _("%(worth)s, %(n)s coupons", worth=worth, n=offer.quantity)
    price, was = shown(offer.price, code), shown(offer.was, code)
    told = {"item": str(offer.item), "price": price, "was": was, "n": offer.quantity}
    if offer.kind is OfferKind.FLASH:
        return _("%(item)s for %(price)s instead of %(was)s, %(n)s pieces", **told)
    return _("%(item)s for %(price)s instead of %(was)s, the first %(n)s orders", **told)


def stop(session_id: int, offer_id: int, *, actor: Any, key: str) -> dict[str, Any]:
    """End it early: later orders pay what they pay, coupons that are out go on counting."""

    def work(session: LiveSession) -> Effect:
        offer = _locked(session, offer_id)
        if offer.state is not OfferState.RUNNING:
            raise DomainError(_("“%(offer)s” has been stopped.", offer=offer.name))
        switch(offer, False)
        return Effect(_("Stopped: %(offer)s", offer=offer.name), offer.item, {"offer": offer.id})

    return obey(session_id, "stop_offer", {"offer": offer_id}, work, actor=actor, right=OFFER, key=key)


def switch(offer: LiveOffer, on: bool) -> None:
    """On or off, with what prices it."""
    if offer.promotion is not None:
        marketing.switch(offer.promotion, on, actor=SYSTEM)
    offer.state = OfferState.RUNNING if on else OfferState.STOPPED
    offer.stopped_at = None if on else clock.now()


def _locked(session: LiveSession, offer_id: int) -> LiveOffer:
    """An offer of this session that the desk started, ours until the commit."""
    query = queries.started_offers(session.id).where(LiveOffer.id == offer_id).with_for_update(of=LiveOffer)
    offer: LiveOffer | None = db.session.scalars(query.execution_options(populate_existing=True)).first()
    if offer is None:
        raise NotFound(_("There is nothing here."))
    return offer


@undoes("stop_offer")
def _start_again(session: LiveSession, _action: LiveAction, before: dict[str, Any]) -> LiveItem | None:
    offer = _locked(session, before["offer"])
    if offer.state is not OfferState.STOPPED or (offer.ends_at is not None and offer.ends_at <= clock.now()):
        raise DomainError(_("Its time is over; this cannot be taken back."))
    switch(offer, True)
    item: LiveItem | None = offer.item
    return item


@undoes("offer")
def take_back(session: LiveSession, _action: LiveAction, before: dict[str, Any]) -> LiveItem | None:
    """Nobody has used it: it never was. Otherwise it can only be stopped."""
    offer = _locked(session, before["offer"])
    if offer.promotion is not None:
        promotion = offer.promotion
        db.session.refresh(promotion, with_for_update=True)  # whoever orders under it at this moment waits
        if promotion.taken_orders or promotion.taken_pieces:
            raise DomainError(_("%(n)s orders have it already. Stop it instead.", n=promotion.taken_orders))
        marketing.switch(promotion, False, actor=SYSTEM)
    if offer.batch is not None:
        marketing.withdraw(offer.batch, actor=SYSTEM, why=_("Taken back at the control desk."))
    offer.state, offer.stopped_at = OfferState.UNDONE, clock.now()
    item: LiveItem | None = offer.item
    return item


def end_all(session: LiveSession) -> None:
    """The session is over: what ran in it runs no more."""
    for offer in db.session.scalars(queries.started_offers(session.id).where(LiveOffer.state == OfferState.RUNNING)):
        switch(offer, False)


@transactional
def claim(session_id: int, offer_id: int, cause: str, *, customer: Customer | None = None) -> Coupon:
    """Give out one coupon of an offer that runs; the same `cause` again returns the first one.

    :raises DomainError: when it is over, or all are gone
    """
    known: Coupon | None = db.session.query(Coupon).filter_by(cause=cause).one_or_none()
    if known is not None:
        return known
    session = db.session.get(LiveSession, session_id)
    if session is None:
        raise NotFound(_("There is nothing here."))
    offer = _locked(session, offer_id)
    late = offer.ends_at is not None and offer.ends_at <= clock.now()
    if offer.batch is None or offer.state is not OfferState.RUNNING or late:
        raise DomainError(_("“%(offer)s” is over.", offer=offer.name))
    coupon: Coupon = marketing.issue(offer.batch, customer, actor=SYSTEM, cause=cause)
    return coupon


def give(
    session_id: int, offer_id: int, *, actor: Any, key: str, right: str, customer_id: int | None = None
) -> dict[str, Any]:
    """A code for a viewer, to be told to him; pressed twice it is one code."""

    def work(session: LiveSession) -> Effect:
        if session.is_practice:
            raise DomainError(_("A rehearsal gives no coupons."))
        customer = db.session.get(Customer, customer_id) if customer_id is not None else None
        if customer is not None and customer.shop_id != session.shop_id:
            raise NotFound(_("There is nothing here."))
        coupon = claim(session.id, offer_id, f"live:{session.id}:{actor.id}:{key}"[:80], customer=customer)
        return Effect(_("Coupon code: %(code)s", code=coupon.code), None, None, {"code": coupon.code})

    values = {"offer": offer_id, "customer": customer_id}
    return obey(session_id, "give_coupon", values, work, actor=actor, right=right, key=key, states=(SessionState.LIVE,))
