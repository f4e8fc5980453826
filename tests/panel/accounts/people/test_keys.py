"""API keys: what they open, what they do not, and how they end (SAFETY F11, R16)."""

import re

import pytest

from app.panel.accounts import services
from app.panel.accounts.login import limits, totp, twostep
from app.panel.accounts.models import ApiKey, KeyKind, KeyState
from app.panel.accounts.people import guard, keys
from app.panel.core import clock as clocks
from app.panel.core import history, policy, stepup, trailsets
from app.panel.core.actor import SYSTEM, KeyHolder
from app.panel.core.errors import Forbidden, InvalidInput
from app.shop.setup.models import Channel, Shop
from tests.people import PASSWORD, make_key

READ_CHANNELS = [("read", "setup.Channel")]
CHANNELS = "/api/v1/setup/channel/"


@pytest.fixture
def key_of(session, monkeypatch):
    """`key_of(ada, rights)`: a new key and its text."""
    monkeypatch.setattr(limits, "hit", lambda *_args: None)

    def make(person, rights=READ_CHANNELS, name="Douyin bridge", **more):
        return make_key(actor=person, name=name, kind=more.pop("kind", KeyKind.PERSON), rights=rights, **more)

    return make


@pytest.fixture
def call(app, session):
    """`call(text, path)`: what a program without a cookie gets for this key."""

    def ask(text, path=CHANNELS, method="GET", **more):
        return app.test_client().open(path, method=method, headers={"Authorization": f"Bearer {text}"}, **more)

    return ask


def test_a_key_opens_what_it_was_made_for_and_nothing_else(call, key_of, ada):
    _key, text = key_of(ada)
    assert [row["name"] for row in call(text).json["result"]] == ["Counter A", "Counter B"]
    assert call(text, "/api/v1/setup/shop/").status_code == 403
    assert call(text, f"{CHANNELS}1", "DELETE").status_code == 403
    assert call(text, "/home/").status_code == 302, "no screen opens by a key"


def test_only_the_hash_of_a_key_is_kept(session, key_of, ada):
    key, text = key_of(ada)
    secret = text.split("_", 2)[2]
    assert re.fullmatch(r"zg_[0-9a-f]{10}_[\w-]{43}", text)
    assert key.secret_hash == keys.hashed(secret) and secret not in repr(vars(key))
    trail = trailsets.of(key)
    assert [entry.verb for entry in trail] == ["key.made"] and key.secret_hash not in repr(trail[0].changes)


def test_a_key_ends_with_the_account_of_its_owner(session, call, key_of, ben, as_role):
    as_role(ben, "operations")
    _key, text = key_of(ben)
    assert call(text).status_code == 200
    ben.active = False
    session.commit()
    assert call(text).status_code == 401


def test_a_key_is_narrowed_by_the_rights_that_its_owner_has_now(session, call, key_of, ben, as_role):
    as_role(ben, "operations")
    _key, text = key_of(ben, [("read", "setup.Channel"), ("write", "setup.Channel")])
    row = call(text).json["result"][0]
    change = {"method": "PUT", "json": {"name": "Till"}}
    as_role(ben, "support")
    answer = call(text, f"{CHANNELS}{row['id']}", **change)
    assert (answer.status_code, call(text).status_code) == (403, 200)


def test_nobody_gives_a_key_more_than_he_holds(session, key_of, ben, as_role):
    as_role(ben, "finance")
    for rights in ([("write", "setup.Shop")], [("make", "accounts.ApiKey")], [("read", "no.Such")]):
        with pytest.raises(Forbidden):
            key_of(ben, rights)
    with pytest.raises(Forbidden):
        key_of(ben, kind=KeyKind.MACHINE)
    as_role(ben, "support")
    with pytest.raises(Forbidden):
        key_of(ben)
    assert session.query(ApiKey).count() == 0


def test_a_key_sees_the_shops_and_channels_that_it_is_bound_to(session, call, key_of, ada, ben, as_role):
    first, second = session.query(Channel).order_by(Channel.id)
    _key, text = key_of(ada, bounds={"setup.Channel": [second.id]})
    assert [row["id"] for row in call(text).json["result"]] == [second.id]
    _key, text = key_of(ada, name="shop", rights=[("read", "setup.Shop")], bounds={"setup.Shop": [first.shop_id]})
    assert [row["id"] for row in call(text, "/api/v1/setup/shop/").json["result"]] == [first.shop_id]
    as_role(ben, "operations")
    with pytest.raises(Forbidden):
        key_of(ben, bounds={"setup.Channel": [second.id]})


