"""What people say about an order, what went wrong with it, and how it moved."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import Index

from app.panel.core.columns import choice, flag, instant, integer, longtext, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.orders.models.choices import ExceptionState, OrderState


class OrderNote(PanelModel):
    """A remark of the staff on an order; the buyer never sees it."""

    __tablename__ = "orders_note"

    order_id = ref(_("Order"), "orders_order.id", ondelete="CASCADE", required=True, index=True)
    order = relation("Order", order_id, back_populates="notes")
    body = longtext(_("Note"), required=True)

    def __str__(self) -> str:
        return (self.body or "")[:60]


class ExceptionReason(PanelModel):
    """Why an order needs a person: a list that the shop edits. The first check finds its own by `code`."""

    __tablename__ = "orders_exception_reason"

    code = text(_("Code"), 40, required=True, unique=True, help=_("Short and lasting, such as late."))
    name = text(_("Name"), 80, required=True, search=True)
    position = integer(_("Position"), default=100)
    is_active = flag(_("In use"), default=True)

    def __str__(self) -> str:
        return self.name


class OrderException(PanelModel):
    """Something about an order that has to be looked at."""

    __tablename__ = "orders_exception"

    order_id = ref(_("Order"), "orders_order.id", ondelete="CASCADE", required=True, index=True)
    order = relation("Order", order_id, back_populates="exceptions")
    reason_id = ref(_("Reason"), "orders_exception_reason.id", required=True)
    reason = relation("ExceptionReason", reason_id)
    detail = text(_("Details"), 300)
    state = choice(_("State"), ExceptionState, default=ExceptionState.OPEN, readonly=True)
    opened_at = instant(_("Opened at"), required=True, readonly=True)
    handled_at = instant(_("Handled at"), readonly=True)
    resolution = text(_("What was done"), 300, readonly=True)

    __table_args__ = (Index(None, "state", "reason_id", "opened_at"),)

    def __str__(self) -> str:
        return f"{self.order}: {self.reason}"


class OrderStateLog(PanelModel):
    """One row a move of an order: from where, to where, when. Fulfilment times are read from it."""

    __tablename__ = "orders_state_log"
    __no_history__ = True  # it is one itself

    order_id = ref(_("Order"), "orders_order.id", ondelete="CASCADE", required=True, index=True)
    order = relation("Order", order_id, back_populates="moves")
    from_state = choice(_("From state"), OrderState)
    to_state = choice(_("To state"), OrderState, required=True)
    why = text(_("Reason"), 300)
    moved_at = instant(_("Moved at"), required=True)

    __table_args__ = (Index(None, "to_state", "moved_at"),)

    def __str__(self) -> str:
        return f"{self.to_state.label}"
