"""What happens to accounts: made, invited, changed, switched off, given roles. Nobody hands out more than he holds."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Iterable
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_babel import force_locale, gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import func, insert, or_, select, update

from app.panel.accounts import queries
from app.panel.accounts.login import browsers, passwords, sessions, twostep
from app.panel.accounts.models import OneTimeLink, Profile, Role, User, full_name
from app.panel.accounts.people import guard
from app.panel.core import clock, history, notices, outbox, policy, twopeople
from app.panel.core.db import db
from app.panel.core.errors import Forbidden, InvalidInput, NotFound
from app.panel.core.transaction import transactional

RESOURCE = "accounts.User"
LINK_HOURS = 72
_USERNAME = re.compile(r"[\w.\-]{2,64}", re.UNICODE)


def create_user(
    *, actor: Any, username: str, name: str, email: str, roles: Iterable[str], password: str | None = None
) -> User:
    """A new account. Without a password nobody can log in to it until its one-time link was used."""
    policy.authorize(actor, "write", RESOURCE)
    if password is not None:
        passwords.check(password, username, name, email)
    # hashing takes 50 ms and more: nobody should wait for the write lock meanwhile
    stored = None if password is None else passwords.hash_password(password)
    return _create(actor, username, name, email, roles, stored)


@transactional
def _create(actor: Any, username: str, name: str, email: str, roles: Iterable[str], password: str | None) -> User:
    username, name, email = _identity(username, name, email, None)
    roles = sorted(set(roles))
    user = User(first_name=name, last_name="", username=username, email=email, active=True, password=password)
    granted = _granted(actor, roles)
    if granted:
        what = {"username": username, "name": name, "email": email, "roles": roles}
        twopeople.ask("account", what, about=f"account:{username.lower()}", actor=actor)
    user.roles = granted  # type: ignore[attr-defined]
    db.session.add(user)
    db.session.flush()
    db.session.execute(insert(Profile).values(user_id=user.id, password_changed_at=clock.now() if password else None))
    history.record(user, "user.created", actor=actor, data={"username": username, "roles": ", ".join(keys_of(user))})
    return user


@transactional
def update_user(user: User, *, actor: Any, name: str, email: str, roles: Iterable[str]) -> User:
    """Change who somebody is and what he may do; a change of roles ends his sessions."""
    may_change(actor, user)
    _, name, email = _identity(user.username, name, email, user)
    before = {"name": full_name(user), "email": user.email, "roles": ", ".join(keys_of(user))}
    wanted, held = set(roles), set(keys_of(user))
    if wanted - held or (email != user.email and _could_confirm(user)):
        may_grant(actor, wanted - held)
        what = {
            "user": user.id, "version": user.version, "name": name, "email": email, "email_before": user.email,  # type: ignore[attr-defined]
            "roles": sorted(wanted), "added": sorted(wanted - held),
        }  # fmt: skip
        twopeople.ask("person", what, about=f"user:{user.id}", actor=actor)
    user.first_name, user.last_name, user.email = name, "", email
    if wanted != held:
        kept = [role for role in user.roles if role.name in wanted]  # type: ignore[attr-defined]
        added = _granted(actor, wanted - held)
        must = twostep.needs_two_step(user)
        user.roles = kept + added  # type: ignore[attr-defined]
        if must and user.id == actor.id and not policy.is_administrator(actor) and not twostep.needs_two_step(user):
            raise Forbidden(gettext("Only an administrator can loosen how people log in and what they may reveal."))
    user.changed_on = _changed()
    db.session.flush()
    after = {"name": name, "email": email, "roles": ", ".join(keys_of(user))}
    changed = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
    if changed:
        history.record_many(User, [(user.id, changed)], verb="user.changed", actor=actor)
    return user


@transactional
def set_active(user: User, active: bool, *, actor: Any) -> None:
    """Switch an account off or on. Off ends its sessions at once; what the person did stays under the name."""
    set_active_all([user], active, actor=actor)


@transactional
def set_active_all(users: list[User], active: bool, *, actor: Any) -> None:
    """All of them or none."""
    for user in users:
        may_change(actor, user)
    changed = [user for user in users if bool(user.active) != active]
    if active and any(user.roles for user in changed):  # type: ignore[attr-defined]
        held = {str(user.id): keys_of(user) for user in changed}
        what = {"users": sorted(user.id for user in changed), "roles_of": held}
        twopeople.ask("enable", what, about=f"enable:{','.join(sorted(held))}"[:120], actor=actor)
    for user in changed:
        user.active, user.changed_on = active, _changed()
        db.session.flush()
        history.record(user, "user.enabled" if active else "user.disabled", actor=actor)


@transactional
def make_link(
    user: User, *, actor: Any, lasts: dt.timedelta = dt.timedelta(hours=LINK_HOURS), alone: bool = True
) -> str:
    """A token that lets this person set a password, once, while it `lasts`. Older ones stop working if it shall be `alone`;
    the use of one ends them all.
    """
    may_change(actor, user)
    if not user.active:
        raise Forbidden(gettext("This account is disabled."))
    token, now = secrets.token_urlsafe(32), clock.now()
    if alone:
        db.session.execute(
            update(OneTimeLink).where(OneTimeLink.user_id == user.id, OneTimeLink.used_at.is_(None)).values(used_at=now)
        )
    epoch = db.session.scalar(select(Profile.auth_epoch).where(Profile.user_id == user.id)) or 1
    db.session.execute(
        insert(OneTimeLink).values(
            key=hashed(token), user_id=user.id, auth_epoch=epoch, created_at=now, created_by_id=actor.id,
            expires_at=now + lasts,
        )
    )  # fmt: skip
    history.record(user, "user.link_made", actor=actor)
    return token


def user_of_link(token: str) -> User:
    """Whose password may this token set?

    :raises NotFound: for one that was used, has expired or never was; they are not told apart
    """
    link = db.session.get(OneTimeLink, hashed(token)) if token else None
    user = db.session.get(User, link.user_id) if link else None
    epoch = db.session.scalar(select(Profile.auth_epoch).where(Profile.user_id == link.user_id)) if link else None
    if link is None or user is None or link.used_at or link.expires_at <= clock.now() or link.auth_epoch != (epoch or 1):
        raise NotFound(gettext("This link has been used or has expired. Ask for a new one."))
    if not user.active:
        raise NotFound(gettext("This link has been used or has expired. Ask for a new one."))
    return user


def use_link(token: str, password: str) -> User:
    """Set the password that a one-time link was made for."""
    passwords.check_for(user_of_link(token), password)
    return _spend(token, passwords.hash_password(password))


@transactional
def _spend(token: str, stored: str) -> User:
    user = user_of_link(token)
    link = db.session.get_one(OneTimeLink, hashed(token))
    spent = update(OneTimeLink).where(OneTimeLink.key == hashed(token), OneTimeLink.used_at.is_(None))
    if not db.session.execute(spent.values(used_at=clock.now())).rowcount:  # type: ignore[attr-defined]
        raise NotFound(gettext("This link has been used or has expired. Ask for a new one."))
    _store(user, stored, "user.password_set", actor=user)
    let_in = link.created_by_id if link.created_by_id != user.id else None
    db.session.execute(update(Profile).where(Profile.user_id == user.id).values(let_in_by_id=let_in))
    return user


def change_password(user: User, current: str, new: str) -> None:
    """The person's own change: it needs the current password and ends all other sessions. His API keys stay in force.

    :raises InvalidInput: for a wrong current password (`current`) or one that is too weak (`password`)
    """
    if not passwords.matches(user.password, current):
        raise InvalidInput({"current": gettext("This is not your current password.")})
    if new == current:
        raise InvalidInput({"password": gettext("The new password is the old one.")})
    passwords.check_for(user, new)
    _store(user, passwords.hash_password(new), "user.password_changed", actor=user, is_own=True)


def set_password(user: User, password: str, *, actor: Any, must_change: bool = False) -> None:
    """Set a password from the command line of the machine. No screen does this: it sends links."""
    may_change(actor, user)
    passwords.check_for(user, password)
    _store(user, passwords.hash_password(password), "user.password_set", actor=actor, must_change=must_change)


@transactional
def update_profile(user: User, *, name: str, email: str) -> None:
    """A person's own name and address."""
    _, name, email = _identity(user.username, name, email, user)
    before = {"name": full_name(user), "email": user.email}
    user.first_name, user.last_name, user.email = name, "", email
    changed = {k: [before[k], v] for k, v in {"name": name, "email": email}.items() if before[k] != v}
    if changed:
        history.record_many(User, [(user.id, changed)], verb="user.changed", actor=user)
    if "email" in changed:
        _tell_old_address(user, before["email"])


