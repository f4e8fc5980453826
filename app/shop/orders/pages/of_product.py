"""Where products were taken off the shelf, on the page of one or of a run: the orders that wait for them, in one click (ORD-15)."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from flask import url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.bulk.engine import FollowUp, follow_up
from app.panel.bulk.models import RunItem
from app.panel.bulk.states import Outcome
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
    if product.state is not ProductState.WITHDRAWN:
        return None
    found = _waiting([product.id], actor)
    return ("orders/_waiting.html", found) if found else None


@follow_up("catalog.withdraw")
def orders_that_wait(run: Any, actor: Any) -> FollowUp | None:
    """The orders that still need what a run has taken off the shelf."""
    gone = select(RunItem.row_id).where(RunItem.run_id == run.id, RunItem.outcome == Outcome.CHANGED.value)
    found = _waiting(gone, actor)
    if found is None:
        return None
    words = gettext("More than %(n)s orders wait for them") if found["more"] else gettext("%(n)s orders wait for them")
    return FollowUp(words % {"n": found["count"]}, found["url"], "fa-list-check")


def _waiting(products: Any, actor: Any) -> dict[str, Any] | None:
    if not policy.allowed(actor, "read", "orders.Order"):
        return None
    access = policy.fields(actor, "orders.Order")
    if not (access.usable("number") and access.usable("shop_id")):
        return None
    rows = db.session.execute(queries.unsent_of_products(products, actor).limit(MOST + 1)).all()
    if not rows:
        return None
    by_shop: dict[int, list[str]] = defaultdict(list)
    for shop_id, number in rows[:MOST]:
        by_shop[shop_id].append(number)
    tree = json.dumps({"or": [_these(shop, numbers) for shop, numbers in by_shop.items()]}, separators=(",", ":"))
    return {"count": len(rows[:MOST]), "more": len(rows) > MOST, "url": url_for("orders_order.list", f=tree, size=200)}


def _these(shop_id: int, numbers: list[str]) -> dict[str, Any]:
    """Two shops may have the same number; of the only one nobody speaks."""
    shop = [["shop", "eq", str(shop_id)]] if more_than_one_shop() else []
    return {"and": [*shop, ["number", "in", numbers]]}
