"""Before something grave: has whoever acts just shown once more that it is he? (SAFETY G26)

Services ask here. Who knows the log-ins says whether it was shown; where nobody knows, it was not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext

from app.panel.core.actor import SYSTEM, KeyHolder
from app.panel.core.errors import Forbidden

_known: list[Callable[[Any], bool]] = []


class ProofNeeded(Forbidden):
    """A person can mend it, by his password and a code; a program cannot."""


def proven_by(ask: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Register who says whether a person has shown a moment ago that it is he."""
    _known[:] = [ask]
    return ask


def require(actor: Any) -> None:
    """:raises ProofNeeded: unless the actor has just shown who he is"""
    if actor is SYSTEM:
        return
    if isinstance(actor, KeyHolder):
        raise Forbidden(gettext("This needs a person who shows once more who he is; an API key cannot."))
    if not any(ask(actor) for ask in _known):
        raise ProofNeeded(gettext("Please show once more that it is you, then do it again."))
