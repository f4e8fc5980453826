"""The door: limits before hashing, one answer for all reasons, nothing written for strangers."""

from __future__ import annotations

import statistics
import threading
import time
from typing import Any

import pytest
from flask import Flask, template_rendered
from redis.exceptions import ConnectionError as ValkeyAway
from sqlalchemy import event, func, select

from app.panel.accounts import services
from app.panel.accounts.login import entering, limits, passwords
from app.panel.accounts.models import LoginEvent, LoginResult, Profile, User
from app.panel.core import settings
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from tests.panel.accounts.conftest import PASSWORD, Browser, panel_app


def events(house: Flask, name: str) -> list[str]:
    with house.app_context():
        query = select(LoginEvent.result).join(User, User.id == LoginEvent.user_id).where(User.username == name)
        return [result.value for result in db.session.scalars(query.order_by(LoginEvent.id))]


def test_the_name_or_the_e_mail_opens_whatever_its_capitals(house: Flask) -> None:
    for name in ("ada", "ADA", " ada@Example.com "):
        assert Browser(house).login(name).status_code == 302


def test_log_in_leads_back_to_where_one_came_from_but_never_outside(house: Flask) -> None:
    assert Browser(house).login("ada", next="/accounts/roles/").location == "/accounts/roles/"
    assert Browser(house).login("ada", next="https://evil.example/x").location == "/"


def test_a_page_asked_for_without_log_in_leads_to_the_log_in_page(house: Flask) -> None:
    answer = Browser(house).get("/accounts/user/list/")
    assert answer.status_code == 302 and answer.location.startswith("/login/?next=")


def test_wrong_unknown_and_disabled_get_the_same_answer(house: Flask, person: Any) -> None:
    key = person("off")
    with house.app_context():
        services.set_active(db.session.get(User, key), False, actor=SYSTEM)
    pages = []
    for name, password in (("ada", "not it at all"), ("nobody-here", "not it at all"), ("off", PASSWORD)):
        answer = Browser(house).login(name, password)
        assert answer.status_code == 401
        body = answer.data.decode()
        pages.append(body.partition("message-danger")[2].partition("</div>")[0])
    assert len(set(pages)) == 1 and "wrong" in pages[0]


