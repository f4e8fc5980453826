"""Orders that are given to a colleague, and the words on them."""

import pytest

from app.panel.core.notices import Notice
from app.panel.core.transaction import transactional
from app.shop.orders.models import Order, OrderTag
from tests.shop.bringing import counts, operate, refused, take_back


@pytest.fixture
def orders(session, order_of):
    made = [order_of(1).id for _n in range(3)]
    session.commit()
    return made


def user(session, name):
    from flask_appbuilder.security.sqla.models import User

    return session.query(User).filter_by(username=name).one()


def test_a_colleague_gets_orders_is_told_once_and_gives_them_back(session, orders, as_user):
    ada, ben, cleo = (user(session, name).id for name in ("ada", "ben", "cleo"))
    first = operate("orders.assign", orders, actor=user(session, "ada"), assignee=ben)
    assert counts(first)["changed"] == 3
    told = session.query(Notice).filter_by(user_id=ben, kind="orders.assigned").all()
    assert len(told) == 1 and told[0].title.endswith("3")
    assert as_user("ben").get(told[0].url).text.count("/orders/order/show/") >= 3, "the notice leads to them"
    other = operate("orders.assign", orders[:1], actor=user(session, "ada"), assignee=cleo)
    assert "does not see this order" in refused(other)[0]
    mine = operate("orders.assign", orders[:1], actor=user(session, "ada"), assignee=ada)
    assert counts(take_back(first)) == {"new": 0, "changed": 2, "same": 0, "refused": 1}, "what was given on since stays"
    take_back(mine)
    session.expire_all()
    assert [session.get(Order, key).assignee_id for key in orders] == [ben, None, None]
    assert session.query(Notice).filter_by(kind="orders.assigned").count() == 1, "nobody is told of what he did himself"


def test_tags_go_on_and_off_and_the_list_is_filtered_by_them(session, orders, as_user):
    @transactional
    def make():
        tag = OrderTag(name="gift")
        session.add(tag)
        session.flush()
        return tag.id

    tag = make()
    run = operate("orders.tags", orders[:2], add=[tag], remove=[])
    assert counts(run)["changed"] == 2
    found = as_user("ada").get(f'/orders/order/list/?f={{"and":[["tags","any",["{tag}"]]]}}&cols=number,tags,assignee').text
    assert sum(f"/orders/order/show/{key}" in found for key in orders) == 2
    assert counts(operate("orders.tags", orders[:1], add=[], remove=[tag]))["changed"] == 1
    take_back(run)
    session.expire_all()
    assert [len(session.get(Order, key).tags) for key in orders] == [0, 0, 0]


def test_the_forms_ask_for_whom_and_for_which_tags(session, orders, as_user):
    client = as_user("ada")
    asked = client.post("/bulk/operation/new", data={"action": "orders.assign", "rowid": orders}).text
    assert "Colleague" in asked and "nobody" in asked
    wrong = client.post("/bulk/operation/new", data={"action": "orders.tags", "rowid": orders, "_go": "1"})
    assert wrong.status_code == 422 and "Choose at least one tag." in wrong.text
