"""Who may change whom: nobody hands out more than he holds, and the last administrator stays."""

from __future__ import annotations

import datetime as dt
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import Group, PermissionView
from sqlalchemy import select, text

from app.panel.accounts import services
from app.panel.accounts.models import OneTimeLink, Profile, Role, User
from app.panel.accounts.people import guard
from app.panel.core import clock, records, trailsets
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import DomainError, Forbidden, NotFound
from app.panel.core.transaction import transactional
from tests.panel.accounts.conftest import PASSWORD, Browser, panel_app

NEW = "nine white elephants dance"


def user_id(house: Flask, name: str) -> int:
    with house.app_context():
        return int(db.session.scalar(select(User.id).where(User.username == name)) or 0)


def roles_of(house: Flask, name: str) -> list[str]:
    with house.app_context():
        user = db.session.scalars(select(User).where(User.username == name)).one()
        return sorted(role.name for role in user.roles)


def edit(browser: Browser, key: int, **fields: Any) -> Any:
    page = browser.get(f"/accounts/user/edit/{key}").data.decode()
    version = re.search(r'name="version" value="(\d+)"', page)
    data = {"version": version[1] if version else "", **fields}
    return browser.post(f"/accounts/user/edit/{key}", data)


def test_who_may_change_people_cannot_make_himself_administrator(house: Flask, browse: Any) -> None:
    hr, me = browse("hr"), user_id(house, "hr")
    answer = edit(hr, me, name="Hr", email="hr@example.com", roles=["people", "administrator"])
    assert answer.status_code in (403, 422)
    assert roles_of(house, "hr") == ["people"]


def test_nor_take_over_somebody_who_is_administrator_through_a_group(house: Flask) -> None:
    with house.app_context():
        hr, clerk = (db.session.scalars(select(User).where(User.username == name)).one() for name in ("hr", "bob"))
        assert services.make_link(clerk, actor=hr)
        chiefs = Group(name="chiefs", label="chiefs", description="")
        chiefs.roles = [db.session.scalars(select(Role).where(Role.name == "administrator")).one()]
        db.session.add(chiefs)
        clerk.groups.append(chiefs)
        db.session.commit()
        with pytest.raises(Forbidden):
            services.make_link(clerk, actor=hr)
        clerk.groups.remove(chiefs)
        db.session.delete(chiefs)
        db.session.commit()


def test_nor_by_the_api(house: Flask, browse: Any) -> None:
    hr, me = browse("hr"), user_id(house, "hr")
    with house.app_context():
        admin, people = (
            db.session.scalar(select(Role.id).where(Role.name == name)) for name in ("administrator", "people")
        )
        version = db.session.get(User, me).version
    headers = {"X-CSRFToken": hr.token("/account/"), "If-Match": f'"{version}"'}
    answer = hr.client.put(f"/api/v1/accounts/user/{me}", json={"roles": [admin]}, headers=headers)
    assert answer.status_code == 403
    assert roles_of(house, "hr") == ["people"]
    made = {"username": "evil", "first_name": "Evil", "email": "evil@example.com"}
    assert hr.client.post("/api/v1/accounts/user/", json={**made, "roles": [admin]}, headers=headers).status_code == 403
    assert user_id(house, "evil") == 0
    assert (
        hr.client.post("/api/v1/accounts/user/", json={**made, "roles": [people]}, headers=headers).status_code == 201
    )
    assert roles_of(house, "evil") == ["people"]
    key = user_id(house, "evil")
    with house.app_context():
        headers["If-Match"] = f'"{db.session.get(User, key).version}"'
    assert hr.client.put(f"/api/v1/accounts/user/{key}", json={"username": "good"}, headers=headers).status_code == 422
    assert hr.client.put(f"/api/v1/accounts/user/{key}", json={"first_name": "Eve"}, headers=headers).status_code == 200
    assert (
        hr.client.put(f"/api/v1/accounts/user/{key}", json={"first_name": "Late"}, headers=headers).status_code == 409
    )
    assert hr.client.delete(f"/api/v1/accounts/user/{key}", headers=headers).status_code == 403


