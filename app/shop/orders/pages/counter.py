"""The counter: sell by scanning."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.panel.core import clock, money, policy
from app.panel.core.actor import current_actor
from app.panel.core.api import answers, body, problem
from app.panel.core.db import db
from app.panel.core.errors import Forbidden, InvalidInput, NotFound
from app.panel.core.idempotency import with_key
from app.panel.core.pages import PanelPage, expose, needs
from app.shop.catalog.models import Sku
from app.shop.orders import domain, intake_json, queries, services
from app.shop.orders.models import Order, PaymentMethod
from app.shop.orders.pricing import PriceRequest, codes_in, quote
from app.shop.setup.models import Channel
from app.shop.setup.states import ChannelKind

RESOURCE = "orders.Order"
# what is taken at a counter; the others are booked on the order itself
PRICED = ("catalog.Sku", "catalog.ChannelPrice")  # of what a price at the counter is made
AT_COUNTER = (PaymentMethod.CASH, PaymentMethod.ALIPAY, PaymentMethod.WECHAT, PaymentMethod.CARD)


def sees_prices(actor: Any) -> bool:
    """Does he see whole of what a price is made?"""
    return all(policy.fields(actor, resource).usable("price") for resource in PRICED)


def my_channels(actor: Any) -> list[Channel]:
    """Channels that this person may sell on, counters first."""
    query = policy.scope(select(Channel).where(Channel.is_active), actor, Channel)
    found = list(db.session.scalars(query.order_by(Channel.position, Channel.id)))
    return sorted(found, key=lambda channel: channel.kind is not ChannelKind.COUNTER)


@domain.page(_("Counter"), icon="fa-cash-register", order=20)
class CounterPage(PanelPage):
    """Sell by scanning: every key is on the keyboard and on the scanner, the mouse is not needed."""

    title = _("Counter")
    resource = RESOURCE
    route_base = "/orders/counter"

    @expose("/")
    @needs("counter")
    def index(self) -> str:
        channels = my_channels(current_actor())
        methods = [(method.value, method.label) for method in AT_COUNTER]
        return self.render("orders/counter.html", channels=channels, methods=methods)

    @expose("/find")
    @needs("counter")
    def find(self) -> Any:
        """The article of a scanned barcode or typed SKU code, with its price on this channel."""
        text = (request.args.get("code") or "").strip()
        found = db.session.execute(queries.sku_by_scan(text)).first() if 0 < len(text) <= 120 else None
        if found is None:
            return problem(404, gettext("Nothing is known under “%(code)s”.", code=text[:60]))
        sku, title = found
        currency = _channel(request.args.get("channel"), current_actor()).shop.currency
        return jsonify(
            sku_id=sku.id,
            code=sku.code,
            title=title,
            option=sku.options,
            currency=currency,
            exponent=money.exponent(currency),
        )

    @expose("/quote", methods=["POST"])
    @answers("counter")
    def quote(self, actor: Any) -> Any:
        """What the basket costs now, in minor units, line by line; nothing is stored."""
        if not sees_prices(actor):
            raise Forbidden(gettext("You do not see prices, so nothing is reckoned up for you here."))
        raw = body()
        channel = _channel(raw.get("channel_id"), actor)
        wanted = tuple((one.sku_id or 0, one.quantity) for one in _wanted(raw.get("lines")))
        known = set(db.session.scalars(select(Sku.id).where(Sku.id.in_([sku_id for sku_id, _quantity in wanted]))))
        if {sku_id for sku_id, _quantity in wanted} - known:
            raise InvalidInput({"lines": gettext("Choose one from the list.")})
        codes = codes_in(str(raw.get("codes") or "")[:400])
        told = quote(PriceRequest(channel.shop_id, channel.id, channel.shop.currency, wanted, clock.now(), codes=codes))
        lines = [
            {"price": one.unit_price, "amount": one.unit_price * quantity - one.discount}
            for one, (_sku_id, quantity) in zip(told.lines, wanted, strict=True)
        ]
        refused = [
            why or gettext("There is no coupon “%(code)s”.", code=code[:40]) for code, why in told.refused.items()
        ]  # fmt: skip
        return jsonify(
            lines=lines, total=sum(line["amount"] for line in lines), refused=refused,
            gifts=[{"sku_id": gift.sku_id, "quantity": gift.quantity} for gift in told.gifts],
        )  # fmt: skip

    @expose("/sell", methods=["POST"])
    @answers("counter")
    def sell(self, actor: Any) -> Any:
        """Sell what is on the screen, once: the screen's key makes a second press answer as the first."""
        raw = body()
        channel = _channel(raw.get("channel_id"), actor)
        method = PaymentMethod.of(raw.get("method"))
        if method not in AT_COUNTER:
            raise InvalidInput({"method": gettext("Choose one from the list.")})
        wanted = _wanted(raw.get("lines"))
        tendered = _minor(raw.get("tendered"), channel.shop.currency, "tendered")
        made = with_key(
            str(raw.get("key") or "") or None, actor, "orders.sell", raw,
            lambda: services.sell(
                wanted, channel_id=channel.id, method=method, tendered=tendered, expected=raw.get("expected"),
                external_ref=str(raw.get("reference") or "")[:120], actor=actor, codes=codes_in(str(raw.get("codes") or "")[:400]),
            ).id,
        )  # fmt: skip
        order = db.session.get_one(Order, made)
        change = order.payments[-1].change if order.payments else 0
        return jsonify(
            number=order.number, total=money.format(order.total, order.currency),
            change=money.format(change, order.currency),
            url=url_for("orders_order.show", pk=order.id), receipt=url_for("orders_print.receipts", ids=order.id),
        )  # fmt: skip


def _channel(text: Any, actor: Any) -> Channel:
    """One of the person's channels; without a number the first one."""
    channels = my_channels(actor)
    if text in (None, ""):
        if channels:
            return channels[0]
        raise NotFound(gettext("There is no channel to sell on. Add one under Setup, Channels."))
    found = next((channel for channel in channels if str(channel.id) == str(text)), None)
    if found is None:
        raise NotFound(gettext("There is no such channel."))
    return found


def _wanted(raw: Any) -> list[services.Wanted]:
    if not isinstance(raw, list) or not 0 < len(raw) <= intake_json.MAX_LINES:
        raise InvalidInput({"lines": gettext("Scan at least one article.")})
    wanted = []
    for one in raw:
        sku_id, quantity = (one.get("sku_id"), one.get("quantity")) if isinstance(one, dict) else (None, None)
        if type(sku_id) is not int or type(quantity) is not int or not 0 < quantity <= intake_json.MAX_QUANTITY:
            raise InvalidInput({"lines": gettext("A quantity is a whole number above zero.")})
        wanted.append(services.Wanted(sku_id, quantity))
    return wanted


def _minor(text: Any, currency: str, name: str) -> int | None:
    if text in (None, ""):
        return None
    try:
        return money.parse(str(text), currency)
    except ValueError as error:
        raise InvalidInput({name: str(error)}) from None
