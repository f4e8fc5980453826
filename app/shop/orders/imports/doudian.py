"""Doudian (Douyin shop) order export: one row a sub-order; ids behind a tab, "-" for nothing, people in cipher text.

订单应付金额 is what the buyer owes for the sub-order, its 运费 (freight) inside it: the rest is the line's total.
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
from app.shop.orders.imports.common import OrderImporter, OrderWork
from app.shop.orders.imports.taobao import CURRENCY, DIGITS, PLACE, close_reason, place, visible
from app.shop.orders.models import CloseReason, OrderState, PaymentMethod
from app.shop.setup.states import ChannelKind

STATES = (
    ("待支付", OrderState.PENDING), ("待付款", OrderState.PENDING), ("部分发货", OrderState.PARTLY_SHIPPED),
    ("待发货", OrderState.PAID), ("备货中", OrderState.PAID), ("已发货", OrderState.SHIPPED),
    ("已完成", OrderState.COMPLETED), ("已关闭", OrderState.CLOSED), ("已取消", OrderState.CLOSED),
)  # fmt: skip
GONE = (OrderState.SHIPPED, OrderState.COMPLETED)


class DoudianWork(OrderWork):
    def group_key(self, row: Row) -> str | None:
        return self.cell(row, "number") or None

    def parse(self, record: Record) -> Plan:
        plan = Plan(record.seq, [])
        reader = Reader(self, record)
        number = reader.need(cells.identifier, "number")
        lines = [self._line(reader, row) for row in record.rows]
        owed = [line.pop("owed") for line in lines]
        total = sum(owed)
        refunded = sum(
            amount for amount, row in zip(owed, record.rows, strict=True) if "退款成功" in self.cell(row, "after_sales")
        )
        values: dict[str, Any] = {
            "external_number": number, "number": number, "currency": CURRENCY, "total": total, "lines": lines,
            "shipping_fee": total - sum(line["total"] for line in lines),
            "placed_at": reader.need(cells.instant, "placed_at", self.zone, "ymd"),
        }  # fmt: skip
        values |= self._state(reader, total, refunded)
        self._sent(record, values)
        values |= self._buyer(reader)
        values |= self._creator(reader)
        values["person"] = Person(
            values["buyer_name"] or "", values["buyer_phone"] or "", "", "", "CN", values["placed_at"]
        )
        plan.errors, plan.key, plan.values = reader.errors, str(number or ""), values
        if not plan.errors:
            for amount in ("total", "shipping_fee", "paid", "refunded"):
                plan.add(CURRENCY, amount, values[amount])
        plan.shown = {
            "number": number or "", "placed_at": values["placed_at"], "lines": len(lines), "state": values["state"],
            "total": Amount(total, CURRENCY),
        }  # fmt: skip
        return plan

    def _line(self, reader: Reader, row: Row) -> dict[str, Any]:
        owed = reader.need(cells.minor, "total", DIGITS, row=row) or 0
        freight = reader.get(cells.minor, "shipping_fee", DIGITS, row=row) or 0
        return {
            "owed": owed, "total": owed - min(max(freight, 0), max(owed, 0)),
            "title": reader.get(cells.text, "title", row=row), "option": reader.get(cells.text, "option", row=row),
            "quantity": max(reader.get(cells.integer, "quantity", row=row) or 1, 1),
            "sku_code": reader.get(cells.identifier, "sku_code", row=row),
        }  # fmt: skip

    def _sent(self, record: Record, values: dict[str, Any]) -> None:
        """Each sub-order has a state of its own: of an order that was sent in part, they say what has gone."""
        gone = [_state_of(self.cell(row, "state")) in GONE for row in record.rows]
        if values["state"] in (OrderState.PAID, *GONE) and any(gone) and not all(gone):
            values["state"] = OrderState.PARTLY_SHIPPED
            values.pop("completed_at", None)
        if values["state"] is OrderState.PARTLY_SHIPPED:
            for line, has_gone in zip(values["lines"], gone, strict=True):
                line["shipped_quantity"] = line["quantity"] if has_gone else 0

    def _state(self, reader: Reader, total: int, refunded: int) -> dict[str, Any]:
        said = reader.get(cells.text, "state") or ""
        state = _state_of(said) or OrderState.COMPLETED
        paid_at = reader.get(cells.instant, "paid_at", self.zone, "ymd")
        shipped_at = reader.get(cells.instant, "shipped_at", self.zone, "ymd")
        was_paid = state in (OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.COMPLETED)
        was_paid = was_paid or paid_at is not None or refunded > 0
        result: dict[str, Any] = {
            "state": state, "paid": total if was_paid else 0, "refunded": refunded, "paid_at": paid_at,
            "shipped_at": shipped_at, "payment_method": PaymentMethod.PLATFORM,
        }  # fmt: skip
        if state is OrderState.COMPLETED:
            result["completed_at"] = reader.get(cells.instant, "completed_at", self.zone, "ymd")
        if state is OrderState.CLOSED:
            guess = CloseReason.REFUNDED if refunded else CloseReason.OTHER if was_paid else CloseReason.UNPAID
            why = close_reason(reader.get(cells.text, "close_reason"))
            closed_at = reader.get(cells.instant, "completed_at", self.zone, "ymd")
            result |= {"close_reason": guess if why in (None, CloseReason.OTHER) else why, "closed_at": closed_at}
        return result

    def _creator(self, reader: Reader) -> dict[str, Any]:
        """Who sold it live. A file without these columns says nothing, so that what is known stays."""
        found = {"creator_name": cells.text, "creator_id": cells.identifier}
        return {name: reader.get(how, name) for name, how in found.items() if name in self.places}

    def _buyer(self, reader: Reader) -> dict[str, Any]:
        address = visible(reader.get(cells.text, "address")) or ""
        province, city, district = place(address)
        tracking, _dash, courier = (reader.get(cells.text, "parcel") or "").partition("-")
        return {
            "buyer_name": visible(reader.get(cells.text, "buyer_name")),
            "buyer_phone": visible(reader.get(cells.identifier, "phone")), "buyer_email": None, "country": "CN",
            "province": province, "city": city, "district": district, "street": address or None, "postcode": None,
            "seller_remark": reader.get(cells.text, "remark"), "buyer_remark": reader.get(cells.text, "message"),
            "tracking_number": tracking or None, "courier": courier or None,
        }  # fmt: skip


def _state_of(said: str) -> OrderState | None:
    return next((found for word, found in STATES if word in said), None)


@importers.register
class DoudianOrders(OrderImporter):
    key = "doudian-orders"
    label = _("Doudian order export")
    kind = ChannelKind.DOUYIN
    channel_name = _("Douyin")
    work = DoudianWork
    required = ("number", "title", "total", "placed_at", "state")
    fills = {
        "number": "number external_number", "title": "orders.OrderLine.title", "option": "orders.OrderLine.option",
        "quantity": "orders.OrderLine.quantity", "sku_code": "orders.OrderLine.sku_code orders.OrderLine.sku_id",
        "total": "total paid orders.OrderLine.total", "buyer_name": OrderImporter.NAME, "phone": OrderImporter.PHONE,
        "address": PLACE, "remark": "seller_remark", "message": "buyer_remark", "after_sales": "refunded refund_state",
        "completed_at": "completed_at closed_at", "parcel": "orders.Shipment.courier orders.Shipment.tracking_number",
    }  # fmt: skip
    headings = {
        "number": ("主订单编号",), "title": ("选购商品",), "option": ("商品规格",), "quantity": ("商品数量",),
        "sku_code": ("商家编码",), "total": ("订单应付金额",), "shipping_fee": ("运费",), "close_reason": ("取消原因",),
        "buyer_name": ("收件人",), "phone": ("收件人手机号",),
        "address": ("详细地址",), "placed_at": ("订单提交时间",), "remark": ("商家备注",), "message": ("买家留言",),
        "completed_at": ("订单完成时间",), "state": ("订单状态",), "after_sales": ("售后状态",), "shipped_at": ("发货时间",),
        "creator_name": ("达人昵称",), "creator_id": ("达人ID", "达人 ID"), "paid_at": ("支付完成时间",), "parcel": ("快递信息",),
    }  # fmt: skip
