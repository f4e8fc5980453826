"""Waybills: one living number a shipment, whoever asks how often; void while the courier has not seen the parcel."""

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError
from app.shop.logistics import formats, jobs, services
from app.shop.logistics.adapters import Told
from app.shop.logistics.models import Parcel, Waybill, WaybillState
from app.shop.logistics.services import waybills
from app.shop.orders import services as orders


@pytest.fixture
def numberless(session, couriers, order_of):
    return orders.ship(order_of(1, paid=True), actor=SYSTEM)


def test_asked_twice_there_is_one_number_and_it_fits_its_courier(session, couriers, numberless):
    first = waybills.ask(numberless, couriers["SF"], actor=SYSTEM)
    assert waybills.ask(numberless, couriers["SF"], actor=SYSTEM) is first
    jobs.fetch_waybills()
    assert jobs.fetch_waybills() == {"given": 0, "refused": 0}
    session.refresh(first)
    assert first.state is WaybillState.GIVEN and formats.fits(couriers["SF"].formats, first.number)
    assert (numberless.tracking_number, numberless.courier) == (first.number, "顺丰速运")
    assert session.query(Parcel).one().number == first.number
    assert waybills.settle(first.id, number="SF0000000000000", actor=SYSTEM).number == first.number


def test_a_void_number_is_gone_from_the_parcel_and_another_comes(session, couriers, numberless):
    first = waybills.ask(numberless, couriers["SF"], actor=SYSTEM)
    jobs.fetch_waybills()
    waybills.void(first, why="Wrong box", actor=SYSTEM)
    assert numberless.tracking_number is None and session.query(Parcel).count() == 0
    waybills.ask(numberless, couriers["SF"], actor=SYSTEM)
    jobs.fetch_waybills()
    numbers = {row.number for row in session.query(Waybill)}
    assert len(numbers) == 2 and numberless.tracking_number in numbers - {first.number}


def test_a_number_that_has_moved_stays(session, couriers, numberless):
    waybill = waybills.ask(numberless, couriers["SF"], actor=SYSTEM)
    jobs.fetch_waybills()
    session.refresh(waybill)
    services.receive(couriers["SF"], [Told(waybill.number, numberless.shipped_at)], actor=SYSTEM)
    with pytest.raises(DomainError, match="has moved"):
        waybills.void(waybill, why="Wrong box", actor=SYSTEM)


def test_what_the_courier_refuses_says_why_and_may_be_asked_again(session, couriers, numberless):
    numberless.order.city = None
    session.commit()
    waybill = waybills.ask(numberless, couriers["SF"], actor=SYSTEM)
    jobs.fetch_waybills()
    session.refresh(waybill)
    assert (waybill.state, numberless.tracking_number) == (WaybillState.REFUSED, None) and "城市" in waybill.why
    assert waybills.ask(numberless, couriers["SF"], actor=SYSTEM) is not waybill


def test_a_courier_by_hand_gives_no_numbers(couriers, numberless):
    with pytest.raises(DomainError, match="by hand"):
        waybills.ask(numberless, couriers["ZTO"], actor=SYSTEM)
