"""Tables of the marketing domain."""

from app.shop.marketing.models.coupons import Coupon, CouponBatch
from app.shop.marketing.models.groups import GroupBuy, GroupBuyMember
from app.shop.marketing.models.promotions import USUAL_PRIORITY, PriceUse, Promotion, PromotionTier

__all__ = ["USUAL_PRIORITY", "Coupon", "CouponBatch", "GroupBuy", "GroupBuyMember", "PriceUse", "Promotion", "PromotionTier"]
