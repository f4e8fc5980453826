"""A list as a board and as a calendar: the same rows, moved only where an operation or the form lets them."""

import datetime as dt
import json
import re

import pytest

from app.panel.core import clock as clocks
from app.panel.core.db import db
from app.panel.core.screens import boards
from app.shop.catalog.models import Product
from app.shop.catalog.states import ProductState
from app.shop.orders.models import Order, OrderState
from app.shop.setup.models import Channel, Shop

ORDERS, PRODUCTS = "/orders/order/list/", "/catalog/product/list/"


@pytest.fixture
def order_in(session):
    """An order of a shop in a state, placed on a day."""

    def make(number, state, shop="A", at=None):
        found = session.query(Shop).filter_by(code=shop).one()
        channel = session.query(Channel).filter_by(shop_id=found.id).first()
        row = Order(
            number=number, state=state, shop_id=found.id, channel_id=channel.id, total=100, subtotal=100, currency="CNY",
            placed_at=at or clocks.now(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        key = row.id
        session.commit()
        return key

    return make


def lane(page, state):
    return re.search(rf'data-lane="{state}".*?</section>', page, re.S).group(0)


def ways(page, key):
    """Where the card of a row may go, with the address of the operation."""
    card = re.search(rf'<li class="board-card" data-pk="{key}".*?</li>', page, re.S).group(0)
    return dict(re.findall(r'action="([^"]+)" data-to="([^"]+)"', card)[i][::-1] for i in range(card.count("data-to=")))


def test_cards_stand_under_their_states_and_are_those_of_the_reader(as_user, order_in):
    order_in("B-1", OrderState.PENDING), order_in("B-2", OrderState.SHIPPED), order_in("B-3", OrderState.PENDING, shop="B")
    page = as_user("ben").get(ORDERS, query_string={"shape": "board"}).text
    assert "B-1" in lane(page, "pending") and "B-2" in lane(page, "shipped") and "B-3" not in page
    filtered = as_user("ben").get(ORDERS, query_string={"shape": "board", "f": json.dumps(["number", "eq", "B-2"])}).text
    assert "B-1" not in filtered and "shape=board" in filtered


def test_a_card_says_its_amount_apart_and_a_day_the_state_of_each_row(as_user, order_in):
    key = order_in("B-1", OrderState.SHIPPED, at=dt.datetime(2026, 11, 11, 12, tzinfo=dt.UTC))
    page = as_user("ada").get(ORDERS, query_string={"shape": "board"}).text
    card = re.search(rf'<li class="board-card" data-pk="{key}".*?</li>', page, re.S).group(0)
    assert re.findall(r'board-amount num">([^<]*)<', card) == ["CN¥1.00"]
    assert "CN¥1.00" not in "".join(re.findall(r'<div class="board-line">.*?</div>', card, re.S))
    month = as_user("ada").get(ORDERS, query_string={"shape": "calendar", "month": "2026-11"}).text
    one = re.search(rf'<a class="calendar-card ([^"]*)"[^>]*data-pk="{key}"[^>]*title="([^"]*)"', month)
    assert one.groups() == (f"badge-{OrderState.SHIPPED.tone}", f"B-1 · {OrderState.SHIPPED.label}")


def test_a_card_goes_where_the_states_and_the_rights_allow_it(as_user, order_in, ben, as_role):
    pending, shipped = order_in("B-1", OrderState.PENDING), order_in("B-2", OrderState.SHIPPED)
    page = as_user("ada").get(ORDERS, query_string={"shape": "board"}).text
    assert set(ways(page, pending)) == {"paid", "closed"} and set(ways(page, shipped)) == {"completed"}
    assert as_user("ada").get(ways(page, pending)["paid"]).status_code == 200
    as_role(ben, "finance")
    assert "draggable" not in lane(as_user("ben").get(ORDERS, query_string={"shape": "board"}).text, "shipped")


def test_a_card_is_moved_by_the_service_of_its_operation(as_user, session, order_in):
    key = order_in("B-1", OrderState.SHIPPED)
    client = as_user("ada")
    way = ways(client.get(ORDERS, query_string={"shape": "board"}).text, key)["completed"]
    assert client.post(way, data={"_go": "1", "next": f"{ORDERS}?shape=board"}).status_code == 302
    db.session.commit()
    row = session.get(Order, key)
    assert row.state is OrderState.COMPLETED and row.completed_at is not None
    db.session.rollback()
    assert client.post(way, data={"_go": "1"}).status_code in (409, 422), "a second time it leads nowhere"


def test_an_operation_that_does_not_ask_is_posted_at_once(as_user, session):
    row = Product(title="Tea tin", handle="t-1", state=ProductState.DRAFT)
    session.add(row)
    session.flush()
    key = row.id
    session.commit()
    page = as_user("ada").get(PRODUCTS, query_string={"shape": "board", "q": "Tea tin"}).text
    assert set(ways(page, key)) == {"published"}
    assert 'method="post"' in re.search(rf'data-pk="{key}".*?</li>', page, re.S).group(0)


def test_a_month_shows_its_rows_on_the_days_of_the_shop(as_user, order_in):
    order_in("C-1", OrderState.PENDING, at=dt.datetime(2026, 11, 10, 17, 30, tzinfo=dt.UTC))  # half past one in the night of Shanghai
    order_in("C-2", OrderState.PENDING, at=dt.datetime(2026, 9, 10, 17, 30, tzinfo=dt.UTC))
    page = as_user("ben").get(ORDERS, query_string={"shape": "calendar", "month": "2026-11"}).text
    day = re.search(r'data-day="2026-11-11".*?</div>', page, re.S).group(0)
    assert "C-1" in day and "01:30" in day and "C-2" not in page
    assert "month=2026-10" in page and "month=2026-12" in page


def test_a_busy_month_shows_the_first_rows_of_each_day_and_how_many_more_there_are(as_user, order_in, monkeypatch):
    monkeypatch.setattr(boards, "MOST_OF_A_MONTH", 5)
    for number in range(7):
        order_in(f"E-{number}", OrderState.PENDING, at=dt.datetime(2026, 11, 2, number, tzinfo=dt.UTC))
    order_in("L-1", OrderState.PENDING, at=dt.datetime(2026, 11, 29, 15, 59, tzinfo=dt.UTC))  # a minute before midnight of Shanghai
    order_in("L-2", OrderState.PENDING, shop="B", at=dt.datetime(2026, 11, 29, 8, tzinfo=dt.UTC))
    page = as_user("ben").get(ORDERS, query_string={"shape": "calendar", "month": "2026-11"}).text
    early, late = (re.search(rf'data-day="2026-11-{day}".*?</div>', page, re.S).group(0) for day in ("02", "29"))
    assert early.count("calendar-card") == 4 and "3 more" in early
    assert [f"E-{number}" in early for number in range(7)] == [True] * 4 + [False] * 3
    assert "L-1" in late and "23:59" in late and "L-2" not in page and "calendar-more" not in late


@pytest.mark.parametrize("asked", [{"shape": "pie"}, {"shape": "calendar", "month": "2026-13"}, {"shape": "calendar", "month": "now"}])
def test_shapes_and_months_that_there_are_not_are_refused(as_user, asked):
    assert as_user("ada").get(ORDERS, query_string=asked).status_code == 400


def test_a_list_without_states_and_days_has_no_other_shape(as_user):
    page = as_user("ada").get("/catalog/brand/list/")
    assert page.status_code == 200 and 'class="shapes"' not in page.text
    assert as_user("ada").get("/catalog/brand/list/", query_string={"shape": "board"}).status_code == 400


def test_a_kept_view_keeps_its_shape(as_user):
    client = as_user("ada")
    client.post("/lists/orders_order/save", data={"name": "Wall", "shape": "board"})
    assert 'shape=board">Wall' in client.get(ORDERS).text.replace(' aria-current="page"', "")
