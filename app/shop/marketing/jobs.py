"""What marketing does by the clock."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from app.panel.core.jobs import job, scheduled
from app.shop.marketing import services


@scheduled("marketing.expire_coupons", cron="20 * * * *", label=_("Let coupons expire whose time is over"))
@job("marketing.expire_coupons", timeout=300)
def expire_coupons(limit: int = 5000) -> dict[str, int]:
    """Every hour; what exceeds the limit waits for the next time. Nothing counts after its time, expired or not yet."""
    return {"expired": services.expire(limit=limit)}
