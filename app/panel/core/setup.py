"""What an instance needs beside its tables: permissions, roles and their default rights. Run by `flask setup`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app
from flask_appbuilder.security.sqla.models import Permission, PermissionView, Role, ViewMenu
from sqlalchemy import select

from app.panel.core import policy, settings
from app.panel.core.db import db
from app.panel.core.transaction import transactional

_then: list[Callable[[set[str]], Any]] = []


def then(call: Callable[[set[str]], Any]) -> Callable[[set[str]], Any]:
    """Register what is done with every sync, in its transaction; it is given the resources that are new to the instance."""
    _then.append(call)
    return call


def sync(app: Flask) -> None:
    """Write permissions that the code knows and roles that do not exist yet; safe to repeat.

    A role that exists keeps what the administrator made of it, except for rights on resources that are new to the
    instance: those get their defaults.
    """
    with app.app_context():
        _write()


@transactional
def _write() -> None:
    known = _pairs()
    names = {p.name: p for p in db.session.query(Permission)}
    menus = {m.name: m for m in db.session.query(ViewMenu)}
    have = {(p.permission.name, p.view_menu.name): p for p in db.session.query(PermissionView)}
    new_resources = {resource for _name, resource in known} - {resource for _name, resource in have}
    for name, resource in sorted(known - set(have)):
        permission = names.setdefault(name, Permission(name=name))
        menu = menus.setdefault(resource, ViewMenu(name=resource))
        have[name, resource] = PermissionView(permission=permission, view_menu=menu)
        db.session.add(have[name, resource])
    db.session.flush()
    roles = {role.name: role for role in db.session.query(Role)}
    for key in sorted({policy.ADMINISTRATOR, *policy.REGISTRY.roles, *policy.REGISTRY.grants}):
        role = roles.get(key)
        is_new = role is None
        if role is None:
            role = Role(name=key)
            db.session.add(role)
        rights = policy.REGISTRY.grants.get(key, {})
        held = set(role.permissions)
        for resource, verbs in rights.items():
            if is_new or resource in new_resources:
                held |= {
                    have[f"{policy.PREFIX}{verb}", resource]
                    for verb in verbs
                    if (f"{policy.PREFIX}{verb}", resource) in have
                }
        if held != set(role.permissions):
            role.permissions = list(held)
    db.session.flush()
    for call in _then:
        call(new_resources)


def every_right() -> frozenset[tuple[str, str]]:
    """(verb, resource) of everything that this instance knows: what an administrator holds."""
    found = db.session.execute(
        select(Permission.name, ViewMenu.name)
        .select_from(PermissionView)
        .join(Permission, Permission.id == PermissionView.permission_id)
        .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
    )
    return frozenset((name.removeprefix(policy.PREFIX), resource) for name, resource in found)


def _pairs() -> set[tuple[str, str]]:
    """(permission, resource) of every view, of every own verb and of every default right."""
    pairs: set[tuple[str, str]] = set()
    views: list[Any] = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    for view in views:
        resource = getattr(view, "class_permission_name", "") or ""
        if "." in resource:
            pairs |= {(name, resource) for name in view.base_permissions or ()}
        for name in dir(type(view)):
            verb, other = getattr(getattr(type(view), name, None), "_needs", ("", None)) or ("", None)
            if verb and (other or resource):
                pairs.add((f"{policy.PREFIX}{verb}", other or resource))
    for resource, own in policy.REGISTRY.verbs.items():
        pairs |= {(f"{policy.PREFIX}{verb}", resource) for verb in own}
    for rights in policy.REGISTRY.grants.values():
        for resource, verbs in rights.items():
            pairs |= {(f"{policy.PREFIX}{verb}", resource) for verb in verbs}
    pairs |= {(f"{policy.PREFIX}{verb}", settings.RESOURCE) for verb in ("read", "write")}
    return pairs
