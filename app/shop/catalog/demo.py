"""300 products in about 900 SKUs, with pictures that we draw ourselves."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import insert, select

from app.panel.core import files
from app.panel.core.db import db
from app.panel.core.demo import World, part
from app.shop.catalog import demo_extras as extras
from app.shop.catalog import rules
from app.shop.catalog.demo_words import ADJECTIVES, AUDIENCES, BRANDS, COLOURS, KINDS, SIZES, TAGS, TINTS
from app.shop.catalog.models import (
    Attribute,
    AttributeSet,
    Brand,
    Category,
    ChannelPrice,
    Keyword,
    Listing,
    Product,
    ProductImage,
    ProductMove,
    ProductRelation,
    SearchLog,
    Sku,
    Synonym,
    Tag,
    product_tag,
)
from app.shop.catalog.services import derived
from app.shop.catalog.states import MediaLicence, MediaSource, MoveWhat, ProductKind, ProductPhase, ProductState

PRODUCTS = 300
SIDE = 800


@part(20)
def products(world: World) -> None:
    begin = world.now - dt.timedelta(days=410)
    sets = extras.attribute_sets(world, begin)
    categories = _categories(world, begin, sets)
    brands = [world.add(Brand, begin, name=name, slug=rules.handle_of(name), country="中国", is_active=True)["id"] for name in BRANDS]
    tags = [world.add(Tag, begin, name=name)["id"] for name in TAGS]
    extras.keywords(world, begin, categories)
    extras.searches(world, world.now, categories)
    world.flush(AttributeSet, Attribute, Category, Brand, Tag, Keyword, Synonym, SearchLog)
    goods: list[dict[str, Any]] = []
    used: set[str] = set()
    for number in range(PRODUCTS):
        _product(world, number, categories, brands, tags, goods, used)
    links = world.made.pop("tag_links")
    lately = world.now - dt.timedelta(days=20)
    on_sale = [row["id"] for row in world.rows[Product] if row["state"] is ProductState.PUBLISHED]
    extras.relations(world, lately, on_sale, len(KINDS))
    extras.channel_prices(world, lately, goods)
    world.flush(files.File, Product, Sku, ProductImage, ProductMove, Listing, ProductRelation, ChannelPrice)
    db.session.execute(insert(product_tag), links)
    ids = sorted({sku["product_id"] for sku in goods})
    derived.refresh(list(db.session.scalars(select(Product).where(Product.id.in_(ids)))))
    world.tell(Product, ids)
    world.tell(Sku, [sku["id"] for sku in goods])
    world.made |= {"skus": goods, "counts": {"products": PRODUCTS, "SKUs": len(goods)}}


def _categories(world: World, at: dt.datetime, sets: dict[str, int]) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for names, *_rest in KINDS:
        for depth in range(1, len(names) + 1):
            path = tuple(names[:depth])
            if path in found:
                continue
            parent = found.get(path[:-1])
            row = world.add(
                Category, at, parent_id=parent["id"] if parent else None, name=path[-1], slug=rules.handle_of(path[-1]),
                depth=depth, full_name=" / ".join(path), position=len(found), is_active=True, words=path[-1],
                attribute_set_id=sets[path[0]] if depth == 1 else None,
            )  # fmt: skip
            row["path"] = f"{parent['path'] if parent else '/'}{row['id']}/"
            found[path] = row
    return {path: row["id"] for path, row in found.items()}


def _product(
    world: World, number: int, categories: dict[tuple[str, ...], int], brands: list[int], tags: list[int],
    goods: list[dict[str, Any]], used: set[str],
) -> None:  # fmt: skip
    chance = world.random
    names, shop, things, (low, high), options = KINDS[number % len(KINDS)]
    thing, adjective, audience = chance.choice(things), chance.choice(ADJECTIVES), chance.choice(AUDIENCES)
    brand = chance.randrange(len(brands))
    title = f"{BRANDS[brand]}{adjective}{thing} {audience}适用"
    handle = rules.handle_of(f"{BRANDS[brand]}{adjective}{thing}")[:150]
    while handle in used:
        handle = f"{handle}-{chance.randrange(100, 999)}"
    used.add(handle)
    began = world.now - dt.timedelta(days=chance.choice((405, 405, 405, 300, 180, 90, 30)) - chance.randrange(20))
    is_draft, is_gone = number % 29 == 28, number % 23 == 22
    state = ProductState.DRAFT if is_draft else ProductState.WITHDRAWN if is_gone else ProductState.PUBLISHED
    kind = chance.choices(list(ProductKind), weights=(60, 15, 15, 10))[0]
    row = world.add(
        Product, began, title=title, subtitle=f"{adjective} · {audience}优选 · 七天无理由", handle=handle,
        category_id=categories[names], brand_id=brands[brand], kind=kind, phase=chance.choice(list(ProductPhase)), state=state,
        published_at=None if is_draft else began + dt.timedelta(days=2),
        description=f"{title}。\n材质：见标签。适用人群：{audience}。\n售后：七天无理由退换，质量问题运费我们承担。",
        audience=audience, origin=chance.choice(("浙江杭州", "广东佛山", "江苏南通", "福建泉州", "山东青岛")),
        attributes=extras.answers(names[0], number),
        option1_name={"colour": "颜色", "size": "规格", "both": "颜色"}[options], option2_name="规格" if options == "both" else None,
        seo_title=title[:60], seo_description=f"{title}，{adjective}好物，直播间同款。", completeness=0, sku_count=0,
    )  # fmt: skip
    if state is not ProductState.DRAFT:
        moved = {"what": MoveWhat.STATE, "before": "draft", "after": "published", "by_schedule": False}
        world.add(ProductMove, began, product_id=row["id"], happened_at=began + dt.timedelta(days=2), **moved)
    picked = chance.sample(tags, chance.choice((1, 2, 2, 3)))
    world.made.setdefault("tag_links", []).extend({"product_id": row["id"], "tag_id": tag} for tag in picked)
    _picture(world, row["id"], number, title, began)
    base = chance.randrange(low * 100, high * 100, 100)
    shelf = {"title": title, "shop": shop, "sold_from": began + dt.timedelta(days=2), "is_sold": not is_draft, "is_gone": is_gone}
    goods += _skus(world, row["id"], number, base, options, began, shelf)
    for channel in world.made["channels"].values():
        if channel["shop_id"] == world.made["shops"][shop] and state is ProductState.PUBLISHED:
            external = f"{channel['kind'].value[:2]}{700000 + row['id']}"
            world.add(Listing, began, product_id=row["id"], channel_id=channel["id"], is_listed=True, external_id=external)


def _skus(
    world: World, product_id: int, number: int, base: int, options: str, at: dt.datetime, shelf: dict[str, Any]
) -> list[dict[str, Any]]:
    """The SKUs of a product; a few products sell most, and of each its first choice."""
    chance, found = world.random, []
    popularity = 1 / (1 + chance.random() * 12)
    for position, (first, second, factor) in enumerate(_options(chance, options)):
        price = max(int(base * factor) // 100 * 100 - 10, 990)
        code, digits = f"QH{number + 1:04d}-{position + 1}", f"69{number + 1:05d}{position:05d}"
        sku = world.add(
            Sku, at, product_id=product_id, code=code, barcode=digits + rules.check_digit(digits), option1=first, option2=second, price=price,
            compare_at_price=int(price * 1.3) // 100 * 100, cost=int(price * chance.uniform(0.35, 0.6)), currency="CNY",
            weight_g=chance.randrange(80, 2500, 10), position=position, is_active=True,
        )  # fmt: skip
        option = " / ".join(value for value in (first, second) if value)
        found.append({**sku, **shelf, "option": option, "popularity": popularity / (position + 1)})
    return found


def _options(chance: Any, options: str) -> list[tuple[str, str | None, float]]:
    sizes = [(size, 0.75 + 0.25 * i) for i, size in enumerate(SIZES)]
    if options == "size":
        return [(size, None, factor) for size, factor in sizes]
    colours = chance.sample(COLOURS, chance.choice((2, 3)))
    if options == "colour":
        return [(colour, None, 1.0) for colour in colours]
    return [(colour, size, factor) for colour in colours[:2] for size, factor in sizes[:2]]


def _picture(world: World, product_id: int, number: int, title: str, at: dt.datetime) -> None:
    """A calm picture of shapes in two tints, ours from the first pixel."""
    file_id = world.file(f"product-{number + 1}.png", _drawn(number), (SIDE, SIDE), at)
    unlicensed = number % 17 == 16
    world.add(
        ProductImage, at, product_id=product_id, file_id=file_id, alt=title, position=0, is_main=True,
        source=MediaSource.UNKNOWN if unlicensed else MediaSource.OWN,
        licence=MediaLicence.NONE if unlicensed else MediaLicence.ORIGINAL,
    )  # fmt: skip


def _drawn(number: int) -> bytes:
    ground, front = TINTS[number % len(TINTS)], TINTS[(number * 3 + 4) % len(TINTS)]
    image = Image.new("P", (SIDE, SIDE), 0)
    image.putpalette([*_rgb("#f4efe6"), *_rgb(ground), *_rgb(front)])
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, SIDE * 0.72, SIDE, SIDE), fill=1)
    left, top = 150 + number * 37 % 160, 180 + number * 53 % 120
    if number % 3 == 0:
        draw.ellipse((left, top, left + 380, top + 380), fill=2)
    elif number % 3 == 1:
        draw.rounded_rectangle((left, top, left + 340, top + 420), 60, fill=2)
    else:
        draw.polygon([(left, top + 400), (left + 200, top), (left + 400, top + 400)], fill=2)
    draw.ellipse((left + 90, top + 90, left + 190, top + 190), fill=0)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=False)
    return buffer.getvalue()


def _rgb(tint: str) -> tuple[int, int, int]:
    return int(tint[1:3], 16), int(tint[3:5], 16), int(tint[5:7], 16)
