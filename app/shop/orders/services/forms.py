"""What the generic verbs (screens, API) do with an order: they place it, and later change only what may change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from app.panel.core import records
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.fields import spec
from app.shop.orders.models import Order, OrderLine
from app.shop.orders.services.common import lock
from app.shop.orders.services.placing import BUYER, Amounts, Creator, Wanted, place
from app.shop.orders.services.reviewing import edit_address, first_check
from app.shop.setup.models import Channel

LINE_FIELDS = {"sku_id", "quantity", "unit_price"}
FREE = {"buyer_remark", "seller_remark", "external_number", "customer_id", "creator_name", "creator_id"}


def create(values: dict[str, Any], *, actor: Any) -> Order:
    """A new order from a form: priced, summed up and reserved by `place`."""
    channel_id = values.get("channel_id")
    channel = db.session.get(Channel, channel_id) if channel_id else None
    if channel is None:
        raise InvalidInput({"channel_id": _("Choose one from the list.")})
    wanted = [_wanted(index, raw, channel.shop.currency) for index, raw in enumerate(values.get("lines") or [])]
    amounts = {name: values.get(name) or 0 for name in ("discount", "shipping_fee", "tax", "adjustment")}
    order = place(
        wanted, channel_id=channel.id, actor=actor, customer_id=values.get("customer_id"),
        buyer={name: values.get(name) for name in BUYER}, amounts=Amounts(**amounts),
        creator=Creator(values.get("creator_name") or "", values.get("creator_id") or ""),
        external_number=values.get("external_number"), warehouse_id=values.get("warehouse_id"),
        codes=(values.get("codes") or "",),
        buyer_remark=values.get("buyer_remark") or "", seller_remark=values.get("seller_remark") or "",
    )  # fmt: skip
    return first_check(order, actor=actor)


def _wanted(index: int, raw: Mapping[str, Any], currency: str) -> Wanted:
    try:
        values = records.parse(OrderLine, {**raw, "currency": currency}, partial=True, names={*LINE_FIELDS, "currency"})
    except InvalidInput as error:
        raise InvalidInput({f"lines.{index}.{name}": text for name, text in error.errors.items()}) from None
    if not values.get("sku_id"):
        raise InvalidInput({f"lines.{index}.sku": _("Choose one from the list.")})
    return Wanted(values["sku_id"], values.get("quantity") or 1, unit_price=values.get("unit_price"))


def update(order: Order, values: dict[str, Any], *, actor: Any) -> Order:
    """Change remarks freely, the address through its own verb; goods and amounts of a placed order stand."""
    address = {name: values[name] for name in BUYER if name in values}
    fixed = set(values) - FREE - set(address) - {"lines"}
    if fixed:
        name = min(fixed)
        raise DomainError(_("“%(field)s” of a placed order stands.", field=spec(Order, name).label), field=name)
    if address:
        edit_address(order, address, actor=actor)
    else:
        lock(order)
    for name in FREE & set(values):
        setattr(order, name, values[name])
    return order


def delete(order: Order, *, actor: Any) -> None:
    """Orders are closed, not deleted: their numbers stand in the books of others."""
    raise DomainError(_("An order cannot be deleted. Close it instead."))


def validate_reason(_reason: Any, values: dict[str, Any]) -> None:
    code = values.get("code")
    if code is not None and not str(code).replace("_", "").replace("-", "").isalnum():
        raise InvalidInput({"code": _("Letters, digits, - and _ only.")})
