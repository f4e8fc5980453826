"""Coupons: made by the thousand, given out within limits, used once, free again when nobody pays, void for good."""

import time

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden, InvalidInput
from app.panel.core.jobs import SCHEDULES
from app.shop.marketing import services
from app.shop.marketing.jobs import expire_coupons
from app.shop.marketing.models import Coupon, CouponBatch
from app.shop.marketing.services import batches
from app.shop.marketing.states import Benefit, CouponState, Occasion, OnRefund
from app.shop.orders import services as orders
from app.shop.orders.models import CloseReason

pytestmark = pytest.mark.usefixtures("stall")


def test_codes_are_made_by_the_thousand_each_its_own(session, batch_of):
    batch = batch_of(amount=500, total=5500)
    begun = time.process_time()
    assert services.make_codes(batch, 5500, actor=SYSTEM) == 5500
    assert time.process_time() - begun < 5
    codes = [code for (code,) in session.query(Coupon.code)]
    assert len(set(codes)) == 5500 and {len(code) for code in codes} == {12} and batch.made == 5500
    with pytest.raises(DomainError, match="has none left"):
        services.make_codes(batch, 1, actor=SYSTEM)


def test_a_coupon_comes_off_the_order_and_is_used_when_it_is_paid(session, coupon_of, order_of, pay):
    coupon = coupon_of(amount=500)
    order = order_of(1, 1, codes=[f"{coupon.code[:4]}-{coupon.code[4:]}".lower()])
    assert (order.subtotal, order.discount, order.total) == (24850, 500, 24350)
    assert sum(line.discount for line in order.lines) == 500
    assert (coupon.state, coupon.order_id) == (CouponState.RESERVED, order.id)
    pay(order)
    assert coupon.state is CouponState.REDEEMED and coupon.redeemed_at is not None


def test_it_counts_once(coupon_of, order_of):
    coupon = coupon_of(amount=500)
    order_of(1, codes=[coupon.code])
    with pytest.raises(DomainError, match="Waits for payment") as error:
        order_of(1, codes=[coupon.code])
    assert error.value.field == "codes"
    with pytest.raises(DomainError, match="no coupon"):
        order_of(1, codes=["NO-SUCH-CODE"])


def test_an_order_that_nobody_pays_gives_it_back(coupon_of, order_of):
    """ORD-06: the coupon returns with the stock."""
    coupon = coupon_of(amount=500)
    order = order_of(1, codes=[coupon.code])
    orders.close(order, reason=CloseReason.UNPAID, actor=SYSTEM)
    assert (coupon.state, coupon.order_id) == (CouponState.ISSUED, None)
    orders.reopen(order, actor=SYSTEM)
    assert (coupon.state, coupon.order_id) == (CouponState.RESERVED, order.id), "the closing was a slip"
    orders.close(order, reason=CloseReason.UNPAID, actor=SYSTEM)
    assert order_of(1, codes=[coupon.code]).discount == 500
    with pytest.raises(DomainError, match="used in this very moment"):
        orders.reopen(order, actor=SYSTEM)


@pytest.mark.parametrize(("rule", "after"), [
    (OnRefund.STAYS, CouponState.REDEEMED), (OnRefund.RETURNED, CouponState.ISSUED), (OnRefund.VOID, CouponState.VOID),
])  # fmt: skip
def test_what_becomes_of_it_when_all_is_refunded_says_its_batch(coupon_of, order_of, pay, rule, after):
    coupon = coupon_of(amount=500, on_refund=rule)
    order = order_of(2, codes=[coupon.code])
    pay(order)
    orders.refund(order, 100, actor=SYSTEM)
    assert coupon.state is CouponState.REDEEMED  # a part is not all
    orders.refund(order, actor=SYSTEM)
    assert coupon.state is after


def test_many_refunds_at_once_do_the_same_and_their_reversal_undoes_it(session, stall, coupon_of, order_of, pay):
    back, void = coupon_of(amount=500, on_refund=OnRefund.RETURNED), coupon_of(amount=500, on_refund=OnRefund.VOID)
    sold = [order_of(1, codes=[coupon.code]) for coupon in (back, void)]
    for order in sold:
        pay(order)
    made = [orders.refund(order, actor=SYSTEM) for order in sold]
    states = [coupon.state for coupon in (back, void)]
    services.refund_reversed([refund.id for refund in made], actor=SYSTEM)
    session.expire_all()
    assert [coupon.state for coupon in (back, void)] == [CouponState.REDEEMED] * 2
    services.refunded_many([refund.id for refund in made], actor=SYSTEM)
    session.expire_all()
    assert [coupon.state for coupon in (back, void)] == states == [CouponState.ISSUED, CouponState.VOID]


def test_percent_has_a_cap_and_a_threshold(coupon_of, order_of):
    coupon = coupon_of(benefit=Benefit.PERCENT, percent=15, cap=2000, least=15000)
    with pytest.raises(DomainError, match=r"51\.00"):
        order_of(0, 2, codes=[coupon.code])  # 99.00 of 150.00
    assert order_of(1, codes=[coupon.code]).discount == 2000  # 15 % of 199.00 are 29.85
    second = coupon_of(benefit=Benefit.PERCENT, percent=15)
    assert order_of(0, 1, codes=[second.code]).discount == 743  # 7.425


