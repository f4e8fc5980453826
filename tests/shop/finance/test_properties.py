"""Whatever happens to orders, in whatever currency: both sides stay equal and no unit comes from nowhere (G12).

The large form, half an hour of a processor:
`LEDGER_EXAMPLES=20000 LEDGER_MACHINES=500 LEDGER_STEPS=50 pytest -s --timeout=0 tests/shop/finance/test_properties.py`
"""

import datetime as dt
import os
from collections import defaultdict
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from app.panel.core import money
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import Conflict, DomainError
from app.shop.finance import queries, services
from app.shop.finance.models import Entry, EntryKind, Posting
from app.shop.finance.services import following, posting
from app.shop.inventory import services as inventory
from app.shop.orders import services as orders
from app.shop.orders.models import OrderState, PaymentMethod
from app.shop.orders.services import Amounts, Wanted, refund_rules
from app.shop.orders.services.totals import value_of
from tests.goals import goal
from tests.shop.orders.conftest import BUYER

EXAMPLES = int(os.environ.get("LEDGER_EXAMPLES", "60"))
MACHINES, STEPS = int(os.environ.get("LEDGER_MACHINES", "3")), int(os.environ.get("LEDGER_STEPS", "12"))
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}
AT = dt.datetime(2026, 5, 1, 4, 0, tzinfo=dt.UTC)
AMOUNT = st.integers(0, 10**12)
DIGITS = {"JPY": 0, "KRW": 0, "CNY": 2, "USD": 2, "KWD": 3, "BHD": 3}
CURRENCY = st.sampled_from(sorted(DIGITS))
PERCENT = st.integers(0, 110)
METHOD = st.sampled_from(list(PaymentMethod))


def hold(name, check, *examples):
    """Hold a rule against many random examples, and say how many there were."""
    asked = []

    @settings(max_examples=EXAMPLES, **QUIET)
    @given(st.tuples(*examples))
    def one(values):
        asked.append(1)
        check(*values)

    with told(name, asked):
        one()


@contextmanager
def told(name, asked):
    wrong = 1
    try:
        yield
        wrong = 0
    finally:
        goal(f"G12 {name}", f"{wrong}_of_{len(asked)}", 0, not wrong)


def sums(lines):
    found = defaultdict(int)
    for line in lines:
        found[line.currency] += line.amount
    return found


def test_a_sale_balances_whatever_the_order_consists_of():
    def check(subtotal, discount, fee, tax, adjustment, code):
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

    hold("sale", check, AMOUNT, AMOUNT, AMOUNT, AMOUNT, st.integers(-(10**6), 10**6), CURRENCY)


def test_an_entry_is_taken_when_each_of_its_currencies_balances_and_only_then(app):
    lines = st.lists(st.tuples(st.integers(-3, 3), CURRENCY), min_size=1, max_size=6)

    def check(parts, is_mended):
        found = [posting.Line("a", amount, code) for amount, code in parts]
        if is_mended:
            found += [posting.Line("b", -left, code) for code, left in sums(found).items() if left]
        is_sound = len(found) > 1 and all(line.amount for line in found) and not any(sums(found).values())
        try:
            posting.check(posting.Draft(EntryKind.HAND, "k", 1, AT, tuple(found)))
        except DomainError:
            assert not is_sound
        else:
            assert is_sound

    with app.test_request_context():
        hold("balance", check, lines, st.booleans())


def test_what_is_split_over_accounts_and_taken_back_adds_up_to_nothing():
    def check(parts):
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

    hold("reversal", check, st.lists(st.tuples(st.integers(1, 10**12), CURRENCY), min_size=1, max_size=20))


def test_an_amount_that_is_shared_out_adds_up_to_it_in_every_currency(app):
    def check(total, weights, code):
        parts, whole = money.allocate(total, weights), sum(weights)
        assert sum(parts) == total and len(parts) == len(weights)
        for part, weight in zip(parts, weights, strict=True):
            assert not whole or abs(part * whole - total * weight) < whole or len(weights) == 1, "never a whole unit from its share"
            assert part * total >= 0, "no part goes the other way"
        # what a person or a file reads of the parts adds up to what they read of the total
        assert money.exponent(code) == DIGITS[code]
        assert sum(money.to_decimal(part, code) for part in parts) == money.to_decimal(total, code)
        assert [money.parse(money.plain(part, code), code) for part in parts[:2]] == parts[:2]

    with app.test_request_context():
        hold("allocation", check, st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=40), CURRENCY)


LINES = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 10**7)), min_size=1, max_size=6)
WISHES = st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 20), min_size=6, max_size=6), st.integers(0, 100)), max_size=8)


