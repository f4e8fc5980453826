"""Shopify's orders_export.csv: one row a line item, the money only on the first row of an order.

Totals are the file's: what was taken off is the value of the lines less the Subtotal, whichever of Shopify's discount
columns says so, and what Subtotal, Shipping and Taxes do not explain of Total (duties, taxes already inside the prices)
stays visible as the order's adjustment.
"""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from app.panel.bulk import importers
from app.panel.bulk.importers import Plan, Reader, Record
from app.panel.bulk.reading import values as cells
from app.panel.bulk.showing import Amount
from app.panel.bulk.source import Row
from app.shop.customers.imports.people import Person
from app.shop.orders.imports.common import OrderImporter, OrderWork, currency_code
from app.shop.orders.models import CloseReason, OrderState, PaymentMethod
from app.shop.setup.states import ChannelKind

METHODS = (
    (("cod", "cash"), PaymentMethod.CASH), (("alipay",), PaymentMethod.ALIPAY), (("wechat",), PaymentMethod.WECHAT),
    (("bank", "transfer", "deposit"), PaymentMethod.TRANSFER),
    (("card", "visa", "stripe", "shopify payments", "shopify_payments"), PaymentMethod.CARD),
)  # fmt: skip
PAID = frozenset({"paid", "refunded", "partially_refunded"})
PARTLY = frozenset({"partial", "partially_fulfilled"})


