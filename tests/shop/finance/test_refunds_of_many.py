"""Refunds of many orders: the rule of one refund, booked once, taken back by what stands against it."""

import random
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from app.panel.bulk import loop, runs
from app.panel.bulk.engine import approving, life, rowbyrow
from app.panel.bulk.engine.declaring import find
from app.panel.bulk.engine.selecting import Selection
from app.panel.bulk.models import Run, RunItem
from app.panel.core import clock, settings, trailsets
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden, InvalidInput
from app.panel.core.history import HistoryEntry
from app.shop.finance import services as finance
from app.shop.finance.models import Entry, EntryKind
from app.shop.finance.services.posting import post_many, reversal
from app.shop.finance.services.sets import reverse_many
from app.shop.inventory import services as inventory
from app.shop.inventory.models import StockMove, StockReservation
from app.shop.orders import events
from app.shop.orders import services as orders
from app.shop.orders.models import (
    BuyerMessage,
    CloseReason,
    MessageKind,
    MessageState,
    MessageWay,
    Order,
    OrderState,
    OrderStateLog,
    Refund,
    RefundState,
)  # fmt: skip
from app.shop.orders.services.refunds_of_many import decide_all
from tests.panel.bulk.test_runs import expire_lease
from tests.shop.bringing import counts, take_back

ALL = {"how": "all", "value": 0, "currency": "CNY", "reason": "other", "restock": False, "note": "Sold twice"}


@pytest.fixture
def placed(session, order_of):
    """Numbers of a new order: the run ends the session that they would live in."""

    def make(*pieces, sent=0, **more):
        order = order_of(*pieces, **more)
        if sent:
            orders.ship(order, pieces={order.lines[0].id: sent}, actor=SYSTEM)
        session.commit()
        return order.id

    return make


@pytest.fixture
def looked(session):
    def go(keys, actor=SYSTEM, **values):
        made = life.prepare(find("orders.refund"), Selection(ids=tuple(keys)), ALL | values, actor=actor)
        life.look(made, actor=actor)
        loop.work_off(made.id)
        return session.get_one(Run, made.id, populate_existing=True)

    return go


@pytest.fixture
def run(session, looked):
    def go(keys, actor=SYSTEM, **values):
        made = looked(keys, actor, **values)
        life.start(made.id, actor=actor)
        loop.work_off(made.id)
        session.expire_all()
        return session.get_one(Run, made.id)

    return go


@pytest.fixture
def now(session):
    return lambda key: session.get_one(Order, key, populate_existing=True)


def said(run):
    return [item.reason for item in runs.items(run.id) if item.outcome == "refused"]


def sound():
    assert inventory.verify() == [] and finance.verify() == []


def test_the_sum_is_seen_before_and_booked_once(session, placed, stall, stock_of, looked, run, now):
    fresh, part, unpaid = placed(2, 1, paid=True), placed(3, paid=True, sent=1), placed(1)
    seen = looked([fresh, part, unpaid]).findings
    assert seen["counts"] == {"changed": 2, "refused": 1}
    assert seen["sums"]["money"]["after"] == {"CNY": 2 * 19900 + 4950 + 3 * 19900}
    assert seen["sums"]["stock"]["after"] == {"": 3 + 2}
    said_of = [[(one["before"], one["after"]) for one in row["changes"][1:]] for row in seen["first"][:2]]
    assert said_of == [[("Not refunded", "Refunded"), ("To ship", "Closed")], [("Not refunded", "Refunded"), ("Partly shipped", "Shipped")]]
    done = run([fresh, part, unpaid])
    assert (counts(done)["changed"], "nothing left" in said(done)[0]) == (2, True)
    assert (now(fresh).state, now(fresh).close_reason) == (OrderState.CLOSED, CloseReason.REFUNDED)
    assert (now(part).state, now(part).refund_state) == (OrderState.SHIPPED, RefundState.FULLY)
    assert (stock_of(stall.skus[0]), stock_of(stall.skus[1])) == ((9, 1), (10, 0))
    again = run([fresh, part, unpaid])
    assert (counts(again)["same"], counts(again)["changed"], session.query(Refund).count()) == (2, 0, 2)
    assert session.query(Entry).filter_by(kind=EntryKind.REFUND).count() == 2
    sound()


