"""Where channels post their orders, and what they posted (ORD-03)."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from sqlalchemy import Index, UniqueConstraint

from app.panel.core.columns import choice, flag, instant, integer, json_column, longtext, ref, relation, text
from app.panel.core.db import PanelModel
from app.shop.orders.models.choices import IntakeDoor, IntakeState


class IntakeAddress(PanelModel):
    """The address to which one channel posts, and what its secret is made from.

    The secret itself is kept nowhere: it is the HMAC of `nonce` under the key of the instance, so that the table alone
    signs nothing. After a change the former one is good for another day.
    """

    __tablename__ = "orders_intake_address"
    __no_history__ = True  # the verbs are recorded

    channel_id = ref(_("Channel"), "setup_channel.id", ondelete="CASCADE", required=True, unique=True, index=False)
    channel = relation("Channel", channel_id)
    public_id = text(_("Address"), 40, required=True, unique=True, readonly=True)
    nonce = text("", 64, required=True, hidden=True)
    former_nonce = text("", 64, hidden=True)
    former_until = instant(_("The former secret is good until"), readonly=True)
    is_open = flag(_("Takes orders"), default=True, readonly=True)
    refused_count = integer(_("Turned away"), default=0, readonly=True)
    refused_at = instant(_("Turned away last"), readonly=True)
    refused_why = text(_("Why"), 200, readonly=True)
    refused_from = text(_("From"), 45, readonly=True)

    def __str__(self) -> str:
        return str(self.channel)


class IntakeEvent(PanelModel):
    """One delivery of a channel: what was sent, word by word, and what came of it. A channel sends an event once.

    The words are kept for 30 days. Whatever is repeated is the same event, and only its attempts are counted.
    """

    __tablename__ = "orders_intake_event"
    __no_history__ = True  # it is a log itself, and its body names people
    __table_args__ = (UniqueConstraint("channel_id", "event_id"), Index(None, "state", "received_at"))

    channel_id = ref(_("Channel"), "setup_channel.id", ondelete="CASCADE", required=True)
    channel = relation("Channel", channel_id)
    event_id = text(_("Number of the event"), 160, required=True, search=True, readonly=True)
    door = choice(_("Way"), IntakeDoor, default=IntakeDoor.HOOK, readonly=True)
    via = text(_("By"), 80, readonly=True)
    received_at = instant(_("Received at"), required=True, index=True, readonly=True)
    signature_ok = flag(_("Signature checked"), default=False, readonly=True)
    state = choice(_("Result"), IntakeState, default=IntakeState.WAITING, readonly=True)
    status = integer(_("Answer"), readonly=True)
    reason = text(_("Why not"), 500, readonly=True)
    order_id = ref(_("Order"), "orders_order.id", ondelete="SET NULL", readonly=True)
    order = relation("Order", order_id)
    attempts = integer(_("Attempts"), default=1, readonly=True)
    tried_at = instant(_("Last attempt"), readonly=True)
    body = longtext("", hidden=True)
    digest = text("", 64, required=True, hidden=True)
    answer = json_column("", hidden=True)

    def __str__(self) -> str:
        return self.event_id
