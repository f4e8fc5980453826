"""Every rule of the URL map and the stream beside it, by every method, for a visitor, each role, a person without one
and an API key (SAFETY G27).

`app/rights.yaml` is read by people: who holds which right, and which right a route asks for. A route that is not in it
fails, and so does an entry of which there is no route. The rights check of an instance asks by the same code.
"""

import asyncio
from collections import defaultdict
from pathlib import Path

import pytest

from app.panel.core import policy
from app.panel.core.audience import Event
from app.panel.core.hub import Hub, Refused
from app.rightscheck import canaries, expectations
from app.rightscheck.expectations import GATE, GONE, INSIDE, KEY, found
from tests import world as worlds
from tests.goals import goal
from tests.people import make_key

pytestmark = pytest.mark.slow

EXPECTED = expectations.reviewed()
WANTED = expectations.Expectations(expectations.delivered())
PEOPLE = (worlds.NOBODY, *worlds.ROLES, worlds.NO_ROLE, KEY)
SHOWN = ("/orders/print/receipts?", "/customers/customer/show/", "/catalog/sku/show/")
WITHOUT_ROWS = ("options", "action", "add", "trash", "static")
STREAM = "GET /stream"  # answered on the event loop, before Flask and its URL map


@pytest.fixture(scope="module")
def world(new_database, tmp_path_factory):
    return worlds.shared(new_database(), tmp_path_factory.mktemp("rights"))


@pytest.fixture(scope="module")
def key(world):
    """The text of a key with the scopes that the file names."""
    from app.panel.accounts.models import KeyKind, User
    from app.panel.core.db import db

    with world.app.app_context():
        owner = db.session.get(User, world.users[EXPECTED["key"]["owner"]])
        rights = [(verb, resource) for resource, verbs in EXPECTED["key"]["rights"].items() for verb in verbs]
        return make_key(actor=owner, name="till", kind=KeyKind.PERSON, rights=rights)[1]


def client_of(world, person, key):
    client = world.client(worlds.NOBODY if person == KEY else person)
    if person == KEY:
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return client


def test_the_file_is_one_file_wherever_it_is_read():
    assert Path(__file__).with_name("expected_rights.yaml").resolve() == expectations.FILE.resolve()


def test_every_route_is_declared_and_every_entry_has_a_route(world):
    seen, unknown, views = {STREAM}, [], defaultdict(set)
    for call in worlds.calls(world):
        try:
            WANTED.rights_of(call)
        except (KeyError, TypeError) as error:
            unknown.append(f"{call.name} ({error})")
        seen.add(call.name)
    assert not unknown, "say in app/rights.yaml who may call this"
    assert not set(EXPECTED["pages"]) - seen
    assert not set(EXPECTED["answers"]) - seen
    for view in world.app.extensions["panel_views"].values():
        views[view.resource] = {verb.name: verb.permission for verb in view.verbs.values()}
    assert {name: entry["operations"] for name, entry in EXPECTED["views"].items()} == dict(views)


def test_every_guarded_field_is_declared_with_its_right():
    known = {name: {n: rule.verb for n, rule in rules.items()} for name, rules in policy.REGISTRY.fields.items()}
    assert {name: rules for name, rules in known.items() if not name.startswith("books.")} == EXPECTED["guarded"]


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
            got, wanted = found(call, answer), WANTED.expected(call, person)
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
        is_known = person != KEY and WANTED.holds(person, EXPECTED["pages"][STREAM])
        for method in ("GET", "POST", "PUT", "DELETE"):
            told = {name for name in resources if is_known and method == "GET" and WANTED.holds(person, f"{name} read")}
            wanted = GONE if method != "GET" else INSIDE if is_known else GATE, told
            got, asked = asyncio.run(answer(method, headers)), asked + 1
            if got != wanted:
                wrong[f"{method} {person}"] = f"{got[0]}, not {wanted[0]}; topics {sorted(got[1] ^ wanted[1])}"
    goal("G27 stream", f"{len(wrong)}_of_{asked}", 0, not wrong)
    assert not wrong, wrong


def test_no_page_shows_a_field_that_the_configuration_hides_or_masks(world, monkeypatch):
    """Every field that can be hidden holds a value of its own; no page has one in it (SAFETY G27).

    Here one reader asks the pages that show rows, for whom half of the fields are hidden and half masked; the rights
    check of an instance asks all of them, with every field hidden and with every field masked.
    """
    sweep, leaks = canaries.Sweep(world), {}
    with sweep.planted() as undo:
        sweep.met(next(canaries.calls(world)), canaries.MIXED)  # draws what stands around every page
        worlds.without_chrome(world.app, monkeypatch)
        worlds.asking_once(world.app, monkeypatch)
        asked = [call for call in canaries.calls(world) if call.endpoint.rpartition(".")[2] not in WITHOUT_ROWS]
        for call in asked:
            if met := sweep.met(call, canaries.MIXED):
                leaks[call.name] = sorted(met)
            undo()
        seen = {place for call in asked if call.path.startswith(SHOWN) for place in sweep.met(call, "write")}
    assert len(asked) > 300
    assert not leaks
    assert not sweep.faults
    assert seen >= {("orders.Order", "total"), ("customers.Customer", "phone"), ("catalog.Sku", "cost")}, "hidden from nobody"
