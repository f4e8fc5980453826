"""The menu that a reader gets: arranged as a document says, never showing what he may not open."""

import re

import pytest
from flask import g

from app.panel.core import menu, menutargets
from app.panel.core.menutree import Node, Place, Reader, Section, Target, arrange, narrow, walk
from app.panel.core.savedlists import SavedList
from app.panel.workbench import pages as home

LIST = "/orders/order/list/"
ALL = Reader("en", rights=None)


def place(key, module="books", resource="books.Book"):
    return Place(key, key.title(), "fa-book", "read", resource, module, lambda: f"/{key}/")


SECTIONS = (
    Section("group:books", "Books", "fa-book", (place("loan"), place("shelf"), place("author"))),
    Section("group:desk", "Desk", "fa-hand", (place("till", "desk", "desk.Till"),)),
)


def entry(key, *children, **more):
    return {"key": key, "label": {}, "icon": "", "url": "", "hidden": False, "children": list(children), **more}


def keys(nodes):
    return [node.key for node in walk(nodes)]


def targets(node):
    return Target(node.place.url(), "read", node.place.resource, node.place.module) if node.place else Target(node.url)


def test_without_a_document_the_menu_is_as_the_domains_deliver_it():
    assert keys(arrange(SECTIONS, [])) == ["group:books", "loan", "shelf", "author", "group:desk", "till"]


def test_what_a_document_does_not_name_is_found_at_the_end_of_its_domains_group():
    nodes = arrange(SECTIONS, [entry("till"), entry("group:books", entry("author"))])
    assert keys(nodes) == ["till", "group:books", "author", "loan", "shelf"]
    assert keys(arrange(SECTIONS, [entry("group:desk", entry("loan"))])) == [
        "group:desk", "loan", "till", "group:books", "shelf", "author",
    ]  # fmt: skip


def test_a_screen_that_is_not_there_any_more_is_passed_over():
    assert "gone" not in keys(arrange(SECTIONS, [entry("gone"), entry("till")]))


def test_entries_stand_three_deep_with_their_own_words_and_icons():
    nodes = arrange(SECTIONS, [
        entry("group:day", entry("group:desk", entry("till", label={"en": "Cash"}, icon="fa-coins")), label={"en": "Day"}),
    ])  # fmt: skip
    day = narrow(nodes, ALL, targets)[0]
    assert (day.label, day.children[0].label, day.children[0].children[0].label) == ("Day", "Desk", "Cash")
    assert day.children[0].children[0].icon == "fa-coins" and day.icon == "fa-folder"


def test_nobody_is_shown_what_he_may_not_open_and_a_group_with_nothing_in_it_is_gone():
    reader = Reader("en", frozenset({"support"}), frozenset({("read", "desk.Till")}))
    assert [item.key for item in walk(narrow(arrange(SECTIONS, []), reader, targets))] == ["group:desk", "till"]


@pytest.mark.parametrize(
    ("roles", "is_seen"), [({"support"}, False), ({"support", "finance"}, True), ({"finance"}, True), (set(), True)]
)
def test_of_several_roles_the_widest_decides_what_is_hidden(roles, is_seen):
    nodes = arrange(SECTIONS, [entry("till", hidden_for={"roles": ["support"], "people": []})])
    shown = narrow(nodes, Reader("en", frozenset(roles), None), targets)
    assert ("till" in keys(shown)) is is_seen


def test_an_entry_is_hidden_from_everybody_or_from_one_person():
    nodes = arrange(SECTIONS, [entry("till", hidden=True), entry("loan", hidden_for={"people": [7]})])
    assert {"till", "loan"} & set(keys(narrow(nodes, Reader("en", rights=None, person=7), targets))) == set()
    assert "loan" in keys(narrow(nodes, Reader("en", rights=None, person=8), targets))


def test_a_hidden_group_takes_all_below_it_along_but_never_an_administrators_way_back():
    nodes = arrange(SECTIONS, [entry("group:desk", entry("till"), entry("loan"), hidden=True)])
    assert keys(narrow(nodes, ALL, targets)) == ["group:books", "shelf", "author"]
    boss = Reader("en", rights=None, keeps=frozenset({"till"}))
    assert keys(narrow(nodes, boss, targets)) == ["group:desk", "till", "group:books", "shelf", "author"]


