"""Who is told about low stock."""

from __future__ import annotations

from collections.abc import Iterable

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from app.panel.core import policy
from app.panel.core.db import db
from app.shop.inventory.models import Warehouse

VERB, RESOURCE = "receive", "inventory.StockLevel"


def told_of(warehouse: Warehouse) -> Iterable[int]:
    """Ids of the people who may bring goods into this warehouse: those who can do something about it."""
    found = []
    for user in db.session.scalars(select(User).where(User.active).order_by(User.id)):
        if not policy.allowed(user, VERB, RESOURCE):
            continue
        mine = policy.scope(select(Warehouse.id).where(Warehouse.id == warehouse.id), user, Warehouse)
        if db.session.scalar(mine) is not None:
            found.append(int(user.id))
    return found
