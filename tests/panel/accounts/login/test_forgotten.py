"""A forgotten password: a link by mail, once, for thirty minutes, and not a word about who has an account."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select

from app.panel.accounts import services
from app.panel.accounts.login import forgotten
from app.panel.accounts.models import User
from app.panel.core import clock, outbox
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from tests.panel.accounts.conftest import PASSWORD, Browser

NEW = "a brand new winter coat 42"
START = dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)
pytestmark = pytest.mark.usefixtures("without_tokens")


@pytest.fixture(autouse=True)
def mailbox(house: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(house.config, "JOBS_EAGER", False)  # what is asked for is done by a worker
    clock.freeze(START)
    house.extensions["mailbox"] = []
    yield
    house.extensions.pop("mailbox", None)
    with house.app_context():
        db.session.execute(delete(outbox.OutboxRow))
        db.session.commit()


def sent(house: Flask, kind: str) -> list[dict[str, Any]]:
    with house.app_context():
        query = select(outbox.OutboxRow.payload).where(outbox.OutboxRow.kind == kind).order_by(outbox.OutboxRow.id)
        return list(db.session.scalars(query))


def asked(house: Flask, name: str) -> str:
    """Ask for a link and let the worker do its part; the path of the link in the mail, or nothing."""
    answer = Browser(house).post("/login/forgotten/", {"username": name})
    assert answer.status_code == 200, answer.text
    before = len(sent(house, "mail"))
    with house.app_context():
        forgotten.send(sent(house, "forgotten")[-1])
    mails = sent(house, "mail")[before:]
    found = re.search(r"http://localhost(/welcome/\S+)", mails[-1]["body"]) if mails else None
    return found[1] if found else ""


def test_the_link_sets_a_new_password_once(house: Flask, person: Any) -> None:
    person("ina")
    path = asked(house, "ina@example.com")
    fields = {"password": NEW, "again": NEW}
    assert "For Ina. You log in as ina." in Browser(house).get(path).text
    assert Browser(house).post(path, fields).status_code == 302
    assert Browser(house).login("ina", NEW).status_code == 302
    assert Browser(house).get(path).status_code == 404


def test_the_mail_speaks_the_language_of_the_page_to_whoever_chose_none(house: Flask, person: Any) -> None:
    person("lin")
    asked(house, "lin")
    [payload] = sent(house, "forgotten")
    assert payload["language"] == "en" and "A new password" in sent(house, "mail")[-1]["subject"]
    with house.app_context():
        forgotten.send({**payload, "language": "zh_Hans_CN"})
    assert "重设密码" in sent(house, "mail")[-1]["subject"]


def test_the_answer_is_the_same_for_every_name_and_so_is_the_work(house: Flask, person: Any, count_queries: Any) -> None:
    person("known")
    gone = person("gone")
    with house.app_context():
        services.set_active(db.session.get(User, gone), False, actor=SYSTEM)
    pages, works = set(), []
    for name in ("known", "unknown", "gone"):
        browser = Browser(house)
        token = browser.token("/login/forgotten/")
        with count_queries() as seen:
            answer = browser.client.post("/login/forgotten/", data={"csrf_token": token, "username": name})
        works.append([re.sub(r"\s+", " ", statement)[:60] for statement in seen])
        pages.add(re.sub(r"csrf_token\S+ value=\S+|nonce=\S+|/static/\S+|data-\S+", "", answer.text.partition("<main")[2].partition("</main")[0]))
    assert len(pages) == 1 and works[0] == works[1] == works[2]
    before = len(sent(house, "mail"))
    with house.app_context():
        for payload in sent(house, "forgotten")[-2:]:
            forgotten.send(payload)
    assert len(sent(house, "mail")) == before  # nobody, and nobody who may come in


def test_what_was_typed_does_not_lie_about_in_the_outbox(house: Flask) -> None:
    Browser(house).post("/login/forgotten/", {"username": "my secret typed in the wrong box"})
    assert "secret" not in str(sent(house, "forgotten"))


def test_the_link_ends_after_thirty_minutes(house: Flask, person: Any) -> None:
    person("ida")
    path = asked(house, "ida")
    clock.freeze(START + dt.timedelta(minutes=29))
    assert Browser(house).get(path).status_code == 200
    clock.freeze(START + dt.timedelta(minutes=30, seconds=1))
    assert Browser(house).get(path).status_code == 404


def test_the_link_ends_with_a_change_of_rights_or_password(house: Flask, person: Any) -> None:
    key = person("ivo")
    path = asked(house, "ivo")
    with house.app_context():
        user = db.session.get(User, key)
        services.update_user(user, actor=SYSTEM, name="Ivo", email="ivo@example.com", roles=["clerk"])
    assert Browser(house).get(path).status_code == 404


def test_the_address_comes_from_the_settings_never_from_the_request(house: Flask, person: Any) -> None:
    person("uta")
    headers = {"Host": "panel.example.com", "X-Forwarded-Host": "evil.example"}
    answer = house.test_client().post("/login/forgotten/", data={"username": "uta"}, headers=headers)
    assert answer.status_code == 200
    with house.test_request_context(headers={"Host": "panel.example.com"}):
        forgotten.send(sent(house, "forgotten")[-1])
    body = sent(house, "mail")[-1]["body"]
    assert "http://localhost/welcome/" in body and "example" not in body.replace("http://localhost", "")


def test_whoever_asks_again_and_again_is_stopped_known_or_not(house: Flask, person: Any) -> None:
    person("pat")
    for name in ("pat", "stranger"):
        browsers = [Browser(house) for _ in range(4)]
        for n, browser in enumerate(browsers):
            browser.client.environ_base["REMOTE_ADDR"] = f"198.51.100.{n}"
        codes = [browser.post("/login/forgotten/", {"username": name}).status_code for browser in browsers]
        assert codes == [200, 200, 200, 429]
    codes = [Browser(house).post("/login/forgotten/", {"username": f"n{n}"}).status_code for n in range(11)]
    assert codes[-1] == 429


def test_a_stranger_who_asks_does_not_break_a_link_that_is_under_way(house: Flask, person: Any) -> None:
    person("leo")
    first = asked(house, "leo")
    second = asked(house, "leo")
    assert first != second and Browser(house).get(first).status_code == 200
    assert Browser(house).post(second, {"password": NEW, "again": NEW}).status_code == 302
    assert Browser(house).get(first).status_code == 404


def test_asking_changes_nothing_for_the_owner(house: Flask, browse: Any, person: Any) -> None:
    person("mia")
    browser = browse("mia")
    asked(house, "mia")
    assert browser.logged_in() and Browser(house).login("mia", PASSWORD).status_code == 302


def test_without_a_mail_server_it_is_not_offered_and_says_so(house: Flask) -> None:
    assert "/login/forgotten/" in Browser(house).get("/login/").text
    house.extensions.pop("mailbox")
    assert "/login/forgotten/" not in Browser(house).get("/login/").text
    assert "No mail goes out from here yet" in Browser(house).get("/login/forgotten/").text
    before = len(sent(house, "forgotten"))
    assert Browser(house).post("/login/forgotten/", {"username": "ada"}, at="/login/").status_code == 422
    assert len(sent(house, "forgotten")) == before


def test_the_command_line_prints_a_short_lived_link(house: Flask, person: Any) -> None:
    person("sam")
    result = house.test_cli_runner().invoke(args=["accounts", "reset-link", "sam"])
    path = "/" + result.output.strip().split("/", 3)[3]
    assert Browser(house).get(path).status_code == 200
    clock.freeze(START + dt.timedelta(minutes=31))
    assert Browser(house).get(path).status_code == 404


def test_a_new_address_needs_the_password_and_the_old_one_hears_of_it(house: Flask, browse: Any, person: Any) -> None:
    """Else an open screen and a forgotten password would be an account."""
    key = person("ava")
    browser = browse("ava")
    fields = {"name": "Ava", "email": "thief@example.com", "language": "en", "skin": "light", "layout": "side"}
    assert browser.post("/account/", fields).status_code == 422
    assert browser.post("/account/", {**fields, "current": "not it at all"}).status_code == 422
    assert browser.post("/account/", {**fields, "email": "ava@example.com", "name": "Ava B"}).status_code == 302
    with house.app_context():
        assert db.session.get(User, key).email == "ava@example.com"
    assert browser.post("/account/", {**fields, "current": PASSWORD}).status_code == 302
    told = sent(house, "mail")[-1]
    assert told["to"] == "ava@example.com" and "thief@example.com" in told["body"]
