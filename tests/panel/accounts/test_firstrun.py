"""The first minutes: one page, one token, no default account anywhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import StringField
from wtforms.validators import InputRequired

from app import welcome
from app.panel.accounts import firstrun, queries
from app.panel.accounts.models import Profile, User
from app.panel.core import policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError, Forbidden
from tests.panel.accounts.conftest import Browser, panel_app

PASSWORD = "nine white elephants dance"
OWNER = {"name": "王小明", "username": "wang", "email": "wang@example.com", "password": PASSWORD, "again": PASSWORD}


class ShopForm(FlaskForm):
    title = StringField("Shop", [InputRequired()])


@pytest.fixture(scope="module")
def bare(new_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return panel_app(new_database(), tmp_path_factory.mktemp("bare"))


@pytest.fixture
def empty(bare: Flask, tmp_path: Path) -> Flask:
    """An instance that nobody owns yet, with a home of its own."""
    with bare.app_context():
        for name in ("accounts_link", "accounts_login_event", "accounts_session", "accounts_profile", "ab_user_role", "ab_user"):
            db.session.execute(db.delete(db.metadata.tables[name]))
        roles = db.metadata.tables["ab_role"]
        db.session.execute(db.delete(roles).where(roles.c.name != policy.ADMINISTRATOR))
        db.session.commit()
    bare.extensions["accounts"] = {}
    bare.extensions["appbuilder"].sm.limiter.reset()
    bare.config["HOME"] = tmp_path
    return bare


@pytest.fixture
def contributed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What a domain adds: a section, something to begin with, something to clean."""
    seen: list[Any] = []
    for name in ("_steps", "_choices", "_cleaners"):
        monkeypatch.setattr(firstrun, name, dict(getattr(firstrun, name)))
    firstrun._steps.clear()
    firstrun.step("Shop", "", ShopForm, lambda form, *, actor: seen.append(("saved", form.title.data)))
    firstrun.choice("demo", "Demo", "A shop full of things", lambda actor: seen.append("demo") or "/accounts/roles/")
    firstrun.cleaner("orders", "Orders", lambda actor: seen.append("orders") or 7, order=500)
    yield seen


def token(app: Flask) -> str:
    return (firstrun.setup_url(app) or "").partition("token=")[2]


def fields(app: Flask, **more: Any) -> dict[str, Any]:
    return {**OWNER, "s0-title": "青禾", "token": token(app), **more}


def test_without_an_account_every_page_leads_to_the_setup_page(empty: Flask) -> None:
    browser = Browser(empty)
    for path in ("/", "/login/", "/accounts/user/list/", "/nothing", "/account/"):
        assert browser.get(path).location == "/setup/"
    assert browser.get("/api/v1/accounts/user/").status_code == 503
    assert browser.get("/healthz").status_code == 200
    assert browser.get("/setup/").status_code == 403
    assert browser.get("/setup/?token=guess").status_code == 403


def test_the_token_is_kept_as_a_hash_that_nobody_else_can_read(empty: Flask, tmp_path: Path) -> None:
    url = firstrun.setup_url(empty) or ""
    path = tmp_path / firstrun.TOKEN_FILE
    assert url.startswith("http://localhost/setup/?token=")
    assert url.partition("token=")[2] not in path.read_text()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_an_instance_that_nobody_owns_yet_tells_the_way_to_its_first_page(empty: Flask) -> None:
    empty.config["ADMIN_PASSWORD"] = ""
    told = welcome.prepare(empty, with_demo=False)
    assert told.splitlines()[-1].startswith("  http://localhost/setup/?token=")
    assert "assword" not in told


def test_the_owner_opens_the_shop_and_is_logged_in(empty: Flask, contributed: list[Any], tmp_path: Path) -> None:
    browser = Browser(empty)
    form = fields(empty)
    page = browser.get(f"/setup/?token={form['token']}")
    assert page.status_code == 200 and b"s0-title" in page.data
    answer = browser.post("/setup/", form, at=f"/setup/?token={form['token']}")
    assert answer.location == "/setup/next/"
    assert contributed == [("saved", "青禾")]
    with empty.app_context():
        owner = db.session.scalars(select(User)).one()
        assert [role.name for role in owner.roles] == [policy.ADMINISTRATOR]
        assert str(owner) == "王小明" and owner.password.startswith("$argon2id$")
    assert browser.get("/setup/next/").status_code == 200
    assert browser.post("/setup/next/", {"choice": "demo"}).location == "/accounts/roles/"
    assert contributed[-1] == "demo"
    assert browser.get("/setup/next/").location == "/"
    assert not (tmp_path / firstrun.TOKEN_FILE).exists()
    assert firstrun.setup_url(empty) is None


def test_the_token_works_once(empty: Flask, contributed: list[Any]) -> None:
    form = fields(empty)
    first = Browser(empty)
    assert first.post("/setup/", form, at=f"/setup/?token={form['token']}").status_code == 302
    second = Browser(empty)
    again = {**form, "username": "thief", "email": "thief@example.com"}
    assert second.post("/setup/", again, at="/login/").status_code == 302
    assert second.get(f"/setup/?token={form['token']}").location == "/"
    with empty.app_context():
        assert db.session.query(User).count() == 1