def test_nor_by_taking_over_an_administrator(house: Flask, browse: Any) -> None:
    """His link, his address and his switch are all ways to become him or to be rid of him."""
    hr, ada = browse("hr"), user_id(house, "ada")
    at = f"/accounts/user/action/link/{ada}"
    assert hr.post(at, {"_go": "1"}, at="/account/").status_code == 403
    assert edit(hr, ada, name="Ada", email="mine@example.com", roles=["administrator"]).status_code == 403
    assert hr.post(f"/accounts/user/action/disable/{ada}", {"_go": "1"}, at="/account/").status_code == 403
    assert hr.post(f"/accounts/user/action/sign_out/{ada}", {"_go": "1"}, at="/account/").status_code == 403
    with house.app_context():
        found = db.session.get(User, ada)
        assert found.active and found.email == "ada@example.com"
        assert db.session.scalar(select(OneTimeLink.key).where(OneTimeLink.user_id == ada)) is None


def test_nobody_hands_out_a_role_with_a_right_that_he_lacks(house: Flask, browse: Any) -> None:
    hr = browse("hr")
    form = {"username": "carl", "name": "Carl", "email": "carl@example.com"}
    assert hr.post("/accounts/user/add", {**form, "roles": ["clerk"]}).status_code in (403, 422)
    assert user_id(house, "carl") == 0
    assert hr.post("/accounts/user/add", {**form, "roles": ["people"]}).status_code == 200
    assert roles_of(house, "carl") == ["people"]
    page = hr.get("/accounts/user/add").data
    assert b'value="people"' in page and b'value="clerk"' not in page and b'value="administrator"' not in page


def test_without_the_right_people_are_not_even_listed(house: Flask, browse: Any) -> None:
    bob = browse("bob")
    for path in ("/accounts/user/list/", "/accounts/user/add", f"/accounts/user/show/{user_id(house, 'ada')}", "/accounts/roles/",
                 "/api/v1/accounts/user/"):  # fmt: skip
        assert bob.get(path).status_code == 403


def test_no_page_and_no_api_shows_a_hash(house: Flask, browse: Any) -> None:
    ada, key = browse("ada"), user_id(house, "bob")
    for path in ("/accounts/user/list/", f"/accounts/user/show/{key}", f"/accounts/user/edit/{key}", "/api/v1/accounts/user/",
                 f"/api/v1/accounts/user/{key}", "/accounts/loginevent/list/", "/api/v1/accounts/loginevent/",
                 "/account/"):  # fmt: skip
        answer = ada.get(path)
        assert answer.status_code == 200, path
        assert b"argon2" not in answer.data and b"password_changed" not in answer.data, path


def test_an_invitation_opens_once_and_sets_the_password(house: Flask, browse: Any) -> None:
    ada = browse("ada")
    form = {"username": "ines", "name": "Ines", "email": "ines@example.com", "roles": ["clerk"]}
    page = ada.post("/accounts/user/add", form)
    path = re.search(r"http://localhost(/welcome/[^\"]+)", page.data.decode())[1]  # type: ignore[index]
    assert Browser(house).login("ines", "").status_code == 422
    ines = Browser(house)
    for _ in range(3):  # a mail scanner may look at it
        assert ines.get(path).status_code == 200
    assert ines.post(path, {"password": "short", "again": "short"}).status_code == 422
    assert ines.post(path, {"password": NEW, "again": NEW}).status_code == 302
    assert ines.logged_in()
    assert Browser(house).get(path).status_code == 404
    assert Browser(house).login("ines", NEW).status_code == 302
    with house.app_context():
        keys = list(db.session.scalars(select(OneTimeLink.key)))
    assert not any(key in path for key in keys)


