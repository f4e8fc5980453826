"""Who sees which parcels, who may bring news of them, and who keeps couriers and methods."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, select

from app.panel.core import folding, policy
from app.shop.logistics.models import Compensation, CompensationRule, Parcel, TraceEvent, Waybill
from app.shop.orders.models import Order
from app.shop.setup.permissions import OF_MINE, my_shop_ids, sees_all_shops

PARCEL, COURIER, METHOD = "logistics.Parcel", "logistics.Courier", "logistics.ShippingMethod"
policy.verbs(PARCEL, trace=_("Ask couriers and enter what they say"))
policy.verbs("logistics.Waybill", ask=_("Ask for waybills"), void=_("Make waybills void"))
policy.verbs("logistics.Compensation", approve=_("Grant or refuse compensation"))
policy.moves_money("logistics.Compensation", "approve")
folding.part_of(METHOD, "logistics.ShippingRule")

_SEE = dict.fromkeys((PARCEL, "logistics.TraceEvent", "logistics.Waybill", COURIER, METHOD, "logistics.ShippingRule"), "read")
_OWED = ("logistics.Compensation", "logistics.CompensationRule")
for _role in ("operations", "finance", "support", "deputy", "viewer"):
    policy.grant(_role, _SEE | dict.fromkeys(_OWED, "read"))
for _role in ("operations", "deputy"):
    policy.grant(_role, {
        PARCEL: "export import trace", "logistics.Waybill": "ask void export", COURIER: "write", METHOD: "write delete",
        "logistics.ShippingRule": "write delete",
    })  # fmt: skip
policy.grant("operations", {COURIER: "delete"})
policy.grant("finance", {"logistics.Compensation": "approve export"})
policy.grant("deputy", {"logistics.Compensation": "approve export", "logistics.CompensationRule": "write delete"})
policy.grant("support", {PARCEL: "trace", "logistics.Waybill": "ask void"})


def _my_orders(actor: Any) -> Any:
    return select(Order.id).where(Order.shop_id.in_(my_shop_ids(actor)))


def _follow_the_order(model: Any) -> None:
    @policy.rows(model, OF_MINE)
    def rule(actor: Any) -> ColumnElement[bool] | None:
        return None if sees_all_shops(actor) else model.order_id.in_(_my_orders(actor))


for _model in (Parcel, Waybill, Compensation):
    _follow_the_order(_model)
    policy.follow(_model, Order, "order_id")
policy.follow(TraceEvent, Parcel, "parcel_id")


@policy.rows(TraceEvent, OF_MINE)
def traces_of_my_parcels(actor: Any) -> ColumnElement[bool] | None:
    own = select(Parcel.id).where(Parcel.order_id.in_(_my_orders(actor)))
    return None if sees_all_shops(actor) else TraceEvent.parcel_id.in_(own)


@policy.rows(CompensationRule, OF_MINE)
def rules_of_my_shops(actor: Any) -> ColumnElement[bool] | None:
    """Those of every shop, and those of one's own."""
    if sees_all_shops(actor):
        return None
    return CompensationRule.shop_id.is_(None) | CompensationRule.shop_id.in_(my_shop_ids(actor))
