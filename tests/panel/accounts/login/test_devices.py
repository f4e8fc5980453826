"""The browsers of a person: told of when they are new, held by the device lock, kicked, trusted no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.panel.accounts.login import browsers, devices, secondstep, sessions
from app.panel.accounts.models import Device, User
from app.panel.core import outbox, settings
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.notices import Notice
from tests.panel.accounts.conftest import PASSWORD, Browser

pytestmark = pytest.mark.usefixtures("without_tokens")


@pytest.fixture
def mailed(house: Flask) -> Iterator[list[dict[str, Any]]]:
    """What went out by mail; without this there is no mail server."""
    house.extensions["mailbox"] = []
    yield house.extensions["mailbox"]
    del house.extensions["mailbox"]


def posted(house: Flask, address: str) -> list[str]:
    """The bodies of the mails to this address that wait to go out."""
    with house.app_context():
        rows = db.session.scalars(select(outbox.OutboxRow.payload).where(outbox.OutboxRow.kind == "mail"))
        return [row["body"] for row in rows if row["to"] == address]


def titles(house: Flask, user_id: int) -> list[str]:
    with house.app_context():
        return list(db.session.scalars(select(Notice.title).where(Notice.user_id == user_id).order_by(Notice.id)))


def code_in(body: str) -> str:
    return re.search(r"(\d{4} \d{4})", body)[1]


def test_a_person_hears_of_every_log_in_from_a_new_device(house: Flask, person: Any) -> None:
    key = person("nia")
    first = Browser(house, **{"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"})
    first.login("nia")
    assert titles(house, key) == []  # the first of an account is no news
    first.logout()
    first.login("nia")
    assert titles(house, key) == []
    Browser(house, **{"User-Agent": "Mozilla/5.0 (iPhone) Safari/605.1"}).login("nia")
    assert titles(house, key) == ["Log-in from a new device: Safari, iPhone"]


def test_without_the_lock_a_new_device_is_let_in_and_with_it_held(
    house: Flask, person: Any, browse: Any, mailed: Any
) -> None:
    person("lou")
    own = browse("lou")
    assert Browser(house).login("lou").location == "/"
    wrong = own.post("/account/devices/lock/", {"current": "not it at all"})
    assert wrong.status_code == 422
    assert own.post("/account/devices/lock/", {"current": PASSWORD}).status_code == 302
    stranger = Browser(house)
    assert stranger.login("lou").location == "/login/code/"
    assert not stranger.logged_in()
    own.logout()
    assert own.login("lou").location == "/"  # the browser in which he turned it on is his


def test_a_code_by_mail_confirms_the_device_and_then_it_is_trusted(
    house: Flask, person: Any, browse: Any, mailed: Any
) -> None:
    person("max2")
    browse("max2").post("/account/devices/lock/", {"current": PASSWORD})
    fresh = Browser(house)
    fresh.login("max2")
    assert fresh.post("/login/code/", {"code": "1234 5678"}).status_code == 401
    first = code_in(posted(house, "max2@example.com")[-1])
    assert fresh.post("/login/code/mail/", at="/login/code/").location == "/login/code/"
    second = code_in(posted(house, "max2@example.com")[-1])
    assert fresh.post("/login/code/", {"code": first}).status_code == 401  # only the latest is good
    assert fresh.post("/login/code/", {"code": second.replace(" ", "")}).status_code == 302
    assert fresh.logged_in() and "Trusted" in fresh.get("/account/sessions/").text
    fresh.logout()
    assert fresh.login("max2").location == "/"


def test_a_code_belongs_to_the_browser_that_asked_for_it(house: Flask, person: Any, browse: Any, mailed: Any) -> None:
    person("kai")
    browse("kai").post("/account/devices/lock/", {"current": PASSWORD})
    one, other = Browser(house), Browser(house)
    one.login("kai")
    code = code_in(posted(house, "kai@example.com")[-1])
    other.login("kai")
    assert other.post("/login/code/", {"code": code}).status_code == 401
    assert one.post("/login/code/", {"code": code}).status_code == 302


def test_the_lock_of_everybody_holds_where_mail_goes_out(house: Flask, person: Any, mailed: Any) -> None:
    person("eve2")
    with house.app_context():
        settings.store({"accounts.device_lock": True}, actor=SYSTEM)
    try:
        assert Browser(house).login("eve2").location == "/login/code/"
        mailbox = house.extensions.pop("mailbox")
        assert not house.config.get("SMTP_URL")
        assert Browser(house).login("eve2").location == "/"  # nobody could confirm it
        house.extensions["mailbox"] = mailbox
    finally:
        with house.app_context():
            settings.store({"accounts.device_lock": False}, actor=SYSTEM)


def test_the_lock_is_not_offered_where_nothing_could_confirm_a_device(house: Flask, browse: Any, person: Any) -> None:
    person("abe")
    browser = browse("abe")
    assert "It needs a mail server or two-step log-in" in browser.get("/account/sessions/").text
    assert browser.post("/account/devices/lock/", {"current": PASSWORD}).status_code == 422
    with house.test_request_context():
        assert not secondstep.can_mail()


def test_kicking_one_session_ends_it_at_its_next_request_and_leaves_the_others(
    house: Flask, browse: Any, person: Any, mailed: Any
) -> None:
    key = person("zia")
    here, lost, third = browse("zia"), browse("zia"), browse("zia")
    here.post("/account/devices/lock/", {"current": PASSWORD})
    assert sessions.user_for_cookie(house, lost.cookie) == key
    fields = {"key": sessions.hashed(lost.cookie)}
    assert here.post("/account/sessions/end/", fields, at="/account/sessions/").status_code == 302
    gone = lost.get("/account/")
    assert gone.status_code == 302 and gone.location.startswith("/login/")
    assert sessions.user_for_cookie(house, lost.cookie) is None
    assert here.logged_in() and third.logged_in()
    # and it is a stranger now: the lock holds it
    assert lost.login("zia").location == "/login/code/"


def test_ending_all_others_leaves_this_one_and_trusts_no_other(house: Flask, browse: Any, person: Any, mailed: Any) -> None:
    key = person("yul")
    here, other = browse("yul"), browse("yul")
    here.post("/account/devices/lock/", {"current": PASSWORD})
    with house.app_context():
        for device in db.session.scalars(select(Device).where(Device.user_id == key)):
            browsers.confirm(key, device.id)
    assert here.post("/account/sessions/end/", {"key": "all"}, at="/account/sessions/").status_code == 302
    assert here.logged_in() and not other.logged_in()
    assert other.login("yul").location == "/login/code/"
    here.logout()
    assert here.login("yul").location == "/"


def test_the_list_marks_this_device_and_says_where_from_without_guessing(browse: Any, person: Any) -> None:
    person("ira")
    browser, _other = browse("ira"), browse("ira")
    page = browser.get("/account/sessions/").text
    assert page.count("This device") == 2 and "127.0.0.1 (the server itself)" in page
    assert browser.get("/account/logins/").text.count("127.0.0.1 (the server itself)") == 2


def test_nobody_removes_the_browser_of_somebody_else(house: Flask, browse: Any, person: Any) -> None:
    key = person("ole2")
    browse("ole2")
    with house.app_context():
        number = db.session.scalar(select(Device.id).where(Device.user_id == key))
    assert browse("bob").post("/account/devices/remove/", {"id": number}, at="/account/sessions/").status_code == 404
    with house.app_context():
        assert db.session.get(Device, number) is not None


def test_several_people_share_a_browser(house: Flask, person: Any) -> None:
    keys = [person("amy"), person("ben2")]
    browser = Browser(house)
    for name in ("amy", "ben2", "amy", "ben2"):
        assert browser.login(name).status_code == 302
        browser.logout()
    assert [titles(house, key) for key in keys] == [[], []]
    with house.app_context():
        assert [len(browsers.of(key)) for key in keys] == [1, 1]


def test_addresses_are_said_as_what_they_are(house: Flask) -> None:
    with house.test_request_context():
        said = [devices.place(ip) for ip in ("::1", "10.1.2.3", "192.168.0.9", "8.8.8.8", "", "unix")]
    assert said == ["::1 (the server itself)", "10.1.2.3 (local network)", "192.168.0.9 (local network)", "8.8.8.8 (internet)", "", "unix"]


def test_a_browser_that_was_not_used_for_a_year_is_forgotten(house: Flask, person: Any) -> None:
    key = person("una2")
    Browser(house).login("una2")
    with house.app_context():
        device = browsers.of(key)[0]
        db.session.execute(db.update(Device).where(Device.id == device.id).values(seen_at=device.seen_at - browsers.KEPT * 2))
        db.session.commit()
        browsers.sweep()
        assert db.session.scalar(select(Device.id).where(Device.user_id == key)) is None
        assert db.session.get(User, key) is not None
