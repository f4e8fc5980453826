"""What the clocks of orders would have done at a moment of the past, said on the page of schedules, with nothing written."""

import datetime as dt

import pytest

from app.panel.core import clock as clocks
from app.panel.core import schedules, settings
from app.panel.core.actor import SYSTEM
from app.panel.core.schedules import Schedule
from app.panel.upkeep import services as upkeep
from app.shop.orders import services
from app.shop.orders.jobs import close_unpaid, flag_late, remind
from app.shop.orders.models import BuyerMessage, OrderException, OrderState

PLACED, REMINDED, CLOSED = "2026-11-16 10:00", "2026-11-17 10:00", "2026-11-18 10:00"


def at(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=clocks.zone())


@pytest.fixture
def rehearse(session):
    schedules.sync()

    def ask(key, text):
        row = session.query(Schedule).filter_by(key=key).one()
        said = upkeep.rehearse(row.id, at(text), actor=SYSTEM)
        session.expire_all()
        return " / ".join(said)

    return ask


def test_a_rehearsal_of_the_past_names_the_orders_that_nobody_had_paid_then(rehearse, order_of, clock):
    clock.set(PLACED)
    unpaid, paid = order_of(2), order_of(1)
    held = order_of(1)
    services.hold(held, reason="Waits", actor=SYSTEM)
    clock.set("2026-11-18 12:00")
    services.pay(paid, actor=SYSTEM)
    close_unpaid()
    assert unpaid.state is OrderState.CLOSED
    said = rehearse("orders.close_unpaid", CLOSED)
    assert "would be closed: 2 (¥" in said.replace("CN¥", "¥") and "597.00" in said
    assert "free again: 3" in said and f"{unpaid.number}, {paid.number}" in said and held.number not in said
    assert "would be closed: 0" in rehearse("orders.close_unpaid", "2026-11-18 09:59"), "at 47:59 nothing"
    assert "would be closed: 0" in rehearse("orders.close_unpaid", "2026-11-18 13:00"), "one is closed, one is paid by then"


def test_a_rehearsal_writes_nothing_and_follows_the_hours_that_hold_now(rehearse, session, order_of, clock):
    clock.set(PLACED)
    order = order_of(2)
    clock.set(CLOSED)
    assert "would be closed: 1" in rehearse("orders.close_unpaid", CLOSED)
    assert order.state is OrderState.PENDING
    settings.change({"orders.close_unpaid_hours": 72}, actor=SYSTEM)
    assert "would be closed: 0" in rehearse("orders.close_unpaid", CLOSED)
    settings.change({"orders.close_unpaid_hours": 0}, actor=SYSTEM)
    assert rehearse("orders.close_unpaid", CLOSED) == "The hours are 0: it does nothing."


def test_a_rehearsal_of_the_reminders_leaves_out_who_was_reminded_by_then(rehearse, session, order_of, clock):
    clock.set(PLACED)
    order_of(1)
    clock.set(REMINDED)
    said = rehearse("orders.remind", REMINDED)
    assert "would be reminded: 1" in said and "by text message: 1" in said
    assert session.query(BuyerMessage).count() == 0
    assert remind() == {"reminded": 1}
    clock.set("2026-11-17 12:00")
    assert "would be reminded: 0" in rehearse("orders.remind", "2026-11-17 11:00")


def test_a_rehearsal_of_late_orders_tells_what_stood_then_also_when_it_has_left_since(rehearse, session, order_of, clock):
    clock.set(PLACED)
    order = order_of(2, paid=True)
    assert "listed as late: 0" in rehearse("orders.flag_late", "2026-11-18 09:59")
    clock.set("2026-11-18 11:00")
    services.ship(order, actor=SYSTEM)
    assert "listed as late: 1" in rehearse("orders.flag_late", CLOSED)
    assert "listed as late: 0" in rehearse("orders.flag_late", "2026-11-18 11:30")
    assert session.query(OrderException).count() == 0 and flag_late() == {"late": 0}


def test_the_page_says_it_in_the_words_of_the_reader(rehearse, session, order_of, clock, as_user):
    clock.set(PLACED)
    order = order_of(2)
    clock.set(CLOSED)
    key = session.query(Schedule).filter_by(key="orders.close_unpaid").one().id
    page = as_user("ada").post(f"/upkeep/schedules/{key}/rehearse", data={"at": "2026-11-18T10:00"}).text
    assert order.number in page and "Orders that would be closed: 1" in page
    assert as_user("ben").post(f"/upkeep/schedules/{key}/rehearse", data={"at": "2026-11-18T10:00"}).status_code == 403
