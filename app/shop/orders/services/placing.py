"""A new order: priced, summed up, reserved, numbered, in one transaction."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import Select, bindparam, select

from app.panel.core import clock, history, money, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Product, Sku
from app.shop.customers.models import Customer
from app.shop.customers.states import CustomerState
from app.shop.inventory.services import default_warehouse_id
from app.shop.orders import events, pricing
from app.shop.orders.models import Order, OrderLine, OrderSource, OrderState, OrderStateLog, ReviewState
from app.shop.orders.services import stock
from app.shop.orders.services.common import RESOURCE, move, next_number
from app.shop.orders.services.totals import Goods, add_up
from app.shop.setup.models import Channel, Shop

BUYER = (
    "buyer_name", "buyer_phone", "buyer_email", "country", "province", "city", "district", "street", "postcode",
)  # fmt: skip

BLOCKED = lazy_gettext("This customer is blocked: nothing is sold to them until somebody unblocks the card.")


@dataclass(frozen=True)
class Wanted:
    """One article as asked for. `unit_price` None lets the price list answer; one outside the catalog has a title."""

    sku_id: int | None
    quantity: int
    unit_price: int | None = None
    discount: int = 0
    title: str = ""
    option: str = ""
    sku_code: str = ""


@dataclass(frozen=True)
class Amounts:
    """What is added to or taken off the goods, in minor units."""

    discount: int = 0
    shipping_fee: int = 0
    tax: int = 0
    adjustment: int = 0

    @property
    def extra(self) -> int:
        return self.shipping_fee + self.tax + self.adjustment


NOTHING = Amounts()


@dataclass(frozen=True)
class Creator:
    """Who sold it in a stream or a video: the name, and the number that the platform gave."""

    name: str = ""
    id: str = ""


NO_CREATOR = Creator()


@transactional
def place(
    wanted: Sequence[Wanted],
    *,
    channel_id: int,
    actor: Any,
    customer_id: int | None = None,
    buyer: Mapping[str, Any] | None = None,
    amounts: Amounts = NOTHING,
    external_number: str | None = None,
    warehouse_id: int | None = None,
    source: OrderSource = OrderSource.MANUAL,
    creator: Creator = NO_CREATOR,
    buyer_remark: str = "",
    seller_remark: str = "",
    placed_at: dt.datetime | None = None,
    accept_short: bool = False,
    codes: Sequence[str] = (),
    session_key: str = "",
) -> Order:
    """Place an order and reserve its goods: all of them, or there is no order.

    With `accept_short` (the buyer has paid elsewhere) an order is taken even if goods are short or unknown, the
    customer is blocked, or a coupon does not count; what there is gets reserved, and the first check tells the rest.
    `session_key` says in which session it was sold, such as `live:12`.

    :raises OutOfStock: with the SKU and what is left
    """
    policy.authorize(actor, "place", RESOURCE)
    shop_id, currency = _shop_of(channel_id)
    at = placed_at or clock.now()
    codes = pricing.codes_in(" ".join(codes))
    order = Order(
        shop_id=shop_id, channel_id=channel_id, customer_id=customer_id, currency=currency, exceptions=[],
        codes=", ".join(codes) or None, session_key=session_key or None,
        external_number=external_number or None, source=source, state=OrderState.PENDING, placed_at=at,
        review=ReviewState.CONFIRMED, buyer_remark=buyer_remark or None, seller_remark=seller_remark or None,
        creator_name=creator.name or None, creator_id=creator.id or None,
        **_buyer(customer_id, buyer, accept_blocked=accept_short),
    )  # fmt: skip
    order.moves = [OrderStateLog(from_state=None, to_state=OrderState.PENDING, moved_at=at)]
    if any(one.sku_id for one in wanted):
        order.warehouse_id = warehouse_id or default_warehouse_id(order.shop_id)
    priced = _priced(order, wanted, codes, accept_short=accept_short)
    _sum_up(order, amounts)
    order.number = next_number(order.shop_id, at)
    _keep(order, accept_short=accept_short, actor=actor)
    _announce(order, priced, actor=actor, is_sold=accept_short)
    return order


def _keep(order: Order, *, accept_short: bool, actor: Any) -> None:
    """Save it and reserve its goods: all of them, or with `accept_short` what there is."""
    if not accept_short:
        stock.promise_all(order)
    db.session.add(order)
    db.session.flush()
    if accept_short:
        stock.hold_what_there_is(order, actor=actor)
    else:
        stock.hold_all(order, actor=actor)


def _shop_of(channel_id: int) -> tuple[int, str]:
    """The shop that a channel sells for, and its currency."""
    found = db.session.execute(_shop_and_currency(), {"channel": channel_id}).one_or_none()
    if found is None:
        raise InvalidInput({"channel_id": _("Choose one from the list.")})
    return found[0], found[1]


@functools.cache
def _shop_and_currency() -> Select[Any]:
    """Built once: every order asks this."""
    channels, shops = Channel.__table__.c, Shop.__table__.c
    query = select(channels.shop_id, shops.currency).where(channels.id == bindparam("channel"))
    return query.where(shops.id == channels.shop_id)


def _announce(order: Order, priced: Priced, *, actor: Any, is_sold: bool) -> None:
    """Write down that the order stands, and tell who listens; one without anything to pay is paid."""
    history.record(order, "order.placed", actor=actor)
    events.order_placed.send(order, priced=priced, actor=actor, is_sold=is_sold)
    if order.total == 0:
        move(order, OrderState.PAID, actor=actor, why=_("Nothing to pay."))
        events.order_paid.send(order, payment=None, actor=actor)
    db.session.flush()


def _buyer(customer_id: int | None, given: Mapping[str, Any] | None, *, accept_blocked: bool) -> dict[str, Any]:
    """The copy of the buyer: what was given, and where a field was not, what the customer's card says."""
    values = {name: (given or {}).get(name) or None for name in BUYER}
    customer = db.session.get(Customer, customer_id) if customer_id else None
    if customer is not None:
        if customer.state is CustomerState.BLOCKED and not accept_blocked:
            raise DomainError(BLOCKED, field="customer_id")
        values["buyer_name"] = values["buyer_name"] or customer.name
        values["buyer_phone"] = values["buyer_phone"] or customer.phone
        values["buyer_email"] = values["buyer_email"] or customer.email
        address = next(iter(sorted(customer.addresses, key=lambda one: (not one.is_default, one.id))), None)
        if address is not None and not values["street"]:
            for name in ("country", "province", "city", "district", "street", "postcode"):
                values[name] = getattr(address, name)
            values["buyer_name"] = (given or {}).get("buyer_name") or address.recipient
            values["buyer_phone"] = (given or {}).get("buyer_phone") or address.phone or values["buyer_phone"]
    values["country"] = values["country"] or "CN"
    return values


