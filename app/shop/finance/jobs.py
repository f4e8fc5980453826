"""What the ledger does by the clock."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from app.panel.core import notices
from app.panel.core.jobs import job, scheduled
from app.panel.core.transaction import transactional
from app.shop.finance import services

MOST = 20_000
DIFFERENCE = notices.kind(
    "finance.difference", _("The ledger and the orders differ"), group=_("Finance"), needs=("book", "finance.Entry")
)


@scheduled("finance.check", cron="20 * * * *", label=_("Book what is missing and check the ledger"))
@job("finance.check", timeout=1800)
def check() -> dict[str, int]:
    """Every hour: what came past the ledger is booked, then both are compared; finance hears of a difference."""
    booked = services.catch_up(MOST)
    found = services.verify()
    if found:
        _tell(found)
    return {"booked": booked, "differences": len(found)}


@transactional
def _tell(found: list[Any]) -> None:
    title = _("The ledger differs from the orders in %(n)s places", n=len(found))
    said = "; ".join(str(one) for one in found[:5])
    notices.send(services.people_who_book(), title, body=said, url="/finance/balances/", kind=DIFFERENCE)
