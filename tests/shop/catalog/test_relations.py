"""What goes with a product: never itself, never what has left the shelf, in the order that one says."""

import pytest

from app.panel.core import records
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import Forbidden, InvalidInput
from app.shop.catalog import queries, rules, services
from app.shop.catalog.models import ProductRelation
from app.shop.catalog.services import companions


def related(session, product):
    return [other.title for other in session.scalars(queries.related_on_sale(product))]


def test_a_phone_case_goes_with_a_film_and_a_lanyard(session, make_product, ada):
    case, film, lanyard = (make_product(title, whole=True) for title in ("Case", "Film", "Lanyard"))
    raw = [{"related_id": str(lanyard.id), "position": "2"}, {"related_id": str(film.id), "position": "1"}]
    records.update(case, {"relations": raw}, actor=ada)
    assert related(session, case) == [], "drafts are not offered"
    for product in (film, lanyard):
        services.publish(product, actor=SYSTEM)
    assert related(session, case) == ["Film", "Lanyard"]
    assert related(session, film) == []


def test_no_product_goes_with_itself_or_twice_with_another(make_product, ada):
    case, film = make_product("Case"), make_product("Film")
    for ids in ([case.id], [film.id, film.id]):
        with pytest.raises(InvalidInput):
            records.update(case, {"relations": [{"related_id": str(key)} for key in ids]}, actor=ada)
    with pytest.raises(InvalidInput):
        records.create(ProductRelation, {"product_id": case.id, "related_id": case.id}, actor=ada)


def test_what_has_left_the_shelf_is_neither_chosen_nor_offered(session, make_product, ada):
    case, film = make_product("Case"), make_product("Film", whole=True)
    services.publish(film, actor=SYSTEM)
    records.update(case, {"relations": [{"related_id": str(film.id)}]}, actor=ada)
    services.withdraw(film, actor=SYSTEM)
    assert related(session, case) == []
    row = case.relations[0]
    kept = {"id": row.id, "related_id": str(film.id), "kind": "accessory", "position": "0"}
    records.update(case, {"title": "Hard case", "relations": [kept]}, actor=ada)
    assert len(case.relations) == 1, "an old relation does not keep one from saving"
    with pytest.raises(InvalidInput):
        records.update(make_product("Sleeve"), {"relations": [{"related_id": str(film.id)}]}, actor=ada)


def test_a_product_has_at_most_twenty_companions(make_product, ada):
    case, others = make_product("Case"), [make_product(f"P{n}") for n in range(rules.MAX_RELATED + 1)]
    with pytest.raises(InvalidInput):
        records.update(case, {"relations": [{"related_id": str(other.id)} for other in others]}, actor=ada)


def test_the_form_names_related_products_by_a_picker(make_product, as_user):
    case, film = make_product("Case"), make_product("Film")
    client = as_user("ada")
    records.update(case, {"relations": [{"related_id": str(film.id)}]}, actor=SYSTEM)
    page = client.get(f"/catalog/product/edit/{case.id}").text
    assert "relations-0-related_id" in page
    assert 'value="Film"' in page
    assert "Film" in client.get(f"/catalog/product/show/{case.id}").text


def test_the_page_says_which_companions_are_offered(make_product, as_user):
    case, film, lanyard = (make_product(title, whole=True) for title in ("Case", "Film", "Lanyard"))
    services.publish(film, actor=SYSTEM)
    records.update(case, {"relations": [{"related_id": str(film.id)}, {"related_id": str(lanyard.id)}]}, actor=SYSTEM)
    page = as_user("ada").get(f"/catalog/product/show/{case.id}").text
    assert page.count("not on sale, not offered") == 1


def test_suggestions_are_on_sale_new_and_in_the_order_of_the_answer(session, make_product, as_user, monkeypatch, ben):
    case, film, lanyard, draft = (make_product(title, whole=True) for title in ("Case", "Film", "Lanyard", "Draft"))
    for product in (film, lanyard):
        services.publish(product, actor=SYSTEM)
    answer = [lanyard.id, draft.id, case.id, film.id, lanyard.id]
    monkeypatch.setattr(companions, "_answers", [lambda product, actor: answer])
    with pytest.raises(Forbidden):
        companions.add_suggestions(case, actor=ben)
    client = as_user("ada")
    assert client.post(f"/catalog/product/action/suggest/{case.id}", data={"_go": "1"}).status_code == 302
    assert related(session, case) == ["Lanyard", "Film"]
    assert companions.suggestions(case, actor=SYSTEM) == []