def sold(lines, fee, is_sent):
    """An order as far as the rule of refunds looks at it."""
    found = [
        SimpleNamespace(
            id=number, total=total, quantity=quantity, refunded_amount=0, refunded_quantity=0, left_to_refund=quantity,
            left_to_ship=0 if is_sent else quantity, shipped_quantity=quantity if is_sent else 0,
        )
        for number, (quantity, total) in enumerate(lines, 1)
    ]  # fmt: skip
    paid = fee + sum(total for _quantity, total in lines)
    state = OrderState.SHIPPED if is_sent else OrderState.PAID
    return SimpleNamespace(number="1", currency="CNY", lines=found, left_to_refund=paid, state=state), paid


def apply(order, decision):
    """Book a decision as the service does."""
    order.left_to_refund -= decision.amount
    for share in decision.shares:
        line = share.line
        line.refunded_amount += share.amount
        line.refunded_quantity += share.quantity
        line.left_to_refund -= share.quantity
        line.left_to_ship -= share.unsent
        assert share.amount >= 0 and line.refunded_amount <= line.total and line.left_to_refund >= 0 and line.left_to_ship >= 0


def test_a_refund_that_is_split_neither_makes_a_unit_nor_loses_one(app):
    def check(lines, fee, is_sent, wishes):
        order, paid = sold(lines, fee, is_sent)
        given = 0
        for by_pieces, pieces, percent in wishes:
            wanted = {line.id: min(number, line.left_to_refund) for line, number in zip(order.lines, pieces, strict=False)}
            amount = order.left_to_refund * percent // 100
            try:
                decision = refund_rules.decide(
                    order, None if by_pieces else amount, pieces=wanted if by_pieces else None, came_back=lambda _line: 0
                )
            except DomainError:
                chosen = sum(
                    value_of(line.total, line.refunded_amount, line.quantity, line.refunded_quantity, wanted[line.id])
                    for line in order.lines if wanted[line.id]
                )  # fmt: skip
                assert not min(chosen if by_pieces else amount, order.left_to_refund), "only nothing is refused"
                continue
            worth = sum(line.total - line.refunded_amount for line in order.lines)
            shared = sum(share.amount for share in decision.shares)
            assert 0 < decision.amount <= order.left_to_refund and shared <= min(decision.amount, worth)
            assert not by_pieces or shared == decision.amount, "of chosen pieces nothing is left over"
            apply(order, decision)
            given += decision.amount
        if order.left_to_refund:
            last = refund_rules.decide(order, came_back=lambda _line: 0)
            apply(order, last)
            given += last.amount
        assert (given, order.left_to_refund) == (paid, 0)
        if not is_sent and all(by_pieces for by_pieces, _pieces, _percent in wishes):
            assert all(line.refunded_amount == line.total for line in order.lines)

    with app.test_request_context():
        hold("refund", check, LINES, st.integers(0, 10**5), st.booleans(), WISHES)


