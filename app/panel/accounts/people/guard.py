"""Walls under the services: they hold by whatever path an account is changed: screen, API, CLI, FAB's own code.

A change of password, roles or state ends the sessions of that person in the same transaction. Whoever is switched off
or gets his password by another's hand loses his personal API keys as well: the account may have been in wrong hands. His own
change of it leaves them, for they do not know the password. And an instance never loses its last administrator.
"""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from sqlalchemy import event, func, insert, inspect, select, update
from sqlalchemy.orm import Session

from app.panel.accounts.models import ApiKey, KeyKind, LoginSession, OneTimeLink, PendingLogin, Profile, Role, User
from app.panel.core import clock, history, policy
from app.panel.core.actor import NOBODY, SYSTEM, current_actor
from app.panel.core.errors import DomainError

WATCHED = ("password", "active", "roles")
OWN_CHANGE = "own_password"  # in the session's info: whose password changes by his own hand


class LastAdministrator(DomainError):
    def __init__(self) -> None:
        super().__init__(gettext("This is the last administrator. Make somebody else administrator first."))


def administrators(session: Session) -> int:
    """How many active people hold the administrator's role themselves and could log in: an invitation may never be used."""
    query = select(func.count(User.id.distinct())).join(User.roles)  # type: ignore[attr-defined]
    able = User.active.is_(True) & User.password.is_not(None)
    return int(session.scalar(query.where(Role.name == policy.ADMINISTRATOR, able)) or 0)


def before_flush(session: Session, _context: Any, _instances: Any) -> None:
    roles = [obj for obj in (*session.dirty, *session.deleted) if isinstance(obj, Role)]
    if any(_was_administrator_role(role, role in session.deleted) for role in roles):
        raise DomainError(gettext("The administrator's role cannot be renamed or deleted."))
    changed = [obj for obj in session.dirty if isinstance(obj, User) and _differs(obj)]
    deleted = [obj for obj in session.deleted if isinstance(obj, User)]
    if changed or deleted:
        # two who demote each other at one instant: the second waits here, and counts what the first has left
        session.execute(select(Role.id).where(Role.name == policy.ADMINISTRATOR).with_for_update())
        session.info["administrators"] = max(session.info.get("administrators", 0), administrators(session))
    for user in (obj for obj in session.dirty if isinstance(obj, User) and inspect(obj).attrs.email.history.has_changes()):
        end_letters(session, user.id)
    own = session.info.pop(OWN_CHANGE, None)
    for user in changed:
        end_everything(session, user.id)
        if _is_locked_out(user, own):
            end_keys(session, user.id)


def after_flush_postexec(session: Session, _context: Any) -> None:
    # counted once the rows are written, for one flush may demote one and promote another
    if session.info.pop("administrators", 0) and not administrators(session):
        raise LastAdministrator


def after_rollback(session: Session) -> None:
    session.info.pop("administrators", None)
    session.info.pop(OWN_CHANGE, None)


def end_everything(session: Session, user_id: int) -> None:
    """Make sessions and open links of a person worthless."""
    raised = session.execute(
        update(Profile).where(Profile.user_id == user_id).values(auth_epoch=Profile.auth_epoch + 1)
    )
    if not raised.rowcount:  # type: ignore[attr-defined]
        session.execute(insert(Profile).values(user_id=user_id, auth_epoch=2))
    now = clock.now()
    for table, ended in ((LoginSession, LoginSession.revoked_at), (OneTimeLink, OneTimeLink.used_at)):
        session.execute(update(table).where(table.user_id == user_id, ended.is_(None)).values({ended: now}))
    policy.forget()


def end_letters(session: Session, user_id: int) -> None:
    """Make worthless what lies in the mailbox of an address that is this person's no more: links, codes for a new device."""
    links = update(OneTimeLink).where(OneTimeLink.user_id == user_id, OneTimeLink.used_at.is_(None))
    session.execute(links.values(used_at=clock.now()))
    session.execute(update(PendingLogin).where(PendingLogin.user_id == user_id).values(mailed=""))


def end_keys(session: Session, user_id: int) -> None:
    """Revoke the personal keys of somebody. A machine credential rests while its maker is switched off, and no longer."""
    mine = (ApiKey.owner_id == user_id) & (ApiKey.kind == KeyKind.PERSON) & ApiKey.revoked_at.is_(None)
    who = current_actor()
    for key in session.scalars(select(ApiKey).where(mine)):
        key.revoked_at = clock.now()
        history.record(key, "key.revoked", actor=SYSTEM if who is NOBODY else who)


def _is_locked_out(user: User, own: int | None) -> bool:
    """Was he switched off, or his password set by another's hand or a link from it?"""
    state = inspect(user)
    is_set = state.attrs.password.history.has_changes() and user.id != own
    return is_set or (state.attrs.active.history.has_changes() and not user.active)


def _differs(user: User) -> bool:
    state = inspect(user)
    return any(state.attrs[name].history.has_changes() for name in WATCHED)


def _was_administrator_role(role: Role, deleted: bool) -> bool:
    change = inspect(role).attrs.name.history
    before = change.deleted[0] if change.deleted else role.name
    return before == policy.ADMINISTRATOR and (deleted or role.name != before)


event.listen(Session, "before_flush", before_flush)
event.listen(Session, "after_flush_postexec", after_flush_postexec)
event.listen(Session, "after_rollback", after_rollback)
