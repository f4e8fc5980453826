"""Slope and change points of a curve."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import linear_regression, median

SHORTEST = 5  # points between two changes


def slope(values: Sequence[float]) -> float | None:
    """Least-squares change per step; None below two points."""
    return linear_regression(range(len(values)), values).slope if len(values) > 1 else None


def noise(values: Sequence[float]) -> float:
    """Standard deviation of what is not trend, from the differences of neighbours (robust: 1.4826 · median, / √2)."""
    steps = [abs(later - earlier) for earlier, later in pairwise(values)]
    return 1.4826 * median(steps) / math.sqrt(2) if steps else 0.0


def changes(values: Sequence[float]) -> list[int]:
    """Positions at which the level of the curve changes for good.

    PELT with a squared-error cost (Killick, Fearnhead and Eckley 2012) and a penalty of 3 · σ² · ln n, so that noise alone makes no
    change. The library brings numpy and is therefore loaded when first asked, which only jobs do.
    """
    n = len(values)
    if n < 2 * SHORTEST or len(set(values)) == 1:
        return []
    numpy, ruptures = importlib.import_module("numpy"), importlib.import_module("ruptures")
    spread = noise(values) or 1e-9
    found = ruptures.Pelt(model="l2", min_size=SHORTEST, jump=1).fit(numpy.asarray(values, dtype=float)).predict(
        pen=3 * spread**2 * math.log(n)
    )  # fmt: skip
    return [int(position) for position in found if position < n]
