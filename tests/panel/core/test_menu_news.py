"""Counts in the menu of an open page follow what happens: one event a transaction, for whoever may see the rows."""

from __future__ import annotations

import json

import pytest

from app.panel.core import bus, changes, menu
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.orders import tiles
from app.shop.orders.models import Order


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
