"""Products out of a file: understood by a layout, found again by handle, written set-based.

A SKU of a known product is found again by its code, else by its options. What a file does not speak of (SKUs or pictures
added here, the state a product has here by now) stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.bulk.importers import Image, Importer, Option, Plan, Reader, Result, Work
from app.panel.bulk.reading import values as cells
from app.panel.bulk.reading.problems import BadValue
from app.panel.bulk.showing import Amount
from app.panel.bulk.source import Row
from app.panel.core import money, policy
from app.panel.core.errors import DomainError
from app.shop.catalog import rules
from app.shop.catalog.imports import stock, undoing, writing
from app.shop.catalog.models import Product
from app.shop.setup import queries as setup

LONGEST = {"title": 200, "brand": 100, "tag": 60, "category": 100, "option": 100, "code": 100, "url": 1000}
MOST_PIECES = 10**9
OPTIONS = ("option1", "option2", "option3")


def barcode(cell: str) -> str | None:
    """By the rule of the field."""
    code = cells.identifier(cell)
    try:
        rules.barcode(code)
    except ValueError as wrong:
        raise BadValue("sentence", text=str(wrong)) from None
    return code


class ProductImporter(Importer):
    resource = "catalog.Product"
    words = {
        "handle": _("Handle"), "title": _("Title"), "brand": _("Brand"), "category": _("Category"), "skus": _("SKUs"),
        "stock": _("Stock"),
    }  # fmt: skip

    def options(self, actor: Any) -> list[Option]:
        return [
            Option("currency", _("Currency of the prices"), kind="text", default="",
                   help=_("Three letters, for the file does not say it. Empty: that of the shop.")),
            *stock.keeper().options(actor),
        ]  # fmt: skip

    def undo(self, images: list[Image], *, actor: Any, since: Any, run_id: int) -> list[str] | None:
        """Stock is booked back; what nobody else has touched of a new product's stock goes with the product."""
        if images[0].table == stock.keeper().table:
            return stock.keeper().undo(images, actor=actor, run_id=run_id)
        if images[0].before is None:
            undoing.forget_stock(images, since=since, run_id=run_id)
        return None

    def after_undo(self, images: list[Image], *, actor: Any) -> None:
        undoing.settle({image.row_id for image in images if image.table == Product.__tablename__})


class ProductWork(Work):
    """Products of one file. `taken` remembers which SKU codes this file has given away."""

    def __init__(self, importer: Importer, headings: Sequence[str], options: dict[str, Any], actor: Any) -> None:
        super().__init__(importer, headings, options, actor)
        self.currency = str(options.get("currency") or setup.shop_currency()).upper()
        if len(self.currency) != 3 or not self.currency.isalpha():
            raise DomainError(gettext("A currency is three letters, such as CNY."))
        self.digits = money.exponent(self.currency)
        self.may_cost = policy.fields(actor, "catalog.Sku").writable("cost")
        self.taken: dict[str, str] = {}
        self.stock = stock.keeper().wanted(options)

    def filled(self) -> list[tuple[str, str, str]]:
        """Costs that somebody may not see are passed over, for they stand in every file, and so is stock left alone."""
        passed = set() if self.may_cost else {("catalog.Sku", "cost")}
        if not self.stock:
            passed.add(("inventory.StockLevel", "on_hand"))
        return [one for one in super().filled() if one[1:] not in passed]

    def has(self, *names: str) -> bool:
        """Does the file speak of this at all? What it does not name keeps its value; an empty cell empties it."""
        return any(name in self.places for name in names)

    def named(self, values: dict[str, Any], *names: str, **sources: str) -> dict[str, Any]:
        """`values` without those whose column (of the same name, or as `sources` says) the file lacks.

        :param names: what every file has, or what is made up without a column
        """
        return {name: value for name, value in values.items() if name in names or self.has(sources.get(name, name))}

    def price(self, reader: Reader, name: str, row: Row) -> int | None:
        amount: int | None = reader.get(cells.minor, name, self.digits, row=row)
        if amount is not None and amount < 0:
            reader.wrong(BadValue("negative", value=self.cell(row, name)), name)
        return amount

    def quantity(self, reader: Reader, name: str, row: Row) -> int | None:
        """Pieces on hand; None where the file does not say. Less than nothing (sold too much) is nothing."""
        if not self.stock:
            return None
        pieces: int | None = reader.get(cells.integer, name, row=row)
        if pieces is not None and pieces > MOST_PIECES:
            reader.wrong(BadValue("number_too_large", value=self.cell(row, name)[:40]), name)
        return None if pieces is None else max(pieces, 0)

    def picture(self, row: Row, name: str) -> str | None:
        """The address of one picture on the web, or None for anything else."""
        address = self.cell(row, name).split(",")[0].strip()
        return address if address.startswith(("http://", "https://")) and len(address) <= LONGEST["url"] else None

    def finish(self, plan: Plan, reader: Reader, product: dict[str, Any], skus: list[dict[str, Any]]) -> Plan:
        """The parts that all layouts share: lengths, sums and what the preview shows."""
        if product["title"] and len(product["title"]) > LONGEST["title"]:
            reader.wrong(BadValue("too_long", value=product["title"][:30] + "…", limit=LONGEST["title"]), "title")
        for sku in skus:
            plan.add(self.currency, "price", sku["price"])
        plan.errors = reader.errors
        if plan.errors:
            plan.sums = {}
        brand, path = plan.values.get("brand") or "", plan.values.get("category") or []
        plan.shown = {
            "handle": plan.key, "title": product["title"] or "", "brand": brand, "category": " / ".join(path),
            "skus": len(skus), "price": self.span(skus),
        }  # fmt: skip
        if (pieces := [sku["stock"] for sku in skus if sku.get("stock") is not None]):
            plan.shown["stock"] = sum(pieces)
        return plan

    def span(self, skus: list[dict[str, Any]]) -> list[Amount]:
        prices = sorted({sku["price"] for sku in skus if sku["price"] is not None})
        ends = [prices[0], prices[-1]] if len(prices) > 1 else prices
        return [Amount(price, self.currency) for price in ends]

    def apply(self, plans: list[Plan], *, dry_run: bool) -> list[Result]:
        return writing.write(self, plans, dry_run=dry_run)


def handle(raw: str) -> str:
    """A handle as the house writes it, the same for the same word whatever came before."""
    return raw if not raw or rules.handle_of(raw) == raw else rules.handle_of(raw) or raw


def words(cell: str | None, limit: int) -> list[str]:
    """A comma-separated cell without doubles."""
    parts = [part.strip() for part in (cell or "").split(",")]
    return list(dict.fromkeys(part[:limit] for part in parts if part))


def clip(value: str | None, name: str) -> str | None:
    return value[: LONGEST[name]] if value else value
