"""Every rule of the URL map and the stream beside it, by every method, for a visitor, each role, a person without one
and an API key (SAFETY G27).

`expected_rights.yaml` is read by people: who holds which right, and which right a route asks for. A route that is not in
it fails, and so does an entry of which there is no route.
"""

import asyncio
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from app.panel.core.audience import Event
from app.panel.core.hub import Hub, Refused
from tests import world as worlds
from tests.conftest import make_app
from tests.goals import goal

pytestmark = pytest.mark.slow

EXPECTED = yaml.safe_load((Path(__file__).parent / "expected_rights.yaml").read_text())
KEY = "key"
PEOPLE = (worlds.NOBODY, *worlds.ROLES, worlds.NO_ROLE, KEY)
STREAM = "GET /stream"  # answered on the event loop, before Flask and its URL map
EVERYBODY, LOGGED_IN, ADMINISTRATOR = "everybody", "whoever is logged in", "the administrator"
# what FAB calls the methods of a screen over a model and of its API, and the right that each asks for
SCREEN = {
    "list": "read", "show": "read", "add": "write", "edit": "write", "delete": "delete", "trash": "delete", "restore": "delete",
    "action_post": "read",
}  # fmt: skip
API = {"get_list": "read", "get": "read", "post": "write", "put": "write", "delete": "delete"}
NEEDS_OFFER = {"add": "add", "edit": "edit", "delete": "delete", "post": "add", "put": "edit"}
GATE, INSIDE, GONE = "refused", "let in", "not there"


@pytest.fixture(scope="module")
def world(new_database, tmp_path_factory):
    return worlds.build(make_app(new_database(), tmp_path_factory.mktemp("rights")))


@pytest.fixture(scope="module")
def key(world):
    """The text of a key with the scopes that the file names."""
    from app.panel.accounts import keys
    from app.panel.accounts.models import KeyKind, User
    from app.panel.core.db import db

    with world.app.app_context():
        owner = db.session.get(User, world.users[EXPECTED["key"]["owner"]])
        rights = [(verb, resource) for resource, verbs in EXPECTED["key"]["rights"].items() for verb in verbs]
        return keys.make(actor=owner, name="till", kind=KeyKind.PERSON, rights=rights)[1]


def client_of(world, person, key):
    client = world.client(worlds.NOBODY if person == KEY else person)
    if person == KEY:
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return client


def holds(person, right):
    """Does the file say that this person has it?"""
    if person == "administrator" or right == EVERYBODY:
        return True
    if person == KEY and right not in (LOGGED_IN, ADMINISTRATOR):
        resource, verb = right.split()
        return verb in EXPECTED["key"]["rights"].get(resource, ()) and holds(EXPECTED["key"]["owner"], right)
    if right == ADMINISTRATOR:
        return False
    if right == LOGGED_IN:
        return person != worlds.NOBODY
    resource, verb = right.split()
    return person in EXPECTED["rights"].get(resource, {}).get(verb, ())


def rights_of(call):
    """The rights of which one opens this address, and whether there is anything behind it."""
    blueprint, _dot, method = call.endpoint.rpartition(".")
    if call.endpoint == "static" or method == "static":
        return [EVERYBODY], False
    if call.endpoint == "pickers.options":
        resource = call.part.split()[0]
        return [f"{resource} read", f"{resource} write"], True
    views = EXPECTED["views"]
    screen = next(
        (r for r in views if blueprint in (r.lower().replace(".", "_"), f"api_{r.lower().replace('.', '_')}")), None
    )
    if screen and call.part and method in ("action", "action_post"):
        return [f"{screen} {views[screen]['operations'][call.part]}"], True
    if screen and call.name not in EXPECTED["pages"]:
        verb = (API if blueprint.startswith("api_") else SCREEN)[method]
        offer = NEEDS_OFFER.get(method)
        is_there = method != "action_post" and (offer is None or offer in views[screen]["offers"])
        return [f"{screen} {verb}"], is_there
    return [EXPECTED["pages"][call.name]], True


def expected(call, person):
    rights, is_there = rights_of(call)
    if person == KEY and not call.rule.startswith("/api/"):
        person = worlds.NOBODY  # a key opens nothing else, and what comes with one elsewhere is a visitor's
    if not any(holds(person, right) for right in rights):
        return GATE
    if call.endpoint.endswith(".restore") and person != "administrator":
        return GONE  # in the trash everybody finds what he threw away himself
    special = EXPECTED["answers"].get(call.name, {})
    return special.get(person) or special.get("all") or (INSIDE if is_there else GONE)


