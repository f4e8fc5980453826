"""Money going back for many orders: the rule of `refund`, the statements of a set.

What one refund does is done to each: the order and its lines, the refund with its lines, stock that is free again or back on
the shelf, the log of moves, the trail, and everybody who listens. A chunk costs some thirty statements, however many orders it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.panel.core import changes, clock, history, money, policy, rows
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError
from app.panel.core.transaction import transactional
from app.shop.inventory import services as inventory
from app.shop.inventory.services import Cause, Command, Line
from app.shop.orders.models import (
    CloseReason,
    Order,
    OrderLine,
    OrderState,
    OrderStateLog,
    Refund,
    RefundLine,
    RefundReason,
)
from app.shop.orders.services import telling
from app.shop.orders.services.common import RESOURCE
from app.shop.orders.services.refund_figures import LINES, ORDERS, REFUNDS, SHARES, OrderFigures
from app.shop.orders.services.refund_rules import Decision, decide, proof_above

ALL, PERCENT, AMOUNT = "all", "percent", "amount"
LOG: Any = OrderStateLog.__table__
Pairs = dict[str, list[Any]]


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


@dataclass(slots=True)
class Made:
    """A refund that was decided, of one order, and its number."""

    order: OrderFigures
    decision: Decision
    id: int
    key: str | None


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
    numbers = rows.reserve_ids(REFUNDS, len(decided))
    made = [
        Made(order, decision, number, f"{key}:{order.id}" if key else None)
        for (order, decision), number in zip(decided, numbers, strict=True)
    ]
    _write_orders(made, actor)
    _write_lines(made, actor)
    _write_refunds(made, wish, actor)
    _move_stock(made, actor)
    _tell_orders(made, wish, actor)
    db.session.expire_all()  # what the session knew of these rows stands no more
    for order in orders:
        order.version += 1
    telling.tell_refunds(numbers, actor=actor)
    telling.tell_closed([one.order.id for one in made if one.decision.to is OrderState.CLOSED], actor=actor)
    telling.settle_late([one.order.id for one in made if one.decision.to is OrderState.SHIPPED], _("The rest was refunded."))
    return numbers


def _stamp(actor: Any) -> dict[str, Any]:
    return {"changed_at": clock.now(), "changed_by_id": actor.id}


def _write_orders(made: Sequence[Made], actor: Any) -> None:
    now = clock.now()
    changed: list[dict[str, Any]] = [
        {
            "id": one.order.id, "version": one.order.version, "refunded": one.order.refunded + one.decision.amount,
            "refund_state": one.decision.refund_state, "state": one.decision.to or one.order.state,
            "close_reason": CloseReason.REFUNDED if one.decision.to is OrderState.CLOSED else one.order.close_reason,
            "closed_at": one.order.closed_at or (now if one.decision.to is OrderState.CLOSED else None),
            "shipped_at": one.order.shipped_at or (now if one.decision.to is OrderState.SHIPPED else None),
        }
        for one in made
    ]  # fmt: skip
    # whoever works with a past order has made it a living one
    if rows.update_many(ORDERS, changed, {**_stamp(actor), "is_past": False}) != len(made):
        raise Conflict(_("Somebody else changed this in the meantime."))
    entries = [(one.order.id, _differences(one.order, row)) for one, row in zip(made, changed, strict=True)]
    history.record_many(Order, entries, verb="update", actor=actor)
    changes.record(Order, [key for key, _pairs in entries])
    log = [
        {"order_id": one.order.id, "from_state": one.order.state, "to_state": one.decision.to, "why": _why(one)}
        for one in made if one.decision.to
    ]  # fmt: skip
    who = {"created_by_id": actor.id, "changed_by_id": actor.id}
    rows.insert_many(LOG, log, {"moved_at": now, **who})


def _differences(order: OrderFigures, row: dict[str, Any]) -> Pairs:
    names = ("refunded", "refund_state", "state", "close_reason", "closed_at", "shipped_at")
    pairs: Pairs = {name: [before, row[name]] for name in names if (before := getattr(order, name)) != row[name]}
    return pairs | {"is_past": [True, False]} if order.is_past else pairs


def _why(one: Made) -> str:
    return _("Refunded before shipping.") if one.decision.to is OrderState.CLOSED else _("The rest was refunded.")


def _write_lines(made: Sequence[Made], actor: Any) -> None:
    entries, changed = [], []
    for one in made:
        for line, quantity, amount, unsent, _back in one.decision.shares:
            freed = min(unsent, line.reserved_quantity) if line.sku_id else 0
            after = {
                "refunded_quantity": line.refunded_quantity + quantity, "refunded_amount": line.refunded_amount + amount,
                "cancelled_quantity": line.cancelled_quantity + unsent, "reserved_quantity": line.reserved_quantity - freed,
            }  # fmt: skip
            changed.append({"id": line.id, "version": line.version, **after})
            pairs = {name: [getattr(line, name), value] for name, value in after.items() if getattr(line, name) != value}
            entries.append((line.id, pairs))
    if rows.update_many(LINES, changed, _stamp(actor)) != len(changed):
        raise Conflict(_("Somebody else changed this in the meantime."))
    history.record_many(OrderLine, entries, verb="update", actor=actor)
    changes.record(OrderLine, [key for key, _pairs in entries])


def _write_refunds(made: Sequence[Made], wish: Wish, actor: Any) -> None:
    now, who = clock.now(), {"created_by_id": actor.id, "changed_by_id": actor.id}
    alike = {"reason": wish.reason, "note": wish.note or None, "restock": wish.restock, "external_ref": None, "refunded_at": now}
    refunds: list[dict[str, Any]] = [
        {
            "id": one.id, "order_id": one.order.id, "method": one.order.method, "currency": one.order.currency,
            "amount": one.decision.amount, "key": one.key,
        }
        for one in made
    ]  # fmt: skip
    rows.insert_many(REFUNDS, refunds, {**alike, **who})
    given = {name: [None, value] for name, value in alike.items() if value not in (None, "")}
    _trail(Refund, [(row["id"], {**_given(row), **given}) for row in refunds], actor)
    shares = [(one, share) for one in made for share in one.decision.shares]
    numbers = rows.reserve_ids(SHARES, len(shares)) if shares else []
    lines: list[dict[str, Any]] = [
        {
            "id": number, "refund_id": one.id, "line_id": share.line.id, "quantity": share.quantity,
            "currency": one.order.currency, "amount": share.amount, "cancelled_quantity": share.unsent,
            "restocked_quantity": share.back,
        }
        for (one, share), number in zip(shares, numbers, strict=True)
    ]  # fmt: skip
    rows.insert_many(SHARES, lines, who)
    _trail(RefundLine, [(row["id"], _given(row)) for row in lines], actor)


def _given(row: dict[str, Any]) -> Pairs:
    return {name: [None, value] for name, value in row.items() if value not in (None, "") and name != "id"}


def _trail(model: type[Any], entries: list[tuple[int, Pairs]], actor: Any) -> None:
    history.record_many(model, entries, verb="insert", actor=actor)
    changes.record(model, [key for key, _pairs in entries], "insert")


def _move_stock(made: Sequence[Made], actor: Any) -> None:
    free, back = [], []
    for one in made:
        cause, order = Cause(RESOURCE, one.order.id, f"refund-{one.id}"), one.order
        held = [(share.line, min(share.unsent, share.line.reserved_quantity)) for share in one.decision.shares]
        free.append(Command(cause, _lines(order, held), order.shop_id))
        came = [(share.line, share.back) for share in one.decision.shares]
        back.append(Command(cause, _lines(order, came), order.shop_id, order.number))
    inventory.release_many(free, actor=actor)
    inventory.take_back_many(back, actor=actor)


def _lines(order: OrderFigures, pieces: Sequence[tuple[Any, int]]) -> list[Line]:
    return [
        Line(line.sku_id, quantity, order.warehouse_id, line.unit_cost) for line, quantity in pieces if line.sku_id and quantity
    ]


def _tell_orders(made: Sequence[Made], wish: Wish, actor: Any) -> None:
    """The verbs, beside the fields that changed."""
    told = [(one.order.id, {"amount": [None, money.plain(one.decision.amount, one.order.currency)]}) for one in made]
    history.record_many(Order, told, verb="order.refunded", actor=actor, why=wish.note)
    for to in (OrderState.CLOSED, OrderState.SHIPPED):
        moved = [one for one in made if one.decision.to is to]
        if moved:
            entries: list[tuple[int, Pairs]] = [(one.order.id, {}) for one in moved]
            history.record_many(Order, entries, verb=f"order.{to.value}", actor=actor, why=_why(moved[0]))
