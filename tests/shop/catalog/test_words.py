"""Words that people search with: counted without their names, and given a meaning."""

import datetime as dt

import pytest

from app.panel.core import clock as real
from app.panel.core import history, records, trash
from app.panel.core.errors import Forbidden, InvalidInput
from app.shop.catalog import queries, rules, services
from app.shop.catalog.models import Product, SearchLog, Synonym, Tag
from app.shop.catalog.services import words
from app.shop.catalog.states import SearchPlace


def logged(session):
    session.expire_all()
    rows = session.query(SearchLog).order_by(SearchLog.word)
    return [(row.word, row.place.value, row.searches, row.empty) for row in rows]


def titles(client, q):
    return sorted(row["title"] for row in client.get("/api/v1/catalog/product/", query_string={"q": q}).json["result"])


def without_result(session):
    today = real.today()
    return session.execute(queries.searches_without_result(today - dt.timedelta(days=30), today)).all()


def unexplained(session):
    return [row.word for row in without_result(session)]


def test_searches_are_counted_by_word_and_place_and_name_nobody(session, as_user, make_product):
    make_product("Porcelain cup")
    client = as_user("ben")
    client.get("/catalog/product/list/?q=CUP")
    client.get("/catalog/product/list/?q=%20cup%20")
    client.get("/catalog/product/list/?q=cup&page=2")
    client.get("/catalog/sku/list/?q=mug")
    client.get("/api/v1/catalog/product/?q=mug")
    client.get("/pickers/catalog.Listing/product_id?q=mug")
    client.get('/catalog/product/list/?q=cup&f={"and":[["kind","eq","event"]]}')
    seen = sorted(logged(session))
    assert seen == [("cup", "list", 2, 0), ("mug", "api", 1, 1), ("mug", "list", 1, 1), ("mug", "picker", 1, 1)]
    assert set(SearchLog.__table__.columns.keys()) == {"id", "searched_on", "word", "place", "searches", "empty", "found"}


@pytest.mark.parametrize("typed", ["13800138000", "138 0013 8000", "ben@example.org", "+86-21-6888-1234", "  "])
def test_what_may_name_a_person_is_not_kept(session, as_user, typed):
    assert as_user("ben").get("/catalog/product/list/", query_string={"q": typed}).status_code == 200
    assert logged(session) == []


def test_a_synonym_of_a_product_a_category_or_a_tag_is_understood_by_every_search(session, as_user, make_product, tree, ada):
    tag = services.tags_named(["Outdoor"], actor=ada)[0]
    make_product("Trail runner", category=tree["running"])
    boot = make_product("Boot")
    services.change_tags([boot], add=[tag], actor=ada)
    cup = make_product("Porcelain cup")
    client = as_user("ada")
    assert [titles(client, word) for word in ("sneaker", "camping gear", "MUG")] == [[], [], []]
    services.add_synonym("Sneaker", category_id=tree["shoes"].id, actor=ada)
    services.add_synonym("camping  gear", tag_id=tag.id, actor=ada)
    services.add_synonym("mug", product_id=cup.id, actor=ada)
    assert titles(client, "sneaker") == ["Trail runner"], "a product is found from any level of the branch"
    assert titles(client, "camping gear") == titles(client, "outdoor") == ["Boot"]
    assert titles(client, "MUG porcelain") == ["Porcelain cup"]
    assert "Porcelain cup" in client.get("/catalog/product/list/?q=mug").text
    found = client.get("/pickers/catalog.Listing/product_id?q=mug").json["results"]
    assert [row["label"] for row in found] == ["Porcelain cup"]
    assert cup.skus[0].code in client.get("/catalog/sku/list/?q=mug").text


def test_a_word_with_a_meaning_leaves_the_report_and_comes_back_when_the_meaning_is_taken_away(session, make_product, ada):
    cup = make_product("Porcelain cup")
    for word in ("mug", "mug", "beaker"):
        services.note_search(word, found=0, place=SearchPlace.LIST)
    services.note_search("cup", found=1, place=SearchPlace.LIST)
    assert unexplained(session) == ["mug", "beaker"]
    made = services.add_synonym("mug", product_id=cup.id, actor=ada)
    assert services.add_synonym("MUG ", product_id=cup.id, actor=ada).id == made.id, "the same once more changes nothing"
    assert unexplained(session) == ["beaker"]
    entry = session.query(history.HistoryEntry).filter_by(table="catalog_synonym", key=made.id).one()
    assert (entry.actor_name, entry.verb) == ("ada", "insert")
    records.delete(made, actor=ada)
    assert unexplained(session) == ["mug", "beaker"]
    trash.restore(trash.entries("catalog.Synonym", ada)[0].id, actor=ada)
    assert unexplained(session) == ["beaker"]
    services.tag_as("beaker", [cup.id], actor=ada)
    assert unexplained(session) == []