def test_the_holder_of_an_administrators_key_is_no_administrator(session, key_of, ada):
    key, _text = key_of(ada)
    holder = KeyHolder(ada, key.name, key.id, frozenset(READ_CHANNELS))
    assert not policy.is_administrator(holder)
    assert policy.held(holder) == set(READ_CHANNELS)
    assert not policy.allowed(holder, "write", "setup.Channel")
    assert policy.row_condition(holder, Shop) is None, "the rows of his person"


def test_a_revoked_or_expired_key_is_as_wrong_as_none(session, call, key_of, ada, clock):
    key, text = key_of(ada, days=30)
    told = [call(wrong) for wrong in ("zg_0000000000_x", text[:-1], "nonsense", text + "x")]
    keys.revoke(key, actor=ada)
    told.append(call(text))
    _key, late = key_of(ada, name="late", days=30)
    clock.advance(days=31)
    told.append(call(late))
    assert {(answer.status_code, answer.data) for answer in told} == {(401, told[0].data)}
    assert told[0].json == {"message": "This key is not valid."}
    assert told[0].headers["WWW-Authenticate"] == "Bearer" and "Set-Cookie" not in told[0].headers


def test_who_guesses_keys_is_slowed_and_good_keys_still_pass(session, app, ada, call):
    _key, text = make_key(actor=ada, name="x", kind=KeyKind.PERSON, rights=READ_CHANNELS)

    def from_afar(given):
        headers = {"Authorization": f"Bearer {given}"}
        return app.test_client().get(CHANNELS, headers=headers, environ_base={"REMOTE_ADDR": "203.0.113.77"}).status_code

    told = [from_afar("zg_aaaaaaaaaa_b") for _number in range(21)]
    assert told == [401] * 20 + [429]
    assert from_afar(text) == 200


def test_it_is_kept_when_and_from_where_a_key_was_used(session, call, key_of, ada):
    key, text = key_of(ada)
    call(text)
    session.refresh(key)
    assert key.last_used_at is not None and key.last_used_from == "127.0.0.1"


def test_the_history_names_the_key(session, call, key_of, ada):
    _key, text = key_of(ada, [("read", "setup.Channel"), ("write", "setup.Channel")], kind=KeyKind.MACHINE)
    row = call(text).json["result"][0]
    changed = call(text, f"{CHANNELS}{row['id']}", "PUT", json={"name": "Till"})
    assert changed.status_code == 428 and "version" in changed.json["message"]
    headers = {"Authorization": f"Bearer {text}", "If-Match": str(row["version"])}
    from flask import current_app

    answer = current_app.test_client().put(f"{CHANNELS}{row['id']}", json={"name": "Till"}, headers=headers)
    assert answer.status_code == 200, "a key needs no CSRF token"
    entry = trailsets.of(session.get(Channel, row["id"]))[0]
    assert (entry.path, entry.actor_name, entry.actor_id) == ("key:Douyin bridge", "Douyin bridge", ada.id)


def test_the_history_shows_the_key_in_words(session, as_user, call, key_of, ada):
    channel = session.query(Channel).first()
    with history.by("key:Douyin bridge"):
        history.record(channel, "channel.looked_at", actor=ada)
    session.commit()
    assert "API key Douyin bridge" in as_user("ada").get(f"/setup/channel/show/{channel.id}").text


def test_a_key_goes_before_the_cookie_of_the_same_person_and_never_with_that_of_another(session, as_user, key_of, ada):
    _key, text = key_of(ada)
    headers = {"Authorization": f"Bearer {text}"}
    assert as_user("ada").get("/api/v1/setup/shop/", headers=headers).status_code == 403, "the key, which may less"
    assert as_user("ben").get(CHANNELS, headers=headers).status_code == 400
    assert as_user("ada").get(CHANNELS, headers={"Authorization": "Bearer zg_x_y"}).status_code == 400


def test_two_keys_of_one_name_or_none_at_all_are_refused(session, key_of, ada):
    key_of(ada)
    for wrong in ({"name": "Douyin bridge"}, {"name": " "}, {"rights": []}, {"days": 0}, {"days": 4000}):
        with pytest.raises(InvalidInput):
            key_of(ada, **{"name": "other", **wrong})


def test_a_person_makes_sees_and_revokes_his_keys(session, as_user, call, ada):
    client = as_user("ada")
    page = client.get("/account/keys/add")
    assert page.status_code == 200 and 'value="read setup.Channel"' in page.text
    form = {"name": "Sheet", "kind": "person", "days": "365", "purpose": "", "right": ["read setup.Channel"]}
    for wrong in ({}, {"current": "not hers at all"}):
        refused = client.post("/account/keys/add", data={**form, **wrong})
        assert refused.status_code == 422 and "zg_" not in refused.text and not session.query(ApiKey).count()
        session.commit()
    made = client.post("/account/keys/add", data={**form, "current": PASSWORD})
    assert "Current password" not in client.get("/account/keys/add").text, "it counts for ten minutes"
    text = re.search(r"zg_[0-9a-f]{10}_[\w-]{43}", made.text).group()
    assert (call(text).status_code, call(text, "/api/v1/setup/shop/").status_code) == (200, 403)
    page = client.get("/account/keys/").text
    assert text not in page and "<strong>Channels</strong>: Read" in page
    key = session.query(ApiKey).one()
    client.token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
    assert client.post("/account/keys/revoke", data={"id": key.id}).status_code == 302
    session.refresh(key)
    assert key.revoked_at is not None


