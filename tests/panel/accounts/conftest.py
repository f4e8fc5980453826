"""A panel without a shop, on a database file of its own: log-ins commit, so they cannot live in a savepoint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import PermissionView

from app.panel.accounts import services
from app.panel.accounts.login import limits
from app.panel.accounts.models import Role
from app.panel.core import clock, settings
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from tests.conftest import make_app

PASSWORD = "correct horse battery staple"
PEOPLE = {"ada": ["administrator"], "hr": ["people"], "bob": [], "cleo": ["clerk"]}


def grant(role: str, rights: dict[str, str]) -> None:
    """A role that an administrator made, with these rights."""
    known = {(p.permission.name, p.view_menu.name): p for p in db.session.query(PermissionView)}
    entry = Role(name=role)
    entry.permissions = [known[f"can_{verb}", resource] for resource, verbs in rights.items() for verb in verbs.split()]
    db.session.add(entry)
    db.session.commit()


def panel_app(url: str, home: Path, **more: Any) -> Flask:
    """The panel alone, with permissions and roles and nobody in it."""
    home.joinpath("logs").mkdir(exist_ok=True)
    app = make_app(url, home, ("app.panel",), LOGIN_STEP_SECONDS=0, TRUSTED_HOSTS=["panel.example.com"], **more)
    with app.app_context():
        settings.store({"accounts.captcha_after": 0}, actor=SYSTEM)  # it has tests of its own
        db.session.remove()
        db.engine.dispose()  # a second application may be made on this database
    return app


@pytest.fixture(scope="session")
def house(new_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    app = panel_app(new_database(), tmp_path_factory.mktemp("house"))
    with app.app_context():
        grant("people", {"accounts.User": "read write", "accounts.LoginEvent": "read"})
        grant("clerk", {"accounts.Role": "read"})
        for name, roles in PEOPLE.items():
            services.create_user(
                actor=SYSTEM,
                username=name,
                name=name.title(),
                email=f"{name}@example.com",
                roles=roles,
                password=PASSWORD,
            )
    return app


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    yield
    clock.freeze(None)
    limits._memory.storage.reset()


@pytest.fixture(autouse=True)
def clean(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test begins without counted attempts."""
    if "house" in request.fixturenames:
        house: Flask = request.getfixturevalue("house")
        house.extensions["appbuilder"].sm.limiter.reset()
    yield


class Browser:
    """A browser with a cookie jar that reads the CSRF token from the pages that it opens."""

    def __init__(self, app: Flask, **headers: str) -> None:
        self.app, self.headers = app, headers
        self.client: FlaskClient = app.test_client()

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, headers=self.headers, **options)

    def token(self, path: str = "/login/") -> str:
        found = re.search(rb'name="csrf_token" (?:type="hidden" )?value="([^"]+)"', self.get(path).data)
        return found[1].decode() if found else ""

    def post(self, path: str, data: dict[str, Any] | None = None, at: str | None = None, **options: Any) -> Any:
        fields = {"csrf_token": self.token(at or path), **(data or {})}
        return self.client.post(path, data=fields, headers={**self.headers, **options.pop("headers", {})}, **options)

    def login(self, name: str, password: str = PASSWORD, **more: Any) -> Any:
        return self.post("/login/", {"username": name, "password": password, **more})

    def logout(self) -> Any:
        return self.post("/logout/", at="/account/")

    @property
    def cookie(self) -> str:
        found = self.client.get_cookie("zhanggui")
        return found.value if found else ""

    def logged_in(self) -> bool:
        return self.get("/account/").status_code == 200

    def replay(self, value: str) -> int:
        """The status of a page for whoever stole this cookie."""
        client = self.app.test_client(use_cookies=False)
        return client.get("/account/", headers={"Cookie": f"zhanggui={value}"}).status_code


@pytest.fixture
def browse(house: Flask) -> Any:
    """`browse("ada")` is a browser in which Ada is logged in; `browse()` one in which nobody is."""

    def make(name: str = "", password: str = PASSWORD) -> Browser:
        browser = Browser(house)
        if name:
            assert browser.login(name, password).status_code == 302
        return browser

    return make


@pytest.fixture
def person(house: Flask) -> Any:
    """A new account of its own, for tests that spoil it: `person("tom", "clerk")` returns its id."""

    def make(name: str, *roles: str, password: str | None = PASSWORD) -> int:
        with house.app_context():
            user = services.create_user(
                actor=SYSTEM,
                username=name,
                name=name.title(),
                email=f"{name}@example.com",
                roles=list(roles),
                password=password,
            )
            return int(user.id)

    return make


@pytest.fixture
def without_tokens(house: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forms are sent without being fetched first: that they need their token is tested elsewhere, for all of them."""
    monkeypatch.setitem(house.config, "WTF_CSRF_ENABLED", False)
    monkeypatch.setattr(Browser, "token", lambda _self, _path="/login/": "")
