"""The editor of the menu: each change goes to the draft, in words, by script or by plain buttons."""

import re

import pytest

from app.panel.accounts.configuration import store
from app.panel.accounts.menus import describing, editing, icons
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import InvalidInput, NotFound
from app.panel.core.savedlists import SavedList

EDITOR = "/accounts/menu/"
JSON = {"Accept": "application/json"}


@pytest.fixture
def tree():
    """Two groups, one of them two deep."""
    return [
        {"key": "group:a", "children": [{"key": "x_one"}, {"key": "group:b", "children": [{"key": "x_two"}]}, {"key": "x_six"}]},
        {"key": "group:c", "children": [{"key": "x_three"}]},
        {"key": "link:d", "label": {"en": "D"}, "url": "https://example.org/"},
    ]


def outline(entries):
    return [entry["key"] if "children" not in entry else (entry["key"], outline(entry["children"])) for entry in entries]


@pytest.mark.parametrize(
    ("key", "how", "found"),
    [
        ("group:c", "up", [("group:c", ["x_three"]), ("group:a", ["x_one", ("group:b", ["x_two"]), "x_six"]), "link:d"]),
        ("x_one", "down", [("group:a", [("group:b", ["x_two"]), "x_one", "x_six"]), ("group:c", ["x_three"]), "link:d"]),
        ("x_six", "in", [("group:a", ["x_one", ("group:b", ["x_two", "x_six"])]), ("group:c", ["x_three"]), "link:d"]),
        ("x_two", "out", [("group:a", ["x_one", "group:b", "x_two", "x_six"]), ("group:c", ["x_three"]), "link:d"]),
        ("link:d", "in", [("group:a", ["x_one", ("group:b", ["x_two"]), "x_six"]), ("group:c", ["x_three", "link:d"])]),
        ("x_three", "out", [("group:a", ["x_one", ("group:b", ["x_two"]), "x_six"]), "group:c", "x_three", "link:d"]),
    ],
)  # fmt: skip
def test_an_entry_moves_step_by_step(tree, key, how, found):
    editing.move(tree, key, how)
    assert outline(tree) == found


@pytest.mark.parametrize(
    ("key", "how"),
    [("group:a", "up"), ("link:d", "down"), ("x_one", "in"), ("group:c", "out"), ("x_one", "up"), ("group:c", "in"), ("x_one", "fly")],
)
def test_a_move_that_leads_nowhere_is_refused(tree, key, how):
    before = outline(tree)
    if (key, how) == ("group:c", "in"):  # a group may stand in a group, but not one that is two deep itself
        editing.put(tree, "group:b", "group:c", 0)
    with pytest.raises(InvalidInput):
        editing.move(tree, key, how)
    assert how == "in" or outline(tree) == before


def test_an_entry_is_taken_to_a_place_but_never_deeper_than_three(tree):
    editing.put(tree, "x_three", "group:b", 0)
    assert outline(tree) == [("group:a", ["x_one", ("group:b", ["x_three", "x_two"]), "x_six"]), "group:c", "link:d"]
    editing.put(tree, "x_six", "", 1)
    assert outline(tree)[1] == "x_six"
    for key, parent in (("group:a", "group:c"), ("group:a", "group:b"), ("x_one", "x_six"), ("group:a", "group:a")):
        with pytest.raises(InvalidInput):
            editing.put([*tree], key, parent, 0)
    with pytest.raises(NotFound):
        editing.put([*tree], "x_nothing", "", 0)


def test_what_stood_in_a_removed_group_takes_its_place(app, tree):
    with app.test_request_context("/"):
        editing.remove(tree, "group:b")
        assert outline(tree)[0] == ("group:a", ["x_one", "x_two", "x_six"])
        with pytest.raises(InvalidInput):
            editing.remove(tree, "x_one")


def act(client, do, **more):
    version = re.search(r'name="version" value="(\d+)"', client.get(EDITOR).text)[1]
    return client.post(EDITOR, data={"do": do, "version": version, **more}, headers=JSON)


def test_a_move_is_said_in_words_and_stands_in_the_draft_alone(as_user):
    ada = as_user("ada")
    answer = act(ada, "down:orders_order")
    assert answer.status_code == 200 and "now number 2 of" in answer.json["said"] and "moved" in answer.json["html"]
    entries = store.draft().document["menu"]["entries"]
    assert [entry["key"] for entry in editing.find(entries, "orders_order")[0]].index("orders_order") == 1
    assert store.published()["menu"]["entries"] == []