def test_unknown_names_take_the_same_time_as_known_ones(house: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(house.config, "LOGIN_STEP_SECONDS", 0.2)
    monkeypatch.setitem(house.config, "LOGIN_LIMITS", dict.fromkeys(limits.RULES, "1000 per minute"))
    browser, spent = Browser(house), dict[str, list[float]](ada=[], stranger=[])
    fields = {"csrf_token": browser.token(), "password": "not it at all"}
    for _ in range(7):
        for name, times in spent.items():
            start = time.perf_counter()
            assert browser.client.post("/login/", data={**fields, "username": name}).status_code == 401
            times.append(time.perf_counter() - start)
    known, unknown = (statistics.median(times) for times in spent.values())
    assert abs(known - unknown) < 0.1


def test_a_refusal_is_evened_out_when_its_page_is_drawn(house: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page after the write for a known name costs more than one without: measured so before, known and unknown differed."""
    seen: list[str] = []
    monkeypatch.setattr(entering, "even_out", lambda started, missed: seen.append("evened"))
    browser = Browser(house)
    fields = {"csrf_token": browser.token(), "password": "not it at all"}
    with template_rendered.connected_to(lambda *_args, **_more: seen.append("drawn"), house):
        for name in ("ada", "stranger"):
            browser.client.post("/login/", data={**fields, "username": name})
    assert seen == ["drawn", "evened"] * 2


def test_before_its_answer_a_known_name_costs_what_an_unknown_one_costs(
    house: Flask, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statements, hashes and counters one by one, whatever the machine has to do besides (SAFETY F23, G24)."""
    key = person("resting")
    with house.app_context():
        services.set_active(db.session.get(User, key), False, actor=SYSTEM)
        engine = db.engine
    done: list[str] = []
    monkeypatch.setattr(entering, "even_out", lambda started, missed: None)
    for module, name in ((passwords, "matches"), (limits, "_call")):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *args, real=real, name=name: done.append(name) or real(*args))
    browser = Browser(house)
    token, costs = browser.token(), {}

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        done.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        browser.client.post("/login/", data={"csrf_token": token, "username": "first", "password": "not it at all"})
        for name, password in (("ada", "not it at all"), ("stranger", "not it at all"), ("resting", PASSWORD)):
            done.clear()
            fields = {"csrf_token": token, "username": name, "password": password}
            assert browser.client.post("/login/", data=fields).status_code == 401
            costs[name] = list(done)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert costs["ada"] == costs["stranger"] == costs["resting"]
    assert costs["ada"].count("matches") == 1 and costs["ada"].count("_call") > 3


def test_what_is_written_about_a_known_name_delays_its_answer_by_nothing(house: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(house.config, "LOGIN_STEP_SECONDS", 0.05)
    written, may_write = threading.Event(), threading.Event()

    def slow(*_what: Any) -> None:
        may_write.wait(60)
        written.set()

    monkeypatch.setattr(entering, "_write", slow)
    assert Browser(house).login("ada", "not it at all").status_code == 401
    assert not written.is_set(), "the answer did not wait for a disk that stands still"
    may_write.set()
    assert written.wait(60)


def test_a_stranger_causes_no_write(house: Flask) -> None:
    browser = Browser(house)
    token, writes = browser.token(), []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            writes.append(statement)

    with house.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        fields = {"csrf_token": token, "username": "stranger", "password": "whatever it is"}
        assert browser.client.post("/login/", data=fields).status_code == 401
        assert writes == []
        assert browser.client.post("/login/", data={**fields, "username": "ada"}).status_code == 401
        assert writes != [] and events(house, "ada")[-1] == "wrong"
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_bad_log_ins_are_limited_before_a_hash_is_made(house: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda *args: made.append("hash") or real(*args))
    browser = Browser(house)
    codes = [browser.login("ada", "not it at all").status_code for _ in range(9)]
    assert codes == [401] * 5 + [429] * 4
    assert len(made) == 5
    answer = browser.login("ada")
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
    assert b"Too many attempts" in answer.data


def test_a_stranger_cannot_lock_the_owner_out(house: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """From another network the owner gets in while somebody hammers at his name; from his own he waits five minutes."""
    monkeypatch.setitem(house.config, "LOGIN_LIMITS", {"account": "12 per hour"})
    owner = Browser(house)
    owner.client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    assert owner.login("ada").status_code == 302
    for n in range(20):
        thief = Browser(house)
        thief.client.environ_base["REMOTE_ADDR"] = f"198.51.100.{n}"
        last = thief.login("ada", "not it at all").status_code
    assert last == 429  # the flood from everywhere is stopped too
    again = Browser(house)
    again.client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    assert again.login("ada").status_code == 302


def test_nor_can_a_neighbour_on_the_same_network(house: Flask, browse: Any) -> None:
    owner = browse("ada")
    owner.post("/logout/", {}, at="/account/")
    for name in ["ada"] * 5 + [f"nobody{n}" for n in range(60)]:
        last = Browser(house).login(name, "not it at all").status_code
    assert last == 429 and Browser(house).login("ada").status_code == 429
    assert owner.login("ada").status_code == 302
    owner.post("/logout/", {}, at="/account/")
    assert [owner.login("ada", "not it at all").status_code for _time in range(6)] == [401] * 5 + [429]


def test_a_hundred_networks_make_no_more_than_twenty_hashes_under_one_name(
    house: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(passwords, "matches", lambda *_args: made.append("hash") or False)
    for n in range(100):
        here = {"REMOTE_ADDR": f"198.51.100.{n}"}
        with house.test_request_context("/login/", environ_base=here), pytest.raises(DomainError):
            entering.authenticate("cleo", f"guess {n}")
    assert 0 < len(made) <= 20


def test_an_address_made_up_in_a_header_does_not_change_who_is_counted(house: Flask) -> None:
    codes = []
    for n in range(8):
        browser = Browser(house, **{"X-Forwarded-For": f"198.51.100.{n}", "X-Real-IP": f"198.51.100.{n}"})
        codes.append(browser.login("ada", "not it at all").status_code)
    assert codes[5:] == [429] * 3


def test_a_success_clears_what_was_counted(house: Flask) -> None:
    browser = Browser(house)
    for _ in range(3):
        for _ in range(3):
            assert browser.login("bob", "not it at all").status_code == 401
        assert browser.login("bob").status_code == 302
        browser.logout()


def test_limits_hold_in_memory_while_valkey_is_away(house: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def __getattr__(self, name: str) -> Any:
            def fail(*_args: Any) -> Any:
                raise ValkeyAway("no such socket")

            return fail

    class Limiter:
        limiter = Away()

    monkeypatch.setattr(house.extensions["appbuilder"].sm, "limiter", Limiter())
    browser = Browser(house)
    codes = [browser.login("ada", "not it at all").status_code for _ in range(7)]
    assert codes == [401] * 5 + [429] * 2


def test_all_processes_count_together_in_valkey(valkey: str, new_database: Any, tmp_path: Any) -> None:
    url = new_database()
    apps = [panel_app(url, tmp_path, LIMITS_STORAGE=valkey) for _ in range(2)]
    with apps[0].app_context():
        services.create_user(
            actor=SYSTEM, username="ada", name="Ada", email="a@example.com", roles=[], password=PASSWORD
        )
    codes = [Browser(apps[n % 2]).login("ada", "not it at all").status_code for n in range(7)]
    assert codes == [401] * 5 + [429] * 2


def test_the_log_of_log_ins_tells_what_happened(house: Flask, person: Any) -> None:
    person("lea")
    browser = Browser(house)
    browser.login("lea", "not it at all")
    browser.login("lea")
    browser.logout()
    assert events(house, "lea") == ["wrong", "success", "logout"]
    assert Browser(house).login("lea").status_code == 302
    with house.app_context():
        lea = db.session.scalars(select(User).where(User.username == "lea")).one()
        assert lea.login_count == 2 and lea.last_login is not None and lea.fail_login_count == 0


def test_everybody_reads_his_own_log_ins_and_only_who_may_reads_all(house: Flask, browse: Any) -> None:
    bob, hr = browse("bob"), browse("hr")
    assert bob.get("/account/logins/").status_code == 200
    assert bob.get("/accounts/loginevent/list/").status_code == 403
    page = hr.get("/accounts/loginevent/list/")
    assert page.status_code == 200 and b"Bob" in page.data


def test_log_out_is_no_get(browse: Any) -> None:
    browser = browse("ada")
    assert browser.get("/logout/").status_code == 405
    assert browser.logged_in()


def test_hashes_are_argon2_and_a_cheaper_one_is_renewed_at_log_in(house: Flask, person: Any) -> None:
    key = person("olga")
    old = passwords._hasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)
    with house.app_context():
        db.session.execute(db.update(User).where(User.id == key).values(password=old))
        db.session.commit()
    first = Browser(house)
    assert first.login("olga").status_code == 302
    with house.app_context():
        stored = db.session.get(User, key).password
        assert stored.startswith("$argon2id$") and stored != old
        assert db.session.scalar(select(func.count()).where(LoginEvent.user_id == key)) == 1
    assert first.logged_in()  # the same password, so nothing ended


def test_a_hash_of_another_kind_opens_nothing(house: Flask, person: Any) -> None:
    key = person("md", password=None)
    assert Browser(house).login("md", "").status_code == 422
    for stored in (None, "", "plain", "scrypt:32768:8:1$abc$def"):
        with house.app_context():
            db.session.execute(db.update(User).where(User.id == key).values(password=stored))
            db.session.commit()
        assert Browser(house).login("md", stored or "x").status_code in (401, 429)


@pytest.mark.parametrize(
    "bad",
    ["", "short", "eleven char", "password1234", "qwertyuiop12", "aaaaaaaaaaaaaaaa", "tilda.tilda.tilda", "a" * 300],
)
def test_weak_passwords_are_refused_with_a_sentence(house: Flask, bad: str) -> None:
    with house.test_request_context(), pytest.raises(InvalidInput) as refused:
        services.create_user(
            actor=SYSTEM, username="tilda", name="Tilda", email="tilda@example.com", roles=[], password=bad
        )
    assert "password" in refused.value.errors


def test_a_long_sentence_needs_no_digits_and_no_signs(house: Flask) -> None:
    with house.test_request_context():
        passwords.check("my bicycle eats green clouds")
        passwords.check("我的自行车喜欢在雨里唱歌跳舞")


def test_one_s_own_password_needs_the_present_one(house: Flask, browse: Any, person: Any) -> None:
    person("eva")
    browser = browse("eva")
    new = "nine white elephants dance"
    wrong = browser.post("/account/password/", {"current": "something else", "password": new, "again": new})
    assert wrong.status_code == 422 and Browser(house).login("eva").status_code == 302
    differ = browser.post("/account/password/", {"current": PASSWORD, "password": new, "again": new + "x"})
    assert differ.status_code == 422
    assert browser.post("/account/password/", {"current": PASSWORD, "password": new, "again": new}).status_code == 302
    assert Browser(house).login("eva", new).status_code == 302
    assert Browser(house).login("eva").status_code == 401


def test_a_password_from_the_command_line_must_be_changed_first(house: Flask, person: Any) -> None:
    key = person("fay")
    with house.app_context():
        house.extensions["appbuilder"].sm.reset_password(key, "seven brown foxes sleep")
        assert db.session.get(Profile, key).must_change
    browser = Browser(house)
    assert browser.login("fay", "seven brown foxes sleep").status_code == 302
    assert browser.get("/account/").location == "/account/password/"
    new = {"current": "seven brown foxes sleep", "password": "nine white elephants", "again": "nine white elephants"}
    assert browser.post("/account/password/", new).status_code == 302
    assert browser.logged_in()


def test_the_package_s_own_doors_are_closed(house: Flask) -> None:
    rules = {str(rule) for rule in house.url_map.iter_rules()}
    for path in ("/api/v1/security/login", "/api/v1/security/refresh", "/users/list/", "/roles/list/", "/resetpassword/form",
                 "/resetmypassword/form", "/userinfoeditview/form", "/register/form", "/userstatschartview/chart/"):  # fmt: skip
        assert path not in rules
    for rule in house.url_map.iter_rules():
        assert "registeruser" not in str(rule) and "userdbmodelview" not in str(rule)


def test_a_token_signed_with_the_key_is_no_log_in(house: Flask) -> None:
    import flask_jwt_extended

    with house.app_context():
        ada = db.session.scalar(select(User.id).where(User.username == "ada"))
        token = flask_jwt_extended.create_access_token(identity=str(ada), fresh=True)
    answer = house.test_client().get("/api/v1/accounts/user/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (401, 403, 422)


def test_results_of_a_log_in_have_words(house: Flask) -> None:
    assert {member.value for member in LoginResult} == {"success", "wrong", "disabled", "link", "held", "code", "logout"}


def test_an_administrator_may_ask_for_longer_passwords(house: Flask) -> None:
    with house.test_request_context():
        passwords.check("nine white owls")
        settings.change({"accounts.password_min": "20"}, actor=SYSTEM)
        try:
            with pytest.raises(InvalidInput):
                passwords.check("nine white owls")
            with pytest.raises(InvalidInput):
                settings.change({"accounts.password_min": "4"}, actor=SYSTEM)
        finally:
            settings.change({"accounts.password_min": "12"}, actor=SYSTEM)
