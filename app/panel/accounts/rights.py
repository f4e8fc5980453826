"""What roles hold, folded to words: a line a resource, a cell a role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import current_app
from flask_babel import gettext

from app.panel.accounts import queries
from app.panel.accounts.models import Role
from app.panel.core import policy


def described(role: Role) -> dict[str, Any]:
    known = policy.REGISTRY.roles.get(role.name)
    return {"key": role.name, "label": known.label if known else role.name, "description": known.description if known else ""}


def matrix(roles: Sequence[Role]) -> list[dict[str, Any]]:
    """Groups by domain of {label, rows: [{label, cells: [words of each role]}]}."""
    held = [queries.held_by_roles([role]) for role in roles]
    groups: dict[str, dict[str, Any]] = {}
    for resource, label in sorted(resources().items(), key=lambda item: str(item[1])):
        key = resource.partition(".")[0]
        group = groups.setdefault(key, {"label": domain_labels().get(key, key), "rows": []})
        cells = [words(role, rights, resource) for role, rights in zip(roles, held, strict=True)]
        group["rows"].append({"label": label, "cells": cells})
    return [groups[key] for key in sorted(groups, key=_place)]


def words(role: Role, held: policy.Held, resource: str) -> list[str]:
    """The verbs of one role on one resource, the basic ones first."""
    labels = policy.verb_labels(resource)
    if role.name == policy.ADMINISTRATOR:
        return [gettext("Everything")]
    return [str(label) for verb, label in labels.items() if (verb, resource) in held]


def resources() -> dict[str, Any]:
    """Every resource that a screen shows or a rule names, with the words for it."""
    names = {view.resource: view.title for view in current_app.extensions.get("panel_views", {}).values()}
    for rights in policy.REGISTRY.grants.values():
        for resource in rights:
            names.setdefault(resource, resource.partition(".")[2])
    return names


def domain_labels() -> dict[str, Any]:
    return {entry.key: entry.label for entry in current_app.extensions.get("panel_domains", ())}


def _place(key: str) -> int:
    """Where the menu shows a domain."""
    order = [entry.key for entry in sorted(current_app.extensions.get("panel_domains", ()), key=lambda entry: entry.order)]
    return order.index(key) if key in order else len(order)