def test_what_is_as_delivered_again_is_not_written_down(as_user):
    ada = as_user("ada")
    act(ada, "down:orders_order")
    act(ada, "up:orders_order")
    assert store.draft().document["menu"]["entries"] == [] and not store.draft().begun


def test_without_script_the_same_button_leads_back_to_the_entry(as_user):
    answer = as_user("ada").post(EDITOR, data={"do": "down:orders_order", "as": "support"})
    assert answer.status_code == 302 and answer.location.endswith("?as=support#entry-orders_order")
    refused = as_user("ada").post(EDITOR, data={"do": "up:group:orders"}, follow_redirects=True)
    assert refused.status_code == 200 and "cannot move further" in refused.text


def test_somebody_elses_change_is_not_overwritten(as_user):
    ada = as_user("ada")
    act(ada, "down:orders_order")
    late = ada.post(EDITOR, data={"do": "down:orders_order", "version": "0"}, headers=JSON)
    assert late.status_code == 409 and "in the meantime" in late.json["message"]


def test_an_entry_gets_names_an_icon_and_people_who_do_not_see_it(as_user, ben):
    ada = as_user("ada")
    answer = act(
        ada, "save:orders_order", label_en="Sales", label_zh_Hans_CN="销售单", icon="fa-coins", roles=["support", "nobody"],
        people=[str(ben.id)],
    )  # fmt: skip
    assert answer.status_code == 200
    siblings, index, _around = editing.find(store.draft().document["menu"]["entries"], "orders_order")
    assert siblings[index] == {
        "key": "orders_order", "label": {"en": "Sales", "zh_Hans_CN": "销售单"}, "icon": "fa-coins",
        "hidden_for": {"roles": ["support"], "people": [ben.id]},
    }  # fmt: skip
    page = ada.get(f"{EDITOR}?edit=orders_order").text
    assert "renamed" in page and "Hidden from Support, Ben" in page and 'value="销售单"' in page
    assert act(ada, "save:orders_order", icon="fa-no-such-thing").status_code == 400


@pytest.mark.parametrize(
    ("url", "status"), [("https://example.org/", 200), ("/account/", 200), ("javascript:alert(1)", 422), ("/nowhere/", 422)]
)
def test_a_link_is_added_on_top_and_leads_to_a_page(as_user, url, status):
    answer = act(as_user("ada"), "add:link", label_en="Help", url=url)
    assert answer.status_code == status
    if status == 200:
        first = store.draft().document["menu"]["entries"][0]
        assert first["url"] == url and first["label"] == {"en": "Help"} and answer.json["address"] == f"{EDITOR}?edit={first['key']}"
    else:
        assert not store.draft().begun


def test_a_group_of_ones_own_is_added_filled_and_removed(as_user):
    ada = as_user("ada")
    assert act(ada, "add:group").status_code == 422
    act(ada, "add:group", label_en="Daily", label_zh_Hans_CN="日常")
    key = store.draft().document["menu"]["entries"][0]["key"]
    assert act(ada, "put:orders_order", parent=key, index="0").status_code == 200
    assert store.draft().document["menu"]["entries"][0]["children"] == [{"key": "orders_order"}]
    act(ada, f"remove:{key}")
    assert store.draft().document["menu"]["entries"][0] == {"key": "orders_order"}


def test_a_shared_view_of_a_list_is_added_once(as_user, session, ada):
    row = SavedList(user_id=ada.id, list_key="orders_order", name="Held", state={"q": "a"}, roles=["support"], is_shared=True)
    own = SavedList(user_id=ada.id, list_key="orders_order", name="Mine", state={}, roles=[], is_shared=False)
    session.add_all([row, own])
    session.commit()
    client = as_user("ada")
    assert "Held" in client.get(f"{EDITOR}?add=list").text and "Mine" not in client.get(f"{EDITOR}?add=list").text
    assert act(client, "add:list", list=str(row.id)).status_code == 200
    assert act(client, "add:list", list=str(row.id)).status_code == 422
    assert act(client, "add:list", list=str(own.id)).status_code == 400


def test_everything_goes_back_to_as_delivered(as_user):
    ada = as_user("ada")
    act(ada, "add:group", label_en="Daily")
    act(ada, "hide:orders_order")
    assert act(ada, "deliver").status_code == 200
    assert store.draft().document["menu"]["entries"] == []


