"""What gives anybody more waits for a second person, where the instance asks for that (SAFETY R17, G33)."""

from __future__ import annotations

import copy
import json
import re

import pytest

from app.panel.accounts import queries, services
from app.panel.accounts.configuration import document, exchange, publishing, store
from app.panel.accounts.configuration.widening import widens
from app.panel.accounts.models import Profile, Publication, User, WaitingChange
from app.panel.accounts.secondperson import switch, waiting
from app.panel.core import policy, settings, stepup, twopeople
from app.panel.core.actor import SYSTEM, KeyHolder
from app.panel.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from app.panel.core.history import HistoryEntry
from app.panel.core.notices import Notice
from tests.people import PASSWORD

ORDER, BASE = "orders.Order", "/accounts/configuration/"
REFUND = ("refund", ORDER)


@pytest.fixture
def eve(session):
    """A second administrator."""
    return services.create_user(
        actor=SYSTEM, username="eve", name="Eve", email="eve@example.org", roles=["administrator"], password=PASSWORD
    )


@pytest.fixture
def asked(session, eve):
    """The setting is on."""
    settings.store({waiting.SETTING: True}, actor=SYSTEM)
    yield
    store.forget()


@pytest.fixture
def proven(monkeypatch):
    """Whoever acts has just shown who he is."""
    monkeypatch.setattr(stepup, "_known", [lambda actor, second_step: True])


def more(configuration):
    rights = configuration["roles"]["viewer"]["rights"].setdefault(ORDER, ["read"])
    configuration["roles"]["viewer"]["rights"][ORDER] = sorted({*rights, "refund"})


def less(configuration):
    configuration["roles"]["support"]["rights"][ORDER].remove("ship")


def drafted(ada, change=more):
    return store.edit(change, actor=ada)


def waits(call):
    """Keep what a service refuses to do alone."""
    with pytest.raises(twopeople.AnotherPersonNeeded) as needed:
        call()
    return waiting.keep(needed.value)


def waiting_publication(ada, change=more):
    drafted(ada, change)
    return waits(lambda: publishing.publish(note="Viewers refund", actor=ada))


def may_refund():
    return "refund" in store.published()["roles"]["viewer"]["rights"].get(ORDER, ())


# what gives more


@pytest.fixture
def entry():
    tree = {"and": [["total", "gt", 100]]}
    found = document.empty()
    found["roles"]["support"] = {
        **document.new_role({ORDER: ["read", "write"]}), "two_step": True, "reveals_a_day": 10,
        "rows": {ORDER: [{"note": "big ones", "filter": tree}, {"note": "", "filter": {"and": [["id", "gt", 1]]}}]},
        "fields": {ORDER: {"total": "masked"}},
    }  # fmt: skip
    return found


def changed(base, change):
    after = copy.deepcopy(base)
    change(after["roles"]["support"])
    return after


@pytest.mark.parametrize(
    "change",
    [
        lambda role: role["rights"][ORDER].append("refund"),
        lambda role: role["rights"].update({"catalog.Product": ["read"]}),
        lambda role: role["rows"].clear(),
        lambda role: role["rows"][ORDER].append({"note": "", "filter": {"and": [["id", "gt", 5]]}}),
        lambda role: role["rows"][ORDER][0].update(filter={"and": [["total", "gt", 99]]}),
        lambda role: role["fields"][ORDER].update(total="read"),
        lambda role: role["fields"].clear(),
        lambda role: role.update(two_step=False),
        lambda role: role.update(reveals_a_day=11),
    ],
)
def test_more_rights_rows_fields_reveals_or_an_easier_log_in_give_more(app, entry, change):
    assert widens(entry, changed(entry, change)) and not widens(entry, entry)


