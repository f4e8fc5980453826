"""Buyers of the sessions of the demo: each sale that the feed told of is an order, so that figures and rows agree.

Those of past sessions who had a first price, a flash sale or a coupon: while the rows of a session are made, what the feed told of
them gets that price. Afterwards each of them is placed, paid, sent and done through the services, at the instant at which it
was. All others paid the platform what it told, and their orders are written in bulk.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.demo import World
from app.shop.catalog.models import Sku
from app.shop.customers.models import Customer
from app.shop.customers.states import CustomerState
from app.shop.live.demo_room import BUCKET, Room
from app.shop.live.models import (
    WHOLE,
    LiveBucket,
    LiveEvent,
    LiveItem,
    LiveOffer,
    LiveSession,
    LiveSourceBucket,
    LiveTally,
)
from app.shop.live.services import offers, prices
from app.shop.live.states import OfferKind
from app.shop.marketing.reckoning import share_of
from app.shop.marketing.states import CouponState
from app.shop.orders import services as orders
from app.shop.orders.demo_sessions import Sold
from app.shop.orders.demo_sessions import place as place_in_bulk
from app.shop.orders.models import Order, PaymentMethod

WHERE = ("country", "province", "city", "district", "street")
SENT, DONE = dt.timedelta(hours=15), dt.timedelta(days=5)
GIVEN_TO_USED = 14  # of so many coupons one is used
COURIER = "中通快递"
Row = dict[str, Any]


@dataclass(frozen=True)
class Sale:
    """An order that the feed told of, who bought, and the coupon that he used."""

    event: Row
    session: Row
    person: Row
    code: str = ""


class Till:
    """The orders of one session while its rows are not written yet."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.sold: set[int] = set()
        self.buckets = {(row["item_id"], int(row["starts_at"].timestamp())): row for row in room.mine(LiveBucket)}
        self.tallies = {row["item_id"]: row for row in room.mine(LiveTally)}
        self.sources = {(row["source"], int(row["starts_at"].timestamp())): row for row in room.mine(LiveSourceBucket)}
        self.ways = {row["viewer"]: row["source"] for row in room.viewers}

    def people(self) -> Iterator[Row]:
        """Customers of the shop who were there by then, each once."""
        shop_id = self.room.session["shop_id"]
        active = set(db.session.scalars(select(Customer.id).where(Customer.shop_id == shop_id, Customer.state == CustomerState.ACTIVE)))
        known = [one for one in self.room.world.made["customers"] if one["id"] in active and one["since"] <= self.room.begun]
        return iter(self.room.chance.sample(known, len(known)))

    def told(self, since: dt.datetime, until: dt.datetime, item_id: int | None) -> list[Row]:
        """What the feed told of in that time, of one item or of any, and no offer has yet."""
        return [
            row for row in self.room.events
            if row["kind"] == "order" and since <= row["at"] < until and row["item_id"] != WHOLE
            and item_id in (None, row["item_id"]) and row["id"] not in self.sold
        ]  # fmt: skip

    def sell(self, event: Row, person: Row, price: int, code: str = "") -> None:
        """It was bought at this price a piece, or with this coupon: in every figure in which the feed has it."""
        self.sold.add(event["id"])
        off, start = event["amount"] - price * event["n"], int(event["at"].timestamp()) // BUCKET * BUCKET
        counted = [self.buckets[WHOLE, start], self.buckets[event["item_id"], start], self.tallies[WHOLE], self.tallies[event["item_id"]]]
        if (source := self.sources.get((self.ways.get(event["viewer"], ""), start))) is not None:
            counted.append(source)
        for row in counted:
            row["gmv"] -= off
        event["amount"], event["is_paid"] = event["amount"] - off, False
        self.room.world.made.setdefault("live sales", []).append(Sale(event, self.room.session, person, code))


def at_a_price(till: Till, offer: Row, people: Iterator[Row]) -> None:
    """Of a flash sale, or of a price for the first: whoever bought its item while it ran, and while there was some of it."""
    for event in till.told(offer["begins_at"], offer["ends_at"], offer["item_id"])[: offer["quantity"]]:
        if event["n"] == 1 and (person := next(people, None)) is not None:
            till.sell(event, person, offer["price"])


