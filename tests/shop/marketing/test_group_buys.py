"""MKT-03, MKT-07: a group of orders that go on together, or are refunded together."""

import datetime as dt

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.history import HistoryEntry
from app.panel.core.jobs import SCHEDULES
from app.panel.core.notices import Notice
from app.panel.core.outbox import OutboxRow
from app.panel.core.transaction import transactional
from app.shop.customers.services import remember
from app.shop.finance.services import verify
from app.shop.marketing import services
from app.shop.marketing.jobs import end_groups
from app.shop.marketing.models import GroupBuy, GroupBuyMember, PriceUse
from app.shop.marketing.services import promotions
from app.shop.marketing.states import GroupState, MemberState, PromotionKind, Stacking
from app.shop.orders import services as orders
from app.shop.orders.models import (
    BuyerMessage,
    CloseReason,
    MessageState,
    MessageWay,
    Order,
    OrderState,
    Refund,
    RefundState,
)
from app.shop.setup.queries import business
from tests.shop.bringing import counts, operate, take_back
from tests.shop.finance.books import balances

AT = dt.datetime(2026, 11, 20, 4, 0, tzinfo=dt.UTC)


def the(session, model=GroupBuy):
    session.expire_all()
    return session.query(model).order_by(model.id.desc()).first()


def stands(session, *rows):
    session.expire_all()
    return [(row.state, row.is_held) for row in rows]


def test_a_group_waits_and_goes_on_when_it_is_full(session, buy, promotion):
    first = buy()
    group = the(session)
    assert (first.total, group.size, group.taken, group.paid, group.state) == (9900, 3, 1, 1, GroupState.OPEN)
    assert first.is_held and group.code in first.hold_reason and group.code in orders.hindrance(first)
    second = buy(group)
    with pytest.raises(DomainError, match="waits for its group"):
        orders.release(second, actor=SYSTEM)
    with pytest.raises(DomainError, match="on hold"):
        orders.ship(second, actor=SYSTEM)
    with pytest.raises(DomainError, match="refund it first"):
        orders.close(second, reason=CloseReason.OTHER, actor=SYSTEM)
    third = buy(group, paid=False)
    assert stands(session, first, second, third) == [(OrderState.PAID, True)] * 2 + [(OrderState.PENDING, False)]
    orders.pay(third, actor=SYSTEM)
    assert stands(session, first, second, third) == [(OrderState.PAID, False)] * 3
    assert (the(session).state, the(session).paid) == (GroupState.FILLED, 3)
    orders.ship(first, actor=SYSTEM)
    verbs = [entry.verb for entry in session.query(HistoryEntry).filter_by(table="marketing_group_buy").order_by(HistoryEntry.id)]
    assert [verb for verb in verbs if verb.startswith("group.")] == [
        "group.begun", "group.paid", "group.joined", "group.paid", "group.joined", "group.paid", "group.filled",
    ]  # fmt: skip


def test_the_hours_to_ship_begin_when_the_group_is_complete(session, buy, clock):
    first = buy()
    clock.set("2026-11-21 09:00")
    for _n in range(2):
        buy(the(session))
    orders.renew()
    session.expire_all()
    assert first.ship_by_at == AT.replace(day=23, hour=1)


def test_without_a_group_the_price_is_that_of_the_list_and_says_why(session, buy, order_of, promotion):
    alone = order_of(1)
    assert alone.total == 19900 and alone.lines[0].price_trace[-1]["why"] == "group"
    used = buy()
    step = used.lines[0].price_trace[-1]
    assert (step["step"], step["kind"], step["was"], step["unit_price"]) == ("promotion", "group", 19900, 9900)
    assert session.query(PriceUse).one().promotion_id == promotion.id
    assert session.query(GroupBuyMember).one().order_id == used.id


@pytest.mark.parametrize(("stacking", "total"), [(Stacking.ALL, 8900), (Stacking.COUPONS, 9900)])
def test_what_counts_beside_the_price_of_a_group_says_its_promotion(session, buy, promotion, promote, stacking, total):
    promote("reduction", [(5000, 1000)])
    promotion.stacking = stacking
    session.commit()
    assert buy(paid=False).total == total


def test_a_promotion_that_comes_first_leaves_no_group_to_begin(session, buy, promote):
    promote("special", price=5000, priority=1)
    with pytest.raises(DomainError, match="None of these goods are cheaper in the group"):
        buy()
    session.rollback()
    assert session.query(GroupBuy).count() == 0


@pytest.mark.parametrize(("code", "says"), [
    ("PTG1AAAAAAAAA", "There is no group"), ("PT99999", "does not hold"), ("{begin} {begin}x PTG1AAAAAAAAA", "one group only"),
])  # fmt: skip
def test_a_code_of_no_group_is_refused_in_a_sentence(order_of, promotion, code, says):
    with pytest.raises(DomainError, match=says):
        order_of(1, codes=[code.replace("{begin}x", "").format(begin=services.code_to_begin(promotion))])


