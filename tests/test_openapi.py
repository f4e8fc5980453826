"""Schemathesis over the whole description of the REST API: no answer is a fault of ours, and all are as described (G36)."""

import json
from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import checks

from tests import world as worlds
from tests.conftest import make_app

pytestmark = pytest.mark.slow

CASES = 2000
HELD = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def world(new_database, tmp_path_factory):
    return worlds.build(make_app(new_database(), tmp_path_factory.mktemp("openapi")))


@pytest.fixture(scope="module")
def schema(world):
    """The description as the instance gives it, with ada's session and token on every request."""
    ada = world.client("administrator")
    hers = {"HTTP_COOKIE": ada.environ_base["HTTP_COOKIE"], "HTTP_X_CSRFTOKEN": ada.token, "HTTP_HOST": "localhost"}

    def wsgi(environ, start_response):
        # one thread serves all: without a context of its own a request would meet the `g` of the one before
        with world.app.app_context():
            return world.app({**environ, **hers}, start_response)

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


def examine(operation, cases, number, told, undo=lambda: None):
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
            case.validate_response(answer, checks=HELD)
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
    assert told.total() >= CASES * 0.9, told
    assert told[200] > 100 and told[201] > 0, told
    assert not faults, f"{told}\n" + json.dumps(faults, indent=1, ensure_ascii=False).replace("\\n", "\n")[:12000]


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
