"""The REST API: the same rows, rules and versions as the screens, page by page, and a description that says so for every noun."""

import json

import pytest

from app.panel.core.openapi import OpenApiPage
from app.shop.catalog.models import Product, Sku
from app.shop.customers.models import Customer
from tests.shop.customers.people import customer, shop

URL = "/api/v1/customers/customer/"


@pytest.fixture
def three(session):
    rows = [customer(name, phone) for name, phone in (("Ann", "13800138001"), ("Bob", "13800138002"), ("Cid", "13800138003"))]
    session.commit()
    return rows


def test_rows_are_filtered_ordered_chosen_and_read_behind_a_key(three, as_user):
    client = as_user("ada")
    tree = json.dumps({"and": [["name", "ne", "Cid"]]})
    asked = {"f": tree, "sort": "-name", "size": 1, "cols": "name,phone", "count": "none"}
    first = client.get(URL, query_string=asked).json
    assert [set(row) for row in first["result"]] == [{"id", "version", "name", "phone"}]
    assert first["result"][0]["name"] == "Bob" and "count" not in first
    second = client.get(URL, query_string={**asked, "after": first["next"]}).json
    assert [row["name"] for row in second["result"]] == ["Ann"] and second["next"] is None
    for wrong in ({"cols": "nonsense"}, {"sort": "nonsense"}, {"f": "nonsense"}, {"after": "nonsense"}, {"size": 0}):
        assert client.get(URL, query_string=wrong).status_code == 400, wrong
    olga = as_user("ben").get(URL, query_string={"cols": "name,phone", "q": "Ann"}).json["result"]
    assert all("13800138001" not in str(row) for row in olga), "what is masked is masked in what was chosen, too"


def test_a_parameter_that_a_list_does_not_know_is_refused_and_those_it_knows_are_named(three, as_user):
    client = as_user("ada")
    answer = client.get('/api/v1/catalog/brand/?filters={"and":[]}')
    assert answer.status_code == 400 and "filters" in answer.json["message"] and "q, f, sort" in answer.json["message"]
    assert client.get("/api/v1/catalog/brand/?q=&f=&sort=&size=5&count=none&cols=name").status_code == 200


def test_a_post_that_comes_twice_makes_one_row_and_an_update_needs_the_version(three, as_user, session):
    client = as_user("ada")
    new, once = {"name": "Dee", "shop_id": shop().id}, {"Idempotency-Key": "d-1"}
    first, again = (client.post(URL, json=new, headers=once) for _time in range(2))
    assert (first.status_code, again.status_code) == (201, 201) and first.json["id"] == again.json["id"]
    assert client.post(URL, json={**new, "name": "Eve"}, headers=once).status_code in (409, 422)
    assert session.query(Customer).filter(Customer.name.in_(["Dee", "Eve"])).count() == 1
    session.commit()
    one = f"{URL}{first.json['id']}"
    tag = client.get(one).headers["ETag"]
    assert client.put(one, json={"name": "Dora"}).status_code == 428
    changed = client.put(one, json={"name": "Dora"}, headers={"If-Match": tag})
    assert changed.status_code == 200 and changed.headers["ETag"] != tag
    stale = client.put(one, json={"name": "Dina"}, headers={"If-Match": tag})
    assert stale.status_code == 409 and f'"{stale.json["version"]}"' == changed.headers["ETag"]
    assert client.delete(one, headers={"If-Match": tag}).status_code == 409
    refused = client.post(URL, json={"name": "", "phone": "12", "birthday_on": "never", "nonsense": 1})
    assert refused.status_code == 422 and {"name", "phone", "birthday_on", "nonsense"} <= set(refused.json["errors"])


@pytest.mark.parametrize("rude", ["Half \ud83d", "\x00", "\udc00\ud800"])
def test_what_no_database_takes_is_refused_at_its_field_or_with_a_sentence(three, as_user, rude):
    client = as_user("ada")
    refused = client.post(URL, json={"name": rude, "shop_id": shop().id})
    assert refused.status_code == 422 and set(refused.json["errors"]) == {"name"}
    asked = client.get(URL, query_string={"f": json.dumps(["name", "eq", rude])})
    assert asked.status_code in (400, 422) and asked.json["message"]


def test_the_description_says_so_for_every_noun(app):
    with app.test_request_context():
        page = next(view for view in app.appbuilder.baseviews if isinstance(view, OpenApiPage))
        paths = page.description()["paths"]
    collections = {path: found for path, found in paths.items() if f"{path}{{pk}}" in paths}
    assert len(collections) > 40
    for path, found in collections.items():
        one = paths[f"{path}{{pk}}"]
        assert {"q", "f", "sort", "cols", "after", "before", "from", "last", "size"} <= named(found["get"]), path
        assert "ETag" in one["get"]["responses"]["200"]["headers"], path
        if "post" in found:
            assert "Idempotency-Key" in named(found["post"]) and {"201", "409", "422"} <= set(found["post"]["responses"]), path
        if "put" in one:
            assert "If-Match" in named(one["put"]) and {"200", "404", "409", "422", "428"} <= set(one["put"]["responses"]), path


def named(operation):
    return {one["name"] for one in operation["parameters"]}


def test_one_declaration_refuses_in_the_form_the_api_the_cell_and_the_sheet(session, as_user, ada):
    product = Product(title="Scarf", handle="scarf")
    session.add(product)
    session.flush()
    sku = Sku(product_id=product.id, code="S-1", price=100, currency="CNY")
    session.add(sku)
    session.commit()
    key, client = sku.id, as_user("ada")
    said = client.post("/api/v1/catalog/sku/", json={"product_id": product.id, "code": "S-2", "price": "-1"}).json["errors"]["price"]
    wrong = {"product_id": product.id, "code": "S-2", "price": "-1", "currency": "CNY"}
    answers = {
        "form": client.post("/catalog/sku/add", data=wrong),
        "table in a form": client.post("/catalog/product/add", data={
            "title": "Hat", "kind": "regular", "skus-present": "1", "skus-0-code": "H-1", "skus-0-price": "-1"}),
        "cell": client.post(f"/lists/catalog_sku/cell/{key}/price", data={"value": "-1", "version": "1"}),
        "sheet": client.post("/sheets/catalog/sku/ajax/update/", data={"list_form_pk": key, "price": "-1", "version": "1"}),
        "api": client.put(f"/api/v1/catalog/sku/{key}", json={"price": "-1"}, headers={"If-Match": '"1"'}),
    }  # fmt: skip
    for path, answer in answers.items():
        text = str(answer.json) if answer.is_json else answer.text
        assert answer.status_code == 422 and said in text, (path, answer.status_code)
    session.expire_all()
    assert session.get(Sku, key).price == 100 and session.query(Sku).count() == 1
