"""What hangs on the cards of the demo: consents that explain every flag, tags, notes, and people who had two cards."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from sqlalchemy import insert

from app.panel.core import history
from app.panel.core.db import db
from app.panel.core.demo import World
from app.shop.customers.models import (
    Address,
    Consent,
    Customer,
    CustomerIdentity,
    CustomerMerge,
    CustomerNote,
    CustomerTag,
    customer_tags,
)
from app.shop.customers.services.identities import slot
from app.shop.customers.states import IdentityKind, Purpose, TagTone

TAGS = (
    ("老客户", TagTone.SUCCESS, "一年内买过五次以上"), ("直播粉丝", TagTone.INFO, "常在直播间下单"), ("企业采购", TagTone.INFO, "需要发票和对账"),
    ("送礼", TagTone.NEUTRAL, "常买给别人，包裹里不放小票"), ("先电话确认", TagTone.WARNING, "发货前先打电话"), ("退货较多", TagTone.DANGER, "下单前提醒看尺码"),
)  # fmt: skip
TAG_WEIGHTS = (22, 30, 6, 12, 9, 5)
NOTES = (
    "喜欢颜色素一点的款式，新品到货可以告诉她。", "地址在单位，周末不收件。", "每年中秋前会订一批礼盒。", "皮肤敏感，推荐前先问成分。",
    "上次物流慢了，补过一张优惠券。", "习惯微信联系，少打电话。", "帮公司采购，联系人换过一次。",
)  # fmt: skip
SOURCES = ("会员注册页", "直播间小程序", "门店柜台", "客服电话")
TAGGED, NOTED, REFUSED, WITHDRAWN = 0.28, 0.035, 0.12, 0.05
DAYS_BETWEEN_MERGES = 37
MERGES = 6


def dress(world: World, cards: list[dict[str, Any]]) -> None:
    """A chance of its own, so that the orders of a seed stay what they are."""
    chance = random.Random(f"cards {world.seed}")
    for card in cards:
        _consents(world, chance, card)
        if chance.random() < NOTED:
            world.add(
                CustomerNote, _later(world, chance, card), customer_id=card["id"], body=chance.choice(NOTES),
                is_pinned=chance.random() < 0.2,
            )  # fmt: skip
    for number in range(min(MERGES, len(cards) // 20)):
        _two_in_one(world, cards[len(cards) * (2 * number + 1) // (2 * MERGES)], number)
    made = [world.add(CustomerTag, world.now, name=name, tone=tone, note=note) for name, tone, note in TAGS]
    tagged = [card for card in cards if chance.random() < TAGGED]
    links = [
        {"customer_id": card["id"], "tag_id": tag["id"]}
        for card in tagged for tag in {t["id"]: t for t in chance.choices(made, TAG_WEIGHTS, k=2)}.values()
    ]  # fmt: skip
    world.flush(Customer, CustomerTag, CustomerIdentity, Address, CustomerNote, Consent, CustomerMerge)
    if links:
        db.session.execute(insert(customer_tags), links)


def _later(world: World, chance: random.Random, card: dict[str, Any]) -> dt.datetime:
    """Some time between the first visit and now."""
    since: dt.datetime = card["first_seen_at"]
    return since + (world.now - since) * chance.random()


def _consents(world: World, chance: random.Random, card: dict[str, Any]) -> None:
    """Whoever may be written to has said so; some of the others have said no, or yes first and no later."""
    told = [(card["first_seen_at"], True)] if card["accepts_sms"] else []
    if not told:
        draw = chance.random()
        if draw < WITHDRAWN:
            told = [(card["first_seen_at"], True), (_later(world, chance, card), False)]
        elif draw < WITHDRAWN + REFUSED:
            told = [(card["first_seen_at"], False)]
    for at, granted in told:
        world.add(
            Consent, at, customer_id=card["id"], purpose=Purpose.SMS, is_granted=granted, decided_at=at,
            source=chance.choice(SOURCES),
        )  # fmt: skip


def _two_in_one(world: World, kept: dict[str, Any], number: int) -> None:
    """Somebody who had a second card under another phone; it can be parted again."""
    at = world.now - dt.timedelta(days=DAYS_BETWEEN_MERGES * number + 3)
    at, phone = max(at, kept["first_seen_at"]), f"+86131{10_000_000 + number:08d}"
    gone = {**kept, "id": world.number(Customer), "phone": phone, "accepts_sms": False, "first_seen_at": at}
    gone |= {"created_at": at, "changed_at": at}
    identity = world.add(
        CustomerIdentity, at, customer_id=kept["id"], kind=IdentityKind.PHONE, channel_id=None, value=phone,
        slot=slot(IdentityKind.PHONE, phone, shop_id=kept["shop_id"]),
    )  # fmt: skip
    undo = {
        "row": history.plain(gone), "before": {}, "links": {},
        "moved": {"customers_customer_identity.customer_id": [identity["id"]]},
    }  # fmt: skip
    world.add(
        CustomerMerge, at, kept_id=kept["id"], gone_id=gone["id"], gone_name=kept["name"], undo=undo, undone_at=None
    )
