"""The catalog's screens: for whom they open, what they show, how many statements they cost."""

import html
import json
import re

import pytest

from app.panel.core import records
from app.panel.core.actor import SYSTEM
from app.shop.catalog import services
from app.shop.catalog.models import Product, Tag
from app.shop.catalog.states import ProductState

NOUNS = [
    "product", "sku", "category", "attributeset", "brand", "tag", "keyword", "synonym", "phaserule", "productimage", "productvideo",
    "listing", "channelprice",
]  # fmt: skip


@pytest.mark.parametrize("noun", NOUNS)
def test_lists_and_forms_open_for_the_administrator(session, as_user, noun):
    client = as_user("ada")
    assert client.get(f"/catalog/{noun}/list/").status_code == 200
    assert client.get(f"/catalog/{noun}/add").status_code == 200


@pytest.mark.parametrize("noun", NOUNS)
def test_support_changes_nothing_in_the_catalog(session, as_user, noun):
    assert as_user("ben").get(f"/catalog/{noun}/add").status_code == 403


def test_support_reads_products_and_their_log(session, as_user, make_product):
    product = make_product("青瓷茶杯", whole=True)
    client = as_user("ben")
    assert "青瓷茶杯" in client.get("/catalog/product/list/").text
    page = client.get(f"/catalog/product/show/{product.id}")
    assert page.status_code == 200
    assert "Put on sale" not in page.text
    assert client.get("/catalog/tree/").status_code == 200


def test_a_list_of_fifty_products_costs_no_more_statements_than_one_of_five(session, as_user, make_product, tree, count_queries):
    client = as_user("ada")
    for number in range(5):
        make_product(f"Shoe {number}", category=tree["running"])
    client.get("/catalog/product/list/")
    with count_queries() as few:
        client.get("/catalog/product/list/")
    for number in range(45):
        make_product(f"Sock {number}", category=tree["running"])
    with count_queries() as many:
        assert "Sock 44" in client.get("/catalog/product/list/").text
    assert len(many) <= len(few)


def test_a_product_is_found_from_any_level_of_the_tree(session, as_user, make_product, tree):
    client = as_user("ada")
    make_product("Runner", category=tree["running"])
    make_product("Teapot")

    def listed(op, level):
        tree_ = json.dumps({"and": [["category", op, str(tree[level].id)]]})
        return client.get("/catalog/product/list/", query_string={"f": tree_}).text

    for level in ("clothing", "shoes", "running"):
        assert "Runner" in listed("under", level)
        assert "Teapot" not in listed("under", level)
    assert "Runner" not in listed("eq", "shoes")


def test_products_are_found_by_any_or_by_all_of_some_tags(session, as_user, make_product):
    client = as_user("ada")
    summer, new = services.tags_named(["夏季", "新品"], actor=SYSTEM)
    both, one = make_product("Both"), make_product("Only summer")
    services.change_tags([both, one], add=[summer], actor=SYSTEM)
    services.change_tags([both], add=[new], actor=SYSTEM)

    def found(op):
        tree = f'{{"and": [["tags", "{op}", ["{summer.id}", "{new.id}"]]]}}'
        rows = client.get("/api/v1/catalog/product/", query_string={"f": tree}).json["result"]
        return {row["title"] for row in rows}

    assert found("any") == {"Both", "Only summer"}
    assert found("all") == {"Both"}


def test_tags_are_added_and_removed_on_a_selection(session, as_user, make_product):
    client = as_user("ada")
    products = [make_product(f"Cup {n}") for n in range(3)]
    ids = [product.id for product in products]
    page = client.post("/catalog/product/action_post", data={"action": "tag", "rowid": ids, "_go": "1", "new": "热卖，新品"})
    assert page.status_code == 302, page.text[-2000:]
    session.expire_all()
    assert all({str(tag) for tag in product.tags} == {"热卖", "新品"} for product in products)
    hot = session.query(Tag).filter_by(name="热卖").one()
    client.post("/catalog/product/action_post", data={"action": "tag", "rowid": ids[:2], "_go": "1", "remove": str(hot.id)})
    session.expire_all()
    assert [len(product.tags) for product in products] == [1, 1, 2]


def test_a_selection_is_put_on_sale_and_those_with_gaps_are_named(session, as_user, make_product):
    client = as_user("ada")
    good, bad = make_product("Whole", whole=True), make_product("Torso")
    data = {"action": "publish", "rowid": [good.id, bad.id], "_go": "1"}
    page = client.post("/catalog/product/action_post", data=data, follow_redirects=True).text
    session.expire_all()
    assert good.state is ProductState.PUBLISHED
    assert bad.state is ProductState.DRAFT
    assert "Torso" in page
    assert "cannot go on sale yet" in page


