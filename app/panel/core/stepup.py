"""Before something grave: has whoever acts just shown once more that it is he? (SAFETY G26)

Services ask here. Who knows the log-ins says whether it was shown; where nobody knows, it was not.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any

from flask_babel import gettext

from app.panel.core.actor import SYSTEM, KeyHolder
from app.panel.core.errors import Forbidden

_known: list[Callable[[Any, bool], bool]] = []
_vouched: contextvars.ContextVar[bool] = contextvars.ContextVar("vouched", default=False)


class ProofNeeded(Forbidden):
    """A person can mend it, by his password and a code; a program cannot."""

    def __init__(self, message: object, second_step: bool = True) -> None:
        super().__init__(message)
        self.second_step = second_step


def proven_by(ask: Callable[[Any, bool], bool]) -> Callable[[Any, bool], bool]:
    """Register who says whether a person has shown a moment ago that it is he; with a second step, or as well as he can."""
    _known[:] = [ask]
    return ask


def require(actor: Any, *, second_step: bool = True) -> None:
    """
    :param second_step: False where the password is enough for somebody who has set up no second step
    :raises ProofNeeded: unless the actor has just shown who he is
    """
    if actor is SYSTEM or _vouched.get():
        return
    if isinstance(actor, KeyHolder):
        raise Forbidden(gettext("This needs a person who shows once more who he is; an API key cannot."))
    if not any(ask(actor, second_step) for ask in _known):
        raise ProofNeeded(gettext("Please show once more that it is you, then do it again."), second_step)


@contextlib.contextmanager
def vouched() -> Iterator[None]:
    """For made-up people of a scratch instance, whom nobody can ask."""
    token = _vouched.set(True)
    try:
        yield
    finally:
        _vouched.reset(token)
