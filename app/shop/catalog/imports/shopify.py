"""Shopify's product export, in the layouts of 2017 and 2023: one row a variant or a picture, the product on the first."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from app.panel.bulk import importers
from app.panel.bulk.importers import Plan, Reader, Record
from app.panel.bulk.reading import values as cells
from app.panel.bulk.reading.problems import BadValue
from app.panel.bulk.source import Row
from app.shop.catalog.imports.common import OPTIONS, ProductImporter, ProductWork, barcode, clip, handle, words

NO_OPTION = "default title"
COLUMNS = {
    "compare_at_price": "compare_at", "weight_g": "grams", "image_url": "variant_image",
    **{name: f"{name}_value" for name in OPTIONS},
}  # fmt: skip


class ShopifyProductWork(ProductWork):
    def group_key(self, row: Row) -> str | None:
        return self.cell(row, "handle") or None

    def parse(self, record: Record) -> Plan:
        reader, first = Reader(self, record), record.rows[0]
        raw = reader.need(cells.text, "handle") or ""
        plan = Plan(record.seq, [], key=handle(raw))
        product = self._product(reader, plan.key)
        skus = [sku for row in record.rows if (sku := self._sku(reader, row, first)) is not None]
        plan.values = {
            "product": product, "brand": clip(reader.get(cells.text, "vendor") or "", "brand") if self.has("vendor") else None,
            "category": self._category(reader) if self.has("type", "category") else None,
            "tags": words(reader.get(cells.text, "tags"), 60) if self.has("tags") else None, "skus": skus,
            "images": self._images(reader, record), "is_published": self._is_published(reader),
        }  # fmt: skip
        return self.finish(plan, reader, product, skus)

    def _product(self, reader: Reader, key: str) -> dict[str, Any]:
        names = {f"option{n}_name": clip(reader.get(cells.text, f"option{n}_name"), "tag") for n in (1, 2, 3)}
        if (self.cell(reader.record.rows[0], "option1_value") or "").lower() == NO_OPTION:
            names["option1_name"] = None
        product = {
            "handle": key, "title": reader.need(cells.text, "title"), "description": reader.get(cells.text, "body"),
            "seo_title": (reader.get(cells.text, "seo_title") or "")[:200] or None,
            "seo_description": (reader.get(cells.text, "seo_description") or "")[:500] or None, **names,
        }  # fmt: skip
        return self.named(product, "handle", description="body")

    def _category(self, reader: Reader) -> list[str]:
        """The short Type is what the shop itself calls it; Google's long path is taken only without one."""
        own = reader.get(cells.text, "type")
        if own:
            return [clip(own, "category") or ""]
        path = reader.get(cells.text, "category") or ""
        return [part.strip()[:100] for part in path.split(">") if part.strip()][:4]

    def _is_published(self, reader: Reader) -> bool:
        status = (reader.get(cells.text, "status") or "").lower()
        published = reader.get(cells.flag, "published")
        return bool(published) if not status else status == "active" and published is not False

    def _sku(self, reader: Reader, row: Row, first: Row) -> dict[str, Any] | None:
        """A variant, or None for a row that only carries a picture."""
        price = self.price(reader, "price", row)
        given = self.cell(row, "price") or self.cell(row, "sku") or self.cell(row, "option1_value")
        if not given:
            return None
        if price is None and not reader.errors:
            reader.wrong(BadValue("missing", column=self.heading("price")))
        options = [clip(reader.get(cells.text, f"option{n}_value", row=row), "option") for n in (1, 2, 3)]
        if (options[0] or "").lower() == NO_OPTION:
            options[0] = None
        sku = {
            "code": clip(reader.get(cells.identifier, "sku", row=row), "code"), "price": price,
            "barcode": reader.get(barcode, "barcode", row=row),
            "compare_at_price": self.price(reader, "compare_at", row) or None,
            "weight_g": self._weight(reader, row), "image_url": self.picture(row, "variant_image"),
            **dict(zip(OPTIONS, options, strict=True)),
        }  # fmt: skip
        if self.may_cost:
            sku["cost"] = self.price(reader, "cost", row)
        return self.named(sku | {"stock": self._stock(reader, row)}, "price", code="sku", stock="quantity", **COLUMNS)

    def _stock(self, reader: Reader, row: Row) -> int | None:
        """Goods that Shopify does not count stand with 0 and without a tracker: nobody knows how many there are."""
        pieces = self.quantity(reader, "quantity", row)
        return None if not pieces and self.has("tracker") and not self.cell(row, "tracker") else pieces

    def _weight(self, reader: Reader, row: Row) -> int | None:
        grams = reader.get(cells.decimal, "grams", row=row)
        return round(grams) if grams else None

    def _images(self, reader: Reader, record: Record) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for row in record.rows:
            url = self.cell(row, "image")
            if url.startswith(("http://", "https://")) and len(url) <= 1000:
                found.setdefault(url, {"source_url": url, "alt": (self.cell(row, "image_alt") or "")[:300] or None})
        return list(found.values())


@importers.register
class ShopifyProducts(ProductImporter):
    key = "shopify-products"
    label = _("Shopify products")
    work = ShopifyProductWork
    required = ("handle", "title", "price")
    fills = {
        "body": "description", "vendor": "brand_id", "type": "category_id", "category": "category_id", "published": "state",
        "status": "state", **{f"option{n}_value": f"catalog.Sku.option{n}" for n in (1, 2, 3)}, "sku": "catalog.Sku.code",
        "grams": "catalog.Sku.weight_g", "price": "catalog.Sku.price", "compare_at": "catalog.Sku.compare_at_price",
        "barcode": "catalog.Sku.barcode", "image": "catalog.ProductImage.source_url", "variant_image": "catalog.Sku.image_url",
        "image_alt": "catalog.ProductImage.alt", "quantity": "inventory.StockLevel.on_hand", "tracker": "",
        "cost": "catalog.Sku.cost",
    }  # fmt: skip
    headings = {
        "handle": ("Handle", "URL handle"), "title": ("Title",), "body": ("Body (HTML)", "Description"), "vendor": ("Vendor",),
        "type": ("Type",), "category": ("Product Category", "Google Shopping / Google Product Category"), "tags": ("Tags",),
        "published": ("Published", "Published on online store"), "status": ("Status",),
        "option1_name": ("Option1 Name", "Option1 name"), "option1_value": ("Option1 Value",),
        "option2_name": ("Option2 Name",), "option2_value": ("Option2 Value",),
        "option3_name": ("Option3 Name",), "option3_value": ("Option3 Value",), "sku": ("Variant SKU", "SKU"),
        "grams": ("Variant Grams", "Weight value (grams)"), "price": ("Variant Price", "Price"),
        "compare_at": ("Variant Compare At Price", "Compare-at price"), "barcode": ("Variant Barcode", "Barcode"),
        "image": ("Image Src", "Product image URL"), "variant_image": ("Variant Image", "Variant image URL"),
        "image_alt": ("Image Alt Text", "Image alt text"),
        "quantity": ("Variant Inventory Qty", "Inventory quantity"), "tracker": ("Variant Inventory Tracker", "Inventory tracker"),
        "seo_title": ("SEO Title",), "seo_description": ("SEO Description",), "cost": ("Cost per item",),
    }  # fmt: skip
