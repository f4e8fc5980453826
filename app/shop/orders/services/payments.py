"""Money coming in."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import clock, history, money, policy
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError
from app.panel.core.transaction import transactional
from app.shop.orders import events
from app.shop.orders.models import Order, OrderState, Payment, PaymentMethod
from app.shop.orders.services.common import RESOURCE, lock, move


@transactional
def pay(
    order: Order,
    amount: int | None = None,
    *,
    method: PaymentMethod = PaymentMethod.OTHER,
    actor: Any,
    external_ref: str | None = None,
    tendered: int | None = None,
    paid_at: dt.datetime | None = None,
) -> Payment:
    """Book one payment; the order moves on once it is paid in full. Without `amount` all that is left is paid.

    A payment service that calls back twice with its `external_ref` gets the first payment again, and nothing changes.

    :raises Conflict: when the reference is known with another order or amount
    """
    policy.authorize(actor, "pay", RESOURCE)
    lock(order)
    amount = order.left_to_pay if amount is None else amount
    known = _known(method, external_ref)
    if known is not None:
        if known.order_id != order.id or (known.amount != amount and order.left_to_pay):
            raise Conflict(_("Payment reference %(ref)s is already used by another payment.", ref=external_ref))
        return known
    _check(order, amount, tendered)
    policy.used(actor, "pay", RESOURCE, amount=amount, currency=order.currency)
    at = paid_at or clock.now()
    payment = Payment(
        order=order, method=method, currency=order.currency, amount=amount, tendered=tendered,
        external_ref=external_ref or None, paid_at=at,
    )  # fmt: skip
    db.session.add(payment)
    order.paid += amount
    history.record(order, "order.payment", actor=actor, data={"amount": money.plain(amount, order.currency)})
    db.session.flush()
    events.payment_booked.send(order, payment=payment, actor=actor)
    if order.left_to_pay == 0:
        move(order, OrderState.PAID, actor=actor, at=at)
        db.session.flush()
        events.order_paid.send(order, payment=payment, actor=actor)
    return payment


def _known(method: PaymentMethod, external_ref: str | None) -> Payment | None:
    if not external_ref:
        return None
    query = select(Payment).where(Payment.method == method, Payment.external_ref == external_ref)
    return db.session.scalar(query)


def _check(order: Order, amount: int, tendered: int | None) -> None:
    if order.state is not OrderState.PENDING:
        raise DomainError(_("Order %(no)s is not waiting for a payment.", no=order.number))
    if amount <= 0:
        raise DomainError(_("A payment is more than nothing."), field="amount")
    if amount > order.left_to_pay:
        left = money.format(order.left_to_pay, order.currency)
        raise DomainError(
            _("Only %(left)s of order %(no)s are left to pay.", left=left, no=order.number), field="amount"
        )
    if tendered is not None and tendered < amount:
        raise DomainError(_("The cash given is less than the amount."), field="tendered")
