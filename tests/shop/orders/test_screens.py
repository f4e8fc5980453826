"""Orders on their screens: typed in, worked on, printed."""

import re

import pytest

from app.panel.core import policy
from app.panel.core.actor import SYSTEM
from app.shop.customers import services as customers
from app.shop.orders import queries, services
from app.shop.orders.models import Order, OrderNote, OrderState, Refund
from tests.shop.orders.conftest import BUYER

ADD = {
    "lines-present": "1", "lines-0-quantity": "2", "lines-0-unit_price": "", "lines-1-quantity": "1", "lines-1-unit_price": "10.00",
    "lines-0-id": "", "lines-0-DELETE": "", "lines-1-id": "", "lines-1-DELETE": "",  # as a browser sends new rows
    "discount": "0.99", "shipping_fee": "8", "tax": "", "adjustment": "", **BUYER,
}  # fmt: skip


@pytest.fixture
def typed(stall):
    return {**ADD, "channel_id": str(stall.site_id), "lines-0-sku_id": str(stall.skus[0]), "lines-1-sku_id": str(stall.skus[1])}


def press(client, name, order, **data):
    """Press a verb of the show page; a GET first, as a person does, for the key in its form."""
    url = f"/orders/order/action/{name}/{order.id}"
    page = client.get(url).text
    key = re.search(r'name="idempotency_key"[^>]*value="([0-9a-f]+)"', page)
    return client.post(url, data={"_go": "1", "idempotency_key": key[1] if key else "", **data})


def test_an_order_typed_in_with_its_lines_is_placed(session, as_user, typed, stall, stock_of):
    answer = as_user("ben").post("/orders/order/add", data={**typed, "idempotency_key": "a" * 32})
    assert answer.status_code == 302, answer.text[-2000:]
    order = session.query(Order).one()
    assert (order.state, order.total, order.shop_id) == (OrderState.PENDING, 2 * 19900 + 1000 - 99 + 800, stall.shop_id)
    assert [line.unit_price for line in order.lines] == [19900, 1000]
    assert stock_of(stall.skus[0]) == (10, 2)


def test_saving_the_form_twice_places_one_order(session, as_user, typed):
    client = as_user("ben")
    answers = [client.post("/orders/order/add", data={**typed, "idempotency_key": "b" * 32}) for _ in range(2)]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert session.query(Order).count() == 1


@pytest.mark.parametrize(
    "wrong", [{"lines-0-quantity": "11"}, {"lines-0-sku_id": "99999"}, {"discount": "9999"}, {"channel_id": ""}]
)
def test_a_form_that_is_refused_keeps_what_was_typed(session, as_user, typed, wrong):
    answer = as_user("ben").post("/orders/order/add", data={**typed, **wrong})
    assert answer.status_code == 422
    assert BUYER["street"] in answer.text
    assert session.query(Order).count() == 0


def test_what_is_wrong_in_a_line_is_said_at_the_head_of_the_form_too(as_user, typed):
    answer = as_user("ben").post("/orders/order/add", data={**typed, "lines-1-sku_id": ""})
    assert answer.status_code == 422
    assert '<a href="#lines-1-sku_id">Lines, row 2, SKU</a>: Choose one from the list.' in answer.text
    assert 'id="lines-1-sku_id-error">Choose one from the list.' in answer.text


def test_a_placed_order_keeps_its_lines_and_amounts_whatever_is_posted(session, as_user, order_of):
    order = order_of(1, paid=True)
    data = {"version": order.version, "seller_remark": "fragile", "total": "1", "lines-present": "1", "lines-0-quantity": "5",
            "payments-present": "1", "payments-0-amount": "1", **BUYER}  # fmt: skip
    answer = as_user("ben").post(f"/orders/order/edit/{order.id}", data=data)
    assert answer.status_code == 302, answer.text[-1500:]
    session.refresh(order)
    assert (order.seller_remark, order.total, order.lines[0].quantity, len(order.payments)) == ("fragile", 19900, 1, 1)


def test_the_work_of_an_order_from_its_show_page(session, as_user, order_of):
    order, client = order_of(2), as_user("ben")
    assert press(client, "pay", order, method="alipay", amount="").status_code == 302
    session.refresh(order)
    assert order.state is OrderState.PAID
    line = order.lines[0]
    assert press(client, "ship", order, courier="SF", tracking_number="SF1", **{f"pieces-{line.id}": "1"}).status_code == 302
    assert press(client, "ship", order, courier="SF", tracking_number="SF2", **{f"pieces-{line.id}": "1"}).status_code == 302
    session.refresh(order)
    assert (order.state, len(order.shipments)) == (OrderState.SHIPPED, 2)
    assert press(client, "complete", order).status_code == 302
    session.refresh(order)
    assert order.state is OrderState.COMPLETED
    assert press(client, "note", order, body="All well").status_code == 302
    assert session.query(OrderNote).one().body == "All well"


