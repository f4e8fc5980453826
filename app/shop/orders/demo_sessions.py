"""Orders that were placed in sessions of the demo: one article each, paid to the platform at once, sent and done in their time."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from app.panel.core.db import db
from app.panel.core.demo import World
from app.shop.inventory.demo_more import book_more
from app.shop.inventory.services import default_warehouse_id
from app.shop.orders.demo import Book, hold, log, move, parcel
from app.shop.orders.models import (
    Order,
    OrderCounter,
    OrderLine,
    OrderSource,
    OrderState,
    OrderStateLog,
    Payment,
    PaymentMethod,
    RefundState,
    ReviewState,
    Shipment,
    ShipmentLine,
)

SENT, DONE, BY = dt.timedelta(hours=15), dt.timedelta(days=5), dt.timedelta(hours=48)
WHERE = ("province", "city", "district", "street")


@dataclass(frozen=True)
class Sold:
    """What was bought, at which price a piece, and by whom. `channel`, `sku` and `buyer` are as the world made them."""

    at: dt.datetime
    number: str
    session_key: str
    creator: tuple[str, str]
    channel: dict[str, Any]
    sku: dict[str, Any]
    quantity: int
    unit_price: int
    buyer: dict[str, Any] | None


def place(world: World, sold: Iterable[Sold]) -> list[int]:
    """Write them with all that services would have written; their numbers, in the same order."""
    book = Book(world)
    book.chance = random.Random(world.seed * 6113)
    counters = OrderCounter.__table__.c
    known = {(shop, day): last for shop, day, last in db.session.execute(select(counters.shop_id, counters.day, counters.last))}
    book.numbers.update(known)
    for one in sold:
        _order(book, one)
    world.flush(Order, OrderLine, Payment, Shipment, ShipmentLine, OrderStateLog)
    for (shop, day), last in book.numbers.items():
        mine = (counters.shop_id == shop) & (counters.day == day)
        if (shop, day) not in known:
            db.session.execute(insert(OrderCounter.__table__).values(shop_id=shop, day=day, last=last))
        elif known[shop, day] != last:
            db.session.execute(update(OrderCounter.__table__).where(mine).values(last=last))
    book_more(world, book.events, book.claims)
    world.tell(Order, book.ids)
    return book.ids


def _order(book: Book, one: Sold) -> None:
    world, at, person, total = book.world, one.at, one.buyer or {}, one.unit_price * one.quantity
    shop, day = one.channel["shop_id"], world.local(one.at).strftime("%Y%m%d")
    book.numbers[shop, day] += 1
    order = world.add(
        Order, at, number=f"{day}{book.numbers[shop, day]:04d}", external_number=one.number, shop_id=shop, channel_id=one.channel["id"],
        customer_id=person.get("id"), warehouse_id=default_warehouse_id(shop), state=OrderState.PENDING, refund_state=RefundState.NONE,
        review=ReviewState.CONFIRMED, is_held=False, hold_reason=None, is_past=False, source=OrderSource.INTAKE,
        creator_name=one.creator[0], creator_id=one.creator[1], session_key=one.session_key, buyer_name=person.get("name"),
        buyer_phone=person.get("phone"), country="CN", **{name: person.get(name) for name in WHERE}, currency="CNY", subtotal=total,
        discount=0, shipping_fee=0, tax=0, adjustment=0, total=total, paid=0, refunded=0, cost=one.sku["cost"] * one.quantity,
        placed_at=at, paid_at=None, ship_by_at=None, shipped_at=None, completed_at=None, closed_at=None, close_reason=None,
        buyer_remark=None,
    )  # fmt: skip
    line = world.add(
        OrderLine, at, order_id=order["id"], sku_id=one.sku["id"], sku_code=one.sku["code"], title=one.sku["title"],
        option=one.sku["option"], quantity=one.quantity, currency="CNY", unit_price=one.unit_price, unit_cost=one.sku["cost"],
        discount=0, total=total, price_trace=[{"step": "by hand", "unit_price": one.unit_price}], reserved_quantity=one.quantity,
        shipped_quantity=0, cancelled_quantity=0, refunded_quantity=0, refunded_amount=0,
    )  # fmt: skip
    book.ids.append(order["id"])
    log(book, order, None, OrderState.PENDING, at, "order.placed")
    hold(book, order, [line], at)
    _paid(book, order, at)
    if at + SENT < world.now:
        parcel(book, order, [line], at + SENT, False, 1)
        move(book, order, OrderState.SHIPPED, at + SENT)
    if at + SENT + DONE < world.now:
        move(book, order, OrderState.COMPLETED, at + SENT + DONE)


def _paid(book: Book, order: dict[str, Any], at: dt.datetime) -> None:
    book.world.add(
        Payment, at, order_id=order["id"], method=PaymentMethod.PLATFORM, currency="CNY", amount=order["total"], tendered=None,
        external_ref=f"42{at:%y%m%d}{order['id']:012d}", state="paid", paid_at=at,
    )  # fmt: skip
    order["paid"], order["ship_by_at"] = order["total"], at + BY
    move(book, order, OrderState.PAID, at)
