"""The door for channels: POST /api/v1/orders/intake/ (ORD-03)."""

import pytest

from app.shop.customers.models import Customer
from app.shop.orders.models import Order, OrderSource, OrderState

BUYER = {"name": "王小明", "phone": "13800138000", "province": "广东省", "city": "深圳市", "district": "南山区",
         "street": "科技园路 1 号"}  # fmt: skip


@pytest.fixture
def post(as_user, stall):
    def send(number="D-1", who="ada", sku="T-1", quantity=1, **more):
        lines = [{"sku": sku, "quantity": quantity}]
        order = {"channel_id": stall.site_id, "external_number": number, "buyer": BUYER, "lines": lines}
        return as_user(who).post("/api/v1/orders/intake/", json={**order, **more})

    return send


def test_a_posted_order_is_there_with_its_channel_and_customer(session, post, stall):
    answer = post(paid={"method": "alipay", "reference": "A1", "amount": "199.00"})
    assert answer.status_code == 201
    order = session.get(Order, answer.json["id"])
    assert (order.channel_id, order.external_number, order.source) == (stall.site_id, "D-1", OrderSource.INTAKE)
    assert (order.state, answer.json["total"], answer.json["problems"]) == (OrderState.PAID, "199.00", [])
    assert session.get(Customer, order.customer_id).name == "王小明"


def test_a_posted_order_tells_in_whose_stream_it_was_bought(session, post, as_user):
    made = session.get(Order, post(creator={"name": "家居控小鹿", "id": "75530218846"}).json["id"])
    assert (made.creator_name, made.creator_id) == ("家居控小鹿", "75530218846")
    post(external_number="D-2")
    client = as_user("ben")
    for asked in ({"q": "75530218846"}, {"f": '{"and":[["creator_name","contains","小鹿"]]}'}):
        assert [row["id"] for row in client.get("/api/v1/orders/order/", query_string=asked).json["result"]] == [made.id]
    for url in ("/orders/order/list/", f"/orders/order/show/{made.id}"):
        assert "家居控小鹿" in client.get(url).text
    assert post(external_number="D-3", creator={"nick": "x"}).json["errors"].keys() == {"creator.nick"}


def test_posting_twice_gives_one_order(session, post):
    first, second = post(), post()
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["id"] == second.json["id"] and not second.json["new"]
    assert session.query(Order).count() == 1


def test_the_same_number_of_another_channel_is_another_order(session, post, stall):
    assert post().json["id"] != post(channel_id=stall.counter_id).json["id"]


def test_sold_out_is_a_clean_no_and_nothing_is_kept(session, post, stall, stock_of):
    answer = post(quantity=11)
    assert (answer.status_code, answer.json["code"], answer.json["left"]) == (409, "out_of_stock", 10)
    assert session.query(Order).count() == 0
    assert stock_of(stall.skus[0]) == (10, 0)


def test_what_is_paid_elsewhere_is_taken_and_complained_about(post):
    answer = post(quantity=11, paid=True)
    assert (answer.status_code, answer.json["review"]) == (201, "failed")
    assert [one["reason"] for one in answer.json["problems"]] == ["stock"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"external_number": ""}, "external_number"), ({"lines": []}, "lines"),
        ({"lines": [{"sku": "T-1", "quantity": 0}]}, "lines.0.quantity"),
        ({"lines": [{"sku": "T-1", "quantity": 1, "unit_price": 1.5}]}, "lines.0.unit_price"), ({"discount": "-1"}, "discount"),
        ({"placed_at": "2026-01-01"}, "placed_at"), ({"nonsense": 1}, "nonsense"), ({"channel_id": "1"}, "channel_id"),
        ({"paid": {"method": "gold"}}, "paid.method"), ({"buyer": {"street": "x" * 301}}, "buyer.street"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_field_by_field(session, post, wrong, field):
    answer = post(**wrong)
    assert answer.status_code == 422
    assert field in answer.json["errors"]
    assert session.query(Order).count() == 0


def test_an_unknown_article_that_is_not_paid_is_refused(post):
    assert post(sku="NO-SUCH").status_code == 422


def test_whoever_lacks_the_right_posts_nothing(session, post):
    assert post(who="ben").status_code == 403
    assert session.query(Order).count() == 0


def test_a_foreign_channel_is_not_there(session, post, somebody, stall):
    person = somebody("operations", stall.other_shop_id)
    assert post(who=person.username).status_code == 404
    assert session.query(Order).count() == 0


def test_a_visitor_is_sent_away(app, session, stall):
    assert app.test_client().post("/api/v1/orders/intake/", json={}).status_code in (400, 401)


def test_a_rush_for_what_is_gone_costs_a_few_reads_and_no_write(as_user, stall, session, count_queries):
    client = as_user("ada")
    many = {"channel_id": stall.site_id, "lines": [{"sku": "T-1", "quantity": 1000}]}
    client.post("/api/v1/orders/intake/", json={**many, "external_number": "R-1"})
    with count_queries() as seen:
        answer = client.post("/api/v1/orders/intake/", json={**many, "external_number": "R-2"})
    assert answer.status_code == 409 and answer.json["left"] == 10
    assert all(statement.startswith("SELECT") for statement in seen) and len(seen) <= 4, seen


def test_an_order_that_is_taken_costs_few_statements(as_user, stall, session, count_queries):
    client = as_user("ada")
    order = {"channel_id": stall.site_id, "lines": [{"sku": "T-1", "quantity": 1}], "buyer": BUYER}
    client.post("/api/v1/orders/intake/", json={**order, "external_number": "R-1"})
    with count_queries() as seen:
        buyer = {**BUYER, "phone": "13900139000"}
        answer = client.post("/api/v1/orders/intake/", json={**order, "external_number": "R-2", "buyer": buyer})
    assert answer.status_code == 201 and len(seen) <= 30, seen
