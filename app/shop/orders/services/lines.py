"""Lines of articles that nobody knew: given their SKU later, by hand or because the catalog was mended meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import history, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Sku
from app.shop.inventory.services import default_warehouse_id
from app.shop.orders import states
from app.shop.orders.models import Order, OrderLine, OrderState, ReviewState
from app.shop.orders.services import stock
from app.shop.orders.services.common import RESOURCE, lock
from app.shop.orders.services.reviewing import first_check

# what is not sent yet is promised to the buyer; what has left needs no promise
HOLDING = (OrderState.PENDING, *states.TO_SHIP)


@transactional
def assign_sku(order: Order, choices: Mapping[int, int], *, actor: Any) -> Order:
    """Say which article a line means: `choices` maps the id of a line without one to the id of a SKU.

    An open order reserves what there is of it, and is checked again if the first check had failed. A line of a past
    order is only named: nothing is reserved, its cost stays, and the order stays a past one.
    """
    policy.authorize(actor, "confirm", RESOURCE)
    if order.is_past:
        db.session.flush()
        db.session.refresh(order, with_for_update=True)
    else:
        lock(order)
    own = {line.id: line for line in order.lines}
    named = []
    for line_id, sku_id in sorted(choices.items()):
        line, sku = own.get(line_id), db.session.get(Sku, sku_id)
        if line is None:
            raise DomainError(_("Line %(id)s is not part of this order.", id=line_id))
        if line.sku_id is not None:
            raise DomainError(_("“%(title)s” has its article already.", title=str(line)))
        if sku is None:
            raise DomainError(_("Choose one from the list."), field=f"sku-{line_id}")
        named.append(_name(order, line, sku))
    if not named:
        raise DomainError(_("Choose at least one article."))
    history.record(order, "order.articles_named", actor=actor, data={"articles": named})
    _go_on(order, actor=actor)
    return order


@transactional
def recheck(order: Order, *, actor: Any) -> Order:
    """Run the first check once more: codes that the catalog knows by now get their article, what is in stock by now
    is reserved. An order that is confirmed already stays as it is."""
    policy.authorize(actor, "confirm", RESOURCE)
    lock(order)
    if order.state is OrderState.CLOSED:
        raise DomainError(_("Order %(no)s is closed.", no=order.number))
    if order.review is ReviewState.CONFIRMED:
        return order
    unknown = [line for line in order.lines if line.sku_id is None and line.sku_code]
    query = select(Sku).where(Sku.code.in_([line.sku_code for line in unknown]))
    by_code = {sku.code: sku for sku in db.session.scalars(query)} if unknown else {}
    named = [_name(order, line, by_code[line.sku_code]) for line in unknown if line.sku_code in by_code]
    history.record(order, "order.checked_again", actor=actor, data={"articles": named} if named else None)
    _go_on(order, actor=actor)
    return order


def _name(order: Order, line: OrderLine, sku: Sku) -> str:
    line.sku_id = sku.id
    if not order.is_past:
        line.sku_code, line.unit_cost = sku.code, sku.cost or 0
        order.cost += line.quantity * line.unit_cost
        order.warehouse_id = order.warehouse_id or default_warehouse_id(order.shop_id)
    return str(sku.code)


def _go_on(order: Order, *, actor: Any) -> None:
    db.session.flush()
    if order.is_past:
        return
    if order.state in HOLDING:
        for line in sorted(order.lines, key=lambda line: line.sku_id or 0):
            # a line's version rises with all that it holds, so that the step is never said twice
            stock.hold_if_there(order, line, step=f"line-{line.id}-{line.version}", actor=actor)
        db.session.flush()
    if order.review is ReviewState.FAILED:
        first_check(order, actor=actor)
