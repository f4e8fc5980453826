"""Reading customers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, func, select

from app.panel.core.rows import among
from app.shop.customers.models import Customer, CustomerIdentity, CustomerTag, customer_tags
from app.shop.customers.states import CustomerState


def by_slots(slots: Collection[str]) -> Select[Any]:
    """(slot, customer id) of known natural keys: the set-based way of an import to recognise people."""
    keys = CustomerIdentity.__table__.c
    return select(keys.slot, keys.customer_id).where(among(keys.slot, slots))


def new_between(since: dt.datetime, until: dt.datetime) -> Select[Any]:
    """Customers first seen in a half-open span."""
    return select(Customer).where(
        Customer.first_seen_at >= since, Customer.first_seen_at < until, Customer.state != CustomerState.ERASED
    )


def twins(customer: Customer, limit: int = 10) -> Select[Any]:
    """Others of the same shop who may be the same person: same phone, e-mail or name."""
    same = []
    if customer.phone:
        same.append(Customer.phone == customer.phone)
    if customer.email:
        same.append(Customer.email == customer.email)
    same.append(Customer.name == customer.name)
    condition = same[0]
    for one in same[1:]:
        condition = condition | one
    return (
        select(Customer)
        .where(condition, Customer.id != customer.id, Customer.shop_id.is_not_distinct_from(customer.shop_id))
        .where(Customer.state != CustomerState.ERASED)
        .order_by(Customer.id)
        .limit(limit)
    )


def tag_sizes() -> Select[Any]:
    """Tags with how many customers carry them."""
    size = func.count(customer_tags.c.customer_id).label("size")
    return (
        select(CustomerTag.id, CustomerTag.name, CustomerTag.tone, size)
        .outerjoin(customer_tags, customer_tags.c.tag_id == CustomerTag.id)
        .group_by(CustomerTag.id, CustomerTag.name, CustomerTag.tone)
        .order_by(size.desc(), CustomerTag.name)
    )


def known_by(values: list[str]) -> Select[Any]:
    """Ids of customers who are known by exactly one of these values."""
    return select(CustomerIdentity.customer_id).where(CustomerIdentity.value.in_(values))
