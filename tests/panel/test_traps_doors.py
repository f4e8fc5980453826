"""The traps of FAB's doors (SAFETY 1.1): log-in, credentials and grants. Each check fails on its classes and holds on ours."""

import flask_jwt_extended
import pytest
from sqlalchemy import Engine, event

from app.panel.accounts.models import User
from app.panel.core.db import db
from tests import conftest
from tests.panel import stock
from tests.panel.accounts.conftest import Browser, grant
from tests.panel.stock import holds


@pytest.fixture(scope="module")
def editor(library):
    """A person of the library who may edit people and nothing else."""
    from app.panel.accounts import services
    from app.panel.core.actor import SYSTEM

    with library.app_context():
        grant("people", {"accounts.User": "read write"})
        services.create_user(actor=SYSTEM, username="hugo", name="hugo", email="hugo@example.org", roles=["people"])


@pytest.fixture
def doors(theirs, ours, monkeypatch):
    """Both sides without the pause after a refusal, and with nothing counted yet."""
    monkeypatch.setitem(ours.app.config, "LOGIN_STEP_SECONDS", 0)
    limiter = ours.app.extensions["appbuilder"].sm.limiter
    limiter.reset()
    yield theirs, ours
    limiter.reset()


def number(side, name):
    with side.app.app_context():
        user = side.app.extensions["appbuilder"].sm.find_user(name)
        return user.id, {role.name for role in user.roles}


def test_of_two_credentials_neither_is_guessed_at(theirs, ours):
    """F11: the cookie of one person and the token of another who may do nothing."""
    address = {id(theirs): "/api/v1/book/", id(ours): "/api/v1/books/book/"}

    def check(side):
        with side.app.app_context():
            token = flask_jwt_extended.create_access_token(identity=str(number(side, "nobody")[0]), fresh=True)
        bearer = {"Authorization": f"Bearer {token}"}
        assert side.app.test_client().get(address[id(side)], headers=bearer).status_code in (401, 403)
        assert side.client.get(address[id(side)], headers=bearer).status_code in (400, 401, 403)

    holds(check, theirs, ours)


def test_passwords_cannot_be_guessed_without_end(doors):
    """F21: neither at the form nor at a log-in of the API."""

    def check(side):
        browser = Browser(side.app)
        answers = [browser.login("lena", f"guess number {n}").status_code for n in range(8)]
        assert {422, 429} & set(answers[-3:])  # a riddle stands before the limit, and an unsolved one is no guess
        assert not [rule for rule in side.app.url_map.iter_rules() if str(rule).endswith("/security/login")]

    holds(check, *doors)


def test_a_name_that_nobody_has_causes_no_write(doors):
    """F22"""

    def check(side):
        browser, writes = Browser(side.app), []
        fields = {"username": "stranger", "password": "whatever it is", "csrf_token": browser.token()}

        def note(_connection, _cursor, statement, *_rest):
            writes.extend([statement] if statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE")) else [])

        event.listen(Engine, "before_cursor_execute", note)
        try:
            browser.client.post("/login/", data=fields)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        assert writes == []

    holds(check, *doors)


def test_guesses_beyond_the_limit_cost_no_hash(doors, monkeypatch):
    """F22"""
    import flask_appbuilder.security.manager as fab

    from app.panel.accounts.login import passwords

    made = []
    for module, name in ((fab, "check_password_hash"), (passwords, "matches")):
        monkeypatch.setattr(module, name, lambda *_args: made.append("hash"))

    def check(side):
        made.clear()
        browser = Browser(side.app)
        fields = {"username": "lena", "password": "not it at all", "csrf_token": browser.token()}
        for _ in range(9):
            browser.client.post("/login/", data=fields)
        assert 1 <= len(made) <= 5

    holds(check, *doors)


def test_who_edits_people_cannot_make_himself_administrator(theirs, ours, editor):
    """F25"""
    with ours.app.app_context():
        his = conftest.client_of(ours.app, "hugo")
        version = db.session.query(User).filter_by(username="hugo").one().version
    sides = {
        id(theirs): (stock.client(theirs.app, "hugo"), "/users/edit/{}", "Admin", {"first_name": "H", "last_name": "H", "active": "y"}),
        id(ours): (his, "/accounts/user/edit/{}", "administrator", {"name": "H", "version": str(version)}),
    }

    def check(side):
        client, address, highest, fields = sides[id(side)]
        key = number(side, "hugo")[0]
        roles = side.app.extensions["appbuilder"].sm.find_role
        with side.app.app_context():
            wanted = roles(highest).id if side is theirs else highest
        fields |= {"username": "hugo", "email": "hugo@example.org", "roles": [str(wanted)]}
        client.post(address.format(key), data=fields)
        assert number(side, "hugo")[1] == {"people"}

    holds(check, theirs, ours)
