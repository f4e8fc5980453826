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

__all__ = [
    "ApiKey", "ConfigurationDraft", "KeyKind", "KeyState", "Layout", "LoginEvent", "LoginResult", "LoginSession",
    "OneTimeLink", "Profile", "Publication", "Role", "Skin", "User", "full_name",
]  # fmt: skip