def told(session, order):
    """What stands of an order and of its refund, without numbers and times."""
    made = session.query(Refund).filter_by(order_id=order.id).order_by(Refund.id).all()
    keep = ("order_id", "line_id", "refund_id", "id", "version", "created_at", "changed_at")

    def row(one, *leave):
        leave = {*keep, *leave}
        return [(c.name, getattr(one, c.key)) for c in one.__table__.c if c.name not in leave and not c.name.endswith("_at")]

    lines = [row(line) for line in order.lines]
    shares = [row(share) for refund in made for share in sorted(refund.lines, key=lambda share: share.line_id)]
    moves = session.query(StockMove).filter_by(cause_id=order.id).order_by(StockMove.id)
    trail = session.query(HistoryEntry).filter_by(table="orders_order", key=order.id).order_by(HistoryEntry.id).all()

    def fields(table, keys, verb, *leave):
        """What the trail of these rows says, row by row, without numbers and times."""
        lines = session.query(HistoryEntry).filter(HistoryEntry.table == table, HistoryEntry.key.in_(keys), HistoryEntry.verb == verb)
        return [
            {n: p for n, p in one.changes.items() if n not in {*leave, "order_id", "line_id", "refund_id", "key"} and n[-3:] != "_at"}
            for one in lines.order_by(HistoryEntry.key, HistoryEntry.id)
        ]

    log = session.query(OrderStateLog).filter_by(order_id=order.id).order_by(OrderStateLog.id)
    holds = session.query(StockReservation).filter_by(cause_id=order.id).order_by(StockReservation.sku_id)
    entries = session.query(Entry).filter_by(order_id=order.id).order_by(Entry.id)
    return {
        "order": row(order, "number"), "closed": [order.closed_at is None, order.shipped_at is None], "lines": lines,
        "refunds": [row(one, "key") for one in made], "shares": shares,
        "stock": [(one.reason, one.quantity, one.held, one.sku_id) for one in moves],
        "holds": [(one.sku_id, one.quantity, one.open) for one in holds],
        "log": [(one.from_state, one.to_state, one.why) for one in log],
        "verbs": sorted((one.verb, one.why) for one in trail if one.verb.startswith("order.")),
        "made": fields("orders_refund", [one.id for one in made], "insert"),
        "parts": sorted(map(str, fields("orders_refund_line", [one.id for refund in made for one in refund.lines], "insert"))),
        "changed": [whole(fields("orders_order_line", [line.id], "update")) for line in order.lines],
        "fields": {n: p[1] for one in trail for n, p in one.changes.items() if one.verb == "update" and not n.endswith("_at")},
        "books": [(row(one, "key", "cause_id", "order_number"), [row(line, "entry_id") for line in one.postings]) for one in entries],
    }  # fmt: skip


def whole(lines):
    """One order is written in two steps, and many in one: what stood first and what stands at last."""
    found = {}
    for name, pair in [told for line in lines for told in line.items()]:
        found[name] = [found.get(name, pair)[0], pair[1]]
    return found


@pytest.mark.parametrize(("kind", "restock", "first"), [
    ("fresh", False, 0), ("part", False, 0), ("sent", False, 0),  # by statements alone
    ("fresh", False, 700), ("part", False, 700), ("part", True, 700), ("sent", True, 0), ("sent", False, 700),
])  # fmt: skip
def test_one_and_many_leave_the_same_behind(session, placed, run, now, kind, restock, first):
    """The service of one order and that of many are one rule: whatever either writes, the other does."""
    make = {"fresh": lambda: placed(2, 1, paid=True), "part": lambda: placed(3, 1, paid=True, sent=1),
            "sent": lambda: placed(2, paid=True, sent=2)}[kind]  # fmt: skip
    one, other = make(), make()
    for key in (one, other) if first else ():
        orders.refund(now(key), first, actor=SYSTEM)
    order = now(one)
    pieces = {line.id: line.left_to_refund for line in order.lines} if restock else None
    amount = order.left_to_refund if restock else None
    orders.refund(order, amount, pieces=pieces, restock=restock, note="Sold twice", actor=SYSTEM)
    session.commit()
    assert counts(run([other], restock=restock))["changed"] == 1
    assert told(session, now(one)) == told(session, now(other))
    sound()


