"""What is read from the ledger, and from the orders that it follows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, String, case, cast, func, literal, null, or_, select
from sqlalchemy.orm import aliased

from app.panel.core import policy
from app.panel.core.rows import among
from app.panel.core.sets import Numbers, words
from app.shop.finance.models import Account, Entry, EntryKind, Posting
from app.shop.orders.models import Order, Payment, PaymentState, Refund
from app.shop.setup.models import Shop

ORDERS: Any = Order.__table__
REFUNDS: Any = Refund.__table__
MONEY = "money."
CAUSES = {"orders.Order": EntryKind.SALE, "orders.Payment": EntryKind.PAYMENT, "orders.Refund": EntryKind.REFUND}


def figures_of_orders(ids: Sequence[int]) -> Select[Any]:
    """What entries of these orders are made from."""
    return select(
        Order.id, Order.number, Order.shop_id, Order.currency, Order.subtotal, Order.discount, Order.shipping_fee, Order.tax,
        Order.adjustment, Order.total, Order.paid_at,
    ).where(among(Order.id, list(ids)))  # fmt: skip


def payments_of_orders(ids: Sequence[int]) -> Select[Any]:
    query = select(Payment.id, Payment.order_id, Payment.method, Payment.currency, Payment.amount, Payment.paid_at)
    return query.where(among(Payment.order_id, list(ids)), Payment.state == PaymentState.PAID).order_by(Payment.id)


def refunds_of_orders(ids: Sequence[int]) -> Select[Any]:
    query = select(Refund.id, Refund.order_id, Refund.method, Refund.currency, Refund.amount, Refund.refunded_at)
    return query.where(among(Refund.order_id, list(ids)), Refund.reversed_at.is_(None)).order_by(Refund.id)


def methods_of_refunds(these: Numbers) -> Select[Any]:
    """By which ways the money of these refunds went back."""
    return these.kept("ways of money", lambda: select(REFUNDS.c.method).where(these.hold(REFUNDS.c.id)).distinct())  # type: ignore[no-any-return]


def refunds_to_book(these: Numbers, refunds: int, receivable: int, ways: Mapping[Any, int]) -> Select[Any]:
    """What entries of these refunds are made from: to the account of refunds, or off what was paid ahead of a sale that never was,
    from the account of the way by which the money went back."""
    against = case((ORDERS.c.paid_at.is_(None), literal(receivable)), else_=literal(refunds))
    way = case(*((REFUNDS.c.method == method, literal(account)) for method, account in ways.items()))
    query = select(
        REFUNDS.c.id, REFUNDS.c.refunded_at.label("occurred_at"), ORDERS.c.shop_id, REFUNDS.c.currency, REFUNDS.c.amount,
        REFUNDS.c.order_id, ORDERS.c.number.label("order_number"), against.label("debit_id"), way.label("credit_id"),
    )  # fmt: skip
    return query.join(ORDERS, ORDERS.c.id == REFUNDS.c.order_id).where(these.hold(REFUNDS.c.id))


def booked_refunds(these: Numbers) -> Select[Any]:
    """The entries of these refunds that nobody has reversed; a reversal is found by its key, for most entries reverse nothing."""

    def build() -> Select[Any]:
        against, entries = Entry.__table__.alias("against"), Entry.__table__
        mine = (entries.c.cause_resource == "orders.Refund") & these.hold(entries.c.cause_id) & (entries.c.kind == EntryKind.REFUND)
        is_reversed = select(against.c.id).where(against.c.key == words("reversal:", entries.c.id)).correlate(entries).exists()
        return select(entries.c.id).where(mine, ~is_reversed).order_by(entries.c.id)

    return these.kept("booked refunds", build)  # type: ignore[no-any-return]


def booked_of_orders(ids: Sequence[int]) -> Select[Any]:
    """The entries that follow from these orders, with the number of the entry that reversed each."""
    against = aliased(Entry)
    return (
        select(
            Entry.id, Entry.kind, Entry.order_id, Entry.cause_resource, Entry.cause_id, Entry.facts, Entry.occurred_at,
            against.id.label("reversed_by"),
        )
        .outerjoin(against, against.reverses_id == Entry.id)
        .where(among(Entry.order_id, list(ids)), Entry.kind.in_(list(CAUSES.values())))
        .order_by(Entry.id)
    )  # fmt: skip


def orders_not_booked(after: int, limit: int) -> Select[Any]:
    """Ids of orders behind a number of which something happened that no entry tells."""

    def told(resource: str, key: Any) -> ColumnElement[bool]:
        entry = select(Entry.id).where(Entry.cause_resource == resource, Entry.cause_id == key, Entry.kind == CAUSES[resource])
        return entry.correlate(Order, Payment, Refund).exists()

    amounts = (Order.subtotal, Order.discount, Order.shipping_fee, Order.tax, Order.adjustment)
    sold = Order.paid_at.is_not(None) & or_(*(amount != 0 for amount in amounts))
    paid = select(Payment.id).where(Payment.order_id == Order.id, Payment.state == PaymentState.PAID)
    returned = select(Refund.id).where(Refund.order_id == Order.id, Refund.reversed_at.is_(None))
    missing = or_(
        sold & ~told("orders.Order", Order.id),
        paid.where(~told("orders.Payment", Payment.id)).correlate(Order).exists(),
        returned.where(~told("orders.Refund", Refund.id)).correlate(Order).exists(),
    )
    return select(Order.id).where(Order.id > after, missing).order_by(Order.id).limit(limit)


def _sum(column: Any) -> Any:
    # PostgreSQL adds BIGINTs up to NUMERIC; minor units stay whole numbers
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _scoped(statement: Select[Any], actor: Any, model: Any) -> Select[Any]:
    return statement if actor is None else policy.scope(statement, actor, model)


def paid_sums(actor: Any) -> Select[Any]:
    """(shop_id, method, currency, total) of what buyers paid."""
    query = (
        select(Order.shop_id, cast(Payment.method, String).label("method"), Payment.currency, _sum(Payment.amount).label("total"))
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.state == PaymentState.PAID)
        .group_by(Order.shop_id, Payment.method, Payment.currency)
    )
    return _scoped(query, actor, Payment)


def refunded_sums(actor: Any) -> Select[Any]:
    query = (
        select(Order.shop_id, cast(Refund.method, String).label("method"), Refund.currency, _sum(Refund.amount).label("total"))
        .join(Order, Order.id == Refund.order_id)
        .where(Refund.reversed_at.is_(None))
        .group_by(Order.shop_id, Refund.method, Refund.currency)
    )
    return _scoped(query, actor, Refund)


def sold_sums(actor: Any) -> Select[Any]:
    query = (
        select(Order.shop_id, cast(null(), String).label("method"), Order.currency, _sum(Order.total).label("total"))
        .where(Order.paid_at.is_not(None))
        .group_by(Order.shop_id, Order.currency)
    )
    return _scoped(query, actor, Order)


def booked_sums(kind: EntryKind, actor: Any) -> Select[Any]:
    """(shop_id, method, currency, total) of what the entries of a kind, less those that reverse them, moved."""
    origin = aliased(Entry)
    debit = Posting.debit - Posting.credit
    by_method = kind is not EntryKind.SALE
    method = func.substr(Account.role, len(MONEY) + 1) if by_method else cast(null(), String)
    which = Account.role.like(f"{MONEY}%") if by_method else Account.role == "receivable"
    amount = -debit if kind is EntryKind.REFUND else debit
    query = (
        select(Posting.shop_id, method.label("method"), Posting.currency, _sum(amount).label("total"))
        .join(Account, Account.id == Posting.account_id)
        .join(Entry, Entry.id == Posting.entry_id)
        .outerjoin(origin, origin.id == Entry.reverses_id)
        .where(which, func.coalesce(origin.kind, Entry.kind) == literal(kind.value))
        .group_by(Posting.shop_id, Account.role, Posting.currency)
    )
    return _scoped(query, actor, Posting)


def unbalanced(actor: Any) -> Select[Any]:
    """(shop_id, currency, debit, credit) where both sides of all postings differ."""
    query = (
        select(Posting.shop_id, Posting.currency, _sum(Posting.debit), _sum(Posting.credit))
        .group_by(Posting.shop_id, Posting.currency)
        .having(func.sum(Posting.debit) != func.sum(Posting.credit))
    )
    return _scoped(query, actor, Posting)


def balances(actor: Any, start: dt.datetime, stop: dt.datetime, shop_id: int | None = None) -> Select[Any]:
    """(account_id, currency, opening, debit, credit) of every account: the balance before a span, and what moved in it."""
    before = Posting.occurred_at < start
    query = (
        select(
            Posting.account_id, Posting.currency,
            _sum(case((before, Posting.debit - Posting.credit), else_=0)).label("opening"),
            _sum(case((before, 0), else_=Posting.debit)).label("debit"),
            _sum(case((before, 0), else_=Posting.credit)).label("credit"),
        )
        .where(Posting.occurred_at < stop)
        .group_by(Posting.account_id, Posting.currency)
    )  # fmt: skip
    if shop_id is not None:
        query = query.where(Posting.shop_id == shop_id)
    return policy.scope(query, actor, Posting)


def accounts() -> Select[Any]:
    return select(Account).order_by(Account.code, Account.id)


def entries_of_order(order_id: int, actor: Any) -> Select[Any]:
    query = select(Entry).where(Entry.order_id == order_id).order_by(Entry.occurred_at, Entry.id)
    return policy.scope(query, actor, Entry).limit(100)


def books(actor: Any) -> Select[Any]:
    """(id, name, currency) of the shops for which this person may book."""
    return policy.scope(select(Shop.id, Shop.name, Shop.currency).order_by(Shop.id), actor, Shop)
