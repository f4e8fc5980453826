"""The id that ties together a request, the jobs it starts, the events it sends and the lines it logs."""

from __future__ import annotations

import contextlib
import contextvars
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_current: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
_SAFE = re.compile(r"[A-Za-z0-9_.-]{8,40}")
HEADER = "X-Request-Id"
SCOPE_KEY = "panel.request_id"  # where the door leaves it for what stands behind


def request_id() -> str:
    """The id of what runs now, or an empty string."""
    return _current.get()


@contextlib.contextmanager
def tracing(given: str | None = None) -> Iterator[str]:
    """Run under the given id (if it is a plain one), else under a new one."""
    value = given if given and _SAFE.fullmatch(given) else uuid.uuid4().hex
    token = _current.set(value)
    try:
        yield value
    finally:
        _current.reset(token)


class Traced:
    """A WSGI application whose every request runs under an id, from before its session is opened; the answer names it.

    The id is the door's where there is one. A header from outside is never asked: it could name somebody else's request.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with tracing(environ.get("asgi.scope", {}).get(SCOPE_KEY)) as value:

            def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
                return start_response(status, [*headers, (HEADER, value)], *rest)

            return self.app(environ, start)
