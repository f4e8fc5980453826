"""What a buyer gets when we were too late: the rules, and one record an order."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, Index, UniqueConstraint

from app.panel.core.columns import choice, currency, flag, instant, integer, money, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.logistics.models.choices import CompensationKind, CompensationState


class CompensationRule(PanelModel):
    """The first rule that fits an order says what its buyer gets (ORD-10)."""

    __tablename__ = "logistics_compensation_rule"

    name = text(_("Name"), 80, required=True, search=True)
    position = integer(_("Position"), default=100)
    shop_id = ref(_("Shop"), "setup_shop.id", ondelete="CASCADE", help=_("Empty: every shop."))
    shop = relation("Shop", shop_id)
    currency = currency(default="CNY")
    least = money(_("Order total from"), adds_up=False)
    kind = choice(_("What the buyer gets"), CompensationKind, default=CompensationKind.COUPON)
    amount = money(_("Worth"), required=True, adds_up=False)
    is_automatic = flag(_("Without asking"), help=_("Approved by itself; otherwise somebody has to say yes."))
    is_active = flag(_("In use"), default=True)

    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)

    def __str__(self) -> str:
        return self.name


class Compensation(PanelModel):
    """What one order is owed for one cause: made once, whatever happens how often."""

    __tablename__ = "logistics_compensation"

    order_id = ref(_("Order"), "orders_order.id", ondelete="CASCADE", required=True, index=False)
    order = relation("Order", order_id)
    cause = text(_("Cause"), 40, required=True, default="late", hidden=True)
    rule_id = ref(_("Rule"), "logistics_compensation_rule.id", ondelete="SET NULL")
    rule = relation("CompensationRule", rule_id)
    kind = choice(_("What the buyer gets"), CompensationKind, default=CompensationKind.COUPON, readonly=True)
    currency = currency(hidden=True)
    amount = money(_("Worth"), required=True, readonly=True)
    state = choice(_("State"), CompensationState, default=CompensationState.PROPOSED, readonly=True)
    made_at = instant(_("Made at"), required=True, readonly=True)
    decided_at = instant(_("Decided at"), readonly=True)
    why = text(_("Reason"), 300, readonly=True)

    __table_args__ = (UniqueConstraint("order_id", "cause"), Index(None, "state", "made_at"))

    def __str__(self) -> str:
        return f"{self.order}: {self.kind.label}"
