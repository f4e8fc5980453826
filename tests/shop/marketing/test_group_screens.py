"""What people see of group buys, and what programs ask for."""

import pytest

from app.panel.core.actor import SYSTEM
from app.shop.marketing import services
from app.shop.marketing.models import GroupBuy, Promotion
from app.shop.marketing.states import GroupState
from app.shop.orders import services as orders
from app.shop.orders.models import Order


@pytest.fixture
def group(session, stall, order_of):
    """An open group of two with one paid member, beside one that was complete and one that was not."""
    promotion = services.group_buy("三人团", sku_ids=[stall.skus[0]], price=9900, size=2, hours=24, shop_id=stall.shop_id, actor=SYSTEM)
    begin = services.code_to_begin(promotion)
    order_of(1, codes=[begin], paid=True)
    order_of(1, codes=[session.query(GroupBuy).one().code], paid=True)
    order_of(1, codes=[begin], paid=True)
    services.fail(session.query(GroupBuy).filter_by(state=GroupState.OPEN).one(), why="-", actor=SYSTEM)
    services.end_groups()
    order_of(1, codes=[begin], paid=True)
    return session.query(GroupBuy).filter_by(state=GroupState.OPEN).one()


def test_a_group_buy_is_made_in_the_browser_and_programs_join_it(as_user, session, stall):
    client = as_user("ada")
    data = {
        "name": "三人团", "kind": "group", "currency": "CNY", "is_active": "1", "priority": "100", "audience": "everybody",
        "stacking": "all", "part_refund": "recompute", "price": "99", "tiers-present": "1",
    }  # fmt: skip
    refused = client.post("/marketing/promotion/add", data=data)
    assert refused.status_code == 422 and "how many places" in refused.text
    assert client.post("/marketing/promotion/add", data=data | {"group_size": "2", "group_hours": "24"}).status_code == 302
    session.expire_all()
    promotion = session.query(Promotion).one()
    code = services.code_to_begin(promotion)
    assert code in client.get(f"/marketing/promotion/show/{promotion.id}").text
    order = {"channel_id": stall.site_id, "external_number": "X-1", "lines": [{"sku": "T-1", "quantity": 1}], "coupons": [code]}
    told = client.get("/marketing/try/", query_string={
        "channel_id": stall.site_id, "lines": "T-1 1", "codes": code, "customer": "", "session_key": "", "at": "",
    })  # fmt: skip
    assert "¥99.00" in told.text and session.query(GroupBuy).count() == 0
    for _sent_twice in range(2):
        assert client.post("/api/v1/orders/intake/", json=order).status_code in (200, 201)
    session.expire_all()
    begun, made = session.query(GroupBuy).one(), session.query(Order).one()
    assert (made.total, begun.taken, begun.paid) == (9900, 1, 0)
    shown = client.get(f"/orders/order/show/{made.id}").text
    assert f"/marketing/groupbuy/show/{begun.id}" in shown and "instead of" in shown


def test_the_figures_of_groups_lead_to_their_rows(as_user, session, group):
    client = as_user("ada")
    page = client.get("/marketing/groups/").text
    assert "50 %" in page and "40 to 60 %" in page
    links = [part.split('"')[0].replace("&amp;", "&") for part in page.split('<td class="n"><a href="')[1:]]
    assert [client.get(link).text.count('href="/marketing/groupbuy/show/') > 0 for link in links] == [True] * 5
    shown = client.get(f"/marketing/groupbuy/show/{group.id}").text
    assert 'data-left="86' in shown and group.members[0].order.number in shown


def test_people_decide_about_a_group_by_its_buttons_if_they_may(as_user, session, group, stall, somebody):
    path = f"/marketing/groupbuy/action/%s/{group.id}"
    viewer = as_user(somebody("viewer", stall.shop_id).username)
    assert viewer.post(path % "fill", data={"_go": "1", "why": "x"}).status_code == 403
    client = as_user("ada")
    assert client.post(path % "fill", data={"_go": "1", "why": ""}).status_code == 422
    assert client.post(path % "fill", data={"_go": "1", "why": "enough"}).status_code == 302
    session.expire_all()
    assert (group.state, group.why) == (GroupState.FILLED, "enough")
    assert not orders.hindrance(group.members[0].order)


def test_cleo_sees_no_group_of_the_shop_of_ben(as_user, group):
    cleo = as_user("cleo")
    assert group.code not in cleo.get("/marketing/groupbuy/list/").text
    assert cleo.get(f"/marketing/groupbuy/show/{group.id}").status_code == 404
    assert "三人团" not in cleo.get("/marketing/groups/").text