def test_statements_decide_what_the_rule_decides(session, placed, now):
    """All that is left of orders in whatever state, shipped, cancelled, refunded and paid by chance."""
    seed = random.randrange(10**6)
    print("seed", seed)
    chance, keys = random.Random(seed), [placed(1, 1, paid=True) for _ in range(4)]
    compared = 0
    for _round in range(10):
        by_chance(session, keys, chance)
        figures = {one.id: one for one in orders.figures_of(keys)}
        found = decided(session, keys)
        for key, order in figures.items():
            try:
                rule = orders.Wish().decide(order)
            except DomainError:
                assert key not in found
                continue
            if key in found:
                shares = [(share.line.id, share.quantity, share.amount, share.unsent, share.back) for share in rule.shares]
                assert found[key] == (rule.amount, shares)
                compared += 1
            else:  # there is less money left than the goods are worth
                assert sum(line.total - line.refunded_amount for line in order.lines if line.left_to_refund) > order.left_to_refund
    assert compared > 5


def by_chance(session, keys, chance):
    for key in keys:
        order = session.get_one(Order, key, populate_existing=True)
        for line in order.lines:
            line.quantity = chance.randint(1, 4)
            line.discount = chance.randint(0, 300)
            line.total = line.quantity * line.unit_price - line.discount
            line.shipped_quantity = chance.randint(0, line.quantity)
            line.cancelled_quantity = chance.randint(0, line.quantity - line.shipped_quantity)
            line.refunded_quantity = chance.choice([0, 0, chance.randint(0, line.quantity)])
            line.refunded_amount = line.total * line.refunded_quantity // line.quantity
        order.paid = max(0, sum(line.total for line in order.lines) - chance.choice([0, 0, 0, 1, 30000]) + chance.choice([0, 500]))
        order.refunded = min(order.paid, sum(line.refunded_amount for line in order.lines))
        order.state = chance.choice([OrderState.PAID, OrderState.PAID, OrderState.PARTLY_SHIPPED, *OrderState])
    session.commit()


def decided(session, keys):
    """{order: (amount, shares)} as statements write them down; nothing of it stays."""
    _orders, numbers = decide_all(keys, orders.Wish(), key="chance", actor=SYSTEM)
    made = session.query(Refund).filter(Refund.id.in_(numbers)).all()
    found = {one.order_id: (one.amount, shares_of(one)) for one in made}
    for one in made:
        session.delete(one)
    session.commit()
    return found


def shares_of(refund):
    names = ("line_id", "quantity", "amount", "cancelled_quantity", "restocked_quantity")
    return [tuple(getattr(share, name) for name in names) for share in sorted(refund.lines, key=lambda share: share.line_id)]


def test_a_part_is_of_what_was_paid_and_never_more_than_is_left(placed, run, now):
    one, spent = placed(1, paid=True), placed(1, paid=True)
    orders.refund(now(spent), 19000, actor=SYSTEM)
    done = run([one, spent], how="percent", value=1250)
    assert (counts(done)["changed"], "only" in said(done)[0]) == (1, True)
    assert (now(one).refunded, now(one).state) == (2488, OrderState.PAID)  # 2487.5
    done = run([one, spent], how="amount", value=900)
    assert (counts(done)["changed"], now(one).refunded, now(spent).refunded) == (2, 3388, 19900)
    assert "CNY" in said(run([one], how="amount", value=900, currency="EUR"))[0]
    sound()


def test_what_is_taken_back_stands_as_before_and_is_reversed_in_the_books(session, placed, stall, stock_of, run, now):
    fresh, back = placed(2, 1, paid=True), placed(2, paid=True, sent=2)
    before = [stock_of(sku) for sku in stall.skus]
    done = run([fresh, back], restock=True)
    assert [stock_of(sku) for sku in stall.skus] == [(10, 0), (10, 0)]
    undone = take_back(done)
    assert counts(undone)["changed"] == 2
    for key, state in ((fresh, OrderState.PAID), (back, OrderState.SHIPPED)):
        order = now(key)
        assert (order.state, order.refund_state, order.refunded, order.close_reason) == (state, RefundState.NONE, 0, None)
        assert all(line.refunded_quantity == line.refunded_amount == line.cancelled_quantity == 0 for line in order.lines)
        assert order.refunds[0].reversed_at is not None
    assert [stock_of(sku) for sku in stall.skus] == before
    kinds = [entry.kind for entry in session.query(Entry).order_by(Entry.id)]
    assert (kinds.count(EntryKind.REFUND), kinds.count(EntryKind.REVERSAL)) == (2, 2)
    sound()
    assert counts(run([fresh, back]))["changed"] == 2  # and they can be refunded anew
    assert finance.follow([fresh, back], actor=SYSTEM) == 0
    sound()


