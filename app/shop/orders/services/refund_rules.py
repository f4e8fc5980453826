"""What a refund is: how much, for which pieces, and what becomes of the order. One rule for one order and for many.

Nothing is read or written here: an order is whatever has the amounts, the state and the lines of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask_babel import gettext as _

from app.panel.core import money
from app.panel.core.errors import DomainError
from app.panel.core.settings import setting
from app.shop.orders import states
from app.shop.orders.models import OrderState, RefundState
from app.shop.orders.services.totals import value_of

# where an order goes of which nothing is left to be sent
GOES_ON = {OrderState.PARTLY_SHIPPED: OrderState.SHIPPED, OrderState.PAID: OrderState.CLOSED}
Worth = Callable[[list[tuple[Any, int]], list[int]], list[int]]


class Share(NamedTuple):
    """Of one line: so many pieces and so much money; `unsent` of the pieces never left, `back` go onto the shelf."""

    line: Any
    quantity: int
    amount: int
    unsent: int
    back: int


@dataclass(frozen=True, slots=True)
class Decision:
    """`to`: where the order goes, when nothing of it is left to be sent."""

    amount: int
    shares: list[Share]
    refund_state: RefundState
    to: OrderState | None


def decide(
    order: Any,
    amount: int | None = None,
    *,
    pieces: Mapping[int, int] | None = None,
    restock: bool = False,
    came_back: Callable[[Any], int],
    worth: Worth = lambda _goods, values: values,
) -> Decision:
    """What a refund of this order would be; see `services.refund` for what the arguments mean.

    :param came_back: how many pieces of a line were put back onto the shelf before
    :param worth: what chosen pieces are worth, given their shares of what was paid: less, where what is kept costs more
    :raises DomainError: when there is not so much, or there are not so many
    """
    if amount is None and pieces is None:
        amount = order.left_to_refund
    goods = _goods(order, amount, pieces)
    values = [_value(line, quantity) for line, quantity in goods]
    if pieces is not None:
        values = worth(goods, values)
    amount = _amount(order, amount, values)
    # what is refunded beyond the goods (shipping, goodwill) belongs to no line
    parts = money.allocate(min(amount, sum(values)), values)
    shares = []
    for (line, quantity), part in zip(goods, parts, strict=True):
        unsent = min(quantity, line.left_to_ship)
        # what was never sent cannot be returned
        back = min(quantity - unsent, line.shipped_quantity - came_back(line)) if restock else 0
        shares.append(Share(line, quantity, part, unsent, back))
    state = RefundState.FULLY if order.left_to_refund == amount else RefundState.PARTLY
    return Decision(amount, shares, state, _goes_on(order, shares))


def proof_above(currency: str) -> int | None:
    """Above how many minor units whoever books it shows once more who he is; None for never."""
    most = int(setting("orders.proof_above"))
    return most * 10 ** money.exponent(currency) if most else None


def _goods(order: Any, amount: int | None, pieces: Mapping[int, int] | None) -> list[tuple[Any, int]]:
    if pieces is None:
        # everything back before everything left: then nothing more is to be sent either
        if amount == order.left_to_refund and order.state in states.TO_SHIP:
            return [(line, line.left_to_refund) for line in order.lines if line.left_to_refund]
        return []
    own = {line.id: line for line in order.lines}
    if strangers := set(pieces) - set(own):
        raise DomainError(_("Line %(id)s is not part of this order.", id=min(strangers)))
    goods = [(own[line_id], quantity) for line_id, quantity in sorted(pieces.items()) if quantity]
    for line, quantity in goods:
        if not 0 < quantity <= line.left_to_refund:
            left, title = line.left_to_refund, str(line)
            raise DomainError(
                _("Only %(left)s of “%(title)s” are left to refund.", left=left, title=title), field="pieces"
            )
    return goods


def _value(line: Any, pieces: int) -> int:
    return value_of(line.total, line.refunded_amount, line.quantity, line.refunded_quantity, pieces)


def _amount(order: Any, amount: int | None, values: list[int]) -> int:
    if amount is None:
        amount = min(sum(values), order.left_to_refund)
    if amount <= 0:
        raise DomainError(_("Order %(no)s has nothing left to refund.", no=order.number), field="amount")
    if amount > order.left_to_refund:
        left = money.format(order.left_to_refund, order.currency)
        raise DomainError(
            _("Order %(no)s has only %(left)s left to refund.", no=order.number, left=left), field="amount"
        )
    return amount


def _goes_on(order: Any, shares: list[Share]) -> OrderState | None:
    """What is left of the order when some of it is no longer to be sent."""
    unsent: dict[int, int] = {}
    for share in shares:
        unsent[share.line.id] = unsent.get(share.line.id, 0) + share.unsent
    if not order.lines or any(line.left_to_ship - unsent.get(line.id, 0) for line in order.lines):
        return None
    return GOES_ON.get(order.state)
