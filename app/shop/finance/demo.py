"""The ledger of the demo: what its orders brought, booked as it would be of orders of the past."""

from __future__ import annotations

from app.panel.core.demo import World, part
from app.shop.finance import services


@part(50)
def ledger(_world: World) -> None:
    services.ensure_chart()
    services.catch_up()
