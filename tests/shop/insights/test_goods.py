"""Key figures of products by the part that they play: each equals a count by hand and opens the orders behind it."""

import datetime as dt
import re
from urllib.parse import urlsplit

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.workbench.registry import Period
from app.shop.catalog.models import Product, Sku
from app.shop.catalog.states import ProductKind
from app.shop.customers.models import Customer
from app.shop.insights import goods, kinds, selling
from app.shop.orders.models import Order, OrderLine
from tests.panel.accounts.configuration.conftest import rule as rule
from tests.shop.orders.conftest import order_of, stall  # noqa: F401 (fixtures)

JUNE = Period(dt.date(2026, 6, 1), dt.date(2026, 6, 30))


@pytest.fixture
def june(session, stall, app):  # noqa: F811
    """A cup and a lid; five paid orders with the cup in June and one in May, by two customers and a stranger."""
    cup, lid = session.query(Product).one(), Product(title="Lid", handle="lid", currency="CNY")
    lid.skus = [Sku(code="L-1", price=1000, cost=400, currency="CNY")]
    anna, bo = (Customer(name=name, shop_id=stall.shop_id) for name in ("Anna", "Bo"))
    session.add_all([lid, anna, bo])
    session.flush()
    cup_sku, lid_sku = session.get(Sku, stall.skus[0]), lid.skus[0]

    def sell(number, day, customer, *lines, currency="CNY"):
        total = sum(n * price - off for _sku, n, price, off in lines)
        order = Order(
            number=number, shop_id=stall.shop_id, channel_id=stall.site_id, customer_id=customer.id if customer else None,
            currency=currency, subtotal=total, total=total, placed_at=day, paid_at=day, is_past=True,
        )  # fmt: skip
        order.lines = [
            OrderLine(sku_id=sku.id, sku_code=sku.code, title="x", quantity=n, unit_price=price, unit_cost=sku.cost, discount=off,
                      total=n * price - off, currency=currency) for sku, n, price, off in lines
        ]  # fmt: skip
        session.add(order)

    def at(month, day):
        return dt.datetime(2026, month, day, 4, tzinfo=dt.UTC)

    sell("P0", at(5, 20), anna, (cup_sku, 1, 20000, 0))
    sell("P1", at(6, 5), anna, (cup_sku, 1, 20000, 0))
    sell("P2", at(6, 10), bo, (cup_sku, 3, 20000, 6000), (lid_sku, 1, 1000, 0))
    sell("P3", at(6, 11), None, (cup_sku, 2, 20000, 4000))
    sell("P4", at(6, 12), bo, (cup_sku, 1, 5000, 0), currency="USD")
    sell("P5", at(6, 20), bo, (lid_sku, 1, 1000, 0))
    session.commit()
    with app.test_request_context():
        yield cup


def texts(product, kind, actor=SYSTEM, period=JUNE):
    figures = kinds.shown(kind, actor)
    known = kinds.values(figures, actor, [product.id], period)
    return {one.key: known[one.key][product.id].text if one.key in known else None for one in figures}


def test_a_traffic_item_shows_what_it_opened(june):
    assert texts(june, ProductKind.TRAFFIC) == {
        "orders": "4", "new": "33.3% (1 of 3)", "attach": "25.0% (1 of 4)", "ctr": None,
    }  # fmt: skip


def test_a_profit_item_shows_what_it_earned_in_the_currency_of_the_business(june):
    found = texts(june, ProductKind.PROFIT)
    # (200 + 550 + 360) / 3 orders; 1100 of revenue, 6 pieces that cost 99.50; the lids earned 12 more
    assert found["aov"] == "CN¥370.00"
    assert found["margin"] == "CN¥503.00 · 45.7%"
    assert found["margin_share"] == f"{100 * 503 / 515:.1f}%"
    assert found["conversion"] is None


