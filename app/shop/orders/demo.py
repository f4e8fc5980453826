"""13 months of orders: with seasons, weekends and evenings in front of the stream, and everything that follows them."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections import defaultdict
from typing import Any

from sqlalchemy import insert, select

from app.panel.core import money
from app.panel.core.db import db
from app.panel.core.demo import World, part, spread
from app.shop.customers.models import CustomerNote
from app.shop.inventory import demo as stock
from app.shop.inventory.states import MoveReason
from app.shop.orders import demo_deliveries
from app.shop.orders import demo_lists as demo_lists
from app.shop.orders import demo_troubles as troubles
from app.shop.orders.models import (
    CloseReason,
    ExceptionReason,
    IntakeAddress,
    IntakeEvent,
    Order,
    OrderCounter,
    OrderException,
    OrderLine,
    OrderNote,
    OrderSource,
    OrderState,
    OrderStateLog,
    OrderTag,
    Payment,
    PaymentMethod,
    Refund,
    RefundLine,
    RefundReason,
    RefundState,
    ReviewState,
    Shipment,
    ShipmentLine,
    order_tags,
)
from app.shop.setup.states import ChannelKind

ORDERS, DAYS = 20_000, 395
RESOURCE = "orders.Order"
HOURS = (6, 3, 2, 1, 1, 2, 5, 9, 14, 19, 23, 26, 30, 26, 24, 24, 25, 26, 30, 44, 72, 78, 52, 20)
WEEKDAYS = (0.92, 0.9, 0.93, 0.97, 1.08, 1.22, 1.18)
# the numbers are 12 digits behind these
COURIERS = (("顺丰速运", "SF1"), ("中通快递", ""), ("圆通速递", "YT8"), ("韵达快递", "4"), ("极兔速递", "JT5"))
REMARKS = ("请尽快发货，谢谢", "送人的，麻烦包装好一点", "工作日送到公司", "不要放驿站", "颜色发错过，这次请核对")
REASONS = (("late", "物流延迟"), ("stock", "商品缺货"), ("address", "地址有误"), ("unreachable", "联系不上买家"))
COMPLAINTS = {  # how many of a hundred buyers who send something back say so
    RefundReason.UNWANTED: 38, RefundReason.QUALITY: 26, RefundReason.WRONG: 12, RefundReason.LATE: 8, RefundReason.STOCK: 2,
    RefundReason.PRICE: 8, RefundReason.OTHER: 6,
}  # fmt: skip
# who sells live on each platform: name and number
CREATORS = {
    ChannelKind.DOUYIN: (("青禾小铺主播阿禾", "98671204511"), ("家居控小鹿", "75530218846"), ("林姐的好物间", "60218834907")),
    ChannelKind.KUAISHOU: (("山茶护肤小课堂", "3310587726"), ("美妆师阿梨", "2874410953")),
}
PLATFORMS = {ChannelKind.DOUYIN, ChannelKind.KUAISHOU, ChannelKind.TMALL}


class Book:
    """What the orders of one run add up to."""

    def __init__(self, world: World) -> None:
        self.world, self.chance = world, world.random
        self.events: list[stock.Event] = []
        self.claims: dict[tuple[str, int, int], list[int]] = {}
        self.numbers: dict[tuple[int, str], int] = defaultdict(int)
        self.ids: list[int] = []


@part(40)
def orders(world: World) -> None:
    warehouse_of = stock.warehouses(world)
    book = Book(world)
    reasons = _reasons(world)
    goods = _shelves(world)
    buyers = _buyers(world)
    for at in _moments(world):
        channel = world.random.choices(list(world.made["channels"].values()), weights=_channel_weights(world, at))[0]
        _order(book, at, channel, goods[channel["shop_id"]], buyers[channel["shop_id"]], warehouse_of[channel["shop_id"]], reasons)
    troubles.stop_some(world, address=reasons[2])
    demo_deliveries.some(world)
    tagged = troubles.tags(world)
    world.flush(
        ExceptionReason, OrderTag, Order, OrderLine, Payment, Shipment, ShipmentLine, Refund, RefundLine, OrderNote, OrderException, OrderStateLog,
        CustomerNote, IntakeAddress, IntakeEvent,
    )  # fmt: skip
    counters = [{"shop_id": shop, "day": day, "last": last} for (shop, day), last in book.numbers.items()]
    db.session.execute(insert(OrderCounter.__table__), counters)
    db.session.execute(insert(order_tags), tagged)
    stock.book(world, warehouse_of, book.events, book.claims)
    world.tell(Order, book.ids)
    world.made["counts"]["orders"] = len(book.ids)


def _reasons(world: World) -> list[int]:
    """Those that a shop found when it opened stay as they are."""
    known = dict(db.session.execute(select(ExceptionReason.code, ExceptionReason.id)).tuples().all())
    return [
        known.get(code) or world.add(ExceptionReason, code=code, name=name, position=10 * i, is_active=True)["id"]
        for i, (code, name) in enumerate(REASONS)
    ]


def _moments(world: World) -> list[dt.datetime]:
    """When orders come in: growth over the year, weekends, festivals, and the hours of the stream."""
    days = [world.today - dt.timedelta(days=DAYS - n) for n in range(DAYS + 1)]
    weights = [_day_weight(day, n) for n, day in enumerate(days)]
    now = world.local(world.now)
    weights[-1] *= sum(HOURS[: now.hour]) / sum(HOURS)
    found = []
    for index in spread(world.random, weights, int(ORDERS * world.scale)):
        hour = world.random.choices(range(24), weights=HOURS)[0]
        if index == DAYS:
            hour = world.random.choices(range(max(now.hour, 1)), weights=HOURS[: max(now.hour, 1)])[0]
        wall = dt.datetime.combine(days[index], dt.time(hour, world.random.randrange(60), world.random.randrange(60)), tzinfo=world.zone)
        found.append(min(wall.astimezone(dt.UTC), world.now - dt.timedelta(minutes=2)))
    return sorted(found)


def _day_weight(day: dt.date, index: int) -> float:
    weight = (0.62 + 0.5 * index / DAYS) * WEEKDAYS[day.weekday()] * (1 + 0.06 * math.sin(index / 9))
    festivals = {(11, 11): 5.2, (11, 10): 2.6, (11, 1): 2.2, (6, 18): 4.0, (6, 17): 2.1, (12, 12): 2.6, (3, 8): 2.2, (9, 9): 1.7, (8, 18): 1.6}
    weight *= festivals.get((day.month, day.day), 1.0)
    spring = dt.date(day.year, 2, 10)  # parcels rest over the spring festival
    return weight * (0.3 if abs((day - spring).days) <= 6 else 1.0)


def _channel_weights(world: World, at: dt.datetime) -> list[float]:
    """In the evening the streams sell, by day the counter and the other shops."""
    hour = world.local(at).hour
    evening, open_ = hour >= 19, 10 <= hour < 21
    weights = []
    for channel in world.made["channels"].values():
        weight = float(channel["share"])
        if channel["kind"] in (ChannelKind.DOUYIN, ChannelKind.KUAISHOU):
            weight *= 1.9 if evening else 0.7
        if channel["kind"] is ChannelKind.COUNTER:
            weight = weight * 1.6 if open_ else 0.0
        weights.append(weight)
    return weights


def _shelves(world: World) -> dict[int, tuple[list[dict[str, Any]], list[float]]]:
    found = {}
    for key, shop in world.made["shops"].items():
        goods = [sku for sku in world.made["skus"] if sku["shop"] == key and sku["is_sold"]]
        found[shop] = (goods, list(itertools.accumulate(sku["popularity"] for sku in goods)))
    return found


def _buyers(world: World) -> dict[int, list[dict[str, Any]]]:
    """The people of each shop, by when they first came; some buy often."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for person in sorted(world.made["customers"], key=lambda p: p["since"]):
        found[person["channel"]["shop_id"]].append(person)
    return found


