"""Order reports of Taobao and Tmall: one row an order, Chinese headings, with or without the blanks at their ends.

Two layouts are known: the long ExportOrderList and the short report (number, amounts, province, times, refund). In the
short one 买家实际支付金额 is what the shop kept: paid less refunded. In both, an order without 订单付款时间 was never paid.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from flask_babel import lazy_gettext as _

from app.panel.bulk import importers
from app.panel.bulk.importers import Plan, Reader, Record
from app.panel.bulk.reading import values as cells
from app.panel.bulk.reading.problems import BadValue
from app.panel.bulk.showing import Amount
from app.shop.customers import areas
from app.shop.customers.imports.people import Person
from app.shop.orders.imports.common import OrderImporter, OrderWork
from app.shop.orders.models import CloseReason, OrderState, PaymentMethod
from app.shop.setup.states import ChannelKind

# The words of the platform's 订单状态, longest meaning first.
STATES = (
    ("部分发货", OrderState.PARTLY_SHIPPED), ("等待买家付款", OrderState.PENDING), ("待付款", OrderState.PENDING),
    ("等待卖家发货", OrderState.PAID), ("待发货", OrderState.PAID), ("买家已付款", OrderState.PAID),
    ("卖家已发货", OrderState.SHIPPED), ("已发货", OrderState.SHIPPED), ("待收货", OrderState.SHIPPED),
    ("交易成功", OrderState.COMPLETED), ("已完成", OrderState.COMPLETED), ("已签收", OrderState.COMPLETED),
    ("关闭", OrderState.CLOSED), ("取消", OrderState.CLOSED),
)  # fmt: skip
# What the platforms say about why an order was closed, the surest word first.
CLOSE_REASONS = (
    ("未付款", CloseReason.UNPAID), ("未及时付款", CloseReason.UNPAID), ("未支付", CloseReason.UNPAID),
    ("超时", CloseReason.UNPAID), ("退款", CloseReason.REFUNDED), ("缺货", CloseReason.STOCK), ("无货", CloseReason.STOCK),
    ("拍错", CloseReason.MISTAKE), ("重拍", CloseReason.MISTAKE), ("重新拍", CloseReason.MISTAKE),
    ("多拍", CloseReason.MISTAKE), ("错误", CloseReason.MISTAKE), ("不想", CloseReason.BUYER), ("不喜欢", CloseReason.BUYER),
    ("买家", CloseReason.BUYER),
)  # fmt: skip
NOT_CLOSED = "未关闭"
CURRENCY = "CNY"
DIGITS = 2
_HIDDEN = re.compile(r"^(##|\$\$|~)")


class TaobaoWork(OrderWork):
    def parse(self, record: Record) -> Plan:
        plan = Plan(record.seq, [])
        reader = Reader(self, record)
        number = reader.need(cells.identifier, "number")
        total = reader.need(cells.minor, "total", DIGITS) or 0
        placed = reader.need(cells.instant, "placed_at", self.zone, "ymd")
        paid_at = reader.get(cells.instant, "paid_at", self.zone, "ymd")
        values: dict[str, Any] = {
            "external_number": number, "number": number, "currency": CURRENCY, "total": total, "placed_at": placed,
        }  # fmt: skip
        values |= self._paid(reader, total, paid_at)
        values |= self._state(reader, values)
        values |= self._goods(reader, total)
        values |= self._buyer(reader)
        values["person"] = Person(values["buyer_name"] or "", values["buyer_phone"] or "", "", "", "CN", placed)
        plan.errors, plan.key, plan.values = reader.errors, str(number or ""), values
        if not plan.errors:
            for amount in ("total", "paid", "refunded", "shipping_fee"):
                plan.add(CURRENCY, amount, values[amount])
            plan.add(CURRENCY, "kept", values["paid"] - values["refunded"])
        plan.shown = {
            "number": number or "", "placed_at": placed, "buyer_name": values["buyer_name"] or values["province"],
            "state": values["state"], "total": Amount(total, CURRENCY),
        }  # fmt: skip
        return plan

    def _paid(self, reader: Reader, total: int, paid_at: Any) -> dict[str, Any]:
        said = reader.get(cells.minor, "paid", DIGITS) or 0
        refunded = reader.get(cells.minor, "refunded", DIGITS) or 0
        if said < 0 or refunded < 0:
            reader.wrong(BadValue("negative", value=str(min(said, refunded) / 100)))
        if paid_at is None:
            return {"paid": 0, "refunded": 0, "paid_at": None, "payment_method": PaymentMethod.PLATFORM}
        # The report nets the refund: paid again what it says plus what went back, unless that is more than the order.
        paid = said + refunded if said + refunded <= max(total, said) else max(said, refunded)
        return {"paid": paid, "refunded": refunded, "paid_at": paid_at, "payment_method": PaymentMethod.PLATFORM}

    def _state(self, reader: Reader, values: dict[str, Any]) -> dict[str, Any]:
        said = reader.get(cells.text, "state") or ""
        state = next((found for word, found in STATES if word in said), None)
        why = close_reason(reader.get(cells.text, "close_reason"))
        back = values["refunded"] > 0 and values["refunded"] >= values["paid"]
        if state is None:
            state = OrderState.COMPLETED if values["paid_at"] and not back and why is None else OrderState.CLOSED
        result: dict[str, Any] = {"state": state, "shipped_at": reader.get(cells.instant, "shipped_at", self.zone, "ymd")}
        # a time that the file does not tell is not known: none is made up from another one
        if state is OrderState.CLOSED:
            guess = CloseReason.REFUNDED if back else CloseReason.OTHER if values["paid_at"] else CloseReason.UNPAID
            closed_at = reader.get(cells.instant, "closed_at", self.zone, "ymd")
            result |= {"close_reason": guess if why in (None, CloseReason.OTHER) else why, "closed_at": closed_at}
        if state is OrderState.COMPLETED:
            result["completed_at"] = reader.get(cells.instant, "completed_at", self.zone, "ymd")
        return result

    def _goods(self, reader: Reader, total: int) -> dict[str, Any]:
        """One line for all the goods, for the report names them in one cell; none when it names nothing."""
        shipping = reader.get(cells.minor, "shipping_fee", DIGITS) or 0
        goods = reader.get(cells.minor, "goods", DIGITS)
        title = reader.get(cells.text, "title")
        result: dict[str, Any] = {"shipping_fee": shipping, "lines": [], "discount": 0}
        goods = max(total - shipping, 0) if goods is None else goods
        if title is None:
            return {**result, "subtotal": goods}
        quantity = max(reader.get(cells.integer, "quantity") or 1, 1)
        line = {"title": title, "quantity": quantity, "total": goods, "option": reader.get(cells.text, "option")}
        # What the line's rounded price takes off belongs to the line: the order itself has no discount of its own.
        del result["discount"]
        return {**result, "lines": [line]}

    def _buyer(self, reader: Reader) -> dict[str, Any]:
        address = reader.get(cells.text, "address") or ""
        shown = "" if _HIDDEN.match(address) else address
        province, city, district = place(shown)
        return {
            "buyer_name": visible(reader.get(cells.text, "buyer_name") or reader.get(cells.text, "member")),
            "buyer_phone": visible(reader.get(cells.identifier, "phone") or reader.get(cells.identifier, "telephone")),
            "buyer_email": None, "country": "CN", "province": province, "city": city, "district": district,
            "street": shown if city or (shown and not province) else None, "postcode": None,
            "buyer_remark": reader.get(cells.text, "message"), "seller_remark": reader.get(cells.text, "remark"),
            "courier": reader.get(cells.text, "courier"), "tracking_number": reader.get(cells.identifier, "tracking"),
        }  # fmt: skip


def close_reason(said: str | None) -> CloseReason | None:
    """The reason that a platform names; None when it names none, or says that the order is not closed."""
    if not said or NOT_CLOSED in said:
        return None
    return next((reason for word, reason in CLOSE_REASONS if word in said), CloseReason.OTHER)


def visible(value: str | None) -> str | None:
    """Platforms hand out cipher text instead of people; nobody is recognised by it."""
    return None if value is None or _HIDDEN.match(value) or "*" in value else value


@functools.lru_cache(maxsize=20_000)
def place(address: str) -> tuple[str | None, str | None, str | None]:
    """Province, city and district by their official names, as far as the address begins with them."""
    rest, parent = address.strip(), ""
    found: list[str] = []
    while rest and len(found) < 3:
        area = next((a for a in areas.children(parent) if rest.startswith(a.name)), None) or next(
            (a for a in areas.children(parent) if len(found) == 0 and len(rest) >= 2 and a.name.startswith(rest[:2])),
            None,
        )
        if area is None:
            break
        found.append(area.name)
        rest = (rest[len(area.name) :] if rest.startswith(area.name) else rest[short(area.name, rest) :]).lstrip()
        parent = area.code
    names: list[str | None] = [*found, None, None, None]
    return names[0], names[1], names[2]


def short(name: str, rest: str) -> int:
    """How many characters of `rest` are the short form of an area's name (上海, 内蒙古)."""
    length = 0
    while length < min(len(name), len(rest)) and name[length] == rest[length]:
        length += 1
    return length


