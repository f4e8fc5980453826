"""What people see of promotions and coupons, and what programs ask for."""

import pytest

from app.panel.core import clock as real
from app.panel.core import money
from app.panel.core.actor import SYSTEM
from app.panel.core.transaction import transactional
from app.shop.customers.services import remember
from app.shop.logistics.models import Compensation, CompensationKind, CompensationState
from app.shop.logistics.services import compensations
from app.shop.marketing import services
from app.shop.marketing.models import Coupon, CouponBatch, Promotion, PromotionTier
from app.shop.marketing.states import Benefit, CouponState
from app.shop.orders.models import Order
from tests.shop.orders.conftest import BUYER


@pytest.fixture
def client(as_user):
    return as_user("ada")


def test_a_promotion_with_tiers_is_made_in_the_browser_and_counts(client, session, order_of):
    page = client.get("/marketing/promotion/add")
    assert page.status_code == 200
    data = {
        "name": "满减", "kind": "reduction", "currency": "CNY", "is_active": "1", "priority": "100", "audience": "everybody",
        "stacking": "all", "part_refund": "recompute", "tiers-present": "1", "tiers-0-least": "199",
        "tiers-0-off": "20", "tiers-0-gift_quantity": "1", "tiers-1-least": "299", "tiers-1-off": "40", "tiers-1-gift_quantity": "1",
    }  # fmt: skip
    answer = client.post("/marketing/promotion/add", data=data)
    assert answer.status_code == 302
    session.expire_all()
    tiers = session.query(PromotionTier).order_by(PromotionTier.least)
    assert [(tier.least, tier.off) for tier in tiers] == [(19900, 2000), (29900, 4000)]
    order = order_of(1)
    assert order.discount == 2000
    shown = client.get(f"/orders/order/show/{order.id}").text
    assert "Why this price" in shown and "满减" in shown
    refused = client.post("/marketing/promotion/add", data=data | {"kind": "seckill"})
    assert refused.status_code == 422 and "A flash sale needs the pieces" in refused.text


@pytest.mark.parametrize(("kind", "values", "paid", "says"), [
    ("cut", {"off": "50"}, 14900, "CN¥149.00 instead of CN¥199.00"),
    ("reduction", {"tiers-0-least": "199", "tiers-0-off": "20"}, 17900, "CN¥20.00 off goods worth CN¥199.00"),
    ("gift", {"tiers-0-least": "150", "tiers-0-gift_id": "T-2", "tiers-0-gift_quantity": "1"}, 19900, "a gift comes with it"),
    ("seckill", {"price": "99", "limit_pieces": "1"}, 9900, "CN¥99.00 instead of CN¥199.00"),
    ("group", {"percent": "50", "group_size": "2", "group_hours": "24"}, 9950, "CN¥99.50 instead of CN¥199.00"),
])  # fmt: skip
def test_each_of_the_five_forms_is_made_in_the_browser_and_priced_by_one_engine(client, session, stall, order_of, kind, values, paid, says):
    """MKT-03"""
    data = {
        "name": "活动", "kind": kind, "currency": "CNY", "is_active": "1", "priority": "100", "audience": "everybody",
        "stacking": "all", "part_refund": "recompute", "tiers-present": "1", **values,
    }  # fmt: skip
    if kind == "gift":
        data["tiers-0-gift_id"] = str(stall.skus[1])
    answer = client.post("/marketing/promotion/add", data=data)
    assert answer.status_code == 302, answer.text
    session.expire_all()
    codes = [services.code_to_begin(session.query(Promotion).one())] if kind == "group" else []
    order = order_of(1, codes=codes)
    assert (order.total, len(order.lines)) == (paid, 2 if kind == "gift" else 1)
    shown = client.get(f"/orders/order/show/{order.id}").text
    assert says in shown


def test_a_cart_is_tried_and_nothing_is_ordered(client, session, stall, promote, coupon_of):
    promote("special", price=15000)
    coupon = coupon_of(amount=500)
    told = client.get("/marketing/try/", query_string={
        "channel_id": stall.site_id, "lines": "T-1 2\nT-2", "codes": f"{coupon.code} NOPE", "customer": "", "session_key": "", "at": "",
    })  # fmt: skip
    assert told.status_code == 200
    assert "¥344.50" in told.text and "no coupon “NOPE”" in told.text and "instead of" in told.text
    assert session.query(Order).count() == 0 and coupon.state is CouponState.ISSUED
    for wrong in ({"lines": "T-1 x"}, {"lines": "ZZ 1"}, {"lines": "T-1", "at": "yesterday"}, {"lines": "T-1", "customer": "999999"}):
        query = {"channel_id": stall.site_id, "lines": "", "codes": "", "customer": "", "session_key": "", "at": "", **wrong}
        assert client.get("/marketing/try/", query_string=query).status_code == 422


