"""MKT-07: who may have a place in a group, for how long, and what it counts beside."""

import datetime as dt

import pytest

from app.panel.core import records, settings
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.customers.services import merge, remember
from app.shop.marketing import services
from app.shop.marketing.models import GroupBuy, GroupBuyMember, PriceUse
from app.shop.marketing.services import rehearsing
from app.shop.marketing.settings import PAY_MINUTES
from app.shop.marketing.states import GroupState, Stacking, UseState
from app.shop.orders import services as orders
from app.shop.orders.jobs import close_unpaid
from app.shop.orders.models import CloseReason, OrderState, PaymentMethod
from app.shop.orders.services import Incoming, Paid, Wanted


def the(session):
    session.expire_all()
    return session.query(GroupBuy).order_by(GroupBuy.id.desc()).first()


def test_a_place_that_nobody_pays_is_free_after_an_hour_and_one_that_is_held_is_not(session, buy, clock):
    buy()
    late, held = buy(the(session), paid=False), buy(the(session), paid=False)
    orders.hold(held, reason="pays in cash at noon", actor=SYSTEM)
    clock.set("2026-11-20 12:59:59")
    assert services.end_groups()["freed"] == 0
    clock.set("2026-11-20 13:00")
    assert [services.end_groups()["freed"] for _twice in range(2)] == [1, 0]
    session.expire_all()
    assert (late.state, late.close_reason, held.state) == (OrderState.CLOSED, CloseReason.UNPAID, OrderState.PENDING)
    assert (the(session).taken, the(session).paid, the(session).state) == (2, 1, GroupState.OPEN)
    buy(the(session))


def test_an_unpaid_order_that_closes_after_48_hours_leaves_its_place(session, promotion, buy, clock):
    settings.change({PAY_MINUTES: 0}, actor=SYSTEM)
    promotion.group_hours = 72
    session.commit()
    buy()
    late = buy(the(session), paid=False)
    clock.set("2026-11-22 12:00")
    assert services.end_groups() == {"freed": 0, "ended": 0, "settled": 0, "stuck": 0}
    assert close_unpaid() == {"closed": 1}
    assert (the(session).taken, the(session).paid, late.state) == (1, 1, OrderState.CLOSED)


def test_an_order_that_was_closed_by_a_slip_takes_its_place_again_if_there_is_one(session, buy, clock):
    slip = buy(paid=False)
    orders.close(slip, reason=CloseReason.OTHER, actor=SYSTEM)
    assert the(session).state is GroupState.EMPTY
    clock.set("2026-11-20 15:00")
    orders.reopen(slip, actor=SYSTEM)
    assert (the(session).state, the(session).taken, services.end_groups()["freed"]) == (GroupState.OPEN, 1, 0)
    orders.close(slip, reason=CloseReason.OTHER, actor=SYSTEM)
    orders.reopen(slip, actor=SYSTEM)
    for _n in range(2):
        buy(the(session))
    orders.close(slip, reason=CloseReason.OTHER, actor=SYSTEM)
    buy(the(session))
    session.expire_all()
    with pytest.raises(DomainError, match="Went through"):
        orders.reopen(slip, actor=SYSTEM)


def test_whose_group_failed_may_try_another_and_takes_nothing_of_a_limit(session, promotion, buy, clock, customer):
    promotion.per_person, promotion.limit_orders = 1, 3
    session.commit()
    buy(customer_id=customer.id)
    with pytest.raises(DomainError, match="this customer has had it"):
        buy(customer_id=customer.id)
    clock.set("2026-11-21 12:00")
    services.end_groups()
    session.expire_all()
    assert promotion.taken_orders == 0 and session.query(PriceUse).one().state is UseState.RELEASED
    buy(customer_id=customer.id)
    promotion.per_person = None
    session.commit()
    for _n in range(2):
        buy(the(session))
    with pytest.raises(DomainError, match="all 3 are gone"):
        buy()
    assert (the(session).state, promotion.taken_orders) == (GroupState.FILLED, 3)


