"""Reading the catalog: branches of the tree, attributes of a category, keywords, what is due, reports."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from app.panel.core import clock, history, policy, trailsets
from app.panel.core.db import db
from app.shop.catalog import rules
from app.shop.catalog.models import (
    Attribute,
    Brand,
    Category,
    ChannelPrice,
    Keyword,
    Product,
    ProductImage,
    ProductRelation,
    ProductVideo,
    SearchLog,
    Sku,
    Synonym,
    Tag,
    product_tag,
)
from app.shop.catalog.states import KeywordKind, MediaLicence, ProductState, SearchPlace

PLANNED = "product.scheduled"


def branch(category: Category) -> Select[Any]:
    """Ids of a category and of all below it."""
    return select(Category.id).where(Category.path.startswith(category.path, autoescape=True))


def products_under(category: Category) -> Select[Any]:
    """Products of a category and of all below it: a product is found from any level."""
    return select(Product).where(Product.category_id.in_(branch(category)))


def count_products(category: Category) -> int:
    return db.session.scalar(select(func.count()).select_from(products_under(category).subquery())) or 0


def ancestors(path: str) -> list[int]:
    """Ids from the root down to the category itself."""
    return [int(part) for part in path.split("/") if part]


def attribute_set_ids(categories: list[Category]) -> dict[int, int | None]:
    """The attribute set that holds for each category: its own, else that of the nearest category above it."""
    wanted = {key for category in categories for key in ancestors(category.path)}
    rows = db.session.execute(select(Category.id, Category.attribute_set_id).where(Category.id.in_(wanted)))
    own: dict[int, int | None] = dict(rows.tuples().all())
    result = {}
    for category in categories:
        chain = reversed(ancestors(category.path))
        result[category.id] = next((own[key] for key in chain if own.get(key) is not None), None)
    return result


def attributes_of(category: Category | None) -> list[Attribute]:
    """The questions that a product of this category answers."""
    if category is None:
        return []
    set_id = attribute_set_ids([category])[category.id]
    if set_id is None:
        return []
    query = select(Attribute).where(Attribute.attribute_set_id == set_id)
    return list(db.session.scalars(query.order_by(Attribute.position, Attribute.id)))


def keywords_for(category: Category | None) -> list[Keyword]:
    """Active keywords of a category, of those above it, and of every product; most searched first."""
    for_all = Keyword.category_id.is_(None)
    if category is not None:
        for_all = or_(for_all, Keyword.category_id.in_(ancestors(category.path)))
    query = select(Keyword).where(Keyword.is_active, for_all)
    return list(db.session.scalars(query.order_by(Keyword.searches.desc(), Keyword.id)))


def category_words(category: Category | None) -> list[str]:
    """Words by which a title says what the thing is: those typed for the category, else its own name."""
    if category is None:
        return []
    return (category.words or "").split() or [category.name]


def audience_words(keywords: list[Keyword]) -> list[str]:
    return [keyword.word for keyword in keywords if keyword.kind is KeywordKind.AUDIENCE]


def planner_of(product: Product) -> int | None:
    """Who planned last when a product goes on sale: the one to tell when it did not."""
    entry = history.HistoryEntry
    query = select(entry.actor_id).where(trailsets.about(Product.__tablename__, product.id))
    return db.session.scalar(query.where(entry.verb == PLANNED).order_by(entry.id.desc()).limit(1))


def due_to_publish(at: dt.datetime | None = None) -> Select[Any]:
    return select(Product).where(
        Product.publish_at <= (at or clock.now()), Product.state.in_([ProductState.DRAFT, ProductState.WITHDRAWN])
    )


def due_to_withdraw(at: dt.datetime | None = None) -> Select[Any]:
    return select(Product).where(Product.withdraw_at <= (at or clock.now()), Product.state == ProductState.PUBLISHED)


def images_without_licence() -> Select[Any]:
    """Pictures shown without a right to show them, or with a right but without a proof of it."""
    needs_proof = ProductImage.licence.in_([MediaLicence.COMMERCIAL, MediaLicence.AUTHORISED])
    return select(ProductImage).where(
        or_(
            ProductImage.licence.is_(None),
            ProductImage.licence == MediaLicence.NONE,
            and_(needs_proof, ProductImage.proof_id.is_(None), func.coalesce(ProductImage.licence_note, "") == ""),
        )
    )


def related_on_sale(product: Product) -> Select[Any]:
    """What to offer beside a product: only what is on sale."""
    return (
        select(Product)
        .join(ProductRelation, ProductRelation.related_id == Product.id)
        .where(ProductRelation.product_id == product.id, Product.state == ProductState.PUBLISHED)
        .order_by(ProductRelation.position, ProductRelation.id)
    )


def sku_by_code(code: str) -> Sku | None:
    """A SKU by its code, else by its barcode when that is unambiguous: what a scanner at the counter reads."""
    found = db.session.scalars(select(Sku).where(Sku.code == code)).first()
    if found is not None:
        return found
    by_barcode = db.session.scalars(select(Sku).where(Sku.barcode == code, Sku.is_active).limit(2)).all()
    return by_barcode[0] if len(by_barcode) == 1 else None


def price_on(sku: Sku, channel_id: int | None) -> int:
    """The price of a SKU on a channel, in minor units of the SKU's currency."""
    if channel_id is None:
        return sku.price
    query = select(ChannelPrice.price).where(ChannelPrice.sku_id == sku.id, ChannelPrice.channel_id == channel_id)
    own = db.session.scalar(query)
    return sku.price if own is None else own


