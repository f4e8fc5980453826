"""Counts in the menu of an open page follow what happens: one event a transaction, for whoever may see the rows."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import update

from app.panel.core import bus, changes, clock, menu
from app.panel.core.audience import Audience
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.panel.workbench import registry
from app.shop.orders import tiles
from app.shop.orders.models import Order
from app.shop.setup.models import Shop
from tests.panel.accounts.configuration.conftest import rule as rule


@pytest.fixture
def sent(monkeypatch):
    found = []
    monkeypatch.setattr(bus, "send", lambda _app, event: found.append(event) or True)
    return found


@transactional
def change(*keys, table="orders_order", then=None):
    for key in keys:
        changes.feed(db.session(), [(table, key, "update")])
    if then is not None:
        raise then


def test_what_a_transaction_changed_is_told_once_and_with_its_rows(session, sent):
    change(3, 1, 2)
    (event,) = sent
    assert (event["t"], event["k"], event["r"]) == ("orders.Order", "counted", "orders.Order")
    assert json.loads(event["d"]) == {"ids": [1, 2, 3]}


def test_what_is_taken_back_or_counted_by_no_badge_is_not_told(session, sent):
    with pytest.raises(DomainError):
        change(1, then=DomainError("no"))
    change(1, table="catalog_brand")
    assert sent == []
    change(2)
    assert json.loads(sent[0]["d"]) == {"ids": [2]}, "what was taken back before is forgotten"


def test_of_very_many_rows_only_that_there_were_some_is_told(session, sent):
    @transactional
    def many():
        changes.record(Order, range(1, menu.MOST_NAMED + 2))

    many()
    assert [json.loads(event["d"]) for event in sent] == [{}]


def test_a_page_asks_for_the_counts_that_have_news_alone(as_user, monkeypatch):
    asked = []
    for key, one in list(menu._badges.items()):
        told = menu.Badge(lambda _actor, key=key: asked.append(key) or 4, one.topics)
        monkeypatch.setitem(menu._badges, key, told)
    client = as_user("ada")
    assert client.get("/menu/counts?of=orders.Order").json == {"counts": {"orders_order": 4}}
    assert asked == ["orders_order"] and tiles.RESOURCE == "orders.Order"
    assert len(client.get("/menu/counts").json["counts"]) > 1


def test_an_order_that_goes_to_another_shop_changes_the_count_of_whoever_loses_it(session, app, ben, cleo):
    """By the rules of rows that hold; of an order that was never his he hears nothing."""
    shops = {shop.code: shop for shop in session.query(Shop)}
    order = Order(
        shop_id=shops["A"].id, channel_id=shops["A"].channels[0].id, number="GO-1", currency="CNY", state="paid", buyer_name="x",
        placed_at=clock.now(), paid_at=clock.now(),
    )  # fmt: skip
    session.add(order)
    session.commit()
    heard = Audience(app)
    for person in (ben, cleo):
        heard.recounted(person.id, "orders.Order")
    assert not heard.recounted(ben.id, "orders.Order") and not heard.recounted(cleo.id, "orders.Order")
    move = update(Order).where(Order.id == order.id).values(shop_id=shops["B"].id, channel_id=shops["B"].channels[0].id)
    session.execute(move)
    session.commit()
    assert heard.rows(ben.id, "orders.Order", [order.id]) == set()
    assert heard.recounted(ben.id, "orders.Order") and not heard.recounted(ben.id, "orders.Order")


def test_nothing_is_counted_by_a_field_that_is_hidden(session, ben, rule):
    """Neither beside the entry nor among what waits on the home page: the count would tell what stands in the field."""
    shop = session.query(Shop).filter_by(code="A").one()
    session.add(Order(
        shop_id=shop.id, channel_id=shop.channels[0].id, number="GO-2", currency="CNY", state="paid", buyer_name="x",
        placed_at=clock.now(), paid_at=clock.now(),
    ))  # fmt: skip
    session.commit()
    waits = registry.TODOS["orders.to_ship"]
    assert menu._badges["orders_order"].counted(ben) == 1 and waits.allowed(ben)
    rule("support", fields={"orders.Order": {"state": "hidden"}})
    assert menu._badges["orders_order"].counted(ben) == 0 and not waits.allowed(ben)
