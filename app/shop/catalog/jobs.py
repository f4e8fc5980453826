"""What the catalog does by the clock."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.jobs import job, scheduled
from app.shop.catalog import services


@scheduled("catalog.act_on_schedule", cron="* * * * *", label=_("Put products on sale and take them off as planned"))
@job("catalog.act_on_schedule", queue="live", timeout=120)
def act_on_schedule(limit: int = 500) -> dict[str, int]:
    """Every minute; a product that is due waits at most that long, then it is done in one transaction."""
    return services.act_on_schedule(limit=limit)


@scheduled("catalog.sweep_searches", cron="50 3 * * *", label=_("Forget old searches"))
@job("catalog.sweep_searches", timeout=120)
def sweep_searches() -> None:
    services.sweep_searches()
