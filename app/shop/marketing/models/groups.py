"""Group buys: one group under a promotion of that form, and the orders that make it up."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, Index

from app.panel.core.columns import children, choice, flag, instant, integer, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.marketing.states import GroupState, MemberState


class GroupBuy(PanelModel):
    """So many orders within so many hours, as the promotion said when the group began; its orders wait until it is complete.

    `taken` counts places that are held, `paid` those of them that are paid; whoever leaves an open group gives his back.
    """

    __tablename__ = "marketing_group_buy"

    code = text(_("Group code"), 24, required=True, unique=True, search=True, readonly=True)
    promotion_id = ref(_("Promotion"), "marketing_promotion.id", required=True, index=False, readonly=True)
    promotion = relation("Promotion", promotion_id)
    shop_id = ref(_("Shop"), "setup_shop.id", ondelete="CASCADE", required=True, readonly=True)
    shop = relation("Shop", shop_id)
    state = choice(_("State"), GroupState, default=GroupState.OPEN, readonly=True)
    size = integer(_("Places in a group"), required=True, min=2, readonly=True)
    taken = integer(_("Places taken"), default=0, readonly=True)
    paid = integer(_("Places paid"), default=0, readonly=True)
    began_at = instant(_("Began at"), required=True, readonly=True)
    ends_at = instant(_("Ends at"), required=True, readonly=True)
    ended_at = instant(_("Ended at"), readonly=True)
    why = text(_("Reason"), 300, readonly=True)
    members = children(_("Members"), "GroupBuyMember", back="group", order_by="GroupBuyMember.id")

    __table_args__ = (
        CheckConstraint("taken >= 0 AND taken <= size", name="taken_within_size"),
        CheckConstraint("paid >= 0 AND paid <= taken", name="paid_within_taken"),
        Index(None, "state", "ends_at"),
        Index(None, "promotion_id", "state"),
        Index(None, "began_at", "id"),
    )

    def __str__(self) -> str:
        return self.code


class GroupBuyMember(PanelModel):
    """An order in a group. An order is in one group at most, and once."""

    __tablename__ = "marketing_group_member"

    group_id = ref(_("Group buy"), "marketing_group_buy.id", ondelete="CASCADE", required=True, index=False, readonly=True)
    group = relation("GroupBuy", group_id, back_populates="members")
    order_id = ref(_("Order"), "orders_order.id", ondelete="CASCADE", required=True, unique=True, index=False, readonly=True)
    order = relation("Order", order_id)
    customer_id = ref(_("Customer"), "customers_customer.id", ondelete="SET NULL", readonly=True)
    customer = relation("Customer", customer_id)
    state = choice(_("State"), MemberState, default=MemberState.SEATED, readonly=True)
    joined_at = instant(_("Joined at"), required=True, readonly=True)
    paid_at = instant(_("Paid at"), readonly=True)
    left_at = instant(_("Left at"), readonly=True)
    is_holding = flag(_("Holds its order"), readonly=True, hidden=True)
    trouble = text(_("What went wrong"), 300, readonly=True)

    __table_args__ = (Index(None, "group_id", "state"), Index(None, "joined_at", "id"))

    def __str__(self) -> str:
        return str(self.order)
