"""The door of the web server: Flask in threads, the stream hub on the event loop, one process and one port.

A stream costs a coroutine here; as a Flask view it would hold one of the threads for hours. Each request gets its id
here, which goes with it into its history, its jobs, its events and its log lines.
"""

import functools
import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from flask import Flask

from app.panel.core import security, trace
from app.panel.core.bridge import Bridge
from app.panel.core.hub import Hub

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Serve = Callable[[Scope, Receive, Send], Awaitable[None]]
NO_BODY = {"type": "http.request", "body": b"", "more_body": False}
OTHERS: dict[str, Callable[[Flask], Serve]] = {}


def serves(prefix: str, make: Callable[[Flask], Serve]) -> None:
    """Have an ASGI callable answer the posts below `prefix` on the event loop: for machines that send more than threads
    should be kept busy with. It has no session, no CSRF token and no policy behind it, so it asks for a signature itself."""
    OTHERS[prefix] = make


class Door:
    """Sends each request to the hub or to Flask, and no body to either that nobody may send."""

    def __init__(self, app: Flask) -> None:
        self.hub = Hub(app)
        self.flask = Bridge(app, app.config["WEB_THREADS"])
        self.most_anonymous = app.config["ANONYMOUS_CONTENT_LENGTH"]
        self.cookie = f"{app.config['SESSION_COOKIE_NAME']}=".encode()
        self.has_proxy = bool(app.config.get("PROXY_COUNT"))
        self.headers = security.headers_without_page(app)
        self.others = {prefix: make(app) for prefix, make in OTHERS.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
        else:
            with trace.tracing(self.given(scope)) as number:
                await self.lead({**scope, trace.SCOPE_KEY: number}, receive, send, number)

    async def lead(self, scope: Scope, receive: Receive, send: Send, number: str) -> None:
        if status := self.refusal(dict(scope["headers"])):
            refused = {**scope, security.REFUSAL_KEY: status, "headers": without_body(scope["headers"])}
            await self.flask(refused, nothing, adding(send, [(b"connection", b"close")]))
        elif scope["path"] == "/stream":
            more = [*self.headers, (trace.HEADER.lower().encode(), number.encode())]
            await self.hub(scope, receive, adding(send, more))
        elif scope["method"] == "POST" and (other := self.other(scope["path"])) is not None:
            more = [*self.headers, (trace.HEADER.lower().encode(), number.encode())]
            await other(scope, functools.partial(received, receive), adding(send, more))
        else:
            # granian's receive() hands out an awaitable that is no coroutine, and a thread can wait for nothing else
            await self.flask(scope, functools.partial(received, receive), send)

    def other(self, path: str) -> Serve | None:
        return next((serve for prefix, serve in self.others.items() if path.startswith(prefix)), None)

    def given(self, scope: Scope) -> str | None:
        """The id that a proxy of ours on this machine has given already; from anybody else it is nobody's word."""
        if not self.has_proxy or not is_here(scope):
            return None
        return dict(scope["headers"]).get(trace.HEADER.lower().encode(), b"").decode("latin-1")

    def refusal(self, headers: dict[bytes, bytes]) -> int:
        """Why no byte of this body is read. A larger one from somebody with a session is Flask's to refuse."""
        if b"chunked" in headers.get(b"transfer-encoding", b"").lower():
            return 411
        length = headers.get(b"content-length", b"0")
        known = self.cookie in headers.get(b"cookie", b"") or b"authorization" in headers
        if not length.isdigit() or (int(length) > self.most_anonymous and not known):
            return 413
        return 0

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


async def nothing() -> dict[str, Any]:
    return NO_BODY


def is_here(scope: Scope) -> bool:
    try:
        return ipaddress.ip_address((scope.get("client") or ("",))[0]).is_loopback
    except ValueError:
        return False


def without_body(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name not in (b"content-length", b"transfer-encoding")]


def adding(send: Send, more: Headers) -> Send:
    """`send` with these headers on the answer."""

    async def wrapped(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return wrapped
