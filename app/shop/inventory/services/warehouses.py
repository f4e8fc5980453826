"""Which warehouse is meant, and how there comes to be one default a shop."""

from __future__ import annotations

import functools
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, bindparam, or_, select, update

from app.panel.core import changes, records, trash
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.inventory.models import Warehouse


def default_warehouse_id(shop_id: int | None = None) -> int:
    """The warehouse from which a shop sells: its own default, the common default, then the oldest one it may use.

    :raises DomainError: when there is none
    """
    found = db.session.scalar(_sells_from(bool(shop_id)), {"shop": shop_id} if shop_id else {})
    if found is None:
        raise DomainError(_("There is no warehouse yet. Add one under Inventory, Warehouses."))
    return int(found)


@functools.cache
def _sells_from(of_a_shop: bool) -> Select[Any]:
    """Built once: every order asks this, and SQLAlchemy takes longer to build it than the database to answer."""
    houses = Warehouse.__table__.c
    if of_a_shop:
        return sells_from(bindparam("shop"))
    return select(houses.id).where(houses.is_active).order_by(houses.is_default.desc(), houses.id).limit(1)


def sells_from(shop: Any) -> Select[Any]:
    """The id of the warehouse from which a shop sells; the shop may be a column of a statement around this one."""
    houses = Warehouse.__table__.c
    is_common = houses.shop_id.is_(None)
    query = select(houses.id).where(houses.is_active, or_(houses.shop_id == shop, is_common))
    return query.order_by(is_common, houses.is_default.desc(), houses.id).limit(1)


@transactional
def save_new(values: dict[str, Any], *, actor: Any) -> Warehouse:
    """The first warehouse of a shop is its default, whatever the form says."""
    first = db.session.scalar(select(Warehouse.id).where(Warehouse.shop_id.is_not_distinct_from(values.get("shop_id"))))
    if first is None:
        values = {**values, "is_default": True}
    warehouse = Warehouse()
    db.session.add(warehouse)
    with db.session.no_autoflush:
        records.assign(warehouse, values, actor=actor)
    _only_default(warehouse)
    return warehouse


@transactional
def save(warehouse: Warehouse, values: dict[str, Any], *, actor: Any) -> Warehouse:
    records.assign(warehouse, values, actor=actor)
    _only_default(warehouse)
    return warehouse


def warehouse_is_back(warehouse: Warehouse, *, actor: Any) -> None:
    """Out of the trash: the warehouse that has become the default meanwhile stays it."""
    same_shop = Warehouse.shop_id.is_not_distinct_from(warehouse.shop_id)
    others = select(Warehouse.id).where(same_shop, Warehouse.is_default, Warehouse.id != warehouse.id).limit(1)
    if warehouse.is_default and db.session.scalar(others) is not None:
        warehouse.is_default = False


def _only_default(warehouse: Warehouse) -> None:
    """Making one warehouse the default takes the mark from the shop's other one."""
    if not warehouse.is_default:
        return
    db.session.flush()
    same_shop = Warehouse.shop_id.is_not_distinct_from(warehouse.shop_id)
    others = list(
        db.session.scalars(select(Warehouse.id).where(same_shop, Warehouse.is_default, Warehouse.id != warehouse.id))
    )
    if others:
        statement = update(Warehouse).where(Warehouse.id.in_(others))
        db.session.execute(statement.values(is_default=False, version=Warehouse.version + 1))
        changes.record(Warehouse, others)


records.override(Warehouse, create=save_new, update=save)
trash.after_restore(Warehouse, warehouse_is_back)
