"""Many rows out of the trash at once: seen before, refused one by one, and put back into it."""

import re

import pytest

from app.panel.core import records, trash
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError
from app.panel.core.trash import TrashEntry
from app.shop.catalog.models import Tag
from tests.shop.bringing import counts, operate, refused, take_back


def thrown_away(session, actor, *names):
    for name in names:
        records.delete(records.create(Tag, {"name": name}, actor=SYSTEM), actor=actor)
    session.commit()
    return [entry.id for entry in session.query(TrashEntry).order_by(TrashEntry.id)]


def names(session):
    session.rollback()
    return sorted(tag.name for tag in session.query(Tag))


def test_many_come_back_each_by_itself_and_go_again(session, ada):
    keys = thrown_away(session, ada, "red", "green", "blue")
    records.create(Tag, {"name": "green"}, actor=SYSTEM)
    run = operate("trash.restore", keys, actor=ada)
    assert counts(run) == {"new": 0, "changed": 2, "same": 0, "refused": 1} and "cannot come back" in refused(run)[0]
    assert names(session) == ["blue", "green", "red"]
    assert counts(take_back(run))["changed"] == 2
    assert names(session) == ["green"] and session.query(TrashEntry).count() == 3


def test_the_trash_offers_it_and_leads_to_the_preview(session, ada, as_user):
    thrown_away(session, ada, "red", "green")
    client = as_user("ada")
    page = client.get("/catalog/tag/trash/").text
    assert "Bring back what is ticked" in page
    keys = re.findall(r'type="checkbox" form="many" name="rowid" value="(\d+)"', page)
    answer = client.post("/bulk/operation/new", data={"action": "trash.restore", "rowid": keys})
    preview = client.get(answer.location).text
    assert answer.status_code == 302 and "Change 2 rows" in preview and 'href="/catalog/tag/list/">Tags</a>' in preview
    client.post(f"{answer.location}start")
    assert re.search(r'class="btn btn-primary" href="/catalog/tag/list/"', client.get(answer.location).text), "back to their list"
    assert client.post("/bulk/operation/new", data={"action": "trash.restore"}).status_code == 422


def test_what_somebody_else_deleted_is_not_there(session, ada, ben):
    keys = thrown_away(session, ada, "red")
    assert [entry.id for entry in trash.entries("catalog.Tag", ada)] == keys
    with pytest.raises(DomainError, match="No row is meant"):
        operate("trash.restore", keys, actor=ben)
    assert names(session) == []
