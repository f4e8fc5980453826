"""The door of the web server: Flask in threads, the stream hub on the event loop, one process and one port.

A stream costs a coroutine here; as a Flask view it would hold one of the threads for hours.
"""

import functools
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from a2wsgi import WSGIMiddleware
from flask import Flask

from app.panel.core.hub import Hub

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Door:
    """Sends each request to the hub or to Flask, and no body to either that nobody may send."""

    def __init__(self, app: Flask) -> None:
        self.hub = Hub(app)
        self.flask = WSGIMiddleware(app, workers=app.config["WEB_THREADS"])  # type: ignore[arg-type]
        self.most_anonymous = app.config["ANONYMOUS_CONTENT_LENGTH"]
        self.cookie = f"{app.config['SESSION_COOKIE_NAME']}=".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
        elif refusal := self.refusal(dict(scope["headers"])):
            await answer(send, *refusal)
        elif scope["path"] == "/stream":
            await self.hub(scope, receive, send)
        else:
            # granian's receive() hands out an awaitable that is no coroutine, and a2wsgi takes nothing else
            await self.flask(scope, functools.partial(received, receive), send)  # type: ignore[arg-type]

    def refusal(self, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
        """Why no byte of this body is read. A larger one from somebody with a session is Flask's to refuse."""
        if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
            return 411, "Say how long the body is (Content-Length)."
        length = headers.get(b"content-length", b"0")
        known = self.cookie in headers.get(b"cookie", b"") or b"authorization" in headers
        if not length.isdigit() or (int(length) > self.most_anonymous and not known):
            return 413, "The body is too large."
        return None

    async def live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self.hub.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


async def received(receive: Receive) -> dict[str, Any]:
    return await receive()


async def answer(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"message": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})