@pytest.mark.parametrize(("stacking", "total"), [(Stacking.ALL, 9400), (Stacking.COUPONS, 9400), (Stacking.ALONE, None)])
def test_a_coupon_counts_beside_the_price_of_a_group_as_its_promotion_says(session, promotion, order_of, coupon_of, stacking, total):
    coupon, promotion.stacking = coupon_of(amount=500), stacking
    session.commit()
    codes = [services.code_to_begin(promotion), coupon.code]
    if total is None:
        with pytest.raises(DomainError, match="None of these goods take the coupon"):
            order_of(1, codes=codes)
    else:
        order = order_of(1, codes=codes)
        assert order.total == total
        assert [step["step"] for step in order.lines[0].price_trace] == ["list", "promotion", "coupon"]


def test_the_time_to_ship_is_not_over_while_the_group_waits(session, buy, clock, promotion):
    promotion.group_hours = 72
    session.commit()
    order = buy()
    by = order.ship_by_at
    assert (by - order.paid_at).total_seconds() == (72 + 48) * 3600
    orders.renew()
    session.expire_all()
    assert order.ship_by_at == by


def test_who_pays_after_a_person_let_the_group_go_on_is_counted_and_goes_too(session, buy):
    buy()
    late = buy(the(session), paid=False)
    services.fill(the(session), why="enough", actor=SYSTEM)
    orders.pay(late, actor=SYSTEM)
    assert (the(session).paid, late.is_held) == (2, False) and not orders.hindrance(late)


def test_over_the_counter_only_the_order_that_completes_its_group_is_handed_over(session, stall, buy):
    def sell(code):
        return orders.sell([Wanted(stall.skus[0], 1)], channel_id=stall.counter_id, method=PaymentMethod.CASH, codes=[code], actor=SYSTEM)

    for _n in range(2):
        buy(the(session))
    code = the(session).code
    buy()
    with pytest.raises(DomainError, match="is on hold: 等待团"):
        sell(the(session).code)
    session.rollback()
    assert the(session).taken == 1
    assert sell(code).state is OrderState.COMPLETED


def test_what_a_channel_sends_paid_is_taken_at_the_price_of_the_list_when_its_group_is_full(session, stall, buy):
    buy()
    group = the(session)
    for _n in range(2):
        buy(group)
    sent = Incoming(stall.site_id, "X-1", (("T-1", 1, None, ""),), paid=Paid(), codes=(group.code,))
    order, _is_new = orders.take_in(sent, actor=SYSTEM)
    assert (order.total, order.is_held, session.query(GroupBuyMember).count()) == (19900, False, 3)


def test_a_promotion_with_groups_is_switched_off_not_deleted(session, promotion, buy):
    buy()
    with pytest.raises(DomainError):
        records.delete(promotion, actor=SYSTEM)
    session.rollback()
    services.switch(promotion, False, actor=SYSTEM)
    with pytest.raises(DomainError, match="does not hold"):
        buy(the(session))


def test_when_two_cards_become_one_the_one_that_stays_sits_in_the_group(session, stall, buy, customer):
    gone = transactional(remember)(name="小明", shop_id=stall.shop_id, phone="13900139000", actor=SYSTEM)
    buy(customer_id=gone.id)
    merge(customer, gone, actor=SYSTEM)
    session.expire_all()
    assert session.query(GroupBuyMember).one().customer_id == customer.id
    with pytest.raises(DomainError, match="is in the group"):
        buy(the(session), customer_id=customer.id)


def test_a_rehearsal_of_the_clock_says_which_groups_would_end_and_who_would_be_refunded(session, buy, clock):
    first = buy()
    buy(the(session), paid=False)

    def said(at):
        return rehearsing.would_end(dt.datetime.fromisoformat(f"{at}+08:00"))

    assert said("2026-11-20 12:59") == [
        "Groups that would end incomplete: 0", "Orders that would be refunded whole: 0", "Unpaid places that would be free again: 0",
    ]  # fmt: skip
    told = said("2026-11-21 12:00")
    assert told[0].endswith(": 1") and "whole: 1 (CN¥99.00)" in told[1] and first.number in told[2] and told[3].endswith(": 1")
    assert the(session).state is GroupState.OPEN
    clock.set("2026-11-21 12:00")
    services.end_groups()
    clock.set("2026-11-22 12:00")
    assert said("2026-11-21 11:59") != said("2026-11-22 12:00") == said("2026-11-20 12:59")
