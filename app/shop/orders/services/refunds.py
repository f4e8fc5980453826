"""Money going back, in parts or whole, never more than came in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.panel.core import clock, history, money, policy, stepup
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError
from app.panel.core.settings import setting
from app.panel.core.transaction import transactional
from app.shop.orders import events, states
from app.shop.orders.models import (
    CloseReason,
    Order,
    OrderLine,
    OrderState,
    PaymentMethod,
    Refund,
    RefundLine,
    RefundReason,
    RefundState,
)
from app.shop.orders.services import stock
from app.shop.orders.services.common import RESOURCE, lock, move
from app.shop.orders.services.exceptions import settle
from app.shop.orders.services.totals import value_of

Pieces = list[tuple[OrderLine, int]]


@transactional
def refund(
    order: Order,
    amount: int | None = None,
    *,
    actor: Any,
    pieces: Mapping[int, int] | None = None,
    reason: RefundReason = RefundReason.OTHER,
    restock: bool = False,
    method: PaymentMethod | None = None,
    note: str = "",
    external_ref: str = "",
    key: str | None = None,
) -> Refund:
    """Give money back. `pieces` maps a line's id to how many pieces it is for; without `amount` their value is taken,
    and without either all that is left of the order.

    Pieces that have not left the house are no longer sent and their stock is free again; with `restock` the pieces that
    came back go into stock. An order of which nothing is left before anything was shipped is closed; one that is partly
    shipped counts as shipped then.

    The same `key` again returns the first refund. However many calls run at once, the sum stays within what was paid:
    the row is locked first, and a CHECK is the last wall.

    :raises Conflict: when the key is known with another order or amount
    """
    policy.authorize(actor, "refund", RESOURCE)
    lock(order)
    known = db.session.scalar(select(Refund).where(Refund.key == key)) if key else None
    if known is not None:
        if known.order_id != order.id or (amount is not None and known.amount != amount):
            raise Conflict(_("This key was already used for another refund."))
        return known
    if amount is None and pieces is None:
        amount = order.left_to_refund
    goods = _goods(order, amount, pieces)
    amount = _amount(order, amount, goods)
    if (most := int(setting("orders.proof_above"))) and amount > most * 10 ** money.exponent(order.currency):
        stepup.require(actor)
    policy.used(actor, "refund", RESOURCE, amount=amount, currency=order.currency)
    made = Refund(
        order=order, method=method or _usual_method(order), currency=order.currency, amount=amount, reason=reason,
        note=note or None, restock=restock, external_ref=external_ref or None, key=key, refunded_at=clock.now(),
    )  # fmt: skip
    db.session.add(made)
    _book(order, made, goods, actor=actor)
    history.record(order, "order.refunded", actor=actor, why=note, data={"amount": money.plain(amount, order.currency)})
    _move_on(order, actor=actor)
    db.session.flush()
    events.order_refunded.send(order, refund=made, actor=actor)
    return made


def _goods(order: Order, amount: int | None, pieces: Mapping[int, int] | None) -> Pieces:
    if pieces is None:
        # everything back before everything left: then nothing more is to be sent either
        if amount == order.left_to_refund and order.state in states.TO_SHIP:
            return [(line, line.left_to_refund) for line in order.lines if line.left_to_refund]
        return []
    own = {line.id: line for line in order.lines}
    if strangers := set(pieces) - set(own):
        raise DomainError(_("Line %(id)s is not part of this order.", id=min(strangers)))
    goods = [(own[line_id], quantity) for line_id, quantity in sorted(pieces.items()) if quantity]
    for line, quantity in goods:
        if not 0 < quantity <= line.left_to_refund:
            left, title = line.left_to_refund, str(line)
            raise DomainError(
                _("Only %(left)s of “%(title)s” are left to refund.", left=left, title=title), field="pieces"
            )
    return goods


def _value(line: OrderLine, pieces: int) -> int:
    return value_of(line.total, line.refunded_amount, line.quantity, line.refunded_quantity, pieces)


def _amount(order: Order, amount: int | None, goods: Pieces) -> int:
    if amount is None:
        amount = min(sum(_value(line, quantity) for line, quantity in goods), order.left_to_refund)
    if amount <= 0:
        raise DomainError(_("Order %(no)s has nothing left to refund.", no=order.number), field="amount")
    if amount > order.left_to_refund:
        left = money.format(order.left_to_refund, order.currency)
        raise DomainError(
            _("Order %(no)s has only %(left)s left to refund.", no=order.number, left=left), field="amount"
        )
    return amount


def _usual_method(order: Order) -> PaymentMethod:
    return order.payments[-1].method if order.payments else PaymentMethod.OTHER


def _book(order: Order, made: Refund, goods: Pieces, *, actor: Any) -> None:
    values = [_value(line, quantity) for line, quantity in goods]
    # what is refunded beyond the goods (shipping, goodwill) belongs to no line
    shares = money.allocate(min(made.amount, sum(values)), values)
    cancelled: Pieces = []
    returned: Pieces = []
    for (line, quantity), share in zip(goods, shares, strict=True):
        unsent = min(quantity, line.left_to_ship)
        back = min(quantity - unsent, _could_return(line)) if made.restock else 0
        made.lines.append(
            RefundLine(line=line, quantity=quantity, currency=order.currency, amount=share, restocked_quantity=back)
        )
        line.refunded_quantity += quantity
        line.refunded_amount += share
        line.cancelled_quantity += unsent
        cancelled += [(line, unsent)] if unsent else []
        returned += [(line, back)] if back else []
    order.refunded += made.amount
    order.refund_state = RefundState.FULLY if order.left_to_refund == 0 else RefundState.PARTLY
    db.session.flush()
    stock.free(order, cancelled, step=f"refund-{made.id}", actor=actor)
    stock.take_back(order, returned, made, actor=actor)


def _could_return(line: OrderLine) -> int:
    """Pieces that left the house and did not come back yet; what was never sent cannot be returned."""
    query = select(func.coalesce(func.sum(RefundLine.restocked_quantity), 0)).where(RefundLine.line_id == line.id)
    with db.session.no_autoflush:
        return line.shipped_quantity - int(db.session.scalar(query) or 0)


def _move_on(order: Order, *, actor: Any) -> None:
    """What is left of the order when some of it is no longer to be sent."""
    if any(line.left_to_ship for line in order.lines) or not order.lines:
        return
    if order.state is OrderState.PARTLY_SHIPPED:
        move(order, OrderState.SHIPPED, actor=actor, why=_("The rest was refunded."))
        settle(order, {"late"}, resolution=_("The rest was refunded."))
    elif order.state is OrderState.PAID:
        order.close_reason = CloseReason.REFUNDED
        move(order, OrderState.CLOSED, actor=actor, why=_("Refunded before shipping."))
        events.order_closed.send(order, actor=actor)
