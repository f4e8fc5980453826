"""The life of a group: begun and joined by orders, complete when all places are paid, or over, and then everybody gets all back.

Every verb asks the row of the group under a lock, and does nothing that is done already. An order takes its own lock before
that of its group, as whoever pays, refunds or closes it does.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import force_locale, lazy_gettext
from flask_babel import gettext as _

from app.panel.core import clock, history, money, notices, policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.settings import setting
from app.panel.core.transaction import transactional
from app.shop.marketing import queries
from app.shop.marketing.models import GroupBuy, GroupBuyMember
from app.shop.marketing.services import grouping, limits
from app.shop.marketing.services.grouping import Choice
from app.shop.marketing.settings import PAY_MINUTES
from app.shop.marketing.states import GONE, IN_GROUP, GroupState, MemberState
from app.shop.orders import services as orders
from app.shop.orders.models import CloseReason, MessageKind, Order, OrderState, RefundReason, RefundState
from app.shop.orders.queries import people_who
from app.shop.setup.queries import business

RESOURCE = "marketing.GroupBuy"
STUCK = notices.kind(
    "marketing.stuck", lazy_gettext("A member of a group could not be refunded"), group=lazy_gettext("Marketing"),
    needs=("decide", RESOURCE),
)  # fmt: skip
# what the buyers of a group that came to nothing are told, each once
GONE_SUBJECT = lazy_gettext("Your group buy was not completed: order {number}")
GONE_PAID = lazy_gettext(
    "Hello {name}, the group of your order {number} at {shop} was not complete in time. You get back all that you paid: {amount}."
)
GONE_UNPAID = lazy_gettext(
    "Hello {name}, the group of your order {number} at {shop} was not complete in time. The order is closed: nothing to pay."
)
log = logging.getLogger(__name__)


def join(order: Order, choice: Choice, promotion: Any, *, actor: Any) -> GroupBuyMember:
    """A new order begins its group, or takes a place; called in the transaction that places it.

    :raises DomainError: when the last place went, or the time was over, in this very moment
    """
    now = clock.now()
    if choice.group_id is None:
        group = _begin(order, promotion, now)
    else:
        group = _lock(db.session.get_one(GroupBuy, choice.group_id))
        if why := grouping.why_not_now(group, order.customer_id, now):
            raise DomainError(why, field="codes")
    group.taken += 1
    member = GroupBuyMember(group=group, order=order, customer_id=order.customer_id, state=MemberState.SEATED, joined_at=now)
    db.session.add(member)
    db.session.flush()
    begun = choice.group_id is None
    history.record(group, "group.begun" if begun else "group.joined", actor=actor, why=order.number)
    return member


def _begin(order: Order, promotion: Any, now: dt.datetime) -> GroupBuy:
    ends = now + dt.timedelta(hours=promotion.group_hours)
    group = GroupBuy(
        code=grouping.new_code(), promotion_id=promotion.id, shop_id=order.shop_id, state=GroupState.OPEN, taken=0, paid=0,
        size=promotion.group_size, began_at=now, ends_at=min(ends, promotion.ends_at or ends),
    )  # fmt: skip
    db.session.add(group)
    db.session.flush()
    return group


@transactional
def paid(order: Order, *, actor: Any) -> None:
    """The order of a member is paid: it waits for the others, or it was the last and all of them go on."""
    member = _member_of(order)
    if member is None or member.state is not MemberState.SEATED:
        return
    group = _lock(member.group)
    now = clock.now()
    member.state, member.paid_at = MemberState.PAID, now
    if group.state not in GONE:
        group.paid += 1
    history.record(group, "group.paid", actor=actor, why=order.number)
    _on(group, member, now)


def _on(group: GroupBuy, member: GroupBuyMember, now: dt.datetime) -> None:
    """What follows from a paid place."""
    if group.state is GroupState.OPEN and group.paid == group.size and now < group.ends_at:
        fill(group, actor=SYSTEM)
    elif group.state is not GroupState.FILLED:
        _let_wait(member)


@transactional
def fill(group: GroupBuy, *, actor: Any, why: str = "") -> GroupBuy:
    """The group is complete, or goes on as it is: the orders that are paid may leave. Said twice, it is complete once.

    :raises DomainError: when it is over, or nobody has paid
    """
    policy.authorize(actor, "decide", RESOURCE)
    _lock(group)
    if group.state is GroupState.FILLED:
        return group
    if group.state is not GroupState.OPEN:
        raise DomainError(_("The group %(code)s is “%(state)s”.", code=group.code, state=group.state.label))
    if not group.paid:
        raise DomainError(_("Nobody in the group %(code)s has paid.", code=group.code))
    group.state, group.ended_at, group.why = GroupState.FILLED, clock.now(), why.strip()[:300] or None
    history.record(group, "group.filled", actor=actor, why=why)
    db.session.flush()
    clocks = orders.Clocks()
    for member in group.members:
        if member.state is MemberState.PAID:
            _let_go(member)
            member.order.ship_by_at = clocks.ship_by(member.order.shop_id, group.ended_at)
    db.session.flush()
    return group


@transactional
def fail(group: GroupBuy, *, actor: Any, why: str = "") -> GroupBuy:
    """The group ends here; `end_groups` gives everybody all of it back. Said twice, it ends once.

    :raises DomainError: when it is complete
    """
    policy.authorize(actor, "decide", RESOURCE)
    _lock(group)
    if group.state in GONE:
        return group
    if group.state is not GroupState.OPEN:
        raise DomainError(_("The group %(code)s is “%(state)s”.", code=group.code, state=group.state.label))
    group.state = GroupState.FAILED if group.paid else GroupState.EMPTY
    group.ended_at, group.why = clock.now(), why.strip()[:300] or None
    history.record(group, f"group.{group.state.value}", actor=actor, why=why)
    db.session.flush()
    return group


def end_groups(limit: int = 500) -> dict[str, int]:
    """Free the places that nobody pays, end the groups whose time is over, and give back what their members paid; how many of each.

    Each group and each order is a transaction of its own: killed anywhere, the next call goes on there, and one order that
    cannot be refunded stops no other.
    """
    with _house_language():
        freed = _free_places(limit)
        ended = sum(_end(key) for key in list(db.session.scalars(queries.groups_due(clock.now(), limit))))
        return {"freed": freed, "ended": ended, **_settle_all(limit)}


def _free_places(limit: int) -> int:
    """Whoever takes a place and does not pay must not keep the others from being complete."""
    minutes = int(setting(PAY_MINUTES) or 0)
    if not minutes:
        return 0
    before = clock.now() - dt.timedelta(minutes=minutes)
    return sum(_free(key) for key in list(db.session.scalars(queries.unpaid_places(before, limit))))


@transactional
def _free(key: int) -> bool:
    member = db.session.get(GroupBuyMember, key)
    if member is None:
        return False
    order = member.order
    db.session.refresh(order, with_for_update=True)  # who pays it at this moment goes first
    if order.state is not OrderState.PENDING or order.is_held or order.left_to_refund:
        return False
    why = _("The place in the group %(code)s was not paid in time.", code=member.group.code)
    orders.close(order, reason=CloseReason.UNPAID, why=why, actor=SYSTEM)
    return True


def _settle_all(limit: int) -> dict[str, int]:
    counts = {"settled": 0, "stuck": 0}
    for key in list(db.session.scalars(queries.members_to_settle(limit))):
        try:
            counts["settled"] += _settle(key)
        except DomainError as error:
            _complain(key, str(error.message))
            counts["stuck"] += 1
        except Exception:  # whatever is wrong with one order, the others get their money
            db.session.rollback()
            log.exception("the member %d of a group cannot be settled", key)
            _complain(key, _("Something went wrong on our side; the log of the server says what."))
            counts["stuck"] += 1
    return counts


@transactional
def _end(key: int) -> bool:
    group = db.session.get(GroupBuy, key)
    if group is None or _lock(group).state is not GroupState.OPEN or group.ends_at > clock.now():
        return False
    fail(group, actor=SYSTEM)
    return True


@transactional
def _settle(key: int) -> bool:
    """A member of a group that came to nothing gets back all that he paid, and his order is closed."""
    member = db.session.get(GroupBuyMember, key)
    if member is None:
        return False
    order, group = member.order, member.group
    db.session.refresh(order, with_for_update=True)  # who refunds or pays it at this moment goes first
    db.session.refresh(member, with_for_update=True)
    if group.state not in GONE or member.state not in IN_GROUP:
        return False
    owes = order.left_to_refund
    member.state = MemberState.REFUNDED if owes else MemberState.LEFT
    member.left_at, member.trouble = clock.now(), None
    db.session.flush()
    _let_go(member)
    why = _("The group %(code)s was not complete in time.", code=group.code)
    if owes:
        orders.refund(order, reason=RefundReason.OTHER, note=why, key=f"group:{group.id}:{order.id}", actor=SYSTEM)
    if order.state in (OrderState.PENDING, OrderState.PAID):
        orders.close(order, reason=CloseReason.OTHER, why=why, actor=SYSTEM)
    mine = db.session.scalars(queries.uses_of_order(order.id))
    limits.give_back(use for use in mine if use.promotion_id == group.promotion_id)  # he may be in another group
    amount = money.format(owes, order.currency)
    orders.tell(order, MessageKind.GROUP_FAILED, GONE_SUBJECT, GONE_PAID if owes else GONE_UNPAID, amount=amount)
    history.record(group, "group.settled", actor=SYSTEM, why=order.number)
    return True


@transactional
def _complain(key: int, what: str) -> None:
    """Say on the member why his money is not back yet, and at first to those who decide about groups; the clock tries again."""
    member = db.session.get(GroupBuyMember, key)
    if member is None or member.trouble == what[:300]:
        return
    is_new, member.trouble = member.trouble is None, what[:300]
    if is_new:
        group, order = member.group, member.order
        title = lazy_gettext("Order %(no)s of the group %(code)s is not refunded yet", no=order.number, code=group.code)
        url = f"/marketing/groupbuy/show/{group.id}"
        notices.send(db.session.scalars(people_who("decide", RESOURCE, group.shop_id)), title, what, url, kind=STUCK, about=order)


@transactional
def left(order: Order, *, actor: Any) -> None:
    """The order is closed or refunded whole: its place in an open group is free again. A complete group stays complete."""
    member = _member_of(order)
    if member is None or member.state not in IN_GROUP:
        return
    if order.state is not OrderState.CLOSED and order.refund_state is not RefundState.FULLY:
        return
    group = _lock(member.group)
    had_paid = member.state is MemberState.PAID
    member.state, member.left_at = MemberState.LEFT, clock.now()
    if group.state is GroupState.OPEN:
        group.taken -= 1
        group.paid -= had_paid
        if not group.taken:
            group.state, group.ended_at = GroupState.EMPTY, clock.now()
    history.record(group, "group.left", actor=actor, why=order.number)
    db.session.flush()
    _let_go(member)


def left_many(found: Iterable[Order], *, actor: Any) -> None:
    """The same for many orders: most are in no group."""
    for order in found:
        left(order, actor=actor)


@transactional
def came_back(order_ids: Sequence[int], *, actor: Any) -> None:
    """Refunds were mistakes: their orders stand in their groups again where these are complete, or have a place for them."""
    for member in list(db.session.scalars(queries.members_who_left(order_ids))):
        if not _sit_again(_lock(member.group), member, MemberState.PAID, actor=actor):
            _on(member.group, member, clock.now())


@transactional
def reopened(order: Order, *, actor: Any) -> None:
    """Closing an unpaid order was a slip: it takes its place again.

    :raises DomainError: when that is another's by now, or the group is over
    """
    member = _member_of(order)
    if member is None or member.state in IN_GROUP:
        return
    if why := _sit_again(_lock(member.group), member, MemberState.SEATED, actor=actor):
        raise DomainError(why)
    member.joined_at = clock.now()  # the time to pay begins anew


def _sit_again(group: GroupBuy, member: GroupBuyMember, state: MemberState, *, actor: Any) -> str:
    """Give somebody who left his place again; why not, if that cannot be. A group that only he was in goes on."""
    now = clock.now()
    if group.state is GroupState.EMPTY and group.ends_at > now and not group.why:
        group.state, group.ended_at = GroupState.OPEN, None
    keeps = group.state is GroupState.FILLED and member.left_at is not None and group.ended_at < member.left_at
    if not keeps:  # a complete group keeps the places of those who leave it
        if why := grouping.why_not_now(group, member.customer_id, now):
            return why
        group.taken += 1
        group.paid += state is MemberState.PAID
    member.state, member.left_at = state, None
    history.record(group, "group.joined", actor=actor, why=member.order.number)
    db.session.flush()
    return ""


def must_wait(order: Order) -> str:
    """Why an order may not go on before its group is complete; "" when it may."""
    member = _member_of(order)
    if member is None or member.state not in IN_GROUP or member.group.state is GroupState.FILLED:
        return ""
    return _("Order %(no)s waits for its group %(code)s.", no=order.number, code=member.group.code)


def _let_wait(member: GroupBuyMember) -> None:
    """Hold the order; one that somebody holds already stays his."""
    order = member.order
    if order.is_held:
        return
    with _house_language():
        until = clock.wall(member.group.ends_at)
        reason = _("Waits for the group %(code)s, until %(until)s at the latest.", code=member.group.code, until=until)
    orders.hold(order, reason=reason, actor=SYSTEM)
    order.ship_by_at = orders.Clocks().ship_by(order.shop_id, member.group.ends_at)
    member.is_holding = True
    db.session.flush()


def _let_go(member: GroupBuyMember) -> None:
    """Release the order, if it is ours that hold it."""
    if member.is_holding:
        member.is_holding = False
        if member.order.is_held:
            orders.release(member.order, actor=SYSTEM)


def _member_of(order: Order) -> GroupBuyMember | None:
    found: GroupBuyMember | None = db.session.scalar(queries.member_of(order.id))
    return found


def _lock(group: GroupBuy) -> GroupBuy:
    db.session.flush()
    db.session.refresh(group, with_for_update=True)
    return group


def _house_language() -> Any:
    owner = business()
    return force_locale(owner.language if owner else "en")


@orders.begins_later
def since_the_group_was_complete() -> dict[int, dt.datetime]:
    """The shop has its hours from the moment on at which an order may leave; while its group waits, from the last one at which
    that may be."""
    return dict(db.session.execute(queries.when_they_may_leave()).tuples().all())
