"""What stands before Flask: who may send how much, and what goes to the hub."""

import asyncio

import pytest
from flask import Flask, request

from app.panel.core import door, security, trace


class Hub:
    def __init__(self, app):
        self.closed = False

    async def __call__(self, scope, receive, send):
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": trace.request_id().encode()})

    async def close(self):
        self.closed = True


@pytest.fixture
def at_the_door(monkeypatch):
    monkeypatch.setattr(door, "Hub", Hub)
    app = Flask("behind")
    app.config |= {
        "WEB_THREADS": 2,
        "MAX_CONTENT_LENGTH": 5000,
        "ANONYMOUS_CONTENT_LENGTH": 1000,
        "SESSION_COOKIE_NAME": "zhanggui",
    }

    app.before_request(security.refuse_at_the_door)
    app.wsgi_app = trace.Traced(app.wsgi_app)

    @app.get("/number")
    def number():
        return trace.request_id()

    @app.post("/echo")
    def echo():
        return str(len(request.get_data()))

    return door.Door(app)


def ask(at_the_door, path="/echo", body=b"", method="POST", **headers):
    status, _headers, text = answer_of(at_the_door, path, body, method, **headers)
    return status, text


def answer_of(at_the_door, path="/number", body=b"", method="GET", client="10.0.0.9", **headers):
    sent, parts = [], [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        return parts.pop(0)

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"", "http_version": "1.1", "client": (client, 5000),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    asyncio.run(at_the_door(scope, receive, send))
    text = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}, text


def test_a_small_body_reaches_flask(at_the_door):
    assert ask(at_the_door, body=b"x" * 900, content_length="900") == (200, b"900")


def test_a_stranger_may_not_send_much(at_the_door):
    assert ask(at_the_door, body=b"x" * 1001, content_length="1001")[0] == 413


@pytest.mark.parametrize("headers", [{"cookie": "zhanggui=abc"}, {"authorization": "Bearer abc"}])
def test_who_shows_a_session_may_send_more(at_the_door, headers):
    assert ask(at_the_door, body=b"x" * 4000, content_length="4000", **headers) == (200, b"4000")


def test_nobody_may_send_more_than_the_instance_takes(at_the_door):
    assert ask(at_the_door, body=b"x" * 6000, content_length="6000", cookie="zhanggui=abc")[0] == 413


@pytest.mark.parametrize("length", ["-1", "1e3", "", "many"])
def test_a_length_that_is_no_number_is_refused(at_the_door, length):
    assert ask(at_the_door, content_length=length)[0] == 413


def test_a_body_of_unknown_length_is_refused(at_the_door):
    assert ask(at_the_door, body=b"x" * 9000, transfer_encoding="chunked")[0] == 411


def test_streams_go_to_the_hub(at_the_door):
    assert answer_of(at_the_door, "/stream")[1]["content-type"] == "text/event-stream"


def test_a_refused_body_is_not_read_and_the_connection_ends(at_the_door):
    status, headers, _text = answer_of(at_the_door, "/echo", method="POST", content_length="9999999")
    assert (status, headers["connection"]) == (413, "close")


@pytest.mark.parametrize("path", ["/number", "/stream"])
def test_each_request_runs_under_an_id_of_its_own_that_its_answer_names(at_the_door, path):
    first, second = answer_of(at_the_door, path), answer_of(at_the_door, path)
    assert first[2].decode() == first[1]["x-request-id"] and len(first[2]) == 32
    assert first[2] != second[2]
    assert trace.request_id() == ""


@pytest.mark.parametrize(
    ("proxies", "client", "given", "taken"),
    [
        (0, "127.0.0.1", "from-outside-1", False),
        (1, "10.0.0.9", "from-outside-1", False),
        (1, "127.0.0.1", "from-the-proxy", True),
        (1, "127.0.0.1", "short", False),
        (1, "127.0.0.1", "with a space in it", False),
    ],
)
def test_only_a_proxy_of_this_machine_may_give_an_id(at_the_door, proxies, client, given, taken):
    at_the_door.has_proxy = bool(proxies)
    _status, headers, text = answer_of(at_the_door, client=client, x_request_id=given)
    assert (headers["x-request-id"] == given) is taken
    assert text.decode() == headers["x-request-id"]


def test_a_stream_carries_the_headers_of_every_answer(at_the_door):
    headers = answer_of(at_the_door, "/stream")[1]
    assert {name.lower() for name in security.HEADERS} | {"content-security-policy"} <= headers.keys()


def test_the_hub_is_closed_with_the_server(at_the_door):
    messages, answers = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}], []

    async def receive():
        return messages.pop(0)

    async def send(message):
        answers.append(message["type"])

    asyncio.run(at_the_door({"type": "lifespan"}, receive, send))
    assert answers == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert at_the_door.hub.closed
