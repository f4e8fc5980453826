"""What the inventory does by itself."""

from __future__ import annotations

from collections import defaultdict

from flask_babel import lazy_gettext
from sqlalchemy import select, update

from app.panel.core import clock, notices
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.jobs import job, scheduled
from app.panel.core.transaction import transactional
from app.shop.inventory.models import StockAlert, StockLevel
from app.shop.inventory.services import alerts
from app.shop.inventory.services.audience import told_of

SHOWN = 5
LOW = notices.kind(
    "inventory.low", lazy_gettext("Stock is running low"), group=lazy_gettext("Stock"), needs=("read", "inventory.StockAlert")
)


@job("inventory.tell_low", queue="default", timeout=120)
def tell_low() -> None:
    """One notice a person for all alerts that nobody was told of: a sale of 40 SKUs is one notice, not forty."""
    _tell()


@transactional
def _tell() -> None:
    fresh = list(
        db.session.scalars(
            select(StockAlert).where(StockAlert.notified_at.is_(None), StockAlert.recovered_at.is_(None)).limit(500)
        )
    )
    if not fresh:
        return
    # marked first and in one statement: of two jobs that run at once, the second finds nothing
    claimed = update(StockAlert).where(
        StockAlert.id.in_([alert.id for alert in fresh]), StockAlert.notified_at.is_(None)
    )
    ids = set(
        db.session.scalars(
            claimed.values(notified_at=clock.now(), version=StockAlert.version + 1).returning(StockAlert.id),
            execution_options={"synchronize_session": False},
        )
    )
    by_reader: dict[int, list[StockAlert]] = defaultdict(list)
    for alert in fresh:
        if alert.id in ids:
            for user_id in told_of(alert.level.warehouse):
                by_reader[user_id].append(alert)
    for user_id, mine in sorted(by_reader.items()):
        _notify(user_id, mine)


def _notify(user_id: int, mine: list[StockAlert]) -> None:
    if len(mine) == 1:
        level = mine[0].level
        title = lazy_gettext("%(sku)s is running low: %(n)s left", sku=str(level.sku), n=mine[0].available)
        where = f"/inventory/stock/{level.sku_id}"
        notices.send([user_id], title, str(level.warehouse), url=where, kind=LOW, about=level)
        return
    title = lazy_gettext("%(n)s SKUs are running low", n=len(mine))
    body = ", ".join(f"{alert.level.sku} ({alert.available})" for alert in mine[:SHOWN])
    notices.send([user_id], title, body + (" …" if len(mine) > SHOWN else ""), url="/inventory/stockalert/list/", kind=LOW)


@scheduled("inventory.recheck_lines", cron="*/15 * * * *", label=lazy_gettext("Bring stock alerts in step with the warning lines"))
@job("inventory.recheck_lines", queue="default", timeout=300)
def recheck_lines() -> None:
    """After the line of the settings was moved, alerts are raised and closed; 2,000 levels a transaction."""
    while _recheck():
        continue


@transactional
def _recheck() -> bool:
    return alerts.recheck(StockLevel.id > 0, actor=SYSTEM) >= alerts.CHUNK
