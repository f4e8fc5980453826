"""Stock that product files speak of. The catalog reads the numbers; a domain above it that keeps stock takes them over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.panel.bulk.importers import Image, Option


class StockKeeper:
    """Who keeps stock. This one keeps none: without a domain for it, numbers of files are passed over."""

    table = ""

    def options(self, actor: Any) -> list[Option]:
        """The question where to the stock goes; none for people who may not book any."""
        return []

    def wanted(self, options: Mapping[str, Any]) -> bool:
        """Does this run take stock over at all?"""
        return False

    def look(self, amounts: Mapping[int, int], options: Mapping[str, Any], *, actor: Any) -> dict[int, str]:
        """By SKU: "" where the number is news, else the sentence why it cannot be. What is no news is left out."""
        return {}

    def take_over(
        self, amounts: Mapping[int, int], options: Mapping[str, Any], *, actor: Any, run_id: int
    ) -> dict[int, Image]:
        """Book the numbers; by SKU the line of the journal that was written."""
        return {}

    def undo(self, images: Sequence[Image], *, actor: Any, run_id: int) -> list[str]:
        """Book lines of a run back; for each why not, "" for done."""
        return [""] * len(images)

    def forget(self, sku_ids: Sequence[int], *, run_id: int) -> None:
        """These SKUs go with the run that made them: their stock, which it alone has booked and booked back, goes first."""


_keepers: list[StockKeeper] = []
NONE = StockKeeper()


def keep_with(keeper: StockKeeper) -> None:
    """Said once by the domain that keeps stock."""
    _keepers[:] = [keeper]


def keeper() -> StockKeeper:
    return _keepers[0] if _keepers else NONE
