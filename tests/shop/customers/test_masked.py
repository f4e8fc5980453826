"""Masked is what is stored: whoever may write types a contact into a new row, and over one that stands only who may see it."""

import pytest

from app.panel.core import records
from app.panel.core.errors import Forbidden
from app.shop.customers.models import Address
from tests.panel.accounts.configuration.conftest import rule as rule
from tests.shop.customers.people import address, customer, person

ADD = "/customers/address/add"


@pytest.fixture
def olga(session):
    return person("olga", "operations")


def filled(lina, **more):
    return {"customer_id": lina.id, "recipient": "Li Na", "country": "SG", "city": "Singapore", "street": "Road 1", "phone": "13800138000", **more}


def test_who_sees_a_street_masked_adds_one_and_leaves_one(session, as_user, olga):
    lina = customer()
    client = as_user("olga")
    assert 'name="street"' in client.get(ADD).text and ADD in client.get("/customers/address/list/").text
    assert client.post(ADD, data=filled(lina, street="")).status_code == 422
    assert client.post(ADD, data=filled(lina)).status_code == 302
    row = session.query(Address).filter_by(street="Road 1").one()
    assert row.phone == "+8613800138000"
    page = client.get(f"/customers/address/edit/{row.id}").text
    assert 'name="street"' not in page and 'name="phone"' not in page and "Road 1" not in page
    answer = client.post(f"/customers/address/edit/{row.id}", data={**filled(lina, city="Bedok", street="Road 2"), "version": row.version})
    assert answer.status_code == 302
    session.refresh(row)
    assert (row.city, row.street) == ("Bedok", "Road 1")


def test_an_empty_contact_is_filled_in(session, as_user, olga):
    lina = customer(phone=None, email="li@example.org")
    page = as_user("olga").get(f"/customers/customer/edit/{lina.id}").text
    assert 'name="phone"' in page and 'name="email"' not in page
    records.update(lina, {"phone": "13800138000"}, actor=olga)
    with pytest.raises(Forbidden):
        records.update(lina, {"phone": "13911112222"}, actor=olga)


def test_a_program_adds_sends_back_what_is_masked_and_learns_nothing_by_guessing(session, as_user, olga):
    lina = customer()
    home = address(lina)
    client, url = as_user("olga"), f"/api/v1/customers/address/{home.id}"
    assert client.post("/api/v1/customers/address/", json=filled(lina)).status_code == 201
    read = client.get(url).json["result"]
    assert read["street"] == "文***" and home.street not in str(read)
    headers = {"If-Match": f'"{home.version}"'}
    kept = client.put(url, json={"street": read["street"], "label": "Home"}, headers=headers)
    assert kept.status_code == 200
    headers = {"If-Match": f'"{kept.json["result"]["version"]}"'}
    said = [client.put(url, json={"street": street}, headers=headers) for street in (home.street, "文三路 9 号")]
    assert [answer.status_code for answer in said] == [403, 403] and said[0].json == said[1].json
    session.refresh(home)
    assert home.street == "文三路 1 号" and home.label == "Home"


def test_a_field_that_is_hidden_is_not_guessed_either(session, rule, olga):
    lina = customer(email="li@example.org")
    rule("operations", fields={"customers.Customer": {"email": "hidden"}})
    for email in ("li@example.org", "other@example.org"):
        with pytest.raises(Forbidden):
            records.update(lina, {"email": email}, actor=olga)


def test_where_a_rule_keeps_what_every_row_needs_no_button_adds_one(as_user, rule, olga):
    rule("operations", fields={"customers.Address": {"street": "masked"}})
    client = as_user("olga")
    assert ADD not in client.get("/customers/address/list/").text
    answer = client.get(ADD)
    assert answer.status_code == 403 and "street" not in answer.text.lower()


def test_customers_of_one_name_are_told_apart_where_one_is_chosen(session, as_user, olga):
    for phone in ("13800138001", "13800138002"):
        customer("Li Na", phone=phone)
    offered = {who: as_user(who).get("/pickers/orders.Order/customer_id?q=Li").json["results"] for who in ("ada", "olga")}
    hints = {who: sorted(row["hint"].split(" · ")[0] for row in rows) for who, rows in offered.items()}
    assert hints == {"ada": ["+8613800138001", "+8613800138002"], "olga": ["+86138****8001", "+86138****8002"]}
