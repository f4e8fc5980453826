"""Closed lists of the customers domain."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices


class Gender(Choices):
    FEMALE = "female", _("Female"), "neutral"
    MALE = "male", _("Male"), "neutral"
    OTHER = "other", _("Other"), "neutral"


class CustomerState(Choices):
    ACTIVE = "active", _("Normal"), "success"
    BLOCKED = "blocked", _("Blocked"), "danger"
    ERASED = "erased", _("Erased"), "muted"


class CustomerLevel(Choices):
    """The level that a member has earned. The rules that award it belong to marketing."""

    REGULAR = "regular", _("Regular member"), "neutral"
    SILVER = "silver", _("Silver member"), "info"
    GOLD = "gold", _("Gold member"), "warning"
    DIAMOND = "diamond", _("Diamond member"), "success"


class IdentityKind(Choices):
    """By what a person is recognised when he comes again."""

    PHONE = "phone", _("Phone"), "neutral"
    EMAIL = "email", _("E-mail"), "neutral"
    EXTERNAL = "external", _("Account on the platform"), "info"


class Purpose(Choices):
    """What a person can agree to, each by itself."""

    SMS = "sms", _("Text messages"), "neutral"
    EMAIL = "email", _("Newsletters"), "neutral"
    CALL = "call", _("Calls"), "neutral"
    PROFILING = "profiling", _("Personal offers"), "neutral"


class TagTone(Choices):
    """The colour of a tag; the word always stands beside it."""

    NEUTRAL = "neutral", _("Grey"), "neutral"
    INFO = "info", _("Blue"), "info"
    SUCCESS = "success", _("Green"), "success"
    WARNING = "warning", _("Amber"), "warning"
    DANGER = "danger", _("Red"), "danger"
