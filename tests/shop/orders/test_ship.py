"""Shipping: whole or in parcels, only what is paid, confirmed and not held."""

import pytest

from app.panel.core import trailsets
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError
from app.shop.orders import services
from app.shop.orders.models import OrderState, ReviewState


def test_everything_leaves_the_shelf_and_the_order_is_shipped(order_of, stall, stock_of):
    order = order_of(2, 1, paid=True)
    parcel = services.ship(order, courier="SF", tracking_number="SF1", actor=SYSTEM)
    assert order.state is OrderState.SHIPPED
    assert [line.quantity for line in parcel.lines] == [2, 1]
    assert stock_of(stall.skus[0]) == (8, 0)
    assert stock_of(stall.skus[1]) == (9, 0)


def test_two_parcels_make_one_order(order_of, stall, stock_of):
    order = order_of(2, 1, paid=True)
    first, second = order.lines
    services.ship(order, pieces={first.id: 1}, actor=SYSTEM)
    assert order.state is OrderState.PARTLY_SHIPPED and order.shipped_at is None
    assert stock_of(stall.skus[0]) == (9, 1)
    services.ship(order, pieces={first.id: 1, second.id: 1}, actor=SYSTEM)
    assert order.state is OrderState.SHIPPED and order.shipped_at is not None
    assert stock_of(stall.skus[0]) == (8, 0)


def test_more_than_is_left_is_refused(order_of, stall, stock_of):
    order = order_of(2, paid=True)
    with pytest.raises(DomainError):
        services.ship(order, pieces={order.lines[0].id: 3}, actor=SYSTEM)
    assert stock_of(stall.skus[0]) == (10, 2)


def test_lines_of_another_order_are_refused(order_of):
    mine, other = order_of(1, paid=True), order_of(1, paid=True)
    with pytest.raises(DomainError):
        services.ship(mine, pieces={other.lines[0].id: 1}, actor=SYSTEM)


def test_an_unpaid_order_stays(order_of):
    with pytest.raises(DomainError):
        services.ship(order_of(1), actor=SYSTEM)


def test_a_held_order_stays_until_it_is_released(order_of):
    order = order_of(1, paid=True)
    services.hold(order, reason="Buyer asked to wait", actor=SYSTEM)
    with pytest.raises(DomainError, match="Buyer asked to wait"):
        services.ship(order, actor=SYSTEM)
    services.release(order, actor=SYSTEM)
    services.ship(order, actor=SYSTEM)
    assert order.state is OrderState.SHIPPED


def test_an_order_that_nobody_confirmed_stays(session, order_of):
    order = order_of(1, paid=True)
    order.review = ReviewState.WAITING
    session.commit()
    with pytest.raises(DomainError, match="confirmed"):
        services.ship(order, actor=SYSTEM)


def test_only_a_shipped_order_is_completed(order_of):
    order = order_of(1, paid=True)
    with pytest.raises(DomainError):
        services.complete(order, actor=SYSTEM)
    services.ship(order, actor=SYSTEM)
    services.complete(order, actor=SYSTEM)
    assert order.state is OrderState.COMPLETED and order.completed_at is not None


def test_the_rest_of_a_partly_shipped_order_need_not_be_sent(order_of, stall, stock_of):
    order = order_of(3, 1, paid=True)
    services.ship(order, pieces={order.lines[0].id: 1}, actor=SYSTEM)
    for _twice in range(2):
        services.cancel_rest(order, why="Sold out at the maker", actor=SYSTEM)
    assert (order.state, order.left_to_refund) == (OrderState.SHIPPED, order.total)
    assert [(line.left_to_ship, line.cancelled_quantity) for line in order.lines] == [(0, 2), (0, 1)]
    assert stock_of(stall.skus[0]) == (9, 0) and stock_of(stall.skus[1]) == (10, 0)
    said = [entry.why for entry in trailsets.of(order) if entry.verb == "order.rest_cancelled"]
    assert said == ["Sold out at the maker"]
    services.refund(order, pieces={order.lines[1].id: 1}, actor=SYSTEM)
    assert order.refunded == 4950


@pytest.mark.parametrize("paid", [False, True])
def test_only_a_partly_shipped_order_has_a_rest(order_of, paid):
    with pytest.raises(DomainError, match="in part"):
        services.cancel_rest(order_of(1, paid=paid), actor=SYSTEM)
