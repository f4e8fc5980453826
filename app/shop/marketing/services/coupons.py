"""The life of a coupon: held by an order, used when it is paid, free again when it comes to nothing; void, expired.

Each step is one conditional UPDATE, so that of any number who try at once one succeeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select, update

from app.panel.core import changes, clock, history, policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.marketing import queries
from app.shop.marketing.models import Coupon, CouponBatch
from app.shop.marketing.states import CouponState, OnRefund
from app.shop.orders.models import Order, RefundState

RESOURCE = "marketing.Coupon"
OPEN = (CouponState.ISSUED, CouponState.EXPIRED)


def _move(where: Sequence[Any], frm: CouponState, to: CouponState, *, verb: str, actor: Any, **values: Any) -> list[int]:
    """Coupons that stand in one state go into another; their numbers."""
    now = clock.now()
    moved = (
        update(Coupon).where(Coupon.state == frm, *where)
        .values(state=to, version=Coupon.version + 1, changed_at=now, changed_by_id=actor.id, **values)
        .returning(Coupon.id).execution_options(synchronize_session="fetch")
    )  # fmt: skip
    ids = sorted(db.session.scalars(moved))
    if ids:
        told = {"state": [frm.value, to.value]}
        history.record_many(Coupon, [(key, told) for key in ids], verb=verb, actor=actor)
        changes.record(Coupon, ids)
    return ids


def reserve(coupon_ids: Sequence[int], order: Order, *, actor: Any) -> None:
    """An order holds these coupons until it is paid; called in the transaction that places it.

    :raises DomainError: when one of them was used in this very moment
    """
    fresh = Coupon.expires_at.is_(None) | (Coupon.expires_at > clock.now())
    owner = func.coalesce(Coupon.customer_id, order.customer_id)
    where = (Coupon.id.in_(coupon_ids), fresh)
    taken = _move(
        where, CouponState.ISSUED, CouponState.RESERVED, verb="coupon.reserved", actor=actor, order_id=order.id, customer_id=owner
    )
    if len(taken) != len(set(coupon_ids)):
        raise DomainError(_("A coupon was used in this very moment."), field="codes")


def redeem(order: Order, *, actor: Any) -> None:
    """The order is paid: its coupons are used."""
    mine = (Coupon.order_id == order.id,)
    _move(mine, CouponState.RESERVED, CouponState.REDEEMED, verb="coupon.redeemed", actor=actor, redeemed_at=clock.now())


def release(order: Order, *, actor: Any) -> None:
    """The order came to nothing: its coupons can be used again (ORD-06)."""
    mine = (Coupon.order_id == order.id,)
    _move(mine, CouponState.RESERVED, CouponState.ISSUED, verb="coupon.released", actor=actor, order_id=None)


def refunded(order: Order, *, actor: Any) -> None:
    """All of an order went back: its coupons stay used, are given back, or are void, as their batches say."""
    if order.refund_state is not RefundState.FULLY:
        return
    for rule in (OnRefund.RETURNED, OnRefund.VOID):
        batches = select(CouponBatch.id).where(CouponBatch.on_refund == rule)
        mine = (Coupon.order_id == order.id, Coupon.batch_id.in_(batches))
        if rule is OnRefund.RETURNED:
            _move(
                mine, CouponState.REDEEMED, CouponState.ISSUED, verb="coupon.returned", actor=actor, order_id=None, redeemed_at=None
            )
        else:
            why = _("The order was refunded.")
            _move(
                mine, CouponState.REDEEMED, CouponState.VOID, verb="coupon.void", actor=actor, voided_at=clock.now(), why=why
            )  # fmt: skip


def refunded_many(refund_ids: Sequence[int], *, actor: Any) -> None:
    """The same for many refunds at once: most orders had no coupon, or one that stays used."""
    for order in list(db.session.scalars(queries.refunded_with_coupons(refund_ids).execution_options(populate_existing=True))):
        refunded(order, actor=actor)


def refund_reversed(refund_ids: Sequence[int], *, actor: Any) -> None:
    """A refund was a mistake: coupons that went back or void by it are used after all, unless they were used elsewhere."""
    for coupon_id, order_id in db.session.execute(queries.coupons_let_go(refund_ids)).all():
        for state in (CouponState.ISSUED, CouponState.EXPIRED, CouponState.VOID):
            _move(
                (Coupon.id == coupon_id,), state, CouponState.REDEEMED, verb="coupon.redeemed", actor=actor, order_id=order_id,
                redeemed_at=clock.now(), voided_at=None, why=None,
            )  # fmt: skip


@transactional
def void(coupon: Coupon, *, actor: Any, why: str) -> Coupon:
    """Nobody can use it any more. Said twice, it is void once."""
    policy.authorize(actor, "void", RESOURCE)
    _lock(coupon)
    if coupon.state is CouponState.VOID:
        return coupon
    if coupon.state not in OPEN:
        raise DomainError(_("This coupon is “%(state)s”; it cannot be made void.", state=coupon.state.label))
    if not why.strip():
        raise DomainError(_("Say why."), field="why")
    coupon.state, coupon.voided_at, coupon.why = CouponState.VOID, clock.now(), why.strip()[:300]
    history.record(coupon, "coupon.void", actor=actor, why=coupon.why)
    return coupon


@transactional
def restore(coupon: Coupon, *, actor: Any) -> Coupon:
    """A coupon that was made void by mistake counts again, for as long as it would have."""
    policy.authorize(actor, "void", RESOURCE)
    _lock(coupon)
    if coupon.state is not CouponState.VOID:
        raise DomainError(_("This coupon is not void."))
    if coupon.order_id is not None:
        raise DomainError(_("This coupon was used and its order refunded."))
    late = coupon.expires_at is not None and coupon.expires_at <= clock.now()
    coupon.state = CouponState.EXPIRED if late else CouponState.ISSUED
    coupon.voided_at = coupon.why = None
    history.record(coupon, "coupon.restored", actor=actor)
    return coupon


@transactional
def withdraw(batch: CouponBatch, *, actor: Any, why: str) -> int:
    """Take a whole batch back: nobody gets one any more, and what is out is void; how many that were.

    :raises DomainError: when an order holds or has used one of them
    """
    policy.authorize(actor, "void", RESOURCE)
    db.session.flush()
    db.session.refresh(batch, with_for_update=True)  # nobody is given one meanwhile
    batch.is_active = False
    gone = _move(
        (Coupon.batch_id == batch.id,), CouponState.ISSUED, CouponState.VOID, verb="coupon.void", actor=actor,
        voided_at=clock.now(), why=why[:300],
    )  # fmt: skip
    if used := int(db.session.scalar(queries.coupons_out(batch.id)) or 0):
        raise DomainError(_("%(n)s coupons of “%(name)s” are used already.", n=used, name=batch.name))
    history.record(batch, "batch.withdrawn", actor=actor, why=why, data={"coupons": len(gone)})
    return len(gone)


def _lock(coupon: Coupon) -> None:
    db.session.flush()
    db.session.refresh(coupon, with_for_update=True)


@transactional
def expire(limit: int = 5000) -> int:
    """Coupons whose time is over; how many. What an order holds stays with it."""
    found = list(db.session.scalars(queries.expired(clock.now(), limit)))
    if not found:
        return 0
    return len(_move((Coupon.id.in_(found),), CouponState.ISSUED, CouponState.EXPIRED, verb="coupon.expired", actor=SYSTEM))