def test_nobody_revokes_the_key_of_another_but_the_administrator(session, as_user, key_of, ada):
    key, _text = key_of(ada)
    assert as_user("ben").post("/account/keys/revoke", data={"id": key.id}).status_code == 404
    assert as_user("ben").post(f"/accounts/apikey/action/revoke/{key.id}").status_code == 403
    assert as_user("ada").post(f"/accounts/apikey/action/revoke/{key.id}", data={"_go": "1"}).status_code == 302
    session.refresh(key)
    assert key.revoked_at is not None


def test_no_page_and_no_api_gives_out_the_hash(session, as_user, key_of, ada):
    key, _text = key_of(ada)
    client = as_user("ada")
    for path in ("/accounts/apikey/list/", f"/accounts/apikey/show/{key.id}", "/api/v1/accounts/apikey/", "/account/keys/"):
        answer = client.get(path)
        assert answer.status_code == 200 and key.secret_hash not in answer.text


def test_a_password_of_ones_own_leaves_the_keys_in_force(session, call, key_of, ben, as_role):
    as_role(ben, "operations")
    _key, text = key_of(ben)
    services.change_password(ben, PASSWORD, "another long password 9 of ben")
    assert call(text).status_code == 200
    session.commit()
    assert session.info.get(guard.OWN_CHANGE) is None


@pytest.mark.parametrize("way", ["link", "command", "disabled", "behind the services"])
def test_a_reset_and_being_switched_off_end_personal_keys_for_good(session, call, key_of, ada, ben, as_role, way):
    as_role(ben, "operations")
    (key, text), (_own, of_ada) = key_of(ben), key_of(ada)
    _machine, of_machine = key_of(ada, kind=KeyKind.MACHINE, name="Till")
    keys_of_ben = session.query(ApiKey).filter_by(owner_id=ben.id)
    if way == "link":
        services.use_link(services.make_link(ben, actor=ada), "another long password 9 of ben")
    elif way == "command":
        services.set_password(ben, "another long password 9 of ben", actor=SYSTEM)
    else:
        services.set_active(ben, False, actor=ada) if way == "disabled" else setattr(ben, "active", False)
        session.commit()
        services.set_active(ben, True, actor=ada)
    session.commit()
    session.refresh(key)
    assert (call(text).status_code, key.state) == (401, KeyState.REVOKED)
    assert [entry.verb for entry in trailsets.of(key)].count("key.revoked") == 1
    assert keys_of_ben.filter(ApiKey.revoked_at.is_(None)).count() == 0
    assert call(of_ada).status_code == call(of_machine).status_code == 200


def test_a_machine_credential_rests_while_its_maker_is_switched_off(session, call, key_of, ada, ben, as_role):
    as_role(ben, "administrator")
    _key, text = key_of(ben, kind=KeyKind.MACHINE)
    services.set_active(ben, False, actor=ada)
    assert call(text).status_code == 401
    services.set_active(ben, True, actor=ada)
    assert call(text).status_code == 200


def test_the_service_makes_no_key_for_whoever_has_not_just_shown_who_he_is(session, ada):
    with pytest.raises(stepup.ProofNeeded):
        keys.make(actor=ada, name="x", kind=KeyKind.PERSON, rights=READ_CHANNELS)
    assert not session.query(ApiKey).count()


def test_whoever_has_a_second_step_makes_a_key_by_both_and_not_by_the_password_alone(session, as_user, ada, clock):
    clock.set("2026-11-20 10:00")
    twostep.begin(ada)
    secret = twostep.begun(ada.id)
    client = as_user("ada")
    with client.application.test_request_context():
        twostep.confirm(ada, PASSWORD, totp.code(secret, totp.step_at(clocks.now().timestamp())))
    client = as_user("ada")
    form = {"name": "Sheet", "kind": "person", "days": "365", "purpose": "", "right": ["read setup.Channel"], "current": PASSWORD}
    clock.advance(seconds=30)
    assert client.post("/account/keys/add", data=form).status_code == 422 and not session.query(ApiKey).count()
    session.commit()
    code = totp.code(secret, totp.step_at(clocks.now().timestamp()))
    assert "zg_" in client.post("/account/keys/add", data={**form, "code": code}).text
