"""Flask behind ASGI: small requests cross into a thread once, large ones go piece by piece."""

import asyncio
import threading

import pytest
from flask import Flask, Response, request

from app.panel.core import bridge


@pytest.fixture
def flask():
    app = Flask("behind")

    @app.post("/size")
    def size():
        return str(len(request.get_data()))

    @app.get("/pieces")
    def pieces():
        return Response((str(n) * 3 for n in range(4)), mimetype="text/plain")

    @app.get("/breaks")
    def breaks():
        return Response(broken(), mimetype="text/plain")

    @app.get("/nothing")
    def nothing():
        return "", 204

    return app


def broken():
    yield "one"
    raise OSError("the file has gone")


def ask(flask, path, method="GET", parts=(b"",), **headers):
    """What the server would send, message by message."""
    left, sent = list(parts), []

    async def receive():
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"", "http_version": "1.1",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    try:
        asyncio.run(bridge.Bridge(flask, 2)(scope, receive, send))
    except OSError as error:
        sent.append(error)
    return sent


def test_a_small_request_and_its_answer_cross_between_loop_and_thread_once(flask, monkeypatch):
    monkeypatch.setattr(bridge.asyncio, "run_coroutine_threadsafe", None)
    start, body = ask(flask, "/size", "POST", [b"x" * 600, b"y" * 300], content_length="900")
    assert (start["status"], body) == (200, {"type": "http.response.body", "body": b"900"})
    assert [message.get("status", message.get("body")) for message in ask(flask, "/nothing")] == [204, b""]


def test_a_large_body_is_read_as_flask_asks_for_it(flask, monkeypatch):
    monkeypatch.setattr(bridge, "WHOLE_BODY", 1000)
    _start, body = ask(flask, "/size", "POST", [b"x" * 1000] * 3, content_length="3000")
    assert body["body"] == b"3000"


def test_whoever_goes_away_in_the_middle_of_his_body_has_said_nothing(flask):
    assert ask(flask, "/size", "POST", [b"x"], content_length="900")[0]["status"] == 400


def test_an_answer_of_unknown_length_goes_piece_by_piece(flask):
    assert [message.get("body", b"") for message in ask(flask, "/pieces")] == [b"", b"000", b"111", b"222", b"333", b""]


def test_a_large_answer_goes_piece_by_piece(flask, monkeypatch):
    monkeypatch.setattr(bridge, "WHOLE_ANSWER", 2)
    assert [message.get("body") for message in ask(flask, "/size", "POST", [b"x" * 900], content_length="900")] == [None, b"900", b""]


def test_head_has_the_length_of_the_answer_and_no_body(flask):
    start, body = ask(flask, "/pieces", "HEAD")[:2]
    assert start["status"] == 200 and body["body"] == b""


def test_an_answer_that_breaks_off_is_no_whole_one(flask):
    sent = ask(flask, "/breaks")
    assert isinstance(sent[-1], OSError) and sent[-2]["more_body"]


def test_requests_run_in_threads_side_by_side(flask):
    meet = threading.Barrier(2, timeout=60)
    flask.get("/meet")(lambda: str(meet.wait() >= 0))

    async def both():
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/meet", "query_string": b"", "http_version": "1.1", "headers": []}
        behind = bridge.Bridge(flask, 2)
        await asyncio.gather(behind(scope, receive, send), behind(scope, receive, send))
        return [message["body"] for message in sent if "body" in message]

    assert asyncio.run(both()) == [b"True", b"True"]
