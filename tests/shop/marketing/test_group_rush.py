"""MKT-07 under many hands at once: the last place goes to one, all go on once, and everybody is refunded once."""

import datetime as dt
import threading
from collections import Counter

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.marketing import services
from app.shop.marketing.models import GroupBuy, GroupBuyMember
from app.shop.marketing.states import GroupState, MemberState
from app.shop.orders import services as orders
from app.shop.orders.models import Order, OrderState, Refund
from app.shop.orders.services import Wanted
from tests import people
from tests.conftest import make_app
from tests.shop.orders.conftest import BUYER, open_stall


@pytest.fixture(scope="module")
def app_of_groups(new_database, tmp_path_factory):
    app = make_app(new_database(), tmp_path_factory.mktemp("groups"))
    with app.app_context():
        people.settle()
        app.stall = open_stall(stock=500)
        app.promotions = [
            services.group_buy("拼团", sku_ids=[app.stall.skus[0]], price=9900, size=size, hours=24, actor=SYSTEM).id for size in (3, 8)
        ]
    return app


def at_once(app, works):
    """Do all of it at the same moment; the answers, a refusal as its class."""
    barrier, told = threading.Barrier(len(works)), []

    def one(work):
        with app.app_context():
            barrier.wait()
            try:
                told.append(work())
            except DomainError as error:
                told.append(type(error))

    threads = [threading.Thread(target=one, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def buy(app, code):
    order = orders.place([Wanted(app.stall.skus[0], 1)], channel_id=app.stall.site_id, buyer=BUYER, codes=[code], actor=SYSTEM)
    return order.id


def pay(key):
    return orders.pay(db.session.get(Order, key), actor=SYSTEM).id


def begun(app, promotion, members):
    """A group with so many unpaid members: its code and their orders."""
    keys = [buy(app, f"PT{promotion}")]
    code = db.session.query(GroupBuy).order_by(GroupBuy.id.desc()).first().code
    return code, keys + [buy(app, code) for _n in range(members - 1)]


def test_fifty_buyers_of_the_last_place_are_one_buyer(app_of_groups):
    app = app_of_groups
    with app.app_context():
        code, _keys = begun(app, app.promotions[0], 2)
        placed = db.session.query(Order).count()
    told = at_once(app, [lambda: buy(app, code)] * 50)
    assert sum(isinstance(one, int) for one in told) == 1
    assert Counter(one for one in told if not isinstance(one, int)) == {DomainError: 49}
    with app.app_context():
        group = db.session.query(GroupBuy).filter_by(code=code).one()
        assert (group.taken, len(group.members), db.session.query(Order).count()) == (3, 3, placed + 1)


def test_twelve_paid_orders_of_a_channel_for_the_last_place_are_all_taken_and_one_is_in_the_group(app_of_groups):
    app = app_of_groups
    with app.app_context():
        code, _keys = begun(app, app.promotions[0], 2)

    def take(number):
        sent = orders.Incoming(app.stall.site_id, f"P-{number}", (("T-1", 1, None, ""),), paid=orders.Paid(), codes=(code,))
        return orders.take_in(sent, actor=SYSTEM)[0].total

    told = at_once(app, [lambda number=number: take(number) for number in range(12)])
    assert Counter(told) == {9900: 1, 19900: 11}


def test_eight_members_who_all_pay_twice_at_once_complete_their_group_once(app_of_groups):
    app = app_of_groups
    with app.app_context():
        code, keys = begun(app, app.promotions[1], 8)
    told = at_once(app, [lambda key=key: pay(key) for key in keys for _twice in range(2)])
    assert DomainError in told and sum(isinstance(one, int) for one in told) == 8
    with app.app_context():
        group = db.session.query(GroupBuy).filter_by(code=code).one()
        assert (group.state, group.taken, group.paid) == (GroupState.FILLED, 8, 8)
        assert {(member.state, member.order.state, member.order.is_held) for member in group.members} == {
            (MemberState.PAID, OrderState.PAID, False)
        }  # fmt: skip


def test_the_last_payment_and_a_member_who_leaves_at_once_end_in_one_truth(app_of_groups):
    app = app_of_groups
    with app.app_context():
        code, keys = begun(app, app.promotions[0], 3)
        for key in keys[:2]:
            pay(key)
    told = at_once(app, [lambda: pay(keys[2]), lambda: orders.refund(db.session.get(Order, keys[0]), actor=SYSTEM).id])
    assert all(isinstance(one, int) for one in told)
    with app.app_context():
        group = db.session.query(GroupBuy).filter_by(code=code).one()
        held = [db.session.get(Order, key).is_held for key in keys]
        if group.state is GroupState.FILLED:
            assert (group.taken, group.paid, held) == (3, 3, [False] * 3)
        else:
            assert (group.state, group.taken, group.paid, held) == (GroupState.OPEN, 2, 2, [False, True, True])


def test_four_clocks_and_a_person_refund_everybody_exactly_once(app_of_groups, clock):
    app = app_of_groups
    with app.app_context():
        code, keys = begun(app, app.promotions[1], 6)
        for key in keys:
            pay(key)
        late = db.session.query(GroupBuy).filter_by(code=code).one().ends_at + dt.timedelta(minutes=1)
    clock.set(late.isoformat())
    by_hand = [lambda key=key: orders.refund(db.session.get(Order, key), actor=SYSTEM).id for key in keys[:2]]
    told = at_once(app, [services.end_groups] * 4 + by_hand)
    with app.app_context():
        services.end_groups()
        group = db.session.query(GroupBuy).filter_by(code=code).one()
        assert group.state is GroupState.FAILED
        mine = db.session.query(Refund).filter(Refund.order_id.in_(keys))
        assert sorted((refund.order_id, refund.amount) for refund in mine) == [(key, 9900) for key in sorted(keys)]
        assert {db.session.get(Order, key).state for key in keys} == {OrderState.CLOSED}
        assert db.session.query(GroupBuyMember).filter(GroupBuyMember.trouble.is_not(None)).count() == 0
    assert len(told) == 6
