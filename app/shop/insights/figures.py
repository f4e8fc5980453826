"""The plain numbers behind cards and charts: rows of the queries, put into order in Python. No SQL, no screen."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from app.panel.core import clock
from app.panel.core.db import db
from app.shop.insights import queries
from app.shop.insights.queries import EVERYWHERE, Where
from app.shop.setup.queries import shop_currency


@dataclass(frozen=True)
class Sales:
    """Orders and GMV (minor units by currency) of one day or span."""

    orders: int = 0
    gmv: dict[str, int] = field(default_factory=dict)

    def amount(self, currency: str) -> int:
        return self.gmv.get(currency, 0)

    def __add__(self, other: Sales) -> Sales:
        total = Counter(self.gmv)
        total.update(other.gmv)
        return Sales(self.orders + other.orders, dict(total))


def daily(actor: Any, days: list[dt.date], where: Where = EVERYWHERE) -> dict[dt.date, Sales]:
    """Sales of each of these days, also of those without any; one statement."""
    found = dict.fromkeys(days, Sales())
    for day, currency, orders, gmv in db.session.execute(queries.sales_by_day(actor, days, where)):
        date = dt.date.fromisoformat(day)
        found[date] = found[date] + Sales(orders, {currency: gmv})
    return found


def new_customers(actor: Any, days: list[dt.date], where: Where = EVERYWHERE) -> dict[dt.date, int]:
    found = dict.fromkeys(days, 0)
    for day, n in db.session.execute(queries.new_customers_by_day(actor, days, where)):
        found[dt.date.fromisoformat(day)] = n
    return found


def compared_days() -> tuple[dt.date, dt.date, dt.date]:
    """Yesterday, the day before it, and the same weekday a week earlier."""
    yesterday = clock.today() - dt.timedelta(days=1)
    return yesterday, yesterday - dt.timedelta(days=1), yesterday - dt.timedelta(days=7)


def average(amount: int, orders: int) -> int | None:
    """Minor units an order, half a unit rounded up; None without orders."""
    return (2 * amount + orders) // (2 * orders) if orders else None


def leading_currency(*all_sales: Sales) -> str:
    """The currency to show first: that of the business where something was sold in it, else the most frequent one."""
    own = shop_currency()
    seen = [currency for sales in all_sales for currency, amount in sales.gmv.items() if amount]
    if own in seen or not seen:
        return own
    return Counter(seen).most_common(1)[0][0]
