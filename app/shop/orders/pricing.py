"""The hook `orders.pricing`: what a line costs. The list answers, unless a domain above registers a better answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

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
    """The price of the channel where it has one, else that of the SKU: two statements for any number of lines."""
    ids = [sku_id for sku_id, _quantity in request.lines]
    own: dict[int, int] = dict(db.session.execute(select(Sku.id, Sku.price).where(Sku.id.in_(ids))).tuples().all())
    channel = select(ChannelPrice.sku_id, ChannelPrice.price).where(
        ChannelPrice.sku_id.in_(ids),
        ChannelPrice.channel_id == request.channel_id,
        ChannelPrice.currency == request.currency,
    )
    special: dict[int, int] = dict(db.session.execute(channel).tuples().all())
    result = []
    for sku_id, _quantity in request.lines:
        amount, source = (special[sku_id], "channel") if sku_id in special else (own[sku_id], "list")
        result.append(PricedLine(amount, trace=[{"step": source, "unit_price": amount}]))
    return result
