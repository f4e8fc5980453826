"""The screens of customers as people use them."""

import datetime as dt
import io
import re
import zipfile

import pytest

from app.panel.core import records, trailsets
from app.panel.core.actor import SYSTEM
from app.shop.customers import services
from app.shop.customers.models import Address, Customer, CustomerMerge, CustomerTag
from tests.shop.customers.people import address, customer, person


def page(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)


def test_every_list_opens_with_rows_in_it(as_user, session):
    li = customer()
    address(li)
    services.write_note(li, "likes tea", actor=SYSTEM)
    records.create(CustomerTag, {"name": "Regular"}, actor=SYSTEM)
    services.merge(li, customer("Li N.", "13900139000"), actor=SYSTEM)
    client = as_user("ada")
    for noun in ("customer", "address", "customernote", "consent", "customertag", "customeridentity", "customermerge"):
        page(client, f"/customers/{noun}/list/")


def test_a_list_costs_the_same_for_many_customers(as_user, session, count_queries):
    client = as_user("ada")
    for number in range(5):
        customer(f"C{number}", f"1380013800{number}")
    page(client, "/customers/customer/list/")
    with count_queries() as few:
        page(client, "/customers/customer/list/")
    for number in range(10, 50):
        customer(f"C{number}", f"138001380{number}")
    with count_queries() as more:
        page(client, "/customers/customer/list/")
    assert len(more) <= len(few)


def test_who_may_not_reveal_sees_a_masked_number_everywhere(as_user, session):
    li = customer(email="lina@example.org")
    address(li, phone="13911112222", street="Secret Lane 5")
    person("olga", "operations")
    client = as_user("olga")
    for url in (
        "/customers/customer/list/", f"/customers/customer/show/{li.id}", "/api/v1/customers/customer/",
        f"/api/v1/customers/customer/{li.id}", "/customers/address/list/",
        f"/customers/customer/show/{li.id}?tab=customers_customeridentity",
    ):
        text = page(client, url)
        for secret in ("13800138000", "lina@example.org", "13911112222", "Secret Lane 5"):
            assert secret not in text, (url, secret)
    assert "13800138000" not in page(as_user("ben"), f"/customers/customer/show/{li.id}"), "he is asked why first"
    assert "13800138000" in page(as_user("ada"), f"/customers/customer/show/{li.id}")


def test_masked_numbers_cannot_be_guessed_by_search_or_filter(as_user, session):
    customer("Hidden One")
    person("olga", "operations")
    text = page(as_user("olga"), "/customers/customer/list/?q=13800138000")
    assert "Hidden One" not in text


def test_a_caller_is_found_by_his_whole_number_by_whoever_sees_it_masked(as_user, session):
    li = customer()
    person("olga", "operations")
    client = as_user("olga")
    answer = client.get("/customers/lookup/?q=138 0013 8000")
    assert (answer.status_code, answer.location) == (302, f"/customers/customer/show/{li.id}")
    assert "Nobody is known" in page(client, "/customers/lookup/?q=1380013")
    assert "Nobody is known" in page(as_user("cleo"), "/customers/lookup/?q=13800138000")


def test_a_card_is_added_and_a_taken_number_is_refused_with_what_was_typed(as_user, session):
    client = as_user("ben")
    assert client.post("/customers/customer/add", data={"name": "Li Na", "phone": "138 0013 8000"}).status_code == 302
    assert session.query(Customer).one().phone == "+8613800138000"
    again = client.post("/customers/customer/add", data={"name": "Second Li", "phone": "13800138000"})
    text = again.get_data(as_text=True)
    assert again.status_code == 422 and "Second Li" in text and "Li Na" in text


def test_notes_addresses_tags_and_consents_are_added_from_the_card(as_user, session):
    li, tag = customer(), records.create(CustomerTag, {"name": "Regular"}, actor=SYSTEM)
    client, base = as_user("ben"), f"/customers/customer/action/%s/{li.id}"
    for verb, data in (
        ("note", {"body": "likes tea"}),
        ("address", {"recipient": "Li", "country": "CN", "province": "浙江", "city": "杭州", "district": "西湖区", "street": "x"}),
        ("tag", {"tags": tag.id, "remove": "add"}),
        ("consent", {"purpose": "sms", "answer": "yes", "source": "counter"}),
    ):
        page(client, base % verb)
        answer = client.post(base % verb, data={"_go": "1", **data})
        assert answer.status_code == 302, (verb, answer.get_data(as_text=True)[:3000])
    session.expire_all()
    assert (len(li.notes), len(li.addresses), [str(t) for t in li.tags], li.accepts_sms) == (1, 1, ["Regular"], True)


def test_a_district_of_another_city_is_refused_on_its_field(as_user, session):
    li = customer()
    data = {"_go": "1", "recipient": "Li", "country": "CN", "province": "浙江", "city": "杭州", "district": "南山区", "street": "x"}
    answer = as_user("ben").post(f"/customers/customer/action/address/{li.id}", data=data)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "This district is not in" in text and "南山区" in text
    assert session.query(Address).count() == 0