def test_a_double_click_on_refund_gives_the_money_back_once(session, as_user, order_of):
    order = order_of(2, paid=True)
    services.ship(order, actor=policy.SYSTEM)
    client = as_user("ada")
    data = {"_go": "1", "idempotency_key": "c" * 32, "amount": "50", "reason": "quality"}
    answers = [client.post(f"/orders/order/action/refund/{order.id}", data=data) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    session.refresh(order)
    assert (order.refunded, session.query(Refund).count()) == (5000, 1)


@pytest.mark.parametrize("amount", ["-1", "abc", "1.005", "999999"])
def test_an_amount_that_is_none_is_said_beside_its_field(session, as_user, order_of, amount):
    order = order_of(1, paid=True)
    answer = as_user("ada").post(f"/orders/order/action/refund/{order.id}", data={"_go": "1", "amount": amount, "reason": "other"})
    assert answer.status_code == 422
    assert session.query(Refund).count() == 0


def test_a_verb_that_does_not_fit_the_state_is_neither_offered_nor_done(session, as_user, order_of):
    order, client = order_of(1), as_user("ada")
    assert "/action/ship/" not in client.get(f"/orders/order/show/{order.id}").text
    assert client.post(f"/orders/order/action/ship/{order.id}", data={"_go": "1"}).status_code == 422


def test_a_selection_is_shipped_as_a_whole_or_not_at_all(session, as_user, order_of):
    ready, unpaid = order_of(1, paid=True), order_of(1)
    data = {"action": "ship", "_go": "1", "courier": "SF", "rowid": [ready.id, unpaid.id]}
    assert as_user("ben").post("/orders/order/action_post", data=data).status_code == 422
    session.refresh(ready)
    assert ready.state is OrderState.PAID
    assert as_user("ben").post("/orders/order/action_post", data={**data, "rowid": [ready.id]}).status_code == 302
    session.refresh(ready)
    assert ready.state is OrderState.SHIPPED


def test_three_filters_combine_and_agree_with_sql(session, as_user, order_of, clock):
    clock.set("2026-11-10 12:00")
    wanted = [order_of(1, paid=True), order_of(1, paid=True)]
    order_of(1)
    clock.set("2026-11-20 12:00")
    order_of(1, paid=True)
    tree = '{"and":[["state","eq","paid"],["buyer_name","contains","王"],["paid_at","on","2026-11-10"]]}'
    found = as_user("ben").get("/api/v1/orders/order/", query_string={"f": tree}).json
    assert sorted(row["id"] for row in found["result"]) == [order.id for order in wanted]


def test_the_tabs_say_how_many_stand_in_each_state(as_user, order_of):
    order_of(1)
    order_of(1, paid=True)
    client = as_user("ben")
    page = client.get("/orders/order/list/").text
    named = {label.strip(): key for label, key in re.findall(r'>([^<>]+)<span class="count" data-counted="([^"]+)"', page)}
    counts = client.get("/lists/orders_order/count?tabs=1").json["tabs"]
    assert (counts[named["To ship"]], counts[named["Shipped"]]) == ("1", "0")


def test_a_long_list_costs_no_more_statements_than_a_short_one(as_user, order_of, count_queries, session):
    client = as_user("ben")
    counts = []
    for n in (5, 5):
        for _ in range(n):
            order_of(1)
        session.expire_all()
        with count_queries() as seen:
            assert client.get("/orders/order/list/").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("kind", ["slips", "receipts", "picking"])
def test_papers_open_with_their_barcode(as_user, order_of, kind):
    orders = [order_of(1, 1, paid=True), order_of(2, paid=True)]
    page = as_user("ben").get(f"/orders/print/{kind}?ids={orders[0].id},{orders[1].id}").text
    assert all(order.number in page for order in orders)
    assert page.count("data:image/svg+xml;base64,") == (0 if kind == "picking" else 2)
    assert "T-1" in page or kind == "receipts"


def test_the_picking_list_adds_up_the_pieces_of_all_orders(as_user, order_of):
    first, second = order_of(2, 1, paid=True), order_of(3, paid=True)
    services.ship(first, pieces={first.lines[0].id: 1}, actor=policy.SYSTEM)
    page = as_user("ben").get("/orders/print/picking").text
    pieces = re.findall(r"<td>(T-\d)</td>.*?<b>(\d+)</b>", page, re.S)
    assert pieces == [("T-1", "4"), ("T-2", "1")]
    assert second.number in page


@pytest.mark.parametrize("ids", ["", "x", "1;2", "0" * 50, ",".join("1" * 300)])
def test_a_print_of_nonsense_is_not_there(as_user, stall, ids):
    assert as_user("ben").get("/orders/print/slips", query_string={"ids": ids}).status_code == 404


def test_problems_are_listed_and_handled(session, as_user, order_of):
    services.ensure_reasons()
    problem = services.open_exception(order_of(1), services.reason("late"), detail="No scan", actor=policy.SYSTEM)
    client = as_user("ben")
    assert "No scan" in client.get("/orders/orderexception/list/").text
    answer = client.post(f"/orders/orderexception/action/handle/{problem.id}", data={"_go": "1", "resolution": "Asked the courier"})
    assert answer.status_code == 302
    session.refresh(problem)
    assert problem.resolution == "Asked the courier"


def test_the_rest_is_let_go_from_the_show_page(session, as_user, order_of):
    order, client = order_of(2, paid=True), as_user("ben")
    services.ship(order, pieces={order.lines[0].id: 1}, actor=policy.SYSTEM)
    assert press(client, "cancel_rest", order, why="").status_code == 302
    session.refresh(order)
    assert order.state is OrderState.SHIPPED


def test_the_card_of_a_customer_shows_what_he_bought(session, as_user, order_of, stall, somebody):
    customer = customers.remember(name="王小明", phone=BUYER["buyer_phone"], shop_id=stall.shop_id, actor=policy.SYSTEM)
    first = order_of(2, customer_id=customer.id, paid=True)
    services.ship(first, actor=policy.SYSTEM)
    services.refund(first, 1000, actor=policy.SYSTEM)
    order_of(0, 1, customer_id=customer.id, paid=True)
    waiting = order_of(1, customer_id=customer.id)
    order_of(1, paid=True)
    row = session.execute(queries.purchases_of(customer.id, policy.SYSTEM)).one()
    assert (row.currency, row.orders, row.sold, row.gmv, row.refunded) == ("CNY", 3, 2, 2 * 19900 + 4950, 1000)
    page = as_user("ben").get(f"/customers/customer/show/{customer.id}").text
    for text in ("Purchases", "CN¥447.50", "CN¥223.75", "CN¥10.00", waiting.number):
        assert text in page, text
    assert session.execute(queries.purchases_of(customer.id, somebody("support", stall.other_shop_id))).all() == []


def test_wherever_an_address_is_typed_its_province_city_and_district_are_offered(as_user, order_of):
    order, client = order_of(1), as_user("ben")
    for path in ("add", f"edit/{order.id}", f"action/edit_address/{order.id}"):
        page = client.get(f"/orders/order/{path}").text
        assert "areas.js" in page and 'data-areas="/customers/' in page, path
        assert all(f'name="{name}"' in page for name in ("province", "city", "district")), path
    assert "areas.js" not in client.get(f"/orders/order/action/note/{order.id}").text
    answer = client.post(f"/orders/order/action/edit_address/{order.id}", data={"_go": "1", "country": "CN"})
    assert answer.status_code == 422 and "areas.js" in answer.text


def test_a_form_that_comes_twice_is_told_the_same_though_nothing_is_left_to_do(as_user, stall, order_of, somebody):
    """Of the pieces that the second one names none is left: what was done is the reason, so it is no refusal."""
    order = order_of(2, paid=True)
    services.ship(order, actor=SYSTEM)
    person = as_user(somebody("finance", stall.shop_id).username)
    sent = {"_go": "1", "reason": "other", f"pieces-{order.lines[0].id}": "2", "idempotency_key": "d" * 32}
    answers = [person.post(f"/orders/order/action/refund/{order.id}", data=sent) for _again in range(2)]
    assert [(answer.status_code, answer.location) for answer in answers] == [(302, f"/orders/order/show/{order.id}")] * 2
    assert [refund.amount for refund in order.refunds] == [order.total]
    other = person.post(f"/orders/order/action/refund/{order.id}", data={**sent, "idempotency_key": "e" * 32})
    assert other.status_code == 422


def test_of_many_orders_only_those_fields_are_offered_that_the_form_of_an_order_changes(stall, as_user):
    page = as_user("ada").get("/bulk/operation/new?action=edit:orders.Order&rowid=1").text
    assert 'name="buyer_name"' in page and 'name="external_number"' in page
    for name in ("discount", "tax", "warehouse_id", "channel_id", "codes"):  # they stand once an order is placed
        assert f'name="{name}"' not in page