@dataclass(frozen=True)
class Priced:
    """A quote, and the lines of the order that it speaks of, in its order. What was typed by hand is not among them."""

    quote: pricing.Quote
    lines: tuple[OrderLine, ...]


def _priced(order: Order, wanted: Sequence[Wanted], codes: tuple[str, ...], *, accept_short: bool) -> Priced:
    """Give the order its lines, each with its price, and the gifts that come with them."""
    if not wanted:
        raise InvalidInput({"lines": _("An order needs at least one line.")})
    if any(one.quantity <= 0 for one in wanted):
        raise InvalidInput({"lines": _("A quantity is more than nothing.")})
    if len(codes) > pricing.MOST_CODES:
        raise InvalidInput({"codes": _("At most %(n)s coupons.", n=pricing.MOST_CODES)})
    known = _skus({one.sku_id for one in wanted if one.sku_id})
    for one in wanted:
        _check_sku(order, one, known, accept_short)
    asked = [one for one in wanted if one.sku_id in known and one.unit_price is None]
    found = pricing.Quote([])
    if asked or codes:
        found = pricing.quote(pricing.PriceRequest(
            shop_id=order.shop_id, channel_id=order.channel_id, currency=order.currency, at=clock.now(), codes=codes,
            customer_id=order.customer_id, lines=tuple((one.sku_id or 0, one.quantity) for one in asked),
            session=order.session_key or "", is_placing=True, warehouse_id=order.warehouse_id,
        ))  # fmt: skip
    if found.refused and not accept_short:
        code, why = next(iter(found.refused.items()))
        raise DomainError(why or _("There is no coupon “%(code)s”.", code=code[:40]), field="codes")
    answers, spoken_of = iter(found.lines), []
    for one in wanted:
        is_asked = one.sku_id in known and one.unit_price is None
        line = _line(order, one, known.get(one.sku_id or 0), next(answers) if is_asked else None)
        order.lines.append(line)
        if is_asked:
            spoken_of.append(line)
    order.lines += _gifts(order, found.gifts)
    return Priced(found, tuple(spoken_of))