def test_the_preview_shows_what_a_role_gets(as_user):
    ada = as_user("ada")
    act(ada, "save:orders_order", label_en="Sales", roles=["support"])

    def preview(role):
        page = ada.get(f"{EDITOR}?as={role}").text
        return page[page.index('class="menu-preview"') :]

    assert "Sales" in preview("operations") and "Sales" not in preview("support")
    assert "API keys" in preview("administrator") and "API keys" not in preview("support")


def test_who_may_not_configure_finds_no_editor_and_changes_nothing(as_user):
    ben = as_user("ben")
    assert ben.get(EDITOR).status_code == 403
    assert ben.post(EDITOR, data={"do": "hide:orders_order"}, headers=JSON).status_code == 403
    assert ben.post(f"{EDITOR}modules/", data={"module": "orders"}, headers=JSON).status_code == 403
    assert not store.draft().begun


def test_a_module_is_put_away_and_brought_back(as_user):
    ada = as_user("ada")

    def turn(**more):
        version = store.draft().version
        return ada.post(f"{EDITOR}modules/", data={"module": "orders", "version": version, **more}, headers=JSON)

    assert turn(roles=["support"]).json["begun"] is True
    assert store.draft().document["menu"]["modules"] == {"orders": {"hidden": True, "roles": ["support"]}}
    assert "differs from what is published" in ada.get(f"{EDITOR}modules/").text
    assert turn(shown="1").json["begun"] is False
    assert ada.post(f"{EDITOR}modules/", data={"module": "accounts"}, headers=JSON).status_code == 400


def test_the_editor_of_the_menu_is_never_lost_by_an_administrator(as_user):
    ada = as_user("ada")
    act(ada, "hide:accounts_menu")
    with ada.application.test_request_context("/"):
        found = describing.preview(store.draft().document, "administrator")
    assert "accounts_menu" in [child.key for item in found for child in item.children]


def test_marks_name_what_differs(app):
    with app.test_request_context("/"):
        entries = editing.full([])
        editing.put(entries, "orders_order", "group:orders", 4)
        editing.hide(entries, "catalog_product", True)
        editing.put(entries, "customers_customer", "group:orders", 0)
        key = editing.add(entries, "link", label={"en": "A"}, url="https://example.org/")
        found = describing.differences({"entries": entries}, {"entries": []})
        assert found["orders_order"] == {"moved"} and found["catalog_product"] == {"hiding"} and found[key] == {"new"}
        assert found["customers_customer"] == {"moved"} and len(found) == 4
        assert describing.differences({"entries": []}, {"entries": entries})[key] == {"removed"}


def test_changes_are_told_an_entry_a_sentence(app):
    with app.test_request_context("/"):
        entries = editing.full([])
        editing.hide(entries, "catalog_product", True)
        editing.put(entries, "customers_customer", "group:orders", 0)
        after = {"entries": entries, "modules": {"inventory": {"hidden": True}, "setup": {"roles": ["support"]}}}
        told = [one.sentence for one in describing.changes({"entries": []}, after)]
        assert told == [
            "Moved in the menu: Customers", "Hidden in the menu: Products", "Module put away: Inventory",
            "Module put away for Support: Setup",
        ]  # fmt: skip
        back = [one.sentence for one in describing.changes(after, {"entries": []})]
        assert "Shown again: Products" in back and "Module shown again: Inventory" in back


def test_the_icons_are_those_of_the_font(app):
    assert {name for name, _english, _chinese in icons.COMMON} <= icons.names()
    assert len(icons.names()) > 1000 and "fa-github" not in icons.names()


def test_a_change_of_the_menu_is_kept_in_the_history(app, session):
    with app.test_request_context("/"):
        editing.edit(lambda entries: editing.hide(entries, "orders_order", True), actor=SYSTEM)
    assert store.draft().begun


@pytest.mark.parametrize(
    ("url", "entry"),
    [
        ("/accounts/lend/", "/accounts/delegation/list/"),
        ("/accounts/view-as/", "/accounts/roles/"),
        ("/accounts/leaving/{ben}/", "/accounts/user/list/"),
    ],
)
def test_a_page_without_an_entry_lights_the_one_it_belongs_to(as_user, ben, url, entry):
    assert f'class="nav-link" href="{entry}" aria-current="page"' in as_user("ada").get(url.format(ben=ben.id)).text