PLACE = "province city district street"


@importers.register
class TaobaoOrders(OrderImporter):
    key = "taobao-orders"
    label = _("Taobao / Tmall order report")
    kind = ChannelKind.TMALL
    channel_name = _("Tmall")
    work = TaobaoWork
    required = ("number", "total", "placed_at", "paid")
    fills = {
        "number": "number external_number", "total": "total", "paid": "paid", "refunded": "refunded refund_state",
        "placed_at": "placed_at", "paid_at": "paid_at", "state": "state", "goods": "subtotal", "address": PLACE,
        "buyer_name": OrderImporter.NAME, "member": OrderImporter.NAME, "phone": OrderImporter.PHONE,
        "telephone": OrderImporter.PHONE, "title": "orders.OrderLine.title", "option": "orders.OrderLine.option",
        "quantity": "orders.OrderLine.quantity", "courier": "orders.Shipment.courier",
        "tracking": "orders.Shipment.tracking_number", "message": "buyer_remark", "remark": "seller_remark",
    }  # fmt: skip
    headings = {
        "number": ("订单编号",), "total": ("总金额",), "paid": ("买家实际支付金额", "支付金额"),
        "placed_at": ("订单创建时间",), "paid_at": ("订单付款时间",), "refunded": ("退款金额",), "state": ("订单状态",),
        "goods": ("买家应付货款",), "shipping_fee": ("买家应付邮费",), "address": ("修改后的收货地址", "收货地址"),
        "buyer_name": ("收货人姓名", "收货人"), "member": ("买家会员名",), "phone": ("联系手机",), "telephone": ("联系电话",),
        "title": ("宝贝标题",), "option": ("修改后的sku",), "quantity": ("宝贝总数量",), "courier": ("物流公司",),
        "tracking": ("物流单号",), "close_reason": ("订单关闭原因",), "shipped_at": ("发货时间",),
        "completed_at": ("确认收货时间", "交易成功时间"), "closed_at": ("订单关闭时间",),
        "message": ("买家留言",), "remark": ("订单备注",),
    }  # fmt: skip
