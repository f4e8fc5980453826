"""Publishing, confirming, rolling back: by hand, and by itself."""

from __future__ import annotations

import json

import pytest
from flask import g

from app.panel.accounts import queries, services
from app.panel.accounts.configuration import document, exchange, publishing, store
from app.panel.accounts.models import LoginSession, Publication, Role, User
from app.panel.core import policy
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import Conflict, DomainError, Forbidden, InvalidInput
from tests.people import PASSWORD

ORDER = "orders.Order"


@pytest.fixture(autouse=True)
def fresh(session):
    yield
    store.forget()


def taking(verb, role="support"):
    def change(configuration):
        configuration["roles"][role]["rights"][ORDER].remove(verb)

    return change


def published(actor, change=None, **more):
    store.edit(change or taking("ship"), actor=actor)
    return publishing.publish(note="less", actor=actor, **more)


def test_what_is_published_holds_in_the_tables_of_roles(session, ada, ben):
    assert policy.allowed(ben, "ship", ORDER)
    made = published(ada)
    assert not policy.allowed(ben, "ship", ORDER) and policy.allowed(ben, "read", ORDER)
    assert not store.draft().begun and store.holding()[0] == made.id
    assert "ship" not in store.published()["roles"]["support"]["rights"][ORDER]


def test_long_work_obeys_from_its_next_chunk_on_what_was_published_elsewhere(session, ada):
    before = store._present()
    made = published(ada)
    g._configuration = before  # as it stands in a process that did not publish
    policy.forget()
    assert store.holding()[0] == made.id != before.id


def test_roles_that_no_configuration_names_keep_their_rights(session, ada):
    known = {(p.permission.name, p.view_menu.name): p for p in session.query(Role).filter_by(name="support").one().permissions}
    own = Role(name="made elsewhere", permissions=[known["can_ship", ORDER]])
    session.add(own)
    session.commit()
    published(ada)
    assert [p.permission.name for p in session.query(Role).filter_by(name="made elsewhere").one().permissions] == ["can_ship"]


def test_a_publication_that_nobody_confirms_is_taken_back_without_a_ticker(session, ada, ben, clock):
    clock.set("2026-11-20 10:00")
    made = published(ada)
    clock.advance(seconds=59)
    store.forget()
    assert store.holding()[0] == made.id
    clock.advance(seconds=2)
    store.forget()
    assert policy.allowed(ben, "ship", ORDER)
    assert session.get(Publication, made.id).rolled_back_why == "not confirmed in time"
    draft = store.draft()
    assert draft.begun and "ship" not in draft.document["roles"]["support"]["rights"][ORDER]


def test_the_ticker_takes_it_back_too(session, ada, clock):
    clock.set("2026-11-20 10:00")
    made = published(ada)
    assert publishing.roll_back_overdue() is None
    clock.advance(seconds=61)
    assert publishing.roll_back_overdue() == made.id
    assert publishing.roll_back_overdue() is None


def test_what_is_confirmed_in_time_stays(session, ada, ben, clock):
    clock.set("2026-11-20 10:00")
    made = published(ada)
    publishing.confirm(made.id, actor=ada)
    clock.advance(hours=1)
    store.forget()
    assert publishing.roll_back_overdue() is None and not policy.allowed(ben, "ship", ORDER)


def test_too_late_is_not_in_time(session, ada, clock):
    clock.set("2026-11-20 10:00")
    made = published(ada)
    clock.advance(seconds=61)
    with pytest.raises(Conflict):
        publishing.confirm(made.id, actor=ada)


def test_nobody_publishes_while_another_publication_waits(session, ada):
    published(ada)
    store.edit(taking("pay"), actor=ada)
    with pytest.raises(Conflict):
        publishing.publish(note="more", actor=ada)


def test_only_the_draft_that_was_read_is_published(session, ada):
    seen = store.edit(taking("ship"), actor=ada).version
    store.edit(taking("pay"), actor=ada)
    with pytest.raises(Conflict):
        publishing.publish(note="less", actor=ada, version=seen)


def test_nothing_and_a_publication_without_a_note_are_refused(session, ada):
    with pytest.raises(DomainError):
        publishing.publish(note="nothing", actor=ada)
    store.edit(taking("ship"), actor=ada)
    with pytest.raises(InvalidInput):
        publishing.publish(note="  ", actor=ada)


def test_what_was_taken_back_is_the_draft_unless_there_is_another(session, ada):
    made = published(ada)
    store.edit(taking("pay"), actor=ada)
    publishing.roll_back(made.id, actor=ada, why="a mistake")
    rights = store.draft().document["roles"]["support"]["rights"][ORDER]
    assert "pay" not in rights and "ship" not in rights  # it was begun on top of what was taken back
    assert "ship" in store.published()["roles"]["support"]["rights"][ORDER]


