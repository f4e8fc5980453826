"""Coupons: batches, which say what a coupon is worth, and the coupons themselves, each with a code of its own."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table

from app.panel.core.columns import choice, currency, flag, instant, integer, many, money, ref, relation, text
from app.panel.core.db import PanelModel, metadata
from app.shop.marketing.states import Benefit, CouponState, Occasion, OnRefund


def links(owner: str, part: str, target: str) -> Table:
    """A table of two keys: what a batch or a promotion is for."""
    name = owner.rpartition("_")[2]
    return Table(
        f"{owner}_{part}",
        metadata(),
        Column(f"{name}_id", ForeignKey(f"{owner}.id", ondelete="CASCADE"), primary_key=True),
        Column(f"{part}_id", ForeignKey(target, ondelete="CASCADE"), primary_key=True, index=True),
    )


BATCH_PRODUCTS = links("marketing_batch", "product", "catalog_product.id")
BATCH_CATEGORIES = links("marketing_batch", "category", "catalog_category.id")
BATCH_SKUS = links("marketing_batch", "sku", "catalog_sku.id")


class CouponBatch(PanelModel):
    """What coupons of one kind are worth, for which goods, for whom, when, and how many there may be.

    `session_key` is a word such as `live:12` that whoever sells in a session puts on its orders; marketing reads nothing in it.
    """

    __tablename__ = "marketing_batch"

    name = text(_("Name"), 80, required=True, search=True)
    occasion = choice(_("Occasion"), Occasion, default=Occasion.GENERAL)
    is_active = flag(_("In use"), default=True)
    benefit = choice(_("What it takes off"), Benefit, default=Benefit.AMOUNT)
    amount = money(_("Amount off"), min=0)
    percent = integer(_("Percent off"), unit="%", min=1, max=99, help=_("10 takes a tenth off."))
    cap = money(_("Takes off at most"), min=0)
    least = money(_("From goods worth"), min=0, help=_("Empty: from the first cent on."))
    currency = currency(default="CNY")
    shop_id = ref(_("Shop"), "setup_shop.id", ondelete="CASCADE", help=_("Empty: every shop."))
    shop = relation("Shop", shop_id)
    channel_id = ref(_("Channel"), "setup_channel.id", ondelete="CASCADE", help=_("Empty: every channel."))
    channel = relation("Channel", channel_id)
    session_key = text(_("Session"), 80, index=True, help=_("Only orders of this session, such as live:12."))
    products = many(_("Products"), "Product", BATCH_PRODUCTS)
    categories = many(_("Categories"), "Category", BATCH_CATEGORIES)
    skus = many(_("SKUs"), "Sku", BATCH_SKUS)
    valid_from_at = instant(_("Valid from"))
    valid_until_at = instant(_("Valid until"))
    valid_days = integer(_("Days after it was given"), min=1, help=_("Ends earlier, if “valid until” comes first."))
    total = integer(_("How many at most"), min=1, help=_("Empty: any number."))
    per_person = integer(_("How many a person"), default=1, min=1)
    sleeping_days = integer(_("Days without an order"), default=90, min=1, help=_("Of a customer who is to be won back."))
    stacks = flag(_("Together with other coupons"))
    on_refund = choice(_("When the order is refunded"), OnRefund, default=OnRefund.STAYS)
    made = integer(_("Coupons made"), default=0, readonly=True)

    __table_args__ = (
        CheckConstraint("made >= 0 AND (total IS NULL OR made <= total)", name="made_within_total"),
        CheckConstraint("percent IS NULL OR (percent > 0 AND percent < 100)", name="percent"),
        CheckConstraint("amount IS NULL OR amount > 0", name="amount_positive"),
    )

    def __str__(self) -> str:
        return self.name


class Coupon(PanelModel):
    """One coupon. It is reserved by the order that waits for its payment, and used when that is paid.

    `cause` says in one word why it was given ("compensation:7"): whoever gives twice for one cause gives once.
    """

    __tablename__ = "marketing_coupon"

    code = text(_("Coupon code"), 24, required=True, unique=True, search=True, readonly=True)
    batch_id = ref(_("Batch"), "marketing_batch.id", required=True, index=False, readonly=True)
    batch = relation("CouponBatch", batch_id)
    customer_id = ref(_("Customer"), "customers_customer.id", ondelete="SET NULL", readonly=True)
    customer = relation("Customer", customer_id)
    state = choice(_("State"), CouponState, default=CouponState.ISSUED, readonly=True)
    order_id = ref(_("Order"), "orders_order.id", ondelete="SET NULL", readonly=True)
    order = relation("Order", order_id)
    issued_at = instant(_("Made at"), required=True, readonly=True)
    expires_at = instant(_("Valid until"), readonly=True)
    redeemed_at = instant(_("Used at"), readonly=True)
    voided_at = instant(_("Void since"), readonly=True)
    why = text(_("Reason"), 300, readonly=True)
    cause = text(_("Cause"), 80, unique=True, hidden=True)

    __table_args__ = (
        Index(None, "batch_id", "state", "customer_id"),
        Index(None, "state", "expires_at"),
        Index(None, "issued_at", "id"),
    )

    def __str__(self) -> str:
        return self.code
