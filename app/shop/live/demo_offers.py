"""What is offered in the session of the demo that is on air: its prices in force, a coupon, a flash sale; and the presets.

And what was offered in those before: coupons of which some were given out and some used, a flash sale, a first price.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select, update

from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.demo import World, part
from app.panel.core.transaction import transactional
from app.shop.live import demo_sales, queries
from app.shop.live.demo_room import Room
from app.shop.live.models import LiveOffer, LiveSession
from app.shop.live.services import offers, presets, prices
from app.shop.live.states import ItemState, OfferKind, OfferState, SessionState
from app.shop.marketing.models import Coupon, CouponBatch, Promotion
from app.shop.marketing.states import Benefit, CouponState, Occasion, OnRefund


@part(90)  # promotions and coupons of the demo have their numbers by then
def offered(world: World) -> None:
    with force_locale("zh_Hans_CN"):
        presets.ensure()
        demo_sales.place(world)
        next_one = select(LiveSession.id).where(LiveSession.state == SessionState.READY).order_by(LiveSession.starts_at).limit(1)
        if number := db.session.scalar(next_one):
            mine = update(Promotion.__table__).where(Promotion.id == world.made["promotion of a session"])  # type: ignore[arg-type]
            db.session.execute(mine.values(session_key=f"live:{number}"))
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


# part of the session, kind, name, percent off, quantity, minutes
OFFERED = (
    (0.08, OfferKind.FIRST, "前 50 单九折", 10, 50, 12), (0.42, OfferKind.FLASH, "整点秒杀八折", 20, 30, 4),
    (0.7, OfferKind.COUPON, "直播间专享九五折券", 5, 100, 30),
)  # fmt: skip
GIVEN = 0.12  # coupons for each viewer at once


def were(room: Room) -> None:
    """What was started from the desk of a session that is over, and who bought for it."""
    till = demo_sales.Till(room)
    people = till.people()
    for part_, kind, name, percent, quantity, minutes in OFFERED:
        at, slot = room.at(part_), room.shown(room.at(part_))
        item = next((one for one in room.items if slot and one["id"] == slot["item_id"] and one["live_price"]), None)
        is_coupon = kind is OfferKind.COUPON
        if item is None and not is_coupon:
            continue
        price = None if is_coupon or item is None else item["live_price"] * (100 - percent) // 100
        ends = at + dt.timedelta(minutes=minutes)
        batch, given = _coupons(room, name, at, ends, percent, quantity, people) if is_coupon else (None, [])
        row = room.world.add(
            LiveOffer, at, session_id=room.id, item_id=None if is_coupon or item is None else item["id"], kind=kind, name=name,
            state=OfferState.STOPPED, promotion_id=None, batch_id=batch,
            currency="CNY", price=price, was=None if price is None or item is None else item["live_price"], amount=None,
            percent=percent if is_coupon else None, least=None, quantity=quantity, per_person=1, begins_at=at, ends_at=ends,
            stopped_at=ends,
        )  # fmt: skip
        told: Any = SimpleNamespace(**row, item=room.name_of(row["item_id"]))
        said = _("%(offer)s: %(said)s", offer=kind.label, said=offers.said(told))
        room.log(at, "offer", said, row["item_id"])
        if is_coupon:
            demo_sales.with_coupons(till, row, given)
        else:
            demo_sales.at_a_price(till, row, people)


def _coupons(
    room: Room, name: str, at: dt.datetime, ends: dt.datetime, percent: int, total: int, people: Iterator[dict[str, Any]]
) -> tuple[int, list[tuple[dict[str, Any], dict[str, Any]]]]:
    """Given out by the service desk to customers among the viewers: the batch, and the coupons with who got them."""
    world = room.world
    batch = world.add(
        CouponBatch, at, name=f"{room.session['title']}: {name}", occasion=Occasion.LIVE, is_active=True, benefit=Benefit.PERCENT,
        amount=None, percent=percent, cap=None, least=None, currency="CNY", shop_id=room.session["shop_id"], channel_id=None,
        session_key=f"live:{room.id}", valid_from_at=None, valid_until_at=ends, valid_days=None, total=total, per_person=1,
        sleeping_days=90, stacks=False, on_refund=OnRefund.STAYS, made=0,
    )  # fmt: skip
    given = []
    for number, person in enumerate(itertools.islice(people, min(int(room.watching(at) * GIVEN), total))):
        issued = at + dt.timedelta(seconds=20 * number)
        code = hashlib.sha256(f"{world.seed}:live-coupon:{room.id}:{number}".encode()).hexdigest()[:12].upper()
        row = world.add(
            Coupon, issued, code=code, batch_id=batch["id"], issued_at=issued, expires_at=ends, customer_id=person["id"], order_id=None,
            redeemed_at=None, voided_at=None, why=None, cause=None, state=CouponState.EXPIRED,
        )  # fmt: skip
        world.tell(Coupon, [row["id"]])
        given.append((row, person))
    batch["made"] = len(given)
    return int(batch["id"]), given