# the same in the language of list filters, so that a to-do opens the rows that it counted
UNPROVED: dict[str, Any] = {"and": [
    ["licence", "in", ["commercial", "authorised"]], ["proof_id", "empty"], ["licence_note", "empty"],
]}  # fmt: skip


def is_picture(file_id: int, actor: Any) -> bool:
    """Is this file a picture or a video of a product or a SKU that the reader sees, or the logo of a brand? Proofs of
    licences are not."""
    columns = (ProductImage.file_id, Brand.logo_id, Sku.image_id, ProductVideo.file_id)
    return any(_names(column, file_id, actor) for column in columns)


def is_proof(file_id: int, actor: Any) -> bool:
    return _names(ProductImage.proof_id, file_id, actor)


def _names(column: Any, file_id: int, actor: Any) -> bool:
    query = policy.scope(select(column).where(column == file_id), actor, column.class_)
    return db.session.scalar(query.limit(1)) is not None


@dataclass(frozen=True)
class Branch:
    """A category, the number of products in it and below it, and the branches below it."""

    category: Category
    products: int
    below: list[Branch]


def tree(actor: Any) -> list[Branch]:
    """The highest branches, each with those below it, in their order; products as this actor sees them. Two statements."""
    rows = list(db.session.scalars(select(Category)))
    counted = select(Product.category_id, func.count(Product.id)).where(Product.category_id.is_not(None))
    found = db.session.execute(policy.scope(counted.group_by(Product.category_id), actor, Product))
    own: dict[int, int] = dict(found.tuples().all())
    totals: dict[int, int] = {}
    for row in rows:
        for key in ancestors(row.path):
            totals[key] = totals.get(key, 0) + own.get(row.id, 0)
    below: dict[int | None, list[Category]] = {}
    for row in sorted(rows, key=lambda category: (category.position or 0, category.name)):
        below.setdefault(row.parent_id, []).append(row)

    def under(parent: int | None) -> list[Branch]:
        return [Branch(row, totals.get(row.id, 0), under(row.id)) for row in below.get(parent, ())]

    return under(None)


def meant_by(typed: str) -> ColumnElement[bool]:
    """Products that somebody means by these words: through a synonym, or because a tag says so."""
    word, below = rules.search_word(typed), aliased(Category)
    branches = (
        select(below.id)
        .join(Category, below.path.startswith(Category.path))
        .join(Synonym, Synonym.category_id == Category.id)
        .where(Synonym.word == word)
    )
    of_tags = select(product_tag.c.product_id)
    return or_(
        Product.id.in_(select(Synonym.product_id).where(Synonym.word == word, Synonym.product_id.is_not(None))),
        Product.category_id.in_(branches),
        Product.id.in_(of_tags.join(Synonym, Synonym.tag_id == product_tag.c.tag_id).where(Synonym.word == word)),
        Product.id.in_(of_tags.join(Tag, Tag.id == product_tag.c.tag_id).where(Tag.name.icontains(typed, autoescape=True))),
    )


def searches_without_result(first: dt.date, last: dt.date, most: int = 200) -> Select[Any]:
    """(word, searches, empty, latest, pickers) of words that found nothing and that nobody has explained since.

    `pickers`: how many of the searches were typed in a picker, which asks at every letter.
    """
    log = SearchLog
    in_picker = func.sum(case((log.place == SearchPlace.PICKER, log.searches), else_=0))
    tagged = select(Tag.id).join(product_tag, product_tag.c.tag_id == Tag.id).where(func.lower(Tag.name) == log.word)
    explained = or_(exists().where(Synonym.word == log.word), tagged.exists())
    return (
        select(
            log.word, func.sum(log.searches).label("searches"), func.sum(log.empty).label("empty"),
            func.max(log.searched_on).label("latest"), in_picker.label("pickers"),
        )
        .where(log.searched_on.between(first, last), ~explained)
        .group_by(log.word)
        .having(func.sum(log.empty) > 0)
        .order_by(func.sum(log.empty).desc(), log.word)
        .limit(most)
    )  # fmt: skip


def names_to_guess_from() -> CompoundSelect[Any]:
    """(kind, id, name) of the categories and tags that a word could mean."""
    categories = select(literal("category").label("kind"), Category.id, Category.name).where(Category.is_active)
    return categories.union_all(select(literal("tag").label("kind"), Tag.id, Tag.name))
