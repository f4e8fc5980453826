"""People who may write the configuration, and what they write into its draft."""

from __future__ import annotations

from typing import Any

import pytest
from flask_appbuilder.security.sqla.models import PermissionView

from app.panel.accounts import services
from app.panel.accounts.configuration import store
from app.panel.accounts.models import Role
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from tests.people import PASSWORD

JSON = {"Accept": "application/json"}


@pytest.fixture
def person(session: Any) -> Any:
    """`person("hilde", "keeper", {"orders.Order": "read"})`: somebody new, with a new role of these rights where it is given."""

    def make(name: str, role: str, rights: dict[str, str] | None = None) -> Any:
        if rights is not None:
            known = {(p.permission.name, p.view_menu.name): p for p in db.session.query(PermissionView)}
            entry = Role(name=role)
            entry.permissions = [known[f"can_{verb}", of] for of, verbs in rights.items() for verb in verbs.split()]
            db.session.add(entry)
            db.session.commit()
        return services.create_user(
            actor=SYSTEM, username=name, name=name.title(), email=f"{name}@example.org", roles=[role], password=PASSWORD
        )

    return make


@pytest.fixture
def drafted() -> Any:
    """What the draft says of a role."""
    return lambda role: store.draft().document["roles"][role]
