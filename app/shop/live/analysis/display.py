"""The display-threshold effect: when, while an item is shown, it sells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FEW = 10  # orders below which no minutes are suggested
STILL_RISING, LONG_OVER = 0.45, 0.2  # shares of what was sold in the last third; an even sale would give 0.333
ENOUGH = 0.8  # share of the sales after which a display that was too long should have ended


@dataclass(frozen=True)
class Slot:
    """One display of one item, in seconds since the session began."""

    begun: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.begun


@dataclass(frozen=True)
class Display:
    """What the displays of an item tell."""

    sold: int  # pieces sold while it was shown
    after: int  # pieces sold within a third of the display's length after it
    tenths: tuple[int, ...]  # pieces sold in each tenth of its displays
    last_third: float | None  # share of `sold` in the last third of the displays; None when nothing was sold
    minutes: float  # shown, on average
    suggested: float | None  # minutes that are suggested; None when the rows are too few to say
    reason: str  # "longer", "shorter", "keep", "few"


def read(slots: Sequence[Slot], sales: Sequence[tuple[float, int]]) -> Display:
    """`sales` are (seconds since the session began, pieces) of one item, `slots` its displays.

    Displays are laid over one another by the share of their length, so that long and short ones count alike.
    """
    shown = [slot for slot in slots if slot.seconds > 0]
    tenths, thirds, after = [0] * 10, 0, 0
    places: list[tuple[float, int]] = []
    for at, pieces in sales:
        slot = next((one for one in shown if one.begun <= at < one.ended), None)
        if slot is None:
            after += pieces if any(one.ended <= at < one.ended + one.seconds / 3 for one in shown) else 0
            continue
        share = (at - slot.begun) / slot.seconds
        places.append((share, pieces))
        tenths[min(9, int(share * 10))] += pieces
        thirds += pieces if share >= 2 / 3 else 0
    sold = sum(tenths)
    minutes = sum(slot.seconds for slot in shown) / len(shown) / 60 if shown else 0.0
    last_third = thirds / sold if sold else None
    suggested, reason = suggest(places, sold, last_third, minutes)
    return Display(sold, after, tuple(tenths), last_third, minutes, suggested, reason)


def suggest(
    places: list[tuple[float, int]], sold: int, last_third: float | None, minutes: float
) -> tuple[float | None, str]:
    """A third longer while sales still rise at the end; as long as four fifths of the sales took when they were over before it."""
    if sold < FEW or last_third is None:
        return None, "few"
    if last_third > STILL_RISING:
        return round(minutes * 4 / 3, 1), "longer"
    if last_third >= LONG_OVER:
        return round(minutes, 1), "keep"
    so_far = 0
    for share, pieces in sorted(places):
        so_far += pieces
        if so_far >= ENOUGH * sold:
            return round(max(minutes * share, 1.0), 1), "shorter"
    raise AssertionError("four fifths of what was sold come before all of it")
