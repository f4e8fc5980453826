"""View as: somebody looks at the panel as a role or a person sees it, by what holds or by the draft, and changes nothing.

The choice lives in his session. Each request makes the actor anew, so a right that he loses meanwhile ends it, and each
request that would change something is refused before anything else reads it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from flask import Flask, g, request, session
from flask_babel import gettext
from flask_login import current_user

from app.panel.accounts.configuration import store
from app.panel.accounts.models import User, full_name
from app.panel.accounts.rights import rolebook
from app.panel.core import errorpages, history, policy
from app.panel.core.actor import Preview, StandIn
from app.panel.core.db import db
from app.panel.core.errors import Forbidden, NotFound
from app.panel.core.security import SAFE_METHODS
from app.panel.core.transaction import transactional

KEY = "view_as"
HOME = "/accounts/view-as/"
# what stays one's own: the way out, and how one's own screen looks
FREE = (HOME, "/logout/", "/prefs/")
# letters to somebody: nobody reads them by looking as him
PRIVATE = ("/notices/", "/account/")
DRAFT, PUBLISHED = "draft", "published"
_JUDGED_BY = ("configuration_preview", "_policy_held", "_policy_roles")


@dataclass(frozen=True)
class Choice:
    """As whom one looks: a role by its key, or a person by his number."""

    role: str = ""
    person: int = 0
    of: str = PUBLISHED

    def kept(self) -> dict[str, Any]:
        return {"role": self.role, "person": self.person, "of": self.of}


def init_app(app: Flask) -> None:
    """Call it after the sessions; every request passes here."""
    app.before_request(look)
    app.context_processor(lambda: {"viewing_as": banner()})


@transactional
def start(choice: Choice, *, actor: Any) -> None:
    """Look as somebody from the next request on; it leaves a line in the history.

    :raises Forbidden: for whoever may not write the configuration
    :raises NotFound: for a role or a person that is not there
    """
    policy.authorize(actor, "write", store.RESOURCE)
    label = _label(choice, _document(choice))
    person = db.session.get(User, choice.person) if choice.person else None
    if person is not None:
        policy.authorize(actor, "read", "accounts.User")
        history.record(person, "user.viewed_as", actor=actor, data={"of": choice.of})
    history.record(store.locked(), "configuration.viewed_as", actor=actor, data={"as": label, "of": choice.of})


def end() -> None:
    session.pop(KEY, None)


def look() -> Any:
    """Before each request: put the preview in the place of the actor, and refuse what would change something."""
    chosen = session.get(KEY) if current_user.is_authenticated else None
    if not chosen or request.endpoint in ("static", "assets.static"):
        return None
    choice = Choice(**chosen)
    try:
        policy.authorize(current_user, "write", store.RESOURCE)
        document = _document(choice)
        _label(choice, document)
    except (Forbidden, NotFound):
        end()
        return None
    if request.path.startswith(FREE):
        return None
    enter(choice, current_user._get_current_object(), document)
    if request.method not in SAFE_METHODS:
        return errorpages.page(403, gettext("You only look at the panel as somebody else. End it to change something."))
    if choice.person and request.path.startswith(PRIVATE):
        return errorpages.page(403, gettext("These pages are the person's own."))
    return None


def enter(choice: Choice, viewer: Any, document: dict[str, Any]) -> Preview:
    """Make the preview the actor of this request.

    A role is looked at as if the viewer had it alone: his shops and his rows, its rights and rules.
    """
    if choice.of == DRAFT or choice.role:
        g.configuration_preview = document
    subject: Any = db.session.get(User, choice.person) if choice.person else None
    if subject is None:
        name = SimpleNamespace(name=choice.role)
        subject = StandIn(viewer, (name,), username=_label(choice, document))
    policy.forget()
    g.preview = Preview(viewer, subject, _as_himself)
    g.pop("_menu", None)
    return g.preview  # type: ignore[no-any-return]


@contextmanager
def _as_himself() -> Iterator[None]:
    """Inside, rights are judged by what holds; what was remembered of either side is kept for the next question."""
    _swap()
    try:
        yield
    finally:
        _swap()


def _swap() -> None:
    other = g.setdefault("_preview_other_side", {})
    for name in _JUDGED_BY:
        mine = g.pop(name, None)
        if (theirs := other.pop(name, None)) is not None:
            setattr(g, name, theirs)
        if mine is not None:
            other[name] = mine


def banner() -> dict[str, Any] | None:
    """What every page says while one looks as somebody."""
    chosen = session.get(KEY) if request and current_user.is_authenticated else None
    if not chosen or "preview" not in g:
        return None
    choice = Choice(**chosen)
    words = gettext("You see the panel as the role %(name)s.") if choice.role else gettext("You see the panel as %(name)s.")
    return {
        "words": words % {"name": _label(choice, _document(choice))}, "is_draft": choice.of == DRAFT, "end_url": f"{HOME}end",
        "is_role": bool(choice.role),
    }  # fmt: skip


def _document(choice: Choice) -> dict[str, Any]:
    if choice.of != DRAFT:
        return store.published()
    if "_viewed_draft" not in g:
        g._viewed_draft = copy.deepcopy(store.draft().document)
    return g._viewed_draft  # type: ignore[no-any-return]


def _label(choice: Choice, document: dict[str, Any]) -> str:
    """:raises NotFound: when the role or the person is not there"""
    if choice.role:
        rolebook.entry(choice.role, document)
        return rolebook.label(choice.role, document)
    person = db.session.get(User, choice.person) if choice.person else None
    if person is None or not person.active:
        raise NotFound(gettext("There is no such person."))
    return full_name(person)