class Books(RuleBasedStateMachine):
    """Orders are placed, paid in parts, refunded and sent; past ones come, come again and go; people book and take back."""

    def __init__(self, stall, past, kept):
        super().__init__()
        kept.machine += 1
        self.stall, self.past_row, self.kept = stall, past, kept
        self.order, self.pasts, self.hand = None, {}, None

    def try_to(self, action):
        try:
            return action()
        except DomainError:
            self.kept.session.expire_all()
            return None

    @rule(pieces=st.integers(1, 4), percent=PERCENT, fee=st.integers(0, 999))
    def place(self, pieces, percent, fee):
        amounts = Amounts(discount=pieces * 4950 * min(percent, 100) // 100, shipping_fee=fee)
        wanted = [Wanted(sku, pieces) for sku in self.stall.skus]
        self.order = orders.place(wanted, channel_id=self.stall.site_id, buyer=BUYER, actor=SYSTEM, amounts=amounts)

    @precondition(lambda self: self.order is not None)
    @rule(method=METHOD, percent=PERCENT)
    def pay(self, method, percent):
        self.try_to(lambda: orders.pay(self.order, self.order.left_to_pay * percent // 100, method=method, actor=SYSTEM))

    @precondition(lambda self: self.order is not None)
    @rule(method=METHOD, percent=PERCENT)
    def refund(self, method, percent):
        self.try_to(lambda: orders.refund(self.order, self.order.left_to_refund * percent // 100, method=method, actor=SYSTEM))

    @precondition(lambda self: self.order is not None)
    @rule(pieces=st.lists(st.integers(0, 3), min_size=2, max_size=2), restock=st.booleans())
    def refund_pieces(self, pieces, restock):
        wanted = {line.id: number for line, number in zip(self.order.lines, pieces, strict=True)}
        self.try_to(lambda: orders.refund(self.order, pieces=wanted, restock=restock, actor=SYSTEM))

    @precondition(lambda self: self.order is not None)
    @rule()
    def ship(self):
        self.try_to(lambda: orders.ship(self.order, actor=SYSTEM))

    @rule(number=st.integers(1, 3), discount=st.integers(0, 5000), percent=PERCENT, code=CURRENCY)
    def past(self, number, discount, percent, code):
        more = {"discount": discount, "refunded": 49800 * min(percent, 90) // 100, "currency": code}
        row = self.past_row(f"H-{self.kept.machine}-{number}", **more)
        made = self.try_to(lambda: orders.record_past_order(row, actor=SYSTEM))
        if made is not None:
            self.pasts[number] = made.id

    @rule(number=st.integers(1, 3))
    def past_goes(self, number):
        orders.remove_past_orders([self.pasts.pop(number, 0)], actor=SYSTEM)

    @rule(total=st.integers(1, 10**9), weights=st.lists(st.integers(0, 9), min_size=1, max_size=3), codes=st.sets(CURRENCY, min_size=1))
    def book(self, total, weights, codes):
        """One amount over several accounts, in each of some currencies."""
        roles = ("fees", "other_cost", "money.cash")
        lines = []
        for code in sorted(codes):
            shares = zip(roles, money.allocate(total, weights), strict=False)
            lines += [posting.Line("money.transfer", -total, code), *(posting.Line(to, part, code) for to, part in shares if part)]
        self.kept.number += 1
        command = {"shop_id": self.stall.shop_id, "key": f"{self.kept.number}", "memo": "By hand", "actor": SYSTEM, "occurred_at": AT}
        self.hand = services.book_by_hand(lines, **command)
        assert services.book_by_hand(lines, **command).id == self.hand.id
        with pytest.raises(Conflict):
            services.book_by_hand([posting.Line(line.account, 2 * line.amount, line.currency) for line in lines], **command)

    @precondition(lambda self: self.hand is not None)
    @rule()
    def take_back(self):
        services.reverse(self.hand, why="Wrong", actor=SYSTEM)
        with pytest.raises(DomainError):
            services.reverse(self.hand, why="Wrong", actor=SYSTEM)
        self.hand = None

    @invariant()
    def every_entry_balances(self):
        """Of each new entry both sides in each currency; its lines are added to what is known of the accounts."""
        kept, entries = self.kept, defaultdict(int)
        kept.steps.append(1)
        for one in kept.session.query(Posting).filter(Posting.id > kept.last).order_by(Posting.id):
            entries[one.entry_id, one.currency] += one.debit - one.credit
            kept.accounts[one.account_id, one.currency, one.occurred_at < AT] += one.debit - one.credit
            kept.last = one.id
        assert not any(entries.values())
        known = {key for (key,) in kept.session.query(Entry.id).filter(Entry.id > kept.last_entry)}
        assert {key for key, _code in entries} == known
        kept.last_entry = max(known, default=kept.last_entry)

    def teardown(self):
        """The balances are what all entries add up to, at any day, and the ledger tells what happened to the orders."""
        replayed, told_ = defaultdict(int), {}
        for (account, code, is_before), amount in self.kept.accounts.items():
            replayed[account, code, "all"] += amount
            replayed[account, code, "before"] += amount if is_before else 0
        for one in self.kept.session.execute(queries.balances(SYSTEM, AT, AT + dt.timedelta(days=36500))):
            told_[one.account_id, one.currency, "all"] = one.opening + one.debit - one.credit
            told_[one.account_id, one.currency, "before"] = one.opening
        assert told_ == dict(replayed)
        assert services.verify() == []


def test_the_ledger_agrees_with_the_orders_and_its_balances_with_its_entries_whatever_happens(session, stall, past):
    inventory.receive([inventory.Line(sku, 10**6, stall.house_id) for sku in stall.skus], actor=SYSTEM)
    kept = SimpleNamespace(
        session=session, machine=0, number=0, last=0, last_entry=0, accounts=defaultdict(int), steps=[],
    )  # fmt: skip
    with told("books", kept.steps):
        run_state_machine_as_test(
            lambda: Books(stall, past, kept), settings=settings(max_examples=MACHINES, stateful_step_count=STEPS, **QUIET)
        )
    assert services.catch_up() == 0
    assert len(kept.steps) > MACHINES
