"""What was said to buyers by itself."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import Index

from app.panel.core.columns import choice, instant, longtext, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.orders.models.choices import MessageKind, MessageState, MessageWay


class BuyerMessage(PanelModel):
    """One message to the buyer of an order. Of each kind an order gets one, whoever asks how often."""

    __tablename__ = "orders_message"

    order_id = ref(_("Order"), "orders_order.id", ondelete="CASCADE", required=True, readonly=True)
    order = relation("Order", order_id)
    kind = choice(_("What it is about"), MessageKind, required=True, readonly=True)
    way = choice(_("Way"), MessageWay, required=True, readonly=True)
    recipient = text(_("Sent to"), 200, readonly=True)
    subject = text(_("Subject"), 200, readonly=True)
    body = longtext(_("Message"), readonly=True)
    state = choice(_("State"), MessageState, default=MessageState.WAITING, readonly=True)
    key = text("", 80, required=True, unique=True, hidden=True, readonly=True)
    sent_at = instant(_("Sent at"), readonly=True)

    __table_args__ = (Index(None, "state", "created_at"),)

    def __str__(self) -> str:
        return f"{self.order}: {self.kind.label}"
