"""What a person is given of his orders, and what stays of them when he is forgotten."""

import pytest
from sqlalchemy import select

from app.panel.core import notices
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
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
    done = customers.erase_person(person, why="his letter", actor=SYSTEM)
    session.refresh(order)
    assert order.total == 19900 and order.paid == 19900
    assert (order.buyer_phone, order.street, order.buyer_remark) == (None, None, None)
    assert order.buyer_name.startswith("erased-")
    trails = " ".join(str(entry.changes) for entry in session.query(HistoryEntry).filter_by(table="orders_order", key=order.id))
    assert BUYER["buyer_phone"] not in trails and BUYER["street"] not in trails
    assert not [place for place in done.left if place.startswith("orders_")]


def test_an_address_of_the_card_fills_the_parcel(session, stall, person):
    address = {"customer_id": person.id, "recipient": "王太太", **{k: v for k, v in BUYER.items() if not k.startswith("buyer")}}
    customers.save_address(None, address, actor=SYSTEM)
    order = services.place([services.Wanted(stall.skus[0], 1)], channel_id=stall.site_id, customer_id=person.id, actor=SYSTEM)
    assert (order.buyer_name, order.city, order.street) == ("王太太", BUYER["city"], BUYER["street"])


def test_an_order_without_a_card_but_under_the_same_phone_is_forgotten_too(session, order_of, person):
    other = customers.remember(name="Somebody", shop_id=person.shop_id, phone="13900139000", actor=SYSTEM)
    loose, gift, strange = order_of(1), order_of(1, customer_id=other.id), order_of(1)
    loose.customer_id, loose.buyer_phone = None, "138-0013 8000"
    gift.buyer_phone = "+8613800138000"
    strange.customer_id, strange.buyer_phone = None, "13700137000"
    session.commit()
    assert loose.number in str(customers.export_person(person, actor=SYSTEM))
    customers.erase_person(person, why="his letter", actor=SYSTEM)
    session.expire_all()
    assert (loose.buyer_phone, loose.street) == (None, None) and loose.buyer_name.startswith("erased-")
    assert (gift.buyer_phone, gift.customer_id) == ("+8613800138000", other.id), "that is somebody else's order"
    assert strange.buyer_phone == "13700137000"


def with_words(order, word):
    """Every free text that can hang on an order."""
    services.ship(order, courier="SF", tracking_number="SF1", note=word, actor=SYSTEM)
    services.refund(order, 100, note=word, actor=SYSTEM)
    services.add_note(order, word, actor=SYSTEM)
    services.open_exception(order, services.reason("late"), detail=word, actor=SYSTEM)
    order.hold_reason = word
    order.moves[-1].why = word


def test_what_somebody_wrote_about_an_order_is_handed_out_and_forgotten(session, order_of, person):
    order = order_of(1, customer_id=person.id, paid=True)
    with_words(order, "金丝雀 was here")
    session.commit()
    (handed,) = customers.export_person(person, actor=SYSTEM)["orders"]
    for part in ("payments", "refunds", "parcels", "notes", "problems", "moves", "history"):
        assert handed[part], part
    assert str(handed).count("金丝雀 was here") >= 5
    assert handed["payments"][0]["amount"] == 19900
    customers.erase_person(person, why="his letter", actor=SYSTEM)
    session.expire_all()
    assert order.refunded == 100
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            assert "金丝雀" not in str(row), table.name


def test_a_notice_about_his_order_names_him_no_more(session, order_of, person, ada, ben):
    order = order_of(1, customer_id=person.id)
    notices.send([ben.id], "王小明 asks for order 7", "call 王小明", about=order)
    notices.send([ben.id], "王小明 is another one of that name")
    customers.erase_person(person, why="on request", actor=ada)
    session.expire_all()
    told = [(notice.title, notice.body) for notice in notices.latest(ben.id)]
    assert told == [("王小明 is another one of that name", ""), ("••• asks for order 7", "call •••")]
