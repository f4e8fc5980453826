"""Who works for which shops and channels, and what follows from it for what he sees."""

import pytest
from sqlalchemy import select

from app.panel.core import policy, records
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import Forbidden, InvalidInput, NotFound
from app.shop.setup import queries, services
from app.shop.setup.models import Business, Channel, Shop, StaffAssignment
from app.shop.setup.permissions import my_channel_ids, my_shop_ids
from app.shop.setup.states import ChannelKind


def shops(session, actor):
    return {shop.code for shop in session.scalars(select(Shop).where(Shop.id.in_(my_shop_ids(actor))))}


def channels(session, actor):
    return {channel.name for channel in session.scalars(select(Channel).where(Channel.id.in_(my_channel_ids(actor))))}


def test_each_sees_his_own_shop_and_the_administrator_all(session, ada, ben, cleo):
    assert (shops(session, ben), shops(session, cleo)) == ({"A"}, {"B"})
    assert shops(session, ada) == shops(session, SYSTEM) == {"A", "B"}
    assert channels(session, ben) == {"Counter A"}


def test_without_an_assignment_a_person_sees_no_shop_of_several(session, ben):
    session.query(StaffAssignment).filter_by(user_id=ben.id).delete()
    assert shops(session, ben) == set()
    assert channels(session, ben) == set()


def test_an_only_shop_is_everybodys(session, ben, cleo):
    session.query(StaffAssignment).delete()
    session.query(Channel).filter_by(name="Counter B").delete()
    session.query(Shop).filter_by(code="B").delete()
    queries.forget_shops()
    assert shops(session, cleo) == {"A"}
    assert channels(session, ben) == {"Counter A"}
    assert not queries.more_than_one_shop()


def test_when_a_second_shop_opens_the_staff_of_the_first_keep_what_they_saw(session, ada, ben, cleo):
    session.query(StaffAssignment).delete()
    session.query(Channel).filter_by(name="Counter B").delete()
    session.query(Shop).filter_by(code="B").delete()
    session.commit()
    queries.forget_shops()
    records.create(Shop, {"name": "青禾户外登山装备", "code": "C"}, actor=ada)
    assert queries.more_than_one_shop()
    assert shops(session, ben) == shops(session, cleo) == {"A"}
    assert session.query(StaffAssignment).filter_by(user_id=ada.id).count() == 0


def test_one_channel_of_a_shop_can_be_a_persons_whole_world(session, ada, ben):
    shop = session.query(Shop).filter_by(code="B").one()
    live = services.open_channel(shop, "Douyin B", ChannelKind.DOUYIN, actor=ada)
    services.assign_to_shop(ben, shop, channel=live, actor=ada)
    assert shops(session, ben) == {"A", "B"}
    assert channels(session, ben) == {"Counter A", "Douyin B"}


def test_an_assignment_to_no_shop_means_all_of_them(session, ada, ben):
    services.assign_to_shop(ben, None, actor=ada)
    assert shops(session, ben) == {"A", "B"}
    assert channels(session, ben) == {"Counter A", "Counter B"}


def test_told_twice_an_assignment_is_made_once(session, ada, ben):
    shop = session.query(Shop).filter_by(code="B").one()
    first = services.assign_to_shop(ben, shop, actor=ada)
    assert services.assign_to_shop(ben, shop, actor=ada).id == first.id
    with pytest.raises(InvalidInput):
        records.create(StaffAssignment, {"user_id": ben.id, "shop_id": shop.id}, actor=ada)


def test_a_channel_of_another_shop_does_not_fit_an_assignment(session, ada, ben):
    shop = session.query(Shop).filter_by(code="A").one()
    foreign = session.query(Channel).filter_by(name="Counter B").one()
    with pytest.raises(InvalidInput):
        records.create(StaffAssignment, {"user_id": ben.id, "shop_id": shop.id, "channel_id": foreign.id}, actor=ada)


def test_a_clerk_opens_neither_the_other_shop_nor_assigns_himself_to_it(session, as_user, ben):
    client = as_user("ben")
    other = session.query(Shop).filter_by(code="B").one()
    assert client.get(f"/setup/shop/show/{other.id}").status_code == 404
    assert client.get(f"/api/v1/setup/shop/{other.id}").status_code == 404
    with pytest.raises(Forbidden):
        records.create(StaffAssignment, {"user_id": ben.id, "shop_id": other.id}, actor=ben)


def test_a_deputy_keeps_the_staff_of_his_shop_and_of_no_other(session, ben, cleo, as_role):
    as_role(ben, "deputy")
    mine, other = (session.query(Shop).filter_by(code=code).one() for code in "AB")
    assert policy.allowed(ben, "write", "setup.StaffAssignment")
    records.create(StaffAssignment, {"user_id": cleo.id, "shop_id": mine.id}, actor=ben)
    for shop_id in (other.id, None):
        with pytest.raises((NotFound, InvalidInput)):
            records.create(StaffAssignment, {"user_id": ben.id, "shop_id": shop_id}, actor=ben)


def test_with_one_shop_the_word_is_on_no_screen_of_channels(session, as_user):
    client = as_user("ada")
    assert '"shop"' in client.get("/setup/channel/list/").text
    assert "shop_id" in client.get("/setup/channel/add").text
    session.query(StaffAssignment).delete()
    session.query(Channel).filter_by(name="Counter B").delete()
    session.query(Shop).filter_by(code="B").delete()
    session.commit()
    queries.forget_shops()
    assert '"shop"' not in client.get("/setup/channel/list/").text
    assert "shop_id" not in client.get("/setup/channel/add").text
    made = client.post("/setup/channel/add", data={"name": "Own site", "kind": "own_site"})
    assert made.status_code == 302, made.text[-2000:]
    assert session.query(Channel).filter_by(name="Own site").one().shop.code == "A"


def test_the_first_run_makes_a_shop_with_a_counter_and_a_site(session):
    session.query(StaffAssignment).delete()
    session.query(Channel).delete()
    session.query(Shop).delete()
    session.query(Business).delete()
    session.commit()
    queries.forget_shops()
    shop = services.first_run("小满书店", zone="Asia/Tokyo", currency="jpy", actor=SYSTEM)
    assert (shop.name, shop.business.zone, shop.currency) == ("小满书店", "Asia/Tokyo", "JPY")
    assert {channel.kind for channel in shop.channels} == {ChannelKind.COUNTER, ChannelKind.OWN_SITE}
    assert queries.shop_currency() == "JPY"
    assert services.first_run("小满书屋", zone="Asia/Tokyo", currency="JPY", actor=SYSTEM).id == shop.id
    assert session.query(Channel).count() == 2
