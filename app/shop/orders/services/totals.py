"""Sums that add up: amounts in minor units, no share lost and none invented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from app.panel.core import money
from app.panel.core.errors import DomainError


@dataclass(frozen=True)
class Goods:
    """A line as far as its sum goes; `discount` is what was taken off this line alone."""

    quantity: int
    unit_price: int
    discount: int = 0

    @property
    def gross(self) -> int:
        return self.quantity * self.unit_price


@dataclass(frozen=True)
class Totals:
    subtotal: int
    discount: int
    shares: tuple[int, ...]
    total: int


def add_up(goods: Sequence[Goods], *, discount: int = 0, extra: int = 0) -> Totals:
    """Share `discount` out over the lines by their value and sum up; `extra` is shipping, tax and adjustment.

    The lines' own discounts come first; shares[i] holds both, so that the lines' totals and `total` agree:
    sum(gross - share) + extra = total.

    :raises DomainError: when more is taken off than there is
    """
    left = [line.gross - line.discount for line in goods]
    if discount < 0 or any(line.discount < 0 for line in goods) or any(value < 0 for value in left):
        raise DomainError(_("A discount cannot be negative or larger than its line."))
    if discount > sum(left):
        raise DomainError(_("The discount is larger than the goods."))
    # by value: a share never exceeds its line, for total <= sum of the weights
    shares = money.allocate(discount, left) if discount else [0] * len(left)
    whole = tuple(line.discount + share for line, share in zip(goods, shares, strict=True))
    subtotal = sum(line.gross for line in goods)
    return Totals(subtotal, sum(whole), whole, subtotal - sum(whole) + extra)


def value_of(total: int, refunded: int, quantity: int, refunded_quantity: int, pieces: int) -> int:
    """What `pieces` of a line are worth when given back: the last pieces carry the rest, so nothing stays over."""
    left = quantity - refunded_quantity
    if pieces >= left:
        return total - refunded
    return (total - refunded) * pieces // left
