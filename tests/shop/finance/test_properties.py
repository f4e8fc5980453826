"""Whatever happens to orders, in whatever currency: both sides stay equal and no unit comes from nowhere (G12).

`LEDGER_EXAMPLES=500 make test ARGS=tests/shop/finance/test_properties.py` is the large form.
"""

import datetime as dt
import os
from collections import defaultdict
from types import SimpleNamespace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError
from app.shop.finance import services
from app.shop.finance.models import Entry, EntryKind, Posting
from app.shop.finance.services import following, posting
from app.shop.orders import services as orders
from app.shop.orders.models import PaymentMethod
from app.shop.orders.services import Amounts, Wanted
from tests.shop.orders.conftest import BUYER

EXAMPLES = int(os.environ.get("LEDGER_EXAMPLES", "3"))
QUICK = settings(max_examples=EXAMPLES * 15, deadline=None, suppress_health_check=list(HealthCheck))
REAL = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
AT = dt.datetime(2026, 5, 1, 4, 0, tzinfo=dt.UTC)
AMOUNT = st.integers(0, 10**12)
CURRENCY = st.sampled_from(["CNY", "USD", "JPY", "KRW", "KWD"])
PERCENT = st.integers(0, 110)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), st.integers(1, 4), PERCENT, st.integers(0, 999)),
        st.tuples(st.just("pay"), st.sampled_from(list(PaymentMethod)), PERCENT),
        st.tuples(st.just("refund"), st.sampled_from(list(PaymentMethod)), PERCENT),
        st.tuples(st.just("ship")),
        st.tuples(st.just("past"), st.integers(1, 3), st.integers(0, 5000), PERCENT),
        st.tuples(st.just("gone"), st.integers(1, 3)),
    ),
    min_size=4, max_size=12,
)  # fmt: skip


def sums(lines):
    found = defaultdict(int)
    for line in lines:
        found[line.currency] += line.amount
    return found


@QUICK
@given(AMOUNT, AMOUNT, AMOUNT, AMOUNT, st.integers(-(10**6), 10**6), CURRENCY)
def test_a_sale_balances_whatever_the_order_consists_of(subtotal, discount, fee, tax, adjustment, code):
    total = subtotal - discount + fee + tax + adjustment
    order = SimpleNamespace(
        id=1, number="1", shop_id=1, currency=code, subtotal=subtotal, discount=discount, shipping_fee=fee, tax=tax,
        adjustment=adjustment, total=total, paid_at=AT,
    )  # fmt: skip
    draft = following.sale_draft(order)
    if draft is None:
        assert not any((subtotal, discount, fee, tax, adjustment))
        return
    posting.check(draft)
    assert sums(draft.lines) == {code: 0}
    assert draft.amount > 0
    assert sum(line.amount for line in draft.lines if line.account == "receivable") == total


@QUICK
@given(st.lists(st.tuples(st.integers(1, 10**12), CURRENCY), min_size=1, max_size=20))
def test_what_is_split_over_accounts_and_taken_back_adds_up_to_nothing(parts):
    pairs = [line for amount, code in parts for line in (posting.Line("a", amount, code), posting.Line("b", -amount, code))]
    draft = posting.Draft(EntryKind.HAND, "k", 1, AT, tuple(pairs))
    posting.check(draft)
    entry = SimpleNamespace(
        id=7, shop_id=1, order_id=None, order_number=None, cause_resource=None, cause_id=None,
        postings=[
            SimpleNamespace(account_id=line.account, debit=max(line.amount, 0), credit=max(-line.amount, 0), currency=line.currency)
            for line in pairs
        ],
    )  # fmt: skip
    back = posting.reversal(entry, at=AT)
    posting.check(back)
    both = defaultdict(int)
    for line in (*draft.lines, *back.lines):
        both[line.account, line.currency] += line.amount
    assert not any(both.values())


@REAL
@given(steps=STEPS)
def test_the_ledger_agrees_with_the_orders_after_every_step(session, stall, past, steps):
    """Orders that are placed, paid in parts, refunded and sent, and past ones that come, come again and go."""
    state = SimpleNamespace(order=None, past={})
    for step in steps:
        try:
            take(step, state, stall, past)
        except DomainError:
            session.expire_all()
        assert services.verify() == []
    replayed = defaultdict(int)
    for one in session.query(Posting):
        replayed[one.entry_id, one.currency] += one.debit - one.credit
    assert not any(replayed.values())
    assert {key for key, _code in replayed} == {key for (key,) in session.query(Entry.id)}
    assert services.catch_up() == 0


def take(step, state, stall, past):
    kind, *values = step
    if kind == "place":
        pieces, percent, fee = values
        amounts = Amounts(discount=pieces * 4950 * min(percent, 100) // 100, shipping_fee=fee)
        state.order = orders.place(
            [Wanted(stall.skus[1], pieces)], channel_id=stall.site_id, buyer=BUYER, actor=SYSTEM, amounts=amounts
        )
    elif kind == "past":
        number, discount, percent = values
        row = past(f"H-{number}", discount=discount, refunded=49800 * min(percent, 90) // 100)
        state.past[number] = orders.record_past_order(row, actor=SYSTEM).id
    elif kind == "gone":
        orders.remove_past_orders([state.past.pop(values[0], 0)], actor=SYSTEM)
    elif state.order is not None and kind == "pay":
        orders.pay(state.order, state.order.left_to_pay * values[1] // 100, method=values[0], actor=SYSTEM)
    elif state.order is not None and kind == "refund":
        orders.refund(state.order, state.order.left_to_refund * values[1] // 100, method=values[0], actor=SYSTEM)
    elif state.order is not None:
        orders.ship(state.order, actor=SYSTEM)
