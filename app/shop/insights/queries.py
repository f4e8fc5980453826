"""Sales figures, in whole minor units, per currency, by days of the shop.

What counts: an order is sold on the day on which it was paid in full (`paid_at`), with its total. That sum is the GMV:
shipping and tax are in it, refunds are not taken off, unpaid and closed-unpaid orders are not in it.

Day boundaries are computed in the zone of the shop and handed to the database as instants, so that summer time is right
and an index is used; the database knows no zone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, BigInteger, ColumnElement, Select, String, cast, column, func, select, values

from app.panel.core import clock, policy
from app.panel.core.types import UTCDateTime
from app.shop.catalog.models import Sku, Synonym, Tag, product_tag
from app.shop.customers.models import Customer
from app.shop.orders.models import Order, OrderLine
from app.shop.setup.models import Channel, Shop


@dataclass(frozen=True)
class Where:
    """Which part of the business: one shop, one channel, or (None) all that the reader may see."""

    shop_id: int | None = None
    channel_id: int | None = None

    def of(self, model: Any) -> list[ColumnElement[bool]]:
        asked = ((model.shop_id, self.shop_id), (model.channel_id, self.channel_id))
        return [column_ == key for column_, key in asked if key is not None]


EVERYWHERE = Where()


def calendar(days: list[dt.date]) -> CTE:
    """The days as rows of (day, start, stop), half-open instants."""
    rows = [(day.isoformat(), clock.day_start(day), clock.day_start(day + dt.timedelta(days=1))) for day in days]
    table = values(
        column("day", String), column("start", UTCDateTime), column("stop", UTCDateTime), name="calendar_rows"
    )
    return table.data(rows).cte("calendar")


def channels(actor: Any) -> Select[Any]:
    """(shop_id, shop, channel_id, channel) of all that the reader may see, shop by shop."""
    statement = (
        select(Shop.id.label("shop_id"), Shop.name.label("shop"), Channel.id.label("channel_id"), Channel.name)
        .join(Channel, Channel.shop_id == Shop.id)
        .order_by(Shop.id, Channel.position, Channel.id)
    )
    return policy.scope(policy.scope(statement, actor, Shop), actor, Channel)


def span(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def _sum(column_: Any) -> Any:
    # PostgreSQL adds BIGINTs up to NUMERIC; minor units stay whole numbers
    return cast(func.sum(column_), BigInteger)


def sales_by_day(actor: Any, days: list[dt.date], where: Where = EVERYWHERE) -> Select[Any]:
    """(day, currency, orders, gmv) of each of these days on which something was sold."""
    day = calendar(days)
    statement = (
        select(day.c.day, Order.currency, func.count(Order.id).label("orders"), _sum(Order.total).label("gmv"))
        .select_from(day.join(Order, (Order.paid_at >= day.c.start) & (Order.paid_at < day.c.stop)))
        .where(*where.of(Order))
        .group_by(day.c.day, Order.currency)
        .order_by(day.c.day, Order.currency)
    )
    return policy.scope(statement, actor, Order)


def sales_by_channel(actor: Any, first: dt.date, last: dt.date, where: Where = EVERYWHERE) -> Select[Any]:
    """(channel_id, channel, currency, orders, gmv) of a span, the best first."""
    start, stop = clock.day_span(first, last)
    sold = (
        select(Order.channel_id, Order.currency, func.count(Order.id).label("orders"), _sum(Order.total).label("gmv"))
        .where(Order.paid_at >= start, Order.paid_at < stop, *where.of(Order))
        .group_by(Order.channel_id, Order.currency)
    )
    part = policy.scope(sold, actor, Order).subquery()
    return (
        select(part.c.channel_id, Channel.name, part.c.currency, part.c.orders, part.c.gmv)
        .join(Channel, Channel.id == part.c.channel_id)
        .order_by(part.c.gmv.desc(), part.c.channel_id)
    )


def orders_by_state(actor: Any, first: dt.date, last: dt.date, where: Where = EVERYWHERE) -> Select[Any]:
    """(state, orders) of the orders placed in a span."""
    start, stop = clock.day_span(first, last)
    statement = (
        select(Order.state, func.count(Order.id).label("orders"))
        .where(Order.placed_at >= start, Order.placed_at < stop, *where.of(Order))
        .group_by(Order.state)
    )
    return policy.scope(statement, actor, Order)


def new_customers_by_day(actor: Any, days: list[dt.date], where: Where = EVERYWHERE) -> Select[Any]:
    """(day, customers) whom we saw first on each of these days."""
    day = calendar(days)
    statement = (
        select(day.c.day, func.count(Customer.id).label("customers"))
        .select_from(
            day.join(Customer, (Customer.first_seen_at >= day.c.start) & (Customer.first_seen_at < day.c.stop))
        )
        .where(*where.of(Customer))
        .group_by(day.c.day)
    )
    return policy.scope(statement, actor, Customer)


def tags_without_sales(actor: Any, first: dt.date, last: dt.date) -> Select[Any]:
    """(id, name, products) of tags of whose products nothing was sold in a span, and that got no synonym since it began."""
    start, stop = clock.day_span(first, last)
    sold = (
        select(product_tag.c.tag_id)
        .join(Sku, Sku.product_id == product_tag.c.product_id)
        .join(OrderLine, OrderLine.sku_id == Sku.id)
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.paid_at >= start, Order.paid_at < stop)
    )
    treated = select(Synonym.tag_id).where(Synonym.created_at >= start, Synonym.tag_id.is_not(None))
    products = func.count(product_tag.c.product_id)
    return (
        select(Tag.id, Tag.name, products.label("products"))
        .outerjoin(product_tag, product_tag.c.tag_id == Tag.id)
        .where(Tag.id.not_in(policy.scope(sold, actor, Order)), Tag.id.not_in(treated))
        .group_by(Tag.id, Tag.name)
        .order_by(products.desc(), Tag.name)
        .limit(200)
    )