def test_the_trail_of_many_is_told_by_spans_and_says_of_each_what_that_of_few_does(session, placed, run, now, monkeypatch):
    few, many = ([placed(1, 1, paid=True) for _n in range(3)] for _set in range(2))

    def trails(keys):
        """Of each order and all that hangs on it what was done to which columns and by whom; and whether by spans."""
        found, ways = [], set()
        for order in map(now, keys):
            parts = [share for refund in order.refunds for share in refund.lines]
            for row in (order, *order.lines, *order.refunds, *parts):
                lines = [entry for entry in trailsets.of(row) if entry.run_id is not None]
                assert {(entry.table, entry.key) for entry in lines} == {(row.__tablename__, row.id)}
                ways |= {entry.by_span for entry in lines}
                found.append([(e.table, e.verb, e.path, e.why, e.actor_name, sorted(e.changes), e.changes.get("state")) for e in lines])
        return found, ways

    take_back(run(few))
    monkeypatch.setattr(trailsets, "FEWEST", 3)
    take_back(run(many))
    (of_few, by_index), (of_many, by_span) = trails(few), trails(many)
    assert (by_index, by_span) == ({None}, {True})
    assert of_few == of_many and len(of_few) == 3 * 6
    sound()


def test_many_entries_are_reversed_as_one_is(session, placed, run, now):
    """By a query as by drafts: the same lines on the other sides."""
    one, other = placed(2, 1, paid=True), placed(2, 1, paid=True)
    run([one, other])
    first, second = (session.query(Entry).filter_by(order_id=key, kind=EntryKind.REFUND).one() for key in (one, other))
    at = clock.now()
    reverse_many([first.id], at=at, actor=SYSTEM)
    post_many([reversal(second, at=at)], actor=SYSTEM)
    books = [told(session, now(key))["books"] for key in (one, other)]
    for entry, _postings in [made for book in books for made in book]:
        entry.remove(next(pair for pair in entry if pair[0] == "reverses_id"))
    assert (len(books[0]), books[0]) == (4, books[1])


def test_rows_that_cannot_be_taken_back_are_listed(placed, stall, stock_of, run, now):
    short, fine = placed(6, paid=True), placed(0, 1, paid=True)
    done = run([short, fine])
    taken = placed(9, paid=True)
    undone = take_back(done)
    assert (counts(undone)["refused"], counts(undone)["changed"], "left" in said(undone)[0]) == (1, 1, True)
    assert (now(short).state, now(fine).state, now(taken).state) == (OrderState.CLOSED, OrderState.PAID, OrderState.PAID)
    sound()


def test_a_worker_that_dies_in_a_chunk_leaves_nothing_of_it(session, placed, stock_of, stall, looked, now, monkeypatch):
    keys = [placed(1, paid=True) for _ in range(4)]
    operation = find("orders.refund")
    monkeypatch.setattr(type(operation), "chunk", 2)
    made = looked(keys)
    life.start(made.id, actor=SYSTEM)
    with dying_in(2, monkeypatch) as killed, pytest.raises(killed):
        loop.work_off(made.id)
    session.rollback()
    assert session.query(Refund).count() == 2
    assert session.query(RunItem).filter(RunItem.run_id == made.id, RunItem.before.is_not(None)).count() == 2
    assert stock_of(stall.skus[0]) == (10, 2)
    sound()
    expire_lease(made.id)
    loop.work_off(made.id)
    made = session.get_one(Run, made.id, populate_existing=True)
    assert (made.changed, session.query(Refund).count(), stock_of(stall.skus[0])) == (4, 4, (10, 0))
    loop.work_off(made.id)
    assert session.query(Refund).count() == 4
    sound()


