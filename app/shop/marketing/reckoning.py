"""The arithmetic of promotions and coupons: whole minor units, parts that add up, nothing below zero. Knows no database.

The order of steps is fixed. First each piece gets its price: of the promotions that give one, the first by priority, and
among equals the lowest. Then full reductions come off, a line taking part in one of them; then coupons come off what is
left. Each sum is shared out over its lines by their value at that moment, to the last unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.panel.core import money


@dataclass(frozen=True)
class Term:
    """One sum that comes off several lines, as it stood when the order was placed.

    `lines` are places in the order of the lines; `tiers` are (from goods worth, off), of which the highest that is
    reached counts. `percent` takes so much off the goods instead, `cap` at most. With `shares` each piece gets back what
    was paid for it; otherwise what a buyer keeps after a refund is priced anew.
    """

    lines: tuple[int, ...]
    tiers: tuple[tuple[int, int], ...] = ()
    percent: int = 0
    least: int = 0
    cap: int | None = None
    shares: bool = False

    def off(self, base: int) -> int:
        """What it takes off goods that are worth `base`."""
        if self.percent:
            if base < self.least:
                return 0
            off = share_of(base, self.percent)
            return off if self.cap is None else min(off, self.cap)
        reached = [off for least, off in self.tiers if base >= least]
        return min(max(reached, default=0), base)

    def kept(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {
            "tiers": [list(tier) for tier in self.tiers], "percent": self.percent, "least": self.least, "cap": self.cap,
            "shares": self.shares,
        }  # fmt: skip


def term_of(lines: Sequence[int], kept: dict[str, Any]) -> Term:
    """A term as it was kept."""
    tiers = tuple((least, off) for least, off in kept["tiers"])
    return Term(tuple(lines), tiers, kept["percent"], kept["least"], kept["cap"], kept["shares"])


def share_of(amount: int, percent: int) -> int:
    """So many percent of an amount; half a unit is rounded up."""
    return (amount * percent + 50) // 100


def cheaper(unit_price: int, *, price: int | None = None, off: int | None = None, percent: int | None = None) -> int:
    """The price of a piece under a promotion, never below zero."""
    if price is not None:
        return price
    if off is not None:
        return max(unit_price - off, 0)
    return unit_price - share_of(unit_price, percent or 0)


def take_off(left: Sequence[int], term: Term) -> list[int]:
    """What a term takes off each line, given what the lines are worth; zero for those that are not in it."""
    parts = [0] * len(left)
    values = [left[at] for at in term.lines]
    amount = term.off(sum(values))
    if amount:
        for at, part in zip(term.lines, money.allocate(amount, values), strict=True):
            parts[at] = part
    return parts


@dataclass(frozen=True)
class Bought:
    """A line as it was bought: pieces, their price, and what came off it, term by term and by hand."""

    quantity: int
    unit_price: int
    parts: tuple[int, ...]
    by_hand: int = 0


def worth_of(bought: Sequence[Bought], terms: Sequence[Term], kept: Sequence[int]) -> int:
    """What a buyer who keeps so many pieces of each line would have paid for them."""
    left = [line.unit_price * n for line, n in zip(bought, kept, strict=True)]
    for number, term in enumerate(terms):
        if term.shares:
            parts = [line.parts[number] * n // line.quantity for line, n in zip(bought, kept, strict=True)]
        else:
            parts = take_off(left, term)
        left = [value - min(part, value) for value, part in zip(left, parts, strict=True)]
    by_hand = [line.by_hand * n // line.quantity for line, n in zip(bought, kept, strict=True)]
    return sum(max(value - part, 0) for value, part in zip(left, by_hand, strict=True))


def given_back(
    bought: Sequence[Bought], terms: Sequence[Term], before: Sequence[int], after: Sequence[int], paid_back: int = 0
) -> int:
    """What is given back when a buyer keeps `after` instead of `before` pieces of each line.

    All that was paid for the goods, less what those that he keeps cost by themselves, less what he has got already; when
    the discount that falls away is worth more than the goods, nothing, and the next return makes up for it.
    """
    whole = worth_of(bought, terms, [line.quantity for line in bought])
    due_before = max(whole - worth_of(bought, terms, before), 0)
    due_after = max(whole - worth_of(bought, terms, after), 0)
    return max(due_after - max(due_before, paid_back), 0)
