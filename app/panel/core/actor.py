"""Who acts: a person, or the system itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from flask import has_request_context
from flask.globals import app_ctx
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


@dataclass(frozen=True, eq=False)
class StandIn:
    """Somebody with one role who is otherwise `person`: what it would be like for him to have that role alone."""

    person: Any
    roles: tuple[Any, ...]
    username: str = ""
    is_active: bool = True
    is_authenticated: bool = True

    @property
    def id(self) -> Any:
        return self.person.id

    def __str__(self) -> str:
        return self.username


@dataclass(frozen=True, eq=False)
class Preview:
    """`viewer` looks at the panel as `subject` sees it: he may read what both may read, and nothing is changed.

    The subject is a person or a stand-in. `beside` is a context in which the viewer himself is judged by what holds,
    where the subject is judged by a configuration that does not hold yet.
    """

    viewer: Any
    subject: Any
    beside: Callable[[], AbstractContextManager[Any]] = nullcontext
    is_authenticated: bool = True

    @property
    def id(self) -> Any:
        return self.subject.id

    @property
    def username(self) -> str:
        return str(self.subject.username)

    @property
    def roles(self) -> Any:
        return self.subject.roles

    @property
    def groups(self) -> Any:
        return getattr(self.subject, "groups", ())

    @property
    def is_active(self) -> bool:
        return bool(self.subject.is_active and self.viewer.is_active)

    def also(self, ask: Callable[..., Any], *arguments: Any) -> Any:
        """What the answer is for the viewer himself."""
        with self.beside():
            return ask(self.viewer, *arguments)

    def __str__(self) -> str:
        return str(self.subject)


def person_of(actor: Any) -> Any:
    """Whoever answers for what this actor does: the person behind a key or a role, everybody else himself."""
    if isinstance(actor, Preview):
        return person_of(actor.subject)
    return actor.person if isinstance(actor, KeyHolder | StandIn) else actor


def owns(actor: Any, user_id: int | None) -> bool:
    """Is it the actor's own, by the number of its person? What is somebody's own is not shown to whoever looks as him."""
    if isinstance(actor, Preview):
        return owns(actor.subject, user_id) and owns(actor.viewer, user_id)
    return user_id is not None and getattr(actor, "id", None) == user_id


def memory_key(actor: Any) -> Any:
    """Under what the rights of an actor are remembered: a stand-in has the number of a person, but not his rights."""
    return actor if isinstance(actor, StandIn) else actor.id


def bounds_of(actor: Any) -> dict[str, frozenset[int]]:
    """The only rows that this actor may touch, by resource; nothing for whoever holds no narrowed key."""
    return actor.bounds if isinstance(actor, KeyHolder) else {}


SYSTEM = _System()
NOBODY = _Nobody()


_acting: ContextVar[Any] = ContextVar("acting", default=SYSTEM)


@contextmanager
def acting_as(actor: Any) -> Iterator[None]:
    """Let work in the background see what somebody may see, and no more. In a request it changes nothing."""
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)


def current_actor() -> Any:
    """The person of this request, the holder of its key, as whom he looks, or nobody. Outside of a request the system, or
    whoever work is done for (`acting_as`)."""
    if not has_request_context():
        return _acting.get()
    # read past `g`: a page asks for its reader some hundred times, and each question to a proxy costs more than the answer
    known = vars(app_ctx._get_current_object().g)  # type: ignore[attr-defined]
    if (holder := known.get("key_holder") or known.get("preview")) is not None:
        return holder
    user = known.get("user")
    if isinstance(user, LocalProxy):
        user = known["_login_user"] if "_login_user" in known else user._get_current_object()
    return user if user is not None and getattr(user, "is_authenticated", False) else NOBODY
