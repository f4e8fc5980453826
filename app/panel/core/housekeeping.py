"""What tidies up behind the panel at night: finished rows, an old trash, and files that nobody needs any more."""

from __future__ import annotations

from pathlib import Path

from flask import current_app
from flask_babel import lazy_gettext as _

from app.panel.core import changes, clock, files, mail, notices, outbox, schedules, trash
from app.panel.core.jobs import job, scheduled

KEPT_IN_TRASH = 180
KEPT_UNUSED = 7  # days in which a form may still be sent, or a deleted row come back by an undo


@scheduled("core.sweep", cron="20 4 * * *", label=_("Tidy up finished work"))
@job("core.sweep", timeout=600)
def sweep() -> None:
    """Forget finished outbox rows after a week, slots after a quarter of a year, notices after half a year.

    The trash keeps half a year too, the feed of changes its latest hundred thousand and what somebody has still to read.
    Mails that were written instead of sent go after a month. A file goes a week after it was given, when neither a row nor
    the trash names it.
    """
    while outbox.sweep():
        pass
    while notices.sweep():
        pass
    schedules.sweep()
    changes.sweep()
    mail.sweep(Path(current_app.config["LOG_FOLDER"]))
    trash.sweep(KEPT_IN_TRASH)
    files.forget_unused(before=clock.now() - clock.days(KEPT_UNUSED), but=trash.pointing_at(files.File.__table__))