def test_a_group_for_other_goods_is_refused(order_of, promotion):
    with pytest.raises(DomainError, match="does not hold"):
        order_of(0, 1, codes=[services.code_to_begin(promotion)])


def test_a_customer_sits_in_a_group_once_and_a_full_one_takes_nobody(session, stall, buy):
    people = [transactional(remember)(name=f"客{n}", shop_id=stall.shop_id, phone=f"1380013811{n}", actor=SYSTEM) for n in range(4)]
    buy(customer_id=people[0].id)
    group = the(session)
    with pytest.raises(DomainError, match="is in the group"):
        buy(group, customer_id=people[0].id)
    for person in people[1:3]:
        buy(group, customer_id=person.id, paid=False)
    with pytest.raises(DomainError, match="is full"):
        buy(group, customer_id=people[3].id)


def test_the_clock_fails_a_group_at_its_time_and_not_a_second_before(session, buy, clock, stall, stock_of):
    first, second, third = buy(), None, None
    second, third = buy(the(session)), buy(the(session), paid=False)
    clock.set("2026-11-21 11:59:59")
    assert services.end_groups() == {"freed": 1, "ended": 0, "settled": 0, "stuck": 0}
    assert (the(session).state, the(session).taken) == (GroupState.OPEN, 2)
    clock.set("2026-11-21 12:00:00")
    with pytest.raises(DomainError, match="time of the group"):
        buy(the(session))
    assert services.end_groups() == {"freed": 0, "ended": 1, "settled": 2, "stuck": 0}
    assert stands(session, first, second, third) == [(OrderState.CLOSED, False)] * 3
    assert balances() == {"refunds": 19800, "sales": -19800} and verify() == []  # neither money, stock nor cost is left anywhere
    assert [one.refunded for one in (first, second, third)] == [9900, 9900, 0]
    assert first.refund_state is RefundState.FULLY and session.query(Refund).count() == 2
    assert (the(session).state, stock_of(stall.skus[0])) == (GroupState.FAILED, (10, 0))
    states = [member.state for member in session.query(GroupBuyMember).order_by(GroupBuyMember.id)]
    assert states == [MemberState.REFUNDED, MemberState.REFUNDED, MemberState.LEFT]
    assert end_groups() == {"freed": 0, "ended": 0, "settled": 0, "stuck": 0} and "marketing.end_groups" in SCHEDULES
    assert session.query(Refund).count() == 2


@pytest.mark.parametrize(("language", "says"), [("en", "You get back all that you paid"), ("zh_Hans_CN", "已付款项将全部退还")])
def test_each_buyer_of_a_group_that_fails_is_told_so_once(app, session, buy, clock, monkeypatch, language, says):
    business().language = language
    session.commit()
    monkeypatch.setitem(app.extensions, "mailbox", [])
    first = buy()
    by_mail, unpaid = buy(the(session)), buy(the(session), paid=False)
    by_mail.buyer_email = "mei@example.org"
    session.commit()
    services.fail(the(session), actor=SYSTEM)
    assert services.end_groups()["settled"] == 3 and services.end_groups()["settled"] == 0
    told = {row.order_id: row for row in session.query(BuyerMessage)}
    assert set(told) == {first.id, by_mail.id, unpaid.id} and session.query(BuyerMessage).count() == 3
    letter, texted, closed = told[by_mail.id], told[first.id], told[unpaid.id]
    assert (letter.way, letter.state, letter.recipient) == (MessageWay.EMAIL, MessageState.SENT, "mei@example.org")
    assert [row.kind for row in session.query(OutboxRow)].count("mail") == 1
    assert (texted.way, texted.state, texted.recipient) == (MessageWay.TEXT, MessageState.WAITING, "13800138000")
    assert says in letter.body and "99" in letter.body and first.number in texted.subject
    assert says not in closed.body and not any("{" in f"{row.subject}{row.body}" for row in told.values())


def test_who_pays_when_the_time_is_over_fills_nothing(session, buy, clock):
    buy()
    group = the(session)
    buy(group)
    late = buy(group, paid=False)
    clock.set("2026-11-21 12:00")
    orders.pay(late, actor=SYSTEM)
    assert the(session).state is GroupState.OPEN and late.is_held
    assert services.end_groups()["settled"] == 3
    assert late.refunded == 9900 and the(session).state is GroupState.FAILED


def test_killed_after_some_refunds_the_clock_goes_on_and_pays_nobody_twice(session, buy, clock, monkeypatch):
    buy()
    buy(the(session))
    clock.set("2026-11-21 12:00")
    real, calls = orders.refund, []

    def dies(order, **more):
        calls.append(order.id)
        made = real(order, **more)
        if len(calls) == 2:
            raise KeyboardInterrupt  # after the rows were written, before they were committed
        return made

    monkeypatch.setattr(orders, "refund", dies)
    with pytest.raises(KeyboardInterrupt):
        services.end_groups()
    session.expire_all()
    assert session.query(Refund).count() == 1
    assert services.end_groups() == {"freed": 0, "ended": 0, "settled": 1, "stuck": 0}
    session.expire_all()
    assert sorted(refund.amount for refund in session.query(Refund)) == [9900, 9900]


