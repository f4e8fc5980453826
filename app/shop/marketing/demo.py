"""Promotions and coupons of the demo: what came off its past orders is what these rules take off, order by order."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from typing import Any

from sqlalchemy import select

from app.panel.core.db import db
from app.panel.core.demo import World, part
from app.shop.customers.models import Customer
from app.shop.marketing.demo_groups import group_buys
from app.shop.marketing.models import Coupon, CouponBatch, PriceUse, Promotion, PromotionTier
from app.shop.marketing.states import (
    Audience,
    Benefit,
    CouponState,
    Occasion,
    OnRefund,
    PartRefund,
    PromotionKind,
    Stacking,
    UseState,
)
from app.shop.orders.models import Order

BEGAN = dt.timedelta(days=400)
TIERS = ((20000, 2500), (30000, 4000), (50000, 8000))
TEN = (9900, 1000)  # from 99 yuan ten off: that is the coupon; more came off by the full reduction
UNUSED = 0.38  # coupons beside each used one that nobody used
# name, occasion, amount off, from, given to so many, used in none
OTHERS = (
    ("新客专享5元券", Occasion.NEWCOMER, 500, 5900, 40), ("生日礼券20元", Occasion.BIRTHDAY, 2000, 12900, 12),
    ("老客回归券15元", Occasion.WIN_BACK, 1500, 9900, 30),
)  # fmt: skip


@part(60)
def marketing(world: World) -> None:
    reduction = _promotions(world)
    batch = _batch(world, "满99减10券", Occasion.GENERAL, TEN[1], TEN[0])
    orders = db.session.execute(
        select(Order.id, Order.customer_id, Order.discount, Order.placed_at, Order.paid_at, Order.closed_at, Order.currency)
        .where(Order.discount > 0, Order.placed_at < world.now).order_by(Order.id)
    ).all()  # fmt: skip
    for order in orders:
        released = order.paid_at is None and order.closed_at is not None
        if order.discount == TEN[1] and order.customer_id is not None:
            coupon = _used(world, batch, order, released)
            _use(world, order, released, coupon_id=coupon["id"])
        elif order.discount != TEN[1]:
            _use(world, order, released, promotion_id=reduction["id"])
    _unused(world, batch, sum(one["batch_id"] == batch["id"] for one in world.rows[Coupon]))
    for row in world.rows[CouponBatch]:
        row["made"] = sum(one["batch_id"] == row["id"] for one in world.rows[Coupon])
    world.tell(Coupon, [row["id"] for row in world.rows[Coupon]])
    world.flush(Promotion, PromotionTier, CouponBatch, Coupon, PriceUse)


def _promotions(world: World) -> dict[str, Any]:
    """The full reduction that past orders show, and some that come, run, or are over."""
    reduction = _promotion(world, "全场满减", PromotionKind.REDUCTION)
    for least, off in TIERS:
        world.add(PromotionTier, promotion_id=reduction["id"], currency="CNY", least=least, off=off, gift_id=None, gift_quantity=1)
    soon = world.now + dt.timedelta(days=3)
    _promotion(
        world, "新人专享九折", PromotionKind.SPECIAL, percent=10, audience=Audience.NEWCOMERS, per_person=1, priority=50,
        is_active=False,
    )  # fmt: skip
    _promotion(
        world, "周末秒杀", PromotionKind.SECKILL, percent=30, limit_pieces=50, per_person=1, begins_at=soon,
        ends_at=soon + dt.timedelta(hours=2), stacking=Stacking.ALONE, priority=10,
    )  # fmt: skip
    hundred = _promotion(
        world, "直播间前100名立减10元", PromotionKind.FIRST, off=1000, limit_orders=100, session_key="live:demo"
    )
    world.made["promotion of a session"] = hundred["id"]  # which one is said by whoever has some
    return reduction


def _promotion(world: World, name: str, kind: PromotionKind, **values: Any) -> dict[str, Any]:
    usual = {
        "is_active": True, "begins_at": world.now - BEGAN, "ends_at": None, "currency": "CNY", "price": None, "off": None,
        "percent": None, "audience": Audience.EVERYBODY, "shop_id": None, "channel_id": None, "session_key": None,
        "limit_pieces": None, "limit_orders": None, "per_person": None, "priority": 100, "stacking": Stacking.ALL,
        "part_refund": PartRefund.RECOMPUTE, "taken_pieces": 0, "taken_orders": 0,
    }  # fmt: skip
    return world.add(Promotion, world.now - BEGAN, name=name, kind=kind, **(usual | values))


def _batch(world: World, name: str, occasion: Occasion, amount: int, least: int) -> dict[str, Any]:
    return world.add(
        CouponBatch, world.now - BEGAN, name=name, occasion=occasion, is_active=True, benefit=Benefit.AMOUNT, amount=amount,
        percent=None, cap=None, least=least, currency="CNY", shop_id=None, channel_id=None, session_key=None,
        valid_from_at=None, valid_until_at=None, valid_days=30, total=None, per_person=100, sleeping_days=90, stacks=False,
        on_refund=OnRefund.STAYS, made=0,
    )  # fmt: skip


def _coupon(world: World, batch: dict[str, Any], at: dt.datetime, **values: Any) -> dict[str, Any]:
    number = len(world.rows[Coupon])
    code = base64.b32encode(hashlib.sha256(f"{world.seed}:coupon:{number}".encode()).digest()).decode()[:11] + str(number % 6 + 2)
    ends = at + dt.timedelta(days=30)
    usual = {
        "customer_id": None, "order_id": None, "redeemed_at": None, "voided_at": None, "why": None, "cause": None,
        "state": CouponState.ISSUED if ends > world.now else CouponState.EXPIRED,
    }  # fmt: skip
    return world.add(
        Coupon, at, code=code, batch_id=batch["id"], issued_at=at, expires_at=ends, **(usual | values)
    )  # fmt: skip


def _used(world: World, batch: dict[str, Any], order: Any, released: bool) -> dict[str, Any]:
    """The coupon of an order; one that nobody paid has given it back."""
    given = order.placed_at - dt.timedelta(hours=world.random.uniform(1, 400))
    if released:
        return _coupon(world, batch, given, customer_id=order.customer_id)
    state = CouponState.RESERVED if order.paid_at is None else CouponState.REDEEMED
    return _coupon(
        world, batch, given, customer_id=order.customer_id, order_id=order.id, redeemed_at=order.paid_at, state=state
    )  # fmt: skip


def _use(world: World, order: Any, released: bool, promotion_id: int | None = None, coupon_id: int | None = None) -> None:
    world.add(
        PriceUse, order.placed_at, order_id=order.id, promotion_id=promotion_id, coupon_id=coupon_id, customer_id=order.customer_id,
        state=UseState.RELEASED if released else UseState.TAKEN, currency=order.currency, amount=order.discount, pieces=0,
        used_at=order.placed_at, is_counted=False, terms=None,
    )  # fmt: skip


def _unused(world: World, batch: dict[str, Any], used: int) -> None:
    """Coupons that customers hold or have let expire."""
    people = list(db.session.execute(select(Customer.id, Customer.first_seen_at).order_by(Customer.id)))
    wishes = [(batch, int(used * UNUSED))]
    wishes += [(_batch(world, name, occasion, amount, least), count) for name, occasion, amount, least, count in OTHERS]
    for which, count in wishes:
        for key, since in world.random.sample(people, min(count, len(people))):
            at = max(since, world.now - dt.timedelta(days=world.random.uniform(0, 120)))
            _coupon(world, which, min(at, world.now), customer_id=key)


part(80)(group_buys)  # after the orders of the past, before those of the sessions