def _buyer(book: Book, at: dt.datetime, people: list[dict[str, Any]]) -> dict[str, Any]:
    """Someone who was a customer by then; squaring the draw makes regulars."""
    low, high = 0, len(people)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if people[middle]["since"] <= at else (low, middle)
    if not low:
        return people[0]
    return people[int(low * book.chance.random() ** 1.6)]


def _order(
    book: Book, at: dt.datetime, channel: dict[str, Any], shelf: Any, people: list[dict[str, Any]], warehouse_id: int,
    reasons: list[int],
) -> None:  # fmt: skip
    world, chance = book.world, book.chance
    counter = channel["kind"] is ChannelKind.COUNTER
    buyer = None if counter and chance.random() < 0.7 else _buyer(book, at, people)
    day = world.local(at).strftime("%Y%m%d")
    book.numbers[channel["shop_id"], day] += 1
    key = world.number(Order)
    lines = _lines(book, key, at, shelf)
    subtotal = sum(line["unit_price"] * line["quantity"] for line in lines)
    discount = _discount(chance, subtotal, world.local(at))
    for line, share in zip(lines, money.allocate(discount, [line["total"] for line in lines]), strict=True):
        line["discount"], line["total"] = share, line["total"] - share
    fee = 0 if counter or subtotal - discount >= 9900 else 800
    order = {
        **_creator(channel["kind"], key),
        "id": key, "number": f"{day}{book.numbers[channel['shop_id'], day]:04d}", "shop_id": channel["shop_id"],
        "external_number": f"{6900000000000000000 + key * 7_654_321}" if channel["kind"] in PLATFORMS else None,
        "channel_id": channel["id"], "customer_id": buyer["id"] if buyer else None, "warehouse_id": warehouse_id,
        "state": OrderState.PENDING, "refund_state": RefundState.NONE, "review": ReviewState.CONFIRMED, "is_held": False,
        "hold_reason": None, "is_past": False, "source": OrderSource.COUNTER if counter else OrderSource.INTAKE,
        **{f"buyer_{name}": buyer[name] if buyer else None for name in ("name", "phone")}, "country": "CN",
        **{name: buyer[name] if buyer and not counter else None for name in ("province", "city", "district", "street")},
        "currency": "CNY", "subtotal": subtotal, "discount": discount, "shipping_fee": fee, "tax": 0, "adjustment": 0,
        "total": subtotal - discount + fee, "paid": 0, "refunded": 0, "cost": sum(line["unit_cost"] * line["quantity"] for line in lines),
        "placed_at": at, "paid_at": None, "ship_by_at": None, "shipped_at": None, "completed_at": None, "closed_at": None, "close_reason": None,
        "buyer_remark": chance.choice(REMARKS) if chance.random() < 0.04 else None, "version": 1, "created_at": at, "changed_at": at,
    }  # fmt: skip
    world.rows[Order].append(order)
    book.ids.append(key)
    log(book, order, None, OrderState.PENDING, at, "order.placed")
    hold(book, order, lines, at)
    _life(book, order, lines, at, counter, channel)
    if not counter and chance.random() < 0.012:
        troubles.problem(world, order, chance.choice(reasons))


