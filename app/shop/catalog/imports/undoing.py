"""When rows of products are taken back: their stock before, what is derived from them and the main picture after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select

from app.panel.bulk import removal, writing
from app.panel.bulk.importers import Image
from app.panel.core.db import db
from app.shop.catalog.imports import stock
from app.shop.catalog.models import Product, Sku
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


def forget_stock(images: Sequence[Image], *, since: Any, run_id: int) -> None:
    """Let go of the stock of SKUs that the run has made and that are about to be removed."""
    model: type[Any] | None = {Product.__tablename__: Product, Sku.__tablename__: Sku}.get(images[0].table)
    if model is None:
        return
    kept = removal.why_not(model, images, since=since, run_id=run_id)
    free = [image.row_id for image in images if not kept.get(image.row_id)]
    for part in writing.pieces(free):
        column = Sku.product_id if model is Product else Sku.id
        stock.keeper().forget(list(db.session.scalars(select(Sku.id).where(column.in_(part)))), run_id=run_id)
