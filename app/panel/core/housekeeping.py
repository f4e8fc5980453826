"""What tidies up behind the panel at night: finished rows, an old trash, and files that nobody needs any more."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path

from flask import current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import (
    chain,
    chain_check,
    changes,
    clock,
    files,
    mail,
    notices,
    outbox,
    retention,
    schedules,
    trash,
)
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.jobs import job, scheduled
from app.panel.core.ticker import each
from app.panel.core.transaction import transactional

log = logging.getLogger(__name__)
SEAL_SECONDS = 60
KEPT_UNUSED = 7  # days in which a form may still be sent, or a deleted row come back by an undo


@scheduled("core.sweep", cron="20 4 * * *", label=_("Tidy up finished work"))
@job("core.sweep", timeout=600)
def sweep() -> None:
    """Forget finished outbox rows after a week, slots after a quarter of a year, notices after half a year.

    The trash keeps as long as its setting says, the feed of changes its latest hundred thousand and what somebody has still to
    read. Mails that were written instead of sent go after a month. A file goes a week after it was given, when neither a row nor
    the trash names it.
    """
    while outbox.sweep():
        pass
    while notices.sweep():
        pass
    schedules.sweep()
    changes.sweep()
    mail.sweep(Path(current_app.config["LOG_FOLDER"]))
    while trash.sweep():
        pass
    measure()
    files.forget_unused(before=clock.now() - clock.days(KEPT_UNUSED), but=trash.pointing_at(files.File.__table__))


@transactional
def measure() -> None:
    """Let SQLite look anew at how its tables are filled, where they grew; PostgreSQL does so by itself."""
    if db.session.connection().dialect.name == "sqlite":
        db.session.connection().exec_driver_sql("PRAGMA optimize")


@sweep.rehearses
def would_sweep(at: dt.datetime) -> list[str]:
    """Counted for the tables that grow most."""
    done = outbox.old_rows(at)
    return [gettext("%(n)s finished pieces of work would be forgotten.", n=done)]


@each(SEAL_SECONDS, limit=600)
def seal() -> None:
    """Seal the lines of the trail that were committed since the last time; of a great many, a part each time."""
    chain.seal(100)


@scheduled("core.check_trail", cron="50 3 * * *", label=_("Check the trail and remove what is too old"))
@job("core.check_trail", queue="bulk", timeout=3600)
def check_trail() -> None:
    """Check the whole chain; let go what is older than the setting says, unless the check found something."""
    verdict = chain_check.check()
    if not verdict.ok:
        fault = verdict.faults[0]
        log.error("the trail is broken: block %s, line %s: %s", fault.block, fault.line, chain_check.WORDS[fault.what])
    elif (before := retention.horizon()) is not None:
        retention.forget(before, actor=SYSTEM)