def test_two_coupons_need_the_word_of_both(coupon_of, order_of):
    one, two, alone = coupon_of(amount=500, stacks=True), coupon_of(amount=300, stacks=True), coupon_of(amount=900)
    assert order_of(1, codes=[one.code, two.code]).discount == 800
    third = coupon_of(amount=100, stacks=True)
    with pytest.raises(DomainError, match="no other coupon"):
        order_of(1, codes=[third.code, alone.code])


def test_it_counts_for_its_goods_shop_channel_session_and_owner_only(session, stall, coupon_of, order_of, customer):
    here, there = coupon_of(amount=500, session_key="live:7"), coupon_of(amount=500, channel_id=stall.counter_id)
    assert order_of(1, codes=[here.code], session_key="live:7").discount == 500
    for coupon in (coupon_of(amount=500, session_key="live:7"), there, coupon_of(customer, amount=500)):
        with pytest.raises(DomainError):
            order_of(1, codes=[coupon.code], session_key="live:8")
    mine = coupon_of(customer, amount=500)
    assert order_of(1, codes=[mine.code], customer_id=customer.id).discount == 500


def test_goods_share_what_comes_off_among_themselves_alone(session, stall, batch_of, order_of):
    batch = services.coupons_for_session("live:7", "豆沙色专属5元券", amount=500, sku_ids=[stall.skus[1]], actor=SYSTEM)
    coupon = services.issue(batch, None, actor=SYSTEM)
    order = order_of(1, 2, codes=[coupon.code], session_key="live:7")
    assert [line.discount for line in order.lines] == [0, 500]


def test_a_person_gets_so_many_and_no_more_and_one_cause_gives_one(batch_of, customer):
    batch = batch_of(amount=500, per_person=2)
    for _time in range(2):
        services.issue(batch, customer, actor=SYSTEM)
    with pytest.raises(DomainError, match="as many"):
        services.issue(batch, customer, actor=SYSTEM)
    owed = services.issue(batch, customer, actor=SYSTEM, cause="draw:1", owed=True)
    assert services.issue(batch, customer, actor=SYSTEM, cause="draw:1", owed=True) is owed
    assert batch.made == 3


def test_newcomers_birthdays_and_whoever_was_long_away(session, batch_of, customer, order_of, pay, clock):
    clock.set("2026-11-20 12:00")
    newcomer, birthday, back = (batch_of(amount=500, occasion=one, per_person=9) for one in
                                (Occasion.NEWCOMER, Occasion.BIRTHDAY, Occasion.WIN_BACK))  # fmt: skip
    first = services.issue(newcomer, customer, actor=SYSTEM)
    with pytest.raises(DomainError, match="birthday"):
        services.issue(birthday, customer, actor=SYSTEM)
    customer.birthday_on = clock.now().date().replace(year=1990)
    session.commit()
    services.issue(birthday, customer, actor=SYSTEM)
    pay(order_of(1, customer_id=customer.id))
    with pytest.raises(DomainError, match="without a paid order"):
        services.issue(newcomer, customer, actor=SYSTEM)
    with pytest.raises(DomainError, match="without a paid order"):
        order_of(1, codes=[first.code], customer_id=customer.id)
    with pytest.raises(DomainError, match="90 days"):
        services.issue(back, customer, actor=SYSTEM)
    clock.set("2027-02-19 12:00")
    services.issue(back, customer, actor=SYSTEM)


def test_it_expires_by_the_clock_and_counts_not_a_second_longer(session, coupon_of, order_of, clock):
    clock.set("2026-11-20 12:00")
    coupon, held = coupon_of(amount=500, valid_days=7), coupon_of(amount=500, valid_days=7)
    order_of(1, codes=[held.code])
    clock.set("2026-11-27 11:59")
    assert expire_coupons() == {"expired": 0}
    clock.set("2026-11-27 12:00")
    with pytest.raises(DomainError, match="at this time"):
        order_of(1, codes=[coupon.code])
    assert [expire_coupons(), expire_coupons()] == [{"expired": 1}, {"expired": 0}]
    assert (coupon.state, held.state) == (CouponState.EXPIRED, CouponState.RESERVED)
    assert "marketing.expire_coupons" in SCHEDULES


def test_void_is_void_and_can_be_taken_back(coupon_of, order_of):
    coupon = coupon_of(amount=500)
    services.void(coupon, why="printed twice", actor=SYSTEM)
    with pytest.raises(DomainError, match="Void"):
        order_of(1, codes=[coupon.code])
    services.restore(coupon, actor=SYSTEM)
    order_of(1, codes=[coupon.code])
    with pytest.raises(DomainError, match="cannot be made void"):
        services.void(coupon, why="too late", actor=SYSTEM)


def test_what_is_out_stands(session, coupon_of):
    batch = coupon_of(amount=500).batch
    with pytest.raises(InvalidInput) as error:
        batches.validate(batch, {"amount": 900, "total": 0})
    assert set(error.value.errors) == {"amount", "total"}
    with pytest.raises(InvalidInput):
        batches.validate(None, {"benefit": Benefit.PERCENT})


def test_support_gives_coupons_out_and_a_reader_does_not(session, batch_of, customer, somebody, stall, ben):
    batch = batch_of(amount=500)
    assert services.issue(batch, customer, actor=ben).customer_id == customer.id
    with pytest.raises(Forbidden):
        services.issue(batch, customer, actor=somebody("viewer", stall.shop_id))
    assert session.query(CouponBatch).one().made == 1
