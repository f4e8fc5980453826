"""What refunds do to the rest of the shop, by statements: orders and lines, stock, log and trail, and everybody who listens.

The refunds and their lines stand already when they are carried out, whoever decided them, and stay when they are taken back:
all that is written here follows from them. How many statements it takes does not hang on how many refunds there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, Text, and_, case, cast, false, func, literal, select, update

from app.panel.bulk.engine import expressions
from app.panel.core import changes, clock, history, money
from app.panel.core.db import db
from app.panel.core.rows import among
from app.panel.core.sets import by_index, constant, insert_rows, stamp, words
from app.shop.inventory import services as inventory
from app.shop.orders.models import (
    CloseReason,
    Order,
    OrderLine,
    OrderState,
    OrderStateLog,
    Refund,
    RefundLine,
    RefundState,
)
from app.shop.orders.services import telling
from app.shop.orders.services.common import RESOURCE
from app.shop.orders.services.refund_figures import LINES, ORDERS, REFUNDS, SHARES
from app.shop.orders.services.refund_rules import GOES_ON

LOG: Any = OrderStateLog.__table__
OF_SHARE = ("refund_id", "line_id", "quantity", "currency", "amount", "cancelled_quantity", "restocked_quantity")
Pairs = dict[Any, ColumnElement[Any]]


def carry_out(ids: Sequence[int], *, actor: Any, note: str = "") -> None:
    """Refunds that were written down just now, one of each order, whose rows are locked."""
    with by_index():
        ends = _write(ids, actor, note)
    db.session.expire_all()  # what the session knew of these rows stands no more
    telling.tell_refunds(ids, actor=actor)
    telling.tell_closed(ends.get(OrderState.CLOSED, []), actor=actor)
    telling.settle_late(ends.get(OrderState.SHIPPED, []), _("The rest was refunded."))


def _write(ids: Sequence[int], actor: Any, note: str) -> dict[OrderState | None, list[int]]:
    """All but the telling; the orders by where they go."""
    _tell_what_was_made(ids, actor)
    held = func.coalesce(_less_of(SHARES.c.cancelled_quantity, LINES.c.reserved_quantity), 0)
    inventory.release_many(_wanted(ids, "", held, None), actor=actor)
    inventory.take_back_many(_wanted(ids, "", SHARES.c.restocked_quantity, ORDERS.c.number), actor=actor)
    freed = case((LINES.c.sku_id.is_(None), 0), else_=held)
    _write_lines(ids, {
        LINES.c.refunded_quantity: LINES.c.refunded_quantity + SHARES.c.quantity,
        LINES.c.refunded_amount: LINES.c.refunded_amount + SHARES.c.amount,
        LINES.c.cancelled_quantity: LINES.c.cancelled_quantity + SHARES.c.cancelled_quantity,
        LINES.c.reserved_quantity: LINES.c.reserved_quantity - freed,
    }, actor)  # fmt: skip
    ends = _where_to(ids)
    for to, orders in ends.items():
        why = _("Refunded before shipping.") if to is OrderState.CLOSED else _("The rest was refunded.")
        _write_orders(ids, orders, _refunded(to), to, why, actor)
    _tell_amounts(ids, "order.refunded", note, actor)
    for to, orders in ends.items():
        if to is not None:
            why = _("Refunded before shipping.") if to is OrderState.CLOSED else _("The rest was refunded.")
            history.record_many(Order, [(key, {}) for key in orders], verb=f"order.{to.value}", actor=actor, why=why)
    return ends


def carry_back(ids: Sequence[int], *, actor: Any, why: str = "") -> list[int]:
    """Refunds that count no more, one of each order, whose rows are locked; the numbers of orders that are open again."""
    stops = {REFUNDS.c.reversed_at: constant(REFUNDS.c.reversed_at, clock.now())}
    told = select(REFUNDS.c.id, expressions.differences(stops)).where(_these(ids))
    history.record_selected(Refund, told, verb="update", actor=actor)
    db.session.execute(update(REFUNDS).where(_these(ids)).values({**_named(stops), **stamp(REFUNDS, actor)}))
    changes.record(Refund, ids)
    ends = _where_back(ids)
    again = case((LINES.c.sku_id.is_(None), 0), else_=SHARES.c.cancelled_quantity)
    inventory.undo_take_back_many(_wanted(ids, "-back", SHARES.c.restocked_quantity, ORDERS.c.number), actor=actor)
    inventory.reserve_many(_wanted(ids, "-back", SHARES.c.cancelled_quantity, None), actor=actor)
    _write_lines(ids, {
        LINES.c.refunded_quantity: LINES.c.refunded_quantity - SHARES.c.quantity,
        LINES.c.refunded_amount: LINES.c.refunded_amount - SHARES.c.amount,
        LINES.c.cancelled_quantity: LINES.c.cancelled_quantity - SHARES.c.cancelled_quantity,
        LINES.c.reserved_quantity: LINES.c.reserved_quantity + again,
    }, actor)  # fmt: skip
    said, reopened = why or _("The refund was taken back."), []
    for (state, to), orders in ends.items():
        _write_orders(ids, orders, _taken_back(state, to), to if to is not state else None, said, actor)
        reopened += orders if state is OrderState.CLOSED and to is not state else []
    _tell_amounts(ids, "order.refund_reversed", why, actor)
    return reopened


def is_sent_again() -> ColumnElement[bool]:
    """Taken back, the refund lets something be sent again that was not to be sent any more."""
    most = select(func.max(SHARES.c.cancelled_quantity)).where(SHARES.c.refund_id == REFUNDS.c.id).correlate(REFUNDS)
    return func.coalesce(most.scalar_subquery() > 0, false())


def _these(ids: Sequence[int]) -> ColumnElement[bool]:
    return among(REFUNDS.c.id, ids)


def _less_of(one: Any, other: Any) -> ColumnElement[Any]:
    return case((one < other, one), else_=other)


def _named(pairs: Pairs) -> dict[str, Any]:
    return {column.key: value for column, value in pairs.items()}


def _tell_what_was_made(ids: Sequence[int], actor: Any) -> None:
    names = ("order_id", "method", "currency", "amount", "reason", "note", "restock", "key", "refunded_at")
    told = select(REFUNDS.c.id, expressions.given([REFUNDS.c[name] for name in names])).where(_these(ids))
    history.record_selected(Refund, told, verb="insert", actor=actor)
    changes.record(Refund, ids, "insert")
    mine = among(SHARES.c.refund_id, ids)
    shares = select(SHARES.c.id, expressions.given([SHARES.c[name] for name in OF_SHARE])).where(mine)
    history.record_selected(RefundLine, shares, verb="insert", actor=actor)
    changes.record(RefundLine, db.session.scalars(select(SHARES.c.id).where(mine).order_by(SHARES.c.id)).all(), "insert")


def _wanted(ids: Sequence[int], step: str, pieces: ColumnElement[Any], note: Any) -> inventory.Wanted:
    """So many pieces of each SKU for each refund; what an order of no warehouse wants comes from where its shop sells."""
    house = func.coalesce(ORDERS.c.warehouse_id, inventory.sells_from(ORDERS.c.shop_id).scalar_subquery())
    shares = SHARES.join(LINES, LINES.c.id == SHARES.c.line_id).join(REFUNDS, REFUNDS.c.id == SHARES.c.refund_id)
    which = {
        "cause_id": ORDERS.c.id, "step": words("refund-", REFUNDS.c.id, step), "warehouse_id": house, "sku_id": LINES.c.sku_id,
        "note": literal(None, Text) if note is None else note,
    }  # fmt: skip
    figures = (func.sum(pieces).label("quantity"), func.max(LINES.c.id).label("last"))
    sums = (
        select(*(one.label(name) for name, one in which.items()), *figures)
        .select_from(shares.join(ORDERS, ORDERS.c.id == REFUNDS.c.order_id))
        .where(_these(ids), LINES.c.sku_id.is_not(None), pieces > 0)
        .group_by(ORDERS.c.id, REFUNDS.c.id, ORDERS.c.warehouse_id, ORDERS.c.shop_id, LINES.c.sku_id, ORDERS.c.number)
        .subquery("sums")
    )  # fmt: skip
    cost = select(LINES.c.unit_cost).where(LINES.c.id == sums.c.last).scalar_subquery()
    return inventory.Wanted(RESOURCE, select(*(sums.c[name] for name in (*which, "quantity")), cost.label("unit_cost")))


def _write_lines(ids: Sequence[int], pairs: Pairs, actor: Any) -> None:
    mine = and_(LINES.c.id == SHARES.c.line_id, SHARES.c.refund_id == REFUNDS.c.id, _these(ids))
    told = select(LINES.c.id, expressions.differences(pairs)).where(mine)
    history.record_selected(OrderLine, told, verb="update", actor=actor)
    db.session.execute(update(LINES).where(mine).values({**_named(pairs), **stamp(LINES, actor)}))
    changes.record(OrderLine, db.session.scalars(select(SHARES.c.line_id).where(among(SHARES.c.refund_id, ids))).all())


def _where_to(ids: Sequence[int]) -> dict[OrderState | None, list[int]]:
    """The orders by where they go when nothing of them is left to be sent; see `refund_rules.decide`."""
    left = LINES.c.quantity - LINES.c.shipped_quantity - LINES.c.cancelled_quantity
    # a sum, for an EXISTS PostgreSQL would answer from all lines that there are; nothing where there is no line
    lines = select(func.sum(case((left != 0, 1), else_=0))).where(LINES.c.order_id == ORDERS.c.id).correlate(ORDERS)
    done = func.coalesce(lines.scalar_subquery() == 0, false())
    found: dict[OrderState | None, list[int]] = {}
    for key, state, is_done in _orders_of(ids, ORDERS.c.id, ORDERS.c.state, done):
        found.setdefault(GOES_ON.get(state) if is_done else None, []).append(key)
    return found


def _where_back(ids: Sequence[int]) -> dict[tuple[OrderState, OrderState], list[int]]:
    """The orders by where they stand and where they go: what is to be sent again makes them open."""
    sent = select(func.max(LINES.c.shipped_quantity)).where(LINES.c.order_id == ORDERS.c.id).correlate(ORDERS)
    is_sent = func.coalesce(sent.scalar_subquery() > 0, false())
    found: dict[tuple[OrderState, OrderState], list[int]] = {}
    for key, state, again, left in _orders_of(ids, ORDERS.c.id, ORDERS.c.state, is_sent_again(), is_sent):
        to = (OrderState.PARTLY_SHIPPED if left else OrderState.PAID) if again else state
        found.setdefault((state, to), []).append(key)
    return found


def _orders_of(ids: Sequence[int], *columns: Any) -> Any:
    rows = REFUNDS.join(ORDERS, ORDERS.c.id == REFUNDS.c.order_id)
    return db.session.execute(select(*columns).select_from(rows).where(_these(ids)).order_by(ORDERS.c.id)).all()


def _refunded(to: OrderState | None) -> Pairs:
    """What an order is then. Whoever works with a past one has made it a living one."""
    more, now = ORDERS.c.refunded + REFUNDS.c.amount, constant(ORDERS.c.closed_at, clock.now())
    fully, partly = (constant(ORDERS.c.refund_state, one) for one in (RefundState.FULLY, RefundState.PARTLY))
    pairs = {
        ORDERS.c.refunded: more, ORDERS.c.refund_state: case((more == ORDERS.c.paid, fully), else_=partly),
        ORDERS.c.is_past: constant(ORDERS.c.is_past, False),
    }  # fmt: skip
    if to is None:
        return pairs
    pairs[ORDERS.c.state] = constant(ORDERS.c.state, to)
    if to is OrderState.CLOSED:
        pairs[ORDERS.c.close_reason] = constant(ORDERS.c.close_reason, CloseReason.REFUNDED)
    at = ORDERS.c.closed_at if to is OrderState.CLOSED else ORDERS.c.shipped_at
    return pairs | {at: func.coalesce(at, now)}


def _taken_back(state: OrderState, to: OrderState) -> Pairs:
    less = ORDERS.c.refunded - REFUNDS.c.amount
    none, partly = (constant(ORDERS.c.refund_state, one) for one in (RefundState.NONE, RefundState.PARTLY))
    pairs = {ORDERS.c.refunded: less, ORDERS.c.refund_state: case((less == 0, none), else_=partly)}
    if to is not state:
        pairs[ORDERS.c.state] = constant(ORDERS.c.state, to)
    emptied = []
    if state is OrderState.CLOSED and to is not state:
        emptied = [ORDERS.c.close_reason, ORDERS.c.closed_at]
    elif state is OrderState.SHIPPED and to is OrderState.PARTLY_SHIPPED:
        emptied = [ORDERS.c.shipped_at]
    return pairs | {column: constant(column, None) for column in emptied}


def _write_orders(
    ids: Sequence[int], orders: Sequence[int], pairs: Pairs, to: OrderState | None, why: str, actor: Any
) -> None:
    mine = and_(ORDERS.c.id == REFUNDS.c.order_id, _these(ids))
    if len(orders) < len(ids):  # mostly all come to one end, and PostgreSQL would look through both lists for each of them
        mine = and_(mine, among(ORDERS.c.id, orders))
    told = select(ORDERS.c.id, expressions.differences(pairs)).where(mine)
    history.record_selected(Order, told, verb="update", actor=actor)
    if to is not None:
        log = {"order_id": ORDERS.c.id, "from_state": ORDERS.c.state, "to_state": to, "why": why[:300], "moved_at": clock.now()}
        insert_rows(LOG, log, ORDERS, among(ORDERS.c.id, orders), order=ORDERS.c.id, actor=actor)
    db.session.execute(update(ORDERS).where(mine).values({**_named(pairs), **stamp(ORDERS, actor)}))
    changes.record(Order, orders)


def _tell_amounts(ids: Sequence[int], verb: str, why: str, actor: Any) -> None:
    """The verb, with how much it was as `money.plain` writes it."""
    codes = db.session.scalars(select(REFUNDS.c.currency).where(_these(ids)).distinct()).all()
    for code in codes:
        amount = _plain(REFUNDS.c.amount, 10 ** money.exponent(code))
        told: Select[Any] = select(REFUNDS.c.order_id, expressions.given([amount.label("amount")]))
        mine = _these(ids) & (REFUNDS.c.currency == code)
        history.record_selected(Order, told.where(mine), verb=verb, actor=actor, why=why)


def _plain(amount: Any, unit: int) -> ColumnElement[Any]:
    if unit == 1:
        return cast(amount, Text)
    return words(amount // unit, ".", func.substr(cast(unit + amount % unit, Text), 2))