def _tell_old_address(user: User, address: str) -> None:
    """Whoever owned the account until now must hear of it, and the notices go to the new address already."""
    with force_locale(notices.language_of(user.id)):
        subject = gettext("Your e-mail address was changed")
        body = gettext(
            "%(name)s, mail about your account now goes to %(email)s. If this was not you, tell your administrator at once.",
            name=full_name(user), email=user.email,
        )  # fmt: skip
    outbox.put("mail", {"to": address, "subject": f"[{twostep.issuer()}] {subject}", "body": body})


@transactional
def set_preferences(user_id: int, **values: str) -> None:
    """Language, skin, layout of one person."""
    if not values:
        return
    changed = db.session.execute(update(Profile).where(Profile.user_id == user_id).values(**values))
    if not changed.rowcount:  # type: ignore[attr-defined]
        db.session.execute(insert(Profile).values(user_id=user_id, **values))


@transactional
def end_session(key: str, *, actor: Any) -> None:
    """End a session: one's own, or with the right to change people somebody else's."""
    owner_id = queries.session_owner(key)
    owner = db.session.get(User, owner_id) if owner_id else None
    if owner is None:
        raise NotFound(gettext("This session has ended already."))
    if owner.id != actor.id:
        may_change(actor, owner)
    if (device := sessions.device_of(key)) is not None and device != sessions.current_device():
        browsers.distrust(owner.id, [device])
    sessions.revoke(key)
    history.record(owner, "user.session_ended", actor=actor)


