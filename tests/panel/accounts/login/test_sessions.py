"""Sessions are rows: the server can end them, and the cookie is only a key."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import func, select

from app.panel.accounts import services
from app.panel.accounts.login import sessions
from app.panel.accounts.models import LoginSession, User
from app.panel.core import clock
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from tests.panel.accounts.conftest import PASSWORD, Browser

NEW = "a brand new winter coat 42"


def count(house: Flask) -> int:
    with house.app_context():
        return int(db.session.scalar(select(func.count()).select_from(LoginSession)) or 0)


def test_the_id_changes_at_log_in_and_the_cookie_is_small(browse: Any) -> None:
    browser = browse()
    browser.get("/login/")
    before = browser.cookie
    answer = browser.login("ada")
    assert browser.cookie != before and len(browser.cookie) >= 43
    line = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("zhanggui="))
    assert "HttpOnly" in line and "SameSite=Lax" in line and "Path=/" in line and len(line) <= 300


def test_a_planted_session_id_is_not_taken_over(house: Flask) -> None:
    browser = Browser(house)
    browser.client.set_cookie("zhanggui", "A" * 43)
    browser.login("ada")
    assert browser.cookie != "A" * 43
    assert browser.replay("A" * 43) == 302


def test_a_copied_cookie_is_worthless_after_log_out(browse: Any) -> None:
    browser = browse("ada")
    stolen = browser.cookie
    assert browser.replay(stolen) == 200
    assert browser.logout().status_code == 302
    assert browser.replay(stolen) == 302


def test_the_same_replay_works_with_the_package_s_own_sessions(house: Flask) -> None:
    """The trap: with Flask's signed cookie this very test would find the thief inside."""
    own = house.session_interface
    house.session_interface = SecureCookieSessionInterface()
    try:
        browser = Browser(house)
        browser.login("ada")
        stolen = browser.cookie
        browser.logout()
        assert browser.replay(stolen) == 200
    finally:
        house.session_interface = own


def test_a_new_password_ends_all_other_sessions_and_keeps_this_one(browse: Any, person: Any) -> None:
    person("pia")
    here, there = browse("pia"), browse("pia")
    old = here.cookie
    answer = here.post("/account/password/", {"current": PASSWORD, "password": NEW, "again": NEW})
    assert answer.status_code == 302
    assert here.logged_in() and here.cookie != old
    assert not there.logged_in()
    assert here.replay(old) == 302


def test_disabling_an_account_ends_its_sessions_at_once(browse: Any, person: Any, house: Flask) -> None:
    key = person("dan")
    browser = browse("dan")
    with house.app_context():
        services.set_active(db.session.get(User, key), False, actor=SYSTEM)
    assert not browser.logged_in()
    assert browser.login("dan").status_code == 401


def test_a_change_of_roles_ends_the_sessions_of_that_person(browse: Any, person: Any, house: Flask) -> None:
    key = person("rolf")
    browser = browse("rolf")
    with house.app_context():
        services.update_user(
            db.session.get(User, key), actor=SYSTEM, name="Rolf", email="rolf@example.com", roles=["clerk"]
        )
    assert not browser.logged_in()


def test_a_change_of_the_name_ends_no_session(browse: Any, person: Any, house: Flask) -> None:
    key = person("nora", "clerk")
    browser = browse("nora")
    with house.app_context():
        services.update_user(
            db.session.get(User, key), actor=SYSTEM, name="Nora B", email="nora@example.com", roles=["clerk"]
        )
    assert browser.logged_in()


def test_a_password_written_past_our_services_still_ends_sessions(browse: Any, person: Any, house: Flask) -> None:
    key = person("wolf")
    browser = browse("wolf")
    with house.app_context():
        db.session.get(User, key).password = "$argon2id$whatever"
        db.session.commit()
    assert not browser.logged_in()


def test_a_person_ends_another_device_of_his(browse: Any, person: Any, house: Flask) -> None:
    key = person("ute")
    here, lost = browse("ute"), browse("ute")
    assert (
        here.post("/account/sessions/end/", {"key": sessions.hashed(lost.cookie)}, at="/account/sessions/").status_code
        == 302
    )
    assert not lost.logged_in() and here.logged_in()
    with house.app_context():
        assert len(sessions.living(key)) == 1


