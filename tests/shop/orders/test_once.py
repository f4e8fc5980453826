"""G11 on real commits: a refund pressed fifty times at once, with one key and with fifty."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.orders import services
from app.shop.orders.models import Order, OrderState, Refund
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
