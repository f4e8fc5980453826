"""Shipping many orders at once, with courier and tracking numbers as they are pasted from anywhere, or from a file (ORD-24)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import Select, or_, select

from app.panel.bulk import importers, store
from app.panel.bulk.engine import FollowUp, Look, follow_up, register
from app.panel.bulk.reading import values as cells
from app.panel.bulk.reading.problems import BadFile, Problem
from app.panel.bulk.sentences import explain, sentence
from app.panel.bulk.source import Source
from app.panel.core import policy
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.rows import among
from app.shop.logistics import formats, forms, services
from app.shop.orders import services as orders
from app.shop.orders.models import Order
from app.shop.orders.operations import OfOrders

SPLIT = re.compile(r"[\t,，;；]+|\s{2,}|(?<=\S)\s+(?=\S)")
MOST = 10_000
NAMED = 20
LAYOUT = "tracking-numbers"  # the import knows under which headings the columns come


@register
class ShipOrders(OfOrders):
    """Everything that is left of each order goes in one parcel. Where numbers were pasted, an order without one stays."""

    key, label, icon, order = "logistics.ship", _("Ship"), "fa-truck", 10
    labels: ClassVar[Mapping[str, Any]] = {"tracking_number": _("Tracking number")}
    permission, form, keeps, instead_of = "ship", forms.ShipManyForm, ("state",), "ship"

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        """The pasted and uploaded lines by order number: courier, tracking number, and why that cannot be."""
        usual = (form.courier.data or "").strip()
        numbers = read(form.numbers.data or "", usual)
        if getattr(form.file.data, "filename", ""):
            for order, given in read_file(form.file.data, usual).items():
                _put(numbers, order, given)
        return {"courier": usual, "numbers": numbers}

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

    def remarks(self, values: dict[str, Any], rows: Select[Any]) -> Sequence[str]:
        """Numbers of orders that are not among those that go: mistyped, or not ticked."""
        given = list(values.get("numbers") or ())
        if not given:
            return ()
        named = or_(among(Order.number, given), among(Order.external_number, given))
        found = db.session.execute(select(Order.number, Order.external_number).where(Order.id.in_(rows), named))
        known = {name for names in found for name in names}
        left = [name for name in given if name not in known]
        shown = ", ".join(left[:NAMED]) + (" …" if len(left) > NAMED else "")
        said = gettext("Left out, as no chosen order has this number (%(n)s): %(names)s", n=len(left), names=shown)
        return [said] if left else ()

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
    _not_too_many(len(lines), "numbers")
    for place, line in lines:
        parts = [part for part in SPLIT.split(line) if part]
        if len(parts) == 2 and usual:
            parts.insert(1, usual)
        elif len(parts) == 2:
            said = gettext("Line %(n)s names no courier. Write one between the numbers, or choose one for all lines.", n=place)
            raise InvalidInput({"numbers": said})
        if len(parts) != 3:
            raise InvalidInput({"numbers": gettext("Line %(n)s: order number, courier and tracking number are needed.", n=place)})
        _put(found, parts[0], _checked(known, parts[1], parts[2]))
    return found


def read_file(given: Any, usual: str) -> dict[str, list[str]]:
    """The same from an uploaded table, whose headings say which column is which.

    :raises InvalidInput: for a file that cannot be read, or whose rows lack something
    """
    try:
        stored = store.keep(given.stream, given.filename)
        try:
            with Source(store.path_of(stored.key)) as source:
                return _rows_of(source, usual)
        finally:
            store.forget(stored.key)
    except Problem as wrong:
        raise InvalidInput({"file": sentence(wrong)}) from wrong


def _rows_of(source: Source, usual: str) -> dict[str, list[str]]:
    layout = importers.get(LAYOUT)
    assert layout is not None
    places, known, found = layout.find(source.meta["headings"]), services.Known(), dict[str, list[str]]()
    for name in ("order", "number", *(() if usual else ("courier",))):
        if name not in places:
            raise BadFile("no_heading", column=str(layout.words[name]))
    for row in source.rows():
        if row.code:
            raise BadFile("sentence", text=f"{row.line}: {explain(row.code, dict(row.params))}")
        order, number = (cells.identifier(row.cells[places[name]]) for name in ("order", "number"))
        courier = row.cells[places["courier"]].strip() if "courier" in places else ""
        if not (order and number and (courier or usual)):
            said = gettext("Line %(n)s: order number, courier and tracking number are needed.", n=row.line)
            raise InvalidInput({"file": said})
        _put(found, order, _checked(known, courier or usual, number))
        _not_too_many(len(found), "file")
    return found


def _put(found: dict[str, list[str]], order: str, given: list[str]) -> None:
    """An order goes in one parcel: of two numbers none is dropped in silence, it stays until somebody says which."""
    known = found.setdefault(order, given)
    if known[:2] != given[:2] and not known[2]:
        known[2] = gettext("Two tracking numbers were given for it: %(one)s and %(other)s.", one=known[1], other=given[1])


def _not_too_many(lines: int, field: str) -> None:
    if lines > MOST:
        raise InvalidInput({field: gettext("At most %(n)s lines at once; more come by an import.", n=MOST)})


def _checked(known: services.Known, named: str, raw: str) -> list[str]:
    courier, number = known.find(named), formats.normal(raw)
    fits = courier is None or formats.fits(courier.formats, number)
    wrong = "" if fits or courier is None else gettext(
        "“%(number)s” is no tracking number of %(courier)s.", number=number[:40], courier=courier.name
    )
    return [courier.name if courier else named[:60], number[:80], wrong]


@follow_up("logistics.ship")
def print_waybills(run: Any, actor: Any) -> FollowUp | None:
    """What is stuck on the parcels that left with a number."""
    if not policy.allowed(actor, "read", "logistics.Parcel") or not (run.params or {}).get("values", {}).get("numbers"):
        return None
    return FollowUp(gettext("Print the waybills"), url_for("logistics_waybillprint.index", run=run.id), "fa-print")
