"""Changes that wait: kept, confirmed by another person, refused, withdrawn, and gone after a week.

Whoever confirms does it himself, by his own rights: the services ask him as if he had come by it alone. Whoever asked must
be there still and hold what it needs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import Permission, PermissionView, ViewMenu
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import and_, or_, select

from app.panel.accounts.models import Profile, Role, User, WaitingChange, full_name
from app.panel.accounts.models.waiting import WaitingState
from app.panel.core import clock, history, notices, policy, stepup, twopeople
from app.panel.core.actor import SYSTEM, KeyHolder
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from app.panel.core.settings import setting
from app.panel.core.transaction import transactional

SETTING, CLI, MAX_WHY = "accounts.second_person", "cli", 500
LASTS = dt.timedelta(days=7)
TO_CONFIRM = notices.kind(
    "accounts.second_person", _("A change of rights waits for a second person"), group=_("People"), usual=("bell", "mail"),
    needs=("write", "accounts.User"),
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A sort of changes: who could do it himself (`hold` raises for others), how it is done, and what it is in words."""

    key: str
    label: Any
    needs: tuple[str, str]
    hold: Callable[[dict[str, Any], Any], None]
    do: Callable[[dict[str, Any], Any], Any]
    told: Callable[[dict[str, Any]], list[str]]
    kept: Callable[[dict[str, Any], Any], None] = lambda what, actor: None
    dropped: Callable[[dict[str, Any], Any], None] = lambda what, actor: None


KINDS: dict[str, Kind] = {}


def kind(key: str, label: Any, **more: Any) -> None:
    """Declare a sort of changes."""
    KINDS[key] = Kind(key, label, **more)


@twopeople.needed_by
def is_needed(actor: Any) -> bool:
    """The setting decides. What the panel does by itself, such as bringing the rights of a new version, is nobody's wish."""
    return (actor is not SYSTEM or history.path() == CLI) and bool(setting(SETTING))