class ShopifyWork(OrderWork):
    _order = ""

    def group_key(self, row: Row) -> str | None:
        """Name, and the Id that only the first row of an order carries: two stores' #1001 may stand side by side."""
        name, own = self.cell(row, "name"), self.cell(row, "id")
        if own or not self._order.startswith(f"{name}\n"):
            self._order = f"{name}\n{own}"
        return self._order

    def parse(self, record: Record) -> Plan:
        plan = Plan(record.seq, [])
        reader = Reader(self, record)
        name = reader.need(cells.identifier, "name")
        currency = reader.get(currency_code, "currency") or self.currency
        digits = self.exponent(currency)
        values = {"number": name, "currency": currency, "external_number": reader.get(cells.identifier, "id") or name}
        values |= self._money(reader, digits)
        values["placed_at"] = reader.need(cells.instant, "created_at", self.zone)
        values["lines"] = [line for row in record.rows if (line := self._line(reader, row, digits))]
        values |= self._state(reader, values)
        self._sent(values)
        values |= self._buyer(reader)
        values["person"] = Person(
            values["buyer_name"] or "", values["buyer_phone"] or "", values["buyer_email"] or "", "",
            values["country"] or "", values["placed_at"],
        )  # fmt: skip
        plan.errors = reader.errors
        plan.key = str(values["external_number"] or "")
        plan.values = self._balanced(values)
        if not plan.errors:
            values["goods"] = values["subtotal"]
            for amount in ("total", "goods", "discount", "shipping_fee", "tax", "paid", "refunded"):
                plan.add(currency, amount, values[amount])
        plan.shown = {
            "number": self.cell(record.rows[0], "name"), "placed_at": values["placed_at"], "buyer_name": values["buyer_name"],
            "state": values["state"], "lines": len(values["lines"]), "total": Amount(values["total"], currency),
        }  # fmt: skip
        return plan

    def _money(self, reader: Reader, digits: int) -> dict[str, Any]:
        total = reader.need(cells.minor, "total", digits)
        return {
            "total": total or 0, "file_subtotal": reader.get(cells.minor, "subtotal", digits),
            "shipping_fee": reader.get(cells.minor, "shipping", digits) or 0,
            "tax": reader.get(cells.minor, "taxes", digits) or 0,
            "refunded": reader.get(cells.minor, "refunded", digits) or 0,
            "outstanding": reader.get(cells.minor, "outstanding", digits),
            "file_discount": reader.get(cells.minor, "discount", digits) or 0,
        }  # fmt: skip

    def _line(self, reader: Reader, row: Row, digits: int) -> dict[str, Any] | None:
        quantity = reader.need(cells.integer, "line_quantity", row=row)
        price = reader.need(cells.minor, "line_price", digits, row=row)
        if not quantity or price is None:
            return None  # a line taken out of the order stays in the export with quantity 0
        return {
            "title": reader.get(cells.text, "line_name", row=row), "quantity": quantity, "unit_price": price,
            "sku_code": reader.get(cells.identifier, "line_sku", row=row),
            "sent": (reader.get(cells.text, "line_fulfilment", row=row) or "").lower(),
        }  # fmt: skip

    def _sent(self, values: dict[str, Any]) -> None:
        """Of an order that was sent in part, each line says whether it has gone; of the others the order says it."""
        for line in values["lines"]:
            said = line.pop("sent")
            if values["state"] is OrderState.PARTLY_SHIPPED:
                # of a line that has gone in part, the file does not say how many pieces: one at least
                line["shipped_quantity"] = line["quantity"] if said == "fulfilled" else int(said in PARTLY)

    def _balanced(self, values: dict[str, Any]) -> dict[str, Any]:
        """The discount that makes lines and Subtotal agree; without a Subtotal, the discount that the file names."""
        subtotal, said = values.pop("file_subtotal"), values.pop("file_discount")
        values.pop("outstanding", None)
        goods = sum(line["unit_price"] * line["quantity"] for line in values["lines"])
        discount = goods - subtotal if subtotal is not None and goods >= subtotal else said
        if not values["lines"]:
            discount = 0
        values["discount"] = discount
        values["subtotal"] = goods if values["lines"] else (subtotal if subtotal is not None else values["total"])
        return values

    def _state(self, reader: Reader, values: dict[str, Any]) -> dict[str, Any]:
        """Our state out of Shopify's three: Financial Status, Fulfillment Status and Cancelled at."""
        financial = (reader.get(cells.text, "financial") or "").lower()
        fulfilment = (reader.get(cells.text, "fulfilment") or "").lower()
        cancelled = reader.get(cells.instant, "cancelled_at", self.zone)
        shipped = reader.get(cells.instant, "fulfilled_at", self.zone)
        total, refunded, outstanding = values["total"], values["refunded"], values["outstanding"]
        paid = max(total, 0) if financial in PAID else 0
        if financial == "partially_paid":
            paid = max(total - (outstanding or 0), 0)
        paid = max(paid, refunded)
        result: dict[str, Any] = {"paid": paid, "shipped_at": shipped, "payment_method": self._method(reader)}
        result["paid_at"] = reader.get(cells.instant, "paid_at", self.zone) if paid else None
        settled = paid > 0 and paid >= total
        back = refunded > 0 and refunded >= paid
        if cancelled or financial in ("voided", "expired") or (back and fulfilment != "fulfilled"):
            reason = CloseReason.REFUNDED if back else CloseReason.BUYER
            result |= {"state": OrderState.CLOSED, "closed_at": cancelled, "close_reason": reason}
        elif fulfilment == "fulfilled":
            # the file knows no time of completion, and none is made up
            result["state"] = OrderState.COMPLETED if settled or total == 0 else OrderState.SHIPPED
        elif fulfilment in PARTLY:
            result["state"] = OrderState.PARTLY_SHIPPED
        else:
            result["state"] = OrderState.PAID if settled else OrderState.PENDING
        if result["state"] is OrderState.SHIPPED and not paid:
            result["paid_at"] = None
        return result

    def _method(self, reader: Reader) -> PaymentMethod:
        said = (reader.get(cells.text, "payment_method") or "").lower()
        if not said:
            return PaymentMethod.PLATFORM
        for words, method in METHODS:
            if any(word in said for word in words):
                return method
        return PaymentMethod.OTHER

    def _buyer(self, reader: Reader) -> dict[str, Any]:
        first, text = reader.first, cells.text
        notes = [first(text, "tags"), first(text, "note_attributes")]
        street = [first(text, "shipping_address1", "billing_address1"), first(text, "shipping_address2", "billing_address2")]
        return {
            "buyer_name": first(text, "shipping_name", "billing_name"),
            "buyer_phone": first(cells.identifier, "shipping_phone", "phone", "billing_phone"),
            "buyer_email": first(text, "email"), "country": first(text, "shipping_country", "billing_country"),
            "province": first(text, "shipping_province_name", "shipping_province"),
            "city": first(text, "shipping_city", "billing_city"),
            "street": ", ".join(filter(None, street)) or first(text, "shipping_street"),
            "postcode": first(text, "shipping_zip", "billing_zip"), "buyer_remark": first(text, "notes"),
            "seller_remark": "\n".join(filter(None, notes)) or None,
        }  # fmt: skip