def test_an_event_item_shows_the_days_with_a_discount_against_as_many_days_before(june):
    found = texts(june, ProductKind.EVENT)
    assert found["discount_units"] == "5 · nothing before", "10 and 11 June, against 8 and 9 June"
    assert found["discount_revenue"] == "CN¥900.00 · nothing before"
    assert found["units_before"] == "0"
    response = selling.responses(SYSTEM, [june.id], JUNE)[june.id]
    assert (response.during.first.day, response.during.last.day) == (10, 11)


def test_every_figure_opens_exactly_the_orders_that_it_counted(june, as_user, session):
    client, expected = as_user("ada"), {
        ("traffic", "orders"): {"P1", "P2", "P3", "P4"}, ("traffic", "new"): {"P2"}, ("traffic", "attach"): {"P2"},
        ("event", "discount_units"): {"P2", "P3"}, ("event", "units_before"): set(), ("profit", "margin"): {"P1", "P2", "P3", "P4"},
    }  # fmt: skip
    for (kind, key), numbers in expected.items():
        figure = kinds.FIGURES[key]
        value = figure.answer(SYSTEM, [june.id], JUNE)[june.id]
        address = urlsplit(value.url)
        page = client.get(f"{address.path}?{address.query}").text
        assert set(re.findall(r">(P\d)</a>", page)) == numbers, (kind, key)


def test_a_figure_without_a_source_is_said_to_be_unknown_until_somebody_brings_it(june, as_user, session, monkeypatch):
    june.kind = ProductKind.TRAFFIC
    session.commit()
    monkeypatch.setattr(kinds, "FIGURES", dict(kinds.FIGURES))
    client = as_user("ada")
    pages = ["/insights/kinds/?kind=traffic&from=2026-06-01&to=2026-06-30", f"/insights/products/{june.id}/"]
    for page in (*pages, f"/catalog/product/show/{june.id}"):
        assert "not known yet" in client.get(page).text, page

    @kinds.figure("ctr", "Click rate", kinds=(ProductKind.TRAFFIC,))
    def clicks(actor, ids, period):
        return {key: kinds.Value("12.5%", 0.125) for key in ids}

    for page in pages:
        text = client.get(page).text
        assert ("not known yet" in text, "12.5%" in text) == (False, True), page


def test_the_part_of_a_product_is_told_by_no_figure_to_whom_it_is_hidden(june, as_user, session, rule):
    """Read twice with another value in the field: the answers are the same, byte by byte."""
    rule("support", fields={"catalog.Product": {"kind": "hidden"}})
    client, texts = as_user("ben"), set()
    assert client.get("/insights/kinds/?kind=traffic").status_code == 403
    for kind in (ProductKind.TRAFFIC, ProductKind.PROFIT):
        june.kind = kind
        session.commit()
        page = client.get(f"/insights/products/{june.id}/")
        assert page.status_code == 200
        texts.add(re.sub(r"[\w\-.=]{20,}", "", page.text))
    assert len(texts) == 1


def test_the_report_of_a_kind_costs_no_more_statements_for_many_products_than_for_few(june, as_user, session, count_queries):
    client, page = as_user("ada"), "/insights/kinds/?kind=profit&from=2026-06-01&to=2026-06-30"
    june.kind = ProductKind.PROFIT
    session.commit()
    client.get(page)
    with count_queries() as few:
        assert june.title in client.get(page).text
    for number in range(30):
        session.add(Product(title=f"Bowl {number}", handle=f"bowl-{number}", currency="CNY", kind=ProductKind.PROFIT))
    session.commit()
    with count_queries() as many:
        assert "Bowl 29" in client.get(page).text
    assert len(many) <= len(few)


def test_who_may_not_see_costs_sees_no_margin(june, session, as_user):
    june.kind = ProductKind.PROFIT
    session.commit()
    ben = as_user("ben")
    for page in ("/insights/kinds/?kind=profit&from=2026-06-01&to=2026-06-30", f"/catalog/product/show/{june.id}"):
        text = ben.get(page).text
        assert "Average order with it" in text
        assert "Gross margin" not in text
    rows = ben.get(f"/insights/products/{june.id}/orders/?which={goods.ALL}&from=2026-06-01&to=2026-06-30").text
    assert "P1" in rows
    assert "Gross margin" not in rows
