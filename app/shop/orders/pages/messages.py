"""What was said to buyers, and what waits to be said by somebody."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core.actor import current_actor
from app.panel.core.interface import PanelInterface
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.orders import domain, services
from app.shop.orders.models import BuyerMessage, MessageState
from app.shop.orders.views import OrderView


@domain.relate(OrderView, label=_("Messages to the buyer"), via="order", order=70)
@domain.view(_("Messages to buyers"), icon="fa-comment-dots", order=45)
class BuyerMessageView(PanelView):
    datamodel = PanelInterface(BuyerMessage)
    title = _("Messages to buyers")
    one = _("message")
    list_columns = ["order", "kind", "way", "recipient", "state", "created_at", "sent_at"]
    filter_columns = ["kind", "way", "state", "order", "created_at", "sent_at"]
    found_everywhere = False
    quick_filters = ["state", "way"]
    show_fieldsets = [(_("Message"), ["order", "kind", "way", "recipient", "subject", "body", "state", "created_at", "sent_at"])]
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("No messages yet. Buyers are reminded of orders that they have not paid.")

    @verb("send", _("Mark as sent"), icon="fa-paper-plane", primary=True,
          when=lambda message: message.state is MessageState.WAITING)  # fmt: skip
    def send(self, messages: list[BuyerMessage], form: Any) -> str:
        for message in messages:
            services.mark_sent(message, actor=current_actor())
        said = gettext("Marked as sent.")
        return f"{said} ({len(messages)})" if len(messages) > 1 else said
