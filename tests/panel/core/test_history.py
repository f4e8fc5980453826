"""The trail of many-to-many relations, which are no columns."""

import pytest

from app.panel.core import history, records
from app.panel.core.changes import Change
from app.panel.core.history import HistoryEntry
from app.panel.core.transaction import savepoint, transactional


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


def test_a_gathered_trail_is_written_once_and_holds_no_word_of_what_was_taken_back(session, ada, count_queries):
    from app.shop.catalog.models import Tag

    @transactional
    def make():
        with history.gathered():
            first = records.create(Tag, {"name": "Linen"}, actor=ada)
            history.record(first, "tag.praised", actor=ada)
            try:
                with savepoint():
                    records.create(Tag, {"name": "Felt"}, actor=ada)
                    history.record(first, "tag.blamed", actor=ada)
                    raise ValueError
            except ValueError:
                records.create(Tag, {"name": "Silk"}, actor=ada)

    with count_queries() as seen:
        make()
    for table in ("core_history", "core_change"):
        assert sum(statement.startswith(f"INSERT INTO {table}") for statement in seen) == 1
    trail = session.query(HistoryEntry).filter_by(table=Tag.__tablename__).order_by(HistoryEntry.id)
    assert [(entry.verb, entry.changes.get("name")) for entry in trail] == [
        ("insert", [None, "Linen"]), ("tag.praised", None), ("insert", [None, "Silk"]),
    ]  # fmt: skip
    told = session.query(Change).filter_by(table=Tag.__tablename__, kind="insert")
    assert {one.key for one in told} == {tag.id for tag in session.query(Tag).filter(Tag.name.in_(["Linen", "Silk"]))}


def test_a_verb_that_fails_leaves_no_gathered_trail_to_the_next(session, ada):
    from app.shop.catalog.models import Tag

    @transactional
    def fail():
        with history.gathered():
            records.create(Tag, {"name": "Jute"}, actor=ada)
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    made = records.create(Tag, {"name": "Hemp"}, actor=ada)
    assert [entry.key for entry in session.query(HistoryEntry).filter_by(table=Tag.__tablename__)] == [made.id]