def test_one_goes_back_to_any_publication(session, ada, ben):
    first = store.holding()[0]
    for verb in ("ship", "pay"):
        made = published(ada, taking(verb))
        publishing.confirm(made.id, actor=ada)
    again = publishing.restore(first, note="as it was", actor=ada)
    assert again.confirmed_at is None and again.based_on_id == made.id
    assert policy.allowed(ben, "ship", ORDER) and policy.allowed(ben, "pay", ORDER)
    with pytest.raises(Conflict):
        publishing.roll_back(made.id, actor=ada, why="not in force")


def test_a_new_role_comes_and_goes(session, ada):
    def add(configuration):
        configuration["roles"]["intern"] = document.new_role({ORDER: ["read"]})

    made = published(ada, add)
    role = session.query(Role).filter_by(name="intern").one()
    assert [p.permission.name for p in role.permissions] == ["can_read"]
    publishing.roll_back(made.id, actor=ada, why="no interns")
    assert session.query(Role).filter_by(name="intern").count() == 0


def test_a_role_that_people_have_does_not_go(session, ada, ben):
    store.edit(lambda configuration: configuration["roles"].pop("support"), actor=ada)
    with pytest.raises(DomainError):
        publishing.publish(note="no support", actor=ada)
    assert policy.allowed(ben, "ship", ORDER)


def test_sessions_of_people_stay_and_the_next_request_sees_the_change(session, ada, as_user):
    client = as_user("ben")
    assert client.get("/orders/order/add").status_code == 200

    def change(configuration):
        configuration["roles"]["support"]["rights"][ORDER] = ["read"]

    published(ada, change)
    assert client.get("/orders/order/add").status_code == 403
    assert client.get("/orders/order/list/").status_code == 200
    assert session.query(LoginSession).filter(LoginSession.revoked_at.is_not(None)).count() == 0


def lesser(session, rights, key="manager"):
    """Somebody who may write and publish the configuration, and holds besides only these rights."""
    pairs = {("read", "accounts.Configuration"), ("write", "accounts.Configuration"), ("publish", "accounts.Configuration")}
    made = document.new_role(rights)
    for verb, resource in pairs:
        made["rights"].setdefault(resource, []).append(verb)
    with policy_free():
        store.edit(lambda configuration: configuration["roles"].update({key: made}), actor=SYSTEM)
        publishing.publish(note="a manager", actor=SYSTEM, confirmed=True)
    return services.create_user(
        actor=SYSTEM, username=key, name=key, email=f"{key}@example.org", roles=[key], password=PASSWORD
    )


class policy_free:
    def __enter__(self):
        policy.forget()

    def __exit__(self, *_error):
        policy.forget()


def test_nobody_gives_what_he_does_not_hold(session):
    manager = lesser(session, {ORDER: ["read"]})

    def give(configuration):
        configuration["roles"]["viewer"]["rights"][ORDER] = ["read", "ship"]

    with pytest.raises(Forbidden):
        store.edit(give, actor=manager)
    store.edit(give, actor=SYSTEM)  # an administrator wrote it …
    with pytest.raises(Forbidden):
        publishing.publish(note="sly", actor=manager)  # … and it is not published by somebody lesser


def test_who_is_limited_himself_cannot_open_rows_and_fields(session):
    manager = lesser(session, {ORDER: ["read"]})
    tree = {"and": [["state", "eq", "paid"]]}

    def bind(configuration):
        for key in ("manager", "viewer"):
            configuration["roles"][key]["rows"][ORDER] = [{"note": "", "filter": tree}]
            configuration["roles"][key]["fields"][ORDER] = {"total": "hidden"}

    store.edit(bind, actor=SYSTEM)
    publishing.publish(note="bind", actor=SYSTEM, confirmed=True)
    for change in (
        lambda configuration: configuration["roles"]["viewer"]["rows"].clear(),
        lambda configuration: configuration["roles"]["viewer"]["fields"].clear(),
        lambda configuration: configuration["roles"].update(new=document.new_role({ORDER: ["read"]})),
        lambda configuration: configuration["roles"]["viewer"].update(reveals_a_day=9000),
    ):
        with pytest.raises(Forbidden):
            store.edit(change, actor=manager)

    def narrow(configuration):
        configuration["roles"]["viewer"]["fields"][ORDER]["paid"] = "hidden"

    assert store.edit(narrow, actor=manager).begun


