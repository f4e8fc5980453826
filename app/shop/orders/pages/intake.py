"""The doors for channels: the API for whoever holds a key, the webhook for whoever knows the channel's secret; and the page
of a channel's address."""

from __future__ import annotations

import functools
from typing import Any

from flask import Response, abort, jsonify, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import Select, bindparam, select

from app.panel.accounts.login import limits
from app.panel.core import metrics, policy, records, veil
from app.panel.core.actor import SYSTEM, current_actor
from app.panel.core.api import answers, body, refusal
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput, NotFound
from app.panel.core.pages import PanelPage, expose, needs, public
from app.panel.core.security import network
from app.shop.orders import domain, intake_json
from app.shop.orders.models import IntakeDoor
from app.shop.orders.pages import intake_words
from app.shop.orders.pages.intake_words import EVENT, REPEATED, SIGNATURE
from app.shop.orders.services import addresses, deliveries
from app.shop.setup.models import Channel, Shop

WRONG_ONES = "60 per minute"


@domain.page(_("Intake"), menu=False)
class IntakePage(PanelPage):
    """Where programs with an API key, and people, post the orders of channels."""

    title = _("Intake")
    resource = "orders.Order"
    route_base = "/api/v1/orders/intake"

    def describe(self, api_spec: Any) -> None:
        intake_words.add_to(api_spec, f"{self.route_base}/", is_signed=False)

    @expose("/", methods=["POST"])
    @answers("intake")
    def post(self, actor: Any) -> Any:
        """201 with the new order; 200 with the one that this channel and number made; 409 when goods are gone."""
        channel_id = body().get("channel_id")
        if type(channel_id) is not int:
            raise InvalidInput({"channel_id": gettext("This is needed.")})
        currency = db.session.scalar(policy.scope(_currency(), actor, Channel), {"channel": channel_id})
        if currency is None:
            raise NotFound(gettext("There is no such channel."))
        event_id = (request.headers.get(EVENT) or request.headers.get("Idempotency-Key") or "").strip()
        return _answer(_delivery(channel_id, currency, IntakeDoor.API, event_id), actor)


@domain.page(_("Webhook"), menu=False)
class HookPage(PanelPage):
    """Where channels post by themselves. Whoever signs right is the channel; cookies and keys mean nothing here."""

    is_machine = True
    title = _("Webhook")
    resource = "orders.IntakeAddress"
    route_base = "/hooks/orders"

    def describe(self, api_spec: Any) -> None:
        intake_words.add_to(api_spec, f"{self.route_base}/{{public_id}}/", is_signed=True)

    @expose("/<public_id>/", methods=["POST"])
    @public
    def post(self, public_id: str) -> Any:
        """As the API answers; 401 for what is not signed by this channel within five minutes."""
        raw = request.get_data()
        if len(raw) > deliveries.LONGEST_BODY:
            abort(413)
        address = addresses.by_public_id(public_id)
        try:
            addresses.check_signature(address, request.headers.get(SIGNATURE, ""), raw)
        except addresses.WrongSignature as error:
            metrics.count_login_refusal(error.status)
            limits.hit("intake", WRONG_ONES, network())
            if address is not None:
                addresses.turned_away(address, error.message, network())
            return _json({"message": gettext("This is not signed by this channel.")}, 401)
        assert address is not None
        event_id = (request.headers.get(EVENT) or "").strip()
        channel = address.channel
        return _answer(_delivery(channel.id, channel.shop.currency, IntakeDoor.HOOK, event_id), SYSTEM)


EXAMPLE = """POST %(path)s
Content-Type: application/json
%(event)s: evt-10001
%(signature)s: t=1795320000,v1=hex(hmac_sha256(secret, "1795320000." + body))

{"external_number": "D-10001", "paid": true,
 "lines": [{"sku": "SKU-1", "quantity": 1, "unit_price": "199.00"}],
 "buyer": {"name": "…", "phone": "…", "province": "…", "city": "…", "street": "…"}}"""


@domain.page(_("Intake address"), menu=False)
class IntakeAddressPage(PanelPage):
    """The address of one channel: how to post there, its secret, what was turned away."""

    title = _("Intake address")
    stands_under = "setup_channel"
    resource = addresses.RESOURCE
    route_base = "/orders/channels"

    @expose("/<int:channel_id>/intake/", methods=["GET"])
    @needs("read")
    def index(self, channel_id: int) -> Any:
        return self._page(_channel(channel_id))

    @expose("/<int:channel_id>/intake/", methods=["POST"])
    @needs("write")
    def change(self, channel_id: int) -> Any:
        """Open, change the secret, or close; a secret stands on the answer and nowhere else."""
        channel, actor, wish = _channel(channel_id), current_actor(), request.form.get("do")
        if wish == "close":
            addresses.close_address(channel, actor=actor)
            return self._page(channel)
        known = {"open": addresses.open_address, "renew": addresses.new_secret}
        if wish not in known:
            abort(400)
        _address, secret = known[wish](channel, actor=actor)
        return self._page(channel, secret)

    def _page(self, channel: Channel, secret: str = "") -> str:
        address = addresses.address_of(channel)
        is_shown = address is not None and veil.shows(address, "public_id")
        path = addresses.path_of(address) if address is not None and is_shown else ""
        url = f"{request.host_url.rstrip('/')}{path}" if path else ""
        return self.render(
            "orders/intake_address.html", title=gettext("Intake of %(channel)s", channel=channel.name), channel=channel,
            address=address if address is not None and address.is_open else None, secret=secret,
            may_write=policy.allowed(current_actor(), "write", addresses.RESOURCE), url=url,
            example=EXAMPLE % {"path": path, "event": EVENT, "signature": SIGNATURE},
            minutes=addresses.TOLERANCE // 60, hours=int(addresses.FORMER_FOR.total_seconds() // 3600),
        )  # fmt: skip


def _channel(channel_id: int) -> Channel:
    channel: Channel = records.get(Channel, channel_id, actor=current_actor())
    return channel


@functools.cache
def _currency() -> Select[Any]:
    """Of a channel's shop. Built once: every order that is posted asks this."""
    channels, shops = Channel.__table__.c, Shop.__table__.c
    return select(shops.currency).where(channels.id == bindparam("channel"), shops.id == channels.shop_id)


def _delivery(channel_id: int, currency: str, door: IntakeDoor, event_id: str) -> deliveries.Delivery:
    if len(event_id) > deliveries.LONGEST_ID or not event_id.isprintable():
        raise InvalidInput({EVENT: gettext("This is a text of at most %(n)s characters.", n=deliveries.LONGEST_ID)})
    return deliveries.Delivery(channel_id, currency, request.get_data(), door, event_id)


def _answer(delivery: deliveries.Delivery, actor: Any) -> Response:
    try:
        found = deliveries.receive(delivery, intake_json.read, actor=actor)
    except DomainError as error:
        return refusal(error)
    response = _json(found.told, found.status)
    if found.repeated:
        response.headers[REPEATED] = "1"
    return response


def _json(told: dict[str, Any], status: int) -> Response:
    response = jsonify(told)
    response.status_code = status
    return response