@pytest.mark.parametrize(
    "change",
    [
        lambda role: role["rights"][ORDER].remove("write"),
        lambda role: role["rows"][ORDER].pop(),
        lambda role: role["rows"][ORDER][0].update(note="called otherwise"),
        lambda role: role["rows"].update({"catalog.Product": [{"note": "", "filter": {"and": []}}]}),
        lambda role: role["fields"][ORDER].update(total="hidden"),
        lambda role: role["fields"].update({"catalog.Product": {"name": "read"}}),
        lambda role: role.update(reveals_a_day=1, label={"en": "Helpers"}),
    ],
)
def test_less_of_anything_and_other_words_give_nobody_more(app, entry, change):
    assert not widens(entry, changed(entry, change))


def test_a_new_role_with_rights_gives_more_and_one_that_goes_does_not(app, entry):
    assert widens(document.empty(), entry) and not widens(entry, document.empty())


# publications


def test_without_the_setting_one_person_publishes_alone(session, ada):
    drafted(ada)
    publishing.publish(note="Viewers refund", actor=ada)
    assert may_refund()


def test_a_publication_that_gives_more_waits_and_one_that_takes_away_holds_at_once(session, asked, ada):
    row = waiting_publication(ada)
    assert not may_refund() and not store.draft().begun
    drafted(ada, less)
    publishing.publish(note="Nobody ships", actor=ada)
    assert "ship" not in store.published()["roles"]["support"]["rights"][ORDER]
    assert waiting.open_to(ada) == [row]


def test_what_waits_holds_once_another_has_confirmed_it_who_is_then_asked_whether_it_stays(
    session, asked, proven, ada, eve, clock
):
    clock.set("2026-11-20 10:00")
    row = waiting_publication(ada)
    clock.advance(hours=3)  # the minute begins when it holds, and not when it was asked for
    waiting.confirm(row.id, actor=eve)
    found = session.query(Publication).order_by(Publication.id.desc()).first()
    assert may_refund() and found.published_by_id == eve.id and found.asked_by == "Ada"
    with pytest.raises(Forbidden):
        publishing.confirm(found.id, actor=ada)
    clock.advance(seconds=61)
    store.forget()
    assert not may_refund(), "nobody has kept it"
    assert store.draft().begun


def test_a_confirmed_publication_stays_when_the_second_person_keeps_it(session, asked, proven, ada, eve, clock):
    clock.set("2026-11-20 10:00")
    waiting.confirm(waiting_publication(ada).id, actor=eve)
    publishing.confirm(store.holding()[0], actor=eve)
    clock.advance(minutes=5)
    store.forget()
    assert may_refund()


def test_nobody_confirms_what_he_asked_for_himself_not_even_by_his_key(session, asked, proven, ada):
    row = waiting_publication(ada)
    holder = KeyHolder(person=ada, name="mine", key_id=1, rights=frozenset({("publish", store.RESOURCE)}))
    for actor in (ada, holder, SYSTEM):
        with pytest.raises(Forbidden):
            waiting.confirm(row.id, actor=actor)
    assert not may_refund()


def test_only_who_could_do_it_himself_confirms_or_refuses(session, asked, proven, ada, ben):
    row = waiting_publication(ada)
    for call in (waiting.confirm, lambda key, actor: waiting.refuse(key, "no", actor=actor)):
        with pytest.raises(Forbidden):
            call(row.id, actor=ben)
    with pytest.raises(NotFound):
        waiting.get(row.id, ben)


def test_the_second_person_shows_once_more_who_he_is(session, asked, ada, eve):
    row = waiting_publication(ada)
    with pytest.raises(stepup.ProofNeeded):
        waiting.confirm(row.id, actor=eve)


def test_whoever_made_the_link_of_a_password_has_no_second_person_in_its_owner(session, asked, proven, ada, eve):
    services.use_link(services.make_link(eve, actor=ada), "another long password 12")
    row = waiting_publication(ada)
    with pytest.raises(Forbidden, match="link that Ada made"):
        waiting.confirm(row.id, actor=eve)
    services.use_link(services.make_link(eve, actor=SYSTEM), "a third long password 34")  # as by mail
    waiting.confirm(row.id, actor=eve)
    assert may_refund()


