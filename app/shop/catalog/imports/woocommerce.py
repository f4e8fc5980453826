"""WooCommerce's product export: one row a product or variation, the variations anywhere below or above their parent."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.bulk import importers
from app.panel.bulk.importers import Plan, Reader, Record
from app.panel.bulk.reading import values as cells
from app.panel.bulk.source import Row
from app.shop.catalog.imports.common import OPTIONS, ProductImporter, ProductWork, barcode, clip, handle, words

COMMA = "\x1f"
OPTION_NAMES = {f"option{n}_name": f"attribute{n}" for n in (1, 2, 3)}
SKU_COLUMNS = {
    "code": "sku", "compare_at_price": "sale", "weight_g": "weight", "image_url": "images",
    **{f"option{n}": f"value{n}" for n in (1, 2, 3)},
}  # fmt: skip
OPTION_NAMES = {f"option{n}_name": f"attribute{n}" for n in (1, 2, 3)}
SKU_COLUMNS = {
    "code": "sku", "compare_at_price": "sale", "weight_g": "weight", "image_url": "images",
    **{f"option{n}": f"value{n}" for n in (1, 2, 3)},
}  # fmt: skip


class WooWork(ProductWork):
    """`keys` knows the products of the file by number, for a variation may name its parent as "id:741"."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.keys: dict[str, str] = {}

    def group_key(self, row: Row) -> str | None:
        number, code = self.cell(row, "id"), self.cell(row, "sku")
        if self._is_variation(row):
            parent = self.cell(row, "parent")
            return self.keys.get(parent, parent.removeprefix("id:")) if parent else None
        key = code or number
        self.keys[f"id:{number}"] = key
        return key or None

    def _is_variation(self, row: Row) -> bool:
        return "variation" in self.cell(row, "type").lower()

    def parse(self, record: Record) -> Plan:
        own = next((row for row in record.rows if not self._is_variation(row)), None)
        variations = [row for row in record.rows if row is not own]
        reader = Reader(self, Record(record.seq, [own or record.rows[0], *variations]))
        if own is None:
            reader.errors.append(gettext("The product of this variation is not in the file."))
            own = record.rows[0]
        code = reader.get(cells.identifier, "sku")
        key = handle(code or "") or f"woo-{self.cell(own, 'id')}"
        plan = Plan(record.seq, [], key=key)
        names = self._attribute_names(reader, own, variations)
        product = self._product(reader, key, names)
        rows = variations or ([own] if self.cell(own, "regular") or self.cell(own, "sale") else [])
        skus = [self._sku(reader, row, bool(variations)) for row in rows]
        path, others = self._categories(reader)
        plan.values = {
            "product": product, "brand": clip(reader.get(cells.text, "brand") or "", "brand") if self.has("brand") else None,
            "category": path if self.has("categories") else None,
            "tags": list(dict.fromkeys([*words(reader.get(cells.text, "tags"), 60), *others])), "skus": skus,
            "images": self._images(record), "is_published": self.cell(own, "published") == "1",
        }  # fmt: skip
        return self.finish(plan, reader, product, skus)

    def _product(self, reader: Reader, key: str, names: list[str | None]) -> dict[str, Any]:
        product = {
            "handle": key, "title": reader.need(cells.text, "title"), "description": reader.get(cells.text, "body"),
            "subtitle": (reader.get(cells.text, "short") or "")[:300] or None,
            **{f"option{n}_name": name for n, name in enumerate(names, 1)},
        }  # fmt: skip
        product = self.named(product, "handle", description="body", subtitle="short", **OPTION_NAMES)
        product = self.named(product, "handle", description="body", subtitle="short", **OPTION_NAMES)
        links = {name: self.cell(reader.record.rows[0], name) for name in ("external_url", "grouped")}
        if any(links.values()):
            product["attributes"] = {name: value for name, value in links.items() if value}
        return product

    def _attribute_names(self, reader: Reader, own: Row, variations: list[Row]) -> list[str | None]:
        """Attributes become options where variations choose by them; of a simple product they are only words."""
        if not variations:
            return [None, None, None]
        return [clip(self.cell(own, f"attribute{n}"), "tag") or None for n in (1, 2, 3)]

    def _sku(self, reader: Reader, row: Row, with_options: bool) -> dict[str, Any]:
        regular, sale = self.price(reader, "regular", row), self.price(reader, "sale", row)
        if regular is None and sale is None:
            reader.need(cells.minor, "regular", self.digits, row=row)
        price = sale if sale is not None else regular
        options = [clip(self.cell(row, f"value{n}"), "option") or None if with_options else None for n in (1, 2, 3)]
        kilos = reader.get(cells.decimal, "weight", row=row)
        sku = {
            "code": clip(reader.get(cells.identifier, "sku", row=row), "code"), "price": price,
            "barcode": reader.get(barcode, "barcode", row=row),
            "compare_at_price": regular if sale is not None and regular != sale else None,
            "weight_g": round(kilos * 1000) if kilos else None,
            "image_url": self.picture(row, "images") if with_options else None, **dict(zip(OPTIONS, options, strict=True)),
        }  # fmt: skip
        sku["stock"] = self.quantity(reader, "stock", row)
        if sku["stock"] is None and self.stock and self.cell(row, "in_stock") == "0":
            sku["stock"] = 0
        return self.named(sku, "price", "stock", **SKU_COLUMNS)

    def _categories(self, reader: Reader) -> tuple[list[str], list[str]]:
        """`A > B, C`: the first path is the category, the last words of the others become tags."""
        cell = (reader.get(cells.text, "categories") or "").replace("\\,", COMMA)
        paths = [[part.strip().replace(COMMA, ",")[:100] for part in one.split(">")] for one in cell.split(",") if one.strip()]
        paths.sort(key=lambda path: -len(path))
        if not paths:
            return [], []
        return paths[0][:5], [path[-1][:60] for path in paths[1:] if path[-1] not in paths[0]]

    def _images(self, record: Record) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for row in record.rows:
            for url in self.cell(row, "images").replace(" ", ",").split(","):
                if url.startswith(("http://", "https://")) and len(url) <= 1000:
                    found.setdefault(url, {"source_url": url, "alt": None})
        return list(found.values())