@pytest.mark.parametrize("url", ["https://example.org/a?b=1", "https://例子.example/", "https://example.org:8443"])
def test_outside_pages_are_reached_by_https(url):
    assert menutargets.is_outside(url) and not menutargets.is_own(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org", "javascript:alert(1)", "//example.org", "https://", "https://a@b.org", "https:\\\\b.org",
        "data:text/html,x", "https://example.org/ x", "https://example.org/\n", "/\\example.org", "https://e.org:99999",
        "https://[", "", "x" * 501,
    ],
)  # fmt: skip
def test_other_addresses_are_no_pages(app, url):
    with app.test_request_context("/"):
        assert not menutargets.is_outside(url) and menutargets.own_page(url) is None


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (LIST, ("read", "orders.Order")), ("/orders/order/add", ("write", "orders.Order")), ("/home/", ("", "workbench.Home")),
        (f"{LIST}?q=a", ("read", "orders.Order")), ("/sheets/catalog/sku/", ("read", "catalog.Sku")), ("/orders/order/show/1", None), ("/nowhere/", None), ("/logout/", None),
        ("/metrics", None),
    ],
)  # fmt: skip
def test_an_own_page_says_what_it_needs(app, url, found):
    with app.test_request_context("/"):
        target = menutargets.own_page(url)
        assert (target and (target.verb, target.resource)) == found


@pytest.fixture
def arranged(session):
    """Arrange the menu for one test: `arranged([...], modules={...})`."""
    before, count = list(menu._arranged), iter(range(99))

    def now(entries, modules=None):
        found = menu.Arrangement(f"test {next(count)}", entries, modules or {})
        menu.arranged_by(lambda: found)

    yield now
    menu._arranged[:] = before


@pytest.fixture(autouse=True)
def nothing_is_kept(app):
    yield
    for name in ("panel_menus", "panel_menu_facts", "panel_menu_counts", "panel_menu_drawn"):
        app.extensions.pop(name, None)


def nav(client, path="/account/"):
    page = client.get(path).text
    return page[page.index('<nav class="nav"') : page.index("</nav>")]


def test_an_entry_is_renamed_in_both_languages(as_user, arranged):
    ben = as_user("ben")
    arranged([entry("orders_order", label={"en": "Sales", "zh_Hans_CN": "销售单"})])
    assert ">Sales<" in nav(ben)
    ben.post("/prefs/", data={"language": "zh_Hans_CN"})
    assert ">销售单<" in nav(ben)


def test_a_hidden_entry_is_gone_from_menu_search_and_quick_entries_but_its_page_opens(as_user, arranged, app, ben):
    client = as_user("ben")
    assert f'href="{LIST}"' in nav(client) and LIST in client.get("/search/?q=orders").text
    arranged([entry("orders_order", hidden_for={"roles": ["support"], "people": []})])
    assert f'href="{LIST}"' not in nav(client) and client.get(LIST).status_code == 200
    assert f'"{LIST}"' not in client.get("/search/?q=orders").text
    assert f'href="{LIST}"' in nav(as_user("ada"))
    with app.test_request_context("/"):
        g.user = ben
        assert menu.is_away("orders_order", ben) and not menu.is_away("catalog_product", ben)
        assert not [button for button in home.shortcuts(ben) if button.url.startswith("/orders/order/")]


def test_what_the_menu_says_can_be_searched_for(as_user, arranged):
    arranged([entry("link:help", label={"en": "Help of the house"}, url="https://example.org/help")])
    page = as_user("ben").get("/search/?q=help house").text
    found = re.search(r'<a href="https://example.org/help"[^>]*>', page)
    assert found and 'rel="noopener noreferrer"' in found[0]


def test_an_outside_link_knows_nothing_of_the_page_it_came_from(as_user, arranged):
    arranged([entry("link:help", label={"en": "Help"}, url="https://example.org/help")])
    assert re.search(r'href="https://example.org/help" target="_blank" rel="noopener noreferrer"', nav(as_user("ben")))
    arranged([entry("link:help", label={"en": "Help"}, url="javascript:alert(1)")])
    assert "javascript" not in nav(as_user("ben"))


def test_a_link_to_a_page_of_ours_is_shown_to_whoever_may_open_it(as_user, arranged):
    arranged([entry("link:in", label={"en": "Take in"}, url="/accounts/user/add")])
    assert ">Take in<" in nav(as_user("ada")) and ">Take in<" not in nav(as_user("ben"))