def test_the_form_asks_the_attributes_of_the_category_and_keeps_what_was_typed(session, as_user, tree, make_product):
    client = as_user("ada")
    product = make_product("Runner", category=tree["running"])
    page = client.get(f"/catalog/product/edit/{product.id}").text
    assert 'name="attr-material"' in page
    assert 'name="attr-sole"' in page
    form = {"version": product.version, "title": "Runner", "category_id": tree["running"].id, "kind": "traffic",
            "attributes-present": "1"}  # fmt: skip
    again = client.post(f"/catalog/product/edit/{product.id}", data={**form, "attr-material": "mesh", "attr-sole": "glass"})
    assert again.status_code == 422
    assert "not among the choices" in again.text
    assert 'value="mesh"' in again.text
    saved = client.post(f"/catalog/product/edit/{product.id}", data={**form, "attr-material": "mesh", "attr-sole": "foam"})
    assert saved.status_code == 302, saved.text[-3000:]
    session.expire_all()
    assert product.attributes == {"material": "mesh", "sole": "foam"}


def test_another_category_brings_other_questions_into_the_form(session, as_user, tree):
    client = as_user("ada")
    assert "attr-material" in client.get(f"/catalog/product/attributes?category_id={tree['running'].id}").text
    assert "attr-material" not in client.get("/catalog/product/attributes?category_id=").text


def test_an_edit_without_attributes_keeps_those_that_there_are(session, as_user, tree, make_product):
    product = make_product("Runner", category=tree["running"], attributes={"material": "mesh"})
    form = {"version": product.version, "title": "Runner 2", "category_id": tree["running"].id, "kind": "profit"}
    assert as_user("ada").post(f"/catalog/product/edit/{product.id}", data=form).status_code == 302
    session.expire_all()
    assert (product.title, product.attributes) == ("Runner 2", {"material": "mesh"})


def test_the_tree_counts_the_products_of_a_branch(session, as_user, tree, make_product):
    both = make_product("A", category=tree["running"]), make_product("B", category=tree["shoes"])
    page = as_user("ada").get("/catalog/tree/").text

    def count(name):
        return re.search(rf'aria-label="Products in {name}: (\d+)"', page)[1]

    assert (count("Clothing"), count("Running shoes")) == ("2", "1")
    address = re.search(r'href="([^"]*)" aria-label="Products in Clothing', page)[1]
    products = as_user("ada").get(html.unescape(address)).text
    assert all(f'/catalog/product/show/{product.id}?list=' in products for product in both)
    assert "<details" in page.split(">Clothing</a>")[1].split(">Running shoes</a>")[0], "what is below it folds"


def test_the_api_speaks_of_products_with_their_skus(session, as_user, tree):
    client = as_user("ada")
    body = {"title": "Runner", "category_id": tree["running"].id, "attributes": {"material": "mesh"},
            "skus": [{"code": "R-1", "price": "199.90", "option1": "Blue"}]}  # fmt: skip
    made = client.post("/api/v1/catalog/product/", json=body)
    assert made.status_code == 201, made.text
    result = made.json["result"]
    assert (result["handle"], result["attributes"]) == ("runner", {"material": "mesh"})
    assert result["skus"][0]["price"] == "199.90"
    product = session.get(Product, made.json["id"])
    assert (product.price_from, product.currency, product.sku_count) == (19990, "CNY", 1)
    refused = client.post("/api/v1/catalog/product/", json={**body, "attributes": {"height": "1"}, "skus": []})
    assert refused.status_code == 422
    assert "attributes.height" in refused.json["errors"]


def test_withdrawing_asks_why_and_the_log_tells_it(session, as_user, make_product):
    client = as_user("ada")
    product = make_product("Cup", whole=True)
    services.publish(product, actor=SYSTEM)
    asked = client.get(f"/catalog/product/action/withdraw/{product.id}")
    assert asked.status_code == 200
    data = {"_go": "1", "why": "cracked glaze", "idempotency_key": "k1"}
    assert client.post(f"/catalog/product/action/withdraw/{product.id}", data=data).status_code == 302
    session.expire_all()
    assert product.state is ProductState.WITHDRAWN
    page = client.get(f"/catalog/product/show/{product.id}?tab=catalog_productmove").text
    assert "cracked glaze" in page


def test_a_stale_product_form_shows_both_versions(session, as_user, make_product):
    client = as_user("ada")
    product = make_product("Cup")
    old = product.version
    records.update(product, {"title": "Mug"}, actor=SYSTEM)
    page = client.post(f"/catalog/product/edit/{product.id}", data={"version": old, "title": "Bowl"})
    assert page.status_code == 409
    assert "Mug" in page.text
    assert "Bowl" in page.text
