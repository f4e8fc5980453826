"""Shop names, licence scope, credit codes: what is right, what is flagged, what the setting makes of it."""

import pytest

from app.panel.core import records, settings
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import InvalidInput
from app.shop.setup import rules, services
from app.shop.setup.models import Business, Shop

# the three are published in the register of companies; the first is also the example of python-stdnum
REAL_CODES = ["91110000600037341L", "91110108551385082Q", "91330100799655058B"]


@pytest.mark.parametrize("code", REAL_CODES)
def test_real_credit_codes_pass_the_checksum(code):
    rules.credit_code(code)


@pytest.mark.parametrize("code", REAL_CODES)
@pytest.mark.parametrize("place", range(17))
def test_one_wrong_character_of_a_credit_code_is_found(code, place):
    other = "1" if code[place] != "1" else "2"
    with pytest.raises(ValueError):
        rules.credit_code(code[:place] + other + code[place + 1 :])


@pytest.mark.parametrize("code", ["9111000060003734", "91110000600037341l", "91110000600037341I", "统一社会信用代码十八位数字不是"])
def test_what_is_no_credit_code_is_refused(code):
    with pytest.raises(ValueError):
        rules.credit_code(code)


@pytest.mark.parametrize(
    ("name", "flagged"),
    [("青禾户外登山装备", 0), ("青禾户外", 1), ("青禾户外登山装备旗舰专营店铺", 1), ("青禾户外龘靐装备店", 1), ("龘", 2)],
)
def test_a_shop_name_is_flagged_for_its_length_and_for_rare_characters(name, flagged):
    found = [f.sentence for f in rules.shop_name_findings(name, name[:2])]
    assert len(found) == flagged, found


def test_a_shop_name_without_its_core_keyword_is_flagged():
    assert not rules.shop_name_findings("青禾户外登山装备", "户外 青禾")
    (found,) = rules.shop_name_findings("青禾户外登山装备", "户外 骆驼")
    assert "骆驼" in found.sentence


def test_a_main_category_outside_the_licence_is_flagged_and_inside_is_not():
    scope = "服装零售；日用百货\n食品销售"
    assert not rules.category_findings("服装", scope)
    assert not rules.category_findings("食品销售", scope)
    assert rules.category_findings("美妆", scope)
    assert not rules.category_findings("美妆", "")


def test_a_name_outside_the_rules_is_saved_with_a_warning_until_the_setting_blocks(session, ada):
    shop = records.create(Shop, {"name": "青禾"}, actor=ada)
    assert [blocks for _finding, blocks in services.shop_findings("青禾", "青禾", "")] == [False]
    settings.store({"setup.shop_name_rule": "block"}, actor=SYSTEM)
    with pytest.raises(InvalidInput) as refused:
        records.update(shop, {"name": "青禾二"}, actor=ada)
    assert list(refused.value.errors) == ["name"]
    settings.store({"setup.shop_name_rule": "off"}, actor=SYSTEM)
    assert services.shop_findings("青禾", "", "") == []


def test_a_category_outside_the_licence_can_be_made_to_block(session, ada):
    business = session.query(Business).one()
    records.update(business, {"licence_scope": "服装零售"}, actor=ada)
    shop = session.query(Shop).filter_by(code="A").one()
    settings.store({"setup.licence_scope_rule": "block", "setup.shop_name_rule": "off"}, actor=SYSTEM)
    with pytest.raises(InvalidInput):
        records.update(shop, {"main_category": "美妆"}, actor=ada)
    records.update(shop, {"main_category": "服装"}, actor=ada)


def test_while_a_name_is_typed_the_form_says_what_is_wrong_and_stores_nothing(session, as_user):
    client = as_user("ada")
    answer = client.get("/setup/shop/advice?name=龘&core_keyword=&main_category=").json
    assert len(answer["findings"]) == 3
    assert all(not finding["blocks"] for finding in answer["findings"])
    assert session.query(Shop).filter_by(name="龘").count() == 0


def test_saving_a_flagged_name_shows_the_reason(session, as_user):
    client = as_user("ada")
    page = client.post("/setup/shop/add", data={"name": "青禾", "currency": "CNY"}, follow_redirects=True)
    assert page.status_code == 200
    assert "8 to 12 are found best" in page.text
    assert session.query(Shop).filter_by(name="青禾").one().currency == "CNY"


def test_the_last_shop_stays_and_a_zone_that_does_not_exist_is_refused(session, as_user):
    client = as_user("ada")
    business = session.query(Business).one()
    form = {"name": business.name, "currency": "CNY", "language": "en", "version": business.version}
    page = client.post(f"/setup/business/edit/{business.id}", data={**form, "zone": "Mars/Olympus"})
    assert page.status_code == 422
    assert "Mars/Olympus" in page.text
    assert client.post(f"/setup/business/edit/{business.id}", data={**form, "zone": "Asia/Tokyo"}).status_code == 302
