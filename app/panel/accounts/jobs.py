"""What the accounts tidy up at night."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, or_

from app.panel.accounts.login import browsers, secondstep
from app.panel.accounts.models import LoginEvent, LoginSession, OneTimeLink, PendingLogin
from app.panel.accounts.rights import checks, delegation
from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.jobs import job, scheduled
from app.panel.core.transaction import transactional

SESSIONS_FOR, EVENTS_FOR = dt.timedelta(days=7), dt.timedelta(days=365)


@scheduled("accounts.sweep", cron="35 4 * * *", label=_("Forget old sessions and log-ins"))
@job("accounts.sweep", timeout=600)
@transactional
def sweep() -> None:
    """Forget ended sessions and links after a week, log-ins after a year."""
    now = clock.now()
    ended = or_(LoginSession.absolute_end_at < now - SESSIONS_FOR, LoginSession.revoked_at < now - SESSIONS_FOR)
    db.session.execute(delete(LoginSession).where(ended))
    db.session.execute(delete(OneTimeLink).where(OneTimeLink.expires_at < now - SESSIONS_FOR))
    db.session.execute(delete(LoginEvent).where(LoginEvent.at < now - EVENTS_FOR))
    db.session.execute(delete(PendingLogin).where(PendingLogin.expires_at < now - secondstep.LASTS))
    browsers.sweep()


@scheduled("accounts.lent_summary", cron="0 9 * * *", label=_("Tell lenders how their rights were used"))
@job("accounts.lent_summary", timeout=300)
def lent_summary() -> int:
    """Once a day each lender reads what was done with what he lent."""
    return delegation.summarise()


@job("accounts.check_rights", queue="bulk", timeout=checks.LONGEST_SECONDS + 60)
def check_rights(run_id: int) -> None:
    """Try every route as everybody, in a process of its own."""
    checks.run(run_id)
