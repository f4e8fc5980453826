"""After rows of products were taken back: what is derived from them, and which picture is the main one."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from app.panel.bulk import removal, writing
from app.panel.core.db import db
from app.shop.catalog.models import Product
from app.shop.catalog.services import derived
from app.shop.catalog.services.media import settle_images


def settle(ids: Iterable[int]) -> None:
    """Bring products in step with the SKUs and pictures that they have left; those that are gone are no trouble."""
    for part in writing.pieces(ids):
        stood = writing.versions(Product, part)
        for product in db.session.scalars(select(Product).where(Product.id.in_(stood))):
            db.session.expire(product, ["images"])
            settle_images(product)
        derived.refresh_of(stood)
        db.session.flush()
        removal.stamp(Product, stood)
