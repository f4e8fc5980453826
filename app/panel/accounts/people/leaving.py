"""Somebody leaves the house: his accesses end, what he did last is listed, what he has in hand goes to somebody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select, update

from app.panel.accounts import services
from app.panel.accounts.login import sessions
from app.panel.accounts.models import ApiKey, OneTimeLink, User, full_name
from app.panel.accounts.people import keys, reveals
from app.panel.accounts.rights import delegation
from app.panel.core import clock, history, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.history import HistoryEntry
from app.panel.core.notices import Notice
from app.panel.core.transaction import transactional

LOOKED_BACK, MOST_LINES = dt.timedelta(days=30), 200
WATCHED = ("exported", reveals.VERB, "customer.exported", "customer.person_exported")


@dataclass(frozen=True)
class Work:
    """What somebody may have in hand: how much of it, and how it goes to somebody else."""

    key: str
    label: Any
    count: Callable[[int], int]
    hand_over: Callable[..., int] | None = None


_works: dict[str, Work] = {}


def work(key: str, label: Any, *, count: Callable[[int], int], hand_over: Callable[..., int] | None = None) -> None:
    """Contribute a kind of work: `count(user_id)` and `hand_over(from_id, to_id, *, actor)` → how many went over."""
    _works[key] = Work(key, label, count, hand_over)


@dataclass(frozen=True)
class CheckList:
    """What the page and its print show."""

    sessions: int
    keys: list[ApiKey]
    links: int
    lent_to: list[Any]
    lent_by: list[Any]
    works: list[tuple[Work, int]]
    lines: list[HistoryEntry]
    watched: int

    @property
    def open_works(self) -> int:
        return sum(count for work_, count in self.works if work_.hand_over is not None)


def look(user: User) -> CheckList:
    """What is still open of somebody, and what he took along in the last 30 days."""
    since = clock.now() - LOOKED_BACK
    mine = (HistoryEntry.actor_id == user.id) & (HistoryEntry.at >= since) & HistoryEntry.verb.in_(WATCHED)
    alive = [key for key in keys.of(user.id) if key.revoked_at is None and key.expires_at > clock.now()]
    return CheckList(
        sessions=len(list(sessions.living(user.id))), keys=alive, links=_count(OneTimeLink, _open_links(user.id)),
        lent_to=delegation.alive(delegation.of(user.id)), lent_by=delegation.alive(delegation.by(user.id)),
        works=[(one, one.count(user.id)) for one in _works.values()],
        lines=list(db.session.scalars(select(HistoryEntry).where(mine).order_by(HistoryEntry.id.desc()).limit(MOST_LINES))),
        watched=_count(HistoryEntry, mine),
    )  # fmt: skip


@transactional
def leave(user: User, *, actor: Any, heir: User | None = None) -> dict[str, int]:
    """Disable the account and end all that opens something in its name; hand its work to `heir`. All of it or nothing.

    :raises InvalidInput: when there is work to hand over and nobody to take it
    """
    policy.authorize(actor, "write", services.RESOURCE)
    if user.id == actor.id:
        raise DomainError(gettext("Nobody sees himself out. Ask another administrator."))
    found = look(user)
    if found.open_works and (heir is None or heir.id == user.id or not heir.active):
        raise InvalidInput({"heir": gettext("Choose who takes over the work.")})
    services.end_sessions(user, actor=actor)
    for loan in (*found.lent_by, *found.lent_to):
        delegation.end(loan, actor=actor)
    for key in found.keys:
        key.revoked_at = clock.now()
        history.record(key, "key.revoked", actor=actor)
    db.session.execute(update(OneTimeLink).where(_open_links(user.id)).values(used_at=clock.now()))
    services.set_active(user, False, actor=actor)
    moved = {}
    for one, count in found.works:
        if one.hand_over is not None and heir is not None and count:
            moved[one.key] = one.hand_over(user.id, heir.id, actor=actor)
    said = {"sessions": found.sessions, "keys": len(found.keys), "rights": len(found.lent_by) + len(found.lent_to), **moved}
    heirs = {"handed_to": full_name(heir)} if heir is not None and moved else {}
    history.record(user, "user.left", actor=actor, data={**said, **heirs})
    policy.forget()
    return said


def heirs(user: User) -> list[User]:
    """Who could take over: everybody else whose account is active."""
    return list(db.session.scalars(select(User).where(User.active.is_(True), User.id != user.id).order_by(User.first_name)))


def _open_links(user_id: int) -> Any:
    return (OneTimeLink.user_id == user_id) & OneTimeLink.used_at.is_(None) & (OneTimeLink.expires_at > clock.now())


def _count(model: Any, condition: Any) -> int:
    return int(db.session.scalar(select(func.count()).select_from(model).where(condition)) or 0)


def _unread(user_id: int) -> int:
    return _count(Notice, (Notice.user_id == user_id) & Notice.read_at.is_(None))


@transactional
def _pass_on(from_id: int, to_id: int, *, actor: Any) -> int:
    """Unread notices go to whoever takes over."""
    found = update(Notice).where(Notice.user_id == from_id, Notice.read_at.is_(None)).values(user_id=to_id)
    return int(db.session.execute(found).rowcount)  # type: ignore[attr-defined]


work("notices", _("Unread notices"), count=_unread, hand_over=_pass_on)
