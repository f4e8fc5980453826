"""Orders that were paid and not shipped in time, and what of it stands on the home page (ORD-12, ORD-13)."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from app.panel.core import settings
from app.panel.core.actor import SYSTEM
from app.panel.core.jobs import SCHEDULES
from app.shop.orders import services, tiles
from app.shop.orders.jobs import flag_late
from app.shop.orders.models import ExceptionState


def late(order):
    return [one.state for one in order.exceptions if one.reason.code == "late"]


@pytest.fixture
def waiting(order_of, clock):
    """An order paid on Monday morning at ten."""
    clock.set("2026-11-16 10:00")
    return order_of(2, paid=True)


def test_an_order_that_waits_too_long_is_listed_once(waiting, clock, ben):
    clock.set("2026-11-18 09:59")
    assert flag_late() == {"late": 0}
    clock.set("2026-11-18 10:01")
    assert (flag_late(), flag_late()) == ({"late": 1}, {"late": 0})
    assert late(waiting) == [ExceptionState.OPEN]
    services.handle_exception(waiting.exceptions[0], resolution="Told the buyer", actor=ben)
    assert flag_late() == {"late": 0}
    assert SCHEDULES["orders.flag_late"].cron == "*/10 * * * *"


def test_what_leaves_is_late_no_more(waiting, clock):
    clock.set("2026-11-20 10:00")
    flag_late()
    line = waiting.lines[0]
    services.ship(waiting, pieces={line.id: 1}, actor=SYSTEM)
    assert late(waiting) == [ExceptionState.OPEN]
    services.cancel_rest(waiting, actor=SYSTEM)
    assert late(waiting) == [ExceptionState.HANDLED]


def test_unpaid_held_shipped_and_past_orders_are_left_in_peace(session, waiting, order_of, past, clock):
    order_of(1)
    services.hold(order_of(1, paid=True), reason="Buyer is away", actor=SYSTEM)
    services.ship(order_of(1, paid=True), actor=SYSTEM)
    services.record_past_order(past(state="paid"), actor=SYSTEM)
    clock.set("2026-12-01 10:00")
    assert flag_late() == {"late": 1}


def test_the_owner_says_after_how_many_hours(waiting, clock):
    clock.set("2026-11-16 16:00")
    settings.change({"orders.late_after_hours": 5}, actor=SYSTEM)
    assert flag_late() == {"late": 1}
    settings.change({"orders.late_after_hours": 0}, actor=SYSTEM)
    clock.set("2026-12-16 16:00")
    assert flag_late() == {"late": 0}


def test_the_home_page_counts_problems_reason_by_reason_and_opens_exactly_these(app, order_of, as_user, ben):
    orders = [order_of(1) for _ in range(3)]
    for order in orders:
        services.open_exception(order, services.reason("late"), actor=SYSTEM)
    services.open_exception(orders[0], services.reason("address"), actor=SYSTEM)
    done = services.open_exception(orders[1], services.reason("address"), actor=SYSTEM)
    services.handle_exception(done, resolution="Asked", actor=SYSTEM)
    with app.test_request_context():
        rows = tiles.exceptions(ben)
    assert [row.count for row in rows] == [3, 1]
    client = as_user("ben")
    page = client.get("/home/").text
    for row in rows:
        tree = parse_qs(urlsplit(row.url).query)["f"][0]
        found = client.get("/api/v1/orders/orderexception/", query_string={"f": tree}).json
        assert found["count"] == row.count, json.loads(tree)
        assert str(row.label) in page