def test_who_may_not_publish_does_not(session, ben, ada):
    made = published(ada)
    for call in (
        lambda: publishing.publish(note="x", actor=ben), lambda: publishing.confirm(made.id, actor=ben),
        lambda: publishing.roll_back(made.id, actor=ben, why=""), lambda: publishing.restore(made.id, note="x", actor=ben),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            call()


def test_changes_are_told_in_sentences(session, ada):
    before = store.published()

    def change(configuration):
        support = configuration["roles"]["support"]
        support["rights"][ORDER].remove("ship")
        support["rows"][ORDER] = [{"note": "", "filter": {"and": [["state", "in", ["paid"]], ["channel_id", "mine", "channels"]]}}]
        support["fields"][ORDER] = {"total": "hidden"}
        support["two_step"] = True
        configuration["menu"]["entries"] = [{"key": "orders_order", "label": {"en": "Sales"}, "hidden": True}]

    after = store.edit(change, actor=ada).document
    told = {one.area: one.sentence for one in publishing.differences(before, after)}
    assert told["right"] == "Orders: may no longer “Ship”."
    assert told["row"] == "Orders: sees only: State is one of To ship and Channel is one of my channels"
    assert told["field"] == "Orders: “Total” is hidden, before: as usual."
    assert told["menu"] == "Changed in the menu: Sales (moved, renamed, seen by others)"
    assert all(one.role in ("support", "") for one in publishing.differences(before, after))
    assert publishing.differences(before, before) == []


def test_a_file_says_the_same_again(session, ada):
    def change(configuration):
        configuration["roles"]["support"]["label"] = {"zh_Hans_CN": "客服一组"}
        configuration["roles"]["support"]["rows"][ORDER] = [{"note": "只看自己的", "filter": {"and": [["state", "eq", "paid"]]}}]

    wanted = store.edit(change, actor=ada).document
    text = publishing.to_yaml(wanted)
    assert "客服一组" in text and publishing.from_yaml(text) == wanted
    store.discard(actor=ada)
    assert exchange.take(publishing.from_yaml(text), actor=ada).document == wanted


def test_a_file_names_people_by_their_user_names(session, ada, ben):
    """Elsewhere they have other numbers."""

    def change(configuration):
        hidden = {"key": "orders_order", "hidden_for": {"people": [ben.id]}}
        configuration["menu"] = {"entries": [{"key": "group:1", "label": {"en": "Day"}, "children": [hidden]}]}

    wanted = store.edit(change, actor=ada).document
    text = publishing.to_yaml(wanted)
    assert "people: [ben]" in text and publishing.from_yaml(text) == wanted
    with pytest.raises(InvalidInput) as refused:
        publishing.from_yaml(text.replace("[ben]", "[bertha]"))
    assert "bertha" in str(refused.value.errors)


@pytest.mark.parametrize(
    "text", ["", "- 1", "format: 1\nroles: [a]", "a: &a [1]\nb: *a", "format: 1\nroles: {x: {rights: 7}}", "{", "!!python/object:os.x {}"]
)
def test_what_is_no_configuration_is_no_file(session, text):
    with pytest.raises(InvalidInput):
        publishing.from_yaml(text)


RULE = "format: 1\nroles: {{x: {{rights: {{orders.Order: [read]}}, rows: {{orders.Order: [{{filter: {{and: [[created_at, gte, {}]]}}}}]}}}}}}"


def test_a_date_in_a_file_needs_no_quotes(session):
    wanted = publishing.from_yaml(RULE.format("2026-01-01"))
    assert wanted == publishing.from_yaml(publishing.to_yaml(wanted)) == publishing.from_yaml(RULE.format("'2026-01-01'"))


@pytest.mark.parametrize(
    "text", [
        *(RULE.format(value) for value in ("!!binary aGVsbG8=", "!!set {a, b}", ".nan", r'"\ud800"', "!!timestamp 2026-01-01")),
        'format: 1\nroles: {x: {label: {en: "\\ud800"}}}',
        'format: 1\nmenu: {entries: [{key: "link:x", label: {en: x}, url: "https://example.org/\\ud800"}]}',
    ],
)  # fmt: skip
def test_what_no_database_could_keep_is_refused_with_a_sentence(session, text):
    with pytest.raises(InvalidInput):
        publishing.from_yaml(text)


def bound_manager(session, rights):
    """Somebody who publishes and sees paid orders only, without their total."""
    manager = lesser(session, rights)

    def bind(configuration):
        configuration["roles"]["manager"]["rows"][ORDER] = [{"note": "", "filter": {"and": [["state", "eq", "paid"]]}}]
        configuration["roles"]["manager"]["fields"][ORDER] = {"total": "hidden"}

    put(bind)
    return manager


def put(change):
    store.edit(change, actor=SYSTEM)
    publishing.publish(note="as it shall be", actor=SYSTEM, confirmed=True)
    policy.forget()


def test_only_who_published_keeps_it(session, ada):
    manager = lesser(session, {ORDER: ["read"]})
    made = published(ada)
    with pytest.raises(Forbidden):
        publishing.confirm(made.id, actor=manager)
    publishing.confirm(made.id, actor=ada)


def test_nobody_gets_rights_back_by_taking_back_what_another_published(session, ada):
    manager = lesser(session, {ORDER: ["read", "ship"]})
    made = published(ada, taking("ship", "manager"))
    with pytest.raises(Forbidden):
        publishing.roll_back(made.id, actor=manager, why="mine")
    publishing.confirm(made.id, actor=ada)
    for actor in (manager, ada):
        with pytest.raises(Conflict):  # that would hold at once, and nobody would be asked whether he still gets in
            publishing.roll_back(made.id, actor=actor, why="mine")
    with pytest.raises(Forbidden):
        publishing.restore(store.holding()[0] - 1, note="mine", actor=manager)
    assert not policy.allowed(manager, "ship", ORDER)


def test_who_is_limited_cannot_open_what_goes_with_his_rows(session):
    manager = bound_manager(session, {ORDER: ["read"], "orders.OrderNote": ["read"]})
    notes = document.new_role({"orders.OrderNote": ["read"]})
    with pytest.raises(Forbidden):
        store.edit(lambda configuration: configuration["roles"].update(notes=notes), actor=manager)
    put(lambda configuration: configuration["roles"]["viewer"]["rights"].update({ORDER: ["write"]}))
    with pytest.raises(Forbidden):  # a role that wrote without reading begins to read
        store.edit(lambda c: c["roles"]["viewer"]["rights"].update({ORDER: ["read", "write"]}), actor=manager)


def test_nobody_frees_himself_of_the_second_step_by_another_role(session):
    manager = lesser(session, {ORDER: ["read"], "accounts.User": ["read", "write"]})
    put(lambda configuration: configuration["roles"]["manager"].update(two_step=True))
    same = document.new_role(store.published()["roles"]["manager"]["rights"])
    put(lambda configuration: configuration["roles"].update(same=same))
    with pytest.raises(Forbidden):
        services.update_user(manager, actor=manager, name="m", email=manager.email, roles=["same"])
    services.update_user(manager, actor=SYSTEM, name="m", email=manager.email, roles=["same"])


def test_no_rule_counts_what_its_writer_does_not_see(session, as_user):
    """n rows have a total above 100, n above 200 …: a rule, or the sentence below it, would tell what a field says."""
    bound_manager(session, {ORDER: ["read"], "accounts.Role": ["read"], "accounts.User": ["read"], "setup.Shop": ["read"]})
    client = as_user("manager")
    asked = {"hidden": (ORDER, ["total", "gt", 10000]), "seen": (ORDER, ["state", "eq", "paid"]), "unread": ("catalog.Product", ["id", "gt", 1])}
    told = {}
    for name, (of, leaf) in asked.items():
        said = json.dumps([{"note": "", "filter": {"and": [leaf]}}])
        person = session.query(User).filter_by(username="ben").one().id
        told[name] = client.post(f"/accounts/roles/check/{of}", data={"rules": said, "person": person}).json["sees"]
    assert told["hidden"] is None and told["unread"] is None and told["seen"]["of"] == 0
    for leaf, is_refused in ((["total", "gt", 10000], True), (["state", "eq", "paid"], False)):
        said = json.dumps([{"note": "", "filter": {"and": [leaf]}}])
        assert client.post(f"/accounts/roles/rows/{ORDER}/support", data={"rules": said}).status_code == (403 if is_refused else 302)


def test_nobody_hands_out_a_role_that_shows_more_than_he_sees(session):
    manager = bound_manager(session, {ORDER: ["read"], "accounts.User": ["read", "write"]})
    open_role, quick = document.new_role({ORDER: ["read"]}), document.new_role({"setup.Shop": []}) | {"reveals_a_day": 900}

    def add(configuration):
        own = configuration["roles"]["manager"]
        configuration["roles"].update(open=open_role, quick=quick, same=document.new_role({ORDER: ["read"]}))
        configuration["roles"]["same"].update(rows=own["rows"], fields=own["fields"])

    put(add)
    assert {"manager", "same"} == {role.name for role in queries.grantable(manager)} - {"made elsewhere"}
    for role in ("open", "quick"):
        with pytest.raises(Forbidden):
            services.update_user(manager, actor=manager, name="m", email=manager.email, roles=["manager", role])
        person = services.create_user(actor=SYSTEM, username=role, name=role, email=f"{role}@example.org", roles=[role])
        with pytest.raises(Forbidden):  # by his link one could become him
            services.make_link(person, actor=manager)
    services.update_user(manager, actor=manager, name="m", email=manager.email, roles=["manager", "same"])
