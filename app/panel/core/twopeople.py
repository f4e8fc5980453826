"""Some changes need two people: who asks for it, and another one who confirms it (SAFETY R17).

Services ask here, at the place where a change would give somebody more. Who knows the people says whether a second one is
needed; then nothing is changed, and what was wanted waits.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any

_asks: list[Callable[[Any], bool]] = []
_confirmed: contextvars.ContextVar[str | None] = contextvars.ContextVar("two_people_confirmed", default=None)


class AnotherPersonNeeded(Exception):
    """No refusal: what was wanted waits for somebody else. `what` is plain JSON, `about` is what two changes cannot share."""

    def __init__(self, kind: str, what: dict[str, Any], about: str, actor: Any) -> None:
        super().__init__(kind)
        self.kind, self.what, self.about, self.actor = kind, what, about, actor


def needed_by(ask: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Register who says whether a change by this actor needs a second person."""
    _asks[:] = [ask]
    return ask


def ask(kind: str, what: dict[str, Any], *, about: str, actor: Any) -> None:
    """:raises AnotherPersonNeeded: when this has to wait for somebody else, who has not confirmed it"""
    if _confirmed.get() is None and any(one(actor) for one in _asks):
        raise AnotherPersonNeeded(kind, what, about, actor)


@contextlib.contextmanager
def confirmed(asker: str) -> Iterator[None]:
    """What is done inside was asked for by one and confirmed by another."""
    token = _confirmed.set(asker)
    try:
        yield
    finally:
        _confirmed.reset(token)


def asker() -> str:
    """The name of whoever asked for what happens now, while another one confirms it."""
    return _confirmed.get() or ""