def test_letters_typed_on_the_way_in_a_picker_are_no_searches_of_their_own(session):
    for word in ("tea", "teap", "teapot"):
        services.note_search(word, found=0, place=SearchPlace.PICKER)
    services.note_search("tea", found=0, place=SearchPlace.LIST)
    assert sorted(row.word for row in rules.typed_to_the_end(without_result(session))) == ["tea", "teapot"]


def test_the_table_of_searches_does_not_grow_for_ever(session, clock, monkeypatch):
    monkeypatch.setattr(words, "NEW_A_DAY", 2)
    clock.set("2026-01-05 10:00")
    for word in ("a", "b", "c", "a"):
        services.note_search(word, found=0, place=SearchPlace.LIST)
    assert [row[:1] + row[2:3] for row in logged(session)] == [("a", 2), ("b", 1)]
    clock.set("2026-07-10 10:00")
    services.note_search("d", found=0, place=SearchPlace.LIST)
    services.sweep_searches()
    assert [row[0] for row in logged(session)] == ["d"], "older than half a year"
    clock.set("2026-07-11 10:00")
    services.note_search("e", found=0, place=SearchPlace.LIST)
    monkeypatch.setattr(words, "KEPT_ROWS", 1)
    services.sweep_searches()
    assert [row[0] for row in logged(session)] == ["e"], "the oldest days go first"


def test_a_synonym_needs_a_word_and_a_target_and_stands_once(session, make_product, ada, ben):
    cup = make_product("Cup")
    for values in ({"word": "mug"}, {"word": "ben@example.org", "product_id": cup.id}):
        with pytest.raises(InvalidInput):
            records.create(Synonym, values, actor=ada)
    services.add_synonym("mug", product_id=cup.id, actor=ada)
    with pytest.raises(InvalidInput):
        records.create(Synonym, {"word": "Mug", "product_id": cup.id}, actor=ada)
    with pytest.raises(Forbidden):
        services.add_synonym("beaker", product_id=cup.id, actor=ben)


def test_what_a_word_means_is_guessed_from_the_letters_that_names_share():
    names = ["保温杯", "双肩包", "Running shoes"]
    assert rules.closest("保温壶", names) == "保温杯"
    assert rules.closest("shoes for running", names) == "Running shoes"
    assert rules.closest("电饭煲", names) is None


def test_the_forms_of_a_word_begin_with_it_and_lead_back(session, as_user, make_product):
    cup, client = make_product("Cup"), as_user("ada")
    page = client.get("/catalog/words/synonym?word=mug&next=/insights/words/")
    assert 'value="mug"' in page.text
    refused = client.post("/catalog/words/synonym", data={"word": "mug", "next": "/insights/words/"})
    assert (refused.status_code, "Choose what the word means" in refused.text) == (422, True)
    for name in ("product_id", "category_id", "tag_id"):
        assert client.post("/catalog/words/synonym", data={"word": "mug", name: "a cup"}).status_code == 422
    assert client.post(f"/catalog/products/{cup.id}/pictures/order", data={"image": "first", "to": "up"}).status_code == 422
    done = client.post("/catalog/words/synonym", data={"word": "mug", "product_id": cup.id, "next": "/insights/words/"})
    assert (done.status_code, done.location) == (302, "/insights/words/")
    assert session.query(Synonym).one().product_id == cup.id
    assert client.get("/catalog/words/tag?word=gift").status_code == 200
    assert client.post("/catalog/words/tag", data={"word": "gift"}).status_code == 422
    client.post("/catalog/words/tag", data={"word": "gift", "products": [cup.id]})
    session.expire_all()
    assert [tag.name for tag in session.get(Product, cup.id).tags] == ["gift"]
    assert session.query(Tag).count() == 1
