"""A buyer who is owed a coupon gets it: once, whatever happens how often (ORD-10)."""

from __future__ import annotations

from flask_babel import gettext as _

from app.panel.core import money
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.shop.logistics.models import Compensation, CompensationKind
from app.shop.marketing.models import Coupon, CouponBatch
from app.shop.marketing.services.batches import issue
from app.shop.marketing.states import Benefit, Occasion
from app.shop.orders import services as orders

DAYS = 90


def compensate(row: Compensation) -> Coupon | None:
    """The coupon of an approved compensation; a note on the order says its code."""
    if row.kind is not CompensationKind.COUPON:
        return None
    cause = f"compensation:{row.id}"
    known: Coupon | None = db.session.query(Coupon).filter_by(cause=cause).one_or_none()
    if known is not None:
        return known
    batch = _batch(row.amount, row.currency, row.order.shop_id)
    coupon: Coupon = issue(batch, row.order.customer, actor=SYSTEM, cause=cause, owed=True)
    worth = money.format(row.amount, row.currency)
    orders.add_note(row.order, _("Coupon %(code)s over %(worth)s for being late.", code=coupon.code, worth=worth), actor=SYSTEM)
    return coupon


def _batch(amount: int, currency: str, shop_id: int) -> CouponBatch:
    """One batch for what is worth the same in one shop."""
    same = {
        "occasion": Occasion.COMPENSATION, "benefit": Benefit.AMOUNT, "amount": amount, "currency": currency, "shop_id": shop_id,
        "least": None, "is_active": True,
    }  # fmt: skip
    known: CouponBatch | None = db.session.query(CouponBatch).filter_by(**same).order_by(CouponBatch.id).first()
    if known is None:
        name = _("Compensation %(worth)s", worth=money.format(amount, currency))
        known = CouponBatch(**same, name=name[:80], valid_days=DAYS)
        db.session.add(known)
        db.session.flush()
    return known
