"""A program with an API key that posts and reads orders: only what its key says, and only of its channels."""

import pytest

from app.panel.accounts.login import limits
from app.panel.accounts.models import KeyKind
from app.panel.accounts.people import keys
from app.shop.orders.models import IntakeEvent, Order
from tests.people import make_key


@pytest.fixture
def bridge(app, session, stall, ada, monkeypatch):
    """A machine that may take in and read the orders of one channel."""
    monkeypatch.setattr(limits, "hit", lambda *_args: None)
    _key, text = make_key(
        actor=ada, name="Douyin bridge", kind=KeyKind.MACHINE, rights=keys.preset_rights("orders.intake"),
        bounds={"setup.Channel": [stall.site_id]},
    )  # fmt: skip
    session.commit()
    headers = {"Authorization": f"Bearer {text}"}
    return lambda method, path, **more: app.test_client().open(path, method=method, headers=headers, **more)


def order(channel_id, number="D-1"):
    return {"channel_id": channel_id, "external_number": number, "lines": [{"sku": "T-1", "quantity": 1}]}


def test_it_posts_for_its_channel_and_for_no_other(session, bridge, stall):
    assert bridge("POST", "/api/v1/orders/intake/", json=order(stall.site_id)).status_code == 201
    assert bridge("POST", "/api/v1/orders/intake/", json=order(stall.counter_id)).status_code == 404
    assert [event.via for event in session.query(IntakeEvent)] == ["Douyin bridge"]


def test_it_reads_the_orders_of_its_channel_and_no_others(session, bridge, stall, order_of):
    made = bridge("POST", "/api/v1/orders/intake/", json=order(stall.site_id)).json["id"]
    other = order_of(1)
    session.query(Order).filter_by(id=other.id).update({"channel_id": stall.counter_id})
    session.commit()
    listed = bridge("GET", "/api/v1/orders/order/").json["result"]
    assert [row["id"] for row in listed] == [made]
    assert bridge("GET", f"/api/v1/orders/order/{other.id}").status_code == 404


def test_what_it_may_not_see_is_masked_for_it_too(bridge, stall):
    buyer = {"name": "王小明", "phone": "13800138000"}
    made = bridge("POST", "/api/v1/orders/intake/", json={**order(stall.site_id), "buyer": buyer}).json["id"]
    assert "13800138000" not in bridge("GET", f"/api/v1/orders/order/{made}").text, "its key holds no right to reveal"
