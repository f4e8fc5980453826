"""What stands below and above a list: sums of what adds up, and how many rows each tab has."""

import datetime as dt

from sqlalchemy import select

from app.panel.core import listing, listtotals
from app.panel.core.fields import specs
from app.shop.catalog.models import Product
from app.shop.customers.models import Customer
from app.shop.inventory.models import StockMove
from app.shop.orders.models import Order, OrderSource, OrderState
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


def test_the_sums_are_those_of_all_rows(as_user, session, monkeypatch):
    placed(session, "SO-1", 500)
    placed(session, "SO-2", 730)
    client = as_user("ada")
    monkeypatch.setattr(listing, "COUNT_LIMIT", 1)
    told = client.get("/lists/orders_order/totals?names=total").json
    assert told == {"count": "2 rows", "sums": {"total": ["CN¥12.30"]}}, "not “1+ rows” beside the sum of two"
    assert client.get("/lists/catalog_product/totals?names=price_from,sku_count").json["sums"].keys() <= {"sku_count"}


def test_tabs_say_how_many_rows_of_the_reader_they_have(as_user, session):
    told = as_user("ada").get("/lists/setup_channel/count?tabs=1").json["tabs"]
    kinds = [channel.kind.value for channel in session.query(Channel)]
    session.rollback()
    view = "kind" if any(key.startswith("kind.") for key in told) else "shop"
    assert sum(int(n) for n in told.values()) == len(kinds) and told and all(key.startswith(f"{view}.") for key in told)
    fewer = as_user("ben").get("/lists/setup_channel/count?tabs=1")
    assert fewer.status_code == 403 or sum(int(n) for n in fewer.json["tabs"].values()) < len(kinds)


def test_tabs_of_a_list_that_is_narrowed_say_what_one_finds_on_them(as_user, session):
    for number, total in (("SO-1", 500), ("SO-2", 730), ("XX-3", 730)):
        placed(session, number, total)
    client = as_user("ada")

    def told(**asked):
        return [*map(int, client.get("/lists/orders_order/count", query_string={"tabs": "1", **asked}).json["tabs"].values())]

    dear = '["total","eq","7.30"]'
    assert sum(told(q="SO")) == 2 and sum(told(q="nobody")) == 0
    assert sum(told(q="SO", f=f'{{"and":[{dear}]}}')) == 1
    pending = f'["state","eq","{OrderState.PENDING.value}"]'
    assert told(f=f'{{"and":[{pending},{dear}]}}') == told(f=f'{{"and":[{dear}]}}'), "a tab leaves its own condition behind"
    assert told(f=f'{{"and":[{pending}]}}') == told(), "and so does the number on it"


def test_a_tab_of_what_another_table_offers_says_nought_where_nothing_has_it(as_user, session):
    told = as_user("ada").get("/lists/setup_staffassignment/count?tabs=1").json
    assert told["others"] == "0" and all(int(number) for number in told["tabs"].values())
    assert "others" not in as_user("ada").get("/lists/orders_order/count?tabs=1").json


def test_every_quick_filter_of_every_list_says_how_many_rows_each_of_its_choices_has(app, ada, session):
    seen = {"choice": 0, "bool": 0, "ref": 0}
    views = [view for view in app.extensions["appbuilder"].baseviews if getattr(view, "quick_filters", None)]
    for view in views:
        plan = view.plan(ada)
        for name in view.quick_filters:
            field = specs(view.model)[name]
            told = listtotals.on_tabs(view, plan, ada, name)
            if field.kind == "ref":
                rows = select(field.column).where(field.column.is_not(None), *(() if plan.base is None else (plan.base,)))
                values = set(session.scalars(rows))
                assert (told.get("others") == "0") == bool(values)
            else:
                values = [one.value for one in field.choices] if field.choices is not None else ["true", "false"]
            assert set(told["tabs"]) == {f"{name}.{value}" for value in values}, (view.endpoint, name)
            seen[field.kind] += 1
    assert len(views) > 40 and all(number >= 5 for number in seen.values()), seen
    assert listtotals.on_tabs(views[0], views[0].plan(ada), ada, "no_such_filter") == {"tabs": {}}


def test_a_quick_filter_that_is_no_tab_is_counted_when_it_is_opened(as_user, session):
    placed(session, "SO-1", 500)
    channel = session.query(Channel).filter_by(name="Counter A").one().id
    session.rollback()
    client = as_user("ada")
    page = client.get("/orders/order/list/").text
    assert 'data-quick="channel"' in page and f'data-counted="channel.{channel}"' in page
    told = client.get("/lists/orders_order/count?tabs=channel").json
    assert told["tabs"] == {f"channel.{channel}": "1"} and told["others"] == "0"


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
    monkeypatch.setattr(listing, "leading", lambda _model: frozenset({"shop_id"}))
    shops = session.query(Customer.shop_id).filter(Customer.shop_id.is_not(None)).count()
    assert sum(listtotals.by_value(plan, "shop", ada).values()) == shops, "of another table what it offers is counted"
