"""G11 on real commits: a refund pressed fifty times at once, with one key and with fifty, and beside what a channel tells."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.orders import intake_json, services
from app.shop.orders.models import ExceptionState, IntakeDoor, Order, OrderState, Refund
from app.shop.orders.services import deliveries
from tests.goals import goal
from tests.shop.orders.conftest import BUYER, open_stall


@pytest.fixture
def paid_order(live_app):
    with live_app.app_context():
        stall = open_stall()
        order = services.place([services.Wanted(stall.skus[0], 5)], channel_id=stall.site_id, buyer=BUYER, actor=SYSTEM)
        services.pay(order, actor=SYSTEM)
        services.ship(order, actor=SYSTEM)
        return order.id


def at_once(app, order_id, keys, amount):
    """What each of the callers heard: the id of a refund, or the sentence of a refusal."""

    def press(key):
        with app.app_context():
            try:
                return services.refund(db.session.get(Order, order_id), amount, key=key, actor=SYSTEM).id
            except DomainError as error:
                return error.message
            finally:
                db.session.remove()

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(press, keys))


def test_fifty_presses_with_one_key_are_one_refund(live_app, paid_order):
    told = at_once(live_app, paid_order, ["one-key"] * 50, 5000)
    with live_app.app_context():
        assert db.session.query(Refund).count() == 1
        assert db.session.get(Order, paid_order).refunded == 5000
    assert len(set(told)) == 1 and isinstance(told[0], int)


def test_fifty_different_presses_never_give_back_more_than_was_paid(live_app, paid_order):
    """99,500 were paid and 5,000 are asked for fifty times: nineteen fit, and a rest of 4,500 stays."""
    told = at_once(live_app, paid_order, [f"key-{n}" for n in range(50)], 5000)
    with live_app.app_context():
        order = db.session.get(Order, paid_order)
        assert order.refunded == sum(refund.amount for refund in order.refunds) == 19 * 5000
        assert order.state is OrderState.SHIPPED
    assert sum(isinstance(one, int) for one in told) == 19


def test_a_full_refund_happens_once(live_app, paid_order):
    told = at_once(live_app, paid_order, [f"full-{n}" for n in range(50)], 99500)
    with live_app.app_context():
        assert db.session.get(Order, paid_order).left_to_refund == 0
        assert db.session.query(Refund).count() == 1
    assert sum(isinstance(one, int) for one in told) == 1


def test_a_person_and_the_channel_give_back_at_once(live_app, paid_order):
    """99,500 were paid. Sixteen people press for 20,000 while the channel tells thrice of each of four refunds of 30,000."""
    with live_app.app_context():
        order = db.session.get(Order, paid_order)
        order.external_number, channel_id = "D-1", order.channel_id
        db.session.commit()

    def tell(number):
        told = {"kind": "refund", "external_number": "D-1", "reference": f"RF-{number % 4}", "amount": "300.00"}
        delivery = deliveries.Delivery(channel_id, "CNY", json.dumps(told).encode(), IntakeDoor.HOOK, f"event-{number}")
        with live_app.app_context():
            try:
                return deliveries.receive(delivery, intake_json.read, actor=SYSTEM).status
            finally:
                db.session.remove()

    with ThreadPoolExecutor(2) as pool:
        pressed = pool.submit(at_once, live_app, paid_order, [f"key-{n}" for n in range(16)], 20000)
        told = pool.submit(lambda: list(ThreadPoolExecutor(8).map(tell, range(12))))
        pressed, told = pressed.result(), told.result()
    with live_app.app_context():
        order = db.session.get(Order, paid_order)
        sums = [refund.amount for refund in order.refunds]
        goal("G11 refund+chargeback", sum(sums), order.paid, sum(sums) <= order.paid == 99500)
        assert order.refunded == sum(sums) <= order.paid
        assert order.left_to_refund < 20000
        assert len({refund.key for refund in order.refunds}) == len(sums)
        assert sum(isinstance(one, int) for one in pressed) + told.count(201) == len(sums)
        assert set(told) <= {200, 201, 422}
        is_short = 422 in told
        assert [one.state for one in order.exceptions] == [ExceptionState.OPEN] * is_short
