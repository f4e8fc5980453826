"""The one table of moves an order may make. A move that is not in it does not happen."""

from __future__ import annotations

from flask_babel import gettext as _

from app.panel.core.errors import DomainError
from app.shop.orders.models import Order, OrderState

MOVES: dict[OrderState, frozenset[OrderState]] = {
    OrderState.PENDING: frozenset({OrderState.PAID, OrderState.CLOSED}),
    OrderState.PAID: frozenset({OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.CLOSED}),
    OrderState.PARTLY_SHIPPED: frozenset({OrderState.SHIPPED}),
    OrderState.SHIPPED: frozenset({OrderState.COMPLETED}),
    OrderState.COMPLETED: frozenset(),
    OrderState.CLOSED: frozenset(),
}

# the way back of a parcel that never left: whoever takes it back undoes a slip, and the log says so
BACK: dict[OrderState, frozenset[OrderState]] = {
    OrderState.SHIPPED: frozenset({OrderState.PAID, OrderState.PARTLY_SHIPPED}),
    OrderState.PARTLY_SHIPPED: frozenset({OrderState.PAID, OrderState.PARTLY_SHIPPED}),
}

# where an order may stand again whose closing was a slip
REOPENED = (OrderState.PENDING, OrderState.PAID)

DONE = (OrderState.COMPLETED, OrderState.CLOSED)
TO_SHIP = (OrderState.PAID, OrderState.PARTLY_SHIPPED)


def can_move(order: Order, to: OrderState) -> bool:
    return to in MOVES[order.state]


def require(order: Order, to: OrderState) -> None:
    """Raise a sentence when the order may not go there from where it stands."""
    if not can_move(order, to):
        raise DomainError(
            _(
                "Order %(number)s is “%(now)s”; it cannot become “%(to)s”.",
                number=order.number,
                now=order.state.label,
                to=to.label,
            )
        )
