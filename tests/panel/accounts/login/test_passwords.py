"""Which passwords are good enough, and how long what they opened stays open."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from flask import Flask
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.panel.accounts.login import passwords, sessions
from app.panel.accounts.models import LoginSession
from app.panel.core import clock, settings
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from tests.panel.accounts.conftest import Browser

START = dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)


def refused(password: str, *hints: str) -> bool:
    return bool(passwords.problem(password, list(hints)))


def test_no_password_of_the_common_list_is_taken_whatever_its_capitals(house: Flask) -> None:
    common = FREQUENCY_LISTS["passwords"]
    assert len(common) >= 30_000
    with house.test_request_context():
        settings.store({"accounts.password_min": 8}, actor=SYSTEM)  # the least that may be set
        try:
            assert [one for one in common if not refused(one)] == []
            assert [one for one in common[:300] if not refused(one.upper())] == []
        finally:
            settings.store({"accounts.password_min": 12}, actor=SYSTEM)


def test_the_common_list_is_asked_before_its_strength_is_guessed(house: Flask) -> None:
    with house.test_request_context():
        assert "tried first" in passwords.problem("1qaz2wsx3edc", [])


def test_a_sentence_may_hold_one_s_name(house: Flask) -> None:
    with house.test_request_context():
        assert not refused("margarete paints green bicycles", "Margarete Li")


@pytest.mark.parametrize("password", ["margarete.li2026", "Margarete2026!!", "zhanggui-zhanggui", "localhost2026zhanggui"])
def test_one_s_own_name_and_the_name_of_the_panel_are_no_secret(house: Flask, password: str) -> None:
    with house.test_request_context():
        assert refused(password, "margarete", "Margarete Li", "margarete.li@example.com")


def test_the_names_of_the_shops_are_no_secret(app: Flask, session: Any) -> None:
    from app.shop.setup.models import Business, Shop

    with app.test_request_context():
        assert not refused("quetzalblumenhaus7")
        business = session.query(Business).first()
        shop = session.query(Shop).first()
        session.query(Shop).filter_by(id=shop.id).update({"name": "Quetzalblumenhaus"})
        assert refused("quetzalblumenhaus7")
        assert business is None or refused(f"{business.name}2026")


def test_a_name_that_somebody_contributes_counts(house: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_names", [lambda: ["云雀服饰旗舰店杭州西湖"]])
    with house.test_request_context():
        assert refused("云雀服饰旗舰店杭州西湖1") and not refused("我的自行车喜欢在雨里唱歌跳舞")


def seen(house: Flask, cookie: str) -> dt.datetime:
    with house.app_context():
        found: dt.datetime = db.session.get(LoginSession, sessions.hashed(cookie)).seen_at
        return found


def test_an_open_stream_keeps_a_session_from_idling_but_not_from_its_end(house: Flask, browse: Any) -> None:
    clock.freeze(START)
    browser: Browser = browse("ada")
    for minutes in range(10, 12 * 60, 10):  # no page is asked for, only the stream looks after its session
        clock.freeze(START + dt.timedelta(minutes=minutes))
        assert sessions.user_for_cookie(house, browser.cookie) is not None
    assert browser.logged_in()
    clock.freeze(START + dt.timedelta(hours=12, minutes=1))
    assert sessions.user_for_cookie(house, browser.cookie) is None and not browser.logged_in()


def test_the_stream_writes_at_most_once_a_minute(house: Flask, browse: Any, count_queries: Any) -> None:
    clock.freeze(START)
    browser: Browser = browse("ada")
    clock.freeze(START + dt.timedelta(seconds=59))
    with count_queries() as statements:
        sessions.user_for_cookie(house, browser.cookie)
    assert not [one for one in statements if one.startswith("UPDATE")] and seen(house, browser.cookie) == START


def test_a_session_without_a_stream_idles_away(house: Flask, browse: Any) -> None:
    clock.freeze(START)
    browser: Browser = browse("ada")
    clock.freeze(START + dt.timedelta(minutes=31))
    assert sessions.user_for_cookie(house, browser.cookie) is None and not browser.logged_in()


def test_an_upload_that_takes_longer_than_the_idle_time_ends_logged_in(house: Flask, browse: Any) -> None:
    clock.freeze(START)
    browser: Browser = browse("ada")
    token = browser.token("/account/")
    clock.freeze(START + dt.timedelta(minutes=5))
    real = house.before_request_funcs[None]

    def slowly() -> None:
        clock.freeze(START + dt.timedelta(minutes=45))  # while the body arrives

    house.before_request_funcs[None] = [*real, slowly]
    try:
        browser.client.post("/prefs/", data={"csrf_token": token, "skin": "dark"})
    finally:
        house.before_request_funcs[None] = real
    assert seen(house, browser.cookie) == START + dt.timedelta(minutes=45)
    clock.freeze(START + dt.timedelta(minutes=60))
    assert browser.logged_in()
