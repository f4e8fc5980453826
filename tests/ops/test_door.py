"""What stands before Flask: who may send how much, and what goes to the hub."""

import asyncio

import pytest
from flask import Flask, request

from app.panel.core import door


class Hub:
    def __init__(self, app):
        self.closed = False

    async def __call__(self, scope, receive, send):
        await door.answer(send, 200, "a stream")

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

    @app.post("/echo")
    def echo():
        return str(len(request.get_data()))

    return door.Door(app)


def ask(at_the_door, path="/echo", body=b"", method="POST", **headers):
    sent, parts = [], [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        return parts.pop(0)

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"", "http_version": "1.1",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    asyncio.run(at_the_door(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


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
    assert ask(at_the_door, path="/stream", method="GET") == (200, b'{"message": "a stream"}')


def test_the_hub_is_closed_with_the_server(at_the_door):
    messages, answers = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}], []

    async def receive():
        return messages.pop(0)

    async def send(message):
        answers.append(message["type"])

    asyncio.run(at_the_door({"type": "lifespan"}, receive, send))
    assert answers == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert at_the_door.hub.closed
