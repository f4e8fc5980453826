"""Reading what was sold of single products: by order, with what else lay in it and who bought for the first time.

What counts is what counts for sales: orders paid in full within the span, refunds not taken off.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, case, cast, exists, func, select
from sqlalchemy.orm import aliased

from app.panel.core import clock, policy
from app.shop.catalog.models import Product, Sku
from app.shop.catalog.states import ProductKind
from app.shop.orders.models import Order, OrderLine

ALL, NEW, ATTACHED = "all", "new", "attached"


def _sum(column: Any) -> Any:
    return cast(func.sum(column), BigInteger)


def by_order(actor: Any, product_ids: Sequence[int], first: dt.date, last: dt.date) -> Select[Any]:
    """(product_id, order_id, number, customer_id, currency, paid_at, total, units, revenue, cost, discount) of a span."""
    start, stop = clock.day_span(first, last)
    line = OrderLine
    statement = (
        select(
            Sku.product_id, Order.id.label("order_id"), Order.number, Order.customer_id, Order.currency, Order.paid_at,
            Order.total, _sum(line.quantity).label("units"), _sum(line.total).label("revenue"),
            _sum(line.unit_cost * line.quantity).label("cost"), _sum(line.discount).label("discount"),
        )
        .join(line, line.order_id == Order.id)
        .join(Sku, Sku.id == line.sku_id)
        .where(Sku.product_id.in_(product_ids), Order.paid_at >= start, Order.paid_at < stop)
        .group_by(Sku.product_id, Order.id)
    )  # fmt: skip
    return policy.scope(statement, actor, Order)


def _is_first(part: Any) -> Any:
    """Had this customer paid for nothing before?"""
    earlier = aliased(Order)
    before = exists().where(earlier.customer_id == part.c.customer_id, earlier.paid_at < part.c.paid_at)
    return part.c.customer_id.is_not(None) & ~before


def _has_more(part: Any) -> Any:
    """Did the order hold another product, too?"""
    other, sku = aliased(OrderLine), aliased(Sku)
    more = select(other.id).outerjoin(sku, sku.id == other.sku_id)
    return more.where(other.order_id == part.c.order_id, sku.product_id.is_distinct_from(part.c.product_id)).exists()


def sums(actor: Any, product_ids: Sequence[int], first: dt.date, last: dt.date) -> Select[Any]:
    """(product_id, currency, orders, known, new, attached, total, units, revenue, cost) of each product and currency."""
    part = by_order(actor, product_ids, first, last).subquery()
    count = part.c
    return (
        select(
            count.product_id, count.currency, func.count().label("orders"), func.count(count.customer_id).label("known"),
            _sum(case((_is_first(part), 1), else_=0)).label("new"), _sum(case((_has_more(part), 1), else_=0)).label("attached"),
            _sum(count.total).label("total"), _sum(count.units).label("units"), _sum(count.revenue).label("revenue"),
            _sum(count.cost).label("cost"),
        )
        .group_by(count.product_id, count.currency)
        .order_by(count.product_id)
    )  # fmt: skip


def margin_of_all(actor: Any, first: dt.date, last: dt.date) -> Select[Any]:
    """(currency, revenue, cost) of all lines that were paid for in a span."""
    start, stop = clock.day_span(first, last)
    statement = (
        select(OrderLine.currency, _sum(OrderLine.total).label("revenue"),
               _sum(OrderLine.unit_cost * OrderLine.quantity).label("cost"))
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.paid_at >= start, Order.paid_at < stop)
        .group_by(OrderLine.currency)
    )  # fmt: skip
    return policy.scope(statement, actor, Order)


def rows_behind(actor: Any, product_id: int, first: dt.date, last: dt.date, which: str) -> Select[Any]:
    """The orders that a figure of a product counted, the latest first."""
    part = by_order(actor, [product_id], first, last).subquery()
    statement = select(part).order_by(part.c.paid_at.desc(), part.c.order_id.desc())
    narrowing = {NEW: _is_first, ATTACHED: _has_more}.get(which)
    return statement.where(narrowing(part)) if narrowing else statement


def products_of(actor: Any, kind: ProductKind, most: int) -> Select[Any]:
    """The products that play a part in the shop."""
    statement = select(Product).where(Product.kind == kind).order_by(Product.state, Product.title).limit(most)
    return policy.scope(statement, actor, Product)