def test_a_guessed_token_makes_nobody(empty: Flask, contributed: list[Any]) -> None:
    form = fields(empty)
    at = f"/setup/?token={form['token']}"
    assert Browser(empty).post("/setup/", {**form, "token": "guess"}, at=at).status_code == 403
    assert Browser(empty).post("/setup/", {**form, "token": ""}, at=at).status_code == 403
    with empty.app_context():
        assert not queries.anybody()


def test_guessing_tokens_is_limited(empty: Flask) -> None:
    browser = Browser(empty)
    codes = [browser.get(f"/setup/?token={n}").status_code for n in range(35)]
    assert codes[:30] == [403] * 30 and set(codes[30:]) == {429}


@pytest.mark.parametrize(
    "bad",
    [
        {"password": "short", "again": "short"},
        {"email": "no address"},
        {"again": "differs"},
        {"s0-title": ""},
        {"username": "a b"},
    ],
)
def test_a_mistake_keeps_what_was_typed_and_stores_nothing(
    empty: Flask, contributed: list[Any], bad: dict[str, str]
) -> None:
    browser = Browser(empty)
    form = {**fields(empty), **bad}
    page = browser.post("/setup/", form, at=f"/setup/?token={form['token']}")
    assert page.status_code == 422 and "王小明" in page.data.decode()
    with empty.app_context():
        assert not queries.anybody()
    assert contributed == []


def test_two_who_are_fast_do_not_both_become_owner(empty: Flask) -> None:
    with empty.test_request_context():
        first = {"name": "A", "username": "first", "email": "a@example.com", "password": PASSWORD, "language": "en"}
        firstrun.open_instance([], **first)
        with pytest.raises(DomainError):
            firstrun.open_instance([], **{**first, "username": "second", "email": "b@example.com"})
        assert db.session.query(User).count() == 1


def test_the_demo_s_people_get_passwords_of_their_own(empty: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with empty.app_context():
        for key in ("support", "finance"):
            db.session.execute(db.insert(db.metadata.tables["ab_role"]).values(name=key))
        db.session.commit()
    monkeypatch.setattr(
        policy.REGISTRY, "roles", {k: policy.Role(k, k.title()) for k in ("administrator", "support", "finance")}
    )
    password = firstrun.bootstrap_admin(empty)
    people = firstrun.demo_users(empty)
    assert password and len(password) >= 16
    assert sorted((name, role) for name, _password, role in people) == [("finance", "finance"), ("support", "support")]
    assert len({password, *(p for _n, p, _r in people)}) == 3
    for name, secret, _role in [("admin", password, ""), *people]:
        assert Browser(empty).login(name, secret).status_code == 302
    assert firstrun.bootstrap_admin(empty) is None and firstrun.demo_users(empty) == []
    with empty.app_context():
        stored = str([tuple(row) for table in db.metadata.sorted_tables for row in db.session.execute(select(table))])
        assert password not in stored and not any(secret in stored for _n, secret, _r in people)


def test_a_given_password_is_used_and_a_weak_one_refused(empty: Flask) -> None:
    with pytest.raises(DomainError):
        firstrun.bootstrap_admin(empty, password="admin")
    assert firstrun.bootstrap_admin(empty, password=PASSWORD) == PASSWORD
    assert Browser(empty).login("admin", PASSWORD).status_code == 302


def test_the_well_known_passwords_open_nothing(empty: Flask) -> None:
    firstrun.bootstrap_admin(empty)
    for name, password in (("admin", "admin"), ("admin", "password"), ("admin", "zhanggui"), ("root", "root")):
        assert Browser(empty).login(name, password).status_code == 401


def test_removing_the_demo_asks_for_the_password_and_runs_what_was_contributed(
    empty: Flask, contributed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    firstrun.bootstrap_admin(empty, password=PASSWORD)
    with empty.app_context():
        db.session.execute(db.insert(db.metadata.tables["ab_role"]).values(name="clerk"))
        db.session.commit()
        monkeypatch.setattr(policy.REGISTRY, "roles", {"clerk": policy.Role("clerk", "Clerk")})
        assert [name for name, _p, _r in firstrun.demo_users(empty)] == ["clerk"]
    browser = Browser(empty)
    browser.login("admin", PASSWORD)
    assert b"Orders" in browser.get("/setup/reset/").data
    assert browser.post("/setup/reset/", {"current": "wrong one"}).status_code == 422
    assert contributed == []
    assert browser.post("/setup/reset/", {"current": PASSWORD}).status_code == 302
    assert contributed == ["orders"]
    with empty.app_context():
        assert [user.username for user in db.session.query(User)] == ["admin"]
        assert db.session.query(Profile).count() == 1


def test_only_an_administrator_resets(house: Flask, browse: Any, contributed: list[Any]) -> None:
    bob = browse("bob")
    assert bob.get("/setup/reset/").status_code == 403
    with house.app_context(), pytest.raises(Forbidden):
        firstrun.reset(db.session.scalars(select(User).where(User.username == "bob")).one())
    assert contributed == []
    with house.app_context():
        assert next(count for _label, count in firstrun.reset(SYSTEM)) == 7
