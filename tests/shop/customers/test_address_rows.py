"""Addresses in the form of a card: checked together with it, saved with it, each with its own history and rights."""

import pytest

from app.panel.core import trailsets, trash
from app.shop.customers.models import Address, Customer
from tests.panel.accounts.configuration.conftest import rule as rule
from tests.shop.customers.people import address, customer, person, shop

HOME = {"recipient": "Li Na", "country": "CN", "province": "浙江", "city": "杭州", "district": "西湖区", "street": "文三路 1 号"}
AWAY = {"recipient": "Li Na", "country": "SG", "city": "Singapore", "street": "Orchard Road 1"}


def sent(card, *rows):
    form = {"name": card.name, "shop_id": card.shop_id, "version": card.version, "addresses-present": "1", "first_seen_at": "2026-01-01T10:00"}
    for index, row in enumerate(rows):
        form |= {f"addresses-{index}-{name}": value for name, value in row.items()}
    return form


def edit(client, card, *rows):
    return client.post(f"/customers/customer/edit/{card.id}", data=sent(card, *rows))


def of(row, **more):
    names = ("id", "version", "recipient", "country", "province", "city", "district", "street", "phone")
    return {**{name: getattr(row, name) or "" for name in names}, "is_default": "1" if row.is_default else "", **more}


def stored(session, card):
    session.expire_all()
    return session.query(Address).filter_by(customer_id=card.id).order_by(Address.id).all()


def test_a_new_card_is_saved_with_its_addresses(session, as_user):
    form = {"name": "Han Meimei", "shop_id": shop().id, "addresses-present": "1", "first_seen_at": "2026-01-01T10:00"}
    form |= {f"addresses-0-{name}": value for name, value in HOME.items()}
    form |= {f"addresses-1-{name}": value for name, value in {**AWAY, "is_default": "1"}.items()}
    assert as_user("ada").post("/customers/customer/add", data=form).status_code == 302
    card = session.query(Customer).filter_by(name="Han Meimei").one()
    home, away = stored(session, card)
    assert (home.province, home.area_code, home.is_default, away.is_default) == ("浙江省", "330106", False, True)


def test_rows_are_changed_added_and_removed_at_once_with_a_history_each(session, as_user):
    card = customer()
    home, old = address(card), address(card, street="文三路 2 号")
    client, gone = as_user("ada"), old.id
    assert edit(client, card, of(home, street="文三路 9 号", is_default="1"), {**AWAY, "is_default": "1"}).status_code == 302
    kept, added = stored(session, card)
    assert (kept.id, kept.street, kept.is_default) == (home.id, "文三路 9 号", False)
    assert (added.city, added.is_default) == ("Singapore", True)
    assert trailsets.of(kept)[0].changes["street"] == ["文三路 1 号", "文三路 9 号"]
    assert session.query(trash.TrashEntry).filter_by(resource="customers.Address", key=gone).count() == 1


def test_what_is_wrong_with_one_address_keeps_the_whole_card_as_it_was_and_as_it_was_typed(session, as_user):
    card = customer()
    home = address(card)
    form = sent(card, of(home), {**HOME, "district": "南山区"}) | {"name": "Another"}
    answer = as_user("ada").post(f"/customers/customer/edit/{card.id}", data=form)
    assert answer.status_code == 422
    assert "南山区" in answer.text and 'id="addresses-1-district-error"' in answer.text
    assert [row.id for row in stored(session, card)] == [home.id] and card.name == "Li Na"


def test_one_address_stays_the_default_when_the_default_goes(session, as_user):
    card = customer()
    first, second = address(card), address(card, street="b")
    assert first.is_default
    assert edit(as_user("ada"), card, of(second)).status_code == 302
    assert [(row.id, row.is_default) for row in stored(session, card)] == [(second.id, True)]


def test_who_sees_streets_masked_adds_one_changes_the_rest_and_removes_none(session, as_user):
    person("olga", "operations")
    card = customer()
    home = address(card)
    client = as_user("olga")
    page = client.get(f"/customers/customer/edit/{card.id}").text
    assert "文三路" not in page and "文***" in page and 'name="addresses-0-street"' not in page
    assert 'name="addresses-__i__-street"' in page and "data-drop" in page.partition("<template>")[2]
    assert "data-drop" not in page.partition('id="children-addresses"')[2].partition("<template>")[0]
    row = of(home, label="Home")
    del row["street"], row["phone"]
    away = {**AWAY, "street": "Road 1"}
    session.refresh(card)
    assert edit(client, card, row, away).status_code == 302
    kept, added = stored(session, card)
    assert (kept.street, kept.label, added.street) == ("文三路 1 号", "Home", "Road 1")
    assert edit(client, card, {**row, "version": kept.version, "street": "Road 2"}, of(added)).status_code == 403
    assert edit(client, card, {"id": added.id, "version": added.version, "city": "Bedok"}).status_code == 403
    assert [one.street for one in stored(session, card)] == ["文三路 1 号", "Road 1"]


@pytest.mark.parametrize("level", ["read", "hidden"])
def test_a_rule_on_a_field_of_addresses_holds_in_the_table(session, as_user, rule, level):
    person("olga", "operations")
    card = customer()
    rule("operations", fields={"customers.Address": {"label": level}})
    client = as_user("olga")
    assert 'name="addresses-__i__-label"' not in client.get(f"/customers/customer/edit/{card.id}").text
    assert edit(client, card, {**AWAY, "label": "Home"}).status_code == 403
    assert edit(client, card, AWAY).status_code == 302


def test_the_api_writes_the_same_table_by_the_same_rules(session, as_user):
    card = customer()
    client, url = as_user("ada"), f"/api/v1/customers/customer/{card.id}"
    head = {"If-Match": f'"{card.version}"'}
    refused = client.put(url, json={"addresses": [{**HOME, "district": "南山区"}]}, headers=head)
    assert refused.status_code == 422 and "addresses.0.district" in refused.json["errors"]
    made = client.put(url, json={"addresses": [HOME]}, headers=head)
    assert made.status_code == 200 and made.json["result"]["addresses"][0]["province"] == "浙江省"
