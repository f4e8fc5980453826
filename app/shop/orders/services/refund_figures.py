"""Orders as far as refunds go: plain figures of many of them, read in a few statements and written by none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from app.panel.core.db import db
from app.panel.core.rows import among
from app.shop.orders.models import (
    CloseReason,
    Order,
    OrderLine,
    OrderState,
    Payment,
    PaymentMethod,
    Refund,
    RefundLine,
    RefundState,
)

ORDERS: Any = Order.__table__
LINES: Any = OrderLine.__table__
REFUNDS: Any = Refund.__table__
SHARES: Any = RefundLine.__table__
PAYMENTS: Any = Payment.__table__


@dataclass(slots=True)
class LineFigures:
    """Of `OrderLine`; `restocked` pieces of it came back before."""

    id: int
    order_id: int
    sku_id: int | None
    sku_code: str | None
    title: str | None
    option: str | None
    quantity: int
    total: int
    unit_cost: int | None
    reserved_quantity: int
    shipped_quantity: int
    cancelled_quantity: int
    refunded_quantity: int
    refunded_amount: int
    version: int
    restocked: int = 0

    @property
    def left_to_ship(self) -> int:
        return self.quantity - self.shipped_quantity - self.cancelled_quantity

    @property
    def left_to_refund(self) -> int:
        return self.quantity - self.refunded_quantity

    def __str__(self) -> str:
        return f"{self.title} {self.option}".strip() if self.option else (self.title or self.sku_code or "")


@dataclass(slots=True)
class OrderFigures:
    """Of `Order`; `method` is the way by which money usually goes back."""

    id: int
    version: int
    number: str
    shop_id: int
    warehouse_id: int | None
    currency: str
    state: OrderState
    refund_state: RefundState
    close_reason: CloseReason | None
    is_past: bool
    paid: int
    refunded: int
    paid_at: dt.datetime | None
    shipped_at: dt.datetime | None
    closed_at: dt.datetime | None
    method: PaymentMethod = PaymentMethod.OTHER
    lines: list[LineFigures] = field(default_factory=list)
    decided: Any = None  # what a wish would do with it, once that was worked out

    @property
    def left_to_refund(self) -> int:
        return self.paid - self.refunded


_OF_ORDER = [name for name in OrderFigures.__dataclass_fields__ if name in ORDERS.c]
_OF_LINE = [name for name in LineFigures.__dataclass_fields__ if name in LINES.c]


def figures_of(ids: Sequence[int]) -> list[OrderFigures]:
    """The figures of these orders, by number. Read them in the transaction that writes, with the rows locked."""
    query = select(*(ORDERS.c[name] for name in _OF_ORDER)).where(among(ORDERS.c.id, ids)).order_by(ORDERS.c.id)
    found = {row[0]: OrderFigures(*row) for row in db.session.execute(query)}
    keys = list(found)
    back = _restocked(keys)
    of_line = select(*(LINES.c[name] for name in _OF_LINE)).where(among(LINES.c.order_id, keys)).order_by(LINES.c.id)
    for row in db.session.execute(of_line):
        line = LineFigures(*row)
        line.restocked = back.get(line.id, 0)
        found[line.order_id].lines.append(line)
    paid = select(PAYMENTS.c.order_id, PAYMENTS.c.method).where(among(PAYMENTS.c.order_id, keys)).order_by(PAYMENTS.c.id)
    for order_id, method in db.session.execute(paid):
        found[order_id].method = method
    return list(found.values())


def _restocked(order_ids: Sequence[int]) -> dict[int, int]:
    """Pieces of lines that were put back by refunds that still count."""
    query = (
        select(SHARES.c.line_id, func.sum(SHARES.c.restocked_quantity))
        .join(REFUNDS, REFUNDS.c.id == SHARES.c.refund_id)
        .where(among(REFUNDS.c.order_id, order_ids), REFUNDS.c.reversed_at.is_(None), SHARES.c.restocked_quantity > 0)
        .group_by(SHARES.c.line_id)
    )
    return {line_id: int(pieces) for line_id, pieces in db.session.execute(query)}
