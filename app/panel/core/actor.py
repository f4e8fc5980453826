"""Who acts: a person, or the system itself."""

from __future__ import annotations

from typing import Any, Protocol

from flask import g, has_request_context
from werkzeug.local import LocalProxy


class Actor(Protocol):
    """What the policy needs to know of whoever acts. FAB's user fits."""

    id: Any
    username: Any
    roles: Any


class _System:
    """Jobs without an owner, the command line, the demo: may do everything and is called so in the history."""

    id = None
    username = "system"
    roles: tuple[()] = ()
    is_active = True
    is_authenticated = True

    def __str__(self) -> str:
        return self.username


class _Nobody:
    """A visitor who has not logged in: may do nothing."""

    id = None
    username = ""
    roles: tuple[()] = ()
    is_active = False
    is_authenticated = False

    def __str__(self) -> str:
        return ""


SYSTEM = _System()
NOBODY = _Nobody()


def current_actor() -> Any:
    """The person of this request, or nobody. Outside of a request it is the system."""
    if not has_request_context():
        return SYSTEM
    user = getattr(g, "user", None)
    if isinstance(user, LocalProxy):  # a page asks for its reader some hundred times
        user = user._get_current_object()
    return user if user is not None and getattr(user, "is_authenticated", False) else NOBODY
