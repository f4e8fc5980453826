"""What the channels of the demo posted lately: orders that came in, a repetition, and a few that were not taken."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

from app.panel.core import money
from app.panel.core.demo import World
from app.shop.orders.models import IntakeAddress, IntakeDoor, IntakeEvent, IntakeState, Order, OrderLine

LATEST = 36
# sku of the line, what the answer said
REFUSED = (
    ("QH-2099-新品", "第 1 行：系统里没有商品编码“QH-2099-新品”。"),
    ("QH-GIFT-88", "第 1 行：系统里没有商品编码“QH-GIFT-88”。"),
    ("", "lines.0.sku: 必填。"),
)


def some(world: World) -> None:
    """The deliveries behind the latest orders of the first streaming channel, and three that wait to be mended."""
    channel = world.made["channels"]["douyin"]
    token = hashlib.sha256(f"{world.seed}:intake".encode()).hexdigest()
    begin = world.now - dt.timedelta(days=160)
    world.add(
        IntakeAddress, begin, channel_id=channel["id"], public_id=token[:24], nonce=token, former_nonce=None, former_until=None,
        is_open=True, refused_count=4, refused_at=world.now - dt.timedelta(days=3), refused_why="签名已过期。",
        refused_from="203.0.113.24",
    )  # fmt: skip
    orders = [order for order in world.rows[Order] if order["channel_id"] == channel["id"] and order["external_number"]]
    lines: dict[int, list[dict[str, Any]]] = {order["id"]: [] for order in orders[-LATEST:]}
    for line in world.rows[OrderLine]:
        if line["order_id"] in lines:
            lines[line["order_id"]].append(line)
    for number, order in enumerate(orders[-LATEST:]):
        sent = [
            {"sku": line["sku_code"], "quantity": line["quantity"], "unit_price": money.plain(line["unit_price"], "CNY")}
            for line in lines[order["id"]]
        ]
        answer = {"id": order["id"], "number": order["number"], "new": True}
        _event(
            world, channel, order["external_number"], sent, order, at=order["placed_at"], state=IntakeState.NEW, status=201,
            order_id=order["id"], answer=answer, attempts=2 if number % 9 == 4 else 1,
        )  # fmt: skip
    for number, (code, why) in enumerate(REFUSED):
        at = world.now - dt.timedelta(hours=2 + 5 * number, minutes=11)
        sent = [{"sku": code, "quantity": 1, "unit_price": "129.00"}]
        _event(
            world, channel, f"DY{at:%Y%m%d}{7741 + number}", sent, orders[-1 - number] if orders else {}, at=at,
            state=IntakeState.REFUSED, status=422, reason=why, answer={"message": why}, attempts=1 + number,
        )  # fmt: skip


def _event(
    world: World, channel: dict[str, Any], number: str, lines: list[Any], buyer: dict[str, Any], *, at: dt.datetime, **result: Any
) -> None:
    who = {
        "name": buyer.get("buyer_name"), "phone": buyer.get("buyer_phone"), "province": buyer.get("province"),
        "city": buyer.get("city"), "street": buyer.get("street"),
    }  # fmt: skip
    body = json.dumps({"external_number": number, "paid": True, "lines": lines, "buyer": who}, ensure_ascii=False)
    row = {"order_id": None, "reason": None, "tried_at": at, "via": None, **result}
    world.add(
        IntakeEvent, at, channel_id=channel["id"], event_id=number, door=IntakeDoor.HOOK, received_at=at,
        signature_ok=True, body=body, digest=hashlib.sha256(body.encode()).hexdigest(), **row,
    )  # fmt: skip
