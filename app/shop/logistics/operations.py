"""Shipping many orders at once, with courier and tracking numbers as they are pasted from anywhere (ORD-24)."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.bulk.engine import Look, register
from app.panel.core.errors import InvalidInput
from app.shop.logistics import formats, forms, services
from app.shop.orders import services as orders
from app.shop.orders.models import Order
from app.shop.orders.operations import OfOrders

SPLIT = re.compile(r"[\t,，;；]+|\s{2,}|(?<=\S)\s+(?=\S)")
MOST = 10_000


@register
class ShipOrders(OfOrders):
    """Everything that is left of each order goes in one parcel. Where numbers were pasted, an order without one stays."""

    key, label, icon, order = "logistics.ship", _("Ship"), "fa-truck", 10
    permission, form, undo, keeps = "ship", forms.ShipManyForm, True, ("state",)

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        """The pasted lines by order number: courier, tracking number, and why that cannot be."""
        usual = (form.courier.data or "").strip()
        return {"courier": usual, "numbers": read(form.numbers.data or "", usual)}

    def look(self, row: Order, values: dict[str, Any], *, actor: Any) -> Look:
        courier, number, wrong = self._given(row, values)
        if number and any(formats.normal(one.tracking_number or "") == number for one in row.shipments):
            return Look(same=True)
        if why := orders.hindrance(row):
            return Look(refused=why)
        if values["numbers"] and not number:
            return Look(refused=gettext("No tracking number was given for order %(no)s.", no=row.number))
        if wrong:
            return Look(refused=wrong)
        stock = -sum(line.left_to_ship for line in row.lines)
        after = " ".join(part for part in (courier, number) if part) or gettext("without a number")
        return Look(before={"state": row.state.value}, after={"tracking_number": after}, stock=stock)

    def apply(self, row: Order, values: dict[str, Any], *, actor: Any) -> None:
        courier, number, _wrong = self._given(row, values)
        orders.ship(row, courier=courier, tracking_number=number, actor=actor)

    def take_back(self, row: Order, image: dict[str, Any], *, actor: Any) -> str:
        if not row.shipments:
            return gettext("Order %(no)s has no parcel any more.", no=row.number)
        orders.recall(row.shipments[-1], actor=actor)
        return ""

    def _given(self, row: Order, values: dict[str, Any]) -> tuple[str, str, str]:
        numbers = values["numbers"]
        found = numbers.get(row.number) or numbers.get(row.external_number or "") or [values["courier"], "", ""]
        return found[0], found[1], found[2]


def read(text: str, usual: str) -> dict[str, list[str]]:
    """Order number → courier, tracking number, and why that cannot be one of his ("" where it can).

    :raises InvalidInput: with the first line that has no two or three parts
    """
    known, found = services.Known(), dict[str, list[str]]()
    lines = [(place, line.strip()) for place, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > MOST:
        raise InvalidInput({"numbers": gettext("At most %(n)s lines at once; more come from a file.", n=MOST)})
    for place, line in lines:
        parts = [part for part in SPLIT.split(line) if part]
        if len(parts) == 2 and usual:
            parts.insert(1, usual)
        if len(parts) != 3:
            raise InvalidInput({"numbers": gettext("Line %(n)s: order number, courier and tracking number are needed.", n=place)})
        courier, number = known.find(parts[1]), formats.normal(parts[2])
        fits = courier is None or formats.fits(courier.formats, number)
        wrong = "" if fits or courier is None else gettext(
            "“%(number)s” is no tracking number of %(courier)s.", number=number[:40], courier=courier.name
        )
        found[parts[0]] = [courier.name if courier else parts[1][:60], number[:80], wrong]
    return found
