"""What marketing does by the clock."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext as _

from app.panel.core.jobs import job, scheduled
from app.shop.marketing import services
from app.shop.marketing.services import rehearsing


@scheduled("marketing.expire_coupons", cron="20 * * * *", label=_("Let coupons expire whose time is over"))
@job("marketing.expire_coupons", timeout=300)
def expire_coupons(limit: int = 5000) -> dict[str, int]:
    """Every hour; what exceeds the limit waits for the next time. Nothing counts after its time, expired or not yet."""
    return {"expired": services.expire(limit=limit)}


@scheduled("marketing.end_groups", cron="* * * * *", label=_("End group buys whose time is over, and give the money back"))
@job("marketing.end_groups", timeout=300)
def end_groups(limit: int = 500) -> dict[str, int]:
    """Every minute; what exceeds the limit waits for the next time. Nobody joins a group after its time, ended or not yet."""
    return services.end_groups(limit=limit)


@end_groups.rehearses
def would_end(at: dt.datetime, limit: int = 500) -> list[str]:
    return rehearsing.would_end(at, limit)
