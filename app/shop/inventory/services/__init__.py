"""The verbs of the inventory, and the only writers of its tables.

`reserve`, `release`, `ship` and `take_back` are called by the domains above us, which have asked the policy for their
own verb (ship an order, refund it); they ask nothing again. The others are verbs of the inventory and ask the policy.
"""

from app.shop.inventory.services.bulk import PastMove, open_stock_many, post_many
from app.shop.inventory.services.check import verify
from app.shop.inventory.services.counts import cancel_count, count_lines, open_count, post_count
from app.shop.inventory.services.desk import adjust, adjust_many, receive, set_threshold, transfer, transfer_many
from app.shop.inventory.services.lines import Cause, Line, OutOfStock
from app.shop.inventory.services.many import (
    LINE,
    Wanted,
    release_many,
    reserve_many,
    take_back_many,
    undo_take_back_many,
)
from app.shop.inventory.services.purchases import cancel_receipt, draft_receipt, note_price, post_receipt
from app.shop.inventory.services.stock import release, reserve, ship, take_back
from app.shop.inventory.services.warehouses import default_warehouse_id, sells_from

__all__ = [
    "LINE",
    "Cause",
    "Line",
    "OutOfStock",
    "PastMove",
    "Wanted",
    "adjust",
    "adjust_many",
    "cancel_count",
    "cancel_receipt",
    "count_lines",
    "default_warehouse_id",
    "draft_receipt",
    "note_price",
    "open_count",
    "open_stock_many",
    "post_count",
    "post_many",
    "post_receipt",
    "receive",
    "release",
    "release_many",
    "reserve",
    "reserve_many",
    "sells_from",
    "set_threshold",
    "ship",
    "take_back",
    "take_back_many",
    "transfer",
    "transfer_many",
    "undo_take_back_many",
    "verify",
]
