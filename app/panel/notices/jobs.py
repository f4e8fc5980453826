"""What the notices do by the clock."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.jobs import job, scheduled
from app.panel.notices import services


@scheduled("notices.carry_due", cron="*/5 * * * *", label=_("Send digests and what waited for the end of quiet hours"))
@job("notices.carry_due", queue="mail", timeout=120)
def carry_due() -> None:
    services.hand_over_due()


@scheduled("notices.sweep", cron="25 4 * * *", label=_("Forget which notices were sent"))
@job("notices.sweep", timeout=120)
def sweep() -> None:
    services.sweep()
