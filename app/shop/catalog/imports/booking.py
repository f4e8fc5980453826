"""The stock of a chunk of products: looked at before anything is written, booked when all SKUs have their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from app.panel.bulk.importers import Plan, Result
from app.panel.bulk.states import Outcome
from app.shop.catalog.imports import stock
from app.shop.catalog.imports.matching import Match

if TYPE_CHECKING:
    from app.shop.catalog.imports.common import ProductWork


class Booking:
    """`places` knows by record and place in the file which SKU is which; it shares the dictionaries of the matches."""

    def __init__(self, work: ProductWork, plans: Sequence[Plan], matches: dict[int, Match]) -> None:
        self.work = work
        self.places = {seq: match.found for seq, match in matches.items()}
        amounts = self._amounts(plans)
        look = stock.keeper().look
        self.news = look(amounts, work.options, actor=work.actor) if work.stock and amounts else {}

    def refusal(self, plan: Plan) -> str:
        """Why a number of this product cannot be booked."""
        return next((self.news[key] for key in self._amounts([plan]) if self.news.get(key)), "")

    def foresee(self, plans: Sequence[Plan], results: dict[int, Result]) -> None:
        """A product of which only the stock is news counts as changed in a check, too."""
        for plan in plans:
            if results[plan.seq].outcome is Outcome.SAME and any(key in self.news for key in self._amounts([plan])):
                results[plan.seq].outcome = Outcome.CHANGED

    def added(self, plans: Sequence[Plan], ids: Iterable[int]) -> None:
        """The SKUs of new products, in the order of the file."""
        numbers = iter(ids)
        for plan in plans:
            self.places[plan.seq] = {place: next(numbers) for place, _sku in enumerate(plan.values["skus"])}

    def book(self, plans: Sequence[Plan], results: dict[int, Result]) -> None:
        """Take the numbers over; each line of the journal goes with the result of its product."""
        amounts = self._amounts(plans)
        if not self.work.stock or not amounts:
            return
        keeper, work = stock.keeper(), self.work
        lines = keeper.take_over(amounts, work.options, actor=work.actor, run_id=work.run_id)
        for plan in plans:
            images = [lines[key] for key in self._amounts([plan]) if key in lines]
            result = results[plan.seq]
            result.images += images
            if images and result.outcome is Outcome.SAME:
                result.outcome = Outcome.CHANGED

    def _amounts(self, plans: Sequence[Plan]) -> dict[int, int]:
        found: dict[int, int] = {}
        for plan in plans:
            places = self.places.get(plan.seq, {})
            for place, sku in enumerate(plan.values["skus"]):
                if sku.get("stock") is not None and place in places:
                    found[places[place]] = sku["stock"]
        return found
