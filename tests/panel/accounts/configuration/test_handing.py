"""Nobody hands out a role, nor takes over a person, that sees more rows or fields than he does himself."""

import copy

import pytest
from flask_appbuilder.security.sqla.models import PermissionView

from app.panel.accounts import queries, services
from app.panel.accounts.configuration import document, store
from app.panel.accounts.models import Publication, Role, User
from app.panel.core import clock, policy
from app.panel.core.actor import SYSTEM, KeyHolder
from app.panel.core.errors import Forbidden

ORDER, LINE = "orders.Order", "orders.OrderLine"
MINE, OTHERS = {"and": [["created_by_id", "eq", "me"]]}, {"and": [["state", "eq", "closed"]]}
READS = {ORDER: ["read"], LINE: ["read"]}


@pytest.fixture
def roles(session):
    """`roles(giver={…}, other={…})`: these roles exist, with rows and fields; each reads orders and their lines."""

    def put(**wanted):
        configuration = copy.deepcopy(store.published())
        known = {(p.permission.name, p.view_menu.name): p for p in session.query(PermissionView)}
        for name, said in wanted.items():
            rights = said.get("rights", READS)
            rights = {**rights, "accounts.User": ["read", "write"]} if name == "giver" else rights
            rows = {of: [{"note": "", "filter": tree} for tree in trees] for of, trees in said.get("rows", {}).items()}
            entry = {**document.new_role(rights), "rows": rows, "fields": said.get("fields", {})}
            configuration["roles"][name] = entry
            row = Role(name=name)
            row.permissions = [known[f"can_{verb}", of] for verb, of in document.pairs(entry)]
            session.add(row)
        configuration, now = document.normal(configuration), clock.now()
        session.add(Publication(document=configuration, digest=document.digest(configuration), published_at=now, confirmed_at=now))
        session.commit()
        store.forget()
        policy.forget()

    yield put
    store.forget()


def person(name, *names):
    return services.create_user(actor=SYSTEM, username=name, name=name, email=f"{name}@example.org", roles=names)


def invite(giver, role, name="newcomer"):
    return services.create_user(actor=giver, username=name, name=name, email=f"{name}@example.org", roles=[role])


LIMITED = {"rows": {ORDER: [MINE]}, "fields": {ORDER: {"total": "masked"}}}
WIDER = {
    "no rule of rows": {"fields": LIMITED["fields"]},
    "another rule": {**LIMITED, "rows": {ORDER: [OTHERS]}},
    "one rule more": {**LIMITED, "rows": {ORDER: [MINE, OTHERS]}},
    "a field that is only masked for him": {**LIMITED, "fields": {ORDER: {"total": "read"}}},
    "a field without a rule": {**LIMITED, "fields": {}},
    "lines without the rule of their orders": {"rights": {LINE: ["read"]}},
}
SAME = {
    "the same": LIMITED,
    "less of the field": {**LIMITED, "fields": {ORDER: {"total": "hidden", "paid": "read"}}},
    "lines by the rule of their orders": {"rights": {LINE: ["read"]}, "rows": {ORDER: [MINE]}},
}


@pytest.mark.parametrize("role", WIDER.values(), ids=WIDER)
def test_a_role_that_shows_more_is_not_handed_out(session, roles, role):
    roles(giver=LIMITED, other=role)
    giver, target = person("gil", "giver"), person("tom")
    with pytest.raises(Forbidden, match="it shows what you do not see"):
        invite(giver, "other")
    with pytest.raises(Forbidden):
        services.update_user(target, actor=giver, name="Tom", email=target.email, roles=["other"])
    holder = person("olaf", "other")
    for change in (services.make_link, services.end_sessions):
        with pytest.raises(Forbidden, match="sees what you do not see"):
            change(holder, actor=giver)
    assert "other" not in dict(queries.role_choices(giver)) and "giver" in dict(queries.role_choices(giver))
    assert session.query(User).filter_by(username="newcomer").count() == 0
    assert invite(SYSTEM, "other").roles[0].name == "other"


@pytest.mark.parametrize("role", SAME.values(), ids=SAME)
def test_a_role_that_shows_no_more_is_handed_out(roles, role):
    roles(giver=LIMITED, other=role)
    giver = person("gil", "giver")
    assert invite(giver, "other").roles[0].name == "other"


def test_whoever_is_not_limited_hands_out_with_any_rule_and_a_narrowed_key_none(roles):
    roles(giver={}, other=LIMITED)
    giver = person("gil", "giver")
    assert invite(giver, "other").roles[0].name == "other"
    rights = frozenset({("write", "accounts.User"), ("read", ORDER), ("read", LINE)})
    for bounds, may in (({}, True), ({"setup.Shop": frozenset({1})}, False)):
        holder = KeyHolder(giver, "key", 1, rights, bounds)
        given = invite(SYSTEM, "other", f"n{may}").roles
        assert queries.holds_all(holder, given) is may


def test_a_second_role_that_reads_nothing_of_it_does_not_lift_the_limit_of_the_first(roles):
    roles(giver=LIMITED, idle={"rights": {}}, other={"fields": LIMITED["fields"]})
    giver = person("gil", "giver", "idle")
    with pytest.raises(Forbidden):
        invite(giver, "other")
