"""What insights puts on the home page: four cards of yesterday and three charts over the period of the page."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from flask import g, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import money
from app.panel.core.charts import Chart
from app.panel.core.db import db
from app.panel.workbench.registry import Card, Change, Option, Scope, card, chart, narrowing
from app.shop.insights import charts, figures, queries
from app.shop.insights.figures import Sales
from app.shop.insights.queries import EVERYWHERE, Where

ORDERS = ("read", "orders.Order")
TOTAL = (("orders.Order", "total"),)
CUSTOMERS = ("read", "customers.Customer")
CHANNELS = (ORDERS, ("read", "setup.Channel"))
YESTERDAY, WHERE = "yesterday", "where"


@narrowing(WHERE, _("All channels"), needs=CHANNELS, order=10)
def where_sold(actor: Any) -> list[Option]:
    """The channels of the reader, under the names of their shops where there is more than one."""
    rows = db.session.execute(queries.channels(actor)).all()
    found: list[Option] = []
    many = len({row.shop_id for row in rows}) > 1
    for shop_id, own in groupby(rows, key=lambda row: row.shop_id):
        part = list(own)
        group = part[0].shop if many else ""
        if many:
            found.append(Option(f"shop-{shop_id}", gettext("All of %(shop)s", shop=group), group))
        found += [Option(f"channel-{row.channel_id}", row.name, group) for row in part]
    return found


def _where(scope: Scope) -> Where:
    kind, _dash, key = scope.narrowed.get(WHERE, "").partition("-")
    return Where(**{f"{kind}_id": int(key)}) if key else EVERYWHERE


def _sales(actor: Any, scope: Scope) -> list[Sales]:
    """Yesterday, the day before, a week before; three cards, one statement."""
    where = _where(scope)
    known = g.setdefault("_insights_sales", {})
    if where not in known:
        days = list(figures.compared_days())
        found = figures.daily(actor, days, where)
        known[where] = [found[day] for day in days]
    return list(known[where])


def _changes(now: int | None, day: int | None, week: int | None) -> tuple[Change, ...]:
    return (
        _change(gettext("day before"), now, day),
        _change(gettext("week before"), now, week),
    )


def _change(label: str, now: int | None, before: int | None) -> Change:
    """`+12.5%`; without a figure to compare with a dash."""
    if not before or now is None:
        return Change(label, "–")
    if now == before:
        return Change(label, "±0%")
    percent = 100 * (now - before) / before
    text = f"{percent:+.1f}%" if abs(percent) < 1000 else f"{percent:+.0f}%"
    return Change(label, text.replace("-", "−"), "success" if now > before else "danger")


def _rows(endpoint: str, column: str, scope: Scope) -> str:
    """The list that shows exactly the rows of a card of yesterday."""
    where = _where(scope)
    asked = (("shop", where.shop_id), ("channel", where.channel_id))
    tree = {"and": [[column, "within", YESTERDAY], *([name, "eq", key] for name, key in asked if key is not None)]}
    return url_for(f"{endpoint}.list", f=json.dumps(tree, separators=(",", ":")))


@card("insights.gmv", _("Yesterday's sales (GMV)"), needs=ORDERS, order=10, gives=TOTAL)
def gmv(actor: Any, scope: Scope) -> Card:
    sales = _sales(actor, scope)
    currency = figures.leading_currency(*sales)
    now, day, week = (one.amount(currency) for one in sales)
    others = [money.format(v, code) for code, v in sorted(sales[0].gmv.items()) if code != currency]
    help_ = gettext("Totals of the orders paid yesterday; refunds are not taken off.")
    if others:
        help_ += " " + gettext("Also: %(amounts)s", amounts=", ".join(others))
    return Card(money.format(now, currency), _changes(now, day, week), help_, _rows("orders_order", "paid_at", scope))


@card("insights.orders", _("Yesterday's orders"), needs=ORDERS, order=20)
def orders(actor: Any, scope: Scope) -> Card:
    now, day, week = (one.orders for one in _sales(actor, scope))
    return Card(
        f"{now:,}", _changes(now, day, week), gettext("Orders paid yesterday."), _rows("orders_order", "paid_at", scope)
    )


@card("insights.aov", _("Yesterday's average order"), needs=ORDERS, order=30, gives=TOTAL)
def average_order(actor: Any, scope: Scope) -> Card:
    sales = _sales(actor, scope)
    currency = figures.leading_currency(*sales)
    now, day, week = (figures.average(one.amount(currency), one.orders) for one in sales)
    text = money.format(now, currency) if now is not None else "–"
    return Card(
        text,
        _changes(now, day, week),
        gettext("Sales divided by orders (AOV)."),
        _rows("orders_order", "paid_at", scope),
    )


@card("insights.customers", _("Yesterday's new customers"), needs=CUSTOMERS, order=40)
def customers(actor: Any, scope: Scope) -> Card:
    days = list(figures.compared_days())
    found = figures.new_customers(actor, days, _where(scope))
    now, day, week = (found[one] for one in days)
    url = _rows("customers_customer", "first_seen_at", scope)
    return Card(f"{now:,}", _changes(now, day, week), gettext("Customers seen for the first time yesterday."), url)


@chart("insights.sales_by_day", _("Sales by day"), needs=ORDERS, order=10, wide=True, gives=TOTAL)
def sales_by_day(actor: Any, scope: Scope) -> Chart:
    period, before = scope.period, scope.period.before
    found = figures.daily(actor, queries.span(before.first, period.last), _where(scope))
    now = {day: found[day] for day in queries.span(period.first, period.last)}
    then = {day: found[day] for day in queries.span(before.first, before.last)}
    return charts.sales_by_day(now, then, figures.leading_currency(*now.values()))


@chart("insights.sales_by_channel", _("Sales by channel"), needs=ORDERS, order=20, gives=TOTAL)
def sales_by_channel(actor: Any, scope: Scope) -> Chart:
    period = scope.period
    rows = db.session.execute(queries.sales_by_channel(actor, period.first, period.last, _where(scope))).all()
    currency = figures.leading_currency(*(Sales(row.orders, {row.currency: row.gmv}) for row in rows))
    return charts.sales_by_channel(rows, currency)


@chart("insights.orders_by_state", _("Orders by state"), needs=ORDERS, order=30)
def orders_by_state(actor: Any, scope: Scope) -> Chart:
    period = scope.period
    rows = db.session.execute(queries.orders_by_state(actor, period.first, period.last, _where(scope)))
    return charts.orders_by_state(dict(rows.tuples().all()))
