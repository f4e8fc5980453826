"""The second step of a log-in: no session before it, each code once, and a way back when the phone is lost."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.panel.accounts.configuration import store
from app.panel.accounts.login import limits, sealed, secondstep, sessions, totp, twostep
from app.panel.accounts.models import LoginEvent, PendingLogin, RecoveryCode, TwoStep, User
from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.notices import Notice
from app.panel.notices.models import NoticeDelivery
from tests.panel.accounts.conftest import PASSWORD, Browser

START = dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)
OTHER = "a brand new winter coat 42"
pytestmark = pytest.mark.usefixtures("without_tokens")


@pytest.fixture(autouse=True)
def standing_clock() -> None:
    clock.freeze(START)


def later(**span: float) -> None:
    clock.freeze(clock.now() + dt.timedelta(**span))


def code_of(house: Flask, user_id: int) -> str:
    """What the app of this person shows now."""
    with house.app_context():
        secret = sealed.unseal(db.session.get(TwoStep, user_id).secret, twostep.PURPOSE)
        return totp.code(secret, totp.step_at(clock.now().timestamp()))


def enrolled(house: Flask, browser: Browser, user_id: int) -> list[str]:
    """Turn it on as a person does; the recovery codes, from the page."""
    assert browser.post("/account/security/app/begin/", at="/account/security/").status_code == 302
    answer = browser.post("/account/security/app/", {"current": PASSWORD, "code": code_of(house, user_id)})
    assert answer.status_code == 200
    later(seconds=30)
    return re.findall(r"\b[a-z2-9]{5}-[a-z2-9]{5}\b", answer.text.partition("code-sheet")[2].partition("</ul")[0])


@pytest.fixture
def tom(house: Flask, person: Any, request: pytest.FixtureRequest) -> Any:
    """Somebody with a second step: (number, a way to a browser in which he is logged in, his recovery codes, his name)."""
    name = f"tom{abs(hash(request.node.name)) % 10**9}"
    key = person(name)
    with house.test_request_context():
        user = db.session.get(User, key)
        twostep.begin(user)
        codes = twostep.confirm(user, PASSWORD, code_of(house, key))
    later(seconds=30)

    def inside() -> Browser:
        browser = Browser(house)
        browser.login(name)
        assert browser.post("/login/code/", {"code": code_of(house, key)}).status_code == 302
        later(seconds=30)
        return browser

    return key, inside, codes, name


def test_the_codes_are_those_of_the_standard() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B, the last six of its eight digits
    for seconds, shown in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert totp.code(secret, totp.step_at(seconds)) == shown


def test_a_password_alone_opens_no_session(house: Flask, tom: Any) -> None:
    key, _browser, _codes, name = tom
    thief = Browser(house)
    answer = thief.login(name)
    assert answer.status_code == 302 and answer.location == "/login/code/"
    assert not thief.logged_in() and not thief.cookie
    assert thief.get("/api/v1/accounts/user/").status_code == 401
    wrong = thief.post("/login/code/", {"code": "000000"})
    assert wrong.status_code == 401 and not thief.logged_in()
    right = thief.post("/login/code/", {"code": code_of(house, key)})
    assert right.status_code == 302 and thief.logged_in()


def test_where_one_wanted_to_go_is_not_forgotten_between_the_steps(house: Flask, tom: Any) -> None:
    key, _browser, _codes, name = tom
    browser = Browser(house)
    answer = browser.login(name, next="/account/logins/")
    assert answer.location == "/login/code/?next=/account/logins/"
    done = browser.post("/login/code/", {"code": code_of(house, key), "next": "/account/logins/"})
    assert done.location == "/account/logins/"


def test_a_code_that_was_taken_is_not_taken_again(house: Flask, tom: Any) -> None:
    key, _browser, _codes, name = tom
    code = code_of(house, key)
    first, second = Browser(house), Browser(house)
    assert first.login(name).status_code == second.login(name).status_code == 302
    assert first.post("/login/code/", {"code": code}).status_code == 302
    assert second.post("/login/code/", {"code": code}).status_code == 401
    later(seconds=30)
    assert second.post("/login/code/", {"code": code_of(house, key)}).status_code == 302


def test_a_code_of_the_step_before_is_good_and_an_older_one_is_not(house: Flask, tom: Any) -> None:
    key, *_rest = tom
    later(minutes=5)
    old = code_of(house, key)
    later(seconds=90)
    with house.test_request_context():
        assert not twostep.passes(key, old)
    recent = code_of(house, key)
    later(seconds=30)
    with house.test_request_context():
        assert twostep.passes(key, recent)


def test_a_recovery_code_opens_once_and_its_owner_hears_of_it(house: Flask, tom: Any) -> None:
    key, _browser, codes, name = tom
    assert len(set(codes)) == 10
    browser = Browser(house)
    browser.login(name)
    assert browser.post("/login/code/", {"code": codes[3].upper().replace("-", " ")}).status_code == 302
    again = Browser(house)
    again.login(name)
    assert again.post("/login/code/", {"code": codes[3]}).status_code == 401
    with house.app_context():
        assert twostep.codes_left(key) == 9
        titles = list(db.session.scalars(select(Notice.title).where(Notice.user_id == key)))
        assert "A recovery code was used to log in" in titles


def test_neither_table_tells_a_secret(house: Flask, tom: Any) -> None:
    key, _browser, codes, _name = tom
    with house.app_context():
        kept = db.session.get(TwoStep, key).secret
        secret = sealed.unseal(kept, twostep.PURPOSE)
        assert secret not in kept
        digests = set(db.session.scalars(select(RecoveryCode.digest).where(RecoveryCode.user_id == key)))
        assert not digests & {sessions.hashed(code.replace("-", "")) for code in codes}
        with pytest.raises(sealed.Unreadable):
            sealed.unseal(kept, "another purpose")


def test_another_secret_key_opens_nothing_and_breaks_nothing(
    house: Flask, tom: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _browser, codes, _name = tom
    code = code_of(house, key)
    monkeypatch.setitem(house.config, "SECRET_KEY", "x" * 40)
    with house.test_request_context():
        assert not twostep.passes(key, code) and not twostep.passes(key, codes[0])


def test_after_a_few_wrong_codes_the_password_is_asked_again(house: Flask, tom: Any) -> None:
    key, _browser, _codes, name = tom
    browser = Browser(house)
    browser.login(name)
    statuses = [browser.post("/login/code/", {"code": f"00000{n}"}).status_code for n in range(6)]
    assert statuses == [401] * 5 + [302]
    assert browser.post("/login/code/", {"code": code_of(house, key)}, at="/login/").location == "/login/"
    assert not browser.logged_in()


def test_guesses_are_limited_over_all_log_ins(house: Flask, tom: Any) -> None:
    key, *_rest = tom
    with house.test_request_context():
        for _ in range(9):  # his own code at enrolment was the tenth
            assert not twostep.passes(key, "000000")
        with pytest.raises(limits.TooMany):
            twostep.passes(key, code_of(house, key))


def test_what_waits_is_worthless_after_ten_minutes_or_a_new_password(house: Flask, tom: Any) -> None:
    key, _browser, _codes, name = tom
    slow, overtaken = Browser(house), Browser(house)
    slow.login(name)
    later(minutes=10, seconds=1)
    assert slow.get("/login/code/").location == "/login/"
    overtaken.login(name)
    with house.app_context():
        db.session.get(User, key).password = "$argon2id$whatever"
        db.session.commit()
    assert overtaken.get("/login/code/").location == "/login/"


def test_a_pending_log_in_is_used_once(house: Flask, tom: Any) -> None:
    key, _browser, _codes, name = tom
    browser = Browser(house)
    browser.login(name)
    guest = browser.client.get_cookie("zhanggui-guest").value
    assert browser.post("/login/code/", {"code": code_of(house, key)}).status_code == 302
    later(seconds=30)
    thief = Browser(house)
    thief.client.set_cookie("zhanggui-guest", guest)
    assert thief.get("/login/code/").location == "/login/"
    with house.app_context():
        assert list(db.session.scalars(select(PendingLogin.key).where(PendingLogin.user_id == key))) != [guest]


def test_tries_at_one_instant_are_no_more_tries(house: Flask, tom: Any) -> None:
    """All of them have read that one is left before the first of them is counted."""
    key, _browser, _codes, name = tom
    Browser(house).login(name)
    with house.test_request_context():
        row = db.session.scalars(select(PendingLogin).where(PendingLogin.user_id == key)).one()
        found = secondstep.Waiting(row, db.session.get(User, key))
        assert not any(secondstep._fits(found, "000000", "") for _ in range(secondstep.MOST_TRIES))
        assert not secondstep._fits(found, code_of(house, key), "")


def test_the_log_tells_of_both_steps(house: Flask, tom: Any) -> None:
    key, _browser, _codes, name = tom
    browser = Browser(house)
    browser.login(name)
    browser.post("/login/code/", {"code": "000000"})
    browser.post("/login/code/", {"code": code_of(house, key)})
    with house.app_context():
        query = select(LoginEvent.result).where(LoginEvent.user_id == key).order_by(LoginEvent.id)
        assert [result.value for result in db.session.scalars(query)][-3:] == ["held", "code", "success"]


def test_a_trusted_browser_needs_no_code_for_thirty_days_and_only_for_its_person(house: Flask, tom: Any) -> None:
    key, _browser, _codes, name = tom
    browser = Browser(house)
    browser.login(name)
    browser.post("/login/code/", {"code": code_of(house, key), "trust": "y"})
    browser.logout()
    assert browser.login(name).location == "/"
    stolen = browser.client.get_cookie("zhanggui-device").value
    assert "HttpOnly" in str(browser.client.get_cookie("zhanggui-device")) or stolen
    browser.logout()
    later(days=30, minutes=1)
    assert browser.login(name).location == "/login/code/"


def test_trust_ends_with_a_new_password_and_when_the_browser_is_removed(house: Flask, tom: Any) -> None:
    key, inside, _codes, name = tom
    here, browser = inside(), Browser(house)
    browser.login(name)
    browser.post("/login/code/", {"code": code_of(house, key), "trust": "y"})
    browser.logout()
    page = here.get("/account/sessions/").text
    number = re.findall(r'action="/account/devices/remove/">.*?name="id" value="(\d+)"', page)[-1]
    assert "No code until" in page
    assert here.post("/account/devices/remove/", {"id": number}, at="/account/sessions/").status_code == 302
    assert browser.login(name).location == "/login/code/"
    later(seconds=30)
    browser.post("/login/code/", {"code": code_of(house, key), "trust": "y"})
    change = {"current": PASSWORD, "password": OTHER, "again": OTHER}
    assert here.post("/account/password/", change).status_code == 302
    assert browser.login(name, OTHER).location == "/login/code/"


def test_a_planted_device_cookie_is_not_taken_over(house: Flask, tom: Any) -> None:
    key, _browser, _codes, name = tom
    browser, planted = Browser(house), f"{key}.{'A' * 32}"
    browser.client.set_cookie("zhanggui-device", planted)
    browser.login(name)
    browser.post("/login/code/", {"code": code_of(house, key), "trust": "y"})
    assert browser.client.get_cookie("zhanggui-device").value != planted
    thief = Browser(house)
    thief.client.set_cookie("zhanggui-device", planted)
    assert thief.login(name).location == "/login/code/"


def test_turning_it_on_needs_the_password_and_ends_the_other_sessions(house: Flask, browse: Any, person: Any) -> None:
    key = person("una")
    here, there = browse("una"), browse("una")
    here.post("/account/security/app/begin/", at="/account/security/")
    page = here.get("/account/security/app/").text
    assert "data:image/svg+xml" in page
    fields = {"current": "not it at all", "code": code_of(house, key)}
    assert here.post("/account/security/app/", fields).status_code == 422
    assert here.post("/account/security/app/", {"current": PASSWORD, "code": "123"}).status_code == 422
    with house.app_context():
        assert not twostep.is_on(key)
    assert len(enrolled(house, here, key)) == 10
    assert here.logged_in() and not there.logged_in()
    assert here.post("/account/security/app/begin/", at="/account/security/").status_code == 409


def test_turning_it_off_needs_the_password_and_a_code(house: Flask, tom: Any) -> None:
    key, inside, codes, name = tom
    browser = inside()
    assert browser.post("/account/security/off/", {"current": PASSWORD, "code": "000000"}).status_code == 422
    assert browser.post("/account/security/off/", {"current": "no", "code": codes[0]}).status_code == 422
    assert browser.post("/account/security/off/", {"current": PASSWORD, "code": codes[0]}).status_code == 302
    assert browser.logged_in() and Browser(house).login(name).location == "/"
    with house.app_context():
        assert db.session.get(TwoStep, key) is None and twostep.codes_left(key) == 0


def test_new_recovery_codes_put_the_old_ones_out_of_force(house: Flask, tom: Any) -> None:
    key, inside, codes, _name = tom
    browser = inside()
    answer = browser.post("/account/security/codes/", {"current": PASSWORD, "code": code_of(house, key)})
    assert answer.status_code == 200 and codes[1] not in answer.text
    with house.test_request_context():
        assert not twostep.passes(key, codes[1]) and twostep.codes_left(key) == 10


def test_an_administrator_resets_it_and_the_person_is_told_and_logged_out(
    house: Flask, browse: Any, tom: Any
) -> None:
    key, inside, _codes, name = tom
    browser, ada, hr = inside(), browse("ada"), browse("hr")
    assert browse("bob").post(f"/accounts/user/action/reset_two_step/{key}", at="/account/").status_code in (403, 404)
    assert hr.post(f"/accounts/user/action/reset_two_step/{key}", {"_go": "1"}, at="/account/").status_code == 302
    assert not browser.logged_in() and Browser(house).login(name).location == "/"
    with house.app_context():
        titles = list(db.session.scalars(select(Notice.title).where(Notice.user_id == key)))
        assert any(title.startswith("Your second step of the log-in was reset by") for title in titles)
        by_mail = select(NoticeDelivery.id).where(NoticeDelivery.user_id == key, NoticeDelivery.carrier == "mail")
        assert len(list(db.session.scalars(by_mail))) == len(titles)
    assert ada.logged_in()


def test_an_administrator_sees_who_has_one_and_who_should(
    house: Flask, browse: Any, tom: Any, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, inside, *_rest = tom
    inside()
    other = person("una4", "clerk")
    required(monkeypatch, "clerk")
    ada = browse("ada")
    shown = ada.get(f"/accounts/user/show/{key}").text
    assert "Recovery codes left: 10. Passkeys: 0." in shown and "127.0.0.1 (the server itself)" in shown
    assert "Required, not set up yet" in ada.get(f"/accounts/user/show/{other}").text


def test_the_command_line_resets_it(house: Flask, tom: Any) -> None:
    key, inside, _codes, name = tom
    browser = inside()
    result = house.test_cli_runner().invoke(args=["accounts", "reset-two-step", name])
    assert result.exit_code == 0 and not browser.logged_in()
    with house.app_context():
        assert not twostep.is_on(key)


def required(monkeypatch: pytest.MonkeyPatch, *roles: str) -> None:
    published = store.published

    def with_two_step() -> Any:
        found = published()
        return {**found, "roles": {**found["roles"], **{role: {"two_step": True} for role in roles}}}

    monkeypatch.setattr(store, "published", with_two_step)


def test_whose_role_asks_for_it_enrols_before_he_does_anything_else(
    house: Flask, browse: Any, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = person("rita", "clerk")
    rita, bob = browse("rita"), browse("bob")
    assert sessions.user_for_cookie(house, rita.cookie) == key
    required(monkeypatch, "clerk")
    assert rita.get("/accounts/roles/").location == rita.get("/").location == "/account/security/"
    assert rita.get("/api/v1/accounts/role/").status_code == 403
    assert sessions.user_for_cookie(house, rita.cookie) is None  # no stream either
    assert rita.get("/account/security/").status_code == 200 and bob.logged_in()
    enrolled(house, rita, key)
    assert rita.logged_in() and rita.get("/accounts/roles/").status_code == 200


def test_a_role_that_comes_through_a_group_asks_for_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    required(monkeypatch, "clerk")
    clerks = SimpleNamespace(roles=[SimpleNamespace(name="clerk")])
    assert twostep.needs_two_step(SimpleNamespace(roles=[], groups=[clerks]))
    assert not twostep.needs_two_step(SimpleNamespace(roles=[SimpleNamespace(name="viewer")], groups=[]))


def test_a_one_time_link_is_no_second_step(house: Flask, tom: Any) -> None:
    key, _browser, _codes, name = tom
    result = house.test_cli_runner().invoke(args=["accounts", "reset-link", name])
    path = "/" + result.output.strip().split("/", 3)[3]
    browser = Browser(house)
    answer = browser.post(path, {"password": OTHER, "again": OTHER})
    assert answer.location == "/login/code/" and not browser.logged_in()
    assert browser.post("/login/code/", {"code": code_of(house, key)}).status_code == 302 and browser.logged_in()


def test_a_code_is_worthless_once_a_later_step_was_taken(house: Flask, tom: Any) -> None:
    key, *_rest = tom
    code = code_of(house, key)
    with house.test_request_context():
        row = db.session.get(TwoStep, key)
        db.session.execute(update(TwoStep).where(TwoStep.user_id == key).values(last_step=row.last_step + 10))
        db.session.commit()
        with pytest.raises(InvalidInput):
            twostep.renew_codes(db.session.get(User, key), PASSWORD, code)
