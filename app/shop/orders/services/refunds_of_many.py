"""Money going back for many orders: the rule of `refund`, the statements of a set.

What one refund does is done to each: the order and its lines, the refund with its lines, stock that is free again or back on
the shelf, the log of moves, the trail, and everybody who listens (`refund_writing`). Orders of which all goes back are decided
by the database, by the very rule of `decide`; where there is something to weigh or to share out they are decided one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    String,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)

from app.panel.core import clock, fields, policy, rows
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError
from app.panel.core.sets import Numbers, Pairs, constant, insertion, is_postgresql, numbered, told_by
from app.panel.core.transaction import transactional
from app.shop.orders import states
from app.shop.orders.models import PaymentMethod, RefundReason
from app.shop.orders.services.common import RESOURCE
from app.shop.orders.services.refund_figures import LINES, ORDERS, PAYMENTS, REFUNDS, SHARES, OrderFigures
from app.shop.orders.services.refund_rules import Decision, decide, proof_above
from app.shop.orders.services.refund_writing import carry_out

ALL, PERCENT, AMOUNT = "all", "percent", "amount"

@dataclass(frozen=True)
class Wish:
    """What goes back of each order: all that is left of it, hundredths of a percent of what was paid, or an amount.

    With `restock` the goods are back, too: all of them that left, so that it goes with all of the money only.
    """

    how: str = ALL
    value: int = 0
    currency: str = ""
    reason: RefundReason = RefundReason.OTHER
    restock: bool = False
    note: str = ""

    def decide(self, order: OrderFigures) -> Decision:
        """What becomes of an order; worked out once, for its figures are those of this moment.

        :raises DomainError: when it cannot be refunded like this
        """
        if order.decided is None or order.decided[0] != self:
            order.decided = (self, self._decided(order))
        if isinstance(found := order.decided[1], DomainError):
            raise found
        return found  # type: ignore[no-any-return]

    def _decided(self, order: OrderFigures) -> Decision | DomainError:
        try:
            return self._decide(order)
        except DomainError as error:
            return error

    def _decide(self, order: OrderFigures) -> Decision:
        amount, pieces = None, None
        if self.how == PERCENT:
            amount = (order.paid * self.value + 5_000) // 10_000
        elif self.how == AMOUNT:
            if order.currency != self.currency:
                raise DomainError(_("Order %(no)s is in %(currency)s.", no=order.number, currency=order.currency))
            amount = self.value
        elif self.restock:
            amount, pieces = order.left_to_refund, {line.id: line.left_to_refund for line in order.lines if line.left_to_refund}
        found = decide(order, amount, pieces=pieces, restock=self.restock, came_back=lambda line: line.restocked)
        if (most := proof_above(order.currency)) is not None and found.amount > most:
            raise DomainError(_("Refunds as large as that of order %(no)s are booked one at a time.", no=order.number))
        return found


@transactional
def refund_many(orders: Sequence[OrderFigures], wish: Wish, *, actor: Any, key: str | None = None) -> list[int]:
    """Refund these orders, all of them or none; the numbers of the refunds. Their rows are locked by whoever calls.

    :param key: of the command; with the number of the order it is the key of each refund, which is taken once
    :raises DomainError: when one of them is refused
    :raises Conflict: when one of them was changed since it was read
    """
    # what is lent counts uses and money one by one
    policy.authorize(actor, "refund", RESOURCE, by_loan=False)
    decided = [(order, wish.decide(order)) for order in orders]
    if not decided:
        return []
    unchanged(orders)
    numbers = rows.reserve_ids(REFUNDS, len(decided))
    made = [
        {
            "id": number, "order_id": order.id, "method": order.method, "currency": order.currency, "amount": decision.amount,
            "key": f"{key}:{order.id}" if key else None,
        }
        for (order, decision), number in zip(decided, numbers, strict=True)
    ]  # fmt: skip
    shares = [
        {
            "refund_id": number, "line_id": share.line.id, "quantity": share.quantity, "currency": order.currency,
            "amount": share.amount, "cancelled_quantity": share.unsent, "restocked_quantity": share.back,
        }
        for (order, decision), number in zip(decided, numbers, strict=True) for share in decision.shares
    ]  # fmt: skip
    who = {"created_by_id": actor.id, "changed_by_id": actor.id}
    rows.insert_many(REFUNDS, made, {**_alike(wish), **who})
    rows.insert_many(SHARES, shares, who)
    carry_out(numbers, actor=actor, note=wish.note)
    for order in orders:
        order.version += 1
    return numbers


@transactional
def refund_all_of(order_ids: Sequence[int], wish: Wish, *, actor: Any, key: str) -> list[int]:
    """Refund those of these orders of which all that is left goes back without anything to weigh; the numbers of those orders.

    The others are left to `refund_many`. The rows are locked by whoever calls.
    """
    policy.authorize(actor, "refund", RESOURCE, by_loan=False)
    if wish.how != ALL or wish.restock:
        return []
    keys, numbers = decide_all(order_ids, wish, actor=actor, key=key)
    if numbers:
        carry_out(numbers, actor=actor, note=wish.note)
    return keys


@transactional
def decide_all(order_ids: Sequence[int], wish: Wish, *, actor: Any, key: str) -> tuple[list[int], list[int]]:
    """Write down what `decide` says of all that is left of these orders, where it is plain: (orders, refunds)."""
    code = fields.default_currency()
    most, orders = proof_above(code), Numbers(order_ids)

    def plain() -> Any:
        return select(ORDERS.c.id).where(orders.hold(ORDERS.c.id), _is_plain(most is not None)).order_by(ORDERS.c.id)

    limits = {"told_code": code, "told_most": most}
    keys = list(db.session.scalars(orders.kept(("plain", most is None), plain), orders.told | limits).all())
    if not keys:
        return [], []
    chosen, made = Numbers(keys), Numbers(rows.reserve_ids(REFUNDS, len(keys)))
    pairs, alike = Pairs(chosen, made), _alike(wish)
    told = {f"told_{name}": value for name, value in alike.items()} | {"told_key": f"{key}:"} | told_by(actor)
    db.session.execute(pairs.kept("refunds", lambda: _refunds(pairs, alike)), chosen.told | pairs.told | told)
    db.session.execute(pairs.kept("shares", lambda: _shares(pairs)), chosen.told | pairs.told | told_by(actor))
    return keys, list(made.numbers)


def _refunds(pairs: Pairs, alike: Iterable[str]) -> Insert:
    """A refund of each of these orders, of all that is left of it; what they have in common is told."""
    # PostgreSQL, which has no figures of payments that came a moment ago, takes each order for one with many, and would walk
    # back over all payments for the last of each
    newest = PAYMENTS.c.id + literal_column("0") if is_postgresql() else PAYMENTS.c.id
    method = select(PAYMENTS.c.method).where(PAYMENTS.c.order_id == ORDERS.c.id).order_by(newest.desc()).limit(1)
    usual = func.coalesce(method.scalar_subquery(), constant(PAYMENTS.c.method, PaymentMethod.OTHER))
    key: Any = ORDERS.c.id
    values = {
        "id": pairs.number(key), "order_id": key, "method": usual, "currency": ORDERS.c.currency, "amount": _left(),
        "key": bindparam("told_key", type_=Text()).op("||")(cast(key, String)),
        **{name: bindparam(f"told_{name}", type_=REFUNDS.c[name].type) for name in alike},
    }  # fmt: skip
    return insertion(REFUNDS, values, pairs.of(ORDERS, key), pairs.mine(key), order=pairs.order(key))


def _shares(pairs: Pairs) -> Insert:
    """What goes back of each line of these orders."""
    key: Any = ORDERS.c.id
    values = {
        "refund_id": pairs.number(key), "line_id": LINES.c.id, "quantity": _pieces_left(), "currency": ORDERS.c.currency,
        "amount": LINES.c.total - LINES.c.refunded_amount, "cancelled_quantity": _unsent(), "restocked_quantity": literal(0),
    }  # fmt: skip
    lines = pairs.of(ORDERS, key).join(LINES, LINES.c.order_id == key)
    mine = (pairs.mine(key), _pieces_left() > 0, _is_to_ship())
    return insertion(SHARES, values, lines, *mine, order=[pairs.order(key), LINES.c.id])


def unchanged(orders: Sequence[OrderFigures]) -> None:
    """The figures are still those of the database.

    :raises Conflict: when one of them was changed since it was read
    """
    lines = [line for order in orders for line in order.lines]
    for table, known in ((ORDERS, orders), (LINES, lines)):
        if known:
            read = numbered([one.id for one in known], [one.version for one in known])
            same = read.join(table, and_(table.c.id == read.c.key, table.c.version == read.c.number))
            if db.session.scalar(select(func.count()).select_from(same)) != len(known):
                raise Conflict(_("Somebody else changed this in the meantime."))


def _alike(wish: Wish) -> dict[str, Any]:
    note = wish.note or None
    return {"reason": wish.reason, "note": note, "restock": wish.restock, "external_ref": None, "refunded_at": clock.now()}


def _left() -> ColumnElement[Any]:
    return ORDERS.c.paid - ORDERS.c.refunded  # type: ignore[no-any-return]


def _pieces_left() -> ColumnElement[Any]:
    return LINES.c.quantity - LINES.c.refunded_quantity  # type: ignore[no-any-return]


def _unsent() -> ColumnElement[Any]:
    to_ship = LINES.c.quantity - LINES.c.shipped_quantity - LINES.c.cancelled_quantity
    return case((to_ship < _pieces_left(), to_ship), else_=_pieces_left())


def _is_to_ship() -> ColumnElement[bool]:
    return or_(*(ORDERS.c.state == constant(ORDERS.c.state, state) for state in states.TO_SHIP))


def _is_plain(asks_above: bool) -> ColumnElement[bool]:
    """There is something left, no proof is asked for it (it is at most `told_most`), and the goods that go with it are worth
    no more than that: then each line gets back what it is worth, and nothing has to be shared out."""
    worth = select(func.coalesce(func.sum(LINES.c.total - LINES.c.refunded_amount), 0))
    goods = worth.where(LINES.c.order_id == ORDERS.c.id, _pieces_left() > 0).correlate(ORDERS).scalar_subquery()
    code, most = bindparam("told_code", type_=Text()), bindparam("told_most", type_=BigInteger())
    asks_nothing = and_(ORDERS.c.currency == code, _left() <= most) if asks_above else true()
    return and_(_left() > 0, asks_nothing, or_(~_is_to_ship(), goods <= _left()))
