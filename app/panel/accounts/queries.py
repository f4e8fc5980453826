"""Reading accounts: who is who, who holds what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import func, or_, select

from app.panel.accounts.configuration import ceiling, document, store
from app.panel.accounts.login import browsers, devices, sessions
from app.panel.accounts.models import Layout, LoginEvent, LoginSession, Profile, Role, Skin, User
from app.panel.core import notices, policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.edited import ATTRIBUTES
from app.panel.core.fields import show_instant


def by_login(name: str) -> User | None:
    """The account that somebody means who types a user name or an e-mail address, whatever its capitals."""
    wanted = name.strip().lower()
    if not wanted or len(wanted) > 320:
        return None
    match = or_(func.lower(User.username) == wanted, func.lower(User.email) == wanted)
    return db.session.scalars(select(User).where(match).order_by(User.id).limit(1)).first()


def anybody() -> bool:
    """Is there an account at all?"""
    return db.session.scalar(select(User.id).limit(1)) is not None


def profile(user_id: int) -> Profile:
    """The preferences of a person; defaults that are not stored when he never chose."""
    return db.session.get(Profile, user_id) or Profile(
        user_id=user_id, language="", skin=Skin.LIGHT.value, layout=Layout.SIDE.value, must_change=False
    )


@notices.languages_from
def languages(user_ids: Sequence[int]) -> dict[int, str]:
    """The language that each of these people chose."""
    chosen = select(Profile.user_id, Profile.language).where(Profile.user_id.in_(user_ids))
    return {row.user_id: row.language for row in db.session.execute(chosen)}


def held_by_roles(roles: Iterable[Role]) -> policy.Held:
    """All (verb, resource) pairs of these roles."""
    return frozenset(
        (entry.permission.name.removeprefix(policy.PREFIX), entry.view_menu.name)
        for role in roles
        for entry in role.permissions
    )


def holds_all(actor: Any, roles: Collection[Role]) -> bool:
    """Does the actor hold everything that these roles hold, and see all that they show?"""
    return _is_above(actor) or (holds_rights(actor, roles) and not any(_shows_more(role, actor) for role in roles))


def holds_rights(actor: Any, roles: Collection[Role]) -> bool:
    """Does the actor hold every right of these roles? It says nothing of the rows and fields that they show."""
    if _is_above(actor):
        return True
    return all(role.name != policy.ADMINISTRATOR for role in roles) and held_by_roles(roles) <= policy.held(actor)


def _is_above(actor: Any) -> bool:
    return actor is SYSTEM or policy.is_administrator(actor)


def _shows_more(role: Role, actor: Any) -> bool:
    """Does a role show rows or fields that the actor does not see? Rights alone say nothing of that."""
    configuration = store.published()
    entry = configuration["roles"].get(role.name)
    if entry is None:
        rights: dict[str, list[str]] = {}
        for verb, resource in held_by_roles([role]):
            rights.setdefault(resource, []).append(verb)
        entry = document.new_role(rights)
    return ceiling.shows_more(entry, actor, configuration)


def all_roles() -> list[Role]:
    """Every role, in order."""
    return in_order(db.session.scalars(select(Role)))


def in_order(roles: Iterable[Role]) -> list[Role]:
    """As the domains contributed them, then by name."""
    known = policy.REGISTRY.roles
    return sorted(roles, key=lambda r: (known[r.name].order if r.name in known else 1000, r.name))


def role_label(key: str) -> Any:
    known = policy.REGISTRY.roles.get(key)
    return known.label if known else key


def has_beyond(person: User, actor: Any) -> bool:
    """Has somebody rows of his own, such as shops that he works for, which the actor does not have?"""
    if person.id == actor.id or policy.sees_every_row(actor):
        return False
    found = (
        select(one.model.id).where(one.model.id.in_(one.ids(person)), one.model.id.not_in(one.ids(actor)))  # type: ignore[attr-defined]
        for one in ATTRIBUTES.values()
    )
    return any(db.session.scalar(query.limit(1)) is not None for query in found)


def grantable(actor: Any) -> list[Role]:
    """The roles that this actor may hand out."""
    return [role for role in all_roles() if holds_all(actor, [role])]


def role_choices(actor: Any, held: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Key and label of the roles that this actor may hand out, and of those that the person has already."""
    mine = {role.name for role in grantable(actor)} | set(held)
    return [(role.name, str(role_label(role.name))) for role in all_roles() if role.name in mine]


def session_owner(key: str) -> int | None:
    return db.session.scalar(
        select(LoginSession.user_id).where(LoginSession.key == key, LoginSession.revoked_at.is_(None))
    )


def session_rows(user_id: int, here: str | None = None) -> list[dict[str, Any]]:
    """The living sessions of a person as a page shows them, the one in use first."""
    alive: list[Any] = list(sessions.living(user_id))
    trusted = {device.id for device in browsers.of(user_id) if device.confirmed_at or browsers.is_trusted(device)}
    rows = [
        {
            "key": row.key, "here": row.key == here, "device": devices.describe(row.agent), "place": devices.place(row.ip),
            "since": show_instant(row.created_at), "seen": show_instant(row.seen_at),
            "trusted": (row.data or {}).get("device") in trusted,
        }
        for row in alive
    ]  # fmt: skip
    return sorted(rows, key=lambda row: not row["here"])


def browser_rows(user_id: int, here: int | None = None) -> list[dict[str, Any]]:
    """The browsers in which a person has logged in, as a page shows them."""
    rows, found = [], list[Any](browsers.of(user_id))
    for device in found:
        until = show_instant(device.trusted_until) if device.trusted_until and browsers.is_trusted(device) else ""
        rows.append({
            "id": device.id, "here": device.id == here, "device": devices.describe(device.agent), "until": until,
            "place": devices.place(device.ip), "first": show_instant(device.first_at), "seen": show_instant(device.seen_at),
            "confirmed": device.confirmed_at is not None,
        })  # fmt: skip
    return sorted(rows, key=lambda row: not row["here"])


def logins_of(user_id: int, limit: int) -> list[LoginEvent]:
    """The last log-ins of a person, latest first."""
    query = select(LoginEvent).where(LoginEvent.user_id == user_id).order_by(LoginEvent.id.desc()).limit(limit)
    return list(db.session.scalars(query))


def login_rows(user_id: int, limit: int = 100) -> list[dict[str, Any]]:
    """The last log-ins of a person as a page shows them."""
    return [
        {"at": show_instant(row.at), "result": row.result, "place": devices.place(row.ip), "device": devices.describe(row.agent)}
        for row in logins_of(user_id, limit)
    ]
