"""The key figures that orders alone can tell: what a product opened, what it earned, how it answered to a discount."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import g, url_for
from flask_babel import format_percent, lazy_gettext
from flask_babel import gettext as _

from app.panel.core import clock, money
from app.panel.core.db import db
from app.panel.workbench.registry import Period
from app.shop.catalog.states import ProductKind
from app.shop.insights import goods
from app.shop.insights.figures import average
from app.shop.insights.kinds import Value, expected, figure
from app.shop.setup.queries import shop_currency

TRAFFIC, PROFIT, EVENT = (ProductKind.TRAFFIC,), (ProductKind.PROFIT,), (ProductKind.EVENT,)
EVERY = tuple(ProductKind)
TOTAL, REVENUE, UNITS = (("orders.Order", "total"),), (("orders.OrderLine", "total"),), (("orders.OrderLine", "quantity"),)
MARGIN = (("orders.OrderLine", "unit_cost"), *REVENUE)


@dataclass
class Sold:
    """What was sold of a product: counts of all orders, amounts of those in the currency of the business."""

    orders: int = 0
    known: int = 0
    new: int = 0
    attached: int = 0
    units: int = 0
    paid_orders: int = 0
    total: int = 0
    revenue: int = 0
    cost: int = 0


def sold(actor: Any, ids: Sequence[int], period: Period) -> dict[int, Sold]:
    """One statement for all figures of a page."""
    key, known = (actor.id, tuple(ids), period), g.setdefault("_insights_sold", {})
    if key not in known:
        found: dict[int, Sold] = defaultdict(Sold)
        for row in db.session.execute(goods.sums(actor, ids, period.first, period.last)):
            own = found[row.product_id]
            for name in ("orders", "known", "new", "attached", "units"):
                setattr(own, name, getattr(own, name) + getattr(row, name))
            if row.currency == shop_currency():
                own.paid_orders, own.total, own.revenue, own.cost = row.orders, row.total, row.revenue, row.cost
        known[key] = dict(found)
    return dict(known[key])


def rows_url(product_id: int, period: Period, which: str = goods.ALL) -> str:
    span: dict[str, Any] = {"which": which, "from": period.first.isoformat(), "to": period.last.isoformat()}
    return url_for("insights_goods.rows", product_id=product_id, **span)


def share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _percent(key: int, part: int, whole: int, period: Period, which: str) -> Value:
    said = format_percent(share(part, whole), "#,##0.0%")
    return Value(_("%(share)s (%(part)s of %(whole)s)", share=said, part=part, whole=whole), share(part, whole),
                 rows_url(key, period, which))  # fmt: skip


def _amount(key: int, minor: int, period: Period) -> Value:
    currency = shop_currency()
    return Value(money.format(minor, currency), float(money.to_decimal(minor, currency)), rows_url(key, period))


expected(
    "ctr", lazy_gettext("Click rate (CTR)"), kinds=TRAFFIC, order=50,
    help=lazy_gettext("Clicks by times shown; known as soon as live sessions or imported visits tell them."),
)  # fmt: skip
expected(
    "conversion", lazy_gettext("Conversion"), kinds=PROFIT, order=50,
    help=lazy_gettext("Orders by visits; known as soon as live sessions or imported visits tell them."),
)  # fmt: skip


@figure("orders", lazy_gettext("Orders with it"), kinds=EVERY, order=10, help=lazy_gettext("Paid orders in which it stands."))
def orders(actor: Any, ids: Sequence[int], period: Period) -> Mapping[int, Value]:
    return {key: Value(f"{own.orders:,}", own.orders, rows_url(key, period)) for key, own in sold(actor, ids, period).items()}


@figure("new", lazy_gettext("First orders"), kinds=TRAFFIC, order=20,
        help=lazy_gettext("Share of its orders, of known customers, that were the first of their customer."))  # fmt: skip
def new(actor: Any, ids: Sequence[int], period: Period) -> Mapping[int, Value]:
    found = sold(actor, ids, period).items()
    return {key: _percent(key, own.new, own.known, period, goods.NEW) for key, own in found if own.known}


@figure("attach", lazy_gettext("Attach rate"), kinds=TRAFFIC, order=30,
        help=lazy_gettext("Share of its orders that hold other articles, too."))  # fmt: skip
def attach(actor: Any, ids: Sequence[int], period: Period) -> Mapping[int, Value]:
    found = sold(actor, ids, period).items()
    return {key: _percent(key, own.attached, own.orders, period, goods.ATTACHED) for key, own in found if own.orders}


@figure("aov", lazy_gettext("Average order with it"), kinds=PROFIT, order=20, gives=TOTAL,
        help=lazy_gettext("Totals of the orders in which it stands by their number (AOV)."))  # fmt: skip
def aov(actor: Any, ids: Sequence[int], period: Period) -> Mapping[int, Value]:
    found = sold(actor, ids, period).items()
    return {key: _amount(key, average(own.total, own.paid_orders) or 0, period) for key, own in found if own.paid_orders}


@figure("revenue", lazy_gettext("Goods amount"), kinds=(ProductKind.REGULAR,), order=20, gives=REVENUE,
        help=lazy_gettext("What was paid for it, discounts taken off."))  # fmt: skip
def revenue(actor: Any, ids: Sequence[int], period: Period) -> Mapping[int, Value]:
    return {key: _amount(key, own.revenue, period) for key, own in sold(actor, ids, period).items()}


@figure("margin", lazy_gettext("Gross margin"), kinds=PROFIT, order=30, gives=MARGIN,
        help=lazy_gettext("What was paid for it above its cost, and which part of the price that is."))  # fmt: skip
def margin(actor: Any, ids: Sequence[int], period: Period) -> Mapping[int, Value]:
    answer = {}
    for key, own in sold(actor, ids, period).items():
        if own.revenue:
            earned = _amount(key, own.revenue - own.cost, period)
            rate = format_percent(share(own.revenue - own.cost, own.revenue), "#,##0.0%")
            answer[key] = Value(f"{earned.text} · {rate}", earned.number, earned.url)
    return answer


@figure("margin_share", lazy_gettext("Share of the margin"), kinds=PROFIT, order=40, gives=MARGIN,
        help=lazy_gettext("Its part of the gross margin of all that was sold."))  # fmt: skip
def margin_share(actor: Any, ids: Sequence[int], period: Period) -> Mapping[int, Value]:
    all_rows = db.session.execute(goods.margin_of_all(actor, period.first, period.last))
    whole = sum(row.revenue - row.cost for row in all_rows if row.currency == shop_currency())
    found = sold(actor, ids, period).items()
    parts = {key: share(own.revenue - own.cost, whole) for key, own in found if whole > 0}
    return {key: Value(format_percent(part, "#,##0.0%"), part, rows_url(key, period)) for key, part in parts.items()}


def by_day(actor: Any, product_id: int, period: Period) -> dict[dt.date, tuple[int, int, int]]:
    """(pieces, amount, discount) of each day on which it was sold, in the currency of the business."""
    found: dict[dt.date, tuple[int, int, int]] = {}
    for row in db.session.execute(goods.by_order(actor, [product_id], period.first, period.last)):
        if row.currency == shop_currency():
            pieces, amount, discount = found.get(day := clock.local(row.paid_at).date(), (0, 0, 0))
            found[day] = (pieces + row.units, amount + row.revenue, discount + row.discount)
    return found


@dataclass(frozen=True)
class Response:
    """A product while it was discounted, and in the time of the same length before."""

    during: Period
    units: int
    revenue: int
    units_before: int
    revenue_before: int


def responses(actor: Any, ids: Sequence[int], period: Period) -> dict[int, Response]:
    """From the first to the last day of the period on which a product was sold with a discount."""
    key, known = (actor.id, tuple(ids), period), g.setdefault("_insights_responses", {})
    if key not in known:
        rows = db.session.execute(goods.by_order(actor, ids, period.before.first, period.last)).all()
        by_product: dict[int, list[tuple[dt.date, Any]]] = defaultdict(list)
        for row in rows:
            by_product[row.product_id].append((clock.local(row.paid_at).date(), row))
        known[key] = {
            product_id: found for product_id, own in by_product.items() if (found := _response(own, period)) is not None
        }
    return dict(known[key])


def _response(rows: list[tuple[dt.date, Any]], period: Period) -> Response | None:
    days = [day for day, row in rows if row.discount > 0 and day >= period.first]
    if not days:
        return None
    during = Period(min(days), max(days))

    def of(span: Period) -> tuple[int, int]:
        mine = [row for day, row in rows if span.first <= day <= span.last]
        return sum(row.units for row in mine), sum(row.revenue for row in mine if row.currency == shop_currency())

    return Response(during, *of(during), *of(during.before))


def _change(now: int, before: int) -> str:
    return f"{100 * (now - before) / before:+.0f}%".replace("-", "\u2212") if before else _("nothing before")


@figure("discount_units", lazy_gettext("Pieces while discounted"), kinds=EVENT, order=20, gives=UNITS,
        help=lazy_gettext("From the first to the last day with a discount, against as many days before."))  # fmt: skip
def discount_units(actor: Any, ids: Sequence[int], period: Period) -> Mapping[int, Value]:
    return {
        key: Value(f"{one.units:,} · {_change(one.units, one.units_before)}", one.units, rows_url(key, one.during))
        for key, one in responses(actor, ids, period).items()
    }


@figure("discount_revenue", lazy_gettext("Goods amount while discounted"), kinds=EVENT, order=30, gives=REVENUE,
        help=lazy_gettext("From the first to the last day with a discount, against as many days before."))  # fmt: skip
def discount_revenue(actor: Any, ids: Sequence[int], period: Period) -> Mapping[int, Value]:
    found = {}
    for key, one in responses(actor, ids, period).items():
        amount = _amount(key, one.revenue, one.during)
        found[key] = Value(f"{amount.text} · {_change(one.revenue, one.revenue_before)}", amount.number, amount.url)
    return found


@figure("units_before", lazy_gettext("Pieces before"), kinds=EVENT, order=40, gives=UNITS,
        help=lazy_gettext("In as many days before the first day with a discount."))  # fmt: skip
def units_before(actor: Any, ids: Sequence[int], period: Period) -> Mapping[int, Value]:
    return {
        key: Value(f"{one.units_before:,}", one.units_before, rows_url(key, one.during.before))
        for key, one in responses(actor, ids, period).items()
    }