@importers.register
class ShopifyOrders(OrderImporter):
    key = "shopify-orders"
    label = _("Shopify orders")
    kind = ChannelKind.SHOPIFY
    channel_name = "Shopify"
    work = ShopifyWork
    required = ("name", "financial", "total", "created_at", "line_quantity", "line_name", "line_price")
    fills = {
        "name": "number", "id": "external_number", "email": OrderImporter.EMAIL, "financial": "state paid",
        "fulfilment": "state", "fulfilled_at": "shipped_at", "shipping": "shipping_fee", "taxes": "tax",
        "line_quantity": "orders.OrderLine.quantity", "line_name": "orders.OrderLine.title",
        "line_price": "orders.OrderLine.unit_price", "line_sku": "orders.OrderLine.sku_code orders.OrderLine.sku_id",
        "line_fulfilment": "orders.OrderLine.shipped_quantity", "cancelled_at": "closed_at close_reason",
        "payment_method": "orders.Payment.method", "outstanding": "paid", "notes": "buyer_remark",
        "created_at": "placed_at", "refunded": "refunded refund_state",
        "note_attributes": "seller_remark", "tags": "seller_remark", "phone": OrderImporter.PHONE,
        **dict.fromkeys(("shipping_name", "billing_name"), OrderImporter.NAME),
        **dict.fromkeys(("shipping_phone", "billing_phone"), OrderImporter.PHONE),
        **dict.fromkeys(("shipping_street", "shipping_address1", "shipping_address2", "billing_address1"), "street"),
        "billing_address2": "street", **dict.fromkeys(("shipping_province", "shipping_province_name"), "province"),
        **{f"{kind}_{name}": name for kind in ("shipping", "billing") for name in ("city", "country")},
        **dict.fromkeys(("shipping_zip", "billing_zip"), "postcode"),
    }  # fmt: skip
    headings = {
        "name": ("Name",), "id": ("Id",), "email": ("Email",), "financial": ("Financial Status",), "paid_at": ("Paid at",),
        "fulfilment": ("Fulfillment Status",), "fulfilled_at": ("Fulfilled at",), "currency": ("Currency",),
        "subtotal": ("Subtotal",), "shipping": ("Shipping",), "taxes": ("Taxes",), "total": ("Total",),
        "discount": ("Discount Amount",), "created_at": ("Created at",), "line_quantity": ("Lineitem quantity",),
        "line_name": ("Lineitem name",), "line_price": ("Lineitem price",), "line_sku": ("Lineitem sku",),
        "line_fulfilment": ("Lineitem fulfillment status",),
        "cancelled_at": ("Cancelled at",), "payment_method": ("Payment Method",), "refunded": ("Refunded Amount",),
        "outstanding": ("Outstanding Balance",), "notes": ("Notes",), "note_attributes": ("Note Attributes",),
        "tags": ("Tags",), "phone": ("Phone",), "shipping_name": ("Shipping Name",), "billing_name": ("Billing Name",),
        "shipping_phone": ("Shipping Phone",), "billing_phone": ("Billing Phone",), "shipping_street": ("Shipping Street",),
        "shipping_address1": ("Shipping Address1",), "shipping_address2": ("Shipping Address2",),
        "billing_address1": ("Billing Address1",), "billing_address2": ("Billing Address2",),
        "shipping_city": ("Shipping City",), "billing_city": ("Billing City",), "shipping_zip": ("Shipping Zip",),
        "billing_zip": ("Billing Zip",), "shipping_province": ("Shipping Province",),
        "shipping_province_name": ("Shipping Province Name",), "shipping_country": ("Shipping Country",),
        "billing_country": ("Billing Country",),
    }  # fmt: skip
