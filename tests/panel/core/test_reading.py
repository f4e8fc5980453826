"""Lists fetch the columns that they draw and no whole rows, where nothing is lost by it."""

import datetime as dt
import difflib
import itertools
import re
import warnings

import pytest
from sqlalchemy.exc import SAWarning

from app.panel.core import cells, listing, policy, screens, veil
from app.panel.core.screens.reading import columns_read, named_by
from app.shop.customers.models import Customer
from app.shop.inventory.models import StockAlert
from app.shop.orders.models import Order, OrderSource
from app.shop.setup.models import Channel

CHANGING = re.compile(r'nonce="[^"]*"|csrf[-_]token" (?:value|content)="[^"]*"| object at 0x\w+')


def rows_of(page):
    """The lines of the table of a page, without what is new in each answer."""
    return CHANGING.sub("", "".join(re.findall(r"<tbody.*?</tbody>", page, re.S)))


@pytest.fixture
def order(session, ada):
    customer = session.query(Customer).first()
    channel = session.query(Channel).filter_by(name="Counter A").one()
    session.add(Order(
        number="SO-1", shop_id=channel.shop_id, channel_id=channel.id, customer=customer, buyer_name="王 <b>", total=500, subtotal=500,
        currency="JPY", placed_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC), source=OrderSource.INTAKE,
    ))  # fmt: skip
    session.commit()


def test_the_columns_of_a_name_are_known_where_it_is_made_of_columns_alone():
    assert named_by(Order) == {"number"}
    assert named_by(StockAlert) is None


def test_every_list_shows_the_same_of_plain_columns_as_of_whole_rows(app, as_user, order, monkeypatch, clock):
    clock.set("2026-11-11 20:00")
    client, told = as_user("ada"), []
    chosen = set()

    def noted(view, plan):
        found = columns_read(view, plan)
        chosen.update([view] if found is not None else [])
        return found

    monkeypatch.setattr(screens, "columns_read", noted)
    views = [view for view in app.extensions["panel_view_of"].values() if hasattr(view, "plan")]
    with warnings.catch_warnings():
        warnings.simplefilter("error", SAWarning)
        pages = {view: client.get(f"{view.route_base}/list/").text for view in views}
    assert len(chosen) > 10 and sum("<tr" in rows_of(pages[view]) for view in chosen) >= 2, "orders and channels"
    monkeypatch.setattr(screens, "columns_read", lambda *_given: None)
    for view in chosen:
        plain, whole = map(rows_of, (pages[view], client.get(f"{view.route_base}/list/").text))
        if plain != whole:
            changed = difflib.unified_diff(plain.splitlines(), whole.splitlines(), lineterm="", n=0)
            told.append((view.endpoint, [line[:300] for line in itertools.islice(changed, 6)]))
    assert not told


def test_whoever_is_kept_from_a_field_gets_whole_rows_behind_the_veil(app, as_user, monkeypatch):
    asked, real = [], listing.find
    monkeypatch.setattr(listing, "find", lambda *given: asked.append(given[3]) or real(*given))
    as_user("ada").get("/orders/order/list/")
    monkeypatch.setattr(veil, "access_to", lambda model: object() if model is Order else None)
    as_user("ada").get("/orders/order/list/")
    assert "buyer_name" in asked[0] and asked[1] is None


def test_a_column_of_a_related_row_obeys_the_rules_of_that_row(session, ada, order, monkeypatch):
    row, access = session.query(Order).one(), policy.fields(ada, "orders.Order")
    assert cells.cell(row, "channel.name", access)["text"] == "Counter A"
    monkeypatch.setattr(policy, "browser_rows", lambda _actor, model: Channel.id < 0 if model is Channel else None)
    assert cells.cell(row, "channel.name", access) == cells.cell(row, "channel", access) == {"kind": "masked", "text": "(not visible)"}


def test_a_cell_of_money_that_is_made_otherwise_asks_for_whole_rows(app, as_user, monkeypatch):
    asked, real = [], listing.find
    monkeypatch.setattr(listing, "find", lambda *given: asked.append(given[3]) or real(*given))
    view = next(view for view in app.extensions["panel_view_of"].values() if view.endpoint == "orders_order")
    as_user("ada").get("/orders/order/list/")
    monkeypatch.setitem(view.formatters, "total", lambda row: row.customer_id)
    as_user("ada").get("/orders/order/list/")
    assert "currency" in asked[0] and asked[1] is None
