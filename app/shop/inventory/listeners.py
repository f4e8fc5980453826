"""What the inventory does when something happened here."""

from __future__ import annotations

from typing import Any

from app.panel.core import bus
from app.shop.inventory import jobs
from app.shop.inventory.events import stock_changed, stock_ran_low

MOST = 200


@stock_ran_low.connect
def tell(_sender: Any, **_event: Any) -> None:
    """People are told by a job, so that a buyer does not wait for it."""
    jobs.tell_low.enqueue()


@stock_changed.connect
def show(_sender: Any, level_ids: set[int], **_event: Any) -> None:
    """Open stock pages look again. A change of more than 200 levels says only that there was one."""
    ids = sorted(level_ids) if len(level_ids) <= MOST else []
    bus.publish("inventory.StockLevel", "changed", {"ids": ids})