def test_what_was_changed_since_has_to_be_asked_for_again(session, asked, proven, ada, eve):
    row = waiting_publication(ada)
    drafted(ada, less)
    publishing.publish(note="Nobody ships", actor=ada, confirmed=True)
    with pytest.raises(Conflict):
        waiting.confirm(row.id, actor=eve)
    assert not may_refund()


def test_whoever_asked_and_left_no_longer_stands_behind_it(session, asked, proven, ada, eve):
    services.create_user(actor=SYSTEM, username="fay", name="Fay", email="f@example.org", roles=["administrator"], password=PASSWORD)
    row = waiting_publication(ada)
    services.set_active(ada, False, actor=eve)
    with pytest.raises(Conflict):
        waiting.confirm(row.id, actor=eve)


def test_what_is_refused_withdrawn_or_expired_is_the_draft_again_and_never_holds(session, asked, proven, ada, eve, clock):
    clock.set("2026-11-20 10:00")
    row = waiting_publication(ada)
    with pytest.raises(InvalidInput):
        waiting.refuse(row.id, " ", actor=eve)
    waiting.refuse(row.id, "not them", actor=eve)
    assert (row.state.value, row.why, row.decided_by_id) == ("refused", "not them", eve.id) and store.draft().begun
    second = waits(lambda: publishing.publish(note="again", actor=ada))
    with pytest.raises(Forbidden):
        waiting.withdraw(second.id, actor=eve)
    waiting.withdraw(second.id, actor=ada)
    third = waits(lambda: publishing.publish(note="again", actor=ada))
    clock.advance(days=7, seconds=1)
    for row in (second, third):
        with pytest.raises(Conflict):
            waiting.confirm(row.id, actor=eve)
    assert waiting.overdue() and waiting.expire() == 1 and third.state.value == "expired" and store.draft().begun
    assert not may_refund()


def test_two_changes_of_the_same_do_not_wait_at_once(session, asked, ada):
    waiting_publication(ada)
    drafted(ada)
    with pytest.raises(Conflict):
        waiting_publication(ada, lambda configuration: configuration["roles"]["viewer"].update(reveals_a_day=60))
    assert store.draft().begun


def test_going_back_to_a_publication_that_gave_more_waits_too(session, asked, ada):
    held = store.holding()[0]
    drafted(ada, less)
    publishing.publish(note="Nobody ships", actor=ada, confirmed=True)
    waits(lambda: publishing.restore(held, note="back", actor=ada))
    assert "ship" not in store.published()["roles"]["support"]["rights"][ORDER]


def test_the_trail_and_the_bells_name_both(session, asked, proven, ada, eve):
    row = waiting_publication(ada)
    waiting.confirm(row.id, actor=eve)
    lines = session.query(HistoryEntry).filter_by(table="accounts_waiting_change", key=row.id).order_by(HistoryEntry.id)
    assert [(line.verb, line.actor_id) for line in lines] == [("waiting.asked", ada.id), ("waiting.confirmed", eve.id)]
    assert "Asked for by Ada" in lines[1].changes["changes"][1][0]
    published = session.query(HistoryEntry).filter_by(verb="configuration.published").order_by(HistoryEntry.id.desc()).first()
    assert published.actor_id == eve.id and "Asked for by Ada" in json.dumps(published.changes)
    told = {(notice.user_id, str(notice.url)) for notice in session.query(Notice) if "waiting" in notice.url}
    assert told == {(eve.id, waiting.url_of(row)), (ada.id, waiting.url_of(row))}


# people


def test_a_role_that_is_given_waits_and_one_that_is_taken_holds_at_once(session, asked, proven, ada, eve, ben):
    def give():
        services.update_user(ben, actor=ada, name="Ben", email=ben.email, roles=["support", "finance"])

    row = waits(give)
    session.refresh(ben)
    assert services.keys_of(ben) == ["support"]
    waiting.confirm(row.id, actor=eve)
    assert services.keys_of(ben) == ["finance", "support"]
    services.update_user(ben, actor=ada, name="Ben", email=ben.email, roles=["support"])
    assert services.keys_of(ben) == ["support"]


