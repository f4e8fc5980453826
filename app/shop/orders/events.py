"""What the rest of the house may listen to. Sent inside the transaction: a listener that fails undoes the verb."""

from collections.abc import Callable
from typing import Any, TypeVar

from blinker import Namespace

_signals = Namespace()
F = TypeVar("F", bound=Callable[..., Any])


def hears_sets(listener: F) -> F:
    """Mark a listener of an event of one order whose domain hears of many orders by the twin of that event for sets.

    Other listeners are called for each order of a set.
    """
    listener.hears_sets = True  # type: ignore[attr-defined]
    return listener


order_placed = _signals.signal("order-placed")
"""A new order stands and its stock is reserved: (order, priced: the quote and the lines that it is about, actor, is_sold: the
buyer has it in writing elsewhere, and it is taken whatever stands against it)."""

order_review_needed = _signals.signal("order-review-needed")
"""The first check wants a person to look: (order, failures: list of exception codes, actor)."""

order_confirmed = _signals.signal("order-confirmed")
"""Somebody said that the order is right: (order, actor)."""

payment_booked = _signals.signal("payment-booked")
"""Money came in, all of it or a part: (order, payment, actor). Comes before `order_paid`."""

order_paid = _signals.signal("order-paid")
"""The order is paid in full: (order, payment or None for a free order, actor)."""

order_shipped = _signals.signal("order-shipped")
"""A parcel left: (order, shipment, actor). The order is shipped in part or in full, its state says which."""

parcel_recalled = _signals.signal("parcel-recalled")
"""A parcel is taken back before it moved: (order, shipment, actor), while the shipment still stands."""

order_completed = _signals.signal("order-completed")
"""The buyer has it and the deal is done: (order, actor)."""

order_closed = _signals.signal("order-closed")
"""The order ended without a deal; its stock is free again: (order, actor)."""

order_reopened = _signals.signal("order-reopened")
"""Closing the order was a slip; it stands as before and holds its goods again: (order, actor)."""

order_refunded = _signals.signal("order-refunded")
"""Money went back, after the order changed: (order, refund, actor)."""

orders_refunded = _signals.signal("orders-refunded")
"""The twin of `order_refunded` for a set: (sender: the Refund class, ids: list of refund ids, actor)."""

orders_closed = _signals.signal("orders-closed")
"""The twin of `order_closed` for a set: (sender: the Order class, ids: list of order ids, actor)."""

refunds_reversed = _signals.signal("refunds-reversed")
"""Refunds were mistakes and count no more, after their orders changed: (sender: the Refund class, ids: list of refund ids,
reopened: list of ids of orders that were closed and are not any more, actor)."""

order_held = _signals.signal("order-held")
"""The order was stopped: (order, actor)."""

order_released = _signals.signal("order-released")
"""The order may go on: (order, actor)."""

address_changed = _signals.signal("address-changed")
"""The parcel goes elsewhere: (order, before: dict, actor)."""

past_orders_recorded = _signals.signal("past-orders-recorded")
"""History came in: (sender: the Order class, ids: list of order ids, actor). Set-based; there is no event per order."""

past_orders_going = _signals.signal("past-orders-going")
"""History is taken out again, before it is gone: (sender: the Order class, ids: list of order ids, actor)."""
