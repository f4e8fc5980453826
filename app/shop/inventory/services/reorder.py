"""What to buy again: for what stands below its line, as much as is sold in the days to cover, and not what is on its way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from app.panel.core import clock, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.settings import define, setting
from app.panel.core.transaction import transactional
from app.shop.inventory import queries
from app.shop.inventory.models import PurchaseReceipt
from app.shop.inventory.services.alerts import line_of
from app.shop.inventory.services.ledger import lock
from app.shop.inventory.services.purchases import draft_receipt
from app.shop.setup.queries import shop_currency

RESOURCE = "inventory.PurchaseReceipt"
LOOK_BACK, MOST = 30, 500
Place = tuple[int, int]
STOCK = "inventory.StockLevel"
# fields that a proposal gives away
WORKED_OUT_OF = (
    (STOCK, "on_hand"), (STOCK, "reserved"), (STOCK, "available"), (STOCK, "threshold"), ("orders.OrderLine", "quantity"),
)

define(
    "inventory.cover_days", 30, label=_("Reorder for"), kind="integer", min=1, max=365, unit=_("days"),
    help=_("A proposed purchase covers the sales of so many days, at the pace of the last 30."),
)  # fmt: skip


@dataclass(frozen=True)
class Proposal:
    """A SKU in a warehouse that should be bought again, with all that the quantity follows from."""

    place: Place
    code: str
    option: str
    title: str
    warehouse: str
    on_hand: int
    reserved: int
    on_order: int
    sold: int
    quantity: int
    supplier_id: int | None
    supplier: str
    unit_cost: int
    currency: str

    @property
    def days(self) -> int | None:
        """How long the rest lasts at the pace of the last 30 days; None when nothing was sold."""
        return None if not self.sold else (self.on_hand - self.reserved) * LOOK_BACK // self.sold


def proposed(available: int, coming: int, sold: int, line: int, days: int) -> int:
    """Pieces to buy: the sales of `days` or, when more, one piece above the warning line; what is there or coming taken off."""
    needed = max(-(-sold * days // LOOK_BACK), line + 1)
    return max(needed - available - coming, 0)


def proposals(actor: Any) -> list[Proposal]:
    """What is low and not on order yet, the emptiest first; five statements."""
    rows = db.session.execute(queries.low_levels(actor, MOST)).all()
    ids = sorted({row.Sku.id for row in rows})
    since = clock.now() - clock.days(LOOK_BACK)
    sold = {(row.warehouse_id, row.sku_id): int(row.pieces) for row in db.session.execute(queries.sold_since(ids, since))}
    coming = {(row.warehouse_id, row.sku_id): int(row.pieces) for row in db.session.execute(queries.on_order(ids))}
    prices = {row.SupplierPrice.sku_id: row for row in db.session.execute(queries.last_prices(ids))}
    days, found = int(setting("inventory.cover_days")), []
    for level, sku, title, warehouse in rows:
        place = (level.warehouse_id, level.sku_id)
        on_order, pieces = coming.get(place, 0), max(sold.get(place, 0), 0)
        quantity = proposed(level.available, on_order, pieces, line_of(level.threshold), days)
        if not quantity:
            continue
        known = prices.get(sku.id)
        price = known.SupplierPrice if known is not None else None
        found.append(
            Proposal(
                place, sku.code, sku.options, title, warehouse, level.on_hand, level.reserved, on_order, pieces, quantity,
                price.supplier_id if price else None, known.name if known is not None else "",
                price.unit_cost if price else 0, price.currency if price else shop_currency(),
            )
        )  # fmt: skip
    return found


@transactional
def order(wanted: Mapping[Place, int], *, actor: Any) -> list[PurchaseReceipt]:
    """Drafts of purchase papers for chosen rows, one a supplier, warehouse and currency.

    What has come onto a paper meanwhile is not ordered again, so a repeat makes no second draft.

    :raises DomainError: when nothing of it is left to order, or nobody is known who sells it
    """
    policy.authorize(actor, "write", RESOURCE)
    if wanted:
        lock(sorted(wanted))  # two who press at once do so one after the other
    chosen = [one for one in proposals(actor) if wanted.get(one.place, 0) > 0]
    if not chosen:
        raise DomainError(_("Nothing of this is left to order: it is on purchase papers already, or there is enough of it."))
    papers: dict[tuple[int, int, str], list[tuple[int, int, int]]] = defaultdict(list)
    for one in chosen:
        if one.supplier_id is None:
            raise DomainError(_("Nobody is known who sells %(sku)s. Add a purchase price first.", sku=one.code))
        warehouse_id, sku_id = one.place
        papers[one.supplier_id, warehouse_id, one.currency].append((sku_id, wanted[one.place], one.unit_cost))
    return [
        draft_receipt(supplier_id, lines, actor=actor, warehouse_id=warehouse_id, currency=currency, note=str(_("Reordered")))
        for (supplier_id, warehouse_id, currency), lines in sorted(papers.items())
    ]
