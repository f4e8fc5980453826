"""The frame of a list is drawn once for all for whom it is the same, and never shown to anybody for whom it is not."""

import itertools
import re

from itsdangerous import TimestampSigner

from app.panel.core import fragments
from app.panel.core.db import db
from app.shop.setup.models import Channel

LIST = "/setup/channel/list/"


def token_of(page):
    found = set(re.findall(r'name="csrf_token" value="([^"]+)"', page))
    assert len(found) == 1
    return found.pop()


def test_a_kept_frame_has_the_token_and_the_address_of_whoever_sees_it(as_user, monkeypatch):
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self, at=itertools.count(1_700_000_000): next(at))
    first = as_user("ada").get(f"{LIST}?sort=name").text
    client = as_user("ada")
    second = client.get(f"{LIST}?sort=name&from=A").text
    assert token_of(first) != token_of(second)
    assert 'name="next" value="/setup/channel/list/?sort=name&amp;from=A"' in second and "from=A" not in first
    assert not any(mark in page for page in (first, second) for mark in (fragments.TOKEN, fragments.HERE))
    kept = client.post("/lists/setup_channel/save", data={"name": "Mine", "sort": "name", "csrf_token": token_of(second)})
    assert kept.status_code == 302


def test_another_right_is_another_frame(as_user, as_role, ben):
    as_role(ben, "support")
    assert "Add channel" in as_user("ada").get(LIST).text
    assert "Add channel" not in as_user("ben").get(LIST).text
    as_role(ben, "deputy")
    assert "Add channel" in as_user("ben").get(LIST).text


def test_what_quick_filters_offer_and_what_was_kept_since_is_in_the_next_page(as_user, session):
    client = as_user("ada")
    assert "Kiosk" not in client.get("/orders/order/list/").text
    there = session.query(Channel).filter_by(name="Counter A").one()
    session.add(Channel(name="Kiosk", kind=there.kind, shop_id=there.shop_id))
    db.session.commit()
    assert "Kiosk<span" in client.get("/orders/order/list/").text
    client.post("/lists/orders_order/save", data={"name": "Of the morning", "sort": "number"})
    page = client.get("/orders/order/list/").text
    assert "Of the morning<span" in page and 'data-dialog="saved"' in page


def test_a_second_reader_of_the_same_rights_gets_the_frame_without_drawing_it(as_user, monkeypatch):
    client = as_user("ada")
    client.get(LIST)
    monkeypatch.setattr("app.panel.core.screens.lists.filtering", lambda *_given: 1 / 0)
    assert client.get(LIST).status_code == 200
