"""Somebody leaves: every access ends in one step, and the work goes to somebody else."""

import datetime as dt

import pytest

from app.panel.accounts import services
from app.panel.accounts.models import KeyKind, Role
from app.panel.accounts.people import leaving, reveals
from app.panel.accounts.rights import delegation
from app.panel.core import clock, notices, policy, trailsets
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden, InvalidInput
from app.shop.customers.models import Customer
from app.shop.setup.models import Shop, StaffAssignment
from tests.people import make_key


@pytest.fixture
def tom(session, ada):
    """Somebody with a bit of everything: a key, a link, loans in both directions, a shop, a notice, a reveal."""
    shop = session.query(Shop).filter_by(code="A").one()
    user = services.create_user(
        actor=SYSTEM, username="tom", name="Tom", email="tom@example.org", roles=["deputy"], password="a long word for tests 9"
    )
    session.add(StaffAssignment(user_id=user.id, shop_id=shop.id))
    session.commit()
    make_key(actor=user, name="till", kind=KeyKind.PERSON, rights=[("read", "setup.Shop")])
    services.make_link(user, actor=SYSTEM)
    until = clock.now() + dt.timedelta(days=1)
    delegation.lend(user, "intake", "orders.Order", until=until, actor=ada)
    notices.send([user.id], "Look at this")
    return user


@pytest.fixture
def after(session, tom, ben):
    until = clock.now() + dt.timedelta(days=1)
    delegation.lend(ben, "refund", "orders.Order", until=until, actor=tom)
    return tom


def test_the_list_says_what_is_open(as_user, after):
    as_user("tom")
    found = leaving.look(after)
    assert (found.sessions, len(found.keys), found.links, len(found.lent_to), len(found.lent_by)) == (1, 1, 1, 1, 1)
    assert {one.key: count for one, count in found.works} == {"notices": 1, "shops": 1}
    page = as_user("ada").get(f"/accounts/leaving/{after.id}/").text
    assert "Tom leaves the house" in page and "Shops and channels" in page and "till" in page


def test_everything_ends_and_the_work_goes_over(as_user, session, after, ben):
    client = as_user("tom")
    assert client.get("/account/").status_code == 200
    answer = as_user("ada").post(f"/accounts/leaving/{after.id}/", data={"heir": str(ben.id)})
    assert answer.status_code == 302, answer.text
    assert client.get("/account/").status_code == 302
    session.expire_all()
    policy.forget()
    found = leaving.look(after)
    assert not after.active
    assert (found.sessions, found.keys, found.links, found.lent_to, found.lent_by, found.open_works) == (0, [], 0, [], [], 0)
    assert not policy.allowed(ben, "refund", "orders.Order")
    assert any(one.title == "Look at this" for one in notices.latest(ben.id))
    [line] = [entry for entry in trailsets.of(after) if entry.verb == "user.left"]
    assert line.actor_name == "ada" and line.changes["handed_to"] == [None, "Ben"]


def test_work_needs_somebody_who_takes_it_and_without_him_nothing_changes(as_user, session, tom, ada):
    for heir in ("", str(tom.id), "999999", "x"):
        answer = as_user("ada").post(f"/accounts/leaving/{tom.id}/", data={"heir": heir})
        assert answer.status_code == 422 and "Choose who takes over the work." in answer.text
    session.expire_all()
    assert tom.active and leaving.look(tom).keys
    with pytest.raises(InvalidInput):
        leaving.leave(tom, actor=ada)


def test_nobody_sees_himself_out_nor_somebody_with_more_rights(session, ada, ben, tom):
    with pytest.raises(DomainError):
        leaving.leave(ada, actor=ada, heir=ben)
    with pytest.raises(Forbidden):
        leaving.leave(tom, actor=ben, heir=ada)
    assert tom.active


def test_what_he_looked_at_in_the_last_days_is_listed(as_user, session, ben, clock):
    shop = session.query(Shop).filter_by(code="A").one()
    lina = Customer(name="Li Na", shop_id=shop.id, phone="13800138000")
    session.add(lina)
    session.commit()
    ben.roles = session.query(Role).filter_by(name="support").all()
    session.commit()
    clock.set("2026-10-01 10:00")
    reveals.reveal("customers.Customer", lina.id, "phone", reason="call", actor=ben)
    clock.set("2026-11-20 10:00")
    reveals.reveal("customers.Customer", lina.id, "phone", reason="other", why="she moved", actor=ben)
    found = leaving.look(ben)
    assert [line.why for line in found.lines] == ["Another reason: she moved"] and found.watched == 1
    page = as_user("ada").get(f"/accounts/leaving/{ben.id}/").text
    assert 'data-label="Customers"' in page and "customers_customer" not in page
