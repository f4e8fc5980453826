"""Products that go with others: no product goes with itself, none goes with what has left the shelf."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, inspect, select

from app.panel.core import records
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.shop.catalog import rules
from app.shop.catalog.models import Product, ProductRelation
from app.shop.catalog.states import ProductState


def check_relations(product: Product) -> None:
    """:raises InvalidInput: for a new relation that may not be; one that stood before its product left may stay"""
    if len(product.relations) > rules.MAX_RELATED:
        raise InvalidInput({"relations": _("At most %(n)s related products.", n=rules.MAX_RELATED)})
    seen: set[int] = set()
    for index, row in enumerate(product.relations):
        field = f"relations.{index}.related_id"
        if row.related_id in seen:
            raise InvalidInput({field: _("This product is in the list already.")})
        seen.add(row.related_id)
        if inspect(row).persistent and not inspect(row).attrs.related_id.history.has_changes():
            continue
        _check(field, product.id, row.related_id)


def check_relation(relation: ProductRelation | None, values: dict[str, Any]) -> None:
    """The same for a relation that is made alone, through the API."""
    product_id = values.get("product_id", getattr(relation, "product_id", None))
    if "related_id" in values or "product_id" in values:
        _check("related_id", product_id, values.get("related_id", getattr(relation, "related_id", None)))
    query = select(func.count(ProductRelation.id)).where(ProductRelation.product_id == product_id)
    if relation is None and (db.session.scalar(query) or 0) >= rules.MAX_RELATED:
        raise InvalidInput({"related_id": _("At most %(n)s related products.", n=rules.MAX_RELATED)})


def _check(field: str, product_id: int | None, related_id: int | None) -> None:
    if related_id is not None and related_id == product_id:
        raise InvalidInput({field: _("A product does not go with itself.")})
    with db.session.no_autoflush:
        related = db.session.get(Product, related_id) if related_id else None
    if related is None:
        raise InvalidInput({field: _("Choose one from the list.")})
    if related.state is ProductState.WITHDRAWN:
        raise InvalidInput({field: _("“%(title)s” has left the shelf.", title=related.title)})


records.override(ProductRelation, validate=check_relation)
