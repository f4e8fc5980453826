"""Batches of coupons: what they are worth, and how coupons come out of them, by the thousand or to one person, once."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import update

from app.panel.core import changes, clock, history, money, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.rows import insert_many, make_room, reserve_ids
from app.panel.core.transaction import transactional
from app.shop.customers.models import Customer
from app.shop.customers.states import CustomerState
from app.shop.marketing import events, queries
from app.shop.marketing.models import Coupon, CouponBatch
from app.shop.marketing.states import Benefit, CouponState, Occasion

RESOURCE = "marketing.CouponBatch"
MOST, PIECE = 100_000, 5000
STAND = ("benefit", "amount", "percent", "cap", "least", "currency")


def new_codes(count: int) -> list[str]:
    """Codes of twelve letters and digits, 60 bits of chance each; the alphabet has no 0 and no 1."""
    return [base64.b32encode(secrets.token_bytes(8)).decode()[:12] for _number in range(count)]


def normal(code: str) -> str:
    """A code as it is kept, of what somebody typed."""
    return "".join(part for part in code.upper() if part.isalnum())


def said(batch: CouponBatch) -> str:
    """What a coupon of it is worth, in a few words."""
    shown = money.writer()
    if batch.benefit is Benefit.PERCENT:
        off = _("%(n)s%% off", n=batch.percent)
        if batch.cap:
            off = _("%(off)s, at most %(cap)s", off=off, cap=shown(batch.cap, batch.currency))
    else:
        off = _("%(amount)s off", amount=shown(batch.amount or 0, batch.currency))
    return _("%(off)s from %(least)s", off=off, least=shown(batch.least, batch.currency)) if batch.least else off


@transactional
def make_codes(batch: CouponBatch, count: int, *, actor: Any) -> int:
    """So many coupons that belong to nobody yet, to be printed or handed out; how many were made.

    :raises DomainError: when the batch would exceed its number
    """
    policy.authorize(actor, "issue", RESOURCE)
    if not 0 < count <= MOST:
        raise InvalidInput({"count": _("From 1 to %(n)s at once.", n=MOST)})
    _take(batch, count)
    make_room()
    now, ends = clock.now(), expiry(batch, clock.now())
    codes = set(new_codes(count))
    while len(codes) < count:
        codes |= set(new_codes(count - len(codes)))
    table, rows = Coupon.__table__, list(codes)
    alike = {
        "batch_id": batch.id, "state": CouponState.ISSUED, "issued_at": now, "expires_at": ends, "version": 1, "created_at": now,
        "changed_at": now, "created_by_id": actor.id, "changed_by_id": actor.id,
    }  # fmt: skip
    for start in range(0, count, PIECE):
        some = rows[start : start + PIECE]
        ids = reserve_ids(table, len(some))
        insert_many(table, [{"id": key, "code": code} for key, code in zip(ids, some, strict=True)], alike)
        history.record_many(Coupon, [(key, {}) for key in ids], verb="coupon.made", actor=actor)
        changes.record(Coupon, ids, "insert")
    history.record(batch, "batch.codes_made", actor=actor, data={"coupons": count})
    return count


@transactional
def issue(
    batch: CouponBatch, customer: Customer | None, *, actor: Any, cause: str | None = None, owed: bool = False
) -> Coupon:
    """Give a customer a coupon. The same `cause` again returns the first one.

    :param owed: he gets it for a reason of his own: neither the occasion nor the number a person is asked
    :raises DomainError: when there are none left, he has as many as a person may have, or it is not meant for him
    """
    policy.authorize(actor, "issue", RESOURCE)
    if cause:
        known = db.session.query(Coupon).filter_by(cause=cause).one_or_none()
        if known is not None:
            return known
    if not owed and customer is not None and (why := not_for(batch, customer)):
        raise DomainError(why)
    _take(batch, 1)  # from here on the batch is ours, so that nobody counts with us
    if not owed and customer is not None:
        held = int(db.session.scalar(queries.coupons_held(batch.id, customer.id)) or 0)
        if held >= batch.per_person:
            raise DomainError(_("%(name)s has had as many of these as a person may have.", name=customer.name))
    now = clock.now()
    coupon = Coupon(
        code=new_codes(1)[0], batch=batch, customer=customer, state=CouponState.ISSUED, issued_at=now,
        expires_at=expiry(batch, now), cause=cause,
    )  # fmt: skip
    db.session.add(coupon)
    db.session.flush()
    events.coupon_issued.send(coupon, actor=actor)
    return coupon


def not_for(batch: CouponBatch, customer: Customer) -> str:
    """Why this customer gets no coupon of a batch; "" when he may have one."""
    if not batch.is_active:
        return _("“%(name)s” is switched off.", name=batch.name)
    if (until := batch.valid_until_at) and until <= clock.now():
        return _("“%(name)s” has ended.", name=batch.name)
    if customer.state is not CustomerState.ACTIVE:
        return _("This customer is blocked or erased.")
    if batch.shop_id not in (None, customer.shop_id):
        return _("This customer belongs to another shop.")
    return _occasion(batch, customer)


def _occasion(batch: CouponBatch, customer: Customer) -> str:
    if batch.occasion is Occasion.NEWCOMER and db.session.scalar(queries.has_paid(customer.id)):
        return _("Only for customers without a paid order.")
    if batch.occasion is Occasion.BIRTHDAY:
        born, today = customer.birthday_on, clock.today()
        if born is None or _day_of(born, today.year) != today:
            return _("Only on the customer's birthday.")
    if batch.occasion is Occasion.WIN_BACK:
        last = db.session.scalar(queries.last_paid(customer.id))
        if last is None or last > clock.now() - dt.timedelta(days=batch.sleeping_days):
            return _("Only for customers whose last order is %(n)s days old.", n=batch.sleeping_days)
    return ""


def _day_of(born: dt.date, year: int) -> dt.date:
    """The birthday in a year; who was born on a 29 February has it on the 28th in others."""
    try:
        return born.replace(year=year)
    except ValueError:
        return dt.date(year, 2, 28)


def expiry(batch: CouponBatch, issued_at: dt.datetime) -> dt.datetime | None:
    """Until when a coupon counts that is given out at this moment."""
    by_days = issued_at + dt.timedelta(days=batch.valid_days) if batch.valid_days else None
    return min((end for end in (by_days, batch.valid_until_at) if end is not None), default=None)


def _take(batch: CouponBatch, count: int) -> None:
    """Count coupons of a batch, unless it would exceed its number."""
    db.session.flush()
    table = CouponBatch.__table__.c
    left = table.total.is_(None) | (table.made + count <= table.total)
    taken = update(CouponBatch.__table__).where(table.id == batch.id, left).values(made=table.made + count)
    if not db.session.execute(taken).rowcount:  # type: ignore[attr-defined]
        db.session.refresh(batch, ["made", "total"])
        if (rest := (batch.total or 0) - batch.made) > 0:
            raise DomainError(_("“%(name)s” has no more than %(n)s left.", name=batch.name, n=rest))
        raise DomainError(_("“%(name)s” has none left.", name=batch.name))
    db.session.refresh(batch, ["made"])


def validate(batch: CouponBatch | None, values: dict[str, Any]) -> None:
    """What a batch says must make sense, and what is out stands."""

    def held(name: str) -> Any:
        return values[name] if name in values else getattr(batch, name, None)

    errors = {}
    needed = "percent" if held("benefit") is Benefit.PERCENT else "amount"
    if not held(needed):
        errors[needed] = _("This is needed.")
    begins, ends = held("valid_from_at"), held("valid_until_at")
    if begins and ends and ends <= begins:
        errors["valid_until_at"] = _("This is not after the beginning.")
    if batch is not None and batch.made:
        for name in STAND:
            if name in values and values[name] != getattr(batch, name):
                errors[name] = _("Coupons of it are out; what they are worth stands. Make another batch.")
        if values.get("total") is not None and values["total"] < batch.made:
            errors["total"] = _("%(n)s are out already.", n=batch.made)
    if errors:
        raise InvalidInput(errors)
