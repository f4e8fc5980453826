"""What refunds do to the rest of the shop, by statements: orders and lines, stock, log and trail, and everybody who listens.

The refunds and their lines stand already when they are carried out, whoever decided them, and stay when they are taken back:
all that is written here follows from them. How many statements it takes does not hang on how many refunds there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    select,
    update,
)

from app.panel.bulk.engine import expressions
from app.panel.core import changes, money, trailsets
from app.panel.core.db import db
from app.panel.core.rows import among_given
from app.panel.core.sets import (
    NOW,
    Numbers,
    by_index,
    constant,
    insertion,
    is_postgresql,
    kept,
    stamped,
    told_by,
    words,
)
from app.panel.core.trailsets import span_of
from app.panel.core.types import ListOf
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
        ends = _write(Numbers(ids), actor, note)
    db.session.expire_all()  # what the session knew of these rows stands no more
    telling.tell_refunds(ids, actor=actor)
    telling.tell_closed(ends.get(OrderState.CLOSED, []), actor=actor)
    telling.settle_late(ends.get(OrderState.SHIPPED, []), _("The rest was refunded."))


def _write(these: Numbers, actor: Any, note: str) -> dict[OrderState | None, list[int]]:
    """All but the telling; the orders by where they go."""
    _tell_what_was_made(these, actor)
    stock = [(inventory.release_many, _wanted(these, "released")), (inventory.take_back_many, _wanted(these, "back"))]
    # they say what is held before the lines are written; but whoever sells the same goods waits for who has locked their stock
    last = [(move, wanted.read()) for move, wanted in stock] if is_postgresql() else []
    for move, wanted in stock if not last else ():
        move(wanted, actor=actor)
    _write_lines(these, _refunded_lines, actor)
    ends = _where_to(these)
    for to, orders in ends.items():
        _write_orders(these, orders, ("refunded", to), partial(_refunded, to), to, _why(to), actor)
    _tell_amounts(these, list(chain.from_iterable(ends.values())), "order.refunded", note, actor)
    for to, orders in ends.items():
        if to is not None:
            told = kept("ends told", _ends_told)
            given = {"told_orders": list(orders)}
            trailsets.tell(told, Order, verb=f"order.{to.value}", actor=actor, why=_why(to), given=given, span=span_of(orders))
    for move, found in last:
        if found is not None:
            move(found, actor=actor)
    return ends


def _ends_told() -> Any:
    mine = among_given(ORDERS.c.id, bindparam("told_orders", type_=ListOf(BigInteger)))
    return trailsets.telling(select(ORDERS.c.id, expressions.given([])).where(mine))


def _why(to: OrderState | None) -> str:
    return _("Refunded before shipping.") if to is OrderState.CLOSED else _("The rest was refunded.")


def carry_back(ids: Sequence[int], *, actor: Any, why: str = "") -> list[int]:
    """Refunds that count no more, one of each order, whose rows are locked; the numbers of orders that are open again."""
    these = Numbers(ids)
    _stop(these, actor)
    changes.record(Refund, ids)
    ends = _where_back(these)
    inventory.undo_take_back_many(_wanted(these, "back again"), actor=actor)
    inventory.reserve_many(_wanted(these, "reserved"), actor=actor)
    _write_lines(these, _lines_taken_back, actor)
    said, reopened = why or _("The refund was taken back."), []
    for (state, to), orders in ends.items():
        gone_on = to if to is not state else None
        _write_orders(these, orders, ("back", state, to), partial(_taken_back, state, to), gone_on, said, actor)
        reopened += orders if state is OrderState.CLOSED and to is not state else []
    _tell_amounts(these, list(chain.from_iterable(ends.values())), "order.refund_reversed", why, actor)
    return reopened


def _stop(these: Numbers, actor: Any) -> None:
    # those that count no more are not among them; a bare value would not be told as a time
    stops: Pairs = {REFUNDS.c.reversed_at: func.coalesce(REFUNDS.c.reversed_at, NOW)}
    mine = these.hold(REFUNDS.c.id)
    told = these.kept("stop told", lambda: trailsets.telling(select(REFUNDS.c.id, expressions.differences(stops)).where(mine)))
    now = told_by(actor)
    trailsets.tell(told, Refund, verb="update", actor=actor, given=these.told | now, span=span_of(these.numbers))
    stopped = these.kept("stopped", lambda: update(REFUNDS).where(mine).values({**_named(stops), **stamped(REFUNDS)}))
    db.session.execute(stopped, these.told | now)


def is_sent_again() -> ColumnElement[bool]:
    """Taken back, the refund lets something be sent again that was not to be sent any more."""
    most = select(func.max(SHARES.c.cancelled_quantity)).where(SHARES.c.refund_id == REFUNDS.c.id).correlate(REFUNDS)
    return func.coalesce(most.scalar_subquery() > 0, false())


def _less_of(one: Any, other: Any) -> ColumnElement[Any]:
    return case((one < other, one), else_=other)


def _named(pairs: Pairs) -> dict[str, Any]:
    return {column.key: value for column, value in pairs.items()}


def _tell_what_was_made(these: Numbers, actor: Any) -> None:
    def made() -> Any:
        names = ("order_id", "method", "currency", "amount", "reason", "note", "restock", "key", "refunded_at")
        return trailsets.telling(select(REFUNDS.c.id, expressions.given([REFUNDS.c[name] for name in names])).where(mine))

    def parts() -> Any:
        return trailsets.telling(select(SHARES.c.id, expressions.given([SHARES.c[name] for name in OF_SHARE])).where(its_parts))

    mine, its_parts = these.hold(REFUNDS.c.id), these.hold(SHARES.c.refund_id)
    span = span_of(these.numbers)
    trailsets.tell(these.kept("made", made), Refund, verb="insert", actor=actor, given=these.told, span=span)
    changes.record(Refund, these.numbers, "insert")
    query = these.kept("numbers of parts", lambda: select(SHARES.c.id).where(its_parts).order_by(SHARES.c.id))
    numbers = db.session.scalars(query, these.told).all()
    span = span_of(numbers)
    trailsets.tell(these.kept("parts", parts), RefundLine, verb="insert", actor=actor, given=these.told, span=span)
    changes.record(RefundLine, numbers, "insert")


def _held() -> ColumnElement[Any]:
    """Pieces that were kept for what is not sent any more."""
    return func.coalesce(_less_of(SHARES.c.cancelled_quantity, LINES.c.reserved_quantity), 0)


# which pieces a refund moves, what is added to the key of their move, and the note of it
MOVES: dict[str, tuple[Callable[[], ColumnElement[Any]], str, Any]] = {
    "released": (_held, "", None), "back": (lambda: SHARES.c.restocked_quantity, "", ORDERS.c.number),
    "back again": (lambda: SHARES.c.restocked_quantity, "-back", ORDERS.c.number),
    "reserved": (lambda: SHARES.c.cancelled_quantity, "-back", None),
}  # fmt: skip


def _wanted(these: Numbers, what: str) -> inventory.Wanted:
    """So many pieces of each SKU for each refund."""
    return inventory.Wanted(RESOURCE, these.kept(what, lambda: _pieces(these, *MOVES[what])), (what, these.shape), these.told)


def _pieces(these: Numbers, pieces_of: Callable[[], ColumnElement[Any]], step: str, note: Any) -> Select[Any]:
    """What an order of no warehouse wants comes from where its shop sells."""
    house = func.coalesce(ORDERS.c.warehouse_id, inventory.sells_from(ORDERS.c.shop_id).scalar_subquery())
    shares = SHARES.join(LINES, LINES.c.id == SHARES.c.line_id).join(REFUNDS, REFUNDS.c.id == SHARES.c.refund_id)
    pieces = pieces_of()
    which = {
        "cause_id": ORDERS.c.id, "step": words("refund-", REFUNDS.c.id, step), "warehouse_id": house, "sku_id": LINES.c.sku_id,
        "note": literal(None, Text) if note is None else note,
    }  # fmt: skip
    figures = (func.sum(pieces).label("quantity"), func.max(LINES.c.id).label("last"))
    sums = (
        select(*(one.label(name) for name, one in which.items()), *figures)
        .select_from(shares.join(ORDERS, ORDERS.c.id == REFUNDS.c.order_id))
        .where(these.hold(REFUNDS.c.id), LINES.c.sku_id.is_not(None), pieces > 0)
        .group_by(ORDERS.c.id, REFUNDS.c.id, ORDERS.c.warehouse_id, ORDERS.c.shop_id, LINES.c.sku_id, ORDERS.c.number)
        .subquery("sums")
    )  # fmt: skip
    cost = select(LINES.c.unit_cost).where(LINES.c.id == sums.c.last).scalar_subquery().label("unit_cost")
    return select(*(cost if name == "unit_cost" else sums.c[name] for name in inventory.LINE))


def _refunded_lines() -> Pairs:
    freed = case((LINES.c.sku_id.is_(None), 0), else_=_held())
    return {
        LINES.c.refunded_quantity: LINES.c.refunded_quantity + SHARES.c.quantity,
        LINES.c.refunded_amount: LINES.c.refunded_amount + SHARES.c.amount,
        LINES.c.cancelled_quantity: LINES.c.cancelled_quantity + SHARES.c.cancelled_quantity,
        LINES.c.reserved_quantity: LINES.c.reserved_quantity - freed,
    }


def _lines_taken_back() -> Pairs:
    again = case((LINES.c.sku_id.is_(None), 0), else_=SHARES.c.cancelled_quantity)
    return {
        LINES.c.refunded_quantity: LINES.c.refunded_quantity - SHARES.c.quantity,
        LINES.c.refunded_amount: LINES.c.refunded_amount - SHARES.c.amount,
        LINES.c.cancelled_quantity: LINES.c.cancelled_quantity - SHARES.c.cancelled_quantity,
        LINES.c.reserved_quantity: LINES.c.reserved_quantity + again,
    }


def _write_lines(these: Numbers, pairs: Callable[[], Pairs], actor: Any) -> None:
    def mine() -> Any:
        return and_(LINES.c.id == SHARES.c.line_id, SHARES.c.refund_id == REFUNDS.c.id, these.hold(REFUNDS.c.id))

    def told() -> Any:
        return trailsets.telling(select(LINES.c.id, expressions.differences(pairs())).where(mine()))

    name = pairs.__name__
    query = these.kept("lines", lambda: select(SHARES.c.line_id).where(these.hold(SHARES.c.refund_id)))
    numbers = db.session.scalars(query, these.told).all()
    statement = these.kept((name, "told"), told)
    trailsets.tell(statement, OrderLine, verb="update", actor=actor, given=these.told, span=span_of(numbers))
    written = these.kept(name, lambda: update(LINES).where(mine()).values({**_named(pairs()), **stamped(LINES)}))
    db.session.execute(written, these.told | told_by(actor))
    changes.record(OrderLine, numbers)


def _where_to(these: Numbers) -> dict[OrderState | None, list[int]]:
    """The orders by where they go when nothing of them is left to be sent; see `refund_rules.decide`."""

    def query() -> Any:
        left = LINES.c.quantity - LINES.c.shipped_quantity - LINES.c.cancelled_quantity
        # a sum, for an EXISTS PostgreSQL would answer from all lines that there are; nothing where there is no line
        lines = select(func.sum(case((left != 0, 1), else_=0))).where(LINES.c.order_id == ORDERS.c.id).correlate(ORDERS)
        return _of_orders(these, func.coalesce(lines.scalar_subquery() == 0, false()))

    found: dict[OrderState | None, list[int]] = {}
    for key, state, is_done in db.session.execute(these.kept("where to", query), these.told).all():
        found.setdefault(GOES_ON.get(state) if is_done else None, []).append(key)
    return found


def _where_back(these: Numbers) -> dict[tuple[OrderState, OrderState], list[int]]:
    """The orders by where they stand and where they go: what is to be sent again makes them open."""

    def query() -> Any:
        sent = select(func.max(LINES.c.shipped_quantity)).where(LINES.c.order_id == ORDERS.c.id).correlate(ORDERS)
        return _of_orders(these, is_sent_again(), func.coalesce(sent.scalar_subquery() > 0, false()))

    found: dict[tuple[OrderState, OrderState], list[int]] = {}
    for key, state, again, left in db.session.execute(these.kept("where back", query), these.told).all():
        to = (OrderState.PARTLY_SHIPPED if left else OrderState.PAID) if again else state
        found.setdefault((state, to), []).append(key)
    return found


def _of_orders(these: Numbers, *columns: Any) -> Select[Any]:
    rows = REFUNDS.join(ORDERS, ORDERS.c.id == REFUNDS.c.order_id)
    return select(ORDERS.c.id, ORDERS.c.state, *columns).select_from(rows).where(these.hold(REFUNDS.c.id)).order_by(ORDERS.c.id)


def _refunded(to: OrderState | None) -> Pairs:
    """What an order is then. Whoever works with a past one has made it a living one."""
    more, now = ORDERS.c.refunded + REFUNDS.c.amount, constant(ORDERS.c.closed_at, NOW)
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
    these: Numbers, orders: Sequence[int], name: Any, pairs: Callable[[], Pairs], to: OrderState | None, why: str, actor: Any
) -> None:
    """`name` says by which `pairs`."""
    # mostly all come to one end, and PostgreSQL would look through both lists for each of them
    some, now = len(orders) < len(these.numbers), told_by(actor)
    given = these.told | now | ({"told_orders": list(orders)} if some else {})

    def mine() -> Any:
        all_ = and_(ORDERS.c.id == REFUNDS.c.order_id, these.hold(REFUNDS.c.id))
        return and_(all_, among_given(ORDERS.c.id, bindparam("told_orders", type_=ListOf(BigInteger)))) if some else all_

    def told() -> Any:
        return trailsets.telling(select(ORDERS.c.id, expressions.differences(pairs())).where(mine()))

    def log() -> Any:
        said = bindparam("told_why", type_=Text())
        row = {"order_id": ORDERS.c.id, "from_state": ORDERS.c.state, "to_state": to, "why": said, "moved_at": NOW}
        return insertion(LOG, row, REFUNDS.join(ORDERS, ORDERS.c.id == REFUNDS.c.order_id), mine(), order=ORDERS.c.id)

    statement = these.kept((name, some, "told"), told)
    trailsets.tell(statement, Order, verb="update", actor=actor, given=given, span=span_of(orders))
    if to is not None:
        db.session.execute(these.kept((name, some, "log"), log), {**given, "told_why": why[:300]})
    written = these.kept((name, some), lambda: update(ORDERS).where(mine()).values({**_named(pairs()), **stamped(ORDERS)}))
    db.session.execute(written, given)
    changes.record(Order, orders)


def _tell_amounts(these: Numbers, orders: Sequence[int], verb: str, why: str, actor: Any) -> None:
    """The verb, with how much it was as `money.plain` writes it."""
    mine = these.hold(REFUNDS.c.id)
    codes = db.session.scalars(these.kept("codes", lambda: select(REFUNDS.c.currency).where(mine).distinct()), these.told).all()
    for code in codes:
        unit = 10 ** money.exponent(code)

        def told(unit: int = unit) -> Any:
            amount = _plain(REFUNDS.c.amount, unit).label("amount")
            rows: Select[Any] = select(REFUNDS.c.order_id, expressions.given([amount]))
            return trailsets.telling(rows.where(mine, REFUNDS.c.currency == bindparam("told_code", type_=Text())))

        statement, span = these.kept(("amounts", unit), told), span_of(orders) if len(codes) == 1 else None
        trailsets.tell(statement, Order, verb=verb, actor=actor, why=why, given={**these.told, "told_code": code}, span=span)


def _plain(amount: Any, unit: int) -> ColumnElement[Any]:
    if unit == 1:
        return cast(amount, Text)
    return words(amount // unit, ".", func.substr(cast(unit + amount % unit, Text), 2))
