"""Who acts: a person, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class KeyHolder:
    """A program that acts for `person` by a key: it may do less than he may, never more.

    `rights` are (verb, resource) pairs and `bounds` the only rows of some resources that it may touch, by resource; one
    without bounds is not narrowed. It has no roles, so that nothing that asks for a role takes it for its person.
    """

    person: Any
    name: str
    key_id: int
    rights: frozenset[tuple[str, str]]
    bounds: dict[str, frozenset[int]] = field(default_factory=dict)
    username: str = ""
    roles: tuple[()] = ()
    is_authenticated: bool = True

    @property
    def id(self) -> Any:
        return self.person.id

    @property
    def is_active(self) -> bool:
        return bool(self.person.is_active)

    def __str__(self) -> str:
        return self.username


def person_of(actor: Any) -> Any:
    """Whoever answers for what this actor does: the person behind a key, everybody else himself."""
    return actor.person if isinstance(actor, KeyHolder) else actor


def bounds_of(actor: Any) -> dict[str, frozenset[int]]:
    """The only rows that this actor may touch, by resource; nothing for whoever holds no narrowed key."""
    return actor.bounds if isinstance(actor, KeyHolder) else {}


SYSTEM = _System()
NOBODY = _Nobody()


def current_actor() -> Any:
    """The person of this request, or the holder of its key, or nobody. Outside of a request it is the system."""
    if not has_request_context():
        return SYSTEM
    if (holder := g.get("key_holder")) is not None:
        return holder
    user = getattr(g, "user", None)
    if isinstance(user, LocalProxy):  # a page asks for its reader some hundred times
        user = user._get_current_object()
    return user if user is not None and getattr(user, "is_authenticated", False) else NOBODY
