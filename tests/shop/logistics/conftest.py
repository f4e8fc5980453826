"""The stall of the orders, with the usual courier companies and an order that has left with one of them."""

import pytest

from app.panel.core.actor import SYSTEM
from app.shop.logistics import services
from app.shop.logistics.models import Courier, CourierLink, Parcel
from app.shop.orders import services as orders
from tests.shop.orders.conftest import order_of, somebody, stall, stock_of

__all__ = ["order_of", "somebody", "stall", "stock_of"]

NUMBER = "SF1234567890123"


@pytest.fixture
def couriers(session):
    """By code; SF is a courier for practice."""
    services.ensure_couriers()
    found = {row.code: row for row in session.query(Courier)}
    found["SF"].link = CourierLink.PRACTICE
    session.commit()
    return found


@pytest.fixture
def sent(session, couriers, order_of):
    """`sent()`: the parcel of an order that has left with SF."""

    def ship(number=NUMBER, courier="顺丰"):
        order = order_of(1, paid=True)
        shipment = orders.ship(order, courier=courier, tracking_number=number, actor=SYSTEM)
        return session.query(Parcel).filter_by(shipment_id=shipment.id).one()

    return ship


@pytest.fixture(autouse=True)
def nothing_counted(app):
    """Limits are counted in the memory of the application, and outlive a test."""
    yield
    app.extensions["appbuilder"].sm.limiter.reset()
