"""The configuration that holds, and the one that is being written."""

from __future__ import annotations

import copy

import pytest

from app.panel.accounts.configuration import document, store
from app.panel.accounts.models import ConfigurationDraft, Publication, Role
from app.panel.core import policy, setup
from app.panel.core.errors import Conflict, Forbidden, InvalidInput


def right(role, resource, *verbs):
    def change(configuration):
        configuration["roles"][role]["rights"][resource] = list(verbs)

    return change


def test_an_instance_begins_with_what_the_code_delivers(session):
    found = store.published()
    assert found["roles"]["support"]["rights"]["orders.Order"] == sorted(policy.REGISTRY.grants["support"]["orders.Order"])
    assert found["roles"]["administrator"]["rights"] == {}
    first = session.query(Publication).one()
    assert first.note == "as delivered" and first.confirmed_at


def test_the_delivered_rights_are_those_of_the_tables_of_roles(session, ben):
    entry = store.published()["roles"]["support"]
    assert document.pairs(entry) == policy.held(ben)


def test_a_sync_that_brings_nothing_publishes_nothing(app, session):
    setup.sync(app)
    assert session.query(Publication).count() == 1


def test_nobody_has_begun_a_draft(session):
    found = store.draft()
    assert found.document == store.published() and not found.begun and found.version == 0


def test_a_draft_changes_nothing_that_holds(session, ada, ben):
    before = policy.held(ben)
    draft = store.edit(right("support", "orders.Order", "read"), actor=ada)
    assert draft.begun and draft.changed_by == ada and draft.version == 1
    assert draft.document["roles"]["support"]["rights"]["orders.Order"] == ["read"]
    policy.forget()
    assert store.published()["roles"]["support"]["rights"]["orders.Order"] != ["read"] and policy.held(ben) == before


def test_a_draft_that_says_what_holds_is_none(session, ada):
    verbs = store.published()["roles"]["support"]["rights"]["orders.Order"]
    store.edit(right("support", "orders.Order", "read"), actor=ada)
    assert not store.edit(right("support", "orders.Order", *verbs), actor=ada).begun


def test_a_discarded_draft_is_gone_and_its_version_is_an_old_one(session, ada):
    seen = store.edit(right("support", "orders.Order", "read"), actor=ada).version
    store.discard(actor=ada)
    assert not store.draft().begun
    with pytest.raises(Conflict):
        store.edit(right("support", "orders.Order", "read"), actor=ada, version=seen)


def test_who_may_not_write_the_configuration_edits_no_draft(session, ben):
    with pytest.raises(Forbidden):
        store.edit(right("support", "orders.Order", "read"), actor=ben)
    with pytest.raises(Forbidden):
        store.discard(actor=ben)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["roles"]["support"]["rights"].update({"orders.Order": ["fly"]}),
        lambda c: c["roles"]["support"].update(reveals_a_day=-1),
        lambda c: c["roles"]["support"].update(colour="red"),
        lambda c: c["roles"].pop("administrator"),
        lambda c: c["roles"]["administrator"]["fields"].update({"orders.Order": {"total": "hidden"}}),
        lambda c: c["roles"]["support"]["fields"].update({"orders.Order": {"no_such_field": "hidden"}}),
        lambda c: c["roles"]["support"]["rows"].update({"orders.Order": [{"note": "", "filter": {"and": [["nothing", "eq", "1"]]}}]}),
        lambda c: c["roles"]["support"]["rows"].update({"orders.Order": [{"note": "", "filter": {}}]}),
        lambda c: c["roles"]["support"]["rows"].update({"no.Where": [{"note": "", "filter": {"and": [["a", "eq", "1"]]}}]}),
        lambda c: c.update(format=2),
    ],
)
def test_what_is_no_configuration_is_refused_with_a_sentence(session, ada, change):
    with pytest.raises(InvalidInput) as error:
        store.edit(change, actor=ada)
    assert all(str(text) for text in error.value.errors.values())
    assert not store.draft().begun


def test_only_what_is_looked_at_beforehand_is_in_force_meanwhile(session, ada, ben):
    wanted = copy.deepcopy(store.published())
    wanted["roles"]["support"]["rights"] = {"orders.Order": ["read"]}
    with store.previewing(wanted):
        assert store.in_force() is wanted
        assert policy.held(ben) == {("read", "orders.Order")}
    assert store.in_force() is store.published() and len(policy.held(ben)) > 1


def test_new_resources_get_their_default_rights_in_a_publication_of_their_own_and_in_the_draft(app, session, ada):
    store.edit(right("support", "orders.Refund", "read", "write"), actor=ada)
    role = session.query(Role).filter_by(name="support").one()
    known = {(p.permission.name, p.view_menu.name): p for p in session.query(Role).filter_by(name="finance").one().permissions}
    role.permissions = [*role.permissions, known["can_see_cost", "orders.Order"]]
    session.flush()
    for call in setup._then:
        call({"orders.Order"})
    assert "see_cost" in store.published()["roles"]["support"]["rights"]["orders.Order"]
    draft = store.draft()
    assert "see_cost" in draft.document["roles"]["support"]["rights"]["orders.Order"]
    assert "write" in draft.document["roles"]["support"]["rights"]["orders.Refund"]
    assert draft.based_on_id == store.holding()[0]


def test_a_request_asks_once_which_configuration_holds(app, session, count_queries):
    store.published()
    store.forget()
    with count_queries() as seen:
        store.published(), store.in_force(), store.published()
    assert len(seen) == 1


def test_versions_of_the_draft_are_counted_in_one_row(session, ada):
    for verbs in (["read"], ["export"], ["read", "export"]):
        store.edit(right("support", "orders.Order", *verbs), actor=ada)
    assert session.query(ConfigurationDraft).one().version == 3
