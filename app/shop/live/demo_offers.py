"""What is offered in the session of the demo that is on air: its prices in force, a coupon, a flash sale; and the presets."""

from __future__ import annotations

from flask_babel import force_locale
from sqlalchemy import select

from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.demo import World, part
from app.panel.core.transaction import transactional
from app.shop.live import queries
from app.shop.live.models import LiveSession
from app.shop.live.services import offers, presets, prices
from app.shop.live.states import ItemState, OfferKind, SessionState


@part(90)  # promotions and coupons of the demo have their numbers by then
def offered(_world: World) -> None:
    with force_locale("zh_Hans_CN"):
        presets.ensure()
        for session in db.session.scalars(select(LiveSession).where(LiveSession.state == SessionState.LIVE)).all():
            _offer(session)


@transactional
def _offer(session: LiveSession) -> None:
    prices.settle(session)
    items = [item for item in db.session.scalars(queries.items_of(session.id)) if item.state is ItemState.LISTED]
    up = next((item for item in items if item.pinned_at is not None), items[-1] if items else None)
    if up is None or up.live_price is None:
        return
    number = session.id
    coupon = offers.Wanted(OfferKind.COUPON, "直播间专享九五折券", percent=5, quantity=100, per_person=1)
    flash = offers.Wanted(OfferKind.FLASH, "", up.id, percent=20, quantity=30, per_person=1, minutes=120)
    for name, wanted in (("coupon", coupon), ("flash", flash)):
        offers.start(number, wanted, actor=SYSTEM, key=f"demo-{name}-{number}")
