"""Parcels of which no courier has said a word become a problem of their order (ORD-09)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import and_, or_, select

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.logistics.models import Parcel, ParcelState
from app.shop.orders import services as orders
from app.shop.orders.models import Order, OrderException
from app.shop.setup.models import Shop
from app.shop.setup.queries import business

SILENT = "silent"


@transactional
def flag_silent(limit: int = 500) -> int:
    """Open the problem "silent" for orders whose parcel has no first trace in the hours of its shop; how many. Once an order."""
    clocks, now = orders.Clocks(), clock.now()
    hours = {shop_id: clocks.of(shop_id).trace for shop_id in db.session.scalars(select(Shop.id))}
    due = [and_(Order.shop_id == key, Parcel.shipped_at <= now - dt.timedelta(hours=n)) for key, n in hours.items() if n]
    if not due:
        return 0
    reason = orders.reason(SILENT)
    known = select(OrderException.order_id).where(OrderException.reason_id == reason.id)
    query = (
        select(Parcel).join(Order, Order.id == Parcel.order_id)
        .where(Parcel.state == ParcelState.WAITING, Parcel.first_at.is_(None), or_(*due), Parcel.order_id.not_in(known))
        .order_by(Parcel.shipped_at, Parcel.id).limit(limit)
    )  # fmt: skip
    owner, told = business(), set[int]()
    with force_locale(owner.language if owner else "en"):
        for parcel in list(db.session.scalars(query)):
            if parcel.order_id not in told:
                detail = _("Its courier has said nothing of %(number)s since it left.", number=parcel.number)
                orders.open_exception(parcel.order, reason, actor=SYSTEM, detail=detail)
                told.add(parcel.order_id)
    return len(told)


def heard(parcels: Iterable[Parcel]) -> None:
    """The courier has spoken: what was complained of is mended, once no other parcel of the order is silent."""
    owner = business()
    with force_locale(owner.language if owner else "en"):
        for order in {parcel.order for parcel in parcels}:
            silent = select(Parcel.id).where(Parcel.order_id == order.id, Parcel.first_at.is_(None)).limit(1)
            if db.session.scalar(silent) is None:
                orders.settle(order, {SILENT}, resolution=_("The first trace is there."))
