"""A list of stock: SKU, warehouse, quantity. Shopify's inventory export is one, with locations for warehouses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.bulk import importers, writing
from app.panel.bulk.importers import Image, Importer, Option, Plan, Reader, Record, Result, Work
from app.panel.bulk.reading import values as cells
from app.panel.bulk.reading.problems import BadValue
from app.panel.bulk.states import Outcome
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.catalog.models import Sku
from app.shop.inventory.imports import common
from app.shop.inventory.services import taking_over

UNCOUNTED = ("not stocked", "n/a", "-")
MOST = 10**9


class StockListWork(Work):
    """Numbers of one file. Warehouses are found by name or code, without case."""

    def __init__(self, importer: Importer, headings: Sequence[str], options: dict[str, Any], actor: Any) -> None:
        super().__init__(importer, headings, options, actor)
        self.warehouses: dict[str, int] = {}
        self.names: dict[int, str] = {}
        for row in common.warehouses(actor):
            self.names[row.id] = row.name
            self.warehouses.setdefault(row.name.strip().casefold(), row.id)
            self.warehouses[row.code.strip().casefold()] = row.id
        self.usual = int(options["warehouse"]) if options.get("warehouse") else None
        if not taking_over.may_take_over(actor):
            raise DomainError(gettext("You may not book stock."))

    def parse(self, record: Record) -> Plan:
        reader = Reader(self, record)
        code = reader.need(cells.identifier, "sku") or ""
        named = reader.get(cells.text, "warehouse") or ""
        warehouse_id = self.warehouses.get(named.casefold()) if named else self.usual
        place = self.names.get(warehouse_id or 0, named)
        plan = Plan(record.seq, [], key=f"{code} · {place}")
        if named and warehouse_id is None:
            reader.errors.append(gettext("There is no warehouse “%(name)s”. Add it, or take the column out.", name=named))
        elif warehouse_id is None:
            reader.errors.append(gettext("Say into which warehouse this goes."))
        quantity = self._quantity(reader)
        plan.values = {"code": code, "warehouse_id": warehouse_id, "quantity": quantity}
        plan.errors = reader.errors
        plan.shown = {"sku": code, "warehouse": place, "quantity": quantity}
        return plan

    def _quantity(self, reader: Reader) -> int | None:
        """None for goods that this place does not stock, or whose number nobody knows."""
        row = reader.record.rows[0]
        name = "corrected" if self.cell(row, "corrected") else "quantity"
        cell = self.cell(row, name).strip()
        if cell.casefold() in UNCOUNTED:
            return None
        quantity: int | None = reader.get(cells.integer, name)
        if quantity is not None and quantity > MOST:
            reader.wrong(BadValue("number_too_large", value=cell[:40]), name)
        return None if quantity is None else max(quantity, 0)

    def apply(self, plans: list[Plan], *, dry_run: bool) -> list[Result]:
        skus = self._skus(plans)
        by_place: dict[int, dict[int, int]] = defaultdict(dict)
        for plan in plans:
            sku_id, quantity = skus.get(plan.values["code"]), plan.values["quantity"]
            if sku_id is not None and quantity is not None:
                by_place[plan.values["warehouse_id"]].setdefault(sku_id, quantity)
        found, lines = {}, {}
        for warehouse_id, amounts in by_place.items():
            found[warehouse_id] = taking_over.compare(amounts, warehouse_id, only_news=False, actor=self.actor)
            if not dry_run:
                sound = {key: amounts[key] for key, change in found[warehouse_id].items() if not change.refusal}
                booked = taking_over.take_over(sound, warehouse_id=warehouse_id, run_id=self.run_id, actor=self.actor)
                lines[warehouse_id] = common.images(booked)
        return [self._result(plan, skus, found, lines) for plan in plans]

    def _result(self, plan: Plan, skus: dict[str, int], found: dict[int, Any], lines: dict[int, dict[int, Image]]) -> Result:
        sku_id, place = skus.get(plan.values["code"]), plan.values["warehouse_id"]
        if sku_id is None:
            return Result.refuse(gettext("There is no SKU “%(code)s”.", code=plan.values["code"]))
        change = found.get(place, {}).get(sku_id)
        if change is None:
            return Result(Outcome.SAME, sku_id)
        plan.shown["before"] = change.before
        if change.refusal:
            return Result.refuse(change.refusal)
        image = lines.get(place, {}).get(sku_id)
        return Result(Outcome.CHANGED, sku_id, images=[image] if image else [])

    def _skus(self, plans: list[Plan]) -> dict[str, int]:
        found: dict[str, int] = {}
        for part in writing.pieces(sorted({plan.values["code"] for plan in plans})):
            found.update(db.session.execute(db.select(Sku.code, Sku.id).where(Sku.code.in_(part))).tuples().all())
        return found


@importers.register
class StockList(Importer):
    key = "stock-list"
    label = _("Stock list (SKU, warehouse, quantity)")
    resource = "inventory.StockLevel"
    work = StockListWork
    required = ("sku", "quantity")
    fills = {
        "sku": "sku_id", "corrected": "on_hand", "quantity": "on_hand", "warehouse": "warehouse_id",
        **dict.fromkeys((
            "handle", "title", "options", "option", "options2", "option2", "hs_code", "country", "incoming", "available",
            "committed", "unavailable",
        ), ""),
    }  # fmt: skip
    words = {"sku": _("SKU"), "warehouse": _("Warehouse"), "quantity": _("On hand"), "before": _("In the books")}
    headings = {
        "sku": ("SKU", "SKU code", "Variant SKU", "SKU编码", "商家编码", "规格编码"),
        "corrected": ("On hand (new)",),
        "quantity": ("On hand", "On hand (current)", "Quantity", "Stock", "Available", "库存", "在库", "数量"),
        "warehouse": ("Warehouse", "Location", "仓库"),
        # Shopify's inventory export has these as well; they say what is counted, and are passed over.
        "handle": ("Handle",), "title": ("Title",), "options": ("Option1 Name",), "option": ("Option1 Value",),
        "options2": ("Option2 Name",), "option2": ("Option2 Value",), "hs_code": ("HS Code",), "country": ("COO",),
        "incoming": ("Incoming", "Incoming (not editable)"), "available": ("Available", "Available (not editable)"),
        "committed": ("Committed", "Committed (not editable)"), "unavailable": ("Unavailable", "Unavailable (not editable)"),
    }  # fmt: skip

    def options(self, actor: Any) -> list[Option]:
        return [
            Option("warehouse", _("Warehouse"), choices=common.choices, default=common.default(actor),
                   help=_("For rows that name none.")),
        ]  # fmt: skip

    def score(self, headings: Sequence[str]) -> float:
        """A list of stock holds little else: order files have SKUs and quantities, too."""
        found = set(self.find(headings).values())
        return super().score(headings) if len(found) * 2 >= len(headings) else 0.0

    def undo(self, images: list[Image], *, actor: Any, since: Any, run_id: int) -> list[str] | None:
        return common.undo(images, actor=actor) if images[0].table == common.TABLE else None