def with_coupons(till: Till, offer: Row, given: Iterable[tuple[Row, Row]]) -> None:
    """Some of those to whom one was given used it, with the next order that the feed told of."""
    orders_ = iter(till.told(offer["begins_at"], offer["ends_at"], None))
    for coupon, person in list(given)[::GIVEN_TO_USED]:
        event = next((one for one in orders_ if one["at"] > coupon["issued_at"]), None)
        if event is None:
            return
        price = event["amount"] // event["n"]
        till.sell(event, person, price - share_of(price, offer["percent"]), coupon["code"])
        coupon["state"] = CouponState.ISSUED  # until its order is placed


def by_the_platform(world: World, rooms: Iterable[Room], hosts: dict[int, str]) -> None:
    """Whatever no offer has was bought at the price of the session."""
    offered = {one.event["id"] for one in world.made.get("live sales", [])}
    skus, channel = {sku["id"]: sku for sku in world.made["skus"]}, world.made["channels"]["douyin"]
    events, sold = [], []
    for room in rooms:
        people, goods = list(Till(room).people()), {item["id"]: item["sku_id"] for item in room.items}
        host = room.session["creator_id"]
        for event in room.events:
            if event["kind"] == "order" and event["id"] not in offered and goods.get(event["item_id"]):
                events.append(event)
                sold.append(Sold(
                    event["at"], f"{event['number']}-{room.id}", f"live:{room.id}", (hosts[host], str(host)), channel,
                    skus[goods[event["item_id"]]], event["n"], event["amount"] // event["n"], room.chance.choice(people or [None]),
                ))  # fmt: skip
    for event, number in zip(events, place_in_bulk(world, sold), strict=True):
        event["order_id"] = number


def place(world: World) -> None:
    """Now that all rows stand: the offers get what prices them, and the orders are placed one after the other."""
    sales: list[Sale] = sorted(world.made.pop("live sales", []), key=lambda one: (one.event["at"], one.event["id"]))
    for number in dict.fromkeys(one.session["id"] for one in sales):
        session: LiveSession = db.session.get_one(LiveSession, number)
        mine = [one for one in sales if one.session["id"] == number]
        running = _offered(session, {one.event["item_id"] for one in mine if one.code})
        for one in mine:
            _order(world, session, one)
        for offer in running:
            with clock.standing_at(offer.ends_at or session.ended_at or world.now):
                offers.switch(offer, False)
    db.session.flush()


def _offered(session: LiveSession, items: set[int]) -> list[LiveOffer]:
    """What prices its orders: its flash sales, its first prices, and of what was bought with a coupon the price of the session."""
    found = list(db.session.scalars(select(LiveOffer).where(LiveOffer.session_id == session.id).order_by(LiveOffer.begins_at)))
    for offer in found:
        if offer.kind is not OfferKind.COUPON:
            with clock.standing_at(offer.begins_at):
                offers.price_it(session, prices.goods_of(offer.item), offer)
    with clock.standing_at(session.begun_at or session.starts_at):
        for item in db.session.scalars(select(LiveItem).where(LiveItem.id.in_(items)).order_by(LiveItem.id)):
            found.append(prices.price_it(session, item, prices.goods_of(item)))
    db.session.flush()
    return found


def _order(world: World, session: LiveSession, sale: Sale) -> None:
    at, person = sale.event["at"], sale.person
    item: LiveItem = db.session.get_one(LiveItem, sale.event["item_id"])
    sku: Sku = db.session.get_one(Sku, item.sku_id)

    def told(order: Order, _is_new: bool) -> None:
        table = LiveEvent.__table__
        db.session.execute(update(table).where(table.c.id == sale.event["id"]).values(order_id=order.id))

    incoming = orders.Incoming(
        channel_id=session.channel_id, external_number=f"{sale.event['number']}-{session.id}", lines=((sku.code, sale.event["n"], None, ""),),
        buyer={"buyer_name": person["name"], "buyer_phone": person["phone"], **{name: person[name] for name in WHERE}},
        paid=orders.Paid(PaymentMethod.PLATFORM), placed_at=at, creator=orders.Creator(session.creator.name, str(session.creator_id)),
        codes=(sale.code,) if sale.code else (), session_key=session.topic,
    )  # fmt: skip
    with clock.standing_at(at):
        order, _is_new = orders.take_in(incoming, actor=SYSTEM, told=told)
    if orders.hindrance(order):
        return
    if at + SENT < world.now:
        with clock.standing_at(at + SENT):
            orders.ship(order, actor=SYSTEM, courier=COURIER)
    if at + SENT + DONE < world.now:
        with clock.standing_at(at + SENT + DONE):
            orders.complete(order, actor=SYSTEM)
