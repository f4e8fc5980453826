"""The trail of many-to-many relations, which are no columns."""

import pytest

from app.panel.core import records
from app.panel.core.changes import Change
from app.panel.core.history import HistoryEntry


@pytest.fixture
def tagged(session, ada):
    from app.shop.catalog.models import Product, Tag

    tags = [records.create(Tag, {"name": name}, actor=ada) for name in ("Winter", "Wool")]
    product = records.create(Product, {"title": "Scarf", "tags": [tags[0].id]}, actor=ada)
    return product, tags


def test_a_change_of_tags_leaves_its_trail_and_tells_the_feed(session, ada, tagged, as_user):
    product, tags = tagged
    seen = product.version
    told = session.query(Change).filter_by(table=product.__tablename__, key=product.id, kind="update")
    before = told.count()
    records.update(product, {"tags": [tag.id for tag in tags]}, actor=ada)
    trail = session.query(HistoryEntry).filter_by(table=product.__tablename__, key=product.id, verb="update")
    assert {"tags": [["Winter"], ["Winter", "Wool"]]} in [entry.changes for entry in trail]
    assert told.count() == before + 1
    assert product.version > seen
    page = as_user("ada").get(f"/catalog/product/show/{product.id}").text
    assert "Winter, Wool" in page


def test_the_same_tags_in_another_order_are_no_change(session, ada, tagged):
    product, tags = tagged
    records.update(product, {"tags": [tag.id for tag in tags]}, actor=ada)
    seen = product.version
    records.update(product, {"tags": [tag.id for tag in reversed(tags)]}, actor=ada)
    assert product.version == seen


def test_of_two_changes_of_tags_from_the_same_form_the_second_is_refused(session, ada, tagged, as_user):
    product, tags = tagged
    client, headers = as_user("ada"), {"If-Match": f'"{product.version}"'}
    address = f"/api/v1/catalog/product/{product.id}"
    assert client.put(address, json={"tags": [tags[1].id]}, headers=headers).status_code == 200
    assert client.put(address, json={"tags": []}, headers=headers).status_code == 409
