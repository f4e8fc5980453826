"""Reading logistics: parcels of an order, and how many stand still."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from app.panel.core import policy
from app.shop.logistics.models import Compensation, CompensationState, Courier, Parcel, Waybill
from app.shop.orders.models import Order, Shipment, ShipmentLine


def parcels_of(order_id: int, actor: Any) -> Select[Any]:
    """The parcels of an order with all that was said of them."""
    statement = select(Parcel).where(Parcel.order_id == order_id).order_by(Parcel.shipped_at, Parcel.id)
    return policy.scope(statement.options(joinedload(Parcel.courier), selectinload(Parcel.events)), actor, Parcel)


def to_print(meant: Any, after: int, actor: Any) -> Select[Any]:
    """Parcels behind a number with what stands on their waybills."""
    statement = select(Parcel).where(meant, Parcel.id > after).order_by(Parcel.id).options(
        joinedload(Parcel.courier), joinedload(Parcel.order).joinedload(Order.shop),
        joinedload(Parcel.shipment).selectinload(Shipment.lines).joinedload(ShipmentLine.line),
    )  # fmt: skip
    return policy.scope(statement, actor, Parcel)


def order_of_buyer(number: str, tail: str) -> Select[Any]:
    """The order that a buyer means: one of his number, ours or the channel's, whose phone ends so. Two shops may have the
    same number; the digits tell them apart, and the newest answers."""
    by_number = or_(Order.number == number, Order.external_number == number)
    return select(Order).where(by_number, Order.buyer_phone.endswith(tail)).order_by(Order.id.desc()).limit(1)


def waybills_of(order_id: int, actor: Any) -> Select[Any]:
    statement = select(Waybill).where(Waybill.order_id == order_id).order_by(Waybill.id)
    return policy.scope(statement.options(joinedload(Waybill.courier)), actor, Waybill)


def standing_by_courier(actor: Any, now: Any) -> Select[Any]:
    """(courier_id, name, standing, in a week, longer, oldest) of parcels that stand still, the most first."""
    age = case((Parcel.moved_at >= now, 0), else_=1)
    counted = (
        select(
            Parcel.courier_id, func.count(Parcel.id).label("standing"), func.sum(1 - age).label("week"),
            func.sum(age).label("longer"), func.min(Parcel.moved_at).label("oldest"),
        )
        .where(Parcel.is_standing)
        .group_by(Parcel.courier_id)
    )  # fmt: skip
    part = policy.scope(counted, actor, Parcel).subquery()
    return (
        select(part, Courier.name).join(Courier, Courier.id == part.c.courier_id).order_by(part.c.standing.desc(), Courier.position)
    )


def count_standing(actor: Any) -> Select[Any]:
    return policy.scope(select(func.count(Parcel.id)).where(Parcel.is_standing), actor, Parcel)


def count_proposed(actor: Any) -> Select[Any]:
    query = select(func.count(Compensation.id)).where(Compensation.state == CompensationState.PROPOSED)
    return policy.scope(query, actor, Compensation)
