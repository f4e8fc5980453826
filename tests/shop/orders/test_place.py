"""Placing an order: priced, summed up, reserved, numbered."""

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden, InvalidInput
from app.shop.catalog.models import ChannelPrice
from app.shop.customers import services as customers
from app.shop.inventory.services import OutOfStock
from app.shop.orders import pricing, services
from app.shop.orders.models import Order, OrderState
from app.shop.orders.services import Amounts, Wanted
from tests.shop.orders.conftest import BUYER


def test_placing_reserves_the_goods_and_leaves_them_on_the_shelf(order_of, stall, stock_of):
    order_of(2, 1)
    assert stock_of(stall.skus[0]) == (10, 2)
    assert stock_of(stall.skus[1]) == (10, 1)


def test_an_order_with_one_short_line_takes_nothing(session, order_of, stall, stock_of):
    with pytest.raises(OutOfStock):
        order_of(1, 11)
    assert stock_of(stall.skus[0]) == (10, 0)
    assert session.query(Order).count() == 0


def test_numbers_say_the_day_and_count_up_within_the_shop(order_of, clock):
    clock.set("2026-11-21 00:30")
    assert [order_of(1).number for _ in range(2)] == ["202611210001", "202611210002"]
    clock.set("2026-11-22 00:00")
    assert order_of(1).number == "202611220001"


def test_the_list_price_answers_and_leaves_its_trace(order_of):
    line = order_of(2).lines[0]
    assert (line.unit_price, line.total) == (19900, 39800)
    assert line.price_trace == [{"step": "list", "unit_price": 19900}]


def test_a_price_of_the_channel_stands_before_the_list(session, order_of, stall):
    session.add(ChannelPrice(sku_id=stall.skus[0], channel_id=stall.site_id, price=15000, currency="CNY"))
    session.commit()
    assert order_of(1).total == 15000


def test_a_domain_above_may_answer_the_price(order_of, monkeypatch):
    monkeypatch.setattr(pricing, "_answers", [])

    @pricing.answer
    def half_price(request, quote):
        return pricing.Quote([pricing.PricedLine(one.unit_price, one.unit_price * n // 2, [*one.trace, {"step": "half"}])
                              for one, (_sku, n) in zip(quote.lines, request.lines, strict=True)])  # fmt: skip

    order = order_of(2)
    assert (order.subtotal, order.discount, order.total) == (39800, 19900, 19900)
    assert order.lines[0].price_trace[-1] == {"step": "half"}


def test_discount_shipping_and_tax_add_up_to_the_total(order_of):
    order = order_of(1, 1, amounts=Amounts(discount=1001, shipping_fee=800, tax=137, adjustment=-6))
    assert order.total == 19900 + 4950 - 1001 + 800 + 137 - 6
    assert sum(line.discount for line in order.lines) == 1001
    assert sum(line.total for line in order.lines) == order.subtotal - order.discount


def test_a_free_order_is_paid_at_once(stall):
    order = services.place([Wanted(stall.skus[0], 1, unit_price=0)], channel_id=stall.site_id, actor=SYSTEM)
    assert order.state is OrderState.PAID and order.paid == 0


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_quantity_is_more_than_nothing(stall, quantity):
    with pytest.raises(InvalidInput):
        services.place([Wanted(stall.skus[0], quantity)], channel_id=stall.site_id, actor=SYSTEM)


def test_a_discount_is_never_larger_than_the_goods(order_of):
    with pytest.raises(DomainError):
        order_of(1, amounts=Amounts(discount=19901))


def test_support_places_orders_and_a_viewer_does_not(stall, ben, somebody, order_of):
    assert order_of(1, actor=ben).number
    with pytest.raises(Forbidden):
        order_of(1, actor=somebody("viewer", stall.shop_id))


def test_the_cost_of_the_goods_is_kept_as_it_was(order_of):
    order = order_of(2, 1)
    assert order.cost == 2 * 9950 + 2475
    assert order.margin == order.subtotal - order.discount - order.cost


@pytest.fixture
def blocked(session, stall):
    customer = customers.remember(name="王小明", phone=BUYER["buyer_phone"], shop_id=stall.shop_id, actor=SYSTEM)
    customers.block(customer, why="Sends everything back", actor=SYSTEM)
    return customer


def test_nothing_is_sold_to_a_blocked_customer(session, blocked, order_of, stall, stock_of):
    with pytest.raises(DomainError, match="blocked"):
        order_of(1, customer_id=blocked.id)
    with pytest.raises(DomainError, match="blocked"):
        services.sell([Wanted(stall.skus[0], 1)], channel_id=stall.counter_id, method="cash", customer_id=blocked.id, actor=SYSTEM)
    assert session.query(Order).count() == 0
    assert stock_of(stall.skus[0]) == (10, 0)
    customers.unblock(blocked, why="Talked it over", actor=SYSTEM)
    assert order_of(1, customer_id=blocked.id).customer_id == blocked.id
