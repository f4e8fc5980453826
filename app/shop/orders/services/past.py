"""Orders that happened elsewhere and earlier: kept as history, they reserve nothing and notify nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.panel.core.transaction import transactional
from app.shop.orders.models import Order


@dataclass(frozen=True)
class PastOutcome:
    """What became of one row. `before` is the row as it stood, in the shape that `record_past_orders` takes."""

    outcome: str  # "new", "changed", "same" or "refused"
    order_id: int | None = None
    why: str = ""
    before: dict[str, Any] | None = None


@transactional
def record_past_orders(
    rows: Sequence[Mapping[str, Any]], *, actor: Any, dry_run: bool = False
) -> list[PastOutcome]:
    """Write many past orders in a handful of statements, and say for each row what became of it, in the same order.

    A row is found again by (channel_id, external_number), else by (shop_id, number): the same rows twice change nothing.
    Amounts are minor units (int), instants aware datetimes, choices their short words.

    =====================  ==========================================================================================
    shop_id, channel_id    required
    number                 unique in the shop; external_number when left out
    external_number        the channel's number; one of the two is required
    currency               required
    placed_at              required
    state                  an OrderState, default "completed"
    lines                  list of {sku_id, sku_code, title, option, quantity, unit_price | total, unit_cost, discount};
                           may be empty; sku_id may be missing; total is the line's own, after its discount
    discount               off the whole order, shared out over the lines by value; default: the sum of the lines' own
    shipping_fee, tax      default 0
    subtotal               only for an order without lines; else it is worked out from them
    total                  as the file says; what the other amounts do not explain goes to `adjustment`
    paid, refunded         default: total when the state is past payment, else 0; and 0
    paid_at, shipped_at,   optional; paid_at defaults to placed_at when something was paid
    completed_at, closed_at, refunded_at
    close_reason           a CloseReason; default "other" for a closed order
    payment_method, payment_ref, courier, tracking_number      optional
    customer_id, buyer_name, buyer_phone, buyer_email, country, province, city, district, street, postcode,
    buyer_remark, seller_remark                                optional
    =====================  ==========================================================================================

    With `dry_run` everything is checked and counted, and nothing written. A row found as a living (not past) order is
    refused: an import does not overwrite work in progress.
    """
    raise NotImplementedError


@transactional
def record_past_order(row: Mapping[str, Any], *, actor: Any) -> Order:
    """One past order; the shape of `row` is that of `record_past_orders`.

    :raises DomainError: when it is refused
    """
    raise NotImplementedError


@transactional
def remove_past_orders(ids: Sequence[int], *, actor: Any) -> int:
    """Take past orders out again (the undo of an import), set-based; living orders among the ids are left alone."""
    raise NotImplementedError
