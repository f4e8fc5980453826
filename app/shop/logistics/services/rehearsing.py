"""What the clocks of logistics would do at a moment, also a past one (ORD-09, ORD-10), by how orders and parcels stood then."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from flask_babel import gettext as _
from sqlalchemy import and_, exists, or_, select

from app.panel.core.db import db
from app.shop.logistics.models import Compensation, CompensationRule, Parcel
from app.shop.logistics.services.compensations import LATE, LOOKS_BACK, fits
from app.shop.logistics.services.silence import SILENT
from app.shop.orders import services as orders
from app.shop.orders.models import Order
from app.shop.orders.services import rehearsing
from app.shop.setup.models import Shop

MOST = 5000  # orders that are looked at one by one


def would_flag_silent(at: dt.datetime, limit: int = 500) -> list[str]:
    """ORD-09."""
    clocks = orders.Clocks()
    hours = {shop_id: clocks.of(shop_id).trace for shop_id in db.session.scalars(select(Shop.id))}
    over = [and_(Order.shop_id == key, Parcel.shipped_at <= at - dt.timedelta(hours=n)) for key, n in hours.items() if n]
    if not over:
        return [_("The hours are 0: it does nothing.")]
    silent = exists().where(Parcel.order_id == Order.id, or_(*over), rehearsing.later(Parcel.first_at, at))
    due = and_(silent, ~rehearsing.complained(SILENT, at))
    said = rehearsing.told(_("Orders whose parcels nobody would have heard of: %(n)s"), due, limit)
    return [rehearsing.by_hours(at, hours.values()), *said, *rehearsing.named(due)]


def would_compensate(at: dt.datetime, limit: int = 500) -> list[str]:
    """ORD-10. A rule that was not there yet counts as if it had been: that is what one wants to know of the past."""
    rules = list(db.session.scalars(
        select(CompensationRule).where(CompensationRule.is_active).order_by(CompensationRule.position, CompensationRule.id)
    ))  # fmt: skip
    if not rules:
        return [_("No rule of compensation is in use: it does nothing.")]
    left_late = and_(Order.shipped_at > Order.ship_by_at, Order.shipped_at > at - LOOKS_BACK, Order.shipped_at <= at)
    made = exists().where(Compensation.order_id == Order.id, Compensation.cause == LATE, Compensation.made_at <= at)
    query = (
        select(Order).where(
            or_(rehearsing.to_be_sent(at), left_late), Order.ship_by_at <= at, Order.is_past.is_(False), ~made,
        ).order_by(Order.ship_by_at, Order.id).limit(MOST)
    )  # fmt: skip
    worth, count, at_once = Counter[str](), 0, 0
    for order in db.session.scalars(query):
        rule = next((
            one for one in rules if (one.created_at > at or order.ship_by_at >= one.created_at) and fits(one, order)
        ), None)  # fmt: skip
        if rule is not None:
            worth[rule.currency] += rule.amount
            count, at_once = count + 1, at_once + rule.is_automatic
    said = _("Orders that would be compensated: %(n)s", n=count)
    return [
        _("By the rules that are in use now."), f"{said} ({rehearsing.amounts(worth)})" if count else said,
        _("Of these without asking anybody: %(n)s", n=at_once),
    ]  # fmt: skip
