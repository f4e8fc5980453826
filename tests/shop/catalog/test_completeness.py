"""What a whole product has, and what its title and search texts are advised to have."""

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from app.panel.core import records
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import InvalidInput
from app.shop.catalog import queries, rules, services
from app.shop.catalog.models import AttributeSet, Brand, Category, Keyword, Product, ProductImage
from app.shop.catalog.services import derived, holdings
from app.shop.catalog.states import KeywordKind
from app.shop.inventory import services as inventory
from app.shop.inventory.services import Line
from tests.shop.inventory.goods import make_warehouse


def gaps(product):
    stocked = holdings.stocked([product.id])[product.id]
    checks = rules.checklist(product, queries.attributes_of(product.category), stocked=stocked)
    return {check.key for check in checks if not check.done}


def test_the_score_rises_with_every_gap_that_is_closed(make_product, ada, tree):
    product = make_product("Runner", category=tree["running"])
    seen = [product.completeness]
    for values in (
        {"description": "Light."}, {"attributes": {"material": "mesh"}}, {"attributes": {"sole": "foam"}},
        {"audience": "men"}, {"seo_title": "a", "seo_description": "b"},
    ):  # fmt: skip
        records.update(product, values, actor=ada)
        seen.append(product.completeness)
    assert seen == sorted(set(seen)), "each step raises it"
    assert {"description", "attribute:material", "attribute:sole", "audience", "seo"}.isdisjoint(gaps(product))


def test_a_product_with_all_there_is_scores_a_hundred(make_product, ada):
    product = make_product(whole=True)
    sku = product.skus[0]
    records.update(sku, {"barcode": "6901234567892", "weight_g": 320}, actor=ada)
    brand = records.create(Brand, {"name": "Qinghe"}, actor=SYSTEM)
    records.update(product, {"audience": "men", "seo_title": "a", "seo_description": "b", "brand_id": brand.id}, actor=ada)
    services.change_tags([product], add=services.tags_named(["new"], actor=ada), actor=ada)
    for number in range(2):
        records.create(ProductImage, {"product_id": product.id, "source_url": f"https://example.org/{number}.jpg"}, actor=ada)
    for image in list(product.images):
        records.update(image, {"licence": "original"}, actor=ada)
    assert gaps(product) == {"stock"}
    assert product.completeness == 92
    inventory.receive([Line(sku.id, 3, make_warehouse(is_default=True).id)], actor=ada)
    assert gaps(product) == set()
    assert product.completeness == 100


def test_twelve_products_are_scored_in_no_more_statements_than_three(make_product, session, tree, count_queries):
    ids = [make_product(f"Cup {number}", category=tree["running"]).id for number in range(12)]
    seen = []
    for some in (ids[:3], ids):
        session.execute(sa.update(Product).where(Product.id.in_(some)).values(completeness=0))
        session.expire_all()
        with count_queries() as statements:
            derived.refresh_of(some)
        seen.append([one for one in statements if one.startswith("SELECT")])
        assert set(session.scalars(sa.select(Product.completeness).where(Product.id.in_(some)))) != {0}
    assert len(seen[1]) <= len(seen[0])


def test_stock_counts_but_keeps_no_product_off_the_shelf(make_product, ada, session, as_user):
    product = make_product(whole=True, skus=[{"code": "A", "price": "1"}, {"code": "B", "price": "1"}])
    house, before = make_warehouse(is_default=True), product.completeness
    assert "Stock: none taken on yet" in as_user("ada").get(f"/catalog/product/show/{product.id}").text
    services.publish(product, actor=ada)
    inventory.receive([Line(product.skus[1].id, 1, house.id)], actor=ada)
    session.refresh(product)
    assert product.completeness > before, "one SKU of it lies somewhere"
    assert "Stock taken on" in as_user("ada").get(f"/catalog/product/show/{product.id}").text
    with derived.together() as noted:
        inventory.receive([Line(product.skus[0].id, 1, house.id), Line(product.skus[1].id, 1, house.id)], actor=ada)
    assert noted == {product.id}, "told once, for the SKU that had no stock"
    with derived.together() as noted:
        inventory.adjust(product.skus[0].id, -1, why="broken", warehouse_id=house.id, actor=ada)
    assert noted == set(), "sold out is not the same as never taken on"
    assert "stock" not in gaps(product)


def test_attributes_come_from_the_nearest_category_above(tree, ada, session):
    assert [a.code for a in queries.attributes_of(tree["running"])] == ["material", "sole"]
    raw = {"name": "Runners", "attributes": [{"name": "Drop", "code": "drop", "kind": "number"}]}
    own = records.create(AttributeSet, records.parse(AttributeSet, raw), actor=SYSTEM)
    records.update(tree["shoes"], {"attribute_set_id": own.id}, actor=ada)
    assert [a.code for a in queries.attributes_of(tree["running"])] == ["drop"]
    assert [a.code for a in queries.attributes_of(tree["clothing"])] == ["material", "sole"]
    assert queries.attributes_of(None) == []


