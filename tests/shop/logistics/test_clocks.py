"""What happens by the clock: 47:59 nothing, 48:00 once; and what the list says of the time that is left."""

import datetime as dt

import pytest

from app.panel.core import clock as clocks
from app.panel.core import records, settings
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError
from app.shop.logistics import jobs, services
from app.shop.logistics.adapters import Told
from app.shop.logistics.events import compensation_approved
from app.shop.logistics.models import Compensation, CompensationKind, CompensationRule, CompensationState
from app.shop.logistics.services import compensations
from app.shop.orders import services as orders
from app.shop.orders.jobs import flag_late
from app.shop.orders.models import ExceptionState, Order, ShipClock

PAID, BEFORE, AT = "2026-11-16 10:00", "2026-11-18 09:59", "2026-11-18 10:00"


@pytest.fixture
def waiting(order_of, clock):
    clock.set(PAID)
    return order_of(2, paid=True)


@pytest.fixture
def rule(waiting):
    def make(**values):
        given = {"name": "Late", "currency": "CNY", "amount": 1000, "kind": CompensationKind.COUPON, **values}
        return records.create(CompensationRule, given, actor=SYSTEM)

    return make


def problems(order, code):
    return [one.state for one in order.exceptions if one.reason.code == code]


def made(session):
    session.expire_all()
    return session.query(Compensation).all()


def test_at_48_hours_an_order_is_late_and_not_a_minute_earlier(session, waiting, clock):
    assert (waiting.ship_by_at - waiting.paid_at).total_seconds() == 48 * 3600
    clock.set(BEFORE)
    assert flag_late() == {"late": 0}
    clock.set(AT)
    assert (flag_late(), flag_late()) == ({"late": 1}, {"late": 0})
    assert problems(waiting, "late") == [ExceptionState.OPEN]


def test_a_shop_has_hours_of_its_own_for_orders_that_wait_too(session, waiting, order_of, stall, clock):
    records.create(ShipClock, {"shop_id": stall.shop_id, "ship_hours": 2, "trace_hours": 1}, actor=SYSTEM)
    assert (order_of(1, paid=True).ship_by_at - clock.now()).total_seconds() == 7200
    clock.advance(hours=2)
    assert flag_late() == {"late": 2}
    session.expire_all()
    assert (waiting.ship_by_at - waiting.paid_at).total_seconds() == 7200


@pytest.mark.parametrize(
    ("at", "tone", "said"),
    [("2026-11-17 21:59", "success", "12 h left"), ("2026-11-17 22:00", "warning", "12 h left"), (BEFORE, "warning", "0 h 1 min left"),
     (AT, "danger", "0 h 0 min over"), ("2026-11-19 10:00", "danger", "24 h over")],
)  # fmt: skip
def test_the_list_shows_the_time_left_in_its_colour(session, waiting, as_user, clock, at, tone, said):
    clock.set(at)
    page = as_user("ben").get("/orders/order/list/").text
    cell = page.partition(said)[0].rpartition("<")[2]
    assert f"badge-{tone}" in cell


def test_an_order_past_its_time_is_compensated_once(session, waiting, rule, clock):
    rule()
    clock.set(BEFORE)
    assert jobs.compensate() == {"made": 0}
    clock.set(AT)
    assert (jobs.compensate(), jobs.compensate()) == ({"made": 1}, {"made": 0})
    orders.ship(waiting, actor=SYSTEM)
    assert jobs.compensate() == {"made": 0}
    row, = made(session)
    assert (row.order_id, row.state, row.amount) == (waiting.id, CompensationState.PROPOSED, 1000)


def test_what_left_too_late_between_two_looks_counts_too(session, waiting, rule, clock):
    rule()
    clock.set("2026-11-18 10:03")
    orders.ship(waiting, actor=SYSTEM)
    assert jobs.compensate() == {"made": 1}


def test_held_orders_in_time_and_those_from_before_the_rule_get_nothing(session, waiting, order_of, rule, clock):
    orders.hold(order_of(1, paid=True), reason="Away", actor=SYSTEM)
    orders.ship(order_of(1, paid=True), actor=SYSTEM)
    clock.set("2026-11-20 10:00")
    rule()
    assert jobs.compensate() == {"made": 0}


def test_the_first_rule_that_fits_counts_and_may_be_automatic(session, waiting, rule, clock):
    told = []

    def hear(row, **_more):
        told.append(row.amount)

    rule(name="Dear ones", position=1, least=10_000_000, amount=9900)
    rule(name="All", position=2, amount=500, kind=CompensationKind.AMOUNT, is_automatic=True)
    clock.set(AT)
    with compensation_approved.connected_to(hear):
        jobs.compensate()
        row, = made(session)
        compensations.approve(row, actor=SYSTEM)
    assert (row.state, row.rule.name, told) == (CompensationState.APPROVED, "All", [500])


def test_what_is_decided_stays_decided(session, waiting, rule, clock, ben, as_role):
    rule()
    clock.set(AT)
    jobs.compensate()
    row, = made(session)
    with pytest.raises(DomainError):
        compensations.approve(row, actor=ben)
    as_role(ben, "finance")
    compensations.refuse(row, actor=ben, why="Asked for it himself")
    with pytest.raises(DomainError):
        compensations.approve(row, actor=ben)


def test_a_parcel_without_a_trace_after_24_hours_is_a_problem_until_it_is_heard_of(session, sent, clock):
    clock.set(PAID)
    parcel = sent()
    clock.set("2026-11-17 09:59")
    assert jobs.flag_silent() == {"silent": 0}
    clock.set("2026-11-17 10:00")
    assert (jobs.flag_silent(), jobs.flag_silent()) == ({"silent": 1}, {"silent": 0})
    order = session.get(Order, parcel.order_id)
    assert problems(order, "silent") == [ExceptionState.OPEN]
    services.receive(parcel.courier, [Told(parcel.number, clock.now())], actor=SYSTEM)
    assert problems(order, "silent") == [ExceptionState.HANDLED]


def test_rehearsals_say_what_would_have_been_flagged_and_compensated_then(session, waiting, rule, sent, clock):
    clock.set(PAID)
    parcel = sent()
    assert jobs.would_compensate(instant(AT)) == ["No rule of compensation is in use: it does nothing."]
    clock.set("2026-11-19 10:00")
    rule(is_automatic=True)
    services.receive(parcel.courier, [Told(parcel.number, clock.now())], actor=SYSTEM)
    silent = [" ".join(jobs.would_flag_silent(instant(f"2026-11-{at}"))) for at in ("17 09:59", "17 10:00", "19 10:00")]
    assert ["heard of: 1" in said for said in silent] == [False, True, False]
    late = [" ".join(jobs.would_compensate(instant(at))) for at in (BEFORE, AT)]
    assert "compensated: 0" in late[0] and "compensated: 1 (" in late[1] and "anybody: 1" in late[1]
    assert (made(session), problems(waiting, "silent")) == ([], [])


def instant(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=clocks.zone())


def test_no_hours_mean_no_problem(session, sent, clock):
    settings.change({"orders.trace_after_hours": 0}, actor=SYSTEM)
    clock.set(PAID)
    sent()
    clock.set("2026-12-17 10:00")
    assert jobs.flag_silent() == {"silent": 0}
