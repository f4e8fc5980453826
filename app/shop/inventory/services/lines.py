"""What the stock verbs are told: lines and the cause they belong to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import lazy_gettext as _

from app.panel.core.errors import DomainError


@dataclass(frozen=True, slots=True)
class Line:
    """`quantity` pieces (always positive) of one SKU; without a warehouse the default one of the shop is meant.

    `unit_cost` is in minor units of the business currency, where the verb brings goods in.
    """

    sku_id: int
    quantity: int
    warehouse_id: int | None = None
    unit_cost: int | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why stock moves: the row behind it (`orders.Order`, 17) and, where one row acts several times, the `step`.

    The same cause and step sent again answers as the first did and moves nothing.
    """

    resource: str
    id: int
    step: str = ""

    def key(self, verb: str) -> str:
        """The name of one command in the journal."""
        return ":".join(part for part in (self.resource, str(self.id), verb, self.step) if part)


class OutOfStock(DomainError):
    """Fewer than wanted are left. Nothing was taken."""

    def __init__(self, sku: str, left: int, *, sku_id: int, wanted: int, warehouse_id: int) -> None:
        self.sku_id, self.left, self.wanted, self.warehouse_id = sku_id, left, wanted, warehouse_id
        super().__init__(_("Only %(left)s of %(sku)s are left, %(wanted)s are wanted."), left=left, sku=sku, wanted=wanted)


def normal(lines: Iterable[Line], warehouse_id: int) -> list[Line]:
    """One line per warehouse and SKU, in the order in which every writer locks them (SAFETY R09)."""
    merged: dict[tuple[int, int], Line] = {}
    for line in lines:
        if isinstance(line.quantity, bool) or not isinstance(line.quantity, int) or line.quantity <= 0:
            raise DomainError(_("A quantity is a whole number above zero."))
        place = (line.warehouse_id or warehouse_id, line.sku_id)
        before = merged.get(place)
        quantity = line.quantity + (before.quantity if before else 0)
        cost = line.unit_cost if line.unit_cost is not None else (before.unit_cost if before else None)
        merged[place] = replace(line, warehouse_id=place[0], quantity=quantity, unit_cost=cost)
    return [merged[place] for place in sorted(merged)]


def fingerprint(*parts: Any) -> str:
    """A short name of a command that brought no key of its own."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]
