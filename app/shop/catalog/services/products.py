"""Making and changing products and their SKUs, and what is derived from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import fields, history, policy, records, trash
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.transaction import transactional
from app.shop.catalog import queries, rules
from app.shop.catalog.events import sku_price_changed
from app.shop.catalog.models import Attribute, AttributeSet, Brand, Category, Product, Sku
from app.shop.catalog.services.derived import refresh, refresh_of
from app.shop.catalog.services.media import settle_images
from app.shop.catalog.services.relations import check_relations


def free_handle(title: str, *, but: int | None = None) -> str:
    """A handle from a title that no other product has: `blue-shirt`, else `blue-shirt-2`."""
    base = rules.handle_of(title) or "product"
    query = select(Product.handle).where(Product.handle.startswith(base, autoescape=True))
    if but is not None:
        query = query.where(Product.id != but)
    taken = set(db.session.scalars(query))
    number, found = 1, base
    while found in taken:
        number += 1
        found = f"{base}-{number}"
    return found


def _read_answers(product: Product | None, values: dict[str, Any]) -> None:
    """Answers to the questions of the category, checked; without any the product keeps those that it has."""
    raw = values.pop("attributes", None)
    if not raw:
        return
    category_id = values.get("category_id", getattr(product, "category_id", None))
    category = db.session.get(Category, category_id) if category_id else None
    known = {attribute.code: attribute for attribute in queries.attributes_of(category)}
    values["attributes"] = _answers(known, raw, dict(getattr(product, "attributes", None) or {}))


def _answers(known: dict[str, Attribute], raw: Any, kept: dict[str, Any]) -> dict[str, Any]:
    """Answers as JSON; those to questions of an earlier category are kept, for the product may move back."""
    if not isinstance(raw, dict):
        raise InvalidInput({"attributes": _("Attributes are pairs of key and answer.")})
    errors: dict[str, object] = {}
    for code, value in raw.items():
        if code not in known:
            if kept.get(code) != value:
                errors[f"attributes.{code}"] = _("The category of this product has no such attribute.")
            continue
        try:
            kept[code] = rules.answer(known[code], value)
        except ValueError as error:
            errors[f"attributes.{code}"] = str(error)
    if errors:
        raise InvalidInput(errors)
    return {code: value for code, value in kept.items() if value is not None}


@transactional
def create_product(values: dict[str, Any], *, actor: Any) -> Product:
    """A new draft with its SKUs and pictures."""
    values = dict(values)
    values["handle"] = values.get("handle") or free_handle(values["title"])
    _read_answers(None, values)
    product = Product(handle=values["handle"])
    _fill(product, values, actor)
    db.session.add(product)
    db.session.flush()
    refresh([product])
    return product


@transactional
def update_product(product: Product, values: dict[str, Any], *, actor: Any) -> Product:
    values = dict(values)
    if "handle" in values and not values["handle"]:
        values["handle"] = free_handle(values.get("title") or product.title, but=product.id)
    _read_answers(product, values)
    before = {sku.id: sku.price for sku in product.skus}
    _fill(product, values, actor)
    db.session.flush()
    for sku in product.skus:
        _tell_price(sku, before.get(sku.id), actor)
    refresh([product])
    return product


def _fill(product: Product, values: dict[str, Any], actor: Any) -> None:
    with db.session.no_autoflush:
        records.assign(product, values, actor=actor)
        check_relations(product)
        settle_images(product)
        for sku in product.skus:
            sku.currency = sku.currency or fields.default_currency()


@transactional
def create_sku(values: dict[str, Any], *, actor: Any) -> Sku:
    sku = Sku()
    with db.session.no_autoflush:
        records.assign(sku, values, actor=actor)
    sku.currency = sku.currency or fields.default_currency()
    db.session.add(sku)
    db.session.flush()
    refresh_of([sku.product_id])
    return sku


@transactional
def update_sku(sku: Sku, values: dict[str, Any], *, actor: Any) -> Sku:
    before, owner = sku.price, sku.product_id
    with db.session.no_autoflush:
        records.assign(sku, values, actor=actor)
    sku.currency = sku.currency or fields.default_currency()
    db.session.flush()
    _tell_price(sku, before, actor)
    refresh_of({owner, sku.product_id})
    return sku


@transactional
def delete_sku(sku: Sku, *, actor: Any) -> None:
    owner = sku.product_id
    trash.put(sku, actor=actor)
    refresh_of([owner])


def sku_is_back(sku: Sku, *, actor: Any) -> None:
    refresh_of([sku.product_id])


def product_is_back(product: Product, *, actor: Any) -> None:
    refresh([product])


def _tell_price(sku: Sku, before: int | None, actor: Any) -> None:
    if before is not None and before != sku.price:
        sku_price_changed.send(sku, before=before, after=sku.price, actor=actor)


@transactional
def answer_attributes(product: Product, answers: dict[str, Any], *, actor: Any) -> Product:
    """Answer the questions of the product's category; an empty answer takes one back.

    :raises InvalidInput: keyed `attributes.<code>`
    """
    return records.update(product, {"attributes": answers}, actor=actor)


@transactional
def move_to_category(products: Sequence[Product], category: Category | None, *, actor: Any) -> int:
    """Put a selection into a category; returns how many were elsewhere."""
    policy.authorize(actor, "write", "catalog.Product")
    moved = [product for product in products if product.category_id != (category.id if category else None)]
    for product in moved:
        product.category = category
        history.record(product, "product.recategorised", actor=actor)
    db.session.flush()
    refresh(moved)
    return len(moved)


@transactional
def set_brand(products: Sequence[Product], brand: Brand | None, *, actor: Any) -> None:
    """Put a brand on a selection, or (None) take theirs off."""
    policy.authorize(actor, "write", "catalog.Product")
    for product in products:
        if product.brand_id != (brand.id if brand else None):
            product.brand = brand
            history.record(product, "product.rebranded", actor=actor)
    db.session.flush()
    refresh(products)


@transactional
def change_attribute_set(attribute_set: AttributeSet, values: dict[str, Any], *, actor: Any) -> AttributeSet:
    """A question more or less changes how complete the products are to which it is put."""
    with db.session.no_autoflush:
        records.assign(attribute_set, values, actor=actor)
    db.session.flush()
    if "attributes" in values:
        refresh(_products_asked_by(attribute_set))
    return attribute_set


def _products_asked_by(attribute_set: AttributeSet) -> list[Product]:
    roots = db.session.scalars(select(Category).where(Category.attribute_set_id == attribute_set.id))
    found: dict[int, Product] = {}
    for root in roots:
        found.update((product.id, product) for product in db.session.scalars(queries.products_under(root)))
    return list(found.values())


records.override(Product, create=create_product, update=update_product)
records.override(Sku, create=create_sku, update=update_sku, delete=delete_sku)
records.override(AttributeSet, update=change_attribute_set)
trash.after_restore(Product, product_is_back)
trash.after_restore(Sku, sku_is_back)
