"""Money that came in for an order, and money that went back."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import CheckConstraint, UniqueConstraint

from app.panel.core.columns import children, choice, currency, flag, instant, integer, money, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.orders.models.choices import PaymentMethod, PaymentState, RefundReason


class Payment(PanelModel):
    """One payment. The number that a payment service gave it is taken once: a repeated callback finds the first."""

    __tablename__ = "orders_payment"

    order_id = ref(_("Order"), "orders_order.id", ondelete="CASCADE", required=True, index=True)
    order = relation("Order", order_id, back_populates="payments")
    method = choice(_("Payment method"), PaymentMethod, required=True, default=PaymentMethod.OTHER)
    currency = currency(hidden=True)
    amount = money(_("Amount"), required=True)
    tendered = money(
        _("Cash given"), adds_up=False, help=_("What the buyer put on the counter; the change is worked out from it.")
    )
    external_ref = text(_("Payment reference"), 120, search=True)
    state = choice(_("State"), PaymentState, default=PaymentState.PAID, readonly=True)
    paid_at = instant(_("Paid at"), required=True, index=True)

    __table_args__ = (
        UniqueConstraint("method", "external_ref"),
        CheckConstraint("amount > 0", name="amount_positive"),
    )

    def __str__(self) -> str:
        return self.external_ref or f"#{self.id}"

    @property
    def change(self) -> int:
        return max((self.tendered or 0) - self.amount, 0)


class Refund(PanelModel):
    """One amount given back; its lines say for which goods, and none means a plain sum off the order."""

    __tablename__ = "orders_refund"

    order_id = ref(_("Order"), "orders_order.id", ondelete="CASCADE", required=True, index=True)
    order = relation("Order", order_id, back_populates="refunds")
    method = choice(_("Payment method"), PaymentMethod, default=PaymentMethod.OTHER)
    currency = currency(hidden=True)
    amount = money(_("Amount"), required=True)
    reason = choice(_("Reason"), RefundReason, required=True, default=RefundReason.OTHER)
    note = text(_("Note"), 300)
    restock = flag(_("Goods back into stock"), default=False)
    external_ref = text(_("Refund reference"), 120)
    key = text(_("Key"), 120, hidden=True, unique=True)
    refunded_at = instant(_("Refunded at"), required=True, index=True)
    reversed_at = instant(_("Taken back at"), readonly=True, help=_("The refund was a mistake; it counts no more."))
    lines = children(_("Refunded goods"), "RefundLine", back="refund")

    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)

    def __str__(self) -> str:
        return f"#{self.id}"


class RefundLine(PanelModel):
    """How many pieces of an order line, and how much money, one refund covers."""

    __tablename__ = "orders_refund_line"

    refund_id = ref(_("Refund"), "orders_refund.id", ondelete="CASCADE", required=True, index=True)
    refund = relation("Refund", refund_id, back_populates="lines")
    line_id = ref(_("Line"), "orders_order_line.id", ondelete="CASCADE", required=True, index=True)
    line = relation("OrderLine", line_id)
    quantity = integer(_("Quantity"), default=0, adds_up=True)
    currency = currency(hidden=True)
    amount = money(_("Amount"), required=True)
    cancelled_quantity = integer(_("Not to be sent"), default=0, readonly=True, adds_up=True)
    restocked_quantity = integer(_("Back into stock"), default=0, adds_up=True)

    def __str__(self) -> str:
        return f"#{self.id}"
