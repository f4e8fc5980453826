"""View as a role or a person: what one sees then, and that nothing can be changed."""

from __future__ import annotations

import asyncio
import io
import re

import pytest
from sqlalchemy import select

from app.panel.accounts import services
from app.panel.accounts.configuration import publishing, store
from app.panel.accounts.rights import rolebook, viewas
from app.panel.core import files, history, policy
from app.panel.core.actor import SYSTEM, Preview
from app.panel.core.errors import Forbidden, NotFound
from app.panel.core.files import File
from app.panel.core.hub import Hub, Refused
from app.shop.setup.models import Channel
from tests.panel.accounts.rights.conftest import JSON

START, END = "/accounts/view-as/", "/accounts/view-as/end"
RULE = [{"note": "", "filter": {"and": [["name", "contains", "Counter B"]]}}]


def channels(client):
    return set(re.findall(r"Counter [AB]", client.get("/setup/channel/list/").text))


def test_as_a_person_one_sees_his_rows_his_fields_and_his_menu(as_user, ben):
    client = as_user("ada")
    assert channels(client) == {"Counter A", "Counter B"}
    assert client.post(START, data={"person": ben.id}).location == "/"
    assert channels(client) == {"Counter A"}
    page = client.get("/orders/order/list/").text
    assert "You see the panel as Ben." in page and "Nothing can be changed." in page and "/accounts/user/list/" not in page
    assert client.get("/accounts/user/list/").status_code == 403
    assert client.get("/api/v1/setup/channel/", headers=JSON).get_json()["count"] == 1
    client.post(END)
    assert channels(client) == {"Counter A", "Counter B"} and client.get("/accounts/user/list/").status_code == 200


def test_as_a_role_of_the_draft_one_sees_what_is_not_published_yet(as_user, ada):
    key = rolebook.make(actor=ada, names={"en": "Intern"}, descriptions={}, template="support")
    rolebook.put_rules(key, "rows", "setup.Channel", RULE, actor=ada)
    rolebook.put_rules(key, "fields", "setup.Channel", {"kind": "hidden"}, actor=ada)
    client = as_user("ada")
    client.post(START, data={"role": key, "of": "draft"})
    page = client.get("/setup/channel/list/").text
    assert "You see the panel as the role Intern." in page and ">Draft<" in page
    assert channels(client) == {"Counter B"} and "Platform" not in page
    client.post(END)
    assert "Platform" in client.get("/setup/channel/list/").text


def test_as_a_role_that_holds_the_draft_counts_for_nothing(as_user, ada):
    rolebook.put_rules("support", "rows", "setup.Channel", RULE, actor=ada)
    client = as_user("ada")
    client.post(START, data={"role": "support"})
    assert channels(client) == {"Counter A", "Counter B"}
    client.post(START, data={"role": "support", "of": "draft"})
    assert channels(client) == {"Counter B"}


def test_what_is_somebodys_own_stays_his(as_user, ada, ben, session):
    """Who may write the configuration looks as an administrator: not into the files that she brought."""
    rights = {"accounts.Configuration": ["read", "write"], "accounts.User": ["read"], "bulk.Run": ["read"]}
    store.edit(lambda configuration: configuration["roles"]["support"].update(rights=rights), actor=ada)
    publishing.publish(note="a manager", actor=SYSTEM, confirmed=True)
    mine = as_user("ada").post("/bulk/import/", data={"file": (io.BytesIO(b"name,kind\nSecret,counter\n"), "secret.csv")}).location
    file = File(created_by_id=ada.id)
    client = as_user("ben")
    client.post(START, data={"person": ada.id})
    assert client.get(mine).status_code == client.get(f"{mine}progress").status_code == 404
    assert files.may_read(ada, file) and not files.may_read(Preview(ben, ada), file)
    assert as_user("ada").get(mine).status_code == 200


def test_every_unsafe_request_is_refused_with_a_sentence(app, as_user, ben):
    client, asked = as_user("ada"), 0
    client.post(START, data={"person": ben.id})
    for rule in sorted(app.url_map.iter_rules(), key=str)[::3]:
        path = re.sub(r"<[^>]*>", "1", str(rule))
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            if path.startswith(viewas.FREE):
                continue
            answer = client.open(path, method=method, headers=JSON)
            assert answer.status_code == 403 and "You only look at the panel" in answer.get_json()["message"], (method, path)
            asked += 1
    assert asked > 70
    assert "You only look at the panel" in client.post("/orders/order/add", data={}).text


def test_a_stream_is_refused_and_one_that_runs_ends(app, as_user, ben):
    client, hub = as_user("ada"), Hub(app)
    scope = {"method": "GET", "headers": [(b"cookie", f"{hub.cookie}={client.cookie_value}".encode())], "query_string": b"topics=orders.Order"}
    stream = asyncio.run(hub.admit(scope))
    assert asyncio.run(hub.is_still(stream))
    client.post(START, data={"person": ben.id})
    with pytest.raises(Refused) as refusal:
        asyncio.run(hub.admit(scope))
    assert refusal.value.status == 403 and not asyncio.run(hub.is_still(stream))


