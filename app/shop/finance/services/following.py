"""The ledger follows orders: payments, sales and refunds are booked once, one by one as they happen or many at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.rows import among
from app.panel.core.sets import Numbers
from app.panel.core.transaction import transactional
from app.shop.finance import queries
from app.shop.finance.models import Entry, EntryKind
from app.shop.finance.services import chart, sets
from app.shop.finance.services.posting import Draft, Line, post_many, reversal
from app.shop.logistics.models import Compensation, CompensationKind
from app.shop.orders.models import Order, Payment, PaymentMethod, Refund

PART, AT_ONCE = 1000, 5000
ORDER, PAYMENT, REFUND = "orders.Order", "orders.Payment", "orders.Refund"
COMPENSATION = "logistics.Compensation"


def payment_draft(order: Any, payment: Any) -> Draft:
    """Money came in: it lies on the account of its way, and the buyer owes as much less."""
    code = payment.currency
    lines = (Line(_money(payment), payment.amount, code), Line(chart.RECEIVABLE, -payment.amount, code))
    return Draft(
        EntryKind.PAYMENT, f"payment:{payment.id}", order.shop_id, payment.paid_at, lines, order_id=order.id,
        order_number=order.number, cause=(PAYMENT, payment.id),
    )  # fmt: skip


def sale_draft(order: Any, times: int = 0) -> Draft | None:
    """The order is paid: what it came to is earned. None for an order that comes to nothing at all.

    :param times: how often it was booked before, for an order of the past that was brought in anew
    """
    signed = (
        (chart.RECEIVABLE, order.total), (chart.DISCOUNTS, order.discount), (chart.SALES, -order.subtotal),
        (chart.SHIPPING, -order.shipping_fee), (chart.TAX, -order.tax), (chart.ADJUSTMENT, -order.adjustment),
    )  # fmt: skip
    lines = tuple(Line(role, amount, order.currency) for role, amount in signed if amount)
    if not lines:
        return None
    key = f"sale:{order.id}" + (f":{times}" if times else "")
    return Draft(
        EntryKind.SALE, key, order.shop_id, order.paid_at, lines, order_id=order.id, order_number=order.number,
        cause=(ORDER, order.id), facts=facts(order),
    )  # fmt: skip


def refund_draft(order: Any, refund: Any) -> Draft:
    """Money went back: it is taken off the sales, or off what the buyer had paid ahead of a sale that never was."""
    against = chart.REFUNDS if order.paid_at else chart.RECEIVABLE
    lines = (Line(against, refund.amount, refund.currency), Line(_money(refund), -refund.amount, refund.currency))
    return Draft(
        EntryKind.REFUND, f"refund:{refund.id}", order.shop_id, refund.refunded_at, lines, order_id=order.id,
        order_number=order.number, cause=(REFUND, refund.id),
    )  # fmt: skip


def facts(order: Any) -> str:
    """What a sale is booked from."""
    amounts = (order.subtotal, order.discount, order.shipping_fee, order.tax, order.adjustment)
    return " ".join([order.currency, *map(str, amounts)])


def _money(row: Any) -> str:
    method = row.method if isinstance(row.method, PaymentMethod) else PaymentMethod.OTHER
    return chart.money_in(method)


@transactional
def follow(ids: Sequence[int], *, actor: Any) -> int:
    """Bring the ledger up to these orders, whatever was booked of them: what is missing is booked, and what no longer stands
    (an order of the past that was brought in anew) is reversed on its own day. How many entries were made."""
    made = 0
    for start in range(0, len(ids), PART):
        drafts = list(_drafts(list(ids[start : start + PART])))
        known = set(post_many(drafts, actor=actor))
        made += len(known)
    return made


def _drafts(ids: list[int]) -> Iterator[Draft]:
    orders = {row.id: row for row in db.session.execute(queries.figures_of_orders(ids))}
    booked = db.session.execute(queries.booked_of_orders(ids)).all()
    live = [row for row in booked if row.reversed_by is None]
    have = {(row.cause_resource, row.cause_id): row for row in live}
    times: dict[int, int] = {}
    for row in booked:
        if row.kind is EntryKind.SALE:
            times[row.order_id] = times.get(row.order_id, 0) + 1
    wanted: dict[tuple[str, int], Draft] = {}
    for payment in db.session.execute(queries.payments_of_orders(ids)):
        wanted[PAYMENT, payment.id] = payment_draft(orders[payment.order_id], payment)
    for refund in db.session.execute(queries.refunds_of_orders(ids)):
        wanted[REFUND, refund.id] = refund_draft(orders[refund.order_id], refund)
    for order in orders.values():
        sale = sale_draft(order, times.get(order.id, 0)) if order.paid_at else None
        if sale is not None:
            wanted[ORDER, order.id] = sale
    stale = [row.id for place, row in have.items() if place not in wanted or _differs(row, wanted[place])]
    yield from _reversals(stale)
    gone = set(stale)
    yield from (draft for place, draft in wanted.items() if place not in have or have[place].id in gone)


def _differs(row: Any, draft: Draft) -> bool:
    """A payment or refund that is changed is another row; a sale is the same order with other amounts, or on another day."""
    return row.kind is EntryKind.SALE and (row.facts != draft.facts or row.occurred_at != draft.occurred_at)


def _reversals(ids: Sequence[int], at: dt.datetime | None = None) -> Iterator[Draft]:
    """Against these entries, on their own days or at a time."""
    if ids:
        query = select(Entry).where(among(Entry.id, list(ids))).order_by(Entry.id)
        entries = db.session.scalars(query.options(selectinload(Entry.postings)))
        yield from (reversal(entry, at=at or entry.occurred_at) for entry in entries)


@transactional
def unbook(ids: Sequence[int], *, actor: Any) -> int:
    """Orders of the past go (the undo of an import): what was booked of them is reversed on its own day."""
    made = 0
    for start in range(0, len(ids), PART):
        booked = db.session.execute(queries.booked_of_orders(list(ids[start : start + PART]))).all()
        made += len(post_many(list(_reversals([row.id for row in booked if row.reversed_by is None])), actor=actor))
    return made


@transactional
def _catch_up(after: int, limit: int) -> list[int]:
    ids = list(db.session.scalars(queries.orders_not_booked(after, limit)))
    follow(ids, actor=SYSTEM)
    return ids


def catch_up(most: int = 1_000_000) -> int:
    """Book what nobody has booked: the orders that were there before the ledger. How many orders it concerned; each part is
    a transaction of its own."""
    chart.ensure_chart()
    done = last = 0
    while done < most and (found := _catch_up(last, min(PART, most - done))):
        done, last = done + len(found), found[-1]
    return done


def on_payment(order: Order, payment: Payment, *, actor: Any) -> None:
    post_many([payment_draft(order, payment)], actor=actor, fresh=True)


def on_sale(order: Order, *, actor: Any) -> None:
    draft = sale_draft(order)
    post_many([draft] if draft else [], actor=actor)


def on_refund(order: Order, refund: Refund, *, actor: Any) -> None:
    post_many([refund_draft(order, refund)], actor=actor, fresh=True)


def on_refunds(ids: Sequence[int], *, actor: Any) -> None:
    """Many refunds were made just now: what `refund_draft` says of each, as a query."""
    for part in _parts(ids):
        methods = sorted(db.session.scalars(queries.methods_of_refunds(part), part.told))
        roles = {method: chart.money_in(method if isinstance(method, PaymentMethod) else PaymentMethod.OTHER) for method in methods}
        accounts = chart.numbers({*roles.values(), chart.REFUNDS, chart.RECEIVABLE})
        ways = {method: accounts[role] for method, role in roles.items()}
        booked = (accounts[chart.REFUNDS], accounts[chart.RECEIVABLE])
        source, name = partial(queries.refunds_to_book, part, *booked, ways), (*booked, *ways.items())
        sets.post_transfers(source, part, name, kind=EntryKind.REFUND, resource=REFUND, actor=actor)


def on_refunds_reversed(ids: Sequence[int], *, actor: Any) -> None:
    """Refunds that were booked do not count any more: each is reversed today, and stays in the books."""
    for part in _parts(ids):
        sets.reverse_many(db.session.scalars(queries.booked_refunds(part), part.told).all(), at=clock.now(), actor=actor)


def _parts(ids: Sequence[int]) -> Iterator[Numbers]:
    for start in range(0, len(ids), AT_ONCE):
        yield Numbers(ids[start : start + AT_ONCE])


def on_compensation(compensation: Compensation, *, actor: Any) -> None:
    """Money was granted to a buyer for our being late: it is a cost, and owed to him until it is paid out. What he gets as a
    coupon costs nothing before he uses it."""
    if compensation.kind is not CompensationKind.AMOUNT:
        return
    order, code = compensation.order, compensation.currency
    lines = (Line(chart.COMPENSATION, compensation.amount, code), Line(chart.RECEIVABLE, -compensation.amount, code))
    draft = Draft(
        EntryKind.COMPENSATION, f"compensation:{compensation.id}", order.shop_id, compensation.decided_at, lines,
        order_id=order.id, order_number=order.number, cause=(COMPENSATION, compensation.id),
    )  # fmt: skip
    post_many([draft], actor=actor)