@contextmanager
def dying_in(chunk, monkeypatch):
    """The worker dies at the end of a chunk, before it is committed."""

    class Killed(BaseException):
        pass

    whole, seen = rowbyrow.settle, []

    def settle(piece, *told):
        seen.append(piece.low)
        if len(seen) == chunk:
            raise Killed
        return whole(piece, *told)

    with monkeypatch.context() as patch:
        patch.setattr(rowbyrow, "settle", settle)
        yield Killed


def test_a_run_books_an_order_once_whatever_calls_it_again(session, placed, now):
    key = placed(1, paid=True)
    figures = orders.figures_of([key])
    orders.refund_many(figures, orders.Wish("amount", 100, "CNY"), key="bulk:7", actor=SYSTEM)
    with pytest.raises(Exception, match=r"(?i)unique"):
        orders.refund_many(orders.figures_of([key]), orders.Wish("amount", 100, "CNY"), key="bulk:7", actor=SYSTEM)
    session.rollback()
    with pytest.raises(DomainError, match="meantime"):
        orders.refund_many(figures_before(figures), orders.Wish("amount", 100, "CNY"), actor=SYSTEM)
    assert now(key).refunded == 100
    sound()


def figures_before(figures):
    for one in figures:
        one.version -= 1
    return figures


def test_who_may_not_refund_does_not_and_much_money_asks_a_second_person(session, placed, looked, ben, somebody, stall, as_role):
    key = placed(1, paid=True)
    as_role(ben, "viewer")
    with pytest.raises(Forbidden):
        looked([key], actor=ben)
    clerk = somebody("finance", stall.shop_id)
    approving.set_limits({"finance": (None, 10000)}, actor=SYSTEM)
    made = looked([key], actor=clerk)
    assert "moves more" in approving.why_needed(made, clerk)


def test_large_refunds_need_the_proof_of_a_single_one(session, placed, run):
    settings.store({"orders.proof_above": 100}, actor=SYSTEM)
    session.commit()
    assert "one at a time" in said(run([placed(1, paid=True)]))[0]


def test_listeners_of_single_orders_hear_of_each(session, placed, run):
    heard = []

    def closed(order, **_more):
        heard.append((order.number, order.state))

    events.order_closed.connect(closed)
    events.order_refunded.connect(lambda order, refund, **_m: heard.append(refund.amount), weak=False)
    key = placed(1, paid=True)
    session.add(BuyerMessage(order_id=key, kind=MessageKind.PAYMENT_REMINDER, way=MessageWay.TEXT, recipient="1", key="k",
                             subject="s", body="b"))  # fmt: skip
    session.commit()
    receivers = list(events.order_refunded.receivers.values())
    try:
        run([key])
    finally:
        events.order_closed.disconnect(closed)
        events.order_refunded.disconnect(receivers[-1])
    assert (heard[0], heard[1][1]) == (19900, OrderState.CLOSED)
    assert session.query(BuyerMessage).one().state is MessageState.DROPPED


@pytest.mark.parametrize(("given", "wrong"), [
    ({"how": "percent", "value": "101"}, "value"), ({"how": "percent", "value": "x"}, "value"), ({"how": "amount"}, "value"),
    ({"how": "amount", "value": "5", "restock": True}, "restock"),
])  # fmt: skip
def test_bad_input_is_said(app, given, wrong):
    fields = {name: SimpleNamespace(data=given.get(name)) for name in ("how", "value", "restock", "reason", "note")}
    with pytest.raises(InvalidInput) as error:
        find("orders.refund").clean(SimpleNamespace(**fields), actor=SYSTEM)
    assert wrong in error.value.errors


def test_stock_that_others_sell_is_locked_behind_all_other_rows_of_refunds(engine_name, placed, stall, stock_of, run, monkeypatch):
    if engine_name != "postgresql":
        pytest.skip("one writer")
    from app.shop.orders.services import refund_writing

    done, key = [], placed(1, paid=True)
    for place, name in ((inventory, "release_many"), (refund_writing, "_write_orders"), (refund_writing, "_tell_amounts")):
        real = getattr(place, name)
        monkeypatch.setattr(place, name, lambda *given, of=name, go=real, **more: done.append(of) or go(*given, **more))
    assert (run([key]).changed, stock_of(stall.skus[0])) == (1, (10, 0))
    assert done == ["_write_orders", "_tell_amounts", "release_many"]
    sound()