def test_a_link_ends_after_72_hours_with_a_newer_one_and_with_a_change_of_rights(house: Flask, person: Any) -> None:
    key = person("lisa", password=None)
    with house.test_request_context():
        user = db.session.get(User, key)
        clock.freeze(dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
        old = services.make_link(user, actor=SYSTEM)
        new = services.make_link(user, actor=SYSTEM)
        with pytest.raises(DomainError):
            services.user_of_link(old)
        assert services.user_of_link(new).id == key
        clock.freeze(dt.datetime(2026, 11, 4, 0, 1, tzinfo=dt.UTC))
        with pytest.raises(DomainError):
            services.use_link(new, NEW)
        third = services.make_link(user, actor=SYSTEM)
        services.set_active(user, False, actor=SYSTEM)
        services.set_active(user, True, actor=SYSTEM)
        with pytest.raises(DomainError):
            services.use_link(third, NEW)
        assert db.session.get(User, key).password is None


def test_guessing_links_is_limited(house: Flask) -> None:
    browser = Browser(house)
    codes = [browser.get(f"/welcome/{'x' * 43}{n}/").status_code for n in range(25)]
    assert codes[:20] == [404] * 20 and set(codes[20:]) == {429}
    assert int(browser.get("/welcome/another-one/").headers["Retry-After"]) > 0


class TestTheLastAdministrator:
    @pytest.fixture
    def alone(self, new_database: Any, tmp_path: Any) -> Flask:
        app = panel_app(new_database(), tmp_path)
        with app.app_context():
            for name, roles in (("ada", ["administrator"]), ("bob", [])):
                services.create_user(
                    actor=SYSTEM, username=name, name=name, email=f"{name}@example.com", roles=roles, password=PASSWORD
                )
        return app

    def test_stays_by_every_path(self, alone: Flask) -> None:
        with alone.app_context():
            ada = db.session.scalars(select(User).where(User.username == "ada")).one()
            with pytest.raises(guard.LastAdministrator):
                services.set_active(ada, False, actor=SYSTEM)
            with pytest.raises(guard.LastAdministrator):
                services.update_user(ada, actor=SYSTEM, name="Ada", email="ada@example.com", roles=[])
            with pytest.raises(DomainError):
                records.delete(ada, actor=SYSTEM)
            for spoil in (
                lambda: setattr(ada, "active", False),
                lambda: setattr(ada, "roles", []),
                lambda: db.session.delete(ada),
            ):
                spoil()
                with pytest.raises(guard.LastAdministrator):
                    db.session.commit()
                db.session.rollback()
            assert guard.administrators(db.session()) == 1

    def test_cannot_do_it_himself_on_the_screen(self, alone: Flask) -> None:
        browser = Browser(alone)
        browser.login("ada")
        key = user_id(alone, "ada")
        assert edit(browser, key, name="Ada", email="ada@example.com").status_code == 422
        answer = browser.post(f"/accounts/user/action/disable/{key}", {"_go": "1"}, at="/account/")
        assert answer.status_code == 422
        both = {"action": "disable", "_go": "1", "rowid": [user_id(alone, "bob"), key]}
        assert browser.post("/accounts/user/action_post", both, at="/account/").status_code == 422
        with alone.app_context():
            assert all(user.active for user in db.session.query(User))  # all of a selection or none

    def test_may_go_once_there_is_another(self, alone: Flask) -> None:
        with alone.app_context():
            ada, bob = db.session.query(User).order_by(User.username).all()
            services.update_user(bob, actor=SYSTEM, name="Bob", email="bob@example.com", roles=["administrator"])
            services.set_active(ada, False, actor=SYSTEM)
            with pytest.raises(guard.LastAdministrator):
                services.set_active(bob, False, actor=SYSTEM)

    def test_keeps_his_role_s_name(self, alone: Flask) -> None:
        with alone.app_context():
            role = db.session.query(Role).filter_by(name="administrator").one()
            role.name = "boss"
            with pytest.raises(DomainError):
                db.session.commit()


def test_a_stale_form_overwrites_nothing(house: Flask, browse: Any, person: Any) -> None:
    key, ada = person("gero"), browse("ada")
    version = re.search(r'name="version" value="(\d+)"', ada.get(f"/accounts/user/edit/{key}").data.decode())[1]  # type: ignore[index]
    assert edit(ada, key, name="Gero One", email="gero@example.com").status_code == 302
    stale = {"version": version, "name": "Gero Two", "email": "gero@example.com"}
    assert ada.post(f"/accounts/user/edit/{key}", stale).status_code == 409
    with house.app_context():
        assert str(db.session.get(User, key)) == "Gero One"


def test_a_name_or_address_that_is_taken_is_refused_with_a_sentence(house: Flask, browse: Any) -> None:
    ada = browse("ada")
    answer = ada.post("/accounts/user/add", {"username": "BOB", "name": "Bob Two", "email": "ADA@example.com"})
    assert answer.status_code == 422
    assert answer.data.count(b"Somebody else uses this already.") >= 2
    assert b'value="Bob Two"' in answer.data


def test_what_is_done_to_an_account_stands_in_its_history(house: Flask, person: Any) -> None:
    key = person("hugo")
    with house.app_context():
        user = db.session.get(User, key)
        services.update_user(user, actor=SYSTEM, name="Hugo H", email="hugo@example.com", roles=["clerk"])
        services.set_active(user, False, actor=SYSTEM)
        trail = trailsets.of(user)
        assert [entry.verb for entry in trail] == ["user.disabled", "user.changed", "user.created"]
        assert trail[1].changes == {"name": ["Hugo", "Hugo H"], "roles": ["", "clerk"]}
        assert "argon2" not in str([entry.changes for entry in trail])


def test_roles_are_shown_in_words(house: Flask, browse: Any) -> None:
    page = browse("ada").get("/accounts/roles/").data.decode()
    assert "holds every right; nobody sets it." in page and "Writes" in page
    assert "can_read" not in page


def test_preferences_last_over_a_log_in(house: Flask, browse: Any, person: Any) -> None:
    key = person("paul")
    browser = browse("paul")
    answer = browser.post("/prefs/", {"skin": "dark", "language": "zh_Hans_CN", "next": "/account/"}, at="/account/")
    assert answer.location == "/account/"
    for each in (browser, browse("paul")):
        page = each.get("/account/").data.decode()
        assert 'data-skin="dark"' in page and 'lang="zh-Hans-CN"' in page
    with house.app_context():
        assert db.session.get(Profile, key).skin == "dark"
    assert browser.post("/prefs/", {"skin": "<script>"}, at="/account/").status_code == 422
    assert browser.post("/prefs/", {"skin": "light", "next": "//evil.example"}, at="/account/").location == "/"


def test_who_never_used_his_invitation_is_no_administrator_yet(session: Any, ada: User) -> None:
    services.create_user(actor=ada, username="chief", name="C", email="chief@example.org", roles=["administrator"])
    for call in (
        lambda: services.update_user(ada, actor=ada, name="Ada", email=ada.email, roles=[]),
        lambda: services.set_active(ada, False, actor=ada),
    ):
        with pytest.raises(guard.LastAdministrator):
            call()


def test_two_who_demote_each_other_at_one_instant_leave_one(live_app: Flask) -> None:
    """Real commits. On PostgreSQL each would count the other."""
    with live_app.app_context():
        services.create_user(
            actor=SYSTEM, username="dora", name="D", email="d@example.org", roles=["administrator"], password=PASSWORD
        )
    together = threading.Barrier(2, timeout=60)

    def one(names: tuple[str, str]) -> bool:
        with live_app.app_context():
            actor, other = (db.session.scalars(select(User).where(User.username == name)).one() for name in names)
            try:
                meet_and_demote(actor, other, together)
            except DomainError:
                return False
            return True

    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(one, [("ada", "dora"), ("dora", "ada")]))
    with live_app.app_context():
        assert sorted(done) == [False, True] and guard.administrators(db.session()) == 1


