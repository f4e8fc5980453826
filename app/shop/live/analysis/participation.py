"""How many of those who were there took part in a game, beside games of the same kind in earlier sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

LOW = 2 / 3  # of what is usual: below it the rule or the prize should be looked at
FEW = 3  # earlier games under which nothing is said to be usual


@dataclass(frozen=True)
class Compared:
    """Shares between 0 and 1. `usual` is the median of `n` earlier games; None where they are too few."""

    share: float | None
    usual: float | None
    n: int
    is_low: bool


def share(taken_part: int, viewers: int) -> float | None:
    """Takers by all who were there meanwhile; None where nobody said how many watched."""
    return taken_part / viewers if viewers > 0 else None


def compare(mine: float | None, earlier: Sequence[float]) -> Compared:
    usual = median(earlier) if len(earlier) >= FEW else None
    is_low = mine is not None and usual is not None and mine < usual * LOW
    return Compared(mine, usual, len(earlier), is_low)