def _gifts(order: Order, gifts: Sequence[pricing.Gift]) -> list[OrderLine]:
    known = _skus({gift.sku_id for gift in gifts})
    return [
        _line(order, Wanted(gift.sku_id, gift.quantity), known[gift.sku_id], pricing.PricedLine(0, trace=gift.trace))
        for gift in gifts if gift.sku_id in known
    ]  # fmt: skip


def _skus(ids: set[int]) -> dict[int, tuple[Sku, str]]:
    found = db.session.execute(_skus_and_titles(), {"ids": list(ids)}) if ids else ()
    return {sku.id: (sku, title) for sku, title in found}


@functools.cache
def _skus_and_titles() -> Select[Any]:
    """Built once: every order asks this."""
    query = select(Sku, Product.title).join(Product, Product.id == Sku.product_id)
    return query.where(Sku.id.in_(bindparam("ids", expanding=True)))


def _check_sku(order: Order, one: Wanted, known: Mapping[int, Any], accept_unknown: bool) -> None:
    if one.sku_id is None:
        if not accept_unknown:
            raise InvalidInput({"lines": _("“%(code)s” is not in the catalog.", code=one.sku_code or one.title or "?")})
        return
    if one.sku_id not in known:
        raise InvalidInput({"lines": _("Choose one from the list.")})
    sku = known[one.sku_id][0]
    if not sku.is_active and not accept_unknown:
        raise DomainError(_("%(sku)s is not for sale.", sku=sku.code))
    if sku.currency != order.currency and one.unit_price is None:
        raise DomainError(_("%(sku)s has no price in %(currency)s.", sku=sku.code, currency=order.currency))


def _line(order: Order, one: Wanted, known: tuple[Sku, str] | None, answer: pricing.PricedLine | None) -> OrderLine:
    if known is None:
        return OrderLine(
            sku_code=one.sku_code or None, title=one.title or one.sku_code, option=one.option or None, unit_cost=0,
            quantity=one.quantity, currency=order.currency, unit_price=one.unit_price or 0, discount=one.discount,
        )  # fmt: skip
    sku, title = known
    if answer is None:
        price = one.unit_price or 0
        answer = pricing.PricedLine(price, trace=[{"step": "by hand", "unit_price": price}])
    return OrderLine(
        sku_id=sku.id, sku_code=sku.code, title=one.title or title, option=one.option or sku.options or None,
        quantity=one.quantity, currency=order.currency, unit_price=answer.unit_price, unit_cost=sku.cost or 0,
        discount=one.discount + answer.discount, price_trace=answer.trace,
    )  # fmt: skip


def _sum_up(order: Order, amounts: Amounts) -> None:
    goods = [Goods(line.quantity, line.unit_price, line.discount or 0) for line in order.lines]
    totals = add_up(goods, discount=amounts.discount, extra=amounts.extra)
    for line, share in zip(order.lines, totals.shares, strict=True):
        line.discount = share
        line.total = line.quantity * line.unit_price - share
    order.subtotal, order.discount, order.total = totals.subtotal, totals.discount, totals.total
    order.shipping_fee, order.tax, order.adjustment = amounts.shipping_fee, amounts.tax, amounts.adjustment
    order.cost = sum(line.quantity * line.unit_cost for line in order.lines)
    if amounts.shipping_fee < 0 or amounts.tax < 0:
        raise DomainError(_("Shipping fee and tax cannot be negative."))
    if not 0 <= order.total <= money.MAX_MINOR:
        raise DomainError(_("The total of an order cannot be negative or that large."))