def test_nobody_sees_more_than_he_may_see_himself(app, session, as_user, person, cleo):
    """Hilde may write the configuration, but not read orders, nor the channels of shop B."""
    person("hilde", "keeper", {"accounts.Configuration": "write", "accounts.User": "read", "setup.Channel": "read"})
    client = as_user("hilde")
    client.post(START, data={"person": cleo.id})
    assert client.get("/orders/order/list/").status_code == 403 and channels(client) == set()
    client.post(START, data={"role": "administrator"})
    assert client.get("/orders/order/list/").status_code == 403 and channels(client) == set()
    assert client.get("/accounts/apikey/list/").status_code == 403


def test_a_draft_does_not_widen_what_the_viewer_sees_himself(app, session, as_user, person, ada):
    hilde = person("hilde", "keeper", {"accounts.Configuration": "write", "setup.Channel": "read"})
    wide = {"setup.Channel": ["read"], "orders.Order": ["read"], "accounts.Configuration": ["write"]}
    store.edit(lambda document: document["roles"].update(keeper={**document["roles"]["viewer"], "rights": wide}), actor=ada)
    with app.test_request_context():
        choice = viewas.Choice(role="keeper", of="draft")
        preview = viewas.enter(choice, hilde, store.draft().document)
        assert isinstance(preview, Preview) and policy.allowed(preview, "read", "setup.Channel")
        assert not policy.allowed(preview, "read", "orders.Order") and policy.allowed(preview.subject, "read", "orders.Order")
        assert policy.held(preview) == {("read", "setup.Channel"), ("write", "accounts.Configuration")}
        assert session.scalars(policy.scope(select(Channel.id), preview, Channel)).all() == []


def test_only_who_may_write_the_configuration_may_look(as_user, ben, cleo):
    assert as_user("ben").post(START, data={"person": cleo.id}).status_code == 403
    with pytest.raises(Forbidden):
        viewas.start(viewas.Choice(person=cleo.id), actor=ben)


def test_whoever_loses_the_right_meanwhile_is_himself_again(session, as_user, person, ben):
    hilde = person("hilde", "keeper", {"accounts.Configuration": "write", "accounts.User": "read", "setup.Channel": "read"})
    client = as_user("hilde")
    client.post(START, data={"role": "support"})
    assert "You see the panel as" in client.get("/setup/channel/list/").text
    session.query(type(hilde.roles[0])).filter_by(name="keeper").one().permissions = []
    session.commit()
    answer = client.get("/account/")
    assert "You see the panel as" not in answer.text


def test_letters_to_the_person_are_not_read(as_user, ben):
    client = as_user("ada")
    client.post(START, data={"person": ben.id})
    for path in ("/notices/", "/account/", "/account/keys/"):
        assert client.get(path).status_code == 403
    client.post(START, data={"role": "support"})
    assert client.get("/notices/").status_code == 200


def test_it_leaves_a_line_in_the_history(session, as_user, ada, ben):
    as_user("ada").post(START, data={"person": ben.id})
    entries = session.query(history.HistoryEntry).filter(history.HistoryEntry.verb.like("%viewed_as")).all()
    assert {(entry.verb, entry.table, entry.actor_id) for entry in entries} == {
        ("user.viewed_as", "ab_user", ada.id), ("configuration.viewed_as", "accounts_draft", ada.id),
    }  # fmt: skip


def test_who_is_not_there_cannot_be_looked_as(session, as_user, ada, ben):
    services.set_active(ben, False, actor=ada)
    for choice in (viewas.Choice(role="emperor"), viewas.Choice(person=999_999), viewas.Choice(person=ben.id), viewas.Choice()):
        with pytest.raises(NotFound):
            viewas.start(choice, actor=ada)
    client = as_user("ada")
    assert client.post(START, data={"role": "emperor"}).status_code == 404
    assert client.post(START, data={}).status_code == 400
    assert client.get("/orders/order/list/").status_code == 200


def test_a_role_that_was_deleted_meanwhile_ends_it(as_user, ada):
    key = rolebook.make(actor=ada, names={"en": "Intern"}, descriptions={}, template="support")
    client = as_user("ada")
    client.post(START, data={"role": key, "of": "draft"})
    assert client.get("/accounts/user/list/").status_code == 403
    rolebook.delete(key, actor=ada)
    assert client.get("/accounts/user/list/").status_code == 200


def test_the_page_offers_roles_and_people(as_user):
    page = as_user("ada").get(START).text
    assert "Support" in page and "Ben" in page and "The draft" not in page


def test_as_a_person_one_finds_what_is_shared_with_him_and_not_the_views_that_he_keeps_for_himself(as_user, ben):
    own, save = as_user("ben"), "/lists/setup_channel/save"
    for name, more in (("Private of Ben", {}), ("Shared by Ben", {"roles": ["support"]})):
        assert own.post(save, data={"name": name, "q": name, "next": "/", **more, "default": "1"}).status_code == 302
    client = as_user("ada")
    client.post(START, data={"person": ben.id})
    page = client.get("/setup/channel/list/?size=25").text
    assert "Shared by Ben" in page and "Private of Ben" not in page
    own_page = own.get("/setup/channel/list/?size=25").text
    assert "Private of Ben" in own_page and "Shared by Ben" in own_page