def test_a_new_account_with_roles_and_one_that_comes_back_wait(session, asked, proven, ada, eve, ben):
    def invite():
        services.create_user(actor=ada, username="gus", name="Gus", email="gus@example.org", roles=["support"])

    row = waits(invite)
    assert queries.by_login("gus") is None
    waiting.confirm(row.id, actor=eve)
    assert services.keys_of(queries.by_login("gus")) == ["support"]
    services.set_active(ben, False, actor=ada)
    back = waits(lambda: services.set_active(ben, True, actor=ada))
    session.refresh(ben)
    assert not ben.active
    waiting.confirm(back.id, actor=eve)
    assert ben.active


def test_the_address_of_somebody_who_confirms_is_not_changed_by_one_alone(session, asked, ada, eve, ben):
    """His mail opens his account."""
    waits(lambda: services.update_user(eve, actor=ada, name="Eve", email="ada+eve@example.org", roles=["administrator"]))
    session.refresh(eve)
    assert eve.email == "eve@example.org"
    services.update_user(ben, actor=ada, name="Ben", email="ben2@example.org", roles=["support"])
    assert ben.email == "ben2@example.org"


def test_a_person_who_was_changed_meanwhile_is_asked_for_again(session, asked, proven, ada, eve, ben, clock):
    row = waits(lambda: services.update_user(ben, actor=ada, name="Ben", email=ben.email, roles=["support", "finance"]))
    session.refresh(ben)
    clock.advance(minutes=1)
    services.update_user(ben, actor=ada, name="Benjamin", email=ben.email, roles=["support"])
    with pytest.raises(Conflict):
        waiting.confirm(row.id, actor=eve)
    assert services.keys_of(ben) == ["support"]


# settings


def test_a_looser_setting_waits_and_a_stricter_one_holds_at_once(session, asked, proven, ada, eve):
    settings.change({"accounts.idle_minutes": 20, "accounts.password_min": 14, "orders.proof_above": 500}, actor=ada)
    row = waits(lambda: settings.change({"accounts.idle_minutes": 60, "orders.proof_above": 0}, actor=ada))
    assert settings.setting("accounts.idle_minutes") == 20 and settings.setting("orders.proof_above") == 500
    waiting.confirm(row.id, actor=eve)
    assert settings.setting("accounts.idle_minutes") == 60 and settings.setting("orders.proof_above") == 0


def test_nobody_ends_the_waiting_alone_but_the_owner_of_the_machine(session, asked, ada, eve):
    waits(lambda: settings.change({waiting.SETTING: False}, actor=ada))
    settings.forget()
    assert settings.setting(waiting.SETTING)
    switch.turn(False)
    assert not settings.setting(waiting.SETTING)
    heard = {notice.user_id for notice in session.query(Notice) if notice.kind == "accounts.security"}
    assert heard == {ada.id, eve.id}


def test_it_is_not_turned_on_for_one_administrator_alone(session, ada):
    with pytest.raises(InvalidInput, match="two active administrators"):
        settings.change({waiting.SETTING: True}, actor=ada)
    with pytest.raises(InvalidInput):
        switch.turn(True)
    assert not settings.setting(waiting.SETTING)


def test_whoever_is_left_alone_still_takes_rights_away_and_saves_other_settings(session, asked, ada, eve, as_user):
    services.set_active(eve, False, actor=ada)
    settings.change({waiting.SETTING: True, "accounts.idle_minutes": 15}, actor=ada)
    drafted(ada, less)
    publishing.publish(note="Nobody ships", actor=ada)
    assert "ship" not in store.published()["roles"]["support"]["rights"][ORDER]
    session.commit()
    assert "there is no other administrator" in as_user("ada").get(BASE).text


