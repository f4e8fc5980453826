"""Orders that channels send: taken in once, whatever number of times they are posted (ORD-03)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from app.panel.core import history, policy, writers
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput, NotFound
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Sku
from app.shop.customers.models import Customer
from app.shop.customers.services import remember
from app.shop.inventory.models import StockLevel
from app.shop.inventory.services import OutOfStock, default_warehouse_id, sells_from
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
    codes: tuple[str, ...] = ()
    session_key: str = ""


Told = Callable[[Order, bool], None]


def take_in(incoming: Incoming, *, actor: Any, told: Told = lambda _order, _is_new: None) -> tuple[Order, bool]:
    """The order of this channel and number, and whether it is new.

    An order that is paid already is taken even when goods are short or unknown (the buyer has it in writing): it opens
    an exception. An unpaid one is refused then. `told(order, is_new)` is called in the transaction that makes it.

    :raises OutOfStock: nothing was taken
    """
    policy.authorize(actor, "intake", RESOURCE)
    for is_last in (False, False, True):
        seen = _look(incoming, actor)
        if seen.order_id is None and incoming.paid is None:
            _refuse_if_gone(incoming, seen)
        try:
            with writers.in_line(f"numbers of shop {seen.shop_id}"):
                return _take_in(incoming, seen, actor=actor, told=told)
        except IntegrityError:
            # in this very moment somebody else posted it, or the first order of the same buyer
            db.session.rollback()
            if is_last:
                raise
    raise AssertionError("unreachable")


@dataclass(frozen=True)
class Seen:
    """What one look found before the write lock is taken. It may be old by a moment: what decides is written under it."""

    shop_id: int
    order_id: int | None
    warehouse_id: int | None
    skus: dict[str, tuple[int, int]]  # by code: id, and how many are left


def _look(incoming: Incoming, actor: Any) -> Seen:
    """Channel, order, warehouse and stock in one statement: in a rush most buyers need no second one.

    :raises NotFound: for a channel that this actor may not know
    """
    if not incoming.external_number or len(incoming.external_number) > 120:
        raise InvalidInput({"external_number": _("Say the number of the order, of at most 120 characters.")})
    asked = {
        "channel": incoming.channel_id, "number": incoming.external_number,
        "codes": list(dict.fromkeys(code for code, _quantity, _price, _title in incoming.lines)),
    }  # fmt: skip
    may_see = policy.row_condition(actor, Channel)
    found = db.session.execute(_for_all() if may_see is None else _everything(may_see), asked).all()
    if not found:
        raise NotFound(_("There is no such channel."))
    shop_id, order_id, warehouse_id = found[0][:3]
    skus = {code: (sku_id, left) for _shop, _order, _house, sku_id, code, left in found if sku_id is not None}
    return Seen(shop_id, order_id, warehouse_id, skus)


@cache
def _for_all() -> Select[Any]:
    """Built once: in a rush SQLAlchemy takes longer to build it than the database to answer."""
    return _everything(None)


def _everything(may_see: ColumnElement[bool] | None) -> Select[Any]:
    channels, orders, skus, levels = Channel.__table__, Order.__table__, Sku.__table__, StockLevel.__table__
    channel: BindParameter[int] = bindparam("channel")
    known = select(orders.c.id).where(orders.c.channel_id == channel, orders.c.external_number == bindparam("number"))
    house = sells_from(channels.c.shop_id).correlate(channels).scalar_subquery().label("house")
    place = select(channels.c.shop_id, known.scalar_subquery().label("known"), house).where(channels.c.id == channel)
    here = (place if may_see is None else place.where(may_see)).subquery("here")
    wanted = skus.c.code.in_(bindparam("codes", expanding=True))
    level = (levels.c.sku_id == skus.c.id) & (levels.c.warehouse_id == here.c.house)
    columns = (here.c.shop_id, here.c.known, here.c.house, skus.c.id, skus.c.code, func.coalesce(levels.c.available, 0))
    return select(*columns).select_from(here.outerjoin(skus, wanted).outerjoin(levels, level))


def _refuse_if_gone(incoming: Incoming, seen: Seen) -> None:
    """A rush for what is sold out must not keep the others waiting for the write lock."""
    wanted: dict[str, int] = {}
    for code, quantity, _price, _title in incoming.lines:
        wanted[code] = wanted.get(code, 0) + quantity
    for code, (sku_id, left) in seen.skus.items():
        if left < wanted[code]:
            house = seen.warehouse_id or default_warehouse_id(seen.shop_id)
            raise OutOfStock(code, left, sku_id=sku_id, wanted=wanted[code], warehouse_id=house)


@transactional
def _take_in(incoming: Incoming, seen: Seen, *, actor: Any, told: Told) -> tuple[Order, bool]:
    with history.gathered():
        return _taken_in(incoming, seen, actor, told)


def _taken_in(incoming: Incoming, seen: Seen, actor: Any, told: Told) -> tuple[Order, bool]:
    known = db.session.get(Order, seen.order_id) if seen.order_id is not None else None
    if known is not None:
        told(known, False)
        return known, False
    wanted = [
        Wanted(seen.skus.get(code, (None,))[0], quantity, unit_price=price, title=title, sku_code=code)
        for code, quantity, price, title in incoming.lines
    ]
    customer = _customer(incoming, seen.shop_id, actor)
    # the right that was asked is `intake`; the steps below are its own
    order = place(
        wanted, channel_id=incoming.channel_id, actor=SYSTEM, customer_id=customer and customer.id, buyer=incoming.buyer,
        amounts=incoming.amounts, external_number=incoming.external_number, source=OrderSource.INTAKE,
        warehouse_id=seen.warehouse_id,
        buyer_remark=incoming.remark, creator=incoming.creator,
        placed_at=incoming.placed_at, accept_short=incoming.paid is not None, codes=incoming.codes,
        session_key=incoming.session_key,
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
