"""What channels delivered: the log, and a second try for what was not taken."""

from __future__ import annotations

import json
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import policy, veil
from app.panel.core.actor import current_actor
from app.panel.core.interface import PanelInterface
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.orders import domain, intake_json
from app.shop.orders.models import IntakeEvent, IntakeState
from app.shop.orders.services import addresses, deliveries
from app.shop.setup.models import Channel
from app.shop.setup.views import ChannelView


@domain.relate(ChannelView, label=_("Deliveries"), via="channel", order=20)
@domain.view(_("Deliveries of channels"), icon="fa-satellite-dish", order=45)
class IntakeEventView(PanelView):
    datamodel = PanelInterface(IntakeEvent)
    title = _("Deliveries of channels")
    one = _("delivery")
    list_columns = ["received_at", "channel", "event_id", "state", "reason", "order", "attempts", "door"]
    filter_columns = ["state", "channel", "door", "received_at", "event_id", "order", "reason", "attempts", "status", "via"]
    sort_columns = ["received_at", "attempts"]
    search_columns = ["event_id", "reason"]
    found_everywhere = False
    default_sort = "-received_at"
    quick_filters = ["state", "channel"]
    show_fieldsets = [
        (_("Delivery"), ["channel", "event_id", "door", "via", "received_at", "signature_ok"]),
        (_("Result"), ["state", "order", "reason", "status", "attempts", "tried_at"]),
    ]
    can_add = can_edit = can_delete = can_import = False
    empty_text = _("Nothing was delivered yet. Open an intake address on the page of a channel.")

    @verb(
        "retry", _("Try again"), icon="fa-rotate-right", permission="retry", primary=True, many=False,
        when=lambda event: event.state in (IntakeState.REFUSED, IntakeState.WAITING, IntakeState.DISMISSED),
    )  # fmt: skip
    def retry(self, events: list[IntakeEvent], form: Any) -> str:
        order = deliveries.retry(events[0], intake_json.read, actor=current_actor())
        if events[0].state is IntakeState.BOOKED:
            return gettext("The refund was booked on order %(no)s.", no=order.number)
        return gettext("Order %(no)s was taken in.", no=order.number)

    @verb(
        "dismiss", _("Set it aside"), icon="fa-box-archive", permission="retry",
        when=lambda event: event.state is IntakeState.REFUSED,
        confirm=_("Set these deliveries aside? They are no longer counted as waiting."),
    )  # fmt: skip
    def dismiss(self, events: list[IntakeEvent], form: Any) -> str:
        for event in events:
            deliveries.dismiss(event, actor=current_actor())
        return gettext("%(n)s deliveries set aside.", n=len(events))


@domain.panel(IntakeEventView, label=_("What was sent"), order=10)
def what_was_sent(event: IntakeEvent, actor: Any) -> tuple[str, dict[str, Any]] | None:
    """For nobody from whom a field of orders is hidden by a rule: it may stand anywhere in what a channel sent."""
    kept = [policy.browser_fields(actor, resource) for resource in ("orders.Order", "orders.OrderLine")]
    if not veil.shows(event, "body") or any(level != "read" for levels in kept for level in levels.values()):
        return None
    return "orders/_sent.html", {"sent": shown(event, actor), "bytes": len((event.body or "").encode())}


@domain.panel(ChannelView, label=_("Intake address"), order=30)
def address_of_channel(channel: Channel, actor: Any) -> tuple[str, dict[str, Any]] | None:
    if not policy.allowed(actor, "read", addresses.RESOURCE):
        return None
    address = addresses.address_of(channel)
    is_open = address is not None and address.is_open
    path = addresses.path_of(address) if address is not None and veil.shows(address, "public_id") else ""
    return "orders/_address.html", {"address": address if is_open else None, "channel": channel, "path": path}


def shown(event: IntakeEvent, actor: Any) -> str:
    """The body as this reader may see it: what it says of the buyer is masked for whoever sees no phone numbers."""
    if not event.body:
        return ""
    try:
        raw = json.loads(event.body)
    except ValueError:
        raw = None
    if policy.allowed(actor, "see_contacts", "orders.Order"):
        return json.dumps(raw, ensure_ascii=False, indent=2) if raw is not None else event.body
    if not isinstance(raw, dict):
        return policy.masked_text(event.body, "all")
    return json.dumps({name: _masked(name, value) for name, value in raw.items()}, ensure_ascii=False, indent=2)


OPEN_TO_ALL = {
    "channel_id", "external_number", "placed_at", "lines", "discount", "shipping_fee", "tax", "creator", "kind", "reference",
    "amount", "reason",
}  # fmt: skip


def _masked(name: str, value: Any) -> Any:
    """Only what is known to name nobody is shown as it came."""
    if name in OPEN_TO_ALL:
        return value
    if isinstance(value, dict):
        return {key: _masked("", inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked("", inner) for inner in value]
    return value if value is None or isinstance(value, bool) else policy.masked_text(value, "name")

