"""What goes wrong in the shop of the demo: orders that are stopped, problems, and what staff notes about customers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from app.panel.core.demo import World
from app.shop.customers.models import CustomerNote
from app.shop.orders.models import ExceptionState, Order, OrderException, OrderNote, OrderState, OrderTag, ReviewState

HOLDS = ("买家要求晚几天发", "等买家确认颜色", "地址待核实")
TAGS = (("礼品", "要礼盒和贺卡"), ("批发", "整箱发货"), ("待回电", "发货前先打电话"), ("加急", "当天必须发出"))
LATEST, EVERY = 300, 4
CARD_NOTES = ("退过一次货，发货前请先电话确认", "对包装要求高，易碎品请加气泡膜", "老客户，售后优先处理", "只收工作日快递")


def stop_some(world: World, *, address: int) -> None:
    """Of what is paid and not sent yet, some is on hold, some waits for a word, and some failed the first check."""
    ready = [order for order in world.rows[Order] if order["state"] is OrderState.PAID]
    for number, order in enumerate(ready):
        at = min(order["changed_at"] + dt.timedelta(minutes=7), world.now - dt.timedelta(minutes=1))
        if number % 8 == 0:
            order |= {"is_held": True, "hold_reason": HOLDS[number // 8 % len(HOLDS)], "changed_at": at}
            world.note(Order, order["id"], "order.held", at)
        elif number % 8 in (1, 2):
            failed = number % 8 == 2
            order |= {"review": ReviewState.FAILED if failed else ReviewState.WAITING, "changed_at": at}
            world.note(Order, order["id"], "order.review_needed", at)
            if failed:
                world.add(
                    OrderException, at, order_id=order["id"], reason_id=address, detail="门牌号不完整", opened_at=at,
                    state=ExceptionState.OPEN, handled_at=None, resolution=None,
                )  # fmt: skip


def note_on_card(world: World, order: dict[str, Any], at: dt.datetime) -> None:
    """Of some customers who complained, staff remembers how to treat them."""
    if order["customer_id"] and order["id"] % 6 == 0:
        body = CARD_NOTES[order["id"] // 6 % len(CARD_NOTES)]
        world.add(CustomerNote, at, customer_id=order["customer_id"], body=body, is_pinned=False)


def problem(world: World, order: dict[str, Any], reason_id: int) -> None:
    """Something went wrong with an order; what is older than some days has been handled."""
    at = min(order["placed_at"] + dt.timedelta(hours=world.random.uniform(2, 60)), world.now - dt.timedelta(minutes=1))
    handled = at < world.now - dt.timedelta(days=4) or world.random.random() < 0.3
    world.add(
        OrderException, at, order_id=order["id"], reason_id=reason_id, detail=None, opened_at=at,
        state=ExceptionState.HANDLED if handled else ExceptionState.OPEN,
        handled_at=min(at + dt.timedelta(hours=world.random.uniform(1, 40)), world.now) if handled else None,
        resolution="已联系买家并处理" if handled else None,
    )  # fmt: skip
    if world.random.random() < 0.4:
        world.add(OrderNote, at, order_id=order["id"], body="已电话联系买家，等待回复。")


def tags(world: World) -> list[dict[str, int]]:
    """Words that staff has put on some of the latest orders; the links, for they are no rows of their own."""
    made = [world.add(OrderTag, world.now, name=name, note=note) for name, note in TAGS]
    latest = world.rows[Order][-LATEST:]
    return [
        {"order_id": order["id"], "tag_id": made[(number // EVERY) % len(made)]["id"]}
        for number, order in enumerate(latest) if number % EVERY == 0
    ]  # fmt: skip
