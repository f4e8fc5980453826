"""Schemathesis over the whole description of the REST API: no answer is a fault of ours, and all are as described (G36)."""

import json
import re
from collections import Counter

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.internal import charmap
from hypothesis.internal.conjecture import providers
from hypothesis.internal.intervalsets import IntervalSet
from schemathesis import checks

from app.shop.orders import intake_json
from tests import world as worlds
from tests.goals import goal

pytestmark = pytest.mark.slow

CASES = 2000
HELD = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
UTF_8 = IntervalSet(((0, 0xD7FF), (0xE000, 0x10FFFF))), IntervalSet(())


@pytest.fixture(scope="module", autouse=True)
def hypothesis_begins_at_once():
    """It would try a million characters to learn what UTF-8 can write, and read all our modules for words to try."""
    with pytest.MonkeyPatch.context() as patch:
        real = charmap.intervals_from_codec
        patch.setattr(charmap, "intervals_from_codec", lambda name: UTF_8 if name == "utf-8" else real(name))
        patch.setattr(providers, "_get_local_constants", lambda: providers._local_constants)
        yield


@pytest.fixture(scope="module")
def world(new_database, tmp_path_factory):
    world = worlds.shared(new_database(), tmp_path_factory.mktemp("openapi"))
    with pytest.MonkeyPatch.context() as patch:
        worlds.asking_once(world.app, patch, guarded=True)
        yield world


@pytest.fixture(scope="module")
def who(world):
    """What every request carries: ada's session and token, unless a test puts something else there."""
    ada = world.client("administrator")
    return {"HTTP_COOKIE": ada.environ_base["HTTP_COOKIE"], "HTTP_X_CSRFTOKEN": ada.token, "HTTP_HOST": "localhost"}


@pytest.fixture(scope="module")
def schema(world, who):
    """The description as the instance gives it."""

    def wsgi(environ, start_response):
        # one thread serves all: without a context of its own a request would meet the `g` of the one before
        with world.app.app_context():
            return world.app({**environ, **who}, start_response)

    return schemathesis.openapi.from_wsgi("/api/v1/_openapi", app=wsgi)


def operations(schema):
    return [result.ok() for result in schema.get_all_operations()]


def test_every_api_route_is_described(world, schema):
    described = {(op.method.upper(), op.full_path) for op in operations(schema)}
    routes = {
        (call.method, call.rule.replace("<int:pk>", "{pk}"))
        for call in worlds.calls(world)
        if call.endpoint.startswith("api_")
    }
    offered = set()
    client = world.client("administrator")
    with worlds.undone(world.app) as undo:
        for call in worlds.calls(world, "A", "administrator"):
            if call.endpoint.startswith("api_"):
                if client.open(call.path, method=call.method).status_code != 405:
                    offered.add((call.method, call.rule.replace("<int:pk>", "{pk}")))
                undo()
    assert len(routes) > 100
    assert described >= offered
    assert not {d for d in described if d in routes} - offered, "described, and not offered"


def test_the_doors_for_channels_are_described_as_they_read(schema):
    """The words that the reader of the JSON knows are those of the description; lengths and choices come from it."""
    doors = {op.full_path: op.definition.raw for op in operations(schema) if op.definition.raw["tags"] == ["orders.Intake"]}
    assert set(doors) == {"/api/v1/orders/intake/", "/hooks/orders/{public_id}/"}
    parts = schema.raw_schema["components"]["schemas"]
    told = parts["orders.Intake.Order"]["properties"]
    assert set(told) == intake_json.TOP and set(told["buyer"]["properties"]) == set(intake_json.BUYER)
    assert set(parts["orders.Intake.Refund"]["properties"]) == intake_json.OF_REFUND
    headers = {path: {p["name"]: p.get("required", False) for p in door["parameters"]} for path, door in doors.items()}
    assert headers == {
        "/api/v1/orders/intake/": {"Idempotency-Key": False, "X-Zhanggui-Event": False},
        "/hooks/orders/{public_id}/": {"public_id": True, "X-Zhanggui-Signature": True, "X-Zhanggui-Event": False},
    }


