"""Group buys of the demo: real orders, placed, paid, refunded, sent and done through the services, each at its time."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from sqlalchemy import select

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.demo import World
from app.shop.catalog.models import Sku
from app.shop.customers.models import Customer
from app.shop.customers.states import CustomerState
from app.shop.inventory.models import StockLevel
from app.shop.inventory.services import default_warehouse_id
from app.shop.marketing import services
from app.shop.marketing.models import GroupBuy, Promotion
from app.shop.orders import services as orders
from app.shop.orders.models import CloseReason, Order, PaymentMethod
from app.shop.orders.services import Wanted
from app.shop.setup.models import Channel

SIZE, HOURS, PERCENT = 3, 24, 20
SPARE = 40  # pieces that are left of an article after the groups had theirs
# (began so many days ago, paid members, members who have not paid): two are open, one is empty
GROUPS = (
    (19.3, 3, 0), (17.1, 2, 0), (15.4, 3, 0), (13.2, 1, 1), (11.6, 3, 0), (9.5, 2, 0), (8.2, 3, 0), (6.3, 1, 0), (5.1, 0, 1),
    (4.4, 3, 0), (3.2, 2, 0), (0.6, 2, 0), (0.085, 1, 1),
)  # fmt: skip
STEP, SENT, DONE = dt.timedelta(hours=2), dt.timedelta(hours=15), dt.timedelta(days=5)


def group_buys(world: World) -> None:
    chance = random.Random(f"{world.seed}:groups")
    found = _goods()
    if found is None:
        return
    channel, sku = found
    query = select(Customer.id, Customer.first_seen_at).where(
        Customer.shop_id == channel.shop_id, Customer.state == CustomerState.ACTIVE
    )  # fmt: skip
    began = world.now - dt.timedelta(days=GROUPS[0][0] + 1)
    people = [key for key, since in db.session.execute(query.order_by(Customer.id)) if since <= began]
    if len(people) < SIZE:
        return
    with clock.standing_at(began):
        promotion = services.group_buy(
            "三人拼团八折", sku_ids=[sku.id], size=SIZE, hours=HOURS, percent=PERCENT, shop_id=channel.shop_id, actor=SYSTEM
        )
    for days, paying, others in GROUPS:
        at = world.now - dt.timedelta(days=days)
        _group(world, promotion, channel, sku, at, chance.sample(people, paying + others), paying)


def _goods() -> tuple[Channel, Sku] | None:
    """A channel, and the article of which its shop has most."""
    for channel in db.session.scalars(select(Channel).where(Channel.is_active).order_by(Channel.id)):
        query = (
            select(Sku).join(StockLevel, StockLevel.sku_id == Sku.id)
            .where(StockLevel.warehouse_id == default_warehouse_id(channel.shop_id), StockLevel.available >= SPARE + len(GROUPS) * SIZE)
            .where(Sku.is_active, Sku.currency == channel.shop.currency)
            .order_by(StockLevel.available.desc(), Sku.id).limit(1)
        )  # fmt: skip
        if (sku := db.session.scalar(query)) is not None:
            return channel, sku
    return None


def _group(world: World, promotion: Promotion, channel: Channel, sku: Sku, at: dt.datetime, people: list[int], paying: int) -> None:
    """The orders of one group, each two hours after the one before, and what became of them."""
    code, made = services.code_to_begin(promotion), []
    for place, person in enumerate(people):
        with clock.standing_at(min(at + place * STEP, world.now)):
            order = orders.place([Wanted(sku.id, 1)], channel_id=channel.id, customer_id=person, codes=[code], actor=SYSTEM)
            if place < paying:
                orders.pay(order, method=PaymentMethod.WECHAT, actor=SYSTEM)
        made.append(order)
        code = db.session.scalars(select(GroupBuy.code).order_by(GroupBuy.id.desc()).limit(1)).one()
    over = at + dt.timedelta(hours=HOURS)
    if not paying:
        with clock.standing_at(at + STEP):
            orders.close(made[0], reason=CloseReason.BUYER, actor=SYSTEM)
    elif paying == SIZE:
        _send(world, made, at + len(made) * STEP)
    elif over < world.now:
        with clock.standing_at(over):
            services.end_groups()


def _send(world: World, made: list[Order], at: dt.datetime) -> None:
    """They go on together."""
    steps: tuple[tuple[dt.timedelta, Any], ...] = ((SENT, orders.ship), (SENT + DONE, orders.complete))
    for order in made:
        for after, step in steps:
            if at + after < world.now and not (step is orders.ship and orders.hindrance(order)):
                with clock.standing_at(at + after):
                    step(order, actor=SYSTEM)