def _creator(kind: ChannelKind, number: int) -> dict[str, str | None]:
    """Of five orders on a live channel four come through somebody's stream, one from the shop window."""
    known = CREATORS.get(kind)
    name, key = known[number // 5 % len(known)] if known and number % 5 else (None, None)
    return {"creator_name": name, "creator_id": key}


def _lines(book: Book, order_id: int, at: dt.datetime, shelf: Any) -> list[dict[str, Any]]:
    goods, cumulative = shelf
    chance, found, seen = book.chance, [], set()
    for _piece in range(chance.choices((1, 2, 3, 4), weights=(58, 27, 11, 4))[0]):
        sku = chance.choices(goods, cum_weights=cumulative)[0]
        if sku["id"] in seen or sku["sold_from"] > at:
            continue
        seen.add(sku["id"])
        found.append(sku)
    found = found or [next(sku for sku in goods if sku["sold_from"] <= at)]
    rows = []
    for sku in found:
        quantity = chance.choices((1, 2, 3, 6), weights=(82, 13, 4, 1))[0]
        rows.append(book.world.add(
            OrderLine, at, order_id=order_id, sku_id=sku["id"], sku_code=sku["code"], title=sku["title"], option=sku["option"],
            quantity=quantity, currency="CNY", unit_price=sku["price"], unit_cost=sku["cost"], discount=0,
            total=sku["price"] * quantity, price_trace=[{"step": "list price", "unit_price": sku["price"]}],
            reserved_quantity=quantity, shipped_quantity=0, cancelled_quantity=0, refunded_quantity=0, refunded_amount=0,
        ))  # fmt: skip
    return rows


def _discount(chance: Any, subtotal: int, at: dt.datetime) -> int:
    """满减: so much off from so much on, on festival days more often."""
    likely = 0.75 if (at.month, at.day) in ((11, 11), (6, 18), (12, 12)) else 0.28
    if chance.random() > likely:
        return 0
    return next((off for limit, off in ((50000, 8000), (30000, 4000), (20000, 2500), (9900, 1000)) if subtotal >= limit), 0)


def log(book: Book, order: dict[str, Any], before: OrderState | None, after: OrderState, at: dt.datetime, verb: str = "") -> None:
    book.world.add(OrderStateLog, at, order_id=order["id"], from_state=before, to_state=after, why=None, moved_at=at)
    book.world.note(Order, order["id"], verb or f"order.{after.value}", at)


def move(book: Book, order: dict[str, Any], to: OrderState, at: dt.datetime) -> None:
    log(book, order, order["state"], to, at)
    order["state"], order["changed_at"] = to, at
    stamp = {OrderState.PAID: "paid_at", OrderState.SHIPPED: "shipped_at", OrderState.COMPLETED: "completed_at", OrderState.CLOSED: "closed_at"}
    order[stamp.get(to, "shipped_at")] = order[stamp.get(to, "shipped_at")] or at


def hold(book: Book, order: dict[str, Any], lines: list[dict[str, Any]], at: dt.datetime) -> None:
    for line in lines:
        book.claims[RESOURCE, order["id"], line["sku_id"]] = [line["quantity"], line["quantity"]]
        _event(book, order, at, line, MoveReason.RESERVE, 0, line["quantity"], "place")


def _event(book: Book, order: dict[str, Any], at: dt.datetime, line: dict[str, Any], reason: MoveReason, quantity: int, held: int, step: str) -> None:
    key = f"order:{order['id']}:{step}"
    book.events.append(stock.Event(at, line["sku_id"], reason, quantity, held, key, RESOURCE, order["id"]))
    if held < 0:
        book.claims[RESOURCE, order["id"], line["sku_id"]][1] += held
        line["reserved_quantity"] += held


def _life(book: Book, order: dict[str, Any], lines: list[dict[str, Any]], at: dt.datetime, counter: bool, channel: dict[str, Any]) -> None:
    """Whatever had time to happen by now."""
    chance, now = book.chance, book.world.now
    if not counter and chance.random() < 0.055:
        closed = at + dt.timedelta(hours=48)
        if closed < now:
            _close(book, order, lines, closed, CloseReason.UNPAID)
        return
    paid = at + dt.timedelta(seconds=20 if counter else int(chance.expovariate(1 / 500)) + 15)
    if paid >= now:
        return
    _pay(book, order, paid, channel)
    if not counter and chance.random() < 0.018:
        undone = paid + dt.timedelta(hours=chance.uniform(0.5, 10))
        if undone < now:
            _refund(book, order, lines, undone, order["paid"], RefundReason.UNWANTED, back=False)
            _close(book, order, lines, undone, CloseReason.REFUNDED)
        return
    shipped = paid + (dt.timedelta(seconds=40) if counter else dt.timedelta(hours=chance.gammavariate(2.2, 9) + 3))
    if shipped >= now:
        return
    _ship(book, order, lines, shipped, counter)
    completed = shipped + (dt.timedelta(seconds=1) if counter else dt.timedelta(days=chance.uniform(2.5, 9)))
    if completed < now and order["state"] is OrderState.SHIPPED:
        move(book, order, OrderState.COMPLETED, completed)
        if chance.random() < (0.01 if counter else 0.055):
            _complaint(book, order, lines, completed)


def _pay(book: Book, order: dict[str, Any], at: dt.datetime, channel: dict[str, Any]) -> None:
    chance = book.chance
    choices = {ChannelKind.COUNTER: (PaymentMethod.CASH, PaymentMethod.WECHAT, PaymentMethod.ALIPAY), ChannelKind.WECHAT: (PaymentMethod.WECHAT,)}
    method = chance.choice(choices.get(channel["kind"], (PaymentMethod.PLATFORM,)))
    reference = None if method is PaymentMethod.CASH else f"42{at:%y%m%d}{order['id']:012d}"
    book.world.add(Payment, at, order_id=order["id"], method=method, currency="CNY", amount=order["total"], tendered=None,
                   external_ref=reference, state="paid", paid_at=at)  # fmt: skip
    order["paid"] = order["total"]
    order["ship_by_at"] = at + dt.timedelta(hours=48)
    move(book, order, OrderState.PAID, at)


def _ship(book: Book, order: dict[str, Any], lines: list[dict[str, Any]], at: dt.datetime, counter: bool) -> None:
    """All lines in one parcel; of an order of several lines the last one sometimes waits a day or two."""
    chance, now = book.chance, book.world.now
    late = lines[-1:] if len(lines) > 1 and not counter and chance.random() < 0.05 else []
    first = [line for line in lines if line not in late]
    parcel(book, order, first, at, counter, 1)
    if not late:
        move(book, order, OrderState.SHIPPED, at)
        return
    move(book, order, OrderState.PARTLY_SHIPPED, at)
    second = at + dt.timedelta(hours=chance.uniform(20, 60))
    if second < now:
        parcel(book, order, late, second, counter, 2)
        order["shipped_at"] = None
        move(book, order, OrderState.SHIPPED, second)


def parcel(book: Book, order: dict[str, Any], lines: list[dict[str, Any]], at: dt.datetime, counter: bool, number: int) -> None:
    courier, letters = book.chance.choice(COURIERS)
    row = book.world.add(
        Shipment, at, order_id=order["id"], courier=None if counter else courier, shipped_at=at, note=None,
        tracking_number=None if counter else f"{letters}{75_000_000_0000 + order['id'] * 37 + number}",
    )  # fmt: skip
    for line in lines:
        line["shipped_quantity"] = line["quantity"]
        book.world.add(ShipmentLine, at, shipment_id=row["id"], line_id=line["id"], quantity=line["quantity"])
        _event(book, order, at, line, MoveReason.SALE, -line["quantity"], -line["quantity"], f"ship:{number}")


def _close(book: Book, order: dict[str, Any], lines: list[dict[str, Any]], at: dt.datetime, reason: CloseReason) -> None:
    for line in lines:
        line["cancelled_quantity"] = line["quantity"] - line["shipped_quantity"]
        _event(book, order, at, line, MoveReason.RELEASE, 0, -line["quantity"], "close")
    order["close_reason"] = reason
    move(book, order, OrderState.CLOSED, at)


def _complaint(book: Book, order: dict[str, Any], lines: list[dict[str, Any]], completed: dt.datetime) -> None:
    chance = book.chance
    at = completed + dt.timedelta(days=chance.uniform(0.2, 6))
    if at >= book.world.now or not order["paid"]:
        return
    reason = chance.choices(list(COMPLAINTS), weights=list(COMPLAINTS.values()))[0]
    whole = chance.random() < 0.45
    line = lines[0]
    amount = order["paid"] if whole else min(line["total"], order["paid"])
    back = reason in (RefundReason.UNWANTED, RefundReason.WRONG)
    troubles.note_on_card(book.world, order, at)
    if amount > 0:
        _refund(book, order, lines if whole else [line], at, amount, reason, back=back)


def _refund(
    book: Book, order: dict[str, Any], lines: list[dict[str, Any]], at: dt.datetime, amount: int, reason: RefundReason, *, back: bool
) -> None:
    world = book.world
    row = world.add(
        Refund, at, order_id=order["id"], method=PaymentMethod.PLATFORM, currency="CNY", amount=amount, reason=reason, note=None,
        restock=back, external_ref=None, key=f"demo:{order['id']}", refunded_at=at,
    )  # fmt: skip
    shares = money.allocate(amount, [max(line["total"], 0) for line in lines])
    for line, share in zip(lines, shares, strict=True):
        returned = line["shipped_quantity"] if back else 0
        world.add(
            RefundLine, at, refund_id=row["id"], line_id=line["id"], quantity=line["quantity"], currency="CNY", amount=share,
            restocked_quantity=returned,
        )  # fmt: skip
        line["refunded_quantity"], line["refunded_amount"] = line["quantity"], share
        if returned:
            _event(book, order, at, line, MoveReason.RETURN, returned, 0, f"refund:{row['id']}")
    order["refunded"], order["changed_at"] = amount, at
    order["refund_state"] = RefundState.FULLY if amount == order["paid"] else RefundState.PARTLY
    world.note(Order, order["id"], "order.refunded", at)
