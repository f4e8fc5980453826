"""The hook `orders.pricing`: what a line costs. The list answers, unless a domain above registers a better answer."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, bindparam, select

from app.panel.core.db import db
from app.shop.catalog.models import ChannelPrice, Sku
from app.shop.orders.models import Order, OrderLine

MOST_CODES = 10


@dataclass(frozen=True)
class PriceRequest:
    """Who buys what where: `lines` are (sku_id, quantity). `session` is a word such as `live:12` that nobody here reads.

    `at` is the moment by our clock. With `is_placing` the order is being placed in this very transaction: limits are
    then read under a lock, and what was answered is taken when the order stands.
    """

    shop_id: int
    channel_id: int
    currency: str
    lines: tuple[tuple[int, int], ...]
    at: dt.datetime
    customer_id: int | None = None
    codes: tuple[str, ...] = ()
    session: str = ""
    is_placing: bool = False
    warehouse_id: int | None = None


@dataclass(frozen=True)
class PricedLine:
    """The answer for one line. `discount` is off the whole line; `trace` says in JSON how it came about."""

    unit_price: int
    discount: int = 0
    trace: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Gift:
    """What is added to the order for nothing."""

    sku_id: int
    quantity: int
    trace: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Quote:
    """A price for every line of the request, in its order; what comes with it, and the codes that do not count.

    `claims` belongs to whoever answered: it comes back with `order_placed`, for him to take what he promised.
    """

    lines: list[PricedLine]
    gifts: list[Gift] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    claims: list[Any] = field(default_factory=list)


Answer = Callable[[PriceRequest, Quote], Quote]
Worth = Callable[[Order, Sequence[tuple[OrderLine, int]], list[int]], list[int]]
_answers: list[Answer] = []
_worths: list[Worth] = []


def answer(func: Answer) -> Answer:
    """Register who prices lines: called with the request and the answer so far, list prices at first."""
    _answers.append(func)
    return func


def worth(func: Worth) -> Worth:
    """Register who says what pieces are worth that are given back: called with the order, the pieces by line, and the
    values so far, at first each piece's share of what was paid for its line."""
    _worths.append(func)
    return func


def quote(request: PriceRequest) -> Quote:
    """What the request costs; nothing is written."""
    found = Quote(list_prices(request))
    for code in request.codes:
        found.refused[code] = ""  # until somebody knows it
    for func in _answers:
        found = func(request, found)
        if len(found.lines) != len(request.lines):
            raise RuntimeError(f"{func.__module__}: {len(found.lines)} prices for {len(request.lines)} lines")
    return found


def reckoned(order: Order, pieces: Sequence[tuple[OrderLine, int]], values: list[int]) -> list[int]:
    """What is given back for these pieces of an order, line by line; `values` are their shares of what was paid."""
    for func in _worths:
        values = func(order, pieces, values)
    return values


def codes_in(text: str | None) -> tuple[str, ...]:
    """The coupon codes that somebody typed, separated by anything that stands in no code."""
    return tuple(dict.fromkeys(part.upper() for part in re.split(r"[\s,，;；、]+", text or "") if part))


def list_prices(request: PriceRequest) -> list[PricedLine]:
    """The price of the channel where it has one, else that of the SKU: one statement for any number of lines."""
    ids = list({sku_id for sku_id, _quantity in request.lines})
    asked = {"ids": ids, "channel": request.channel_id, "currency": request.currency}
    known = {sku_id: (own, special) for sku_id, own, special in db.session.execute(_prices(), asked)}
    result = []
    for sku_id, _quantity in request.lines:
        own, special = known[sku_id]
        amount, source = (own, "list") if special is None else (special, "channel")
        result.append(PricedLine(amount, trace=[{"step": source, "unit_price": amount}]))
    return result


@functools.cache
def _prices() -> Select[Any]:
    """Built once: every order asks this."""
    skus, special = Sku.__table__, ChannelPrice.__table__
    here = (
        (special.c.sku_id == skus.c.id)
        & (special.c.channel_id == bindparam("channel"))
        & (special.c.currency == bindparam("currency"))
    )
    query = select(skus.c.id, skus.c.price, special.c.price).select_from(skus.outerjoin(special, here))
    return query.where(skus.c.id.in_(bindparam("ids", expanding=True)))
