"""What stands below and above a list: sums of what adds up, and how many rows each tab has."""

import datetime as dt

from app.panel.core import listing, listtotals
from app.panel.core.fields import specs
from app.shop.catalog.models import Product
from app.shop.customers.models import Customer
from app.shop.inventory.models import StockMove
from app.shop.orders.models import Order, OrderSource
from app.shop.setup.models import Channel


def placed(session, number, total):
    channel = session.query(Channel).filter_by(name="Counter A").one()
    session.add(Order(
        number=number, shop_id=channel.shop_id, channel_id=channel.id, buyer_name=number, total=total, subtotal=total,
        currency="CNY", placed_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC), source=OrderSource.INTAKE,
    ))  # fmt: skip
    session.commit()


def test_amounts_and_counts_add_up_and_prices_do_not(ada, app, session):
    plan = listing.plan_for(Product, ada, columns=["title", "price_from", "price_to", "sku_count", "completeness"])
    assert [field.name for field in listtotals.summable(plan, plan.columns)] == ["sku_count"]
    assert {"quantity", "held"} == {name for name in ("quantity", "held", "balance", "unit_cost") if specs(StockMove)[name].adds_up}
    assert specs(Order)["total"].adds_up


def test_the_sums_are_those_of_all_rows(as_user, session):
    placed(session, "SO-1", 500)
    placed(session, "SO-2", 730)
    client = as_user("ada")
    told = client.get("/lists/orders_order/totals?names=total").json
    assert told["sums"] == {"total": ["CN¥12.30"]}
    assert client.get("/lists/catalog_product/totals?names=price_from,sku_count").json["sums"].keys() <= {"sku_count"}


def test_tabs_say_how_many_rows_of_the_reader_they_have(as_user, session):
    told = as_user("ada").get("/lists/setup_channel/count?tabs=1").json["tabs"]
    kinds = [channel.kind.value for channel in session.query(Channel)]
    session.rollback()
    view = "kind" if any(key.startswith("kind.") for key in told) else "shop"
    assert sum(int(n) for n in told.values()) == len(kinds) and told and all(key.startswith(f"{view}.") for key in told)
    fewer = as_user("ben").get("/lists/setup_channel/count?tabs=1")
    assert fewer.status_code == 403 or sum(int(n) for n in fewer.json["tabs"].values()) < len(kinds)


def test_a_tab_of_what_another_table_offers_says_nought_where_nothing_has_it(as_user, session):
    told = as_user("ada").get("/lists/setup_staffassignment/count?tabs=1").json
    assert told["others"] == "0" and all(int(number) for number in told["tabs"].values())
    assert "others" not in as_user("ada").get("/lists/orders_order/count?tabs=1").json


def test_tabs_of_very_many_rows_are_counted_by_an_index_or_not_at_all(ada, app, session, monkeypatch):
    session.add_all([Customer(name=f"Buyer {n}") for n in range(4)])
    session.commit()
    plan = listing.plan_for(Customer, ada, columns=["name", "level", "state", "shop"])
    known = listtotals.by_value(plan, "level", ada)
    assert sum(known.values()) == session.query(Customer).count() and set(known) == {one.value for one in specs(Customer)["level"].choices}
    monkeypatch.setattr(listing, "COUNT_LIMIT", 2)
    monkeypatch.setattr(listing, "leading", lambda _model: frozenset())
    assert listtotals.by_value(plan, "level", ada) == known, "ten times as many are read"
    monkeypatch.setattr(listtotals, "READ_FOR_TABS", 1)
    assert listtotals.by_value(plan, "level", ada) == {}
    monkeypatch.setattr(listing, "leading", lambda _model: frozenset({"level"}))
    assert max(listtotals.by_value(plan, "level", ada).values()) == 3
    assert listtotals.by_value(plan, "name", ada) == {}
