"""The id that ties together a request, the jobs it starts, the events it sends and the lines it logs."""

from __future__ import annotations

import contextlib
import contextvars
import re
import uuid
from collections.abc import Iterator

_current: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
_SAFE = re.compile(r"[A-Za-z0-9_.-]{8,40}")


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


def begin(given: str | None = None) -> str:
    """Set the id for the rest of this context; for servers that have no block to wrap."""
    value = given if given and _SAFE.fullmatch(given) else uuid.uuid4().hex
    _current.set(value)
    return value
