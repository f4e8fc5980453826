"""Closed lists of the creators domain."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices


class CreatorKind(Choices):
    HOST = "host", _("Our host"), "info"
    GUEST = "guest", _("Guest"), "neutral"
