"""What a person is given of his orders, and what stays of them when he is forgotten."""

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.history import HistoryEntry
from app.shop.customers import services as customers
from app.shop.orders import services
from tests.shop.orders.conftest import BUYER


@pytest.fixture
def person(stall):
    return customers.remember(name="王小明", shop_id=stall.shop_id, phone="13800138000", actor=SYSTEM)


def test_a_person_gets_his_orders_with_their_lines(order_of, person):
    order = order_of(2, customer_id=person.id)
    handed = customers.export_person(person, actor=SYSTEM)
    mine = str(handed)
    assert order.number in mine and "青瓷茶杯" in mine


def test_a_forgotten_buyer_leaves_amounts_and_no_trace(session, order_of, person):
    order = order_of(1, customer_id=person.id, paid=True, buyer_remark="Ring twice, Wang")
    services.add_note(order, "Wang called", actor=SYSTEM)
    left = customers.erase_person(person, why="his letter", actor=SYSTEM)
    session.refresh(order)
    assert order.total == 19900 and order.paid == 19900
    assert (order.buyer_phone, order.street, order.buyer_remark) == (None, None, None)
    assert order.buyer_name.startswith("erased-")
    trails = " ".join(str(entry.changes) for entry in session.query(HistoryEntry).filter_by(table="orders_order", key=order.id))
    assert BUYER["buyer_phone"] not in trails and BUYER["street"] not in trails
    assert not [place for place in left if place.startswith("orders_")]


def test_an_address_of_the_card_fills_the_parcel(session, stall, person):
    address = {"customer_id": person.id, "recipient": "王太太", **{k: v for k, v in BUYER.items() if not k.startswith("buyer")}}
    customers.save_address(None, address, actor=SYSTEM)
    order = services.place([services.Wanted(stall.skus[0], 1)], channel_id=stall.site_id, customer_id=person.id, actor=SYSTEM)
    assert (order.buyer_name, order.city, order.street) == ("王太太", BUYER["city"], BUYER["street"])
