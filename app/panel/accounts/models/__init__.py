"""What an account has beside FAB's own row, a file a subject."""

from app.panel.accounts.models.configuration import ConfigurationDraft, Publication
from app.panel.accounts.models.people import (
    ApiKey,
    KeyKind,
    KeyState,
    Layout,
    LoginEvent,
    LoginResult,
    LoginSession,
    OneTimeLink,
    Profile,
    Role,
    Skin,
    User,
    full_name,
)
from app.panel.accounts.models.twostep import Device, Passkey, PendingLogin, RecoveryCode, TwoStep
from app.panel.accounts.models.waiting import WaitingChange

__all__ = [
    "ApiKey", "ConfigurationDraft", "Device", "KeyKind", "KeyState", "Layout", "LoginEvent", "LoginResult", "LoginSession",
    "OneTimeLink", "Passkey", "PendingLogin", "Profile", "Publication", "RecoveryCode", "Role", "Skin", "TwoStep", "User",
    "WaitingChange", "full_name",
]  # fmt: skip
