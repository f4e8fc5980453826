"""Every refusal looks like ours, in the reader's language, also when the database is what is away."""

from __future__ import annotations

import asyncio
import sqlite3

import psycopg
import pytest
from flask import abort
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import (
    DataError,
    IntegrityError,
    InvalidRequestError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.panel.accounts import firstrun
from app.panel.accounts.login import limits
from app.panel.core import errorpages, trace
from app.panel.core.db import db
from app.panel.core.door import Door
from app.panel.core.errors import Conflict
from tests.panel.accounts.conftest import house as house

LANGUAGES = {"en": "en", "zh-CN": "zh-Hans-CN"}
TITLES = {
    "en": {
        403: "This is not open to you", 404: "Nothing is here", 409: "Someone was faster", 413: "That is too large",
        429: "Too many attempts", 500: "Something broke on our side", 503: "Not available at the moment",
    },
    "zh-CN": {
        403: "没有访问权限", 404: "页面不存在", 409: "内容已被他人修改", 413: "内容过大", 429: "操作过于频繁",
        500: "系统出错了", 503: "暂时无法访问",
    },
}  # fmt: skip


def refuse(status):
    """What a view meets, for each status that a person may see."""
    if status == 409:
        raise Conflict("Somebody else was faster.")
    if status == 429:
        raise limits.TooMany(90)
    if status == 500:
        raise RuntimeError("a secret of the inside")
    if status == 503:
        raise OperationalError("SELECT secret", {}, sqlite_error(5))
    abort(status)


def sqlite_error(code, kind=sqlite3.OperationalError):
    error = kind("words of the database")
    error.sqlite_errorcode = code
    return error


@pytest.fixture
def refusing(app, session, monkeypatch):
    """`refusing(func)`: what `/account/` does from now on."""
    endpoint = app.url_map.bind("localhost").match("/account/")[0]
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    def does(func):
        monkeypatch.setitem(app.view_functions, endpoint, func)

    return does


@pytest.fixture
def away(app, session):
    """`away()`: from now on no statement reaches the database; what was tried is in the list that it returns."""
    asked = []

    def refuse_it(_connection, _cursor, statement, *_rest):
        asked.append(statement)
        raise OperationalError(statement, {}, psycopg.OperationalError("connection refused: secret-host"))

    def go():
        event.listen(Engine, "before_cursor_execute", refuse_it)
        return asked

    yield go
    event.remove(Engine, "before_cursor_execute", refuse_it)


@pytest.mark.parametrize("status", TITLES["en"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_refusal_is_a_page_of_ours_in_the_language_of_the_reader(app, refusing, status, language):
    refusing(lambda **_: refuse(status))
    answer = app.test_client().get("/account/", headers={"Accept": "text/html", "Accept-Language": language})
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert f'lang="{LANGUAGES[language]}"' in answer.text
    assert f"<h1>{TITLES[language][status]}</h1>" in answer.text
    assert "error-code" in answer.text and "secret" not in answer.text and "words of" not in answer.text


@pytest.mark.parametrize("status", TITLES["en"])
def test_a_program_is_told_the_same_as_json(app, refusing, status):
    refusing(lambda **_: refuse(status))
    answer = app.test_client().get("/account/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert answer.json["message"] and "secret" not in answer.text


def test_who_knocks_too_often_is_told_when_to_come_back(app, refusing):
    refusing(lambda **_: refuse(429))
    assert app.test_client().get("/account/").headers["Retry-After"] == "90"


def test_the_first_run_says_it_too(house, monkeypatch):
    monkeypatch.setattr(firstrun, "is_ready", lambda: False)
    monkeypatch.setattr(limits, "hit", lambda *_: refuse(429))
    answer = house.test_client().get("/setup/", headers={"Accept-Language": "zh-CN"})
    assert (answer.status_code, answer.mimetype, answer.headers["Retry-After"]) == (429, "text/html", "90")
    assert TITLES["zh-CN"][429] in answer.text


def test_a_broken_page_shows_the_number_under_which_the_log_has_it(app, refusing, caplog):
    seen = []

    def breaks(**_):
        seen.append(trace.request_id())
        raise RuntimeError("a secret of the inside")

    refusing(breaks)
    answer = app.test_client().get("/account/")
    assert answer.status_code == 500
    assert f"<code>{seen[0]}</code>" in answer.text and answer.headers["X-Request-Id"] == seen[0]
    assert any(record.exc_info for record in caplog.records)
    assert app.test_client().get("/account/", headers={"Accept": "application/json"}).json["id"] == seen[1]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("who", ["ada", None])
def test_a_database_that_is_away_is_a_page_too_and_logs_nobody_out(app, as_user, away, refusing, who, language):
    client = as_user(who) if who else app.test_client()
    asked = away()
    refusing(lambda **_: db.session.execute(text("SELECT 1")))
    answer = client.get("/account/", headers={"Accept-Language": language})
    assert asked
    assert (answer.status_code, answer.mimetype, answer.headers["Retry-After"]) == (503, "text/html", "2")
    assert TITLES[language][503] in answer.text and "secret" not in answer.text
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Request-Id"] and "nonce-" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_of_a_refusal_that_fails_itself_is_still_a_page(app, refusing, monkeypatch):
    def unread(_actor):
        raise SQLAlchemyError("no such table")

    refusing(lambda **_: refuse(500))
    monkeypatch.setitem(app.template_context_processors, None, [lambda: unread(None)])
    answer = app.test_client().get("/account/")
    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert answer.headers["X-Request-Id"] in answer.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OperationalError("", {}, sqlite_error(5)), 503),
        (OperationalError("", {}, sqlite_error(261)), 503),  # busy, recovering
        (OperationalError("", {}, sqlite_error(1)), 500),  # no such table
        (OperationalError("", {}, psycopg.OperationalError("connection failed")), 503),
        (OperationalError("", {}, psycopg.errors.QueryCanceled()), 503),
        (OperationalError("", {}, psycopg.errors.DeadlockDetected()), 503),
        (ProgrammingError("", {}, psycopg.errors.UndefinedTable()), 500),
        (PoolTimeout("QueuePool limit"), 503),
        (IntegrityError("", {}, sqlite_error(2067, sqlite3.IntegrityError)), 409),
        (DataError("", {}, psycopg.errors.NumericValueOutOfRange()), 422),
        (OverflowError("Python int too large to convert to SQLite INTEGER"), 422),
        (InvalidRequestError("the program is wrong"), 500),
    ],
    ids=lambda value: str(getattr(value, "orig", value).__class__.__name__),
)
def test_only_what_passes_is_said_to_pass(app, refusing, caplog, error, status):
    def view(**_):
        raise error

    refusing(view)
    assert app.test_client().get("/account/").status_code == status
    assert any(record.exc_info for record in caplog.records)


def test_a_key_larger_than_a_key_can_be_is_no_fault_of_ours(as_user):
    answer = as_user("ada").get("/catalog/product/show/99999999999999999999999")
    assert answer.status_code in (404, 422)


def test_a_foreign_address_gets_a_page_that_names_no_address(app, session):
    answer = app.test_client().get("/account/", base_url="http://evil.example", headers={"Accept-Language": "zh-CN"})
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert "这不是本系统的访问地址" in answer.text
    assert "href" not in answer.text and "evil" not in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("header", "status"), [((b"content-length", b"99999999"), 413), ((b"transfer-encoding", b"chunked"), 411)]
)
def test_what_the_door_refuses_looks_like_all_else(app, session, header, status, language):
    sent = []

    async def receive():
        raise AssertionError("the body is read")

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/account/", "query_string": b"", "http_version": "1.1",
        "headers": [(b"host", b"localhost"), (b"accept-language", language.encode()), header],
    }  # fmt: skip
    asyncio.run(Door(app)(scope, receive, send))
    page = b"".join(message.get("body", b"") for message in sent[1:]).decode()
    assert sent[0]["status"] == status
    assert errorpages_sentence(app, status, language) in page
    assert f'lang="{LANGUAGES[language]}"' in page


def errorpages_sentence(app, status, language):
    with app.test_request_context(headers={"Accept-Language": language}):
        return errorpages.sentence(status)
