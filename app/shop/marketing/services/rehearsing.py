"""What the clock of group buys would do at a moment, also a past one, by how the groups stood then. Nothing is written."""

from __future__ import annotations

import datetime as dt

from flask_babel import gettext as _
from sqlalchemy import and_, func, select

from app.panel.core.db import db
from app.panel.core.settings import setting
from app.shop.marketing.models import GroupBuy, GroupBuyMember
from app.shop.marketing.settings import PAY_MINUTES
from app.shop.orders.models import Order
from app.shop.orders.services import rehearsing


def would_end(at: dt.datetime, limit: int = 500) -> list[str]:
    """MKT-07."""
    open_then = and_(GroupBuy.began_at <= at, rehearsing.later(GroupBuy.ended_at, at))
    sat = and_(GroupBuyMember.joined_at <= at, rehearsing.later(GroupBuyMember.left_at, at))
    over = select(GroupBuy.id).where(open_then, GroupBuy.ends_at <= at)
    paid = select(GroupBuyMember.order_id).where(sat, GroupBuyMember.group_id.in_(over), GroupBuyMember.paid_at <= at)
    due = Order.id.in_(paid)
    minutes = int(setting(PAY_MINUTES) or 0)
    unpaid = select(func.count(GroupBuyMember.id)).join(GroupBuy, GroupBuy.id == GroupBuyMember.group_id).where(
        open_then, sat, rehearsing.later(GroupBuyMember.paid_at, at), GroupBuyMember.joined_at <= at - dt.timedelta(minutes=minutes)
    )  # fmt: skip
    return [
        _("Groups that would end incomplete: %(n)s", n=db.session.scalar(select(func.count()).select_from(over.subquery()))),
        *rehearsing.told(_("Orders that would be refunded whole: %(n)s"), due, limit), *rehearsing.named(due),
        _("Unpaid places that would be free again: %(n)s", n=db.session.scalar(unpaid) if minutes else 0),
    ]  # fmt: skip
