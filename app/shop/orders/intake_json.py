"""The JSON of the intake API, read strictly into what the service takes. Amounts are text in major units."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from app.panel.core import money
from app.panel.core.errors import InvalidInput
from app.shop.orders.models import PaymentMethod, RefundReason
from app.shop.orders.pricing import MOST_CODES, codes_in
from app.shop.orders.services import Amounts, Creator, GivenBack, Incoming, Paid

ORDER, REFUND = "order", "refund"
TOP = {
    "kind",
    "channel_id",
    "external_number",
    "placed_at",
    "lines",
    "buyer",
    "discount",
    "shipping_fee",
    "tax",
    "paid",
    "remark",
    "creator",
    "coupons",
    "session",
}
OF_REFUND = {"kind", "channel_id", "external_number", "reference", "amount", "reason", "note"}
BUYER = {
    "name": "buyer_name", "phone": "buyer_phone", "email": "buyer_email", "country": "country", "province": "province",
    "city": "city", "district": "district", "street": "street", "postcode": "postcode", "external_id": "external_id",
}  # fmt: skip
LENGTHS = {"buyer_name": 120, "buyer_phone": 32, "buyer_email": 200, "country": 2, "street": 300, "postcode": 20}
MAX_LINES, MAX_QUANTITY = 200, 100_000


def read(raw: Mapping[str, Any], currency: str) -> Incoming | GivenBack:
    """An order, or with `"kind": "refund"` what went back.

    :raises InvalidInput: with a sentence for everything that does not fit
    """
    reader, kind = _Reader(currency), raw.get("kind", ORDER)
    for name in set(raw) - (OF_REFUND if kind == REFUND else TOP):
        reader.errors[str(name)[:60]] = _("There is no such field.")
    if kind not in (ORDER, REFUND):
        reader.errors["kind"] = _("Choose one of: %(all)s", all=f"{ORDER}, {REFUND}")
    found = _refund(reader, raw) if kind == REFUND else _order(reader, raw)
    if reader.errors:
        raise InvalidInput(reader.errors)
    return found


def _order(reader: _Reader, raw: Mapping[str, Any]) -> Incoming:
    amounts = Amounts(**{name: reader.amount(raw, name) or 0 for name in ("discount", "shipping_fee", "tax")})
    return Incoming(
        channel_id=reader.whole(raw, "channel_id", 2**31 - 1), external_number=reader.text(raw, "external_number", 120),
        lines=reader.lines(raw.get("lines")), buyer=reader.buyer(raw.get("buyer")), amounts=amounts,
        paid=reader.paid(raw.get("paid")), placed_at=reader.instant(raw, "placed_at"),
        remark=reader.text(raw, "remark", 5000), creator=reader.creator(raw.get("creator")),
        codes=reader.coupons(raw.get("coupons")), session_key=reader.text(raw, "session", 80),
    )  # fmt: skip


def _refund(reader: _Reader, raw: Mapping[str, Any]) -> GivenBack:
    for name in ("external_number", "reference", "amount"):
        if not raw.get(name):
            reader.errors[name] = _("This is needed.")
    reason = RefundReason.of(raw.get("reason", RefundReason.OTHER.value))
    if reason is None:
        reader.errors["reason"] = _("Choose one of: %(all)s", all=", ".join(one.value for one in RefundReason))
    return GivenBack(
        channel_id=reader.whole(raw, "channel_id", 2**31 - 1), external_number=reader.text(raw, "external_number", 120),
        reference=reader.text(raw, "reference", 80), amount=reader.amount(raw, "amount") or 0,
        reason=reason or RefundReason.OTHER, note=reader.text(raw, "note", 300),
    )  # fmt: skip


class _Reader:
    """Collects what is wrong, so that the sender hears all of it at once."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.errors: dict[str, object] = {}

    def text(self, raw: Mapping[str, Any], name: str, length: int, at: str = "") -> str:
        value = raw.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > length or "\x00" in value:
            self.errors[f"{at}{name}"] = _("This is a text of at most %(n)s characters.", n=length)
            return ""
        return value.strip()

    def whole(self, raw: Mapping[str, Any], name: str, most: int, at: str = "") -> int:
        value = raw.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
            self.errors[f"{at}{name}"] = _("This is a whole number from 1 to %(n)s.", n=most)
            return 1
        return value

    def amount(self, raw: Mapping[str, Any], name: str, at: str = "") -> int | None:
        value = raw.get(name)
        if value is None:
            return None
        if not isinstance(value, str):  # a JSON number is a float to most readers
            self.errors[f"{at}{name}"] = _('Amounts are written as text, such as "12.50".')
            return None
        try:
            minor = money.parse(value, self.currency)
        except ValueError as error:
            self.errors[f"{at}{name}"] = str(error)
            return None
        if minor < 0:
            self.errors[f"{at}{name}"] = _("An amount cannot be negative.")
        return minor

    def instant(self, raw: Mapping[str, Any], name: str, at: str = "") -> dt.datetime | None:
        value = raw.get(name)
        if value is None:
            return None
        try:
            found = dt.datetime.fromisoformat(value)
        except (TypeError, ValueError):
            found = None
        if found is None or found.tzinfo is None:
            self.errors[f"{at}{name}"] = _("This is a time with its zone, such as 2026-11-21T10:00:00+08:00.")
            return None
        return found

    def lines(self, raw: Any) -> tuple[tuple[str, int, int | None, str], ...]:
        if not isinstance(raw, list) or not 0 < len(raw) <= MAX_LINES or not all(isinstance(one, dict) for one in raw):
            self.errors["lines"] = _("An order has 1 to %(n)s lines.", n=MAX_LINES)
            return ()
        found = []
        for index, one in enumerate(raw):
            at = f"lines.{index}."
            code = self.text(one, "sku", 120, at)
            if not code:
                self.errors.setdefault(f"{at}sku", _("This is needed."))
            quantity = self.whole(one, "quantity", MAX_QUANTITY, at)
            found.append((code, quantity, self.amount(one, "unit_price", at), self.text(one, "title", 300, at)))
        return tuple(found)

    def buyer(self, raw: Any) -> dict[str, str]:
        if raw is None:
            return {}
        if not isinstance(raw, dict):
            self.errors["buyer"] = _("Send one JSON object.")
            return {}
        for name in set(raw) - set(BUYER):
            self.errors[f"buyer.{str(name)[:60]}"] = _("There is no such field.")
        return {ours: self.text(raw, name, LENGTHS.get(ours, 60), "buyer.") for name, ours in BUYER.items()}

    def creator(self, raw: Any) -> Creator:
        if raw is None:
            return Creator()
        if not isinstance(raw, dict):
            self.errors["creator"] = _("Send one JSON object.")
            return Creator()
        for name in set(raw) - {"name", "id"}:
            self.errors[f"creator.{str(name)[:60]}"] = _("There is no such field.")
        return Creator(self.text(raw, "name", 120, "creator."), self.text(raw, "id", 64, "creator."))

    def coupons(self, raw: Any) -> tuple[str, ...]:
        if raw is None:
            return ()
        if not isinstance(raw, list) or len(raw) > MOST_CODES or not all(isinstance(one, str) and len(one) <= 40 for one in raw):
            self.errors["coupons"] = _("These are at most %(n)s codes.", n=MOST_CODES)
            return ()
        return codes_in(" ".join(raw))

    def paid(self, raw: Any) -> Paid | None:
        if raw is None or raw is False:
            return None
        if raw is True:
            return Paid()
        if not isinstance(raw, dict):
            self.errors["paid"] = _("Send one JSON object.")
            return None
        method = PaymentMethod.of(raw.get("method", PaymentMethod.PLATFORM.value))
        if method is None:
            self.errors["paid.method"] = _("Choose one of: %(all)s", all=", ".join(m.value for m in PaymentMethod))
        return Paid(
            method=method or PaymentMethod.OTHER, external_ref=self.text(raw, "reference", 120, "paid."),
            amount=self.amount(raw, "amount", "paid."), paid_at=self.instant(raw, "paid_at", "paid."),
        )  # fmt: skip
