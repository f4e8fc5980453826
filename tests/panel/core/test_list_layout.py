"""Columns, density, sums and counts of a list, and what is kept of them in views."""

import json
import re
from html import unescape

import pytest

from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.savedlists import SavedList
from app.shop.orders.models import Order
from app.shop.setup.models import Channel, Shop

LIST, KEY = "/setup/channel/list/", "/lists/setup_channel"


def heads(page):
    return re.findall(r'data-col="([^"]+)"', page)


def lay_out(client, *names, **more):
    return client.post(f"{KEY}/columns", data={"col": list(names), **more})


def view_of(client, name="Tills", **more):
    """A kept view, as its tab leads to it."""
    made = client.post(f"{KEY}/save", data={"name": name, "next": LIST, **more})
    assert made.status_code == 302, made.text
    page = client.get(LIST, query_string={"all": "1"}).text
    return unescape(re.search(rf'href="([^"]+)"[^>]*>{name}<span', page).group(1))


def number_of(session, name):
    db.session.commit()
    found = session.query(SavedList.id).filter_by(name=name).order_by(SavedList.id.desc()).first()[0]
    db.session.rollback()
    return found


def test_an_address_says_which_columns_in_which_order_and_how_wide(as_user):
    page = as_user("ada").get(LIST, query_string={"cols": "kind:120,name"}).text
    assert heads(page) == ["kind", "name"]
    assert "width: 120px" in re.search(r"<style nonce=.*?</style>", page, re.S).group(0)


@pytest.mark.parametrize("cols", ["password", "name:9", "name:9999", "name:-1", "name,", "x" * 3000])
def test_columns_that_there_are_not_are_refused(as_user, cols):
    assert as_user("ada").get(LIST, query_string={"cols": cols}).status_code == 400


def test_a_reader_lays_a_list_out_for_himself_alone(as_user):
    ben, declared = as_user("ben"), heads(as_user("ben").get(LIST).text)
    assert lay_out(ben, "name", "created_at", density="compact", **{"width-name": "200"}).status_code == 302
    page = ben.get(LIST).text
    assert heads(page) == ["name", "created_at"] and "laid compact" in page and "width: 200px" in page
    assert heads(as_user("ada").get(LIST).text) == declared
    assert lay_out(ben, "name", reset="1").status_code == 302
    assert heads(ben.get(LIST).text) == declared
    lay_out(ben, *reversed(declared))
    assert heads(ben.get(LIST).text) == declared[::-1], "an order of his own is a layout, with the same columns too"
    lay_out(ben, *declared)
    assert heads(ben.get(LIST).text) == declared
    assert lay_out(ben, "password").status_code == 400
    assert lay_out(ben, "name", density="flat").status_code == 400


def test_a_column_that_is_gone_since_is_left_out_of_a_layout(as_user, session):
    lay_out(as_user("ben"), "name", "kind")
    db.session.commit()
    session.query(SavedList).one().state = {"cols": "name,password,kind:120", "density": ""}
    db.session.commit()
    assert heads(as_user("ben").get(LIST).text) == ["name", "kind"]


def test_a_view_keeps_the_columns_and_changing_them_changes_its_address_only(as_user):
    client = as_user("ada")
    lay_out(client, "name", "kind", **{"width-kind": "150"})
    address = view_of(client, cols="kind:150,name", size="25")
    assert heads(client.get(address).text) == ["kind", "name"]
    moved = client.post(f"{KEY}/columns", data={"col": ["name"], "cols": "kind:150,name", "size": "25"})
    assert "cols=name" in moved.location and "size=25" in moved.location
    assert heads(client.get(LIST).text) == ["name", "kind"], "the layout of his own stays"


def test_the_tabs_of_kept_views_count_the_rows_of_the_reader(as_user, session):
    view_of(as_user("ada"), f=json.dumps(["name", "contains", "Counter"]), roles=["*"])
    key = str(number_of(session, "Tills"))
    assert 'data-counts="/lists/setup_channel/counts"' in as_user("ben").get(LIST).text
    assert as_user("ada").get(f"{KEY}/counts").json == {key: "2"}
    assert as_user("ben").get(f"{KEY}/counts").json == {key: "1"}


def test_a_view_for_everybody_is_copied_and_changed_by_none_but_its_owner(as_user, session):
    view_of(as_user("ada"), roles=["*"])
    ben, key = as_user("ben"), number_of(session, "Tills")
    assert ben.post(f"/lists/{key}/rename", data={"name": "Mine"}).status_code == 404
    assert ben.post(f"/lists/{key}/copy", data={"next": LIST}).status_code == 302
    assert ben.post(f"/lists/{key}/copy", data={"next": LIST}).status_code == 302
    assert "Tills 2" in ben.get(LIST).text and "Tills 2" not in as_user("ada").get(LIST).text
    own = number_of(session, "Tills 2")
    assert ben.post(f"/lists/{own}/rename", data={"name": "Tills", "next": LIST}, follow_redirects=True).text.count("already") == 1
    ben.post(f"/lists/{own}/rename", data={"name": "Boxes", "next": LIST})
    assert "Boxes" in ben.get(LIST).text
    assert as_user("cleo").post(f"/lists/{own}/copy").status_code == 404


def test_a_layout_is_no_view_that_anybody_opens(as_user, session):
    lay_out(as_user("ben"), "name")
    key = number_of(session, "")
    for name in ("ben", "cleo"):
        for path in ("copy", "delete", "default", "rename"):
            assert as_user(name).post(f"/lists/{key}/{path}", data={"on": "1", "name": "x"}).status_code == 404


def test_sums_are_those_of_all_rows_that_are_ones_own_a_currency_each(as_user, session, order_of):
    for shop, amount, currency in (("A", 1250, "CNY"), ("A", 2000, "CNY"), ("B", 500, "CNY"), ("A", 300, "USD")):
        order_of(shop, amount, currency)
    asked = {"names": "total", "f": json.dumps(["number", "starts", "SUM"])}
    said = as_user("ben").get("/lists/orders_order/totals", query_string=asked).json
    assert said == {"count": "3 rows", "sums": {"total": ["CN¥32.50", "$3.00"]}}
    assert as_user("ada").get("/lists/orders_order/totals", query_string=asked).json["sums"]["total"][0] == "CN¥37.50"


@pytest.fixture
def order_of(session):
    """An order of a shop whose total is so much."""
    def make(shop, amount, currency):
        found = session.query(Shop).filter_by(code=shop).one()
        channel = session.query(Channel).filter_by(shop_id=found.id).first()
        number = f"SUM-{shop}-{amount}-{currency}"
        row = Order(number=number, shop_id=found.id, channel_id=channel.id, total=amount, subtotal=amount, currency=currency, placed_at=clock.now())
        session.add(row)
        session.flush()
        session.commit()
        return row

    return make
