"""Row rules that people edit: the same rows on every road."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.panel.accounts.configuration import store
from app.panel.accounts.models import Role, User
from app.panel.core import clock, filters, listing, policy, records
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import BadRequest, InvalidInput, NotFound
from app.shop.insights import queries as insights
from app.shop.orders import queries
from app.shop.orders.models import Order, OrderLine, OrderNote
from app.shop.setup.models import Channel
from tests.panel.accounts.configuration import stage

ORDER = "orders.Order"
QUICK = settings(
    max_examples=5, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


@pytest.fixture
def known(session):
    return stage.orders()


def asks(tree, order):
    """The same question without a database."""
    if isinstance(tree, dict):
        word, parts = next(iter(tree.items()))
        if word == "not":
            return not asks(parts, order)
        return (all if word == "and" else any)(asks(part, order) for part in parts)
    name, op, value = tree
    if name == "state":
        return order.state.value in value
    if name == "total":
        return order.total >= int(float(value) * 100) if op == "gte" else order.total < int(float(value) * 100)
    return value in order.buyer_name


LEAVES = st.one_of(
    st.lists(st.sampled_from(stage.STATES), min_size=1, max_size=3).map(lambda v: ["state", "in", v]),
    st.tuples(st.sampled_from(["gte", "lt"]), st.integers(1, 17)).map(lambda v: ["total", v[0], f"{v[1]}.00"]),
    st.sampled_from(stage.NAMES).map(lambda v: ["buyer_name", "contains", v]),
)
TREES = st.one_of(
    st.lists(LEAVES, min_size=1, max_size=3).map(lambda parts: {"and": parts}),
    st.lists(LEAVES, min_size=1, max_size=3).map(lambda parts: {"or": parts}),
    LEAVES.map(lambda leaf: {"and": [{"not": leaf}]}),
)


def roads(client, order_ids):
    """The ids of orders that each road shows."""
    page = client.get("/orders/order/list/?size=100").text
    api = client.get("/api/v1/orders/order/?size=100").json
    picked = client.get("/pickers/orders.OrderNote/order_id?ids=" + ",".join(map(str, order_ids))).json
    links = lambda text: {int(key) for key in re.findall(r"/orders/order/show/(\d+)", text)}  # noqa: E731
    return links(page), {row["id"] for row in api["result"]}, {row["id"] for row in picked["results"]}, api["count"]


def test_for_random_rules_every_road_shows_the_same_rows(app, session, known, rule, as_user):
    view = app.extensions["panel_views"][Order]
    client, keys, actor = as_user("ben"), sorted(known), db.session.query(User).filter_by(username="ben").one()

    plan = view.plan(actor)

    @QUICK
    @given(st.lists(TREES, min_size=1, max_size=2))
    def check(trees):
        rule("support", rows={ORDER: trees})
        wanted = {key for key, order in known.items() if any(asks(tree, order) for tree in trees)}
        assert roads(client, keys) == (wanted, wanted, wanted, len(wanted))
        assert set(db.session.scalars(queries.to_ship(actor).with_only_columns(Order.id))) <= wanted
        assert sum(count for _state, count in db.session.execute(queries.count_by_state(actor))) == len(wanted)
        sold = db.session.execute(insights.sales_by_day(actor, [clock.today() - dt.timedelta(days=n) for n in range(9)])).all()
        assert sum(row.orders for row in sold) == sum(known[key].paid_at is not None for key in wanted)
        assert sum(row.gmv for row in sold) == sum(known[key].total for key in wanted if known[key].paid_at is not None)
        found = listing.statement(listing.Asked(q="ZQ-"), plan, actor)[0]  # what the box at the top asks
        assert {order.id for order in db.session.scalars(found)} == wanted
        lost = next((key for key in keys if key not in wanted), None)
        if lost:
            assert client.get(f"/orders/order/show/{lost}").status_code == 404
            assert client.get(f"/api/v1/orders/order/{lost}").status_code == 404

    check()


def test_rows_of_a_parent_take_those_that_hang_on_them_along(known, rule, ben):
    rule("support", rows={ORDER: [{"and": [["state", "eq", "paid"]]}]})
    paid = {key for key, order in known.items() if order.state.value == "paid"}
    lines = db.session.scalars(policy.scope(db.select(OrderLine), ben, OrderLine))
    assert {line.order_id for line in lines} == paid


def test_the_list_and_the_search_box_obey_the_rule(known, rule, as_user):
    rule("support", rows={ORDER: [{"and": [["state", "eq", "paid"]]}]})
    for path in ("/orders/order/list/", "/search/?q=ZQ-"):
        page = as_user("ben").get(path).text
        assert "ZQ-0" in page and "ZQ-1" not in page


def test_what_a_rule_hides_cannot_be_changed_or_moved_into_reach(known, rule, ben):
    rule("support", rows={ORDER: [{"and": [["state", "eq", "paid"]]}]})
    foreign = next(order for order in known.values() if order.state.value == "closed")
    with pytest.raises(NotFound):
        records.update(foreign, {"seller_remark": "mine"}, actor=ben)
    with pytest.raises(NotFound):
        records.get(Order, foreign.id, actor=ben)


def test_administrators_and_the_system_are_not_bound(known, rule, ada):
    rule("support", rows={ORDER: [{"and": [["state", "eq", "paid"]]}]})
    for actor in (ada, SYSTEM):
        assert policy.browser_rows(actor, Order) is None


def test_of_two_roles_the_wider_counts(known, rule, session, ben):
    rule("support", rows={ORDER: [{"and": [["state", "eq", "paid"]]}]})
    ben.roles = [*ben.roles, session.query(Role).filter_by(name="viewer").one()]
    session.flush()
    store.forget()
    assert policy.browser_rows(ben, Order) is None


def test_my_channels_are_those_of_my_work(known, rule, session, as_user, ben):
    rule("support", rows={ORDER: [{"and": [["channel_id", "mine", "channels"]]}]})
    seen = as_user("ben").get("/api/v1/orders/order/?size=100").json["count"]
    assert seen == len(known)  # he works for the whole shop
    rule("support", rows={"setup.Channel": [{"and": [["shop_id", "mine", "shops"], ["name", "eq", "Second"]]}]})
    found = list(db.session.scalars(policy.scope(db.select(Channel), ben, Channel)))
    assert [channel.name for channel in found] == ["Second"]


def test_me_is_whoever_reads(known, rule, session, ben, as_user):
    mine = next(iter(known.values()))
    session.execute(db.update(Order).where(Order.id == mine.id).values(created_by_id=ben.id))
    session.commit()
    rule("support", rows={ORDER: [{"and": [["created_by_id", "me"]]}]})
    assert [row["id"] for row in as_user("ben").get("/api/v1/orders/order/").json["result"]] == [mine.id]


@pytest.mark.parametrize(
    "leaf", [["channel_id", "mine", "nothing"], ["channel_id", "mine"], ["state", "mine", "channels"], ["total", "me"],
             ["channel_id", "me"], ["customer_id", "mine", "channels"], ["created_by_id", "me", "7"]]
)  # fmt: skip
def test_a_question_about_the_reader_is_read_strictly(session, ben, leaf):
    with pytest.raises(BadRequest):
        filters.build({"and": [leaf]}, Order, {"channel_id", "state", "total", "customer_id", "created_by_id"}, ben)


def test_a_list_may_ask_for_what_is_mine_and_says_so(known, as_user):
    answer = as_user("ben").get('/orders/order/list/?f={"and":[["channel","mine","channels"]]}')
    assert answer.status_code == 200 and "my channels" in answer.text


def test_a_rule_that_cannot_be_read_any_more_shows_nothing(known, rule, ben):
    rule("support", rows={ORDER: [{"and": [["gone_with_its_code", "eq", "1"]]}]})
    assert list(db.session.scalars(policy.scope(db.select(Order), ben, Order))) == []


def test_a_rule_of_another_table_hides_its_names_where_rows_point_at_them(known, rule, as_user):
    rule("support", rows={"setup.Channel": [{"and": [["name", "eq", "Second"]]}]})
    text = as_user("ben").get("/orders/order/list/?size=100").text
    assert "Second" in text and "Counter A" not in text


def test_notes_of_a_hidden_order_are_hidden(known, rule, session, ben):
    hidden = next(order for order in known.values() if order.state.value == "closed")
    session.add(OrderNote(order_id=hidden.id, body="secret"))
    session.commit()
    rule("support", rows={ORDER: [{"and": [["state", "eq", "paid"]]}]})
    assert list(db.session.scalars(policy.scope(db.select(OrderNote), ben, OrderNote))) == []


def test_a_rule_about_a_related_row_holds(known, rule, ben):
    rule("support", rows={ORDER: [{"and": [["channel.name", "eq", "Second"]]}]})
    found = list(db.session.scalars(policy.scope(db.select(Order), ben, Order)))
    assert found and {order.channel.name for order in found} == {"Second"}


def test_a_rule_that_asks_for_a_table_without_rows_is_refused(session, ada):
    def change(configuration):
        configuration["roles"]["support"]["rows"]["insights.Words"] = [{"note": "", "filter": {"and": [["a", "eq", "1"]]}}]

    with pytest.raises(InvalidInput):
        store.edit(change, actor=ada)
