"""No route changes anything for a request that did not come from our own pages, and no question changes anything (G30)."""

import hashlib

import pytest

from tests import world as worlds
from tests.goals import goal

pytestmark = pytest.mark.slow

# where reading leaves its mark: who was here when
SESSIONS = {"accounts_session", "accounts_login_event", "core_heartbeat"}
UNREADY = "GET /readyz"  # answers 503 while no ticker runs


@pytest.fixture(scope="module")
def world(new_database, tmp_path_factory):
    world = worlds.shared(new_database(), tmp_path_factory.mktemp("csrf"))
    with pytest.MonkeyPatch.context() as patch:
        worlds.asking_once(world.app, patch, guarded=True)
        yield world


@pytest.fixture(scope="module")
def ada(world):
    return world.client("administrator")


def stored(world):
    """A digest a table, but for those of sessions."""
    from app.panel.core.db import db

    def rows(name):  # as the database keeps them, which is told in a fifth of the time
        return sorted(map(repr, db.session.connection().exec_driver_sql(f'SELECT * FROM "{name}"')))

    with world.app.app_context():
        names = [table.name for table in db.metadata.sorted_tables if table.name not in SESSIONS]
        return {name: hashlib.sha256(repr(rows(name)).encode()).hexdigest() for name in names}


def refused(call):
    """What a route says that cannot know its asker: one for machines misses their signature, all others the token."""
    if call.rule.startswith("/customers/stop/"):
        return 404  # it is the signature in the address that is missing
    return 401 if call.rule.startswith("/hooks/") else 400


def changed(before, after):
    return [name for name in before if before[name] != after[name]]


def unsafe(world):
    return [call for call in worlds.calls(world, "A", "administrator") if call.method != "GET"]


BODIES = {
    "no token": {"data": {"x": "1", "_go": "1"}},
    "json without token": {"json": {"name": "x"}},
    "text/plain": {"data": '{"name": "x"}', "content_type": "text/plain"},
}
JSON = {"Accept": "application/json"}  # a refusal in a line is quicker than one on a page


@pytest.mark.parametrize("how", BODIES)
def test_without_the_token_nothing_is_done(world, ada, how):
    asked, before = unsafe(world), stored(world)
    wrong = {}
    for call in asked:
        status = ada.open(call.path, method=call.method, without_csrf=True, headers=JSON, **BODIES[how]).status_code
        if status != refused(call):
            wrong[call.name] = status
    goal(f"G30 {how}", f"{len(wrong)}_of_{len(asked)}", 0, not wrong)
    assert len(asked) > 250
    assert not wrong
    assert not changed(before, stored(world))


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=lambda h: "".join(h.values()),
)
def test_from_another_site_nothing_is_done_even_with_the_token(world, ada, headers):
    before, wrong = stored(world), {}
    for call in unsafe(world):
        status = ada.open(call.path, method=call.method, data={"_go": "1"}, headers=JSON | headers).status_code
        if status != 403:
            wrong[call.name] = status
    assert not wrong
    assert not changed(before, stored(world))


def test_the_token_of_another_session_is_none(world, ada):
    from itsdangerous import URLSafeTimedSerializer

    from tests.conftest import SECRET

    stolen = URLSafeTimedSerializer(SECRET, salt="wtf-csrf-token").dumps("d" * 40)
    before, wrong = stored(world), {}
    for call in unsafe(world):
        status = ada.open(call.path, method=call.method, headers=JSON | {"X-CSRFToken": stolen}).status_code
        if status != refused(call):
            wrong[call.name] = status
    assert not wrong
    assert not changed(before, stored(world))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_question_changes_nothing(world, ada, method, monkeypatch):
    before, wrong = stored(world), {}
    now = before
    ada.get("/account/")
    if method == "HEAD":
        worlds.without_pages(world.app, monkeypatch)  # the GETs have drawn them all
    else:
        worlds.without_chrome(world.app, monkeypatch)
    for number, call in enumerate(call for call in worlds.calls(world, "A", "administrator") if call.method == "GET"):
        answer = ada.open(call.path, method=method)
        if answer.status_code >= 500 and call.name != UNREADY:
            wrong[call.name] = answer.status_code
        answer.close()
        if number % 50 == 0:
            after = stored(world)
            if tables := changed(now, after):
                wrong[f"up to {call.name}"] = tables
            now = after
    goal(f"G30 {method}", len(wrong), 0, not wrong)
    assert not wrong
    assert not changed(before, stored(world))


def test_the_check_would_notice(world, ada):
    before = stored(world)
    key = world.id_of("A", "catalog_tag")
    assert ada.post(f"/catalog/tag/delete/{key}").status_code == 302
    assert {"catalog_tag", "core_trash"} <= set(changed(before, stored(world)))
