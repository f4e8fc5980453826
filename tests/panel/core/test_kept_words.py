"""What a process keeps of its pages, so as not to make it anew for each, stays the reader's own."""

import json

from flask import url_for

from app.panel.core import routing

LIST = "/orders/order/list/"


def menu_of(client):
    """The labels and addresses of the menu as this client's page shows them."""
    page = client.get(LIST).text
    nav = page[page.index('<nav class="nav"') : page.index("</nav>")]
    return [line for line in nav.splitlines() if "nav-link" in line and "href" in line]


def test_each_reader_gets_the_words_of_his_language_after_another_had_his(as_user):
    ada, ben = as_user("ada"), as_user("ben")
    english = ada.get(LIST).text
    assert ben.post("/prefs/", data={"language": "zh_Hans_CN"}).status_code == 302
    chinese = ben.get(LIST).text
    assert "does not contain" in english and "does not contain" not in chinese
    assert json.dumps("不包含")[1:-1] in chinese or "不包含" in chinese
    assert ada.get(LIST).text.count("does not contain") == english.count("does not contain")


def test_each_reader_gets_the_menu_of_his_own_rights_after_another_had_his(as_user):
    ada, ben = as_user("ada"), as_user("ben")
    all_of_it, before = menu_of(ada), menu_of(ben)
    assert len(before) < len(all_of_it)
    assert menu_of(ada) == all_of_it and menu_of(ben) == before
    assert any("/account" in line or "user" in line for line in all_of_it if line not in before)


def test_each_reader_finds_his_own_choices_in_the_top_bar_after_another_found_his(as_user):
    ada, ben = as_user("ada"), as_user("ben")
    before = ada.get("/account/").text
    assert 'value="light" aria-current="true"' in before and ">Keyboard shortcuts<" in before
    ben.post("/prefs/", data={"language": "zh_Hans_CN", "skin": "dark", "layout": "top"})
    after = ben.get("/account/").text
    assert 'value="dark" aria-current="true"' in after and 'value="top" aria-current="true"' in after
    assert 'value="light" aria-current' not in after and "Keyboard shortcuts" not in after
    assert 'value="light" aria-current="true"' in ada.get("/account/").text


def test_an_address_stands_below_the_path_that_a_proxy_gives(app):
    with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": ""}):
        plain = routing.address("orders_order.list")
        assert plain == url_for("orders_order.list") == LIST
    with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": "/shop"}):
        assert routing.address("orders_order.list") == "/shop" + LIST
    with app.test_request_context("/"):
        assert routing.address("orders_order.list") == plain


def test_the_open_page_lights_up_its_own_entry_alone(as_user):
    lit = [line for line in menu_of(as_user("ada")) if "aria-current" in line]
    assert len(lit) == 1 and LIST in lit[0]


def test_the_description_of_the_api_is_in_the_readers_language_and_names_the_host_that_he_asked(as_user):
    ada, ben = as_user("ada"), as_user("ben")
    ben.post("/prefs/", data={"language": "zh_Hans_CN"})
    english, chinese = ada.get("/api/v1/_openapi").json, ben.get("/api/v1/_openapi").json
    assert english["servers"] == [{"url": "http://localhost/"}]
    assert ada.get("/api/v1/_openapi", base_url="http://localhost:81").json == {**english, "servers": [{"url": "http://localhost:81/"}]}
    titles = [found["components"]["schemas"]["orders.Order"]["properties"]["state"]["title"] for found in (english, chinese)]
    assert titles[0].isascii() and not titles[1].isascii()
    assert english["paths"].keys() == chinese["paths"].keys()
