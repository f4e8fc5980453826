import pytest

from app.panel.core import records, trash
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import Forbidden, InvalidInput
from app.shop.customers import areas, services
from app.shop.customers.models import Address
from tests.panel.accounts.configuration.conftest import rule as rule
from tests.shop.customers.people import address, customer, person


def test_every_province_is_there_and_a_city_state_is_its_own_city():
    assert len(areas.children()) == 34
    assert [area.name for area in areas.children("11")] == ["北京市"]
    assert areas.find("北京", "北京市", "朝阳区").code == areas.find("北京市", "朝阳区").code == "110105"


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (("广东省", "深圳市", "南山区"), "440305"), (("广东", "深圳", "南山"), "440305"), (("广东", "东莞", ""), "4419"),
        (("湖北", "仙桃市", "whatever"), "429004"), (("台湾", "台北", ""), "71"), (("香港", "九龙", ""), "81"),
    ],
)  # fmt: skip
def test_places_are_found_by_full_and_by_short_names(names, code):
    assert areas.find(*names).code == code


def test_a_place_that_does_not_belong_is_not_found():
    assert areas.find("河北", "杭州") is None
    assert areas.find("广东", "深圳", "西湖区") is None


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"province": "浙江", "city": "杭州", "district": "西湖区", "street": "x"}, set()),
        ({"province": "浙江", "city": "杭州", "district": "南山区", "street": "x"}, {"district"}),
        ({"province": "浙江", "city": "杭州", "district": "", "street": "x"}, {"district"}),
        ({"province": "浙江", "city": "深圳", "street": "x"}, {"city"}),
        ({"province": "Zhejiang", "street": "x"}, {"province"}),
        ({"province": "", "street": ""}, {"province", "street"}),
        ({"province": "香港", "street": "Queen's Road 1"}, set()),
        ({"country": "SG", "city": "Singapore", "street": "Orchard Road 1"}, set()),
        ({"country": "SG", "street": "Orchard Road 1"}, {"city"}),
    ],
)
def test_what_keeps_a_parcel_from_arriving_is_said_by_field(app, session, values, wrong):
    assert set(services.address_problems(values)) == wrong


def test_an_address_gets_its_full_names_and_code(session):
    made = address(customer())
    assert (made.province, made.city, made.district, made.area_code) == ("浙江省", "杭州市", "西湖区", "330106")
    assert made.place == "浙江省杭州市西湖区"
    assert made.place in str(made) and made.street not in str(made)  # the street is kept from some


def test_abroad_an_address_is_free_and_read_the_other_way_round(session):
    abroad = {"country": "sg", "province": "", "city": "Singapore", "district": "", "postcode": "238801"}
    made = address(customer(), street="Orchard Road 1", phone="+6591234567", **abroad)
    assert made.place == "Singapore, 238801, SG"


def test_there_is_always_exactly_one_default(session, ada):
    li = customer()
    first, second = address(li), address(li, street="b")
    assert (first.is_default, second.is_default) == (True, False)
    records.update(second, {"is_default": True}, actor=ada)
    session.expire_all()
    assert (first.is_default, second.is_default) == (False, True)


def test_a_wrong_district_is_refused_by_every_path(session, ada):
    li = customer()
    values = {"customer_id": li.id, "recipient": "Li", "province": "浙江", "city": "杭州", "district": "南山区", "street": "x"}
    with pytest.raises(InvalidInput) as error:
        records.create(Address, values, actor=ada)
    assert "district" in error.value.errors
    made = address(li)
    with pytest.raises(InvalidInput):
        records.update(made, {"city": "深圳市"}, actor=SYSTEM)


def test_a_default_address_out_of_the_trash_leaves_the_new_default_alone(session, ada):
    card = customer()
    first, second = address(card), address(card, street="b")
    records.delete(first, actor=ada)
    records.update(second, {"is_default": True}, actor=ada)
    trash.restore(trash.entries("customers.Address", ada)[0].id, actor=ada)
    session.expire_all()
    assert [row.is_default for row in session.query(Address).filter_by(customer_id=card.id).order_by(Address.id)] == [False, True]


def test_an_address_put_on_a_card_obeys_the_rules_of_its_fields(session, rule):
    olga, card = person("olga", "operations"), customer(name="Li Na")
    values = {"recipient": "Li Na", "province": "浙江", "city": "杭州", "district": "西湖区", "street": "文三路 1 号"}
    services.add_address(card, values, actor=olga)
    rule("operations", fields={"customers.Address": {"recipient": "read"}})
    with pytest.raises(Forbidden, match="Recipient"):
        services.add_address(card, values, actor=olga)
    assert session.query(Address).filter_by(customer_id=card.id).count() == 1
