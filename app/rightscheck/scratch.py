"""A scratch instance: the tables, the rights and the configuration of this one, and none of its rows.

It is a SQLite file in a temporary folder, whatever the instance itself runs on: who may do what is decided by the same
code there, and nothing that the check calls can touch a real row, a real file or the outside.
"""

from __future__ import annotations

import copy
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask_appbuilder.security.sqla.models import PermissionView
from sqlalchemy import select

import app as house
from app.panel.accounts.configuration import document, store
from app.panel.accounts.models import KeyKind, Publication, Role, User
from app.panel.accounts.people import keys
from app.panel.core import clock, policy, setup, stepup
from app.panel.core.db import db
from app.rightscheck import world as worlds
from app.rightscheck.expectations import ADMINISTRATOR_ROLE, Expectations, reviewed
from app.rightscheck.world import World


def settings(folder: Path) -> dict[str, Any]:
    """Nothing of the real instance: no database, no queue, no mail, no files."""
    return {
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'scratch.db'}", "SECRET_KEY": secrets.token_hex(32),
        "HOME": folder, "UPLOAD_FOLDER": str(folder / "files"), "LOG_FOLDER": folder / "logs", "TESTING": True,
        "PROPAGATE_EXCEPTIONS": False, "LIMITS_STORAGE": "memory://", "REDIS_URL": "",
        "SERVER_HOST": "127.0.0.1", "SERVER_PORT": 80, "PUBLIC_URL": "http://localhost",
        "SESSION_COOKIE_SECURE": False, "TRUSTED_HOSTS": ["localhost"], "JOBS_EAGER": False, "SMTP_URL": "",
        "BABEL_DEFAULT_LOCALE": "en", "PASSWORD_COST": {"time_cost": 1, "memory_cost": 8, "parallelism": 1},
    }  # fmt: skip


@contextmanager
def instance(configuration: document.Document) -> Iterator[Flask]:
    """An application over an empty scratch database in which this configuration holds."""
    with tempfile.TemporaryDirectory(prefix="zhanggui-rights-") as name:
        folder = Path(name)
        (folder / "logs").mkdir()
        scratch = house.create_app(**settings(folder))
        scratch.config["WTF_CSRF_ENABLED"] = False  # a token that is missing would be all that is refused
        with scratch.app_context():
            db.metadata.create_all(db.engine)
        setup.sync(scratch)
        with scratch.app_context():
            _obey(configuration)
            db.session.remove()
        silent, scratch.logger.disabled = scratch.logger.disabled, True  # errors are in the report; it is the process's logger
        try:
            yield scratch
        finally:
            scratch.logger.disabled = silent
            with scratch.app_context():
                db.session.remove()
                db.engine.dispose()


def _obey(configuration: document.Document) -> None:
    """Let the configuration hold here as it does in the real instance."""
    known = {(one.permission.name, one.view_menu.name): one for one in db.session.query(PermissionView)}
    for name, entry in configuration["roles"].items():
        role = db.session.scalars(select(Role).where(Role.name == name)).first() or Role(name=name)
        pairs = [(f"{policy.PREFIX}{verb}", resource) for verb, resource in document.pairs(entry)]
        role.permissions = [known[pair] for pair in pairs if pair in known]
        db.session.add(role)
    wanted, now = copy.deepcopy(configuration), clock.now()
    db.session.add(
        Publication(document=wanted, digest=document.digest(wanted), note="", published_at=now, confirmed_at=now)
    )
    db.session.commit()
    store.forget()


def rights_of(configuration: document.Document) -> dict[str, dict[str, list[str]]]:
    """{role: {resource: verbs}}"""
    return {name: entry["rights"] for name, entry in configuration["roles"].items()}


def roles_of(configuration: document.Document) -> list[str]:
    return [ADMINISTRATOR_ROLE, *sorted(set(configuration["roles"]) - {ADMINISTRATOR_ROLE})]


def make_key(world: World, wanted: Expectations) -> str:
    """The text of a key with the scopes that the file names; nothing when its owner's role may make none."""
    with world.app.app_context():
        owner = db.session.get(User, world.users.get(wanted.key_owner, 0))
        rights = [
            (verb, resource)
            for resource, verbs in reviewed()["key"]["rights"].items()
            for verb in verbs
            if wanted.holds(wanted.key_owner, f"{resource} {verb}")
        ]
        if owner is None or not rights or not wanted.holds(wanted.key_owner, f"{keys.RESOURCE} make"):
            return ""
        with stepup.vouched():
            return keys.make(actor=owner, name="check", kind=KeyKind.PERSON, rights=rights)[1]


def populate(scratch: Flask, roles: list[str]) -> World:
    """Two shops with a row of everything, and a person of the first for each role."""
    return worlds.build(scratch, roles=roles)
