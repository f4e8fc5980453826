"""Flask behind ASGI: one hop into a thread for the whole request, and one hop back with the whole answer.

a2wsgi crosses between the loop and the thread for the body, for the headers and for every piece of an answer, and waits
each time until Python lets the other one run: with eight busy threads that took longer than the request itself. Here
only what is large goes piece by piece.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import io
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi.wsgi import Body, build_environ

Scope = MutableMapping[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
WHOLE_BODY, WHOLE_ANSWER = 256 * 1024, 1024 * 1024  # what is kept in memory of one request
WITHOUT_BODY = (204, 304)


class Bridge:
    """An ASGI application that runs a WSGI application in `threads` threads."""

    def __init__(self, app: Callable[..., Iterable[bytes]], threads: int) -> None:
        self.app = app
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="WSGI")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        body: Any = Body(loop, receive)  # type: ignore[arg-type]
        if length_of(scope["headers"]) <= WHOLE_BODY:
            body = io.BytesIO(await whole(receive))
        answer = Answer(loop, send)
        environ = build_environ(scope, body)  # type: ignore[arg-type]
        make = functools.partial(contextvars.copy_context().run, answer.make, self.app, environ)  # type: ignore[arg-type]
        await loop.run_in_executor(self.threads, make)
        if answer.start is not None:
            await send(answer.start)
            await send({"type": "http.response.body", "body": answer.body})


class Answer:
    """What the application says; `start` is empty when all of it was sent already."""

    def __init__(self, loop: asyncio.AbstractEventLoop, send: Send) -> None:
        self.loop, self.send = loop, send
        self.start: Message | None = None
        self.body = b""
        self.length = -1

    def begin(self, status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], None]:
        pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        code = int(status[:3])
        self.length = 0 if code in WITHOUT_BODY else length_of(pairs, -1)
        self.start = {"type": "http.response.start", "status": code, "headers": pairs}
        return self.piece

    def make(self, app: Callable[..., Iterable[bytes]], environ: dict[str, Any]) -> None:
        """Runs in a thread. An answer of unknown or great length is sent from here, each piece when the last one went."""
        pieces = app(environ, self.begin)
        try:
            if 0 <= self.length <= WHOLE_ANSWER:
                self.body = b"".join(pieces)
                return
            for piece in pieces:
                self.piece(piece)
            self.piece(b"", more=False)
        finally:
            getattr(pieces, "close", lambda: None)()

    def piece(self, body: bytes, more: bool = True) -> None:
        start, self.start = self.start, None
        if start is not None:
            self._wait_for(start)
        self._wait_for({"type": "http.response.body", "body": body, "more_body": more})

    def _wait_for(self, message: Message) -> None:
        asyncio.run_coroutine_threadsafe(_sent(self.send, message), self.loop).result()


async def _sent(send: Send, message: Message) -> None:
    await send(message)


async def whole(receive: Receive) -> bytes:
    """All of a body, or what came of it before its sender went away."""
    found, more = b"", True
    while more:
        message = await receive()
        found, more = found + message.get("body", b""), message.get("more_body", False)
    return found


def length_of(headers: Iterable[tuple[bytes, bytes]], default: int = 0) -> int:
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return default
