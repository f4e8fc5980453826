"""Parcels: whose number it can be, what is said of them exactly once, and which of them stand still."""

import datetime as dt

import pytest

from app.panel.core import records
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, NotFound
from app.shop.logistics import formats, jobs, queries, services
from app.shop.logistics.adapters import Asked, Told, journey
from app.shop.logistics.models import Courier, Parcel, ParcelState, TraceEvent
from app.shop.logistics.services.couriers import USUAL
from app.shop.orders import services as orders
from app.shop.orders.models import OrderState
from tests.shop.logistics.conftest import NUMBER

REAL = {
    "SF": ("SF1234567890123", "sf 1234567890123"), "ZTO": ("751234567890",), "YTO": ("YT2812345678901",), "STO": ("773123456789012",),
    "YUNDA": ("4312345678901",), "JD": ("JDVA12345678901",), "EMS": ("EA123456789CN",), "JT": ("JT5123456789012",),
    "DBL": ("DPK364123456789",), "CHINAPOST": ("9876543210123",),
}  # fmt: skip


@pytest.mark.parametrize("code", USUAL)
def test_each_courier_knows_its_own_numbers(app, code):
    spelling = USUAL[code][2]
    assert formats.check(spelling) == spelling
    assert all(formats.fits(spelling, formats.normal(number)) for number in REAL[code])
    assert not any(formats.fits(spelling, wrong) for wrong in ("", "1", "SF", "运单", "1234567", "9" * 40))
    assert formats.fits(spelling, formats.example(spelling, "123456789" * 9))


@pytest.mark.parametrize("wrong", ["#{12", "(a+)+", "#{9,3}", "*{99}", "#{20} .*", "SF#{1,99}"])
def test_a_format_that_cannot_be_read_or_is_endless_is_refused(app, session, wrong):
    with pytest.raises(ValueError, match=r".+"):
        formats.check(wrong)


def test_a_parcel_with_a_known_courier_is_followed(sent):
    parcel = sent(" sf1234567890123 ", "SF Express")
    assert (parcel.number, parcel.courier.code, parcel.state) == (NUMBER, "SF", ParcelState.WAITING)
    assert parcel.order.state is OrderState.SHIPPED


def test_a_number_that_its_courier_cannot_have_given_stops_the_shipment(couriers, order_of, stall, stock_of):
    order = order_of(1, paid=True)
    with pytest.raises(DomainError, match="SF12"):
        orders.ship(order, courier="顺丰速运", tracking_number="SF12", actor=SYSTEM)
    assert stock_of(stall.skus[0]) == (10, 1)
    orders.ship(order, courier="Our own van", tracking_number="SF12", actor=SYSTEM)
    assert order.state is OrderState.SHIPPED


def told(parcel, hours, kind=ParcelState.MOVING, words="On", event=""):
    return Told(parcel.number, parcel.shipped_at + dt.timedelta(hours=hours), kind, "Shenzhen", words, event)


def test_what_a_courier_says_stands_there_once_and_the_latest_counts(session, sent):
    parcel = sent()
    first, last = told(parcel, 2, ParcelState.COLLECTED, "Collected"), told(parcel, 30, ParcelState.SIGNED, "Signed")
    assert len(services.receive(parcel.courier, [last, first, last], actor=SYSTEM)) == 2
    assert services.receive(parcel.courier, [first, last], actor=SYSTEM) == []
    assert (parcel.state, parcel.moved_at, parcel.first_at) == (ParcelState.SIGNED, last.at, first.at)
    late = told(parcel, 9, ParcelState.MOVING, "Left")
    assert len(services.receive(parcel.courier, [late], actor=SYSTEM)) == 1
    assert parcel.state is ParcelState.SIGNED
    assert [event.words for event in parcel.events] == ["Signed", "Left", "Collected"]


def test_an_event_with_a_name_is_the_same_whatever_its_time(session, sent):
    parcel = sent()
    services.receive(parcel.courier, [told(parcel, 2, event="E1")], actor=SYSTEM)
    assert services.receive(parcel.courier, [told(parcel, 3, words="Again", event="E1")], actor=SYSTEM) == []
    assert session.query(TraceEvent).count() == 1


def test_a_number_of_two_parcels_tells_both_and_an_unknown_one_none(session, sent):
    one, two = sent(), sent()
    stranger = Told("SF9999999999999", one.shipped_at)
    assert len(services.receive(one.courier, [told(one, 1), stranger], actor=SYSTEM)) == 2
    assert session.query(TraceEvent).filter_by(parcel_id=two.id).count() == 1


def test_the_practice_courier_moves_parcels_by_the_clock(session, sent, clock):
    clock.set("2026-11-16 10:00")
    parcel = sent()
    steps = journey(Asked(NUMBER, parcel.shipped_at, "深圳市"))
    assert jobs.ask_couriers()["news"] == 0
    clock.advance(hours=(steps[0].at - parcel.shipped_at).total_seconds() / 3600)
    assert (jobs.ask_couriers()["news"], jobs.ask_couriers()["news"]) == (1, 0)
    assert parcel.state is ParcelState.COLLECTED
    clock.advance(days=9)
    jobs.ask_couriers()
    assert parcel.state is steps[-1].kind and len(parcel.events) == len(steps)


def test_a_parcel_stands_still_after_three_days_and_not_a_minute_earlier(session, sent, clock):
    clock.set("2026-11-16 10:00")
    parcel = sent("751234567890", "中通快递")
    clock.set("2026-11-19 09:59")
    assert services.note_standing() == 0
    clock.set("2026-11-19 10:01")
    assert (services.note_standing(), services.note_standing()) == (1, 0)
    assert session.get(Parcel, parcel.id).is_standing
    found = session.execute(queries.standing_by_courier(SYSTEM, clock.now() - dt.timedelta(days=7))).one()
    assert (found.name, found.standing, found.longer) == ("中通快递", 1, 0)
    services.receive(parcel.courier, [Told(parcel.number, clock.now())], actor=SYSTEM)
    assert not parcel.is_standing


def test_what_left_before_its_courier_was_known_is_followed_later(session, order_of):
    order = order_of(1, paid=True)
    orders.ship(order, courier="圆通速递", tracking_number="YT2812345678901", actor=SYSTEM)
    assert session.query(Parcel).count() == 0
    jobs.ask_couriers()
    assert session.query(Courier).count() == len(USUAL)
    assert session.query(Parcel).one().order_id == order.id


def test_parcels_follow_the_rows_of_their_order(session, sent, ben, cleo):
    parcel = sent()
    assert records.get(Parcel, parcel.id, actor=ben) is parcel
    with pytest.raises(NotFound):
        records.get(Parcel, parcel.id, actor=cleo)
    assert services.receive(parcel.courier, [told(parcel, 1)], actor=cleo) == []
