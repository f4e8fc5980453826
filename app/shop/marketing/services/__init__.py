"""The verbs of marketing: `from app.shop.marketing import services`, then `services.flash_sale("…", sku_ids=[…], …)`."""

from app.panel.core import records
from app.shop.marketing.models import CouponBatch, Promotion
from app.shop.marketing.services import batches, promotions
from app.shop.marketing.services.batches import issue, make_codes, not_for, said
from app.shop.marketing.services.compensating import compensate
from app.shop.marketing.services.coupons import (
    expire,
    redeem,
    refund_reversed,
    refunded,
    refunded_many,
    restore,
    void,
    withdraw,
)
from app.shop.marketing.services.grouping import code_to_begin, why_closed
from app.shop.marketing.services.groups import (
    came_back,
    end_groups,
    fail,
    fill,
    left,
    left_many,
    must_wait,
    paid,
    reopened,
)
from app.shop.marketing.services.promotions import (
    coupons_for_session,
    first_orders,
    flash_sale,
    group_buy,
    price_for_session,
    reprice,
    switch,
)
from app.shop.marketing.services.uses import release, release_many, take, take_again

records.override(CouponBatch, validate=batches.validate)
records.override(Promotion, validate=promotions.validate)

__all__ = [
    "came_back", "code_to_begin", "compensate", "coupons_for_session", "end_groups", "expire", "fail", "fill", "first_orders",
    "flash_sale", "group_buy", "issue", "left", "left_many", "make_codes", "must_wait", "not_for", "paid", "price_for_session",
    "redeem", "refund_reversed", "refunded", "refunded_many", "release", "release_many", "reopened", "reprice", "restore", "said",
    "switch", "take", "take_again", "void", "why_closed", "withdraw",
]  # fmt: skip
