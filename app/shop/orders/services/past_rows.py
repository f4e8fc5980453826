"""One row of the past, read strictly and brought into the shape of the tables; and the tables read back into it."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from app.panel.core import history, money
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.fieldaccess import FieldAccess
from app.panel.core.rows import among
from app.shop.orders.models import (
    CloseReason,
    Order,
    OrderLine,
    OrderSource,
    OrderState,
    Payment,
    PaymentMethod,
    Refund,
    RefundReason,
    RefundState,
    ReviewState,
    Shipment,
)

TWICE = lazy_gettext("This order comes twice in the file.")
TAKEN = lazy_gettext("Another order of this shop has this number.")
NOT_YOURS = lazy_gettext("There is such an order, but you may not change it.")
LIVING = lazy_gettext("This order is worked on here already.")
PLAIN = (
    "customer_id", "buyer_name", "buyer_phone", "buyer_email", "country", "province", "city", "district", "street",
    "postcode", "creator_name", "creator_id", "buyer_remark", "seller_remark",
)  # fmt: skip
TEXTS = tuple(name for name in PLAIN if name != "customer_id")
EVERY = frozenset(PLAIN)
REMARKS = ("buyer_remark", "seller_remark")
STAMPS = ("placed_at", "paid_at", "shipped_at", "completed_at", "closed_at")
LENGTHS = {
    column.key: column.type.length
    for model in (Order, OrderLine)
    for column in model.__table__.columns  # the mappers would be configured here, while half of the models are unknown
    if getattr(column.type, "length", None)
}
PAID_STATES = (OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.COMPLETED)
LINE_COLUMNS = (
    "sku_id", "sku_code", "title", "option", "quantity", "currency", "unit_price", "unit_cost", "discount", "total",
    "shipped_quantity",
)  # fmt: skip


@dataclass
class Past:
    """`order` and `children` are column values; `given` names the plain fields that the row spoke of."""

    order: dict[str, Any]
    children: dict[type[Any], list[dict[str, Any]]]
    given: frozenset[str] = EVERY
    own_number: bool = True

    @property
    def key(self) -> tuple[Any, ...]:
        """By which it is found again."""
        if self.order["external_number"]:
            return "external", self.order["channel_id"], self.order["external_number"]
        return "number", self.order["shop_id"], self.order["number"]


def read(row: Mapping[str, Any]) -> Past:
    """:raises DomainError: with a sentence, when the row cannot be kept"""
    state = _member(OrderState, row.get("state") or OrderState.COMPLETED)
    external, number = _text(row, "external_number"), _text(row, "number")
    if not (external or number):
        raise DomainError(_("The order has no number."))
    order: dict[str, Any] = {name: _whole(row, name) for name in ("shop_id", "channel_id")}
    order |= {"number": number or external, "external_number": external, "state": state, "is_past": True}
    order |= {"currency": str(row.get("currency") or "").upper(), "source": OrderSource.IMPORT}
    if not all((order["shop_id"], order["channel_id"], len(order["currency"]) == 3)):
        raise DomainError(_("An order needs a shop, a channel and a currency."))
    for name in STAMPS:
        order[name] = _instant(row, name)
    if order["placed_at"] is None:
        raise DomainError(_("The order does not say when it was placed."))
    for name in TEXTS:
        order[name] = _text(row, name) if row.get(name) else None
    order["country"] = order["country"] or "CN"
    order |= {"customer_id": row.get("customer_id"), "review": ReviewState.CONFIRMED, "is_held": False}
    order["close_reason"] = None
    if state is OrderState.CLOSED:
        order["close_reason"] = _member(CloseReason, row.get("close_reason") or CloseReason.OTHER)
    lines = [_line(one, order["currency"], state) for one in row.get("lines") or ()]
    _sum_up(order, lines, row)
    _settle(order, row, state)
    children = {
        OrderLine: lines,
        Payment: _payments(order, row),
        Refund: _refunds(order, row),
        Shipment: _shipments(order, row),
    }
    return Past(order, children, EVERY.intersection(row), own_number=bool(number))


def _member(choices: Any, value: object) -> Any:
    member = choices.of(value)
    if member is None:
        raise DomainError(_("“%(value)s” is none of the choices.", value=str(value)[:40]))
    return member


def _text(row: Mapping[str, Any], name: str) -> str | None:
    given = row.get(name)
    if not given:
        return None
    value = str(given).strip() if name in REMARKS else " ".join(str(given).split())
    limit = LENGTHS.get(name)
    if limit and len(value) > limit:
        if name in ("number", "external_number"):
            raise DomainError(_("The order number is too long."))
        value = value[:limit]
    return value or None


def _whole(row: Mapping[str, Any], name: str, default: int = 0) -> int:
    value = row.get(name)
    if type(value) is int and -money.MAX_MINOR <= value <= money.MAX_MINOR:
        return value
    if value is None:
        return default
    if type(value) is not int:
        raise DomainError(_("%(name)s is not a whole number.", name=name))
    raise DomainError(_("That amount is too large."))


def _instant(row: Mapping[str, Any], name: str) -> dt.datetime | None:
    value = row.get(name)
    if not value:
        return None
    if type(value) is str:
        value = dt.datetime.fromisoformat(value)
    if value.tzinfo is None:
        raise DomainError(_("A time needs a time zone."))
    return value.astimezone(dt.UTC)


def _line(row: Mapping[str, Any], currency: str, state: OrderState) -> dict[str, Any]:
    quantity = _whole(row, "quantity", 1)
    if quantity <= 0:
        raise DomainError(_("A quantity is more than nothing."))
    discount = _whole(row, "discount")
    if row.get("unit_price") is not None:
        price = _whole(row, "unit_price")
    else:
        # the file knows only the sum of the line: round the price up, the rest is discount
        price = -(-(_whole(row, "total") + discount) // quantity)
        discount = price * quantity - _whole(row, "total")
    gone = quantity if state in (OrderState.SHIPPED, OrderState.COMPLETED) else 0
    shipped = _whole(row, "shipped_quantity", gone)
    if not 0 <= shipped <= quantity:
        raise DomainError(_("More pieces were shipped than ordered."))
    code = _text(row, "sku_code")
    return {
        "sku_id": row.get("sku_id"), "sku_code": code, "title": _text(row, "title") or code or "?",
        "option": _text(row, "option"),
        "quantity": quantity, "currency": currency, "unit_price": price, "unit_cost": _whole(row, "unit_cost"),
        "discount": discount, "total": price * quantity - discount, "shipped_quantity": shipped,
    }  # fmt: skip


def _sum_up(order: dict[str, Any], lines: list[dict[str, Any]], row: Mapping[str, Any]) -> None:
    own = sum([line["discount"] for line in lines])
    discount = _whole(row, "discount", own)
    if lines:
        subtotal = sum([line["unit_price"] * line["quantity"] for line in lines])
        discount = own + (_spread(discount - own, lines) if discount > own else 0)
    else:
        subtotal = _whole(row, "subtotal", _whole(row, "total"))
    shipping_fee, tax = _whole(row, "shipping_fee"), _whole(row, "tax")
    explained = subtotal - discount + shipping_fee + tax
    total = _whole(row, "total", explained)
    order |= {
        "shipping_fee": shipping_fee, "tax": tax, "subtotal": subtotal, "discount": discount,
        "adjustment": total - explained, "total": total,
        "cost": sum([line["unit_cost"] * line["quantity"] for line in lines]),
    }  # fmt: skip


def _spread(discount: int, lines: list[dict[str, Any]]) -> int:
    """Share out by value what is off the whole order; what exceeds the goods is adjustment."""
    left = [max(line["total"], 0) for line in lines]
    spread = min(discount, sum(left))
    for line, share in zip(lines, money.allocate(spread, left), strict=True):
        line["discount"] += share
        line["total"] -= share
    return spread


def _settle(order: dict[str, Any], row: Mapping[str, Any], state: OrderState) -> None:
    """What was paid and given back."""
    paid = _whole(row, "paid", max(order["total"], 0) if state in PAID_STATES else 0)
    refunded = _whole(row, "refunded")
    if not 0 <= refunded <= paid:
        raise DomainError(_("More was refunded than paid."))
    if paid and order["paid_at"] is None:
        order["paid_at"] = order["placed_at"]
    if not paid and state not in PAID_STATES:
        order["paid_at"] = None
    if state in PAID_STATES and order["total"] <= 0 and order["paid_at"] is None:
        order["paid_at"] = order["placed_at"]  # nothing to pay is paid at once; cash on delivery is not
    partly = RefundState.PARTLY if refunded else RefundState.NONE
    order |= {"paid": paid, "refunded": refunded, "refund_state": RefundState.FULLY if refunded == paid > 0 else partly}


def _payments(order: Mapping[str, Any], row: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not order["paid"]:
        return []
    method = _member(PaymentMethod, row.get("payment_method") or PaymentMethod.PLATFORM)
    return [{
        "method": method, "currency": order["currency"], "amount": order["paid"], "paid_at": order["paid_at"],
        "external_ref": _text(row, "payment_ref"),
    }]  # fmt: skip


def _refunds(order: Mapping[str, Any], row: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not order["refunded"]:
        return []
    at = _instant(row, "refunded_at") or order["closed_at"] or order["completed_at"] or order["paid_at"]
    method = _member(PaymentMethod, row.get("payment_method") or PaymentMethod.PLATFORM)
    return [{
        "method": method, "currency": order["currency"], "amount": order["refunded"], "refunded_at": at,
        "reason": RefundReason.OTHER, "restock": False,
    }]  # fmt: skip


def _shipments(order: Mapping[str, Any], row: Mapping[str, Any]) -> list[dict[str, Any]]:
    courier, tracking = _text(row, "courier"), _text(row, "tracking_number")
    if not (courier or tracking):
        return []
    at = order["shipped_at"] or order["paid_at"] or order["placed_at"]
    return [{"courier": courier, "tracking_number": tracking, "shipped_at": at}]


COLUMNS: dict[type[Any], tuple[str, ...]] = {
    OrderLine: LINE_COLUMNS,
    Payment: ("method", "currency", "amount", "paid_at", "external_ref"),
    Refund: ("method", "currency", "amount", "refunded_at", "reason", "restock"),
    Shipment: ("courier", "tracking_number", "shipped_at"),
}
ORDER_COLUMNS = (
    "shop_id", "channel_id", "number", "external_number", "state", "is_past", "currency", "source", *STAMPS, *PLAIN,
    "review", "is_held", "close_reason", "shipping_fee", "tax", "subtotal", "discount", "adjustment", "total", "cost", "paid",
    "refunded", "refund_state",
)  # fmt: skip

BARE = tuple((model, itemgetter(*names)) for model, names in COLUMNS.items())
_order = itemgetter(*ORDER_COLUMNS)
NUMBER, EXTERNAL, SKU_CODE = ORDER_COLUMNS.index("number"), ORDER_COLUMNS.index("external_number"), LINE_COLUMNS.index("sku_code")


class Packed(NamedTuple):
    """A row read before it was known where it belongs: bare values, quick to hand to another process."""

    order: tuple[Any, ...]
    children: tuple[list[tuple[Any, ...]], ...]
    given: frozenset[str]

    @property
    def number(self) -> str:
        return str(self.order[NUMBER])

    @property
    def external_number(self) -> str | None:
        return self.order[EXTERNAL]  # type: ignore[no-any-return]

    @property
    def sku_codes(self) -> list[str | None]:
        return [line[SKU_CODE] for line in self.children[0]]


def packed(row: Mapping[str, Any]) -> Packed:
    """`read` of a row whose customer and SKUs are not known yet.

    :raises DomainError: with a sentence, when the row cannot be kept
    """
    past = read(row)
    children = tuple([list(map(bare, past.children[model])) for model, bare in BARE])
    return Packed(_order(past.order), children, _alike(past.given))


def placed(row: Packed, number: str, channel_id: int, customer_id: int | None, skus: Mapping[str, int]) -> Past:
    """A packed row with everything that had to be asked for."""
    order = dict(zip(ORDER_COLUMNS, row.order, strict=True))
    order["number"], order["channel_id"] = " ".join(number.split()), channel_id
    given = row.given
    if customer_id is not None:
        order["customer_id"], given = customer_id, given | {"customer_id"}
    children: dict[type[Any], list[dict[str, Any]]] = {}
    for (model, names), own in zip(COLUMNS.items(), row.children, strict=True):
        children[model] = [dict(zip(names, values, strict=True)) for values in own] if own else []
    for line in children[OrderLine]:
        line["sku_id"] = skus.get(line["sku_code"])
    return Past(order, children, given)


@functools.cache
def _alike(given: frozenset[str]) -> frozenset[str]:
    """One and the same set for all rows that speak of the same fields, so that it is handed over once."""
    return given


def images(ids: Sequence[int]) -> dict[int, Past]:
    """Past orders as they stand, in five statements."""
    found: dict[int, Past] = {}
    if not ids:
        return found
    query = select(Order.id, *(getattr(Order, name) for name in ORDER_COLUMNS)).where(among(Order.id, ids))
    for key, *values in db.session.execute(query):
        found[key] = Past(dict(zip(ORDER_COLUMNS, values, strict=True)), {model: [] for model in COLUMNS})
    for model, names in COLUMNS.items():
        columns = (getattr(model, name) for name in names)
        children = select(model.order_id, *columns).where(among(model.order_id, ids)).order_by(model.id)
        for key, *values in db.session.execute(children):
            found[key].children[model].append(dict(zip(names, values, strict=True)))
    return found


def keep(past: Past, stood: Past, access: FieldAccess) -> None:
    """A field that the row does not speak of stays as it is, and one that the actor sees masked; so does the number that
    an order once got."""
    dark = {name for name in access.masks if access.is_open(name) and not access.writable(name)}
    covered = {name for name in dark if stood.order.get(name)}
    if covered and stood.order["customer_id"]:
        covered.add("customer_id")  # whom the row would be recognised as depends on them
    for name in PLAIN:
        if name not in past.given or name in covered:
            past.order[name] = stood.order[name]
    if not past.own_number:
        past.order["number"] = stood.order["number"]
    for new, old in zip(past.children[OrderLine], stood.children[OrderLine], strict=False):
        if new["sku_id"] is None and all(new[name] == old[name] for name in ("sku_code", "title", "option")):
            new["sku_id"] = old["sku_id"]  # somebody has said by hand which article it was


def same(past: Past, stood: Past) -> bool:
    return past.order == stood.order and past.children == stood.children


def as_row(stood: Past) -> dict[str, Any]:
    """Back into the shape of `record_past_orders`, fit for JSON: handing it in again restores what stood."""
    drop = {"adjustment", "cost", "refund_state", "is_past", "is_held", "review", "source"}
    row = {name: history.plain(value) for name, value in stood.order.items() if name not in drop}
    lines = stood.children[OrderLine]
    row["lines"] = [
        {name: line[name] for name in LINE_COLUMNS if name not in ("currency", "total")}
        for line in lines
    ]
    for payment in stood.children[Payment]:
        row |= {"payment_method": str(payment["method"].value), "payment_ref": payment["external_ref"]}
    for refund in stood.children[Refund]:
        row["refunded_at"] = refund["refunded_at"].isoformat()
    for shipment in stood.children[Shipment]:
        row |= {"courier": shipment["courier"], "tracking_number": shipment["tracking_number"]}
    return row