@transactional
def meet_and_demote(actor: User, other: User, together: threading.Barrier) -> None:
    if db.engine.dialect.name == "postgresql":  # on SQLite the one waits outside until the other is through
        together.wait()
    services.set_active(other, False, actor=actor)


def test_nobody_takes_over_somebody_of_another_shop(session: Any, ben: User, cleo: User) -> None:
    """Their rights are the same; what one sees by them is not."""
    keeper = Role(name="keeper")
    session.add(keeper)
    known = {(p.permission.name, p.view_menu.name): p for p in session.query(PermissionView)}
    own = session.query(Role).filter_by(name="support").one().permissions
    keeper.permissions = [*own, *(known[f"can_{verb}", "accounts.User"] for verb in ("read", "write"))]
    session.commit()
    ben.roles = [keeper]
    session.commit()
    with pytest.raises(Forbidden):
        services.make_link(cleo, actor=ben)
    session.execute(text("DELETE FROM setup_staff_assignment WHERE user_id = :cleo"), {"cleo": cleo.id})
    session.commit()
    assert services.make_link(cleo, actor=ben)


def test_a_new_address_ends_the_letters_that_went_to_the_old_one(session: Any, ben: User, cleo: User) -> None:
    for change in (
        lambda: services.update_profile(ben, name="Ben", email="new@example.org"),
        lambda: services.update_user(ben, actor=SYSTEM, name="Ben", email="newer@example.org", roles=["support"]),
    ):
        lost, kept = (services.make_link(person, actor=SYSTEM) for person in (ben, cleo))
        services.update_profile(ben, name="Benjamin", email=ben.email)
        assert services.user_of_link(lost) == ben
        change()
        with pytest.raises(NotFound):
            services.user_of_link(lost)
        assert services.user_of_link(kept) == cleo


