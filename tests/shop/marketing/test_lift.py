"""What a flash sale changed: beside the time just before and its usual hours, each figure with its rows (MKT-08)."""

import datetime as dt
import re

import pytest

from app.panel.core import clock as real
from app.panel.core import records
from app.panel.core.actor import SYSTEM
from app.shop.catalog.models import Category, Product, Sku
from app.shop.inventory import services as inventory
from app.shop.marketing import lift
from app.shop.orders import services as orders

ZONE = dt.timezone(dt.timedelta(hours=8))
BEGINS = dt.datetime(2026, 11, 11, 20, tzinfo=ZONE)  # a Wednesday
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def sold(order_of, stall, clock):
    """`sold("2026-11-04 20:30", 2)`: so many pieces of the first article and of the second, placed and paid then."""

    inventory.receive([inventory.Line(stall.skus[0], 50, stall.house_id)], actor=SYSTEM)

    def sell(at, *pieces, paid=True):
        clock.set(at)
        return order_of(*pieces, paid=paid).number

    return sell


@pytest.fixture
def sale(session, sold, promote, clock, stall):
    """Two hours of a flash sale of the first article, with orders in them, before them, and in three of four weeks before."""
    numbers = {
        "usual": [sold("2026-10-21 20:00", 1), sold("2026-10-28 21:59", 1), sold("2026-11-04 20:30", 1), sold("2026-11-04 21:30", 1)],
        "before": [sold("2026-11-11 18:00", 1), sold("2026-11-11 19:59", 1)],
    }
    sold("2026-10-22 20:30", 5)  # a Thursday
    sold("2026-11-04 22:00", 1)  # when it is over
    promotion = promote(
        "seckill", price=9900, limit_pieces=50, begins_at=BEGINS, ends_at=BEGINS + 2 * HOUR,
        skus=[session.get(Sku, stall.skus[0])],
    )  # fmt: skip
    numbers["during"] = [sold("2026-11-11 20:00", 2), sold("2026-11-11 21:00", 3, 1), sold("2026-11-11 21:59", 1)]
    sold("2026-11-11 20:30", 0, 4)  # of the other article
    sold("2026-11-11 20:40", 1, paid=False)
    sold("2026-11-11 22:00", 1)
    clock.set("2026-11-12 09:00")
    promotion.numbers = numbers
    return promotion


def test_what_was_sold_while_it_held_stands_beside_the_time_before_and_its_usual_hours(sale):
    found = lift.of(sale, SYSTEM)
    assert found.during == (3, 6, 6 * 9900) and found.is_over
    assert found.before == (2, 2, 2 * 19900)
    assert (found.weeks, found.usual) == (3, (4 / 3, 4 / 3, 4 * 19900 / 3)), "four weeks ago there was no order at all"
    assert [lift.change(now, was) for now, was in zip(found.during, found.before, strict=True)] == [50, 200, 49]
    assert lift.change(3, 0) is None


def test_every_figure_of_it_opens_the_orders_that_it_counted(sale, as_user, session):
    client, numbers = as_user("ada"), sale.numbers
    page = client.get(f"/marketing/promotion/show/{sale.id}").text
    told = [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in re.findall(r'<tr><th scope="row">(.*?)</tr>', page, re.S)]
    assert told == [
        "While it held 3 6 CN¥594.00", "Just before, for as long 2 lift +50 % 2 lift +200 % CN¥398.00 lift +49 %",
        "In the same hours of 3 weeks before, on average 1.3 lift +125 % 1.3 lift +350 % CN¥265.33 lift +124 %",
    ]  # fmt: skip
    for which, wanted in numbers.items():
        url = f"/marketing/promotions/{sale.id}/orders/?which={which}"
        assert url in page
        assert set(re.findall(r"<a data-typed[^>]*>([^<]+)</a>", client.get(url).text)) == set(wanted), which
    assert client.get(f"/marketing/promotions/{sale.id}/orders/?which=never").status_code == 404
    for whose, wanted in (("ben", numbers["during"]), ("cleo", [])):  # of shop A, of shop B
        page = as_user(whose).get(f"/marketing/promotions/{sale.id}/orders/").text
        assert set(re.findall(r"<a data-typed[^>]*>([^<]+)</a>", page)) == set(wanted)


def test_a_running_one_is_compared_with_as_long_a_time_and_one_that_never_began_with_nothing(sale, promote, clock, as_user):
    clock.set("2026-11-11 21:00")
    found = lift.of(sale, SYSTEM)
    assert not found.is_over and found.during.units == 2 and found.before.units == 1, "an hour of it, and the hour before"
    assert "So far" in as_user("ada").get(f"/marketing/promotion/show/{sale.id}").text
    assert lift.of(promote("special", price=1), SYSTEM) is None
    assert lift.of(promote("special", price=1, begins_at=BEGINS + HOUR), SYSTEM) is None
    assert lift.of(promote("special", price=1, begins_at=BEGINS - dt.timedelta(days=40)), SYSTEM) is None
    week = lift.of(promote("special", price=1, begins_at=BEGINS - dt.timedelta(days=8)), SYSTEM)
    assert week.usual is None and week.weeks == 0, "hours of a week that were in it are not usual"


def test_goods_of_a_category_are_those_of_the_categories_below_it_too(session, sold, promote, stall, clock):
    home = records.create(Category, {"name": "Home"}, actor=SYSTEM)
    cups = records.create(Category, {"name": "Cups", "parent_id": home.id}, actor=SYSTEM)
    session.get(Sku, stall.skus[0]).product.category_id = cups.id
    other = Product(title="Kettle", handle="t-kettle", currency="CNY")
    other.skus.append(Sku(code="K-1", price=5000, currency="CNY"))
    session.add(other)
    session.commit()
    of_home, of_all = (promote("special", price=100, begins_at=BEGINS, ends_at=BEGINS + HOUR, **more) for more in ({"categories": [home]}, {}))
    sold("2026-11-11 20:30", 1)
    inventory.receive([inventory.Line(other.skus[0].id, 3, stall.house_id)], actor=SYSTEM)
    order = orders.place([orders.Wanted(other.skus[0].id, 3)], channel_id=stall.counter_id, actor=SYSTEM, buyer={"buyer_name": "王"})
    orders.pay(order, actor=SYSTEM)
    clock.set("2026-11-11 22:00")
    assert [lift.of(one, SYSTEM).during.units for one in (of_home, of_all)] == [1, 4]
    of_home.channel_id = stall.counter_id
    session.commit()
    assert lift.of(of_home, SYSTEM).during.units == 0
    assert real.now() > of_home.ends_at
