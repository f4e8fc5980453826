"""Which shipping method fits an order (LOG-02)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.shop.logistics.models import Aim, ShippingMethod, ShippingRule
from app.shop.logistics.services.couriers import words
from app.shop.orders.models import Order

ENDINGS = ("维吾尔自治区", "壮族自治区", "回族自治区", "特别行政区", "自治区", "省", "市")


@dataclass(frozen=True)
class Suggestion:
    """A method, and the rule that chose it (None: there is no rule, the cheapest was taken)."""

    method: ShippingMethod
    rule: ShippingRule | None


def suggest(order: Order) -> Suggestion | None:
    """The method that the first fitting rule chooses for an order; the cheapest that goes there, when no rule fits."""
    query = select(ShippingMethod).where(ShippingMethod.is_active, ShippingMethod.currency == order.currency)
    methods = [
        method for method in db.session.scalars(query.order_by(ShippingMethod.position, ShippingMethod.id))
        if _goes_to(method.provinces, order.province)
    ]  # fmt: skip
    rules = select(ShippingRule).where(ShippingRule.is_active).order_by(ShippingRule.position, ShippingRule.id)
    for rule in db.session.scalars(rules):
        if _fits(rule, order) and (found := _choose(rule, methods)) is not None:
            return Suggestion(found, rule)
    return Suggestion(_cheapest(methods), None) if methods else None


def _fits(rule: ShippingRule, order: Order) -> bool:
    if not _goes_to(rule.provinces, order.province):
        return False
    if rule.least is None and rule.most is None:
        return True
    return rule.currency == order.currency and (rule.least or 0) <= order.total <= (order.total if rule.most is None else rule.most)


def _goes_to(provinces: str | None, province: str | None) -> bool:
    """Provinces are written in full and in short: 广东 and 广东省 are one."""
    return not words(provinces) or _short(province or "") in {_short(name) for name in words(provinces)}


def _short(province: str) -> str:
    name = province.strip()
    return next((name.removesuffix(end) for end in ENDINGS if name.endswith(end) and len(name) > len(end) + 1), name)


def _choose(rule: ShippingRule, methods: Sequence[ShippingMethod]) -> ShippingMethod | None:
    if rule.aim is Aim.THIS:
        return next((method for method in methods if method.id == rule.method_id), None)
    if not methods:
        return None
    return _cheapest(methods) if rule.aim is Aim.CHEAPEST else min(methods, key=lambda one: (one.days_to, one.days_from, one.fee))


def _cheapest(methods: Sequence[ShippingMethod]) -> ShippingMethod:
    return min(methods, key=lambda one: (one.fee, one.days_to))


def validate_method(method: ShippingMethod | None, values: dict[str, Any]) -> None:
    least, most = (_held(method, values, name) for name in ("days_from", "days_to"))
    if least is not None and most is not None and least > most:
        raise InvalidInput({"days_to": _("This is less than the days that it takes at least.")})


def validate_rule(rule: ShippingRule | None, values: dict[str, Any]) -> None:
    if _held(rule, values, "aim") is Aim.THIS and not _held(rule, values, "method_id"):
        raise InvalidInput({"method_id": _("Say which method.")})
    least, most = (_held(rule, values, name) for name in ("least", "most"))
    if least is not None and most is not None and least > most:
        raise InvalidInput({"most": _("This is less than the amount from which it counts.")})


def _held(row: Any, values: dict[str, Any], name: str) -> Any:
    return values[name] if name in values else getattr(row, name, None)
