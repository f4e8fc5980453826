"""The warning line: one alert a crossing, closed when the stock has recovered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import insert, select, update

from app.panel.core import clock
from app.panel.core.db import db
from app.panel.core.settings import define, setting
from app.shop.inventory.events import stock_ran_low, stock_recovered
from app.shop.inventory.models import StockAlert, StockLevel

define(
    "inventory.warning_line", 5, label=_("Warning line"), kind="integer",
    help=_("For every SKU without a line of its own. -1: no warning."),
)  # fmt: skip

# level id, is it low now, available, own line
Crossing = tuple[int, bool, int, int | None]


def line_of(threshold: int | None) -> int:
    return int(setting("inventory.warning_line")) if threshold is None else int(threshold)


def is_low(available: int, threshold: int | None) -> bool:
    return available <= line_of(threshold)


def crossed(crossings: Sequence[Crossing], *, actor: Any) -> None:
    """Raise and close alerts for levels whose `is_low` has just changed; they are locked by whoever calls."""
    fell = [crossing for crossing in crossings if crossing[1]]
    rose = [level_id for level_id, low, _available, _line in crossings if not low]
    if rose:
        open_ones = update(StockAlert).where(StockAlert.level_id.in_(rose), StockAlert.recovered_at.is_(None))
        db.session.execute(open_ones.values(recovered_at=clock.now(), version=StockAlert.version + 1))
        stock_recovered.send(StockLevel, level_ids=rose, actor=actor)
    if fell:
        rows = [
            {"level_id": level_id, "raised_at": clock.now(), "available": available, "line": line_of(threshold)}
            for level_id, _low, available, threshold in fell
        ]
        ids = list(db.session.scalars(insert(StockAlert).returning(StockAlert.id), rows))
        stock_ran_low.send(StockLevel, alert_ids=ids, actor=actor)


CHUNK = 2000


def recheck(condition: Any = None, *, actor: Any, limit: int = CHUNK) -> int:
    """Bring `is_low` and the alerts in step after a line was moved; how many levels changed. Works on locked rows."""
    default = line_of(None)
    from_line = db.func.coalesce(StockLevel.threshold, default)
    low = StockLevel.available <= from_line
    wrong = (low & ~StockLevel.is_low) | (~low & StockLevel.is_low)
    columns = (StockLevel.id, low.label("low"), StockLevel.available, StockLevel.threshold)
    statement = select(*columns).where(wrong).order_by(StockLevel.id).limit(limit).with_for_update()
    rows = db.session.execute(statement if condition is None else statement.where(condition)).all()
    for flag in (True, False):
        ids = [row.id for row in rows if bool(row.low) is flag]
        if ids:
            change = update(StockLevel).where(StockLevel.id.in_(ids)).values(is_low=flag, version=StockLevel.version + 1)
            db.session.execute(change)
    crossed([(row.id, bool(row.low), row.available, row.threshold) for row in rows], actor=actor)
    return len(rows)