def test_what_the_doors_answer_is_as_described(world, schema):
    """An order, the same again, a refund, the same again, its number with another amount, and an order without a line."""
    from app.panel.core.actor import SYSTEM
    from app.panel.core.db import db
    from app.shop.orders.services import addresses
    from app.shop.setup.models import Channel

    client, told, document = world.client("administrator"), [], schema.raw_schema
    with worlds.undone(world.app):
        channel = db.session.get(Channel, world.ids["A"]["setup_channel"])
        address, secret = addresses.new_secret(channel, actor=SYSTEM)
        paths = {"/api/v1/orders/intake/": "", "/hooks/orders/{public_id}/": address.public_id}
        goods = [{"sku": "no-such", "quantity": 1, "unit_price": "9.00"}]
        order = {"channel_id": channel.id, "lines": goods, "paid": True}
        refund = {"channel_id": channel.id, "kind": "refund", "amount": "4.00"}
        db.session.commit()
        for path, public_id in paths.items():
            for body in (order, order, refund, refund, refund | {"amount": "5.00"}, order | {"lines": []}):
                number = {"external_number": f"D-{public_id}"} | ({"reference": f"RF-{public_id}"} if "kind" in body else {})
                text, at = json.dumps(body | number), int(addresses.clock.now().timestamp())
                headers = {
                    "X-Zhanggui-Signature": f"t={at},v1={addresses.signature(secret, at, text.encode())}",
                    "X-Zhanggui-Event": f"e-{public_id}-{len(told)}",
                }
                answer = client.post(path.format(public_id=public_id), data=text, headers=headers, content_type="application/json")
                told.append(answer.status_code)
                said = document["paths"][path]["post"]["responses"][str(answer.status_code)]["content"]["application/json"]
                assert fits(answer.json, said["schema"], document), (path, body, answer.json)
    assert told == [201, 200, 201, 200, 409, 422] * 2


def test_what_programs_call_is_described_whoever_offers_it(world, schema):
    """Also the pages that are no list of rows: operations, their repetitions, the doors for channels."""
    described = {(op.method.upper(), re.sub(r"{\w+}", "{}", op.full_path)) for op in operations(schema)}
    routes = {
        (call.method, re.sub(r"<[^>]+>", "{}", call.rule)) for call in worlds.calls(world)
        if call.rule.startswith("/api/v1/") and not call.endpoint.startswith("api_")
    }  # fmt: skip
    assert len(routes) > 14 and routes - described == {("GET", "/api/v1/_openapi")}


def test_what_operations_and_their_repetitions_answer_is_as_described(world, schema):
    """Looked at, put off, cancelled, taken back; repeated, rehearsed, ended; and each of the refusals that are described."""
    document, told, client = schema.raw_schema, {}, world.client("administrator")
    base, again = "/api/v1/bulk/operation/", "/api/v1/bulk/repeat/"

    def ask(method, path, person=client, key="", **body):
        answer = person.open(path, method=method, headers={"Idempotency-Key": key} if key else {}, **body)
        rule = re.sub(r"/\d+(/|$)", lambda m: ("/{run_id}" if path.startswith(base) else "/{repeat_id}") + m.group(1), path)
        said = document["paths"][rule][method.lower()]["responses"][str(answer.status_code)]["content"]["application/json"]
        assert fits(answer.json, said["schema"], document), (path, answer.json)
        told.setdefault(rule, []).append(answer.status_code)
        return answer.json

    with worlds.undone(world.app):
        values = {"how": "amount", "value": "1", "ending": "", "margin": ""}
        wanted = {"operation": "catalog.change_price", "rows": [world.ids["A"]["catalog_sku"]], "values": values, "start": False}
        run = ask("POST", base, key="o-1", json=wanted)["id"]
        assert ask("POST", base, key="o-1", json=wanted)["id"] == run
        ask("POST", base, key="o-1", json=wanted | {"start": True})
        ask("POST", base, data="[", content_type="application/json")
        ask("POST", base, world.client("support"), json=wanted)
        for person in (world.client(worlds.NOBODY), client):
            ask("GET", f"{base}{run}/", person)
        ask("GET", f"{base}{2**40}/")
        for at in ("2020-11-27T20:00", "Friday", "2126-11-27T20:00:00+08:00", "2126-11-27T20:00:00+08:00"):
            found = ask("POST", f"{base}{run}/start", json={"begins_at": at})
        assert ask("GET", f"{base}{run}/")["begins_at"] == "2126-11-27T12:00:00+00:00", found
        for command in ("pause", "resume", "cancel", "resume", "resume", "undo"):  # the plan outlives a pause, not a cancel
            ask("POST", f"{base}{run}/{command}")
        number = ask("POST", again, json={"run": run, "cron": "0 20 * * 5"})["id"]
        for wrong in ({"run": run, "cron": "never"}, {"run": 2**30, "cron": "0 20 * * 5"}):
            ask("POST", again, json=wrong)
        ask("GET", again)
        ask("GET", f"{again}{number}/")
        for body in ({"enabled": False}, {"enabled": "no"}):
            ask("POST", f"{again}{number}/switch", json=body)
        ask("POST", f"{again}{number}/rehearse")
        for _time in range(2):
            ask("DELETE", f"{again}{number}/")
    assert told == {
        base: [201, 201, 422, 400, 403], f"{base}{{run_id}}/": [401, 200, 404, 200], f"{base}{{run_id}}/start": [422, 422, 200, 409],
        f"{base}{{run_id}}/pause": [200], f"{base}{{run_id}}/resume": [200, 200, 409], f"{base}{{run_id}}/cancel": [200],
        f"{base}{{run_id}}/undo": [200], again: [201, 422, 404, 200], f"{again}{{repeat_id}}/": [200, 200, 404],
        f"{again}{{repeat_id}}/switch": [200, 422], f"{again}{{repeat_id}}/rehearse": [200],
    }  # fmt: skip


