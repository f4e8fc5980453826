"""Money going back, in parts or whole, never more than came in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.panel.core import clock, history, money, policy, stepup
from app.panel.core.db import db
from app.panel.core.errors import Conflict
from app.panel.core.transaction import transactional
from app.shop.orders import events, pricing
from app.shop.orders.models import (
    CloseReason,
    Order,
    OrderLine,
    OrderState,
    PaymentMethod,
    Refund,
    RefundLine,
    RefundReason,
)
from app.shop.orders.services import stock
from app.shop.orders.services.common import RESOURCE, lock, move
from app.shop.orders.services.exceptions import settle
from app.shop.orders.services.refund_rules import Decision, decide, proof_above

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
    decision = decide(order, amount, pieces=pieces, restock=restock, came_back=_came_back, worth=partial(pricing.reckoned, order))
    amount = decision.amount
    if (most := proof_above(order.currency)) is not None and amount > most:
        stepup.require(actor)
    policy.used(actor, "refund", RESOURCE, amount=amount, currency=order.currency)
    made = Refund(
        order=order, method=method or _usual_method(order), currency=order.currency, amount=amount, reason=reason,
        note=note or None, restock=restock, external_ref=external_ref or None, key=key, refunded_at=clock.now(),
    )  # fmt: skip
    db.session.add(made)
    _book(order, made, decision, actor=actor)
    history.record(order, "order.refunded", actor=actor, why=note, data={"amount": money.plain(amount, order.currency)})
    _move_on(order, decision, actor=actor)
    db.session.flush()
    events.order_refunded.send(order, refund=made, actor=actor)
    return made


def _usual_method(order: Order) -> PaymentMethod:
    return order.payments[-1].method if order.payments else PaymentMethod.OTHER


def _book(order: Order, made: Refund, decision: Decision, *, actor: Any) -> None:
    cancelled: Pieces = []
    returned: Pieces = []
    for line, quantity, amount, unsent, back in decision.shares:
        made.lines.append(
            RefundLine(
                line=line, quantity=quantity, currency=order.currency, amount=amount, cancelled_quantity=unsent,
                restocked_quantity=back,
            )
        )  # fmt: skip
        line.refunded_quantity += quantity
        line.refunded_amount += amount
        line.cancelled_quantity += unsent
        cancelled += [(line, unsent)] if unsent else []
        returned += [(line, back)] if back else []
    order.refunded += made.amount
    order.refund_state = decision.refund_state
    db.session.flush()
    stock.free(order, cancelled, step=f"refund-{made.id}", actor=actor)
    stock.take_back(order, returned, made, actor=actor)


def _came_back(line: OrderLine) -> int:
    """Pieces that left the house and are on the shelf again."""
    query = select(func.coalesce(func.sum(RefundLine.restocked_quantity), 0)).join(Refund, Refund.id == RefundLine.refund_id)
    with db.session.no_autoflush:
        return int(db.session.scalar(query.where(RefundLine.line_id == line.id, Refund.reversed_at.is_(None))) or 0)


def _move_on(order: Order, decision: Decision, *, actor: Any) -> None:
    if decision.to is OrderState.SHIPPED:
        move(order, OrderState.SHIPPED, actor=actor, why=_("The rest was refunded."))
        settle(order, {"late"}, resolution=_("The rest was refunded."))
    elif decision.to is OrderState.CLOSED:
        order.close_reason = CloseReason.REFUNDED
        move(order, OrderState.CLOSED, actor=actor, why=_("Refunded before shipping."))
        events.order_closed.send(order, actor=actor)
