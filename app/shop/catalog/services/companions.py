"""Which products could go with a product. What people buy together is known to a domain above, which answers here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.catalog import rules
from app.shop.catalog.models import Product, ProductRelation
from app.shop.catalog.states import ProductState, RelationKind

MOST = 5
# (product, actor) → numbers of products that were bought with it, the most frequent first
Answer = Callable[[Product, Any], Sequence[int]]
_answers: list[Answer] = []


def answered_by(answer: Answer) -> Answer:
    """Said once by the domain that knows what is bought together."""
    _answers[:] = [answer]
    return answer


def suggestions(product: Product, *, actor: Any, most: int = MOST) -> list[Product]:
    """Products on sale that people buy with this one and that do not stand beside it yet, the most frequent first."""
    found = [key for answer in _answers for key in answer(product, actor)]
    taken = {product.id, *(row.related_id for row in product.relations)}
    query = select(Product).where(Product.id.in_(found), Product.state == ProductState.PUBLISHED)
    on_sale = {row.id: row for row in db.session.scalars(policy.scope(query, actor, Product))}
    return [on_sale[key] for key in dict.fromkeys(found) if key in on_sale and key not in taken][:most]


@transactional
def add_suggestions(product: Product, *, actor: Any) -> list[Product]:
    """Lay the suggestions beside the product, behind what stands there; which they were.

    :raises DomainError: when there is nothing to suggest
    """
    policy.authorize(actor, "write", "catalog.Product")
    policy.authorize(actor, "write", "catalog.ProductRelation")
    room = rules.MAX_RELATED - len(product.relations)
    found = suggestions(product, actor=actor, most=min(MOST, room)) if room > 0 else []
    if not found:
        raise DomainError(_("Nothing more was bought together with “%(title)s”.", title=product.title))
    first = len(product.relations)
    for place, other in enumerate(found):
        product.relations.append(ProductRelation(related_id=other.id, kind=RelationKind.ACCESSORY, position=first + place))
    db.session.flush()
    return found