def found(call, answer):
    status = answer.status_code
    if status in (401, 403) or (status == 302 and answer.location.startswith("/login/") and call.rule != "/logout/"):
        return GATE
    if status in (404, 405):
        return GONE
    return INSIDE if status < 500 else f"{status}"


def test_every_route_is_declared_and_every_entry_has_a_route(world):
    seen, unknown, views = {STREAM}, [], defaultdict(set)
    for call in worlds.calls(world):
        try:
            rights_of(call)
        except (KeyError, TypeError) as error:
            unknown.append(f"{call.name} ({error})")
        seen.add(call.name)
    assert not unknown, "say in tests/expected_rights.yaml who may call this"
    assert not set(EXPECTED["pages"]) - seen
    assert not set(EXPECTED["answers"]) - seen
    for view in world.app.extensions["panel_views"].values():
        views[view.resource] = {verb.name: verb.permission for verb in view.verbs.values()}
    assert {name: entry["operations"] for name, entry in EXPECTED["views"].items()} == dict(views)


def test_the_roles_hold_what_the_file_says(world):
    """Rights without a route count too: a later screen would open by them."""
    from app.panel.accounts import queries
    from app.panel.accounts.models import Role
    from app.panel.core.db import db

    held = defaultdict(lambda: defaultdict(list))
    with world.app.app_context():
        for role in worlds.ROLES[1:]:
            entry = db.session.query(Role).filter_by(name=role).one()
            for verb, resource in sorted(queries.held_by_roles([entry])):
                held[resource][verb].append(role)
    assert {r: dict(v) for r, v in held.items()} == EXPECTED["rights"]


@pytest.mark.parametrize("person", PEOPLE)
def test_everybody_gets_exactly_where_he_may(world, key, person, monkeypatch):
    worlds.without_pages(world.app, monkeypatch)
    worlds.asking_once(world.app, monkeypatch)
    client, wrong, asked = client_of(world, person, key), {}, 0
    with worlds.undone(world.app) as undo:
        for call in worlds.calls(world, "A", EXPECTED["key"]["owner"] if person == KEY else person):
            headers = {"Accept": "application/json"}
            answer = client.open(call.path, method=call.method, data=dict(call.form) or None, headers=headers)
            got, wanted = found(call, answer), expected(call, person)
            if got != wanted:
                wrong[call.name] = f"{got} ({answer.status_code}), not {wanted}"
            answer.close()
            undo()
            asked += 1
    goal(f"G27 {person}", f"{len(wrong)}_of_{asked}", 0, not wrong)
    assert asked > 900
    assert not wrong, "\n".join(f"{name}: {text}" for name, text in wrong.items())


def test_the_stream_takes_who_is_logged_in_and_tells_him_of_what_he_may_read(world, key):
    """Its one route by every method, and behind it each resource as a topic: heard where the file says `read`."""
    hub, wrong, asked = Hub(world.app), {}, 0
    resources = sorted({*EXPECTED["views"], *EXPECTED["rights"]})

    async def answer(method, headers):
        try:
            stream = await hub.admit(
                {"method": method, "headers": headers, "query_string": b"topics=orders.Order,setup.Shop"}
            )
        except Refused as refusal:
            return {401: GATE, 403: GATE, 405: GONE}[refusal.status], set()
        topics = [Event((number, 0), name, "changed", "{}", name) for number, name in enumerate(resources)]
        return INSIDE, {event.topic for event in await hub.sift(stream.user_id, topics)}

    for person in PEOPLE:
        client = client_of(world, person, key)
        headers = [
            (name.encode(), client.environ_base.get(f"HTTP_{name.upper()}", "").encode())
            for name in ("cookie", "authorization")
        ]
        is_known = person != KEY and holds(person, EXPECTED["pages"][STREAM])
        for method in ("GET", "POST", "PUT", "DELETE"):
            told = {name for name in resources if is_known and method == "GET" and holds(person, f"{name} read")}
            wanted = GONE if method != "GET" else INSIDE if is_known else GATE, told
            got, asked = asyncio.run(answer(method, headers)), asked + 1
            if got != wanted:
                wrong[f"{method} {person}"] = f"{got[0]}, not {wanted[0]}; topics {sorted(got[1] ^ wanted[1])}"
    goal("G27 stream", f"{len(wrong)}_of_{asked}", 0, not wrong)
    assert not wrong, wrong
