"""What orders do by the clock."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext as _

from app.panel.core.jobs import job, scheduled
from app.shop.orders import services
from app.shop.orders.services import deliveries, rehearsing


@scheduled("orders.flag_late", cron="*/10 * * * *", label=_("List paid orders that were not shipped in time"))
@job("orders.flag_late", timeout=120)
def flag_late(limit: int = 500) -> dict[str, int]:
    """Every ten minutes; what exceeds the limit waits for the next time."""
    return {"late": services.flag_late(limit=limit)}


@flag_late.rehearses
def would_flag_late(at: dt.datetime, limit: int = 500) -> list[str]:
    return rehearsing.would_flag_late(at, limit)


@scheduled("orders.close_unpaid", cron="*/5 * * * *", label=_("Close orders that nobody pays"))
@job("orders.close_unpaid", timeout=300)
def close_unpaid(limit: int = 500) -> dict[str, int]:
    """Every five minutes; what exceeds the limit waits for the next time."""
    return {"closed": services.close_unpaid(limit=limit)}


@close_unpaid.rehearses
def would_close(at: dt.datetime, limit: int = 500) -> list[str]:
    return rehearsing.would_close(at, limit)


@scheduled("orders.remind", cron="*/10 * * * *", label=_("Remind buyers of orders that they have not paid"))
@job("orders.remind", timeout=300)
def remind(limit: int = 500) -> dict[str, int]:
    return {"reminded": services.remind(limit=limit)}


@remind.rehearses
def would_remind(at: dt.datetime, limit: int = 500) -> list[str]:
    return rehearsing.would_remind(at, limit)


@scheduled("orders.forget_deliveries", cron="45 4 * * *", label=_("Forget what channels sent"))
@job("orders.forget_deliveries", timeout=600)
def forget_deliveries() -> dict[str, int]:
    """The words of deliveries after 30 days, the deliveries after a year."""
    return {"forgotten": deliveries.sweep()}
