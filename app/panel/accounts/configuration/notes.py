"""Notes that the panel itself writes beside publications, and how they are said to people."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

AS_DELIVERED = "as delivered"
ADDED = "added by a new version"
NOT_CONFIRMED = "not confirmed in time"
SAID = {AS_DELIVERED: _("As delivered"), ADDED: _("Added by a new version"), NOT_CONFIRMED: _("Not confirmed in time")}


def said(note: str) -> str:
    """A note in the reader's language, if the panel wrote it; what a person wrote stays as it is."""
    return str(SAID.get(note, note))
