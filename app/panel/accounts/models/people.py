"""What an account has beside FAB's own row: preferences, sessions, one-time links, and the log of log-ins."""

from __future__ import annotations

import zlib
from typing import Any

from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, event, false
from sqlalchemy.orm import Mapper, mapped_column, relationship

from app.panel.core import clock, columns
from app.panel.core.choices import Choices
from app.panel.core.columns import choice, instant, json_column, ref, relation, text
from app.panel.core.db import PanelModel
from app.panel.core.types import UTCDateTime


class Skin(Choices):
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")
    BLUE = "blue", _("Blue")


class Layout(Choices):
    SIDE = "side", _("At the side")
    TOP = "top", _("Along the top")
    COMPACT = "compact", _("Icons only")


class LoginResult(Choices):
    SUCCESS = "success", _("Logged in"), "success"
    WRONG = "wrong", _("Wrong password"), "danger"
    DISABLED = "disabled", _("Account disabled"), "warning"
    LINK = "link", _("By one-time link"), "info"
    HELD = "held", _("Password right, second step open"), "warning"
    CODE = "code", _("Wrong code"), "danger"
    LOGOUT = "logout", _("Logged out"), "muted"


class KeyKind(Choices):
    PERSON = "person", _("Personal key"), "info"
    MACHINE = "machine", _("Machine credential"), "neutral"


class KeyState(Choices):
    VALID = "valid", _("In force"), "success"
    EXPIRED = "expired", _("Expired"), "warning"
    REVOKED = "revoked", _("Revoked"), "muted"


class Profile(Model):
    """Preferences of one person, and the number that makes all sessions from before a change of rights worthless.

    A side table, because FAB owns `ab_user`.
    """

    __tablename__ = "accounts_profile"

    user_id = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    language = mapped_column(String(20), nullable=False, default="")
    skin = mapped_column(String(20), nullable=False, default=Skin.LIGHT.value)
    layout = mapped_column(String(20), nullable=False, default=Layout.SIDE.value)
    auth_epoch = mapped_column(Integer, nullable=False, default=1, server_default="1")
    must_change = mapped_column(Boolean, nullable=False, default=False)
    is_demo = mapped_column(Boolean, nullable=False, default=False)
    device_lock = mapped_column(Boolean, nullable=False, default=False, server_default=false())
    password_changed_at = mapped_column(UTCDateTime, nullable=True)
    # who made the link by which the password was set; nobody where it came by mail or from the machine
    let_in_by_id = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), nullable=True)

    user = relationship(User, foreign_keys=[user_id])


class LoginSession(Model):
    """A log-in that is alive, or was. The key is the SHA-256 of the id in the cookie: the table alone opens nothing."""

    __tablename__ = "accounts_session"
    __table_args__ = (Index("ix_accounts_session_user", "user_id", "revoked_at"),)

    key = mapped_column(String(64), primary_key=True)
    user_id = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    data = mapped_column(JSON, nullable=False, default=dict)
    created_at = mapped_column(UTCDateTime, nullable=False, default=clock.now)
    seen_at = mapped_column(UTCDateTime, nullable=False, default=clock.now)
    absolute_end_at = mapped_column(UTCDateTime, nullable=False)
    revoked_at = mapped_column(UTCDateTime, nullable=True)
    auth_epoch = mapped_column(Integer, nullable=False, default=1)
    ip = mapped_column(String(45), nullable=False, default="")
    agent = mapped_column(String(300), nullable=False, default="")


class OneTimeLink(Model):
    """An invitation or a reset: opens once, until it expires, and lets one person set a password."""

    __tablename__ = "accounts_link"

    key = mapped_column(String(64), primary_key=True)
    user_id = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False, index=True)
    auth_epoch = mapped_column(Integer, nullable=False, default=1)
    created_at = mapped_column(UTCDateTime, nullable=False, default=clock.now)
    expires_at = mapped_column(UTCDateTime, nullable=False)
    used_at = mapped_column(UTCDateTime, nullable=True)
    created_by_id = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), nullable=True)