def test_a_visitor_chooses_his_language_without_a_row(house: Flask) -> None:
    browser = Browser(house)
    browser.post("/prefs/", {"language": "zh_Hans_CN", "next": "/login/"}, at="/login/")
    assert 'lang="zh-Hans-CN"' in browser.get("/login/").data.decode()
    asked = Browser(house, **{"Accept-Language": "zh-CN,zh;q=0.9"})
    assert 'lang="zh-Hans-CN"' in asked.get("/login/").data.decode()


def test_one_s_own_profile_changes_only_oneself(house: Flask, browse: Any, person: Any) -> None:
    key = person("rosa")
    browser = browse("rosa")
    form = {
        "name": "罗莎",
        "email": "rosa@example.com",
        "language": "en",
        "skin": "blue",
        "layout": "top",
    }
    assert browser.post("/account/", form).status_code == 302
    taken = {**form, "email": "ada@example.com", "current": PASSWORD}
    assert browser.post("/account/", taken).status_code == 422
    with house.app_context():
        user = db.session.get(User, key)
        assert str(user) == "罗莎" and user.email == "rosa@example.com"
        stored = db.session.get(Profile, key)
        assert (stored.language, stored.skin, stored.layout) == ("en", "blue", "top")


def test_a_person_without_rights_cannot_reach_the_services(house: Flask, person: Any) -> None:
    with house.app_context():
        bob = db.session.scalars(select(User).where(User.username == "bob")).one()
        ada = db.session.scalars(select(User).where(User.username == "ada")).one()
        for call in (
            lambda: services.create_user(actor=bob, username="x1", name="X", email="x@example.com", roles=[]),
            lambda: services.update_user(bob, actor=bob, name="B", email="bob@example.com", roles=["administrator"]),
            lambda: services.set_active(ada, False, actor=bob), lambda: services.make_link(ada, actor=bob),
            lambda: services.end_sessions(ada, actor=bob), lambda: services.set_password(ada, NEW, actor=bob),
        ):  # fmt: skip
            with pytest.raises(Forbidden):
                call()