def test_the_form_of_an_address_asks_for_places(as_user, session):
    client = as_user("ben")
    assert "areas.js" in page(client, "/customers/address/add")
    assert "areas.js" in page(client, f"/customers/customer/action/address/{customer().id}")

    def names(**query):
        return [area["name"] for area in client.get("/customers/areas/", query_string=query).json["results"]]

    assert len(names()) == 34 and "深圳市" in names(province="广东省")
    assert "南山区" in names(province="广东省", city="深圳市") and names(province="Nowhere") == []


def test_two_cards_are_compared_and_merged_on_a_screen(as_user, session):
    kept, gone = customer(), customer("Li N.", "13900139000", preferences="no onions")
    client = as_user("ada")
    chosen = client.post("/customers/customer/action_post", data={"action": "merge", "rowid": [kept.id, gone.id]})
    assert chosen.location == f"/customers/merging/{kept.id}?other={gone.id}"
    text = page(client, chosen.location)
    assert "no onions" in text and "+8613900139000" in text and "Identities" in text
    done = client.post(f"/customers/merging/{kept.id}", data={"other": gone.id, "take": ["preferences"]})
    assert done.status_code == 302, done.get_data(as_text=True)[:3000]
    session.expire_all()
    assert session.query(Customer).count() == 1 and kept.preferences == "no onions"
    paper = session.query(CustomerMerge).one()
    back = client.post(f"/customers/customermerge/action/unmerge/{paper.id}", data={"_go": "1"})
    assert back.status_code == 302 and session.query(Customer).count() == 2


def test_the_other_card_is_proposed(as_user, session):
    kept, twin = customer("Li Na"), customer("Li Na", "13900139000")
    text = page(as_user("ada"), f"/customers/merging/{kept.id}")
    assert f"other={twin.id}" in text


def test_a_person_is_handed_out_as_a_file_and_erased_by_the_screens(as_user, session):
    li = customer()
    client, base = as_user("ada"), f"/customers/customer/action/%s/{li.id}"
    answer = client.post(base % "export_person", data={"_go": "1"})
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert "13800138000" in archive.read("customer.json").decode()
    unsure = client.post(base % "erase", data={"_go": "1", "why": "letter"})
    assert unsure.status_code == 422
    assert client.post(base % "erase", data={"_go": "1", "why": "letter", "is_sure": "y"}).status_code == 302
    text = page(client, f"/customers/customer/show/{li.id}")
    assert "13800138000" not in text and "Li Na" not in text


@pytest.mark.parametrize(
    ("role", "writes", "merges", "erases", "notes"),
    [
        ("operations", True, True, False, True), ("deputy", True, True, False, True), ("support", True, False, False, True),
        ("finance", False, False, False, False), ("host", False, False, False, False),
        ("field_control", False, False, False, False), ("viewer", False, False, False, False),
    ],
)  # fmt: skip
def test_what_each_role_may_do(as_user, session, role, writes, merges, erases, notes):
    li = customer()
    person("paul", role)
    client = as_user("paul")
    page(client, f"/customers/customer/show/{li.id}")

    def may(url):
        return client.get(url).status_code in (200, 302)

    base = f"/customers/customer/action/%s/{li.id}"
    assert may("/customers/customer/add") is writes
    assert may(f"/customers/merging/{li.id}") is merges
    assert may(base % "erase") is erases and may(base % "export_person") is erases
    assert may(base % "note") is notes


def test_customers_of_another_shop_are_not_there(as_user, session):
    li = customer()
    cleo = as_user("cleo")
    page(cleo, f"/customers/customer/show/{li.id}", 404)
    page(cleo, f"/customers/customer/action/note/{li.id}", 404)
    assert "Li Na" not in page(cleo, "/customers/customer/list/")
    assert "Li Na" not in page(cleo, "/api/v1/customers/customer/")


def test_saving_a_form_leaves_the_seconds_of_an_instant_that_nobody_touched(session, as_user):
    card = customer()
    card.first_seen_at = before = dt.datetime(2026, 1, 1, 2, 0, 37, 5, tzinfo=dt.UTC)
    session.commit()
    url, client = f"/customers/customer/edit/{card.id}", as_user("ada")
    shown = re.search(r'name="first_seen_at"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="first_seen_at"', client.get(url).text)
    form = {"name": "Another", "shop_id": card.shop_id, "version": card.version, "first_seen_at": shown[1] or shown[2]}
    assert client.post(url, data=form).status_code == 302
    session.expire_all()
    assert (card.name, card.first_seen_at) == ("Another", before)
    assert "first_seen_at" not in trailsets.of(card)[0].changes
    assert client.post(url, data=form | {"version": card.version, "first_seen_at": "2026-01-02T11:00"}).status_code == 302
    session.expire_all()
    assert card.first_seen_at == dt.datetime(2026, 1, 2, 3, 0, tzinfo=dt.UTC)
