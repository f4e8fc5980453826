"""Explanations: the answer is the policy's, and its reasons say the same."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from flask_babel import force_locale

from app.panel.accounts.configuration import rules, store
from app.panel.accounts.models import User
from app.panel.accounts.models.delegation import Delegation
from app.panel.accounts.rights import explain, rolebook, ruling
from app.panel.core import clock, folding, policy
from app.panel.core.errors import NotFound
from app.shop.setup.models import Channel

RULE = [{"note": "", "filter": {"and": [["name", "contains", "Counter B"]]}}]


@pytest.fixture
def team(session, person):
    """One of each kind: by a role, by two, by none, switched off, and administrators."""
    person("finn", "finance"), person("olga", "operations")
    off = person("otto", "support")
    off.active = False
    both = person("bea", "support")
    both.roles = [*both.roles, *session.query(User).filter_by(username="finn").one().roles]
    lone = person("lena", "viewer")
    lone.roles = []
    session.commit()
    policy.forget()
    return session.query(User).all()


def kinds(answer):
    return {reason.tone for reason in answer.reasons}


def test_every_answer_about_a_right_is_the_policys_and_has_a_reason_of_its_kind(app, team):
    with app.test_request_context():
        for one in team:
            for of in ("orders.Order", "customers.Customer", "accounts.Configuration", "core.SavedList"):
                for verb in folding.known_verbs()[of]:
                    answer = explain.right(one, verb, of)
                    assert answer.is_yes == policy.allowed(one, verb, of), (one, verb, of)
                    assert ("yes" in kinds(answer)) == answer.is_yes and answer.words.startswith("Yes" if answer.is_yes else "No")


def test_every_answer_about_a_field_is_the_policys(app, team):
    with app.test_request_context():
        for one in team:
            for of in ("orders.Order", "catalog.Sku", "customers.Customer"):
                access, reads = policy.fields(one, of), policy.allowed(one, "read", of)
                for name in [*policy.REGISTRY.fields[of], *ruling.fields_of(rules.model_of(of))[:3]]:
                    answer = explain.sight(one, of, name)
                    assert answer.is_yes == (reads and access.readable(name) and not access.masked(name)), (one, of, name)
                    assert answer.is_yes or "no" in kinds(answer), (one, of, name)
                    assert ("may change" in answer.words) == (reads and access.writable(name) and not access.masked(name)), (one, of, name)


def test_every_answer_about_a_row_is_the_policys(app, session, team, ada):
    rolebook.put_rules("support", "rows", "setup.Channel", RULE, actor=ada)
    with app.test_request_context():
        for document in (None, store.draft().document):
            with store.previewing(document):
                for one in team:
                    seen = set(session.scalars(policy.scope(session.query(Channel.id).statement, one, Channel)))
                    for channel in session.query(Channel):
                        answer = explain.row(one, "setup.Channel", channel.name, ada)
                        assert answer.is_yes == (policy.allowed(one, "read", "setup.Channel") and channel.id in seen), (one, channel)
                        assert answer.is_yes or "no" in kinds(answer)


def test_whoever_may_is_everybody_whom_the_policy_lets(app, team):
    with app.test_request_context():
        for verb, of, name in (("export", "customers.Customer", "phone"), ("see_cost", "orders.Order", ""), ("read", "orders.Order", "cost")):
            told = {one.username for one, _answer in explain.who(verb, of, name)}
            real = {
                one.username for one in team
                if policy.allowed(one, verb, of) and (not name or policy.fields(one, of).readable(name))
            }  # fmt: skip
            assert told == real and "ada" in told and "otto" not in told


def test_it_names_the_roles_that_lack_a_right_and_those_that_have_it(app, session, ben):
    with app.test_request_context():
        texts = [reason.text for reason in explain.right(ben, "refund", "orders.Order").reasons]
    assert texts[0] == "The role Support may not “Refund” (Orders)."
    assert texts[1] == "Roles that may: Deputy, Finance."


def test_it_says_which_rule_keeps_a_row_away_and_by_what_condition(app, session, ada, ben):
    rolebook.put_rules("support", "rows", "setup.Channel", RULE, actor=ada)
    with app.test_request_context(), store.previewing(store.draft().document):
        own = {reason.text for reason in explain.row(ben, "setup.Channel", "Counter A", ada).reasons}
        foreign = [reason for reason in explain.row(ben, "setup.Channel", "Counter B", ada).reasons if reason.tone == "no"]
    assert "The role Support sees only: Channel contains Counter B." in own
    assert [reason.rule for reason in foreign] == ["Only what belongs to one's own shops or channels."]


def test_it_says_why_somebody_does_not_see_the_cost(app, session, ben):
    with app.test_request_context():
        answer = explain.sight(ben, "orders.Order", "cost")
        texts = [reason.text for reason in answer.reasons]
    assert answer.words == "No: Ben does not see “Cost of goods”. It leaves no trace for him."
    assert "The field is hidden without the right “See cost and margin”." in texts


def test_what_was_lent_is_named_with_who_lent_it(app, session, ada, ben):
    now = clock.now()
    span = {"from_at": now - dt.timedelta(hours=1), "until_at": now + dt.timedelta(hours=1)}
    session.add(Delegation(person_id=ben.id, lender_id=ada.id, verb="refund", resource="orders.Order", **span))
    session.commit()
    policy.forget()
    with app.test_request_context():
        answer = explain.right(ben, "refund", "orders.Order")
    assert answer.is_yes and any(reason.text.startswith("Ada has lent it until") for reason in answer.reasons)


def test_nobody_is_told_of_a_row_that_he_does_not_see_himself(app, session, ben, cleo):
    with app.test_request_context():
        assert explain.row(cleo, "setup.Channel", "Counter A", ben).is_yes is False
        with pytest.raises(NotFound):
            explain.row(cleo, "setup.Channel", "Counter B", ben)


def test_the_page_answers_what_its_address_asks(as_user, ben):
    client = as_user("ada")
    page = client.get(f"/accounts/explain/?person={ben.id}&of=orders.Order&what=field:cost").text
    assert "No: Ben does not see “Cost of goods”" in page
    assert "Yes: Ben sees “Counter A”" in client.get(f"/accounts/explain/?person={ben.id}&of=setup.Channel&what=verb:read&row=Counter+A").text
    who = client.get("/accounts/explain/?way=who&of=customers.Customer&verb=export").text
    assert "Ada" in who and ">Ben</a>" not in who
    assert "There is no field" in client.get(f"/accounts/explain/?person={ben.id}&of=orders.Order&what=field:ghost").text
    assert "There is no such row" in client.get(f"/accounts/explain/?person={ben.id}&of=setup.Channel&what=verb:read&row=Ghost").text


def test_the_page_explains_the_draft_to_whoever_may_write_it(as_user, ada, ben):
    rolebook.change_rights("support", lambda held: {"orders.Order": ["read", "refund"]}, actor=ada)
    address = f"/accounts/explain/?person={ben.id}&of=orders.Order&what=verb:refund"
    assert "No: Ben may not" in as_user("ada").get(address).text
    assert "Yes: Ben may" in as_user("ada").get(f"{address}&draft=1").text


def test_whoever_may_not_see_people_is_told_of_nobody(as_user, person, ben):
    person("tom", "reader", {"accounts.Role": "read"})
    page = as_user("tom").get(f"/accounts/explain/?person={ben.id}&of=orders.Order&what=verb:ship").text
    assert "You may not see people" in page and "Ben" not in page


def test_every_rule_of_the_code_says_in_words_what_it_lets_through(app):
    """In both languages; the toy library of the tests is no part of the product."""
    for declared in policy.REGISTRY.rows.values():
        for rule in (one for one in declared if one.__module__.startswith("app.")):
            for language, letters in (("en", r"[A-Z][a-z ,;'-]+\."), ("zh_Hans_CN", r"[\u4e00-\u9fff，；。]+")):
                with app.test_request_context(), force_locale(language):
                    assert re.fullmatch(letters, str(policy.REGISTRY.row_labels[rule])), f"{rule.__module__}.{rule.__name__}"