def fits(value, found, document):
    """Does it fit this schema of the document?"""
    return jsonschema_rs.validator_for(as_json_schema(found | {"components": document["components"]})).is_valid(value)


def as_json_schema(found):
    """OpenAPI 3.0 says `nullable` where JSON Schema names null among the types."""
    if isinstance(found, list):
        return [as_json_schema(one) for one in found]
    if not isinstance(found, dict):
        return found
    told = {name: as_json_schema(one) for name, one in found.items()}
    return {"anyOf": [told, {"type": "null"}]} if found.get("nullable") is True else told


def examine(operation, cases, number, told, undo=lambda: None, held=HELD):
    """{operation and status: what was wrong} over that many random cases."""
    faults = {}

    @seed(number)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case):
        answer = case.call()
        told[answer.status_code] += 1
        undo()
        try:
            case.validate_response(answer, checks=held)
        except (AssertionError, BaseExceptionGroup) as error:
            parts = getattr(error, "exceptions", [error])
            where = f"{operation.method.upper()} {operation.full_path} {answer.status_code}"
            faults.setdefault(where, "\n".join(str(part)[:1500] for part in parts))

    ask()
    return faults


def test_the_api_answers_as_described(world, schema):
    told, faults = Counter(), {}
    every = operations(schema)
    each, rest = divmod(CASES, len(every))
    with worlds.undone(world.app) as undo:
        for number, operation in enumerate(every):
            faults |= examine(operation, each + (number < rest), number, told, undo)
    goal("G36", f"{told.total()}_cases,{len(faults)}_faults", f"{CASES}_cases,0_faults", not faults)
    assert told.total() >= CASES * 0.9, told
    assert told[200] > 100 and told[201] > 0, told
    assert not faults, f"{told}\n" + json.dumps(faults, indent=1, ensure_ascii=False).replace("\\n", "\n")[:12000]


@pytest.mark.parametrize("cookie", ["", "zhanggui=" + "x" * 43])
def test_no_operation_goes_without_a_session(world, schema, who, monkeypatch, cookie):
    """With no session or one that never was; a change is refused before anybody asks whose it is, for want of a token."""
    monkeypatch.setitem(who, "HTTP_COOKIE", cookie)
    told, faults = Counter(), {}

    def refused(_context, response, case):
        assert response.status_code in ((401,) if case.method == "GET" else (400, 401)), response.status_code

    for number, operation in enumerate(operations(schema)):
        faults |= examine(operation, 1, number, told, held=[refused])
    assert told.total() > 150
    assert not faults


@pytest.mark.parametrize(
    ("status", "body"),
    [("500 X", b"{}"), ("418 X", b'{"message": "x"}'), ("200 OK", b'{"result": 7}'), ("403 X", b'{"errors": {}}')],
)
def test_the_check_would_notice(world, schema, status, body):
    def wrong(environ, start_response):
        start_response(status, [("Content-Type", "application/json")])
        return [body]

    document = world.client("administrator").get("/api/v1/_openapi").json
    lying = schemathesis.openapi.from_dict(document)
    lying.app = wrong
    operation = next(result.ok() for result in lying.get_all_operations())
    assert operation.method == "get" and examine(operation, 2, 1, Counter())
