"""What tidies up behind the panel: bytes of deleted files at once, finished rows at night."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from app.panel.core import files, notices, outbox, schedules
from app.panel.core.jobs import job, scheduled


@outbox.handler("delete_file", timeout=60, tries=8)
def delete_file(payload: dict[str, Any]) -> None:
    """Delete the bytes behind a token, after the transaction that deleted its row."""
    files.delete_bytes(payload["token"])


@scheduled("core.sweep", cron="20 4 * * *", label=_("Tidy up finished work"))
@job("core.sweep", timeout=600)
def sweep() -> None:
    """Forget finished outbox rows after a week, slots after a quarter of a year, notices after half a year."""
    while outbox.sweep():
        pass
    while notices.sweep():
        pass
    schedules.sweep()