def test_a_new_required_attribute_lowers_the_score_of_what_is_in_the_branch(make_product, tree, ada):
    product = make_product("Runner", category=tree["running"], attributes={"material": "mesh", "sole": "foam"})
    before = product.completeness
    made = tree["set"]
    raw = [{"id": a.id, "name": a.name, "code": a.code, "kind": a.kind.value, "options": a.options or ""} for a in made.attributes]
    records.update(made, {"attributes": [*raw, {"name": "Size", "code": "size", "is_required": "1"}]}, actor=ada)
    assert product.completeness < before
    assert "attribute:size" in gaps(product)


@pytest.mark.parametrize(
    ("kind", "raw", "kept"),
    [("number", "1,250.50", "1250.5"), ("number", "１２", "12"), ("flag", "yes", True), ("flag", "0", False),
     ("day", "2026-11-21", "2026-11-21"), ("choice", "foam", "foam"), ("text", "  mesh ", "mesh"), ("text", "  ", None)],
)  # fmt: skip
def test_answers_are_kept_by_their_kind(kind, raw, kept):
    assert rules.answer(SimpleNamespace(kind=kind, options="foam\nrubber"), raw) == kept


@pytest.mark.parametrize(
    ("kind", "raw"), [("number", "many"), ("number", "NaN"), ("choice", "glass"), ("day", "soon"), ("text", "x" * 501)]
)
def test_answers_that_do_not_fit_are_refused(kind, raw):
    with pytest.raises(ValueError):
        rules.answer(SimpleNamespace(kind=kind, options="foam\nrubber"), raw)


def test_an_answer_to_a_question_that_nobody_asks_is_refused(make_product, tree):
    with pytest.raises(InvalidInput) as refused:
        make_product("Runner", category=tree["running"], attributes={"voltage": "230"})
    assert list(refused.value.errors) == ["attributes.voltage"]


def test_answers_of_an_earlier_category_wait_for_its_return(make_product, tree, ada):
    product = make_product("Runner", category=tree["running"], attributes={"material": "mesh"})
    records.update(product, {"category_id": records.create(Category, {"name": "Other"}, actor=SYSTEM).id}, actor=ada)
    assert product.attributes == {"material": "mesh"}
    services.move_to_category([product], tree["running"], actor=ada)
    assert "attribute:material" not in gaps(product)


def test_a_title_is_checked_for_length_category_and_audience_and_never_refused(make_product):
    def open_points(title):
        return {check.key for check in rules.title_checks(title, ["弹力带"], ["健身"]) if not check.done}

    assert open_points("高强度拉伸运动健身弹力带，男女通用塑形必备") == set()
    assert open_points("弹力带") == {"length", "audience"}
    assert open_points("高强度拉伸运动器材") == {"category", "audience"}
    assert make_product("带").title == "带"


def test_keywords_used_and_missing_and_the_snippet_are_shown(make_product, tree, as_user, session):
    tea = records.create(Category, {"name": "Tea"}, actor=SYSTEM)
    for word, category_id in (("running", None), ("trail", tree["clothing"].id), ("teapot", tea.id)):
        records.create(Keyword, {"word": word, "category_id": category_id, "kind": KeywordKind.CORE}, actor=SYSTEM)
    query = {
        "title": "Running shoe", "seo_description": "For road. " * 30, "handle": "running-shoe",
        "category_id": tree["running"].id,
    }  # fmt: skip
    found = as_user("ada").get("/catalog/product/advice", query_string=query).json
    assert (found["texts"]["used"], found["texts"]["missing"]) == ("running", "trail")
    assert found["texts"]["title"] == "Running shoe"
    assert len(found["texts"]["description"]) == rules.SEO_DESCRIPTION
    assert any("cut after 160" in item["text"] for item in found["findings"])
    product = make_product("Running shoe", category=tree["running"])
    page = as_user("ada").get(f"/catalog/product/show/{product.id}").text
    assert "trail" in page
    assert "In a search engine" in page


@pytest.mark.parametrize(
    ("title", "handle"),
    [
        ("Ocean Blue Shirt", "ocean-blue-shirt"), ("手机壳 iPhone 15", "shou-ji-ke-iphone-15"),
        ("Café Crème", "cafe-creme"), ("***", ""),
    ],
)
def test_a_handle_is_made_from_the_title(title, handle):
    assert rules.handle_of(title) == handle


def test_handles_stay_apart(make_product):
    assert [make_product("Tea cup").handle for _n in range(3)] == ["tea-cup", "tea-cup-2", "tea-cup-3"]
    assert make_product("***").handle == "product"
    with pytest.raises(InvalidInput):
        make_product("Tea cup", handle="tea-cup")
    with pytest.raises(InvalidInput):
        make_product("Tea cup", handle="Not A Handle")
