"""Who sees which promotions and coupons, and who makes them."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, or_, select

from app.panel.core import folding, policy
from app.shop.customers.models import Customer
from app.shop.marketing.models import Coupon, CouponBatch, GroupBuy, GroupBuyMember, PriceUse, Promotion, PromotionTier
from app.shop.orders.models import Order
from app.shop.setup.permissions import OF_MINE, my_channel_ids, my_shop_ids, sees_all_shops

BATCH, COUPON, PROMOTION, USE = "marketing.CouponBatch", "marketing.Coupon", "marketing.Promotion", "marketing.PriceUse"
GROUP, MEMBER = "marketing.GroupBuy", "marketing.GroupBuyMember"
policy.verbs(GROUP, decide=_("Let groups go on as they are, and end them"))
policy.verbs(BATCH, issue=_("Make coupons and give them out"))
policy.verbs(COUPON, void=_("Make coupons void"))
folding.part_of(PROMOTION, "marketing.PromotionTier")
folding.part_of(GROUP, MEMBER)

_SEE = dict.fromkeys((BATCH, COUPON, PROMOTION, "marketing.PromotionTier", USE, GROUP, MEMBER), "read")
for _role in ("operations", "finance", "support", "field_control", "deputy", "viewer"):
    policy.grant(_role, _SEE)
for _role in ("operations", "deputy"):
    policy.grant(_role, {
        BATCH: "write delete issue", COUPON: "void export", PROMOTION: "write delete", "marketing.PromotionTier": "write delete",
        USE: "export", GROUP: "decide export",
    })  # fmt: skip
policy.grant("support", {BATCH: "issue", COUPON: "void"})
policy.grant("finance", {COUPON: "export", USE: "export", GROUP: "export"})


def _of_my_shops(model: Any) -> None:
    @policy.rows(model, OF_MINE)
    def rule(actor: Any) -> ColumnElement[bool] | None:
        """Those of every shop, and those of one's own shops and channels."""
        return None if sees_all_shops(actor) else _mine(model, actor)


def _mine(model: Any, actor: Any) -> ColumnElement[bool]:
    shops = or_(model.shop_id.is_(None), model.shop_id.in_(my_shop_ids(actor)))
    return shops & or_(model.channel_id.is_(None), model.channel_id.in_(my_channel_ids(actor)))


_of_my_shops(CouponBatch)
_of_my_shops(Promotion)
policy.follow(Coupon, CouponBatch, "batch_id")
policy.follow(PromotionTier, Promotion, "promotion_id")
policy.follow(PriceUse, Order, "order_id")
policy.follow(GroupBuy, Promotion, "promotion_id")
policy.follow(GroupBuyMember, GroupBuy, "group_id")


@policy.rows(Coupon, OF_MINE)
def coupons_of_my_shops(actor: Any) -> ColumnElement[bool] | None:
    """Of batches that one sees, and of nobody else's customers."""
    if sees_all_shops(actor):
        return None
    batches = select(CouponBatch.id).where(_mine(CouponBatch, actor))
    people = select(Customer.id).where(Customer.shop_id.in_(my_shop_ids(actor)))
    return Coupon.batch_id.in_(batches) & or_(Coupon.customer_id.is_(None), Coupon.customer_id.in_(people))


@policy.rows(PromotionTier, OF_MINE)
def tiers_of_my_promotions(actor: Any) -> ColumnElement[bool] | None:
    if sees_all_shops(actor):
        return None
    return PromotionTier.promotion_id.in_(select(Promotion.id).where(_mine(Promotion, actor)))


@policy.rows(PriceUse, OF_MINE)
def uses_in_my_orders(actor: Any) -> ColumnElement[bool] | None:
    if sees_all_shops(actor):
        return None
    return PriceUse.order_id.in_(select(Order.id).where(Order.shop_id.in_(my_shop_ids(actor))))


@policy.rows(GroupBuy, OF_MINE)
def groups_of_my_shops(actor: Any) -> ColumnElement[bool] | None:
    return None if sees_all_shops(actor) else GroupBuy.shop_id.in_(my_shop_ids(actor))


@policy.rows(GroupBuyMember, OF_MINE)
def members_of_my_groups(actor: Any) -> ColumnElement[bool] | None:
    """Who is in the groups of one's shops, with which of their orders."""
    if sees_all_shops(actor):
        return None
    return GroupBuyMember.order_id.in_(select(Order.id).where(Order.shop_id.in_(my_shop_ids(actor))))
