"""CSRF, origins, hosts, headers, redirects: on every answer, for every route."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from flask import Flask, request
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import select

from app.panel.core import security
from app.panel.core.db import db
from tests.goals import goal
from tests.panel.accounts.conftest import Browser
from tests.panel.accounts.conftest import browse as browse
from tests.panel.accounts.conftest import clean as clean
from tests.panel.accounts.conftest import house as house

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
QUIET_TABLES = {"accounts_session", "accounts_login_event", "core_heartbeat"}
REDIRECTS = """
https://evil.example //evil.example ///evil.example ////evil.example /\\evil.example \\\\evil.example \\/evil.example
/\\/evil.example //\\evil.example https:evil.example https:/evil.example https:///evil.example http://evil.example
HTTP://EVIL.EXAMPLE javascript:alert(1) JaVaScRiPt:alert(1) data:text/html,x vbscript:x ftp://evil.example/ file:///etc/passwd
//evil.example/%2f.. //evil.example:80 //evil.example@localhost http://localhost@evil.example http://localhost:80@evil.example
http://localhost.evil.example http://evil.example#localhost http://evil.example?localhost //localhost.evil.example
http://localhost\\@evil.example http://evil.example\\@localhost https://localhost%2eevil.example //google%E3%80%82com
//evil%E3%80%82example http://[::1 http://[evil] //[::1]@evil.example http:////evil.example https:\\\\evil.example
mailto:a@b.c tel:1 about:blank blob:http://evil.example/x ws://evil.example //evil.example//x .evil.example @evil.example
evil.example www.evil.example ?x=1 #x ..//evil.example ./evil x:y http: : // http:// //user:pw@evil.example/
http://localhost//evil.example http://localhost///evil.example/ http://localhost/\\evil.example
""".split()  # noqa: SIM905
SPACED = ["/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/\r\nLocation: //evil.example",
          "\x00//evil.example", "/\u00a0/evil.example", "java\nscript:alert(1)", "/" + "a" * 3000]  # fmt: skip


def data_hash(house: Flask) -> str:
    """A hash over everything that is stored, but for the tables in which reading leaves its mark."""
    with house.app_context():
        digest = hashlib.sha256()
        for table in sorted(db.metadata.tables.values(), key=lambda t: t.name):
            if table.name not in QUIET_TABLES:
                digest.update(repr([tuple(row) for row in db.session.execute(select(table))]).encode())
        return digest.hexdigest()


def rules(house: Flask, methods: set[str]) -> list[tuple[str, str]]:
    """(method, address) of every rule that answers one of these methods, with ids filled in."""
    found = []
    for rule in house.url_map.iter_rules():
        path = re.sub(
            r"<(?:([^:<>]+):)?([^<>]+)>",
            lambda m: "1" if m[1] == "int" or m[2] in ("pk", "entry_id", "role_id") else "x",
            str(rule),
        )
        found += [(method, path) for method in sorted((rule.methods or set()) & methods)]
    return found


def test_every_unsafe_route_refuses_without_the_token(house: Flask, browse: Any) -> None:
    ada = browse("ada")
    asked = rules(house, UNSAFE)
    before = data_hash(house)
    assert len(asked) > 20
    for method, path in asked:
        for body in ({"data": {"x": "1"}}, {"json": {}}, {"data": "x", "content_type": "text/plain"}):
            answer = ada.client.open(path, method=method, **body)
            assert answer.status_code == 400, (method, path, answer.status_code)
    assert data_hash(house) == before


def test_a_token_of_another_session_is_none(browse: Any) -> None:
    ada, bob = browse("ada"), browse("bob")
    stolen = bob.token("/account/")
    assert ada.client.post("/prefs/", data={"csrf_token": stolen, "skin": "dark"}).status_code == 400
    assert ada.client.post("/prefs/", headers={"X-CSRFToken": stolen}, data={"skin": "dark"}).status_code == 400
    assert (
        ada.client.post("/prefs/", headers={"X-CSRFToken": ada.token("/account/")}, data={"skin": "light"}).status_code
        == 302
    )


def test_nothing_is_exempt_even_when_the_package_asks_for_it(house: Flask) -> None:
    csrf = house.extensions["csrf"]
    assert not csrf._exempt_views and not csrf._exempt_blueprints


def test_the_package_s_protection_would_have_let_rest_by_cookie_through() -> None:
    """The trap: FAB exempts its REST blueprints, and CSRFProtect obeys."""
    app = Flask("trap")
    from flask import Blueprint

    blueprint = Blueprint("api", "api")
    theirs, ours = CSRFProtect(app), security.PanelCSRF(app)
    theirs.exempt(blueprint)
    ours.exempt(blueprint)
    assert theirs._exempt_blueprints and not ours._exempt_blueprints


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost:9999"},
        {"Origin": "http://localhost.evil.example"}, {"Origin": "garbage"}, {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
    ],
)  # fmt: skip
def test_another_site_cannot_ask_for_a_change_even_with_the_token(browse: Any, headers: dict[str, str]) -> None:
    ada = browse("ada")
    fields = {"csrf_token": ada.token("/account/"), "skin": "dark"}
    assert ada.client.post("/prefs/", data=fields, headers=headers).status_code == 403


def test_our_own_pages_may(browse: Any) -> None:
    ada = browse("ada")
    fields = {"csrf_token": ada.token("/account/"), "skin": "light"}
    for headers in (
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://localhost:80"},
        {},
    ):
        assert ada.client.post("/prefs/", data=fields, headers=headers).status_code == 302


def test_no_get_changes_anything(house: Flask, browse: Any) -> None:
    """Every GET and HEAD rule of the URL map, called by an administrator."""
    ada, asked = browse("ada"), rules(house, {"GET", "HEAD"})
    before = data_hash(house)
    for method, path in asked:
        answer = ada.client.open(path, method=method)
        assert answer.status_code < 500 or path == "/readyz", (method, path)
        answer.close()
    assert len(asked) > 60
    assert data_hash(house) == before
    assert ada.logged_in()


def test_odd_methods_are_refused(house: Flask, browse: Any) -> None:
    ada = browse("ada")
    for method in ("TRACE", "CONNECT", "PROPFIND", "TRACK", "DEBUG", "get"):
        assert ada.client.open("/account/", method=method).status_code == 405 or method == "get"


def test_every_answer_carries_the_headers(house: Flask, browse: Any) -> None:
    ada = browse("ada")
    for browser in (ada, Browser(house)):
        for path in ("/", "/login/", "/account/", "/nothing-here", "/api/v1/accounts/user/", "/static/panel/base.css"):
            answer = browser.get(path)
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
            assert "unsafe-inline" not in policy and "unsafe-eval" not in policy and "*" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert "Strict-Transport-Security" not in answer.headers
    over_tls = house.test_client().get("/login/", base_url="https://localhost")
    assert "max-age" in over_tls.headers["Strict-Transport-Security"]


def test_what_a_person_sees_is_not_kept_by_the_browser_but_style_sheets_are(house: Flask, browse: Any) -> None:
    ada = browse("ada")
    assert ada.get("/account/").headers["Cache-Control"] == "no-store"
    assert ada.get("/api/v1/accounts/user/").headers["Cache-Control"] == "no-store"
    assert "no-store" not in ada.get("/static/panel/base.css").headers.get("Cache-Control", "")


def test_the_nonce_differs_from_answer_to_answer_and_is_that_of_the_page(house: Flask) -> None:
    seen = set()
    for _ in range(5):
        answer = Browser(house).get("/login/")
        nonce = re.search(r"script-src 'self' 'nonce-([\w-]{20,})'", answer.headers["Content-Security-Policy"])[1]  # type: ignore[index]
        assert set(re.findall(r'nonce="([^"]*)"', answer.data.decode())) <= {nonce}
        seen.add(nonce)
    assert len(seen) == 5


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:80",
        "panel.example.com.evil.example",
        "localhost@evil",
        "",
        "a b",
    ],
)
def test_a_wrong_host_gets_400_and_no_page(house: Flask, host: str) -> None:
    answer = house.test_client().get("/login/", headers={"Host": host})
    assert answer.status_code == 400
    assert b"password" not in answer.data
    assert b"evil" not in answer.data and "evil" not in str(answer.headers)


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8080", "127.0.0.1:8080", "panel.example.com", "panel.example.com:443", "[::1]:8080"],
)
def test_loopback_and_the_configured_names_are_ours(house: Flask, host: str) -> None:
    assert house.test_client().get("/login/", headers={"Host": host}).status_code == 200
    assert security.host_is_ours(house, host)
    assert not security.host_is_ours(house, "evil.example")


def test_a_name_with_a_dot_stands_for_all_below_it() -> None:
    app = Flask("names")
    app.config.update(SERVER_HOST="127.0.0.1", TRUSTED_HOSTS=[".shop.example"])
    app.config["OUR_HOSTS"] = security.our_hosts(app)
    for host in ("shop.example", "a.shop.example:8080", "A.B.shop.example"):
        assert security.host_is_ours(app, host)
    assert not security.host_is_ours(app, "myshop.example")


def test_a_forwarded_host_is_believed_only_by_count(house: Flask) -> None:
    answer = house.test_client().get(
        "/login/?next=/x", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    )
    assert answer.status_code == 200 and "Strict-Transport-Security" not in answer.headers
    app = Flask("behind")
    app.config.update(SECRET_KEY="s" * 40, PROXY_COUNT=1, SERVER_HOST="127.0.0.1", TRUSTED_HOSTS=["shop.example"])
    security.init_app(app)
    app.add_url_rule("/who", "who", lambda: f"{request.remote_addr} {request.scheme} {request.host}")
    sent = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example"}
    assert app.test_client().get("/who", headers=sent).data == b"203.0.113.9 https shop.example"


def test_sixty_ways_to_lead_people_outside_lead_home(house: Flask) -> None:
    payloads = [p for p in REDIRECTS if not p.startswith(("http://localhost/", "/a"))] + SPACED
    assert len(payloads) >= 60
    with house.test_request_context("/", headers={"Host": "localhost"}):
        for payload in payloads:
            assert security.safe_next(payload) == "", payload
        for payload in (
            "http://localhost//evil.example",
            "http://localhost///evil.example/",
            "http://localhost/\\evil.example",
        ):
            assert security.safe_next(payload) == "", payload
        assert security.safe_next(None) == "" and security.safe_next("", "/home") == "/home"


def test_and_over_http_none_of_them_gets_a_foreign_location(house: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(house.config, "LOGIN_LIMITS", {"network": "1000 per minute"})
    payloads = REDIRECTS + [p for p in SPACED if "\x00" not in p]
    outside = [p for p in payloads if Browser(house).login("ada", next=p).location != "/"]
    goal("G32", f"{len(outside)}_of_{len(payloads)}", 0, not outside)
    assert not outside


@pytest.mark.parametrize(
    "good",
    ["/", "/orders/order/list/?q=a&page=2", "/a/%2F%2Fevil.example", "/中文/?q=羽绒服", "/x?next=//evil.example"],
)
def test_paths_of_ours_are_kept(house: Flask, good: str) -> None:
    with house.test_request_context("/", headers={"Host": "localhost"}):
        assert security.safe_next(good) == good
        assert security.safe_next(f"http://localhost{good}") == good


def test_a_token_and_a_cookie_together_are_refused(browse: Any) -> None:
    ada = browse("ada")
    assert ada.client.get("/api/v1/accounts/user/", headers={"Authorization": "Bearer x.y.z"}).status_code == 400


@pytest.mark.parametrize("key", ["", None, "short", "s" * 31])
def test_a_missing_or_short_key_stops_the_start(key: Any) -> None:
    app = Flask("weak")
    app.config.update(SECRET_KEY=key, SERVER_HOST="127.0.0.1")
    with pytest.raises(RuntimeError, match="SECRET_KEY"):
        security.init_app(app)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("", "unknown"),
    ],
)
def test_a_visitor_is_counted_by_what_he_cannot_change_at_will(house: Flask, address: str, counted: str) -> None:
    with house.test_request_context("/", environ_base={"REMOTE_ADDR": address}):
        assert security.network() == counted


def test_a_server_on_all_addresses_answers_to_its_own_names() -> None:
    app = Flask("lan")
    app.config.update(SERVER_HOST="0.0.0.0")
    names = security.our_hosts(app)
    assert {"localhost", "127.0.0.1", "[::1]"} <= set(names) and "0.0.0.0" not in names
    assert len(names) > 3
