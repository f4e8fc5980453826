"""Orders that come in at the same moment, on real commits."""

from concurrent.futures import ThreadPoolExecutor

from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.shop.customers.models import Customer
from app.shop.orders import services
from app.shop.orders.models import Order
from tests.shop.orders.conftest import BUYER, open_stall


def test_orders_of_a_new_buyer_at_once_are_all_taken_each_once_and_make_one_customer(live_app):
    with live_app.app_context():
        stall = open_stall()

    def send(number):
        with live_app.app_context():
            try:
                incoming = services.Incoming(stall.site_id, f"D-{number % 4}", (("T-1", 1, None, ""),), BUYER)
                order, is_new = services.take_in(incoming, actor=SYSTEM)
                return order.id, is_new
            finally:
                db.session.remove()

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(send, range(16)))
    assert len({order for order, _is_new in told}) == sum(is_new for _order, is_new in told) == 4
    with live_app.app_context():
        assert (db.session.query(Order).count(), db.session.query(Customer).count()) == (4, 1)
        assert len({order.number for order in db.session.query(Order)}) == 4
