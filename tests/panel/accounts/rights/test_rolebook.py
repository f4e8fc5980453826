"""Roles of the draft: made, copied, called, deleted."""

from __future__ import annotations

import pytest

from app.panel.accounts.configuration import store
from app.panel.accounts.rights import rolebook
from app.panel.core import policy
from app.panel.core.errors import DomainError, Forbidden, InvalidInput, NotFound

RULE = [{"note": "", "filter": {"and": [["number", "contains", "A"]]}}]


def make(actor, name="Intern", **more):
    return rolebook.make(actor=actor, names={"en": name, "zh_Hans_CN": "实习生"}, descriptions={}, **more)


def test_a_role_from_a_template_has_what_the_domains_deliver(session, ada, drafted):
    key = make(ada, template="support")
    assert key == "intern" and "intern" not in store.published()["roles"]
    delivered = {name: sorted(verbs) for name, verbs in policy.REGISTRY.grants["support"].items()}
    assert drafted(key)["rights"] == delivered and drafted(key)["label"] == {"en": "Intern", "zh_Hans_CN": "实习生"}


def test_a_copy_takes_the_rules_along(session, ada, drafted):
    rolebook.put_rules("support", "rows", "orders.Order", RULE, actor=ada)
    key = make(ada, like="support")
    assert drafted(key)["rows"]["orders.Order"] == RULE and drafted(key)["rights"] == drafted("support")["rights"]


def test_a_key_is_never_given_twice(session, ada):
    assert [make(ada), make(ada), make(ada, name="实习"), make(ada, name="!!")] == ["intern", "intern_2", "role", "role_2"]


def test_a_role_needs_a_name_and_something_that_it_can_begin_as(session, ada):
    with pytest.raises(InvalidInput):
        rolebook.make(actor=ada, names={"en": " "}, descriptions={})
    with pytest.raises(InvalidInput):
        make(ada, template="emperor")
    with pytest.raises(NotFound):
        make(ada, like="emperor")
    with pytest.raises(InvalidInput):
        make(ada, like="administrator")


def test_nobody_makes_a_role_that_may_do_more_than_he(as_user, person):
    person("hilde", "keeper", {"accounts.Configuration": "write", "accounts.Role": "read", "catalog.Brand": "read"})
    answer = as_user("hilde").post("/accounts/roles/new", data={"label_en": "Mine", "start": "template:finance"})
    assert answer.status_code == 422 and "You cannot give rights that you do not hold." in answer.text
    with pytest.raises(Forbidden):
        make(person("pia", "keeper"), template="finance")


def test_a_role_is_renamed_in_both_languages_and_falls_back_to_the_words_of_the_code(app, session, ada):
    names = {"en": "Crew", "zh_Hans_CN": "客服组"}
    rolebook.describe("support", actor=ada, names=names, descriptions={"en": " Helps  all "}, two_step=True, reveals_a_day=9)
    entry = store.draft().document["roles"]["support"]
    assert entry["label"] == names and entry["description"] == {"en": "Helps all"}
    assert entry["two_step"] and entry["reveals_a_day"] == 9
    with app.test_request_context():
        assert rolebook.label("support", store.draft().document) == "Crew"
        assert rolebook.label("support", store.published()) == "Support"


def test_a_role_of_the_house_may_be_without_a_name_of_its_own_but_no_other(session, ada):
    rolebook.describe("host", actor=ada, names={}, descriptions={}, two_step=False, reveals_a_day=1)
    key = make(ada)
    with pytest.raises(InvalidInput):
        rolebook.describe(key, actor=ada, names={}, descriptions={}, two_step=False, reveals_a_day=1)


def test_a_role_that_people_have_is_not_deleted(as_user, ada):
    with pytest.raises(DomainError, match="2 people have the role Support"):
        rolebook.delete("support", actor=ada)
    client = as_user("ada")
    client.post("/accounts/roles/role/support/delete", data={})
    assert "support" in store.draft().document["roles"]
    client.post("/accounts/roles/role/viewer/delete", data={})
    assert "viewer" not in store.draft().document["roles"] and "viewer" in store.published()["roles"]


def test_the_administrators_are_never_deleted(session, ada):
    with pytest.raises(DomainError, match="cannot be deleted"):
        rolebook.delete("administrator", actor=ada)


def test_the_pages_of_a_role_make_it_call_it_and_keep_it_in_the_draft(as_user, drafted):
    client = as_user("ada")
    made = client.post("/accounts/roles/new", data={"label_en": "Intern", "start": "template:viewer"})
    assert made.location == "/accounts/roles/role/intern"
    page = client.get(made.location).text
    assert "Intern" in page and "New" in page and "Nobody has this role" in page
    said = {"label_en": "Trainee", "two_step": "y", "reveals_a_day": "5", "version": store.draft().version}
    assert client.post("/accounts/roles/role/intern/settings", data=said).status_code == 302
    assert drafted("intern")["label"] == {"en": "Trainee"} and drafted("intern")["two_step"]
    assert client.post("/accounts/roles/role/intern/settings", data=said).status_code == 409
    assert client.post("/accounts/roles/role/intern/settings", data={"label_en": ""}).status_code == 422


def test_an_empty_name_shows_the_word_of_the_house_in_its_own_language(as_user):
    page = as_user("ada").get("/accounts/roles/role/support").text
    assert 'placeholder="Support"' in page and 'placeholder="客服"' in page


def test_a_role_of_another_house_is_not_there(as_user):
    assert as_user("ada").get("/accounts/roles/role/emperor").status_code == 404
