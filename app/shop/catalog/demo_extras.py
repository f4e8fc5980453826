"""What makes the demo's catalog worth looking at: questions and answers, search words, companions, channel prices.

It draws nothing from the world's chance, so that what is sold stays the same whatever is added here.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from app.panel.core.demo import World
from app.shop.catalog.models import (
    Attribute,
    AttributeSet,
    ChannelPrice,
    Keyword,
    ProductRelation,
    SearchLog,
    Synonym,
    Tag,
)
from app.shop.catalog.states import AttributeKind, KeywordKind, RelationKind, SearchPlace

TEXT, NUMBER, CHOICE, FLAG = AttributeKind.TEXT, AttributeKind.NUMBER, AttributeKind.CHOICE, AttributeKind.FLAG
# top category → (set, [(name, key, kind, choices, unit, required)])
SETS: dict[str, tuple[str, tuple[tuple[str, str, AttributeKind, tuple[str, ...], str, bool], ...]]] = {
    "家居生活": ("家居参数", (
        ("材质", "made_of", CHOICE, ("陶瓷", "不锈钢", "纯棉", "竹木", "食品级塑料"), "", True),
        ("质保", "warranty_months", NUMBER, (), "月", False), ("可机洗", "machine_washable", FLAG, (), "", False),
        ("适用场景", "used_in", TEXT, ("厨房", "卧室", "客厅", "办公室"), "", False),
    )),
    "服饰鞋包": ("服饰参数", (
        ("面料", "made_of", CHOICE, ("羊毛混纺", "纯棉", "聚酯纤维", "牛津布"), "", True),
        ("适用季节", "for_season", CHOICE, ("春秋", "夏", "冬", "四季"), "", True), ("版型", "cut_of", TEXT, ("宽松", "修身", "常规"), "", False),
    )),
    "美妆护肤": ("美妆参数", (
        ("净含量", "net_content", NUMBER, (), "ml", True), ("保质期", "shelf_life", NUMBER, (), "月", True),
        ("适合肤质", "for_skin", CHOICE, ("干性", "油性", "混合性", "敏感肌", "所有肤质"), "", False),
    )),
    "食品饮料": ("食品参数", (
        ("净含量", "net_content", NUMBER, (), "g", True), ("保质期", "shelf_life", NUMBER, (), "天", True),
        ("储存方式", "stored_in", CHOICE, ("阴凉干燥", "冷藏", "避光"), "", False),
    )),
}  # fmt: skip
NUMBERS = {"warranty_months": (6, 12, 24), "net_content": (30, 50, 100, 250), "shelf_life": (180, 240, 360)}
HEADS = (("直播同款", KeywordKind.HOT), ("平价好物", KeywordKind.LONG_TAIL), ("送礼", KeywordKind.AUDIENCE))
KINDS = (RelationKind.SIMILAR, RelationKind.ACCESSORY, RelationKind.UPGRADE)


def attribute_sets(world: World, at: dt.datetime) -> dict[str, int]:
    """Top category → its set of questions."""
    found = {}
    for top, (name, asked) in SETS.items():
        row = world.add(AttributeSet, at, name=name, note=None)
        found[top] = row["id"]
        for position, (label, code, kind, options, unit, required) in enumerate(asked):
            world.add(
                Attribute, at, attribute_set_id=row["id"], name=label, code=code, kind=kind, unit=unit or None, is_required=required,
                options="\n".join(options) if kind is CHOICE else None, position=position,
            )  # fmt: skip
    return found


def answers(top: str, number: int) -> dict[str, Any]:
    """What a product answers; every seventh leaves out what is not required."""
    found: dict[str, Any] = {}
    for place, (_label, code, kind, options, _unit, required) in enumerate(SETS[top][1]):
        if not required and number % 7 == 6:
            continue
        choices: tuple[Any, ...] = options or NUMBERS.get(code, (True, False))
        value = choices[(number + place) % len(choices)]
        found[code] = value if kind is FLAG else str(value)
    return found


def keywords(world: World, at: dt.datetime, categories: dict[tuple[str, ...], int]) -> None:
    """For each lowest category its own word and some that people search it with."""
    leaves = [path for path in categories if not any(other[:-1] == path for other in categories)]
    for place, path in enumerate(leaves):
        words = [(path[-1], KeywordKind.CORE), *((f"{path[-1]}{word}", kind) for word, kind in HEADS[: 1 + place % 3])]
        for rank, (word, kind) in enumerate(words):
            searches = (9000 - place * 311) // (1 + rank * 3)
            world.add(Keyword, at, word=word, kind=kind, category_id=categories[path], searches=searches, is_active=True)


def relations(world: World, at: dt.datetime, on_sale: list[int], kinds: int) -> None:
    """Of every other product, three that go with it: `kinds` further on stands one of the same kind."""
    for place in range(0, len(on_sale), 2):
        for position, (step, kind) in enumerate(zip((kinds, 1, 2 * kinds), KINDS, strict=True)):
            related = on_sale[(place + step) % len(on_sale)]
            if related != on_sale[place]:
                world.add(ProductRelation, at, product_id=on_sale[place], related_id=related, kind=kind, position=position)


def channel_prices(world: World, at: dt.datetime, goods: list[dict[str, Any]]) -> None:
    """In the streams some SKUs cost less than in the shop."""
    last: dict[int, int] = {}
    for channel in world.made["channels"].values():
        last[channel["shop_id"]] = max(last.get(channel["shop_id"], 0), channel["id"])
    for sku in goods:
        if sku["product_id"] % 10 == 5 and sku["is_sold"]:
            price = sku["price"] * 9 // 10 // 100 * 100 + 90
            world.add(
                ChannelPrice, at, sku_id=sku["id"], channel_id=last[world.made["shops"][sku["shop"]]], price=price, currency="CNY"
            )


# what people type, where, how often a day, and whether it finds something
SEARCHES = (
    ("保温壶", SearchPlace.LIST, 9, False), ("口红", SearchPlace.LIST, 8, True), ("电热水壶", SearchPlace.LIST, 6, False),
    ("被套", SearchPlace.LIST, 5, False), ("面膜", SearchPlace.API, 5, True), ("收纳盒", SearchPlace.LIST, 4, True),
    ("书包", SearchPlace.PICKER, 4, False), ("防晒霜", SearchPlace.API, 3, False), ("圣诞礼盒", SearchPlace.LIST, 3, False),
    ("炒菜锅", SearchPlace.PICKER, 2, False), ("毛衣", SearchPlace.LIST, 2, False), ("拖布", SearchPlace.LIST, 1, False),
)  # fmt: skip
MEANT = (("唇膏", "口红"), ("水杯", "保温杯"), ("枕芯", "枕头"))
UNUSED_TAG = "露营"


def searches(world: World, at: dt.datetime, categories: dict[tuple[str, ...], int]) -> None:
    """What people searched for in the last ten days, what some words mean already, and a tag that nobody uses yet."""
    leaves = {path[-1]: key for path, key in categories.items()}
    for word, name in MEANT:
        world.add(Synonym, at, word=word, product_id=None, category_id=leaves[name], tag_id=None)
    world.add(Tag, at, name=UNUSED_TAG)
    for back in range(10):
        for place, (word, where, often, is_found) in enumerate(SEARCHES):
            count = often - (back * 3 + place) % 4
            if count > 0:
                world.add(
                    SearchLog, searched_on=(at - dt.timedelta(days=back)).date(), word=word, place=where, searches=count,
                    empty=0 if is_found else count, found=18 if is_found else 0,
                )
