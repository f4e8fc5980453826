"""Tables of the marketing domain."""

from app.shop.marketing.models.coupons import Coupon, CouponBatch
from app.shop.marketing.models.groups import GroupBuy, GroupBuyMember
from app.shop.marketing.models.promotions import PriceUse, Promotion, PromotionTier

__all__ = ["Coupon", "CouponBatch", "GroupBuy", "GroupBuyMember", "PriceUse", "Promotion", "PromotionTier"]