# by which path it comes


def test_on_screen_the_change_is_shown_and_confirmed_by_another(session, asked, ada, eve, as_user):
    version = drafted(ada).version
    session.commit()
    client = as_user("ada")
    answer = client.post(f"{BASE}publish", data={"note": "Viewers refund", "version": version})
    assert answer.status_code == 303
    url = answer.headers["Location"]
    mine = client.get(url).text
    assert "Withdraw" in mine and f'action="{url}confirm"' not in mine and "It can be confirmed by: Eve" in mine
    assert client.post(f"{url}confirm").status_code == 403
    assert as_user("ben").get(url).status_code == 404
    other = as_user("eve")
    page = other.get(url).text
    assert "may now “Refund”" in page and "Viewers refund" in page and f'action="{url}confirm"' in page
    assert url in other.get(BASE).text
    proving = other.post(f"{url}confirm").headers["Location"]
    assert proving.startswith("/account/security/prove/") and "One-time code" not in other.get(proving).text
    assert other.post(proving, data={"current": "not hers at all"}).status_code == 422
    other.post(proving, data={"current": PASSWORD})
    other.token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', other.get(url).text)[1]
    assert other.post(f"{url}confirm").status_code == 302
    store.forget()
    assert may_refund()
    assert "Keep these changes?" in other.get("/home/").text and "Keep these changes?" not in as_user("ada").get("/home/").text
    assert "Ada, confirmed by Eve" in other.get(BASE).text


def test_refusing_on_screen_needs_a_reason(session, asked, ada, eve, as_user):
    url = waiting.url_of(waiting_publication(ada))
    session.commit()
    client = as_user("eve")
    assert client.post(f"{url}refuse", data={"why": ""}).status_code == 422
    assert client.post(f"{url}refuse", data={"why": "not them"}).status_code == 302
    assert "not them" in client.get(url).text and session.query(WaitingChange).one().state.value == "refused"


def test_by_the_api_a_program_is_told_where_it_waits(session, asked, ada, as_user):
    from app.panel.accounts.models import Role

    finance = session.query(Role).filter_by(name="finance").one().id
    session.commit()
    body = {"username": "gus", "first_name": "Gus", "email": "gus@example.org", "roles": [finance]}
    answer = as_user("ada").post("/api/v1/accounts/user/", json=body)
    assert answer.status_code == 202 and answer.json["waits"] == f"/accounts/waiting/{answer.json['id']}/"
    assert queries.by_login("gus") is None


def test_from_the_command_line_a_file_waits_as_well(session, asked, app, tmp_path):
    wanted = copy.deepcopy(store.published())
    more(wanted)
    file = tmp_path / "configuration.yaml"
    file.write_text(exchange.to_yaml(document.normal(wanted)))
    session.commit()
    answer = app.test_cli_runner().invoke(args=["config", "import", str(file), "--publish", "--note", "Viewers refund"])
    assert answer.exit_code == 0 and "second person" in answer.output
    store.forget()
    assert not may_refund() and session.query(WaitingChange).one().path == "cli"


def test_an_uploaded_file_waits_as_every_draft_does(session, asked, ada):
    wanted = copy.deepcopy(store.published())
    more(wanted)
    exchange.take(exchange.from_yaml(exchange.to_yaml(document.normal(wanted))), actor=ada)
    waits(lambda: publishing.publish(note="a file", actor=ada))
    assert not may_refund()


def test_a_new_version_of_the_code_brings_its_rights_without_a_second_person(session, asked):
    from app.panel.accounts.configuration import delivery

    delivery.bring(set())
    assert not session.query(WaitingChange).count()


def test_the_owner_of_a_profile_is_the_one_who_set_his_password(session, ada, ben):
    services.use_link(services.make_link(ben, actor=ada), "another long password 12")
    assert session.get(Profile, ben.id).let_in_by_id == ada.id
    assert session.get(User, ben.id) is ben and policy.is_administrator(ada)
