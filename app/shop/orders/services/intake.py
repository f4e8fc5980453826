"""Orders that channels send: taken in once, whatever number of times they are posted (ORD-03)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from app.panel.core import policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput, NotFound
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Sku
from app.shop.customers.models import Customer
from app.shop.customers.services import remember
from app.shop.inventory.models import StockLevel
from app.shop.inventory.services import OutOfStock, default_warehouse_id
from app.shop.orders.models import Order, OrderSource, PaymentMethod
from app.shop.orders.services.common import RESOURCE
from app.shop.orders.services.payments import pay
from app.shop.orders.services.placing import NO_CREATOR, NOTHING, Amounts, Creator, Wanted, place
from app.shop.orders.services.reviewing import first_check
from app.shop.setup.models import Channel


@dataclass(frozen=True)
class Paid:
    """A payment that the channel has taken already; `amount` None means all of it."""

    method: PaymentMethod = PaymentMethod.PLATFORM
    external_ref: str = ""
    amount: int | None = None
    paid_at: dt.datetime | None = None


@dataclass(frozen=True)
class Incoming:
    """An order as a channel tells it. Lines name SKUs by code; amounts are minor units of the shop's currency."""

    channel_id: int
    external_number: str
    lines: tuple[tuple[str, int, int | None, str], ...]  # sku code, quantity, unit price or None, title
    buyer: Mapping[str, Any] = field(default_factory=dict)
    amounts: Amounts = NOTHING
    paid: Paid | None = None
    placed_at: dt.datetime | None = None
    remark: str = ""
    creator: Creator = NO_CREATOR


Told = Callable[[Order, bool], None]


def take_in(incoming: Incoming, *, actor: Any, told: Told = lambda _order, _is_new: None) -> tuple[Order, bool]:
    """The order of this channel and number, and whether it is new.

    An order that is paid already is taken even when goods are short or unknown (the buyer has it in writing): it opens
    an exception. An unpaid one is refused then. `told(order, is_new)` is called in the transaction that makes it.

    :raises OutOfStock: nothing was taken
    """
    policy.authorize(actor, "intake", RESOURCE)
    shop_id = _check(incoming, actor)
    known = find(incoming.channel_id, incoming.external_number)
    if known is not None:
        transactional(told)(known, False)
        return known, False
    if incoming.paid is None:
        _refuse_if_gone(incoming, shop_id)
    try:
        return _take_in(incoming, actor=actor, told=told)
    except IntegrityError:
        db.session.rollback()
        known = find(incoming.channel_id, incoming.external_number)  # somebody else posted it in this very moment
        if known is None:
            raise
        transactional(told)(known, False)
        return known, False


def find(channel_id: int, external_number: str) -> Order | None:
    """The order that a channel knows under this number."""
    known = db.session.scalar(_by_number(), {"channel": channel_id, "number": external_number})
    return None if known is None else db.session.get(Order, known)


@cache
def _by_number() -> Select[Any]:
    """Built once: in a rush SQLAlchemy takes longer to build it than the database to answer."""
    orders = Order.__table__.c
    return select(orders.id).where(
        orders.channel_id == bindparam("channel"), orders.external_number == bindparam("number")
    )


def _check(incoming: Incoming, actor: Any) -> int:
    """The shop of the channel.

    :raises NotFound: for a channel that this actor may not know
    """
    if not incoming.external_number or len(incoming.external_number) > 120:
        raise InvalidInput({"external_number": _("Say the number of the order, of at most 120 characters.")})
    channels = Channel.__table__.c
    query = policy.scope(select(channels.shop_id).where(channels.id == incoming.channel_id), actor, Channel)
    shop_id = db.session.scalar(query)
    if shop_id is None:
        raise NotFound(_("There is no such channel."))
    return int(shop_id)


def _skus(codes: Sequence[str]) -> dict[str, int]:
    return dict(db.session.execute(select(Sku.code, Sku.id).where(Sku.code.in_(codes))).tuples().all())


def _refuse_if_gone(incoming: Incoming, shop_id: int) -> None:
    """A look before the write lock is taken: a rush for what is sold out must not keep the others waiting.

    The look may be old by a moment; what decides is the conditional update in `place`.
    """
    warehouse_id = default_warehouse_id(shop_id)
    wanted: dict[str, int] = {}
    for code, quantity, _price, _title in incoming.lines:
        wanted[code] = wanted.get(code, 0) + quantity
    for sku_id, code, left in db.session.execute(_what_is_left(), {"house": warehouse_id, "codes": list(wanted)}):
        if left < wanted[code]:
            raise OutOfStock(code, left, sku_id=sku_id, wanted=wanted[code], warehouse_id=warehouse_id)


@cache
def _what_is_left() -> Select[Any]:
    skus, levels = Sku.__table__, StockLevel.__table__
    here = (levels.c.sku_id == skus.c.id) & (levels.c.warehouse_id == bindparam("house"))
    return (
        select(skus.c.id, skus.c.code, func.coalesce(levels.c.available, 0))
        .select_from(skus.outerjoin(levels, here))
        .where(skus.c.code.in_(bindparam("codes", expanding=True)))
    )


@transactional
def _take_in(incoming: Incoming, *, actor: Any, told: Told) -> tuple[Order, bool]:
    known = find(incoming.channel_id, incoming.external_number)
    if known is not None:
        told(known, False)
        return known, False
    ids = _skus([code for code, _quantity, _price, _title in incoming.lines])
    wanted = [
        Wanted(ids.get(code), quantity, unit_price=price, title=title, sku_code=code)
        for code, quantity, price, title in incoming.lines
    ]
    channel = db.session.get(Channel, incoming.channel_id)
    if channel is None:
        raise NotFound(_("There is no such channel."))
    customer = _customer(incoming, channel.shop_id, actor)
    # the right that was asked is `intake`; the steps below are its own
    order = place(
        wanted, channel_id=channel.id, actor=SYSTEM, customer_id=customer and customer.id, buyer=incoming.buyer,
        amounts=incoming.amounts, external_number=incoming.external_number, source=OrderSource.INTAKE,
        buyer_remark=incoming.remark, creator=incoming.creator,
        placed_at=incoming.placed_at, accept_short=incoming.paid is not None,
    )  # fmt: skip
    order.created_by_id = actor.id
    if incoming.paid is not None and order.total:
        one = incoming.paid
        pay(
            order, one.amount, method=one.method, external_ref=one.external_ref, paid_at=one.paid_at, actor=SYSTEM
        )  # fmt: skip
    first_check(order, actor=actor)
    told(order, True)
    return order, True


def _customer(incoming: Incoming, shop_id: int, actor: Any) -> Customer | None:
    """The customer who bought, recognised or new; None when the channel does not say who it was."""
    known = {name: incoming.buyer.get(name) or "" for name in ("buyer_phone", "buyer_email", "external_id")}
    if not any(known.values()):
        return None
    return remember(
        name=incoming.buyer.get("buyer_name") or "", shop_id=shop_id, phone=known["buyer_phone"],
        email=known["buyer_email"], channel_id=incoming.channel_id, external_id=known["external_id"], actor=actor,
    )  # fmt: skip
