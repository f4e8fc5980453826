"""The ledger follows orders: each payment, sale and refund once, whatever way it came by."""

import datetime as dt

import sqlalchemy as sa

from app.panel.core.actor import SYSTEM
from app.shop.finance import services
from app.shop.finance.models import Entry, EntryKind, Posting
from app.shop.orders import services as orders
from app.shop.orders.models import PaymentMethod
from app.shop.orders.services import Amounts
from tests.shop.finance.books import balance, balances, kinds


def test_a_paid_order_is_a_payment_and_a_sale(order_of):
    order = order_of(1, amounts=Amounts(discount=900, shipping_fee=800, tax=100))
    assert kinds() == []
    orders.pay(order, method=PaymentMethod.ALIPAY, actor=SYSTEM)
    assert kinds() == ["payment", "sale"]
    assert balances() == {"money.alipay": 19900, "sales": -19900, "discounts": 900, "shipping": -800, "tax": -100}


def test_parts_are_booked_as_they_come_and_the_sale_when_all_is_paid(order_of):
    order = order_of(1)
    orders.pay(order, 5000, method=PaymentMethod.CASH, actor=SYSTEM)
    assert balances() == {"money.cash": 5000, "receivable": -5000}
    orders.pay(order, method=PaymentMethod.CARD, actor=SYSTEM)
    assert balances() == {"money.cash": 5000, "money.card": 14900, "sales": -19900}


def test_money_that_goes_back_before_a_sale_is_no_refund_of_one(order_of):
    order = order_of(1)
    orders.pay(order, 5000, method=PaymentMethod.CASH, actor=SYSTEM)
    orders.refund(order, actor=SYSTEM)
    assert balances() == {}


def test_refunds_leave_by_their_own_way(order_of):
    order = order_of(1, paid=True)
    orders.refund(order, 900, method=PaymentMethod.CASH, key="r", actor=SYSTEM)
    orders.refund(order, 900, method=PaymentMethod.CASH, key="r", actor=SYSTEM)
    assert (balance("refunds"), balance("money.cash")) == (900, -900)
    assert kinds() == ["payment", "sale", "refund"]
    assert services.verify() == []


def test_a_callback_that_comes_twice_is_booked_once(order_of):
    order = order_of(1)
    for _ in range(3):
        orders.pay(order, method=PaymentMethod.WECHAT, external_ref="wx-1", actor=SYSTEM)
    assert kinds() == ["payment", "sale"]


def test_an_order_for_nothing_is_a_sale_of_its_goods_at_a_full_discount(order_of):
    order_of(1, amounts=Amounts(discount=19900))
    assert balances() == {"sales": -19900, "discounts": 19900}
    assert services.verify() == []


def test_past_orders_are_booked_on_their_own_days(session, past):
    rows = [past(f"P-{n}", paid=20000 + n, total=49800 + n, refunded=n, payment_method="alipay") for n in range(1, 6)]
    orders.record_past_orders(rows, actor=SYSTEM)
    assert balance("money.alipay") == sum(20000 + n - n for n in range(1, 6))
    assert balance("receivable") == 5 * 29800
    assert services.verify() == []
    days = {at.date() for (at,) in session.query(Entry.occurred_at).filter(Entry.kind != EntryKind.REFUND)}
    assert days == {dt.date(2025, 11, 11)}


def test_the_same_file_again_books_nothing_and_another_amount_reverses_what_it_replaces(session, past):
    orders.record_past_orders([past()], actor=SYSTEM)
    before = kinds()
    orders.record_past_orders([past()], actor=SYSTEM)
    assert kinds() == before == ["payment", "sale"]
    orders.record_past_orders([past(discount=800)], actor=SYSTEM)
    assert sorted(kinds()) == ["payment", "payment", "reversal", "reversal", "sale", "sale"]
    assert (balance("discounts"), balance("receivable"), services.verify()) == (800, 0, [])
    orders.record_past_orders([past(buyer_name="韩梅梅")], actor=SYSTEM)
    assert services.verify() == []
    assert session.scalar(sa.select(sa.func.sum(Posting.debit - Posting.credit))) == 0


def test_an_import_that_is_undone_leaves_nothing_on_the_accounts(session, past):
    made = orders.record_past_order(past(refunded=100), actor=SYSTEM)
    orders.remove_past_orders([made.id], actor=SYSTEM)
    assert (balances(), services.verify()) == ({}, [])
    assert session.query(Entry).count() == 6


def test_past_orders_are_booked_in_statements_that_do_not_grow(past, count_queries):
    costs = []
    for start, size in ((0, 2), (10, 60)):
        rows = [past(f"S-{start + n}") for n in range(size)]
        with count_queries() as counted:
            orders.record_past_orders(rows, actor=SYSTEM)
        costs.append(len(counted))
    assert costs[1] <= costs[0]


def test_what_came_past_the_ledger_is_found_and_booked(session, order_of, past, monkeypatch):
    from app.shop.finance.services import following

    with monkeypatch.context() as patched:
        for name in ("post_many",):
            patched.setattr(following, name, lambda *_a, **_k: {})
        order = order_of(1, paid=True)
        orders.refund(order, 700, actor=SYSTEM)
        orders.record_past_orders([past()], actor=SYSTEM)
    assert kinds() == []
    assert {one.what for one in services.verify()} == {"payments", "refunds", "sales"}
    assert (services.catch_up(), services.catch_up()) == (2, 0)
    assert services.verify() == []


def test_the_hourly_check_tells_finance_of_a_difference(session, order_of, stall, somebody):
    from app.panel.core.notices import Notice
    from app.shop.finance.jobs import check
    from app.shop.orders.models import Payment

    person = somebody("finance", stall.shop_id)
    order_of(1, paid=True)
    assert check() == {"booked": 0, "differences": 0}
    session.execute(sa.update(Payment).values(amount=1))
    session.commit()
    assert check()["differences"] == 1
    assert session.query(Notice).filter_by(user_id=person.id).count() == 1