def test_a_kept_view_of_a_list_is_shown_to_whom_it_is_shared_with(as_user, arranged, session, ada):
    def kept(name, state, role):
        return SavedList(
            user_id=ada.id, list_key="orders_order", name=name, state=state, roles=[role], is_shared=True
        )  # fmt: skip

    row, unread = kept("Held ones", {"q": "held"}, "support"), kept("Broken", {"sort": "nothing"}, "support")
    others = kept("Books", {}, "finance")
    session.add_all([row, unread, others])
    session.commit()
    arranged([entry(f"list:{one.id}") for one in (row, unread, others)] + [entry("list:999999")])
    found = nav(as_user("ben"))
    assert f'href="{LIST}?q=held"' in found and "Held ones" in found
    assert "Broken" not in found and "Books" not in found
    page = nav(as_user("ben"), f"{LIST}?q=held")
    assert page.count("aria-current") == 1 and re.search(r'q=held" aria-current', page)
    row.roles = ["finance"]
    session.commit()
    assert "Held ones" not in nav(as_user("ben"))


def test_a_module_that_is_off_is_away_everywhere_and_comes_back(as_user, arranged, app, ben):
    client = as_user("ben")
    arranged([], {"orders": {"hidden": False, "roles": ["support"]}})
    page = client.get("/home/").text
    assert "/orders/" not in page[page.index("<nav") :] and client.get(LIST).status_code == 200
    assert '"/orders/' not in client.get("/search/?q=order").text
    assert f'href="{LIST}"' in nav(as_user("ada"))
    arranged([], {"orders": {"hidden": True, "roles": []}})
    assert f'href="{LIST}"' not in nav(as_user("ada"))
    arranged([], {"orders": {"hidden": False, "roles": []}})
    assert f'href="{LIST}"' in nav(client) and "/orders/" in client.get("/home/").text[page.index("</nav>") :]


def test_counts_are_asked_by_the_page_for_those_alone_who_see_the_entry(as_user, arranged, monkeypatch):
    asked = []
    counted = menu.Badge(lambda actor: asked.append(actor.username) or 12, ("orders.Order",))
    monkeypatch.setitem(menu._badges, "orders_order", counted)
    ben = as_user("ben")
    first = nav(ben)
    assert re.search(r'data-count="orders_order" hidden>0<', first) and 'data-menu-counts="old"' in first
    assert asked == []  # drawing a page asks nobody
    assert ben.get("/menu/counts").json["counts"]["orders_order"] == 12
    second = nav(ben)
    assert re.search(r'data-count="orders_order">12<', second) and 'orders.Order' in second
    assert asked == ["ben"]
    arranged([entry("orders_order", hidden=True)])
    assert '"orders_order"' not in nav(ben) and "orders_order" not in ben.get("/menu/counts").json["counts"]
    assert asked == ["ben"]


def test_a_visitor_hears_no_counts(app, session):
    assert app.test_client().get("/menu/counts").status_code == 302


def test_a_page_looks_its_menu_up_and_makes_it_once(as_user, monkeypatch):
    ben = as_user("ben")
    first = nav(ben)
    monkeypatch.setattr(menu, "narrow", None)
    monkeypatch.setattr(menu, "arrange", None)
    assert nav(ben) == first


def test_groups_around_the_open_page_are_open(as_user, arranged):
    arranged([entry("group:day", entry("group:till", entry("orders_order"), label={"en": "Till"}), label={"en": "Day"})])
    shown = nav(as_user("ben"), LIST)
    open_ = re.findall(r'data-key="([^"]+)" aria-expanded="true"', shown)
    assert open_ == ["group:day", "group:till"]


def test_a_label_is_text_and_never_markup(as_user, arranged):
    arranged([entry("orders_order", label={"en": '<img src=x onerror="alert(1)">'})])
    assert "&lt;img" in nav(as_user("ben")) and "<img" not in nav(as_user("ben"))


def test_a_node_that_is_made_in_the_browser_is_ones_own():
    nodes = {node.key: node for node in walk(arrange(SECTIONS, [entry("group:x", entry("till")), entry("link:y")]))}
    assert nodes["group:x"].is_own and nodes["link:y"].is_own and not nodes["till"].is_own and not nodes["group:books"].is_own
    assert isinstance(nodes["till"], Node)


def test_a_page_below_an_entry_lights_that_entry_up(as_user):
    found = nav(as_user("ada"), "/accounts/roles/role/support")
    assert found.count("aria-current") == 1 and 'href="/accounts/roles/" aria-current' in found
