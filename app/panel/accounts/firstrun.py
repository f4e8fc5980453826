"""The first minutes of an instance: who owns it, what it is called, and with what it begins.

No account exists until somebody opens the one-time address that the terminal printed. The panel asks for the
administrator; what else a business must say is contributed by domains through `step`, with what it may begin (a demo,
an import) through `choice`, and what "start for real" removes through `cleaner`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blinker import Signal
from flask import Flask, current_app, redirect, request
from flask_babel import force_locale, gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import delete, text, update
from sqlalchemy.exc import IntegrityError

from app.panel.accounts import queries, services
from app.panel.accounts.login import passwords
from app.panel.accounts.models import Profile, User
from app.panel.core import policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import Conflict
from app.panel.core.transaction import savepoint, transactional

TOKEN_FILE = "setup_token"  # noqa: S105 (a file name)
OPEN = ("/setup/", "/static/", "/prefs/", "/healthz", "/readyz", "/metrics", "/favicon.ico")
demo_user_made = Signal()  # sender: the User; role: the key of the only one he has
demo_owner_made = Signal()  # sender: the administrator who was made beside the demo, and stays without it


@dataclass(frozen=True)
class Step:
    """A section of the first-run page. `save(form, *, actor)` runs in the transaction that makes the administrator.

    `unattended(*, actor)` answers it where nobody is asked.
    """

    label: Any
    template: str
    form: type[Any]
    save: Callable[..., None]
    order: int = 100
    unattended: Callable[..., None] | None = None


@dataclass(frozen=True)
class Choice:
    """With what the instance begins. `action(actor)` returns the address to go to."""

    key: str
    label: Any
    text: Any
    action: Callable[[Any], str]
    icon: str = "fa-circle-play"
    order: int = 100


@dataclass(frozen=True)
class Cleaner:
    """Something that "start for real" removes. `clean(actor)` returns how many rows went."""

    label: Any
    clean: Callable[[Any], int]
    order: int = 100


_steps: dict[str, Step] = {}
_choices: dict[str, Choice] = {}
_cleaners: dict[str, Cleaner] = {}


def step(
    label: Any, template: str, form: type[Any], save: Callable[..., None], *, order: int = 100,
    unattended: Callable[..., None] | None = None,
) -> None:  # fmt: skip
    """Contribute a section. Without a template its fields are drawn one under the other."""
    _steps[f"{form.__module__}.{form.__name__}"] = Step(label, template, form, save, order, unattended)


def choice(
    key: str, label: Any, text: Any, action: Callable[[Any], str], *, icon: str = "fa-circle-play", order: int = 100
) -> None:
    """Contribute something to begin with."""
    _choices[key] = Choice(key, label, text, action, icon, order)


def cleaner(key: str, label: Any, clean: Callable[[Any], int], order: int = 100) -> None:
    """Contribute to `reset`. Cleaners run from the highest order to the lowest: who points at others goes first."""
    _cleaners[key] = Cleaner(label, clean, order)


def steps() -> list[Step]:
    return sorted(_steps.values(), key=lambda entry: entry.order)


def choices() -> list[Choice]:
    return sorted(_choices.values(), key=lambda entry: entry.order)


def cleaners() -> list[Cleaner]:
    return sorted(_cleaners.values(), key=lambda entry: -entry.order)


def gate() -> Any:
    """Before every request: without any account there is one page only."""
    if is_ready() or request.path.startswith(OPEN):
        return None
    if request.path.startswith("/api/"):
        return {"message": "This instance is not set up yet."}, 503
    return redirect("/setup/")


def is_ready() -> bool:
    """Is there an account? Remembered once it is so: the last administrator cannot go."""
    known = current_app.extensions.setdefault("accounts", {})
    if not known.get("ready"):
        known["ready"] = queries.anybody()
    return bool(known["ready"])


def setup_url(app: Flask) -> str | None:
    """The address to print: it opens the first-run page once. None when the instance has an owner already.

    Every call makes a new token and forgets the one before; the home keeps its hash only.
    """
    with app.app_context():
        if queries.anybody():
            return None
    token = secrets.token_urlsafe(24)
    path = _token_path(app)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(_hashed(token))
    base = app.config.get("PUBLIC_URL") or f"http://{app.config['SERVER_HOST']}:{app.config['SERVER_PORT']}"
    return f"{base}/setup/?token={token}"


def token_fits(token: str) -> bool:
    try:
        stored = _token_path(current_app).read_text()
    except OSError:
        return False
    return bool(token) and hmac.compare_digest(stored, _hashed(token))


def open_instance(
    forms: list[tuple[Step, Any]], *, name: str, username: str, email: str, password: str, language: str
) -> User:
    """Make the administrator and save what the sections asked; the token is worth nothing afterwards.

    :raises Conflict: when somebody else was faster
    """
    passwords.check(password, username, name, email)
    user = _open(forms, name, username, email, passwords.hash_password(password), language)
    _token_path(current_app).unlink(missing_ok=True)
    return user


@transactional
def _open(forms: list[tuple[Step, Any]], name: str, username: str, email: str, stored: str, language: str) -> User:
    if db.engine.dialect.name == "postgresql":  # SQLite's write lock is taken already
        db.session.execute(text("SELECT pg_advisory_xact_lock(7276931)"))
    if queries.anybody():
        raise Conflict(gettext("This instance is set up already."))
    user = services.create_user(
        actor=SYSTEM, username=username, name=name, email=email, roles=[policy.ADMINISTRATOR]
    )
    user.password = stored
    db.session.flush()
    services.set_preferences(user.id, language=language)
    for entry, form in forms:
        entry.save(form, actor=SYSTEM)
    return user


def bootstrap_admin(
    app: Flask, username: str = "admin", password: str | None = None, *, with_demo: bool = False
) -> str | None:
    """Make the administrator without a page, for the demo and for unattended starts.

    :param password: generated when it is not given
    :param with_demo: let the domains say who owns the shop of the demo
    :return: the password, which is kept nowhere; None when there is an account already: nothing is changed then
    """
    with app.app_context():
        if queries.anybody():
            return None
        password = password or passwords.generate()
        with force_locale(app.config["BABEL_DEFAULT_LOCALE"]):
            name = gettext("Administrator")
        _bootstrapped(username, name, password, with_demo)
        return password


@transactional
def _bootstrapped(username: str, name: str, password: str, with_demo: bool) -> None:
    user = services.create_user(
        actor=SYSTEM, username=username, name=name, email=f"{username}@example.com", roles=[policy.ADMINISTRATOR], password=password
    )
    if with_demo:
        demo_owner_made.send(user)


def answer_unattended(app: Flask) -> None:
    """Answer what the first-run page would have asked, in the language of the instance."""
    with app.app_context(), force_locale(app.config["BABEL_DEFAULT_LOCALE"]):
        _answer()


@transactional
def _answer() -> None:
    for entry in steps():
        if entry.unattended is not None:
            entry.unattended(actor=SYSTEM)


def demo_users(app: Flask) -> list[tuple[str, str, str]]:
    """One person for every role but the administrator's, only for the demo: (user name, password, role) to print.

    Those that exist already are left alone: their passwords were printed when they were made.
    """
    made = []
    with app.app_context():
        for role in sorted(policy.REGISTRY.roles.values(), key=lambda entry: entry.order):
            if role.key == policy.ADMINISTRATOR or queries.by_login(role.key) is not None:
                continue
            password = passwords.generate()
            user = services.create_user(
                actor=SYSTEM, username=role.key, name=str(role.label), email=f"{role.key}@example.com",
                roles=[role.key], password=password,
            )  # fmt: skip
            _settle(user, role.key)
            made.append((role.key, password, role.key))
    return made


@transactional
def _settle(user: User, role: str) -> None:
    """Say that he goes with the demo, and let the domains find him his place in it."""
    db.session.execute(update(Profile).where(Profile.user_id == user.id).values(is_demo=True))
    demo_user_made.send(user, role=role)


def reset(actor: Any) -> list[tuple[Any, int]]:
    """Remove the demo and start for real: run what the domains contributed, each in transactions of its own.

    Accounts, roles and settings that a person made stay. A cleaner may be run twice.

    :return: label and number of rows, for each cleaner
    :raises Forbidden: for anybody but an administrator
    """
    policy.authorize(actor, "reset", "accounts.Instance")
    return [(entry.label, entry.clean(actor)) for entry in cleaners()]


@transactional
def remove_demo_users(actor: Any) -> int:
    """People who only came with the demo: deleted, or switched off where a row still names them."""
    demo = db.session.query(Profile.user_id).filter(Profile.is_demo, Profile.user_id != (actor.id or 0))
    keys = [row.user_id for row in demo]
    for key in keys:
        try:
            with savepoint():
                db.session.execute(delete(User).where(User.id == key))
        except IntegrityError:
            user = db.session.get(User, key)
            if user is not None:
                services.set_active(user, False, actor=SYSTEM)
    return len(keys)


def _token_path(app: Flask) -> Path:
    return Path(app.config["HOME"]) / TOKEN_FILE


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


choice("empty", _("Start empty"), _("Enter everything yourself."), lambda actor: "/", icon="fa-seedling", order=10)
cleaner("accounts.people", _("People of the demo"), remove_demo_users, order=10)
