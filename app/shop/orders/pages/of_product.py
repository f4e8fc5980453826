"""On the page of a product that was taken off the shelf: the orders that still wait for it, in one click (ORD-15)."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _

from app.panel.core import policy
from app.panel.core.db import db
from app.shop.catalog.models import Product
from app.shop.catalog.states import ProductState
from app.shop.catalog.views.products import ProductView
from app.shop.orders import domain, queries
from app.shop.setup.queries import more_than_one_shop

MOST = 300  # as many numbers as the address of a list holds


@domain.panel(ProductView, label=_("Orders that wait for it"), order=5)
def waiting(product: Product, actor: Any) -> Any:
    """How many orders have not been sent yet, with a link to exactly these."""
    if product.state is not ProductState.WITHDRAWN or not policy.allowed(actor, "read", "orders.Order"):
        return None
    access = policy.fields(actor, "orders.Order")
    if not (access.usable("number") and access.usable("shop_id")):
        return None
    rows = db.session.execute(queries.unsent_of_product(product.id, actor).limit(MOST + 1)).all()
    if not rows:
        return None
    by_shop: dict[int, list[str]] = defaultdict(list)
    for shop_id, number in rows[:MOST]:
        by_shop[shop_id].append(number)
    tree = json.dumps({"or": [_these(shop, numbers) for shop, numbers in by_shop.items()]}, separators=(",", ":"))
    shown = {"count": len(rows[:MOST]), "more": len(rows) > MOST, "url": url_for("orders_order.list", f=tree, size=200)}
    return "orders/_waiting.html", shown


def _these(shop_id: int, numbers: list[str]) -> dict[str, Any]:
    """Two shops may have the same number; of the only one nobody speaks."""
    shop = [["shop", "eq", str(shop_id)]] if more_than_one_shop() else []
    return {"and": [*shop, ["number", "in", numbers]]}
