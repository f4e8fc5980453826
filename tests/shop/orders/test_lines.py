"""Articles that nobody knew: named by hand, or found once the catalog knows them."""

import re

import pytest

from app.panel.core import trailsets
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden
from app.shop.catalog.models import Sku
from app.shop.inventory import services as inventory
from app.shop.orders import services
from app.shop.orders.models import ExceptionState, OrderState, ReviewState
from tests.shop.orders.conftest import BUYER


@pytest.fixture
def unknown(stall):
    """A paid order of a channel whose second article the catalog does not know."""
    incoming = services.Incoming(
        channel_id=stall.site_id, external_number="X-1", buyer=BUYER, paid=services.Paid(),
        lines=(("T-1", 1, None, ""), ("NO-SUCH", 2, 500, "茶漏")),
    )  # fmt: skip
    return services.take_in(incoming, actor=SYSTEM)[0]


def open_problems(order):
    return {one.reason.code for one in order.exceptions if one.state is ExceptionState.OPEN}


def test_a_line_that_gets_its_article_is_reserved_and_the_order_can_leave(unknown, stall, stock_of, ben):
    services.assign_sku(unknown, {unknown.lines[1].id: stall.skus[1]}, actor=ben)
    assert (unknown.review, open_problems(unknown)) == (ReviewState.CONFIRMED, set())
    assert stock_of(stall.skus[1]) == (10, 2)
    line = unknown.lines[1]
    assert (line.sku_code, line.title, line.unit_price, line.unit_cost) == ("T-2", "茶漏", 500, 2475)
    assert unknown.cost == 9950 + 2 * 2475
    services.ship(unknown, actor=ben)
    assert (unknown.state, stock_of(stall.skus[1])) == (OrderState.SHIPPED, (8, 0))
    assert "order.articles_named" in [entry.verb for entry in trailsets.of(unknown)]


def test_an_article_that_is_short_is_named_and_the_check_says_so(unknown, stall, stock_of):
    inventory.adjust(stall.skus[1], -9, warehouse_id=stall.house_id, why="Broken", actor=SYSTEM)
    services.assign_sku(unknown, {unknown.lines[1].id: stall.skus[1]}, actor=SYSTEM)
    assert (unknown.review, open_problems(unknown)) == (ReviewState.FAILED, {"stock"})
    assert stock_of(stall.skus[1]) == (1, 0)
    inventory.receive([inventory.Line(stall.skus[1], 5, stall.house_id)], actor=SYSTEM)
    services.recheck(unknown, actor=SYSTEM)
    assert (unknown.review, open_problems(unknown)) == (ReviewState.CONFIRMED, set())
    assert stock_of(stall.skus[1]) == (6, 2)


def test_the_check_runs_again_when_the_catalog_was_mended(session, unknown, stall, stock_of, ben):
    services.recheck(unknown, actor=ben)
    assert open_problems(unknown) == {"goods"}
    session.get(Sku, stall.skus[1]).code = "NO-SUCH"
    session.commit()
    services.recheck(unknown, actor=ben)
    assert (unknown.review, unknown.lines[1].sku_id) == (ReviewState.CONFIRMED, stall.skus[1])
    assert stock_of(stall.skus[1]) == (10, 2)
    assert services.recheck(unknown, actor=ben).review is ReviewState.CONFIRMED


def test_an_article_stands_once_it_is_named(unknown, stall):
    with pytest.raises(DomainError, match="already"):
        services.assign_sku(unknown, {unknown.lines[0].id: stall.skus[1]}, actor=SYSTEM)
    with pytest.raises(DomainError, match="at least one"):
        services.assign_sku(unknown, {}, actor=SYSTEM)
    with pytest.raises(DomainError, match="from the list"):
        services.assign_sku(unknown, {unknown.lines[1].id: 999_999}, actor=SYSTEM)


def test_who_may_not_confirm_names_no_articles(unknown, stall, somebody):
    viewer = somebody("viewer", stall.shop_id)
    for call in (lambda: services.assign_sku(unknown, {1: 1}, actor=viewer), lambda: services.recheck(unknown, actor=viewer)):
        with pytest.raises(Forbidden):
            call()


def test_a_line_of_a_past_order_is_named_and_nothing_is_reserved(session, past, stall, stock_of):
    order = services.record_past_order(past(), actor=SYSTEM)
    services.assign_sku(order, {order.lines[1].id: stall.skus[1]}, actor=SYSTEM)
    assert (order.lines[1].sku_id, order.is_past, stock_of(stall.skus[1])) == (stall.skus[1], True, (10, 0))
    assert services.record_past_orders([past()], actor=SYSTEM)[0].outcome == "same"


def test_the_page_asks_for_an_article_for_each_line_without_one(session, as_user, unknown, stall):
    client, line = as_user("ben"), unknown.lines[1]
    url = f"/orders/order/action/articles/{unknown.id}"
    page = client.get(url).text
    assert "/pickers/orders.OrderLine/sku_id" in page and "茶漏" in page
    assert re.findall(r"sku-(\d+)", page).count(str(unknown.lines[0].id)) == 0
    assert client.post(url, data={"_go": "1", f"sku-{line.id}": str(stall.skus[1])}).status_code == 302
    session.refresh(line)
    assert line.sku_id == stall.skus[1]
    assert "/action/articles/" not in client.get(f"/orders/order/show/{unknown.id}").text


def test_a_line_is_filled_in_by_the_name_of_a_product(as_user, session, stall):
    product = session.get(Sku, stall.skus[1]).product
    product.title = "Tea strainer"
    session.commit()
    picked = as_user("ben").get("/pickers/orders.OrderLine/sku_id?q=strainer").json["results"]
    assert stall.skus[1] in {row["id"] for row in picked}


def test_check_again_is_offered_as_long_as_the_check_fails(as_user, unknown, stall):
    client, page = as_user("ben"), f"/orders/order/show/{unknown.id}"
    assert "/action/recheck/" in client.get(page).text
    answer = client.post(f"/orders/order/action/recheck/{unknown.id}", data={"_go": "1"}, follow_redirects=True)
    assert "0 of 1" in answer.text
    services.assign_sku(unknown, {unknown.lines[1].id: stall.skus[1]}, actor=SYSTEM)
    assert "/action/recheck/" not in client.get(page).text