class LoginEvent(Model):
    """One log-in of a known person, or one that failed. Unknown names are not kept: they are often passwords."""

    __tablename__ = "accounts_login_event"
    __table_args__ = (Index("ix_accounts_login_event_user_at", "user_id", "at"),)
    version = 1  # nobody changes it

    id = mapped_column(Integer, primary_key=True)
    at = instant(_("Time"), required=True, default=clock.now)
    user_id = ref(_("Person"), "ab_user.id", ondelete="CASCADE", required=True, index=False)
    result = choice(_("Result"), LoginResult, required=True)
    ip = text(_("IP address"), 45, default="")
    agent = text(_("Device"), 300, default="")

    user = relationship(User, foreign_keys=[user_id])


class ApiKey(PanelModel):
    """A credential of a program: it opens a part of what its owner may do, and of the rows that he sees.

    The table holds the SHA-256 of its 256-bit secret and opens nothing by itself. `prefix` finds the row.
    """

    __tablename__ = "accounts_api_key"
    __no_history__ = True  # the verbs are recorded, the hash is nobody's business

    name = text(_("Name"), 80, required=True, search=True)
    kind = choice(_("Kind of key"), KeyKind, default=KeyKind.PERSON, readonly=True)
    owner_id = ref(_("Who answers for it"), "ab_user.id", ondelete="CASCADE", required=True, readonly=True)
    owner = relation("User", owner_id)
    prefix = text(_("Begins with"), 16, required=True, unique=True, readonly=True)
    secret_hash = text("", 64, required=True, hidden=True)
    rights = json_column(_("May do"), required=True, hidden=True)  # [[verb, resource], …]
    bounds = json_column(_("Only for"), required=True, hidden=True)  # {resource: [ids]}
    expires_at = instant(_("Expires at"), required=True, index=True, readonly=True)
    last_used_at = instant(_("Last used"), readonly=True)
    last_used_from = text(_("Last used from"), 45, readonly=True)
    revoked_at = instant(_("Revoked at"), readonly=True)

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> KeyState:
        if self.revoked_at is not None:
            return KeyState.REVOKED
        return KeyState.EXPIRED if self.expires_at <= clock.now() else KeyState.VALID


def full_name(user: Any) -> str:
    """The name that others read. A Chinese name is one word, so FAB's two fields are used as one."""
    return " ".join(f"{user.first_name or ''} {user.last_name or ''}".split()) or str(user.username)


def seen_version(user: Any) -> int:
    """FAB's row has no version column; a number made of the instant of its last change tells a stale form as well."""
    return zlib.crc32(str(user.changed_on).encode()) % 1_000_000_000


def _dress() -> None:
    """Say of FAB's columns what our own models say of theirs. What is not named here (the password) is on no screen."""
    user, role = User.__table__.c, Role.__table__.c
    user.last_login.type = UTCDateTime()
    for column, label, kind, rules in (
        (user.username, _("User name"), "text", {"required": True, "search": True}),
        (user.first_name, _("Full name"), "text", {"required": True, "search": True}),
        (user.email, _("E-mail"), "email", {"required": True, "search": True}),
        (user.active, _("Active"), "bool", {"readonly": True}),
        (user.last_login, _("Last log-in"), "instant", {"readonly": True}),
        (role.name, _("Role"), "text", {"required": True, "search": True}),
    ):
        column.info.update(columns._info(label, kind, rules))
    User.__resource__, Role.__resource__ = "accounts.User", "accounts.Role"  # type: ignore[attr-defined]
    User.__str__ = full_name  # type: ignore[method-assign,assignment]
    User.version = property(seen_version)  # type: ignore[attr-defined]


def _dress_relations() -> None:
    # `roles` is a backref of FAB's: it exists once all classes are known
    roles = User.__mapper__.get_property("roles", _configure_mappers=False)
    roles.info.update(columns._info(_("Roles"), "many", {}))


_dress()
event.listen(Mapper, "after_configured", _dress_relations)

__all__ = [
    "ApiKey", "KeyKind", "KeyState", "Layout", "LoginEvent", "LoginResult", "LoginSession", "OneTimeLink", "Profile", "Role",
    "Skin", "User", "full_name",
]  # fmt: skip