def test_figures_of_batches_lead_to_their_rows(client, session, stall, coupon_of, customer, order_of, pay):
    used = coupon_of(customer, amount=500, per_person=9)
    services.make_codes(used.batch, 3, actor=SYSTEM)
    services.issue(used.batch, customer, actor=SYSTEM)
    pay(order_of(1, codes=[used.code], customer_id=customer.id))
    page = client.get("/marketing/figures/").text
    assert "50 %" in page and "65 to 80 %" in page  # MKT-05
    links = [part.split('"')[0].replace("&amp;", "&") for part in page.split('<td class="n"><a href="')[1:]]
    rows = [client.get(link).text.count("/marketing/coupon/show/") > 0 for link in links]
    assert len(rows) == 5 and all(rows)  # made, with customers, used, margin, who bought again


def test_margin_and_who_bought_again_stand_side_by_side_for_each_batch(client, session, stall, coupon_of, customer, order_of, pay, clock):
    """MKT-06: 50 off against 10 %."""
    late = transactional(remember)(name="李雷", shop_id=stall.shop_id, phone="13800138009", actor=SYSTEM)
    clock.set("2026-09-01 10:00")
    flat, percent = coupon_of(customer, amount=500), coupon_of(late, benefit=Benefit.PERCENT, percent=10)
    first, other = (order_of(1, codes=[one.code], customer_id=one.customer_id) for one in (flat, percent))
    for order in (first, other):
        pay(order)
    clock.set("2026-10-01 10:00")
    pay(order_of(1, customer_id=customer.id))
    clock.set("2026-10-01 10:01")
    pay(order_of(1, customer_id=late.id))
    margins = [money.format(one.subtotal - one.discount - one.cost, "CNY") for one in (other, first)]
    session.commit()
    real.freeze(None)
    rows = client.get("/marketing/figures/").text.split("<tbody>")[1].split("</tr>")
    assert [margin in row for margin, row in zip(margins, rows, strict=False)] == [True, True]
    assert [">0 / 1</a>" in rows[0], ">1 / 1</a>" in rows[1], "100 %" in rows[1]] == [True] * 3


def test_coupons_are_made_and_given_out_by_the_buttons_of_a_batch(client, session, stall, batch_of, customer):
    batch = batch_of(amount=500)
    path = f"/marketing/couponbatch/action/%s/{batch.id}"
    assert client.post(path % "codes", data={"_go": "1", "count": "7"}).status_code == 302
    assert client.post(path % "issue", data={"_go": "1", "customer": str(customer.id)}).status_code == 302
    session.expire_all()
    assert session.query(Coupon).count() == 8 and session.query(CouponBatch).one().made == 8


def test_programs_and_the_counter_take_codes(client, session, stall, coupon_of):
    intake, counter, form = (coupon_of(amount=500) for _n in range(3))
    order = {"channel_id": stall.site_id, "external_number": "X-1", "lines": [{"sku": "T-1", "quantity": 1}],
             "coupons": [intake.code], "session": "live:3"}  # fmt: skip
    assert client.post("/api/v1/orders/intake/", json=order).status_code == 201
    made = session.query(Order).filter_by(external_number="X-1").one()
    assert (made.discount, made.codes, made.session_key) == (500, intake.code, "live:3")
    wrong = client.post("/api/v1/orders/intake/", json=order | {"external_number": "X-2", "coupons": ["NOPE"]})
    assert wrong.status_code == 422 and session.query(Order).count() == 1
    basket = {"channel_id": stall.counter_id, "lines": [{"sku_id": stall.skus[0], "quantity": 1}], "codes": counter.code}
    assert client.post("/orders/counter/quote", json=basket).json["total"] == 19400
    sold = client.post("/orders/counter/sell", json=basket | {"method": "alipay", "key": "k", "expected": 19400})
    assert sold.status_code == 200, sold.json
    typed = {"channel": stall.site_id, "codes": form.code, "lines": [{"sku": stall.skus[0], "quantity": 1}], **BUYER}
    answer = client.post("/api/v1/orders/order/", json=typed)
    assert answer.status_code == 201, answer.json
    session.expire_all()
    assert [one.state for one in (intake, counter, form)] == [CouponState.RESERVED, CouponState.REDEEMED, CouponState.RESERVED]


def test_whoever_is_owed_a_coupon_gets_it_once(session, stall, order_of, customer):
    """ORD-10"""
    order = order_of(1, customer_id=customer.id)
    row = Compensation(order=order, kind=CompensationKind.COUPON, currency="CNY", amount=1000, made_at=order.placed_at,
                       state=CompensationState.PROPOSED)  # fmt: skip
    session.add(row)
    session.commit()
    for _time in range(2):
        compensations.approve(row, actor=SYSTEM)
    coupon = session.query(Coupon).one()
    assert (coupon.customer_id, coupon.batch.amount) == (customer.id, 1000)
    assert coupon.code in order.notes[0].body


def test_cleo_sees_no_promotion_of_the_shop_of_ben(session, stall, promote, as_user):
    mine, all_of_us = promote("cut", off=100, shop_id=stall.shop_id), promote("special", price=9)
    page = as_user("cleo").get("/marketing/promotion/list/").text
    assert all_of_us.name in page and mine.name not in page
    assert session.query(Promotion).count() == 2
