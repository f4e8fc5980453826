"""Prices and offers: what the consoles command, and the screens of presets and of what was offered."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core.errors import InvalidInput
from app.panel.core.interface import PanelInterface
from app.panel.core.views import PanelView
from app.shop.live import domain
from app.shop.live.models import LiveOffer, LivePreset
from app.shop.live.pages.raw import Command, maybe, number, version, words
from app.shop.live.permissions import VERBS
from app.shop.live.services import free, offers, prices
from app.shop.live.states import OfferKind, Post
from app.shop.live.views import LiveSessionView
from app.shop.setup.views import PerShopView


def _start(live_id: int, raw: dict[str, Any], actor: Any, key: str) -> dict[str, Any]:
    kind = OfferKind.of(raw.get("kind"))
    if kind is None:
        raise InvalidInput({"kind": gettext("Choose one from the list.")})
    wanted = offers.Wanted(
        kind, words(raw, "name"), maybe(raw, "item"), words(raw, "price"), maybe(raw, "percent"), words(raw, "amount"),
        words(raw, "least"), maybe(raw, "quantity"), maybe(raw, "per_person"), maybe(raw, "minutes"),
    )  # fmt: skip
    return offers.start(live_id, wanted, actor=actor, key=key)


def _price(live_id: int, raw: dict[str, Any], actor: Any, key: str) -> dict[str, Any]:
    return prices.change(
        live_id, number(raw, "item"), words(raw, "price"), actor=actor, key=key, expected_version=version(raw)
    )


def _stop(live_id: int, raw: dict[str, Any], actor: Any, key: str) -> dict[str, Any]:
    return offers.stop(live_id, number(raw, "offer"), actor=actor, key=key)


def _give(post: Post) -> Command:
    return lambda live_id, raw, actor, key: offers.give(
        live_id, number(raw, "offer"), actor=actor, key=key, right=VERBS[post], customer_id=maybe(raw, "customer")
    )


def _free(live_id: int, raw: dict[str, Any], actor: Any, key: str) -> dict[str, Any]:
    return free.start(
        live_id, words(raw, "name"), number(raw, "minutes"), number(raw, "quantity"), actor=actor, key=key
    )


def _refund(live_id: int, raw: dict[str, Any], actor: Any, key: str) -> dict[str, Any]:
    return free.refund(live_id, number(raw, "winner"), actor=actor, key=key, expected_version=version(raw))


OF_THE_DESK: dict[str, Command] = {
    "price": _price, "offer": _start, "stop_offer": _stop, "give_coupon": _give(Post.CONTROL), "free_order": _free,
    "refund_winner": _refund,
}  # fmt: skip
OF_THE_SERVICE: dict[str, Command] = {"give_coupon": _give(Post.SERVICE)}


@domain.relate(LiveSessionView, label=_("Offers"), via="session", order=35)
@domain.view(_("Offers of sessions"), icon="fa-tags", menu=False)
class LiveOfferView(PanelView):
    datamodel = PanelInterface(LiveOffer)
    title = _("Offers of sessions")
    one = _("offer")
    list_columns = ["begins_at", "kind", "name", "item", "price", "was", "quantity", "state", "ends_at", "stopped_at"]
    filter_columns = ["session", "kind", "state", "item", "begins_at"]
    sort_columns = ["begins_at"]
    default_sort = "-begins_at"
    found_everywhere = False
    can_add = can_edit = can_delete = can_import = False
    show_fieldsets = [
        (_("What is offered"), ["session", "kind", "name", "item", "state", "promotion", "batch"]),
        (_("Terms"), ["price", "was", "amount", "percent", "least", "quantity", "per_person"]),
        (_("Time"), ["begins_at", "ends_at", "stopped_at"]),
    ]
    empty_text = _("Nothing was offered in this session yet.")


@domain.view(_("Offer presets"), icon="fa-bolt", order=55)
class LivePresetView(PerShopView):
    datamodel = PanelInterface(LivePreset)
    title = _("Offer presets")
    one = _("offer preset")
    list_columns = [
        "position", "name", "kind", "price", "percent", "amount", "least", "quantity", "per_person", "minutes", "is_active",
    ]  # fmt: skip
    filter_columns = ["kind", "shop", "is_active"]
    sort_columns = ["position"]
    default_sort = "position"
    can_import = False
    form_fieldsets = [
        (_("What it is"), ["name", "kind", "position", "shop", "of_item", "is_active"]),
        (_("What it does"), ["price", "percent", "amount", "least", "currency"]),
        (_("Limits"), ["quantity", "per_person", "minutes"]),
    ]
    show_fieldsets = form_fieldsets
    empty_text = _("No presets yet. A coupon, a flash sale: what is a button here is one press of a key on air.")