def test_an_administrator_ends_a_session_and_a_stranger_does_not(browse: Any, person: Any) -> None:
    person("kim")
    kim, bob, ada = browse("kim"), browse("bob"), browse("ada")
    target = {"key": sessions.hashed(kim.cookie)}
    assert bob.post("/account/sessions/end/", target, at="/account/sessions/").status_code == 403
    assert kim.logged_in()
    assert ada.post("/account/sessions/end/", target, at="/account/sessions/").status_code == 302
    assert not kim.logged_in()


def test_an_idle_session_ends_and_a_used_one_ends_too_after_twelve_hours(browse: Any) -> None:
    start = dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)
    clock.freeze(start)
    idle, busy = browse("ada"), browse("ada")
    for minutes in range(20, 12 * 60, 20):
        clock.freeze(start + dt.timedelta(minutes=minutes))
        assert busy.logged_in()
    assert not idle.logged_in()
    clock.freeze(start + dt.timedelta(hours=12, minutes=1))
    assert not busy.logged_in()


def test_seen_is_written_at_most_once_a_minute(browse: Any, house: Flask) -> None:
    start = dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)
    clock.freeze(start)
    browser = browse("ada")

    def seen() -> dt.datetime:
        with house.app_context():
            return db.session.get(LoginSession, sessions.hashed(browser.cookie)).seen_at

    clock.freeze(start + dt.timedelta(seconds=59))
    browser.get("/account/")
    assert seen() == start
    clock.freeze(start + dt.timedelta(seconds=61))
    browser.get("/account/")
    assert seen() == start + dt.timedelta(seconds=61)


def test_visitors_and_crawlers_cost_no_row(browse: Any, house: Flask) -> None:
    before = count(house)
    browser = browse()
    for path in ("/", "/login/", "/accounts/user/list/", "/login/?next=/x", "/nothing") * 4:
        browser.get(path)
    browser.login("ada", "wrong password here")
    assert count(house) == before
    guest = browser.client.get_cookie("zhanggui-guest")
    assert guest is None or len(guest.value) <= 300


def test_the_cookie_stays_small_after_a_thousand_pages(browse: Any, house: Flask) -> None:
    browser = browse("ada")
    cookie = browser.cookie
    for n in range(1000):
        browser.get(f"/api/v1/accounts/user/?size=1&q=personal%20{n}" if n % 50 else f"/accounts/user/list/?q=personal{n}")
    assert browser.cookie == cookie and len(cookie) <= 64
    with house.app_context():
        row = db.session.get(LoginSession, sessions.hashed(cookie))
        assert "page_history" not in row.data and "personal" not in str(row.data) and len(str(row.data)) < 600


def test_the_table_alone_opens_nothing(browse: Any, house: Flask) -> None:
    browser = browse("ada")
    with house.app_context():
        keys = list(db.session.scalars(select(LoginSession.key)))
    assert browser.cookie not in keys
    assert all(browser.replay(key) == 302 for key in keys[:5])


def test_the_stream_hub_learns_whose_cookie_it_is(browse: Any, house: Flask) -> None:
    browser = browse("ada")
    cookie = browser.cookie
    with house.app_context():
        ada = db.session.scalar(select(User.id).where(User.username == "ada"))
    assert sessions.user_for_cookie(house, cookie) == ada
    assert isinstance(sessions.user_for_cookie(house, cookie), int)
    browser.logout()
    assert sessions.user_for_cookie(house, cookie) is None
    assert sessions.user_for_cookie(house, "") is None


def test_tls_gives_the_cookie_its_strict_name(house: Flask) -> None:
    client = house.test_client()
    page = client.get("/login/", base_url="https://localhost")
    token = page.data.decode().partition('name="csrf_token" value="')[2].partition('"')[0]
    answer = client.post(
        "/login/", base_url="https://localhost",
        data={"csrf_token": token, "username": "ada", "password": PASSWORD}, headers={"Origin": "https://localhost"},
    )  # fmt: skip
    line = next(c for c in answer.headers.getlist("Set-Cookie") if "zhanggui=" in c)
    assert line.startswith("__Host-zhanggui=") and "Secure" in line and "Domain" not in line


def test_who_asks_and_by_which_role_costs_one_statement(app: Flask, as_user: Any, count_queries: Any) -> None:
    client = as_user("ada")
    client.get("/account/")
    with count_queries() as seen:
        client.get("/account/")
    people = [statement for statement in seen if "ab_user" in statement or "ab_role" in statement or "ab_group" in statement]
    assert len(people) == 1, people
