"""In a real browser: a role "intern" from a template, the cost hidden, the rows narrowed, and a look at the panel as it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.panel.accounts.login import sessions
from app.panel.core.db import db
from app.shop.catalog.models import Product, Sku
from tests import people, serving
from tests.conftest import client_of, make_app

pytestmark = pytest.mark.browser


@pytest.fixture
def served(new_database: Any, tmp_path: Any) -> Iterator[Flask]:
    app = make_app(new_database(), tmp_path)
    with app.app_context():
        people.settle()
        sku = Sku(code="CUP-1", price=9900, cost=4321, currency="CNY")
        db.session.add(Product(title="Cup", handle="cup", currency="CNY", skus=[sku]))
        db.session.commit()
    with serving.served(app) as address:
        app.config["PUBLIC_URL"] = address
        yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def shown(page: Any) -> str:
    return str(page.inner_text("main"))


def test_an_intern_is_made_narrowed_and_looked_at(served: Flask, chromium: Any) -> None:
    address, refusals = served.config["PUBLIC_URL"], []
    with served.app_context():
        cookie = client_of(served, "ada").cookie_value
        db.session.commit()
    context = chromium.new_context(base_url=address, locale="en-GB", reduced_motion="reduce")
    context.add_cookies([{"name": sessions.cookie_name(False), "value": cookie, "url": address}])
    page = context.new_page()
    page.on("console", lambda message: "Content Security Policy" in message.text and refusals.append(message.text))

    page.goto("/accounts/roles/new")
    page.fill("[name=label_en]", "Intern")
    page.fill("[name=label_zh_Hans_CN]", "实习生")
    page.select_option("[name=start]", "template:finance")
    page.click("text=Make the role")
    assert page.url.endswith("/accounts/roles/role/intern")

    # one click a cell, by mouse and by keyboard; the arrows go on to the next
    page.goto("/accounts/roles/?role=intern&role=viewer&open=catalog")
    cell = page.locator("tr[data-line='catalog.Brand'] td[data-role=viewer]")
    cell.locator("[data-mx-level]").click()
    page.locator("tr[data-line='catalog.Brand'] td.mx-changed[data-role=viewer][data-level=write]").wait_for()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.locator("tr[data-line='catalog.Brand'] td[data-role=intern][data-level=write]").wait_for()
    page.click("tr[data-line='catalog.Product'] td[data-role=intern] [data-mx-more]")
    chip = page.locator("[data-part='catalog.Product'] .mx-tick", has_text="Put on sale")
    chip.click()
    page.locator("[data-part='catalog.Product'] .mx-tick[aria-pressed=true]", has_text="Put on sale").wait_for()

    page.click("[data-part='catalog.Sku'] >> text=Fields it sees")
    page.select_option("[name=field-cost]", "hidden")
    page.click("text=Keep in the draft")
    assert "Kept in the draft." in shown(page)

    page.goto("/accounts/roles/rows/setup.Channel/intern")
    page.click("text=Add a rule")
    page.select_option("[data-rules-place] .filter-row select >> nth=0", "name")
    page.fill("[data-rules-place] .filter-value input", "Counter B")
    page.locator("[data-rules-words]", has_text="Channel contains Counter B").wait_for()
    assert re.search(r"would see \d of 2 rows", page.inner_text("[data-rules-sees]"))
    page.click("text=Keep in the draft")

    page.goto("/catalog/sku/list/")
    assert "43.21" in shown(page)
    page.goto("/accounts/roles/role/intern")
    page.click("text=View as this role")
    assert "You see the panel as the role Intern." in page.inner_text("[data-viewing-as]")
    page.goto("/setup/channel/list/")
    assert "Counter B" in shown(page) and "Counter A" not in shown(page)
    page.goto("/catalog/sku/list/")
    assert "CUP-1" in shown(page) and "43.21" not in shown(page) and "Cost" not in shown(page)
    status = page.evaluate(
        "async () => (await fetch('/catalog/brand/add', {method: 'POST', headers: {'X-CSRFToken': "
        "document.querySelector('meta[name=csrf-token]').content}})).status"
    )
    assert status == 403
    page.click("[data-viewing-as] button")
    page.goto("/setup/channel/list/")
    assert "Counter A" in shown(page) and page.locator("[data-viewing-as]").count() == 0
    assert refusals == []
    context.close()