@pytest.mark.parametrize("fault", [DomainError("The bank is closed."), RuntimeError("a listener broke")])
def test_an_order_that_cannot_be_refunded_stops_no_other_and_says_why(session, buy, clock, monkeypatch, stall, somebody, fault):
    decides, looks = somebody("operations", stall.shop_id), somebody("viewer", stall.shop_id)
    stuck = buy()
    buy(the(session))
    clock.set("2026-11-21 12:00")
    real = orders.refund

    def refuses(order, **more):
        if order.id == stuck.id:
            raise fault
        return real(order, **more)

    monkeypatch.setattr(orders, "refund", refuses)
    assert services.end_groups() == {"freed": 0, "ended": 1, "settled": 1, "stuck": 1}
    assert services.end_groups() == {"freed": 0, "ended": 0, "settled": 0, "stuck": 1}
    session.expire_all()
    member = session.query(GroupBuyMember).filter_by(order_id=stuck.id).one()
    assert (member.state, stuck.is_held) == (MemberState.PAID, True)
    assert member.trouble == ("The bank is closed." if isinstance(fault, DomainError) else "系统出错，详情见服务器日志。")
    told = [(one.user_id, one.key) for one in session.query(Notice).filter_by(kind="marketing.stuck")]
    assert told == [(decides.id, stuck.id)] and looks.id != decides.id
    monkeypatch.setattr(orders, "refund", real)
    assert services.end_groups() == {"freed": 0, "ended": 0, "settled": 1, "stuck": 0}
    session.expire_all()
    assert member.trouble is None and stuck.refunded == 9900


def test_who_is_refunded_leaves_and_his_place_is_free(session, buy):
    first = buy()
    group = the(session)
    second = buy(group)
    refund = orders.refund(second, actor=SYSTEM)
    group = the(session)
    assert (group.taken, group.paid, group.state) == (1, 1, GroupState.OPEN)
    assert stands(session, first, second) == [(OrderState.PAID, True), (OrderState.CLOSED, False)]
    orders.reverse_all_of([refund.id], why="mistake", actor=SYSTEM)
    group = the(session)
    assert (group.taken, group.paid) == (2, 2) and stands(session, second) == [(OrderState.PAID, True)]
    buy(group)
    assert the(session).state is GroupState.FILLED
    orders.refund(first, actor=SYSTEM)
    group = the(session)
    assert (group.state, group.taken, group.paid) == (GroupState.FILLED, 3, 3)


def test_an_unpaid_place_is_free_when_its_order_closes_and_an_empty_group_is_over(session, buy):
    only = buy(paid=False)
    orders.close(only, reason=CloseReason.BUYER, actor=SYSTEM)
    group = the(session)
    assert (group.state, group.taken) == (GroupState.EMPTY, 0)
    with pytest.raises(DomainError, match="Nobody in it"):
        buy(group)


def test_people_let_a_group_go_on_or_end_it(session, buy, stall, somebody):
    first = buy()
    with pytest.raises(DomainError):
        services.fill(the(session), actor=somebody("viewer", stall.shop_id))
    for _time in range(2):
        services.fill(the(session), why="two are enough", actor=SYSTEM)
    assert stands(session, first) == [(OrderState.PAID, False)]
    with pytest.raises(DomainError):
        services.fail(the(session), actor=SYSTEM)
    second = buy()
    for _time in range(2):
        services.fail(the(session), why="no goods", actor=SYSTEM)
    assert services.end_groups()["settled"] == 1 and stands(session, second) == [(OrderState.CLOSED, False)]


@pytest.mark.parametrize("values", [
    {"price": 1, "group_size": 3}, {"price": 1, "group_hours": 3}, {"group_size": 3, "group_hours": 3},
])  # fmt: skip
def test_a_group_buy_says_its_price_its_places_and_its_hours(values):
    with pytest.raises(InvalidInput):
        promotions.validate(None, {"kind": PromotionKind.GROUP, **values})


def test_an_order_that_somebody_held_stays_his_when_the_group_is_complete(session, buy):
    first = buy(paid=False)
    orders.hold(first, reason="call first", actor=SYSTEM)
    orders.pay(first, actor=SYSTEM)
    for _n in range(2):
        buy(the(session))
    session.expire_all()
    assert first.is_held and first.hold_reason == "call first"
    orders.release(first, actor=SYSTEM)
    assert not first.is_held


def test_members_leave_by_the_refund_of_many_and_come_back_when_that_is_taken_back(session, buy):
    keys = [buy().id]
    keys.append(buy(the(session)).id)
    session.commit()
    run = operate("orders.refund", keys[1:], how="all", value=0, currency="CNY", reason="unwanted", restock=False, note="")
    assert counts(run)["changed"] == 1
    group = the(session)
    assert (group.taken, group.paid) == (1, 1)
    session.rollback()
    take_back(run)
    group = the(session)
    assert (group.taken, group.paid, group.state) == (2, 2, GroupState.OPEN)
    assert [session.get(Order, key).is_held for key in keys] == [True, True]
