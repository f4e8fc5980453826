"""Writes the rights of a configuration into the tables of roles, which is where every question about rights looks."""

from __future__ import annotations

from collections.abc import Iterable

from flask_appbuilder.security.sqla.models import Permission, PermissionView, ViewMenu
from flask_babel import gettext as _
from sqlalchemy import delete, insert, select

from app.panel.accounts.configuration import document
from app.panel.accounts.configuration.document import Document
from app.panel.accounts.models import Role
from app.panel.core import policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError

Pairs = set[tuple[int, int]]


def apply(before: Document, after: Document, *, forced: bool = False) -> None:
    """Bring the tables from one configuration to another, with one statement a kind of change.

    Roles that neither of them names are left alone.

    :param forced: for a roll-back, which must not fail: a role that people have stays, without rights
    :raises DomainError: when a role goes that people still have
    """
    roles = {role.name: role for role in db.session.scalars(select(Role))}
    for key in sorted(set(after["roles"]) - set(roles)):
        db.session.add(roles.setdefault(key, Role(name=key)))
    gone = [roles[key] for key in sorted(set(before["roles"]) - set(after["roles"])) if key in roles]
    db.session.flush()
    kept = [role for role in gone if _is_held(role)]
    if kept and not forced:
        raise DomainError(_("People still have the role %(role)s. Give them another one first.", role=kept[0].name))
    wanted = {key: document.pairs(entry) for key, entry in after["roles"].items() if key != policy.ADMINISTRATOR}
    wanted.update({role.name: set() for role in gone})
    _write({roles[key].id: pairs for key, pairs in wanted.items()})
    db.session.expire_all()
    for role in gone:
        if role not in kept:
            db.session.delete(role)
    db.session.flush()
    policy.forget()


def _is_held(role: Role) -> bool:
    tables = db.metadata.tables
    owners = (tables["ab_user_role"], tables["ab_group_role"])
    return any(db.session.execute(select(table.c.role_id).where(table.c.role_id == role.id).limit(1)).first() for table in owners)


def _write(wanted: dict[int, set[tuple[str, str]]]) -> None:
    known = _known()
    table = db.metadata.tables["ab_permission_view_role"]
    rows = db.session.execute(select(table.c.role_id, table.c.permission_view_id).where(table.c.role_id.in_(wanted)))
    held: Pairs = {(role_id, pair_id) for role_id, pair_id in rows}
    asked: Pairs = {(role_id, known[pair]) for role_id, pairs in wanted.items() for pair in pairs if pair in known}
    for role_id, pair_ids in _by_role(held - asked):
        db.session.execute(delete(table).where(table.c.role_id == role_id, table.c.permission_view_id.in_(pair_ids)))
    fresh = [{"role_id": role_id, "permission_view_id": pair_id} for role_id, pair_id in sorted(asked - held)]
    if fresh:
        db.session.execute(insert(table), fresh)


def _by_role(pairs: Pairs) -> Iterable[tuple[int, list[int]]]:
    found: dict[int, list[int]] = {}
    for role_id, pair_id in sorted(pairs):
        found.setdefault(role_id, []).append(pair_id)
    return found.items()


def _known() -> dict[tuple[str, str], int]:
    """(verb, resource) → the number of that pair."""
    rows = db.session.execute(
        select(Permission.name, ViewMenu.name, PermissionView.id)
        .select_from(PermissionView)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
    )
    return {(name.removeprefix(policy.PREFIX), resource): key for name, resource, key in rows}
