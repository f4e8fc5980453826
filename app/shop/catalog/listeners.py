"""What the catalog does when something happened: it remembers searches, and understands what their words mean."""

from __future__ import annotations

from typing import Any

from flask import Response, after_this_request, current_app
from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import OperationalError

from app.panel.core import listing
from app.shop.catalog import queries, rules, services
from app.shop.catalog.models import Product, Sku
from app.shop.catalog.states import SearchPlace


def remember(_model: Any, q: str, found: int, place: str) -> None:
    """Counted when the answer is made: the reader does not wait, and his page is read in one transaction."""
    word = rules.search_word(q)
    if not word:
        return

    @after_this_request
    def count(response: Response) -> Response:
        try:
            services.note_search(word, found=found, place=SearchPlace(place))
        except OperationalError:  # a search is answered, whatever becomes of its statistics
            current_app.logger.warning("a search was not counted", exc_info=True)
        return response


listing.searched.connect(remember, sender=Product)
listing.searched.connect(remember, sender=Sku)


@listing.means(Product)
def products_meant(words: str) -> ColumnElement[bool]:
    return queries.meant_by(words)


@listing.means(Sku)
def skus_meant(words: str) -> ColumnElement[bool]:
    return Sku.product_id.in_(select(Product.id).where(queries.meant_by(words)))
