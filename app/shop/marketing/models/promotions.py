"""Promotions: a rule that makes goods cheaper for a while, its tiers, and each order that it was used for."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from app.panel.core.columns import (
    children,
    choice,
    currency,
    flag,
    instant,
    integer,
    json_column,
    many,
    money,
    ref,
    relation,
    text,
)
from app.panel.core.db import PanelModel
from app.shop.marketing.models.coupons import links
from app.shop.marketing.states import Audience, PartRefund, PromotionKind, Stacking, UseState

USUAL_PRIORITY = 100  # of a promotion whose maker says no other: the price of a live session, say

PROMOTION_PRODUCTS = links("marketing_promotion", "product", "catalog_product.id")
PROMOTION_CATEGORIES = links("marketing_promotion", "category", "catalog_category.id")
PROMOTION_SKUS = links("marketing_promotion", "sku", "catalog_sku.id")


class Promotion(PanelModel):
    """What becomes cheaper, by how much, for whom and from when to when, by the clock of the server.

    `taken_pieces` and `taken_orders` count what stands against the limits: an order that closes unpaid gives its share back.
    """

    __tablename__ = "marketing_promotion"

    name = text(_("Name"), 80, required=True, search=True)
    kind = choice(_("Form"), PromotionKind, default=PromotionKind.SPECIAL)
    is_active = flag(_("Switched on"), default=True)
    begins_at = instant(_("Begins at"), help=_("Empty: at once."))
    ends_at = instant(_("Ends at"), help=_("Empty: when it is switched off."))
    currency = currency(default="CNY")
    price = money(_("Price a piece"), min=0)
    off = money(_("Off a piece"), min=0)
    percent = integer(_("Percent off"), unit="%", min=1, max=99)
    tiers = children(_("Tiers"), "PromotionTier", back="promotion", order_by="PromotionTier.least")
    audience = choice(_("For whom"), Audience, default=Audience.EVERYBODY)
    shop_id = ref(_("Shop"), "setup_shop.id", ondelete="CASCADE", help=_("Empty: every shop."))
    shop = relation("Shop", shop_id)
    channel_id = ref(_("Channel"), "setup_channel.id", ondelete="CASCADE", help=_("Empty: every channel."))
    channel = relation("Channel", channel_id)
    session_key = text(_("Session"), 80, index=True, help=_("Only orders of this session, such as live:12."))
    products = many(_("Products"), "Product", PROMOTION_PRODUCTS)
    categories = many(_("Categories"), "Category", PROMOTION_CATEGORIES)
    skus = many(_("SKUs"), "Sku", PROMOTION_SKUS)
    limit_pieces = integer(_("Pieces at this price"), min=1, help=_("Empty: as many as there are."))
    limit_orders = integer(_("Only the first … orders"), min=1, help=_("Later orders pay the full price."))
    group_size = integer(_("Places in a group"), min=2, max=1000, help=_("So many orders have to be paid; then all of them go on."))
    group_hours = integer(
        _("A group has"), min=1, max=720, unit=_("hours"), help=_("What is not complete by then is refunded, all of it.")
    )
    per_person = integer(_("Orders a customer"), min=1, help=_("Counts for customers who are known."))
    priority = integer(
        _("Priority"), default=USUAL_PRIORITY, help=_("The smallest number comes first; among equals the lowest price.")
    )
    stacking = choice(_("Together with"), Stacking, default=Stacking.ALL)
    part_refund = choice(_("When a part is refunded"), PartRefund, default=PartRefund.RECOMPUTE)
    taken_pieces = integer(_("Pieces sold"), default=0, readonly=True)
    taken_orders = integer(_("Orders"), default=0, readonly=True)

    __table_args__ = (
        CheckConstraint("taken_pieces >= 0 AND (limit_pieces IS NULL OR taken_pieces <= limit_pieces)", name="pieces_in_limit"),
        CheckConstraint("taken_orders >= 0 AND (limit_orders IS NULL OR taken_orders <= limit_orders)", name="orders_in_limit"),
        CheckConstraint("percent IS NULL OR (percent > 0 AND percent < 100)", name="percent"),
        Index(None, "is_active", "ends_at"),
    )

    def __str__(self) -> str:
        return self.name


class PromotionTier(PanelModel):
    """From this much on: so much off, or this gift."""

    __tablename__ = "marketing_promotion_tier"

    promotion_id = ref(_("Promotion"), "marketing_promotion.id", ondelete="CASCADE", required=True, index=False)
    promotion = relation("Promotion", promotion_id, back_populates="tiers")
    currency = currency(default="CNY", hidden=True)
    least = money(_("From goods worth"), required=True, min=0)
    off = money(_("Amount off"), min=0)
    gift_id = ref(_("Gift"), "catalog_sku.id")
    gift = relation("Sku", gift_id)
    gift_quantity = integer(_("Pieces of the gift"), default=1, min=1)

    __table_args__ = (UniqueConstraint("promotion_id", "least"),)

    def __str__(self) -> str:
        return str(self.promotion)


class PriceUse(PanelModel):
    """A promotion or a coupon that made one order cheaper: what it took off, and by which terms, as they stood then."""

    __tablename__ = "marketing_price_use"

    order_id = ref(_("Order"), "orders_order.id", ondelete="CASCADE", required=True, index=True)
    order = relation("Order", order_id)
    promotion_id = ref(_("Promotion"), "marketing_promotion.id", index=False)
    promotion = relation("Promotion", promotion_id)
    coupon_id = ref(_("Coupon"), "marketing_coupon.id", ondelete="SET NULL")
    coupon = relation("Coupon", coupon_id)
    customer_id = ref(_("Customer"), "customers_customer.id", ondelete="SET NULL", index=False)
    customer = relation("Customer", customer_id)
    state = choice(_("State"), UseState, default=UseState.TAKEN, readonly=True)
    currency = currency(hidden=True)
    amount = money(_("Taken off"), default=0, readonly=True)
    pieces = integer(_("Pieces"), default=0, readonly=True)
    used_at = instant(_("Used at"), required=True, readonly=True)
    is_counted = flag(_("Counts against a limit"), readonly=True, hidden=True)
    terms = json_column(_("Terms"), hidden=True)

    __table_args__ = (
        UniqueConstraint("order_id", "promotion_id"),
        Index(None, "promotion_id", "state", "used_at"),
        Index(None, "customer_id", "promotion_id", "state"),
        Index(None, "used_at", "id"),
    )

    def __str__(self) -> str:
        return str(self.promotion or self.coupon or self.order)
