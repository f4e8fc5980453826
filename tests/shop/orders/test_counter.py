"""Selling at the counter: scan, take the money, hand it over."""

import pytest

from app.shop.orders.models import Order, OrderState
from tests.panel.accounts.configuration.conftest import rule as rule


@pytest.fixture
def till(as_user, stall):
    """`till(lines, …)`: press F9 with this basket."""

    def press(pieces=((0, 2),), who="ben", **more):
        lines = [{"sku_id": stall.skus[index], "quantity": n} for index, n in pieces]
        order = {"channel_id": stall.counter_id, "method": "cash", "lines": lines, "key": "k-1", **more}
        return as_user(who).post("/orders/counter/sell", json=order)

    return press


@pytest.mark.parametrize("code", ["T-1", "6901234567801"])
def test_an_article_is_found_by_barcode_and_by_code(as_user, stall, code):
    found = as_user("ben").get("/orders/counter/find", query_string={"code": code}).json
    assert (found["sku_id"], found["title"], found["currency"]) == (stall.skus[0], "青瓷茶杯", "CNY")


@pytest.mark.parametrize("code", ["", "nothing", "x" * 500, "' OR 1=1 --"])
def test_what_nobody_knows_is_not_found(as_user, stall, code):
    assert as_user("ben").get("/orders/counter/find", query_string={"code": code}).status_code == 404


def test_the_basket_is_priced_by_the_server(as_user, stall):
    basket = {"channel_id": stall.counter_id, "lines": [{"sku_id": sku, "quantity": 2} for sku in stall.skus]}
    told = as_user("ben").post("/orders/counter/quote", json=basket).json
    assert told == {
        "lines": [{"price": 19900, "amount": 39800}, {"price": 4950, "amount": 9900}], "total": 49700, "gifts": [], "refused": [],
    }  # fmt: skip


@pytest.mark.parametrize("hidden", [{"catalog.Sku": {"price": "hidden"}}, {"catalog.ChannelPrice": {"price": "masked"}}])
def test_a_basket_tells_no_price_to_whom_prices_are_hidden(as_user, stall, rule, hidden):
    basket = {"channel_id": stall.counter_id, "lines": [{"sku_id": stall.skus[0], "quantity": 1}]}
    rule("support", fields=hidden)
    told = as_user("ben").post("/orders/counter/quote", json=basket)
    assert told.status_code == 403 and "199" not in told.text


def test_a_sale_is_paid_handed_over_and_done(session, till, stall, stock_of, ben):
    told = till(tendered="500", expected=39800)
    assert told.status_code == 200, told.json
    assert told.json["change"] == "CN¥102.00"
    order = session.query(Order).one()
    assert (order.state, order.paid, order.created_by_id) == (OrderState.COMPLETED, 39800, ben.id)
    assert stock_of(stall.skus[0]) == (8, 0)


def test_pressing_twice_sells_once(session, till, stall, stock_of):
    assert till().json == till().json
    assert session.query(Order).count() == 1
    assert stock_of(stall.skus[0]) == (8, 0)


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"tendered": "1"}, 422), ({"expected": 1}, 422), ({"method": "transfer"}, 422), ({"pieces": ((0, 11),)}, 422),
     ({"pieces": ()}, 422), ({"tendered": "abc"}, 422), ({"channel_id": 99999}, 404)],
)  # fmt: skip
def test_a_sale_that_is_wrong_leaves_nothing_behind(session, till, stall, stock_of, wrong, status):
    assert till(**wrong).status_code == status
    assert session.query(Order).count() == 0
    assert stock_of(stall.skus[0]) == (10, 0)


def test_a_viewer_does_not_sell(till, somebody, stall):
    assert till(who=somebody("viewer", stall.shop_id).username).status_code == 403


def test_the_counter_of_another_shop_is_not_there(till):
    assert till(who="cleo").status_code == 404
