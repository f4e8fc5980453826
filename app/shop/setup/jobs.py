"""What the setup does by the clock."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.jobs import job, scheduled
from app.shop.setup import services


@scheduled("setup.watch_accounts", cron="5 8 * * *", label=_("Watch when platform accounts run out"))
@job("setup.watch_accounts", timeout=120)
def watch_accounts() -> dict[str, int]:
    """Every morning: expire what is over, remind of what ends within 30 days."""
    return {"expired": services.expire_accounts(), "reminded": services.remind_of_accounts()}