@transactional
def end_sessions(user: User, *, actor: Any, but: str | None = None) -> int:
    """End all sessions of a person, `but` the one in use; returns how many there were."""
    if user.id != actor.id:
        may_change(actor, user)
    count = sessions.revoke_all(user.id, but)
    browsers.distrust(user.id, but=sessions.device_of(but) if but else None)
    history.record(user, "user.session_ended", actor=actor, data={"count": count})
    return count


@transactional
def reset_two_step(user: User, *, actor: Any) -> None:
    """Take the second step of somebody away who cannot take it any more. He hears of it, and his sessions end."""
    may_change(actor, user)
    if user.id == actor.id:
        raise Forbidden(gettext("Turn off your own second step under My account, with your password and a code."))
    twostep.forget(user.id)
    browsers.distrust(user.id)
    history.record(user, "user.two_step_reset", actor=actor)
    twostep.tell(
        user.id, _("Your second step of the log-in was reset by %(name)s", name=full_name(actor) if actor.id else "system"),
        _("Until you set it up again your password alone opens your account."),
    )  # fmt: skip


@transactional
def lock_devices(user: User, locked: bool) -> None:
    """A person's own device lock."""
    if not db.session.execute(update(Profile).where(Profile.user_id == user.id).values(device_lock=locked)).rowcount:  # type: ignore[attr-defined]
        db.session.execute(insert(Profile).values(user_id=user.id, device_lock=locked))
    history.record(user, "user.device_lock_on" if locked else "user.device_lock_off", actor=user)


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transactional
def _store(user: User, stored: str, verb: str, *, actor: Any, must_change: bool = False, is_own: bool = False) -> None:
    if is_own:
        db.session.flush()
        db.session.info[guard.OWN_CHANGE] = user.id
    user.password = stored
    db.session.flush()  # the guard ends sessions and links here, and sees to it that there is a profile
    changed = {"password_changed_at": clock.now(), "must_change": must_change}
    db.session.execute(update(Profile).where(Profile.user_id == user.id).values(**changed))
    history.record(user, verb, actor=actor)


def may_change(actor: Any, user: User) -> None:
    """Who could change somebody with more rights could become him: by his link, his address, his roles."""
    policy.authorize(actor, "write", RESOURCE)
    roles = policy.every_role_of(user)
    if not queries.holds_rights(actor, roles):
        raise Forbidden(gettext("This person holds rights that you do not hold."))
    if not queries.holds_all(actor, roles) or queries.has_beyond(user, actor):
        raise Forbidden(gettext("This person sees what you do not see."))


def may_grant(actor: Any, keys: Iterable[str]) -> None:
    """:raises Forbidden: unless this actor may hand all of these roles out"""
    _granted(actor, keys)


def _could_confirm(user: User) -> bool:
    """Who reads his mail could become somebody who confirms the changes of others."""
    asks = (("publish", "accounts.Configuration"), ("write", RESOURCE))
    return policy.is_administrator(user) or any(pair in policy.held(user) for pair in asks)


def _granted(actor: Any, keys: Iterable[str]) -> list[Role]:
    """The roles of these keys, if this actor may hand them out."""
    wanted = sorted(set(keys))
    found = list(db.session.scalars(select(Role).where(Role.name.in_(wanted)).order_by(Role.name)))
    if len(found) != len(wanted):
        raise InvalidInput({"roles": gettext("There is no such role.")})
    for role in found:
        if not queries.holds_rights(actor, [role]):
            message = gettext("You cannot give away the role %(role)s: it holds rights that you do not hold.", role=role.name)
            raise Forbidden(message)
        if not queries.holds_all(actor, [role]):
            raise Forbidden(gettext("You cannot give away the role %(role)s: it shows what you do not see.", role=role.name))
    return found


def _changed() -> dt.datetime:
    # naive, as FAB keeps it: this only has to differ from the last
    return clock.now().replace(tzinfo=None)


def keys_of(user: User) -> list[str]:
    return sorted(role.name for role in user.roles)  # type: ignore[attr-defined]


def _identity(username: str, name: str, email: str, user: User | None) -> tuple[str, str, str]:
    """Cleaned user name, name and address; each must be free, whatever its capitals."""
    errors: dict[str, object] = {}
    username, name, email = username.strip(), " ".join(name.split()), email.strip()
    if not _USERNAME.fullmatch(username):
        errors["username"] = gettext("Use 2 to 64 letters, digits, dots, dashes or underscores.")
    if not 1 <= len(name) <= 64:
        errors["name"] = gettext("Please give a name of at most 64 characters.")
    try:
        email = validate_email(email, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        errors["email"] = gettext("This is not an e-mail address.")
    taken = select(User.id).where(User.id != (user.id if user else 0))
    for field, value in (("username", username), ("email", email)):
        same = or_(func.lower(User.username) == value.lower(), func.lower(User.email) == value.lower())
        if field not in errors and db.session.scalar(taken.where(same).limit(1)):
            errors[field] = gettext("Somebody else uses this already.")
    if errors:
        raise InvalidInput(errors)
    return username, name, email