@importers.register
class WooProducts(ProductImporter):
    key = "woocommerce-products"
    label = _("WooCommerce products")
    work = WooWork
    whole_file = True
    required = ("type", "title", "regular")
    fills = {
        "id": "", "type": "", "sku": "catalog.Sku.code", "published": "state", "short": "subtitle",
        "body": "description", "weight": "catalog.Sku.weight_g", "sale": "catalog.Sku.price catalog.Sku.compare_at_price",
        "regular": "catalog.Sku.price catalog.Sku.compare_at_price", "categories": "category_id tags",
        "images": "catalog.ProductImage.source_url catalog.Sku.image_url", "parent": "",
        **dict.fromkeys(("grouped", "external_url"), "attributes"),
        **{f"attribute{n}": f"option{n}_name" for n in (1, 2, 3)},
        **{f"value{n}": f"catalog.Sku.option{n}" for n in (1, 2, 3)}, "brand": "brand_id",
        **dict.fromkeys(("stock", "in_stock"), "inventory.StockLevel.on_hand"), "barcode": "catalog.Sku.barcode",
    }  # fmt: skip
    headings = {
        "id": ("ID",), "type": ("Type",), "sku": ("SKU",), "title": ("Name",), "published": ("Published",),
        "short": ("Short description",), "body": ("Description",), "weight": ("Weight (kg)", "Weight"),
        "sale": ("Sale price",), "regular": ("Regular price",), "categories": ("Categories",), "tags": ("Tags",),
        "images": ("Images",), "parent": ("Parent",), "grouped": ("Grouped products",), "external_url": ("External URL",),
        "attribute1": ("Attribute 1 name",), "value1": ("Attribute 1 value(s)",), "attribute2": ("Attribute 2 name",),
        "value2": ("Attribute 2 value(s)",), "attribute3": ("Attribute 3 name",), "value3": ("Attribute 3 value(s)",),
        "stock": ("Stock",), "in_stock": ("In stock?",),
        "barcode": ("GTIN, UPC, EAN, or ISBN",), "brand": ("Brands",),
    }  # fmt: skip
