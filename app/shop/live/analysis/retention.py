"""How long viewers stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class Visit:
    """One stay of one viewer, in seconds since the session began; `left` is None while nothing tells that he went."""

    came: float
    left: float | None = None


def watched(visits: Sequence[Visit], end: float) -> list[float]:
    """Seconds that each visit lasted as far as it was seen, up to the `end` of the session."""
    return [max(0.0, (end if visit.left is None else min(visit.left, end)) - visit.came) for visit in visits]


def mean_watch_time(visits: Sequence[Visit], end: float) -> float | None:
    """Mean seconds of a visit within the session; None without visits."""
    seconds = watched(visits, end)
    return sum(seconds) / len(seconds) if seconds else None


def curve(visits: Sequence[Visit], end: float, *, step: float = 60.0) -> list[float]:
    """The share of viewers who stay longer than 0, 1, 2, … steps (1.0 = all).

    Who was still there when the session ended is counted among those who could have gone for as long as he was seen, and not as
    somebody who went (Kaplan and Meier 1958: the product over all times of going of 1 − went / still there).
    """
    stays = sorted((seconds, visit.left is not None and visit.left < end)
                   for seconds, visit in zip(watched(visits, end), visits, strict=True))  # fmt: skip
    if not stays:
        return []
    there, share = len(stays), 1.0
    survivals: list[tuple[float, float]] = []
    for seconds, alike in groupby(stays, key=lambda stay: stay[0]):
        ends = [went for _seconds, went in alike]
        share *= 1 - sum(ends) / there
        there -= len(ends)
        survivals.append((seconds, share))
    result, position, current = [1.0], 0, 1.0
    for number in range(1, int(stays[-1][0] // step) + 1):
        while position < len(survivals) and survivals[position][0] <= number * step:
            current = survivals[position][1]
            position += 1
        result.append(current)
    return result


def at_minute(shares: Sequence[float], minute: int) -> float | None:
    """The share who stay longer than `minute` minutes, of a curve in steps of a minute; None beyond what was seen."""
    return shares[minute] if minute < len(shares) else None
