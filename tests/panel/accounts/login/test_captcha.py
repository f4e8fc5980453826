"""A riddle after a few failures: offline, refreshed without losing the name, good once, and never a lock for others."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from flask import Flask, session

from app.panel.accounts.login import captcha, passwords
from app.panel.core import settings
from app.panel.core.actor import SYSTEM
from tests.panel.accounts.conftest import PASSWORD, Browser

LOOSE = {"account-network": "100 per minute", "account": "100 per minute"}
pytestmark = pytest.mark.usefixtures("without_tokens")


@pytest.fixture(autouse=True)
def after_three(house: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(house.config, "LOGIN_LIMITS", LOOSE)
    with house.app_context():
        settings.store({"accounts.captcha_after": 3}, actor=SYSTEM)
    yield
    with house.app_context():
        settings.store({"accounts.captcha_after": 0}, actor=SYSTEM)


def riddle_of(house: Flask, browser: Browser) -> str:
    """The digits of the picture that this browser sees, as whoever holds the key can know them."""
    with house.test_request_context(headers={"Cookie": f"zhanggui-guest={browser.client.get_cookie('zhanggui-guest').value}"}):
        return captcha._digits(session["captcha"])


def failed(house: Flask, name: str, times: int = 3) -> Browser:
    browser = Browser(house)
    for _ in range(times):
        assert browser.login(name, "not it at all").status_code == 401
    return browser


def test_after_three_failures_the_form_asks_and_keeps_the_name(house: Flask) -> None:
    browser = failed(house, "ada", 2)
    third = browser.login("ada", "not it at all")
    assert third.status_code == 401
    assert "data:image/png;base64," in third.text and 'value="ada"' in third.text
    without = browser.login("ada")
    assert without.status_code == 422 and not browser.logged_in()


@pytest.mark.parametrize("name", ["bob", "nobody-here"])
def test_known_and_unknown_names_are_asked_alike_and_before_a_hash(
    house: Flask, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    browser = failed(house, name)
    made: list[str] = []
    monkeypatch.setattr(passwords, "matches", lambda *_args: made.append("hash"))
    answer = browser.login(name, "not it at all", riddle="00000")
    assert answer.status_code == 422 and "digits of the new picture" in answer.text and made == []


def test_the_right_digits_and_the_right_password_open(house: Flask) -> None:
    browser = failed(house, "ada")
    token = browser.token()
    browser.post("/login/", {"csrf_token": token, "username": "ada", "another": "picture"})
    fields = {"username": "ada", "password": PASSWORD, "riddle": riddle_of(house, browser), "csrf_token": token}
    assert browser.client.post("/login/", data=fields).status_code == 302
    assert browser.logged_in()
    # a success clears what was counted
    assert "data:image/png" not in Browser(house).login("ada", "not it at all").text


def test_another_picture_leaves_the_name_and_the_old_digits_are_worthless(house: Flask) -> None:
    browser = failed(house, "ada")
    old = riddle_of(house, browser)
    page = browser.post("/login/", {"username": "ada", "another": "picture"})
    assert page.status_code == 200 and 'value="ada"' in page.text and "data:image/png" in page.text
    answer = browser.client.post(
        "/login/", data={"csrf_token": browser.token(), "username": "ada", "password": PASSWORD, "riddle": old}
    )
    assert answer.status_code == 422


def test_the_script_asks_for_another_one_and_for_words(house: Flask) -> None:
    browser = failed(house, "ada")
    fresh = browser.post("/login/riddle/", {"another": "picture"}, at="/login/").get_json()
    assert fresh["picture"].startswith("data:image/png;base64,") and fresh["words"] == ""
    spoken = browser.post("/login/riddle/", {"another": "words"}, at="/login/").get_json()
    assert spoken["picture"] == "" and len(spoken["words"].split()) == 5
    digits = {"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
    said = "".join(str(digits[word]) for word in spoken["words"].split())
    assert said == riddle_of(house, browser)


def test_a_riddle_is_answered_once_even_with_an_old_cookie(house: Flask) -> None:
    with house.test_request_context():
        captcha.new()
        asked, digits = session["captcha"], captcha._digits(session["captcha"])
        captcha.check(digits)
        assert "captcha" not in session
        session["captcha"] = asked
        with pytest.raises(captcha.Unsolved):
            captcha.check(digits)


def test_a_riddle_expires_and_a_made_up_one_is_none(house: Flask) -> None:
    with house.test_request_context():
        for asked in (f"{int(time.time()) - captcha.LASTS - 1}.old", "", "nonsense", None):
            session["captcha"] = asked
            with pytest.raises(captcha.Unsolved):
                captcha.check(captcha._digits(str(asked)))


def test_a_wrong_answer_spends_the_riddle(house: Flask) -> None:
    with house.test_request_context():
        captcha.new()
        digits = captcha._digits(session["captcha"])
        for typed in ("99999" if digits != "99999" else "88888", digits):
            with pytest.raises(captcha.Unsolved):
                captcha.check(typed)


def test_whoever_fails_under_another_s_name_does_not_make_the_owner_solve_riddles_at_home(house: Flask) -> None:
    owner = Browser(house)
    owner.client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    assert owner.login("cleo").status_code == 302
    owner.logout()
    for n in range(6):
        thief = Browser(house)
        thief.client.environ_base["REMOTE_ADDR"] = f"198.51.100.{n}"
        last = thief.login("cleo", "not it at all")
    assert "data:image/png" in last.text  # over all networks the name is asked for more
    assert owner.login("cleo").status_code == 302


def test_a_network_that_fails_under_many_names_is_asked_too(house: Flask) -> None:
    for n in range(15):
        browser = Browser(house)
        browser.client.environ_base["REMOTE_ADDR"] = "198.51.100.77"
        last = browser.login(f"guess{n}", "not it at all")
    assert "data:image/png" in last.text
    assert re.search(r'name="riddle"', browser.get("/login/").text)


def test_zero_asks_nobody(house: Flask) -> None:
    with house.app_context():
        settings.store({"accounts.captcha_after": 0}, actor=SYSTEM)
    assert "data:image/png" not in failed(house, "ada", 6).login("ada", "not it at all").text
