"""Sessions and items beside one another: quadrants, the most similar sessions, correlations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, correlation, median

FEW = 10  # pairs below which a correlation is shown with a warning
FAR_HOURS, OTHER_HOST, OTHER_KIND = 1.0, 1.0, 1.0  # how much each difference weighs, each between 0 and 1


def quadrants(items: Mapping[int, tuple[int, int]]) -> dict[int, str]:
    """{item: (exposures, orders)} → "star", "hidden", "dear" or "idle".

    Both axes are cut at the median of the items that were seen at all: star = seen and bought, hidden = bought by the
    few who saw it, dear = seen by many and not bought, idle = neither. An item that nobody saw is idle.
    """
    seen = {key: (count, orders / count) for key, (count, orders) in items.items() if count > 0}
    if not seen:
        return dict.fromkeys(items, "idle")
    wide, high = median(count for count, _rate in seen.values()), median(rate for _count, rate in seen.values())
    names = {(True, True): "star", (False, True): "hidden", (True, False): "dear", (False, False): "idle"}
    return {
        key: names[seen[key][0] >= wide, seen[key][1] >= high and seen[key][1] > 0] if key in seen else "idle"
        for key in items
    }


@dataclass(frozen=True)
class Traits:
    """What makes two sessions alike."""

    hour: float  # hour of the day of its begin, in the shop's time, 0 ≤ hour < 24
    host: int | None
    kinds: frozenset[int]  # categories of its items


def difference(one: Traits, other: Traits) -> float:
    """0 (alike) to 3: hours apart around the clock (12 = 1), another host, categories not shared (Jaccard)."""
    apart = abs(one.hour - other.hour) % 24
    hours = min(apart, 24 - apart) / 12
    union = one.kinds | other.kinds
    unshared = 1 - len(one.kinds & other.kinds) / len(union) if union else 0.0
    return FAR_HOURS * hours + OTHER_HOST * (one.host != other.host) + OTHER_KIND * unshared


def nearest(mine: Traits, past: Mapping[int, Traits], k: int = 5) -> list[tuple[int, float]]:
    """The k most similar past sessions as (key, difference), the most similar first; of two alike the later key."""
    found = sorted(((difference(mine, traits), -key) for key, traits in past.items()))
    return [(-key, apart) for apart, key in found[:k]]


@dataclass(frozen=True)
class Correlation:
    """Pearson's r of n pairs with its interval of 95 % (Fisher 1921: artanh r is normal with 1 / √(n − 3))."""

    r: float | None  # None when one side never changes, or of fewer than three pairs
    n: int
    low: float | None = None
    high: float | None = None

    @property
    def is_weak(self) -> bool:
        """Too few pairs to build on."""
        return self.n < FEW

    @property
    def is_clear(self) -> bool:
        """The interval leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def correlate(left: Sequence[float], right: Sequence[float], confidence: float = 0.95) -> Correlation:
    n = len(left)
    if n < 3 or len(set(left)) == 1 or len(set(right)) == 1:
        return Correlation(None, n)
    r = max(-1.0, min(1.0, correlation(left, right)))
    if n == 3 or abs(r) > 1 - 1e-12:
        return Correlation(r, n)
    reach = NormalDist().inv_cdf((1 + confidence) / 2) / math.sqrt(n - 3)
    return Correlation(r, n, math.tanh(math.atanh(r) - reach), math.tanh(math.atanh(r) + reach))
