"""What a product carries only so that lists can show and sort it: completeness, price span, main picture."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import selectinload

from app.panel.core import fields
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.catalog import queries, rules
from app.shop.catalog.models import Attribute, Product
from app.shop.catalog.services import holdings

CHUNK = 500
_noted: contextvars.ContextVar[set[int] | None] = contextvars.ContextVar("catalog_noted", default=None)


@contextlib.contextmanager
def together() -> Iterator[set[int]]:
    """Inside, `refresh_of` only notes the numbers in the set that this gives; whoever asked refreshes them at once."""
    noted: set[int] = set()
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def refresh_of(ids: Iterable[int]) -> None:
    """Refresh products by number, after rows of theirs were changed apart from them."""
    if (noted := _noted.get()) is not None:
        noted.update(ids)
        return
    products = list(db.session.scalars(select(Product).where(Product.id.in_(ids))))
    for product in products:
        db.session.expire(product, ["skus", "images"])
    refresh(products)


@transactional
def refresh(products: Sequence[Product]) -> None:
    """Set what is derived: completeness, price span, SKUs, main picture. Part of every verb that touches one."""
    _look_up(products)
    categories = {p.category_id: p.category for p in products if p.category is not None}
    sets = queries.attribute_set_ids(list(categories.values())) if categories else {}
    attributes = _attributes_by_set({key for key in sets.values() if key is not None})
    stocked = holdings.stocked([product.id for product in products])
    for product in products:
        asked = attributes.get(sets.get(product.category_id) or 0, [])
        active = [sku for sku in product.skus if sku.is_active] or list(product.skus)
        main = next((image for image in product.images if image.is_main), None)
        derived = {
            "completeness": rules.score(rules.checklist(product, asked, stocked=stocked[product.id])),
            "price_from": min((sku.price for sku in active), default=None),
            "price_to": max((sku.price for sku in active), default=None),
            "currency": active[0].currency if active else fields.default_currency(),
            "sku_count": len(product.skus),
            "main_image_id": main.file_id if main else None,
        }
        for name, value in derived.items():
            if getattr(product, name) != value:
                setattr(product, name, value)
    db.session.flush()


def _look_up(products: Sequence[Product]) -> None:
    """Fetch what the rules look at for all of them at once, not for each one after a flush of the one before."""
    parts = [selectinload(getattr(Product, name)) for name in ("category", "skus", "images", "tags")]
    if len(products) < 2:
        return
    states: list[Any] = [inspect(product) for product in products]
    ids = [state.identity[0] for state in states if state.identity]  # `product.id` would fetch an expired one by itself
    for start in range(0, len(ids), CHUNK):
        db.session.scalars(select(Product).where(Product.id.in_(ids[start : start + CHUNK])).options(*parts)).all()


def _attributes_by_set(ids: set[int]) -> dict[int, list[Attribute]]:
    found: dict[int, list[Attribute]] = {}
    for attribute in db.session.scalars(select(Attribute).where(Attribute.attribute_set_id.in_(ids))):
        found.setdefault(attribute.attribute_set_id, []).append(attribute)
    return found
