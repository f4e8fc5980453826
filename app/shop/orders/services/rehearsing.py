"""What the clocks of orders would do at a moment, also a past one (ORD-06 to ORD-10): by how the orders stood then and the
hours that hold now. Nothing is written.

What an order was at a moment is read from its times. Whether it was on hold then is not kept: those that are now are left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import BigInteger, ColumnElement, and_, case, cast, exists, false, func, or_, select

from app.panel.core import clock, mail, money, policy
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.rows import among
from app.panel.core.settings import setting
from app.shop.orders.models import (
    BuyerMessage,
    ExceptionReason,
    MessageKind,
    Order,
    OrderException,
    OrderLine,
    OrderState,
    Payment,
    PaymentState,
    Refund,
)
from app.shop.orders.services.clocks import Clocks, later_beginnings
from app.shop.orders.services.common import RESOURCE
from app.shop.setup.models import Shop

NAMED = 20  # orders that are named one by one


def later(moment: Any, at: dt.datetime) -> ColumnElement[bool]:
    """Had something not happened yet at a moment?"""
    return or_(moment.is_(None), moment > at)


def would_close(at: dt.datetime, limit: int = 500) -> list[str]:
    """ORD-06."""
    hours = int(setting("orders.close_unpaid_hours") or 0)
    if not hours:
        return [_("The hours are 0: it does nothing.")]
    due = _unpaid(at, hours)
    freed = case((Order.state == OrderState.PENDING, OrderLine.reserved_quantity), else_=OrderLine.quantity)
    pieces = select(func.sum(freed)).join(Order, Order.id == OrderLine.order_id).where(due, OrderLine.sku_id.is_not(None))
    coupons = select(func.count(Order.id)).where(due, func.coalesce(Order.codes, "") != "")
    return [
        by_hours(at, [hours]), *told(_("Orders that would be closed: %(n)s"), due, limit),
        _("Pieces that would be free again: %(n)s", n=int(db.session.scalar(pieces) or 0)),
        _("Of these orders hold coupons that could be used again: %(n)s", n=db.session.scalar(coupons)), *named(due),
    ]  # fmt: skip


def would_remind(at: dt.datetime, limit: int = 500) -> list[str]:
    """ORD-07."""
    hours = int(setting("orders.remind_after_hours") or 0)
    if not hours:
        return [_("The hours are 0: it does nothing.")]
    before = exists().where(
        BuyerMessage.order_id == Order.id, BuyerMessage.kind == MessageKind.PAYMENT_REMINDER, BuyerMessage.created_at <= at
    )
    by_mail = Order.buyer_email.is_not(None) if mail.is_set_up() else false()
    due = and_(_unpaid(at, hours), ~before, or_(by_mail, Order.buyer_phone.is_not(None)))
    mails = db.session.scalar(select(func.count(Order.id)).where(due, by_mail)) or 0
    texts = db.session.scalar(select(func.count(Order.id)).where(due, ~by_mail)) or 0
    return [
        by_hours(at, [hours]), *told(_("Orders whose buyers would be reminded: %(n)s"), due, limit),
        _("By e-mail: %(mails)s, by text message: %(texts)s", mails=mails, texts=texts), *named(due),
    ]  # fmt: skip


def would_flag_late(at: dt.datetime, limit: int = 500) -> list[str]:
    """ORD-08."""
    clocks = Clocks()
    hours = {shop_id: clocks.of(shop_id).ship for shop_id in db.session.scalars(select(Shop.id))}
    over = [and_(Order.shop_id == key, Order.paid_at <= at - dt.timedelta(hours=n)) for key, n in hours.items() if n]
    if not over:
        return [_("The hours are 0: it does nothing.")]
    has_time = and_(among(Order.id, list(later_beginnings())), Order.ship_by_at > at)
    due = and_(or_(*over), to_be_sent(at), ~complained("late", at), ~has_time)
    return [by_hours(at, hours.values()), *told(_("Orders that would be listed as late: %(n)s"), due, limit), *named(due)]


def to_be_sent(at: dt.datetime) -> ColumnElement[bool]:
    """Paid, not sent whole and not closed at a moment; held and past orders are left in peace."""
    there = (later(Order.shipped_at, at), later(Order.closed_at, at))
    return and_(Order.paid_at <= at, *there, Order.is_past.is_(False), Order.is_held.is_(False))


def complained(code: str, at: dt.datetime) -> ColumnElement[bool]:
    """Had this problem been opened by then, whatever became of it?"""
    reason = select(ExceptionReason.id).where(ExceptionReason.code == code).scalar_subquery()
    return exists().where(OrderException.order_id == Order.id, OrderException.reason_id == reason, OrderException.opened_at <= at)


def _unpaid(at: dt.datetime, hours: int) -> ColumnElement[bool]:
    """Placed so long before, and nothing of it was paid then."""
    came = select(func.coalesce(func.sum(Payment.amount), 0)).where(
        Payment.order_id == Order.id, Payment.state == PaymentState.PAID, Payment.paid_at <= at
    )
    went = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.order_id == Order.id, Refund.refunded_at <= at, later(Refund.reversed_at, at)
    )
    return and_(
        Order.placed_at <= at - dt.timedelta(hours=hours), later(Order.paid_at, at), later(Order.closed_at, at),
        Order.is_past.is_(False), Order.is_held.is_(False),
        came.correlate(Order).scalar_subquery() == went.correlate(Order).scalar_subquery(),
    )  # fmt: skip


def by_hours(at: dt.datetime, hours: Iterable[int]) -> str:
    known = ", ".join(str(n) for n in sorted({n for n in hours if n}))
    return _("As orders stood at %(time)s, by the hours that hold now: %(hours)s", time=clock.wall(at), hours=known)


def told(sentence: str, due: ColumnElement[bool], limit: int) -> list[str]:
    """How many orders these are, and worth how much, for whoever may read that."""
    query = select(Order.currency, func.count(Order.id), cast(func.sum(Order.total), BigInteger)).where(due)
    found = db.session.execute(query.group_by(Order.currency).order_by(Order.currency)).all()
    count = sum(number for _currency, number, _total in found)
    said = sentence % {"n": count}
    if count and policy.fields(current_actor(), RESOURCE).usable("total"):
        said += f" ({amounts({currency: total for currency, _number, total in found})})"
    more = [_("At most %(n)s of them at once; the others follow at the next time.", n=limit)] if count > limit else []
    return [said, *more]


def amounts(by_currency: dict[str, int]) -> str:
    return ", ".join(money.format(amount, currency) for currency, amount in by_currency.items())


def named(due: ColumnElement[bool]) -> list[str]:
    """The first of them that the reader sees, by number."""
    query = policy.scope(select(Order.number).where(due), current_actor(), Order)
    numbers = list(db.session.scalars(query.order_by(Order.placed_at, Order.id).limit(NAMED + 1)))
    if not numbers:
        return []
    return [_("The first of them: %(numbers)s", numbers=", ".join(numbers[:NAMED]) + (" …" if len(numbers) > NAMED else ""))]