@transactional
def keep(wanted: twopeople.AnotherPersonNeeded) -> WaitingChange:
    """Let it wait, and tell those who can confirm it.

    :raises Conflict: when something else about the same waits
    """
    expire()
    same = select(WaitingChange).where(WaitingChange.state == WaitingState.WAITING, WaitingChange.about == wanted.about)
    if (other := db.session.scalars(same.limit(1)).first()) is not None:
        message = gettext("Another change of this waits for a second person already: number %(number)s.", number=other.id)
        raise Conflict(message)
    found, actor, now = KINDS[wanted.kind], wanted.actor, clock.now()
    found.kept(wanted.what, actor)
    row = WaitingChange(
        kind=wanted.kind, about=wanted.about, what=wanted.what, asked_by_id=actor.id, asked_at=now, expires_at=now + LASTS,
        path=CLI if actor is SYSTEM else "",
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    history.record(row, "waiting.asked", actor=actor, data={"changes": found.told(wanted.what)[:100]})
    title = _("%(name)s asks you to confirm: %(what)s", name=asker_of(row), what=found.label)
    body = _("It holds once you have confirmed it.")
    notices.send([user.id for user in confirmers(row)], title, body, url_of(row), kind=TO_CONFIRM)
    return row


@transactional
def confirm(change_id: int, *, actor: Any) -> WaitingChange:
    """Do what was asked for, as the second person.

    :raises Forbidden: for whoever asked for it himself, or could not do it
    :raises Conflict: when it no longer waits, or what it is about has changed since
    """
    row = _open(change_id)
    may_confirm(row, actor)
    stepup.require(actor, second_step=False)
    found = KINDS[row.kind]
    _still_asked(row, found)
    with twopeople.confirmed(asker_of(row)):
        found.do(row.what, actor)
    _decide(row, WaitingState.CONFIRMED, actor)
    said = [gettext("Asked for by %(name)s", name=asker_of(row)), *found.told(row.what)]
    history.record(row, "waiting.confirmed", actor=actor, data={"changes": said[:100]})
    _tell_asker(row, _("%(name)s confirmed what you asked for", name=full_name(actor)))
    return row


@transactional
def refuse(change_id: int, why: str, *, actor: Any) -> None:
    """Let it not happen. Whoever could confirm it may refuse it, and says why.

    :raises InvalidInput: without a reason
    """
    row = _open(change_id)
    may_confirm(row, actor)
    why = " ".join(why.split())[:MAX_WHY]
    if not why:
        raise InvalidInput({"why": gettext("Say why.")})
    _drop(row, WaitingState.REFUSED, actor, why)
    _tell_asker(row, _("%(name)s refused what you asked for", name=full_name(actor)), why)


@transactional
def withdraw(change_id: int, *, actor: Any) -> None:
    """Take back what one has asked for oneself. What the command line asked for is refused by others."""
    row = _open(change_id)
    if row.asked_by_id is None or row.asked_by_id != actor.id or isinstance(actor, KeyHolder):
        raise Forbidden(gettext("Only who asked for it can withdraw it."))
    _drop(row, WaitingState.WITHDRAWN, actor)


@transactional
def expire() -> int:
    """End what nobody confirmed within a week; returns how many there were."""
    old = select(WaitingChange).where(WaitingChange.state == WaitingState.WAITING, WaitingChange.expires_at <= clock.now())
    rows = list(db.session.scalars(old.with_for_update()))
    for row in rows:
        _drop(row, WaitingState.EXPIRED, SYSTEM)
        _tell_asker(row, _("Nobody confirmed what you asked for. It has expired."))
    return len(rows)


def overdue() -> bool:
    """Has something waited too long? Asked every few seconds, without a transaction to write in."""
    old = WaitingChange.expires_at <= clock.now()
    return db.session.scalar(select(WaitingChange.id).where(WaitingChange.state == WaitingState.WAITING, old).limit(1)) is not None


def may_confirm(row: WaitingChange, actor: Any) -> None:
    """:raises Forbidden: unless this is another person, who could do it himself"""
    if actor is SYSTEM or isinstance(actor, KeyHolder) or actor.id is None:
        raise Forbidden(gettext("A second person confirms this on screen, by his own log-in."))
    if row.asked_by_id == actor.id:
        raise Forbidden(gettext("You asked for this yourself. Somebody else confirms it."))
    let_in = db.session.scalar(select(Profile.let_in_by_id).where(Profile.user_id == actor.id))
    if let_in is not None and let_in == row.asked_by_id:
        message = gettext(
            "Your password was set by a link that %(name)s made. Set another one by “Forgotten password”, then confirm this.",
            name=asker_of(row),
        )  # fmt: skip
        raise Forbidden(message)
    found = KINDS[row.kind]
    policy.authorize(actor, *found.needs)
    found.hold(row.what, actor)


def can_confirm(row: WaitingChange, actor: Any) -> bool:
    return not why_not(row, actor)


def why_not(row: WaitingChange, actor: Any) -> str:
    """Why this person cannot confirm it; nothing when he can."""
    try:
        may_confirm(row, actor)
    except DomainError as error:
        return error.message
    return ""


def confirmers(row: WaitingChange) -> list[User]:
    """Everybody who could confirm this."""
    verb, resource = KINDS[row.kind].needs
    holds = Role.permissions.any(and_(
        PermissionView.permission.has(Permission.name == policy.PREFIX + verb),
        PermissionView.view_menu.has(ViewMenu.name == resource),
    ))  # fmt: skip
    able = User.roles.any(or_(Role.name == policy.ADMINISTRATOR, holds))  # type: ignore[attr-defined]
    people = db.session.scalars(select(User).where(User.active.is_(True), User.password.is_not(None), able).order_by(User.id))
    return [user for user in people if can_confirm(row, user)]


def get(change_id: int, actor: Any) -> WaitingChange:
    """For whoever asked, could confirm it, or reads the configuration.

    :raises NotFound: for everybody else
    """
    row = db.session.get(WaitingChange, change_id)
    if row is None or not _may_see(row, actor):
        raise NotFound(gettext("There is nothing here."))
    return row


def open_to(actor: Any) -> list[WaitingChange]:
    """What waits now and this person may see, the latest first."""
    query = select(WaitingChange).where(WaitingChange.state == WaitingState.WAITING, WaitingChange.expires_at > clock.now())
    return [row for row in db.session.scalars(query.order_by(WaitingChange.id.desc())) if _may_see(row, actor)]


def state_of(row: WaitingChange) -> WaitingState:
    """What is too old counts as expired before anybody has written so."""
    if row.state is WaitingState.WAITING and row.expires_at <= clock.now():
        return WaitingState.EXPIRED
    return row.state  # type: ignore[no-any-return]


def asker_of(row: WaitingChange) -> str:
    if row.path == CLI:
        return gettext("the command line")
    asker = db.session.get(User, row.asked_by_id) if row.asked_by_id else None
    return full_name(asker) if asker is not None else gettext("the system")


def url_of(row: WaitingChange) -> str:
    return f"/accounts/waiting/{row.id}/"


def _may_see(row: WaitingChange, actor: Any) -> bool:
    mine = row.asked_by_id is not None and row.asked_by_id == actor.id
    return mine or policy.allowed(actor, "read", "accounts.Configuration") or can_confirm(row, actor)


def _open(change_id: int) -> WaitingChange:
    query = select(WaitingChange).where(WaitingChange.id == change_id).with_for_update()
    row = db.session.scalars(query.execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFound(gettext("There is nothing here."))
    if state_of(row) is not WaitingState.WAITING:
        raise Conflict(gettext("This no longer waits: %(state)s.", state=state_of(row).label))
    return row


def _still_asked(row: WaitingChange, found: Kind) -> None:
    """Whoever asked may have left since, or lost the right: then two people no longer stand behind it."""
    if row.path == CLI:
        return
    asker = db.session.get(User, row.asked_by_id) if row.asked_by_id else None
    try:
        if asker is None:
            raise Forbidden("")
        policy.authorize(asker, *found.needs)
        found.hold(row.what, asker)
    except Forbidden:
        raise Conflict(gettext("Whoever asked for this may not do it any more. Refuse it.")) from None


def _decide(row: WaitingChange, state: WaitingState, actor: Any, why: str = "") -> None:
    row.state, row.decided_by_id, row.decided_at, row.why = state, actor.id, clock.now(), why
    db.session.flush()


def _drop(row: WaitingChange, state: WaitingState, actor: Any, why: str = "") -> None:
    _decide(row, state, actor, why)
    history.record(row, f"waiting.{state.value}", actor=actor, why=why)
    KINDS[row.kind].dropped(row.what, actor)


def _tell_asker(row: WaitingChange, title: Any, body: str = "") -> None:
    if row.asked_by_id is not None:
        notices.send([row.asked_by_id], title, body, url_of(row))
