"""The category tree: move, merge, remove; products stay findable and nothing is lost."""

import pytest

from app.panel.core import records, trash
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden, InvalidInput
from app.shop.catalog import queries, services
from app.shop.catalog.models import Category, Keyword


def titles(session, category):
    return {product.title for product in session.scalars(queries.products_under(category))}


def make(name, parent=None):
    return records.create(Category, {"name": name, "parent_id": parent.id if parent else None}, actor=SYSTEM)


def test_a_third_level_knows_its_way_from_the_root(tree):
    running = tree["running"]
    assert (running.depth, running.full_name) == (3, "Clothing / Shoes / Running shoes")
    assert queries.ancestors(running.path) == [tree[name].id for name in ("clothing", "shoes", "running")]


def test_a_moved_branch_keeps_its_products_and_is_found_from_its_new_place(session, tree, make_product, ada):
    make_product("Runner", category=tree["running"])
    sport = make("Sport")
    services.move_category(tree["shoes"], sport, actor=ada)
    assert tree["running"].full_name == "Sport / Shoes / Running shoes"
    assert titles(session, sport) == {"Runner"}
    assert titles(session, tree["clothing"]) == set()
    services.move_category(tree["running"], None, actor=ada)
    assert (tree["running"].depth, tree["running"].path) == (1, f"/{tree['running'].id}/")


def test_renaming_a_category_renames_the_way_to_those_below(tree, ada):
    records.update(tree["shoes"], {"name": "Footwear"}, actor=ada)
    assert tree["running"].full_name == "Clothing / Footwear / Running shoes"


def test_a_category_never_stands_below_itself(tree, ada):
    for target in ("shoes", "running"):
        with pytest.raises(InvalidInput):
            services.move_category(tree["shoes"], tree[target], actor=ada)
    with pytest.raises(InvalidInput):
        records.update(tree["clothing"], {"parent_id": tree["running"].id}, actor=ada)


def test_two_categories_of_one_parent_differ_in_name_also_at_the_root(tree):
    for name, parent in (("Clothing", None), ("Shoes", tree["clothing"])):
        with pytest.raises(InvalidInput):
            make(name, parent)
    assert make("Shoes").depth == 1


def test_the_tree_has_an_end(tree):
    parent = tree["running"]
    for level in range(4, 9):
        parent = make(f"Level {level}", parent)
    with pytest.raises(InvalidInput):
        make("Level 9", parent)


def test_a_merged_category_leaves_its_products_children_and_keywords_to_the_other(session, tree, make_product, ada):
    boots = make("Boots")
    twin = make("Running shoes", boots)
    make_product("Boot", category=boots)
    make_product("Trail runner", category=twin)
    records.create(Keyword, {"word": "winter", "category_id": boots.id}, actor=SYSTEM)
    assert services.merge_category(boots, tree["shoes"], actor=ada) == 2
    assert titles(session, tree["shoes"]) == {"Boot", "Trail runner"}
    assert titles(session, tree["running"]) == {"Trail runner"}
    assert session.query(Category).filter(Category.name.in_(["Boots", "Running shoes"])).count() == 1
    assert session.query(Keyword).filter_by(word="winter").one().category_id == tree["shoes"].id


def test_a_category_is_not_merged_into_one_below_it(tree, ada):
    with pytest.raises(DomainError):
        services.merge_category(tree["clothing"], tree["running"], actor=ada)


def test_a_full_branch_is_removed_only_when_somebody_says_where_its_products_go(session, tree, make_product, ada):
    make_product("Runner", category=tree["running"])
    with pytest.raises(DomainError) as refused:
        services.remove_category(tree["shoes"], None, actor=ada)
    assert "Say where to move them" in refused.value.message
    with pytest.raises(DomainError):
        services.remove_category(tree["shoes"], tree["running"], actor=ada)
    assert services.remove_category(tree["shoes"], tree["clothing"], actor=ada) == 1
    assert titles(session, tree["clothing"]) == {"Runner"}
    assert session.query(Category).count() == 1


def test_the_delete_button_takes_only_what_is_empty(session, tree, make_product, ada):
    with pytest.raises(DomainError):
        records.delete(tree["shoes"], actor=ada)
    make_product("Runner", category=tree["running"])
    with pytest.raises(DomainError):
        records.delete(tree["running"], actor=ada)
    empty = make("Empty")
    records.delete(empty, actor=ada)
    assert session.query(Category).filter_by(name="Empty").count() == 0


def test_only_who_may_moves_categories(tree, ben):
    for verb in (services.move_category, services.merge_category):
        with pytest.raises(Forbidden):
            verb(tree["running"], tree["clothing"], actor=ben)


def test_the_screens_move_merge_and_remove(session, tree, make_product, as_user):
    make_product("Runner", category=tree["running"])
    client, sport = as_user("ada"), make("Sport")
    for name in ("move", "merge", "remove"):
        assert client.get(f"/catalog/category/action/{name}/{tree['shoes'].id}").status_code == 200
    answer = client.post(f"/catalog/category/action/remove/{tree['shoes'].id}", data={"_go": "1", "target": ""})
    assert answer.status_code == 422
    assert "Say where to move them" in answer.text
    path = f"/catalog/category/action/move/{tree['shoes'].id}"
    assert client.post(path, data={"_go": "1", "target": str(sport.id)}).status_code == 302
    session.expire_all()
    assert tree["running"].full_name == "Sport / Shoes / Running shoes"
    path = f"/catalog/category/action/merge/{tree['running'].id}"
    assert client.post(path, data={"_go": "1", "target": str(tree["clothing"].id)}).status_code == 302
    assert titles(session, tree["clothing"]) == {"Runner"}


def test_a_category_with_a_child_of_its_own_name_is_merged_into_its_parent(session, tree, make_product, ada):
    inner = make("Shoes", tree["shoes"])
    first, second = make_product(category=tree["shoes"]), make_product(category=inner)
    assert services.merge_category(tree["shoes"], tree["clothing"], actor=ada) == 1
    session.expire_all()
    assert (first.category_id, second.category_id) == (tree["clothing"].id, inner.id)
    assert (inner.name, inner.parent_id, inner.full_name) == ("Shoes", tree["clothing"].id, "Clothing / Shoes")
    assert tree["running"].full_name == "Clothing / Running shoes"
    assert trash.entries("catalog.Category", ada)[0].label == "Clothing / Shoes"


def test_a_category_out_of_the_trash_stands_where_its_parent_stands_by_now(session, tree, ada):
    key = tree["running"].id
    records.delete(tree["running"], actor=ada)
    services.move_category(tree["shoes"], None, actor=ada)
    trash.restore(trash.entries("catalog.Category", ada)[0].id, actor=ada)
    assert session.get(Category, key).full_name == "Shoes / Running shoes"
