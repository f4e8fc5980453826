"""The hook `orders.pricing`: what a line costs. The list answers, unless a domain above registers a better answer."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, bindparam, select

from app.panel.core.db import db
from app.shop.catalog.models import ChannelPrice, Sku


@dataclass(frozen=True)
class PriceRequest:
    """Who buys what where: `lines` are (sku_id, quantity)."""

    shop_id: int
    channel_id: int
    currency: str
    lines: tuple[tuple[int, int], ...]
    at: dt.datetime
    customer_id: int | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PricedLine:
    """The answer for one line. `discount` is off the whole line; `trace` says in JSON how it came about."""

    unit_price: int
    discount: int = 0
    trace: list[dict[str, Any]] = field(default_factory=list)


Answer = Callable[[PriceRequest, list[PricedLine]], Sequence[PricedLine]]
_answers: list[Answer] = []


def answer(func: Answer) -> Answer:
    """Register who prices lines: called with the request and the answer so far, list prices at first."""
    _answers.append(func)
    return func


def price(request: PriceRequest) -> list[PricedLine]:
    """A price for every line of the request, in its order."""
    priced = list_prices(request)
    for func in _answers:
        priced = list(func(request, priced))
        if len(priced) != len(request.lines):
            raise RuntimeError(f"{func.__module__}: {len(priced)} prices for {len(request.lines)} lines")
    return priced


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
