"""Closed lists of what goes out."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices


class ContactKind(Choices):
    """By what somebody who booked is reached."""

    EMAIL = "email", _("E-mail"), "info"
    PHONE = "phone", _("Phone"), "neutral"
    PLATFORM = "platform", _("On the platform"), "muted"


class OutletKind(Choices):
    PRACTICE = "practice", _("Practice channel"), "muted"
    WEBHOOK = "webhook", _("Signed webhook"), "info"
    GROUP = "group", _("Chat group"), "success"


class OutKind(Choices):
    PREVIEW = "preview", _("Preview"), "info"
    REPLY = "reply", _("Automatic answer"), "neutral"
    NOTICE = "notice", _("Notice"), "warning"


class OutState(Choices):
    WAITING = "waiting", _("Waiting"), "neutral"
    SENT = "sent", _("Sent"), "success"
    FAILED = "failed", _("Failed"), "danger"
