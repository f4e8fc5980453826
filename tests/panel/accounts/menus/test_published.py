"""A published menu is everybody's at once: on every process, and in a real browser."""

import contextlib
import re

import pytest

from tests.conftest import client_of, settings
from tests.goals import Watch
from tests.serving import served

LIST = "/orders/order/list/"


@pytest.fixture(scope="module")
def instances(new_database, tmp_path_factory):
    """Two applications on one database, as two processes are."""
    from app import create_app
    from tests import people
    from tests.conftest import Browser, make_app

    url, home = new_database(), tmp_path_factory.mktemp("menus")
    one = make_app(url, home)
    with one.app_context():
        people.settle()
    two = create_app(**settings(url, home))
    two.test_client_class = Browser
    two.jinja_env.bytecode_cache = one.jinja_env.bytecode_cache
    yield one, two
    from app.panel.core.db import db

    for app in (one, two):
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def publish(app, change):
    from app.panel.accounts.configuration import publishing, store
    from app.panel.accounts.models import User
    from app.panel.core.db import db

    with app.test_request_context("/"):
        ada = db.session.query(User).filter_by(username="ada").one()
        store.edit(change, actor=ada)
        made = publishing.publish(note="menu", actor=ada)
        publishing.confirm(made.id, actor=ada)


def nav(client):
    page = client.get("/account/").text
    return page[page.index('<nav class="nav"') : page.index("</nav>")]


def test_another_process_follows_a_publication_within_a_second_and_without_a_restart(instances):
    one, two = instances
    with two.app_context():
        ben = client_of(two, "ben")
    assert f'href="{LIST}"' in nav(ben)
    publish(one, lambda wanted: wanted["menu"].update(entries=[{"key": "orders_order", "label": {"en": "Sales"}}]))
    began = Watch()
    assert ">Sales<" in nav(ben) and began.seconds() < 1
    publish(one, lambda wanted: wanted["menu"].update(modules={"orders": {"roles": ["support"]}}))
    assert f'href="{LIST}"' not in nav(ben) and ben.get(LIST).status_code == 200
    publish(one, lambda wanted: wanted.update(menu={"entries": []}))
    assert ">Orders<" in nav(ben)


def test_a_request_that_looks_at_another_configuration_sees_its_menu(app, session, ada):
    from flask import g

    from app.panel.accounts.configuration import store
    from app.panel.core import menu

    with app.test_request_context("/"):
        g.user = ada
        wanted = {**store.published(), "menu": {"entries": [{"key": "orders_order", "hidden": True}]}}
        assert "orders_order" in menu.shown(ada).keys
        with store.previewing(wanted):
            assert "orders_order" not in menu.shown(ada).keys
        assert "orders_order" in menu.shown(ada).keys


@pytest.fixture(scope="module")
def tabs(instances, chromium):
    """A tab of Ada, one of Ben, on two processes; a script error or a broken policy fails the journey."""
    from app.panel.accounts.login import sessions

    complaints, servers, found = [], contextlib.ExitStack(), []
    for app, name in zip(instances, ("ada", "ben"), strict=True):
        address = servers.enter_context(served(app))
        app.config["PUBLIC_URL"] = address
        with app.app_context():
            value = client_of(app, name).cookie_value
        context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        context.add_cookies([{"name": sessions.cookie_name(False), "value": value, "url": address}])
        tab = context.new_page()
        tab.set_default_timeout(60_000)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda m: complaints.append(m.text) if "Content Security" in m.text else None)
        found.append(tab)
    with servers:
        yield found
    assert complaints == []


def press(target):
    """As whoever has no mouse does it."""
    target.focus()
    target.press("Enter")


@pytest.mark.browser
def test_the_menu_is_arranged_by_keyboard_published_and_seen_by_another(tabs):
    ada, ben = tabs
    ada.goto("/accounts/menu/?as=support")
    ada.locator("html[data-ready]").wait_for()
    said = ada.locator("#live")
    grip = ada.locator("#entry-customers_customer [data-grip]")
    groups = ada.locator('.twig[data-level="1"]').evaluate_all("found => found.map(one => one.dataset.key)")
    grip.focus()
    ada.keyboard.press("ArrowLeft")  # out of its group, behind which it then stands
    said.filter(has_text="at the top level").wait_for()
    assert ada.evaluate("document.activeElement.closest('.twig').dataset.key") == "customers_customer"
    ada.keyboard.press("ArrowUp")
    place = groups.index("group:customers") + 1
    said.filter(has_text=re.compile(f"“Customers” is now number {place} of")).wait_for()
    press(ada.locator('[data-edit="orders_order"]'))
    ada.locator("#label-en").fill("Sales")
    ada.get_by_label("Search the icons").fill("anchor")
    ada.get_by_role("radio", name="fa-anchor", exact=True).focus()
    ada.keyboard.press("Space")
    press(ada.get_by_role("button", name="Keep in the draft"))
    said.filter(has_text="“Sales” is kept in the draft.").wait_for()
    assert ada.locator(".menu-preview").get_by_text("Sales").is_visible()
    ben.goto("/account/")
    assert ben.locator("#nav .nav-head").first.inner_text().strip() == "Orders" and ben.locator("#nav").get_by_text("Sales").count() == 0
    press(ada.get_by_role("link", name="Look at the changes and publish").first)
    ada.locator("[name=note]").fill("Customers on top")
    press(ada.get_by_role("button", name="Publish"))
    press(ada.get_by_role("button", name="Keep them"))
    ada.get_by_text("The changes stay.").wait_for()
    ben.goto("/account/")
    press(ben.locator('#nav [data-key="group:orders"]'))
    assert ben.locator("#nav").get_by_role("link", name="Sales").is_visible()
    assert ben.locator("#nav .nav-tree > .single").get_by_role("link", name="Customers").count() == 1
