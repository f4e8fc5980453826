"""FAB's security manager with its own screens, hashes, counters and answers taken out and ours put in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask, current_app
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_limiter import Limiter
from flask_login import LoginManager

from app.panel.accounts import services
from app.panel.accounts.auth import AuthDBView
from app.panel.accounts.login import entering, passwords
from app.panel.accounts.models import User
from app.panel.accounts.people import guard, preferences
from app.panel.accounts.secondperson import waiting
from app.panel.core import history, policy, twopeople
from app.panel.core.actor import SYSTEM, current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.security import network
from app.panel.core.transaction import transactional

MENU = "menu:"


class PanelSecurityManager(SecurityManager):
    """Rights are asked of `core.policy`; accounts are changed by `accounts.services`.

    Not mounted: FAB's log-in API and security API (no limits, no second step: SAFETY F21, F35), its user and role
    screens (they grant what the editor does not hold: F25), password screens (no current password: F24), charts and
    self-registration.
    """

    userstatschartview = None

    def create_limiter(self, app: Flask) -> Limiter:
        """FAB's limiter, counting in Valkey for all processes; each in its own memory while Valkey is away."""
        app.config["RATELIMIT_ENABLED"] = True
        storage = app.config.get("LIMITS_STORAGE") or storage_uri(app.config.get("REDIS_URL") or "")
        app.config["RATELIMIT_STORAGE_URI"] = storage
        options = {} if storage.startswith("memory") else {"socket_timeout": 1, "socket_connect_timeout": 1}
        limiter = Limiter(key_func=network, storage_options=options, in_memory_fallback_enabled=True)
        hooks = [of.setdefault(None, []) for of in (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)]
        kept = [list(functions) for functions in hooks]
        limiter.init_app(app)
        for functions, before in zip(hooks, kept, strict=True):
            functions[:] = before  # it would look at every request for limits that no view has; `limits` asks it itself
        return limiter

    def add_limit_view(self, baseview: Any) -> None:
        """:raises RuntimeError: for a view with limits, which nobody would ask; `accounts.limits` has those of ours"""
        if baseview.limits:
            raise RuntimeError(f"{type(baseview).__name__} has limits; ask accounts.limits in the view")

    def create_login_manager(self, app: Flask) -> LoginManager:
        manager = super().create_login_manager(app)
        manager.login_view = f"{AuthDBView.__name__}.login"
        manager.session_protection = None  # our sessions are rows: a copied cookie is ended, not guessed at
        return manager

    def create_db(self) -> None:
        """Nothing: `core.setup` migrates and writes the roles, a start of a web process writes nothing (SAFETY F36)."""

    def register_views(self) -> None:
        self.auth_view = AuthDBView()
        self.appbuilder.add_view_no_menu(self.auth_view)
        current_app.extensions["babel"].locale_selector = preferences.language
        passwords.prepare()

    # rights

    def has_access(self, permission_name: str, view_name: str) -> bool:
        return policy.allowed(current_actor(), *_question(permission_name, view_name))

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        return False

    def get_user_menu_access(self, menu_names: list[str] | None = None) -> set[str]:
        return {name for name in menu_names or () if self.has_access("menu_access", name)}

    def get_public_role(self) -> None:
        return None

    def get_public_permissions(self) -> list[Any]:
        return []

    def load_user(self, pk: Any) -> User | None:
        user = db.session.get(User, int(pk)) if str(pk).isdecimal() else None
        return user if user is not None and user.active else None

    def load_user_jwt(self, _jwt_header: Any, jwt_data: Any) -> None:
        """No tokens: nothing of ours issues one, so one that verifies was made by somebody who knows the key."""

    # accounts, as FAB's own commands know them

    def auth_user_db(self, username: str, password: str) -> User | None:
        try:
            return entering.authenticate(username or "", password or "")
        except entering.WrongLogin as error:
            if error.missed[0] != entering.STRANGER:
                entering.note(*error.missed)
            return None
        except DomainError:
            return None

    def add_user(
        self, username: str, first_name: str, last_name: str, email: str, role: Any, password: str = "",
        hashed_password: str = "", groups: Any = None,
    ) -> User | bool:  # fmt: skip
        """`flask fab create-admin` and its like come here: same rules, same hashes."""
        roles = [entry.name for entry in (role if isinstance(role, Iterable) else [role]) if entry]
        name = f"{first_name} {last_name}".strip()
        try:
            with history.by("cli"):
                return services.create_user(
                    actor=SYSTEM, username=username, name=name, email=email, roles=roles, password=password or None
                )
        except twopeople.AnotherPersonNeeded as needed:
            waiting.keep(needed)
            return False

    def reset_password(self, userid: int, password: str) -> None:
        user = db.session.get(User, int(userid))
        if user is not None:
            services.set_password(user, password, actor=SYSTEM, must_change=True)

    @transactional
    def update_user(self, user: User) -> bool:
        """FAB saves what it changed on `user` before; what is dirty outside of a transaction is refused."""
        raise NotImplementedError("change accounts through accounts.services")

    def noop_user_update(self, user: User) -> None:
        """FAB writes here for unknown users, to hide them by time; `login` hides them without a write (SAFETY F22)."""

    def count_users(self) -> int:
        return db.session.query(User).count()


def storage_uri(redis_url: str) -> str:
    """Our Valkey as the limits library spells it."""
    return f"redis+{redis_url}" if redis_url.startswith("unix://") else redis_url or "memory://"


def _question(permission_name: str, view_name: str) -> tuple[str, str]:
    """FAB's names as the policy's: `can_ship` on `orders.Order`, `menu_access` on `menu:orders.Order`."""
    if permission_name == "menu_access":
        return "read", view_name.removeprefix(MENU)
    return permission_name.removeprefix(policy.PREFIX), view_name


__all__ = ["PanelSecurityManager", "guard", "storage_uri"]
