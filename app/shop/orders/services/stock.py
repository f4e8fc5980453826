"""What an order does to the stock. It remembers per line what it holds, so that nothing is given back twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from app.panel.core.transaction import savepoint
from app.shop.inventory import services as inventory
from app.shop.inventory.services import Cause, Line, OutOfStock
from app.shop.orders.models import Order, OrderLine, Refund, ReviewState, Shipment
from app.shop.orders.services.common import RESOURCE

Pieces = Sequence[tuple[OrderLine, int]]


def _cause(order: Order, step: str) -> Cause:
    return Cause(RESOURCE, order.id, step)


def _lines(order: Order, pieces: Iterable[tuple[OrderLine, int]]) -> list[Line]:
    return [Line(line.sku_id, quantity, order.warehouse_id, line.unit_cost) for line, quantity in pieces if line.sku_id]


def _hold(order: Order, pieces: Pieces, *, step: str, actor: Any) -> None:
    wanted = _lines(order, pieces)
    if not wanted:
        return
    inventory.reserve(wanted, cause=_cause(order, step), actor=actor, shop_id=order.shop_id)
    for line, quantity in pieces:
        if line.sku_id:
            line.reserved_quantity += quantity


def promise_all(order: Order) -> None:
    """Note on the lines of an order that is not saved yet what `hold_all` will reserve."""
    for line in order.lines:
        line.reserved_quantity = line.quantity if line.sku_id else 0


def hold_all(order: Order, *, actor: Any) -> None:
    """Reserve what was promised on every line of a new order, or nothing.

    :raises OutOfStock: when one of them is short
    """
    wanted = _lines(order, [(line, line.quantity) for line in order.lines])
    if wanted:
        inventory.reserve(wanted, cause=_cause(order, "place"), actor=actor, shop_id=order.shop_id, is_new=True)


def hold_what_there_is(order: Order, *, actor: Any) -> None:
    """Reserve the lines that are in stock; what is short stays unreserved, for the first check to tell."""
    for line in sorted(order.lines, key=lambda line: line.sku_id or 0):
        hold_if_there(order, line, step=f"place-{line.id}", actor=actor)


def hold_if_there(order: Order, line: OrderLine, *, step: str, actor: Any) -> bool:
    """Reserve what a line still lacks, all of it or nothing; whether it holds everything now."""
    missing = line.left_to_ship - line.reserved_quantity if line.sku_id else 0
    if missing <= 0:
        return True
    try:
        with savepoint():
            _hold(order, [(line, missing)], step=step, actor=actor)
    except OutOfStock:
        return False
    return True


def hold_missing(order: Order, *, actor: Any) -> None:
    """Reserve what could not be reserved before.

    :raises OutOfStock: when it is still short
    """
    missing = [(line, line.left_to_ship - line.reserved_quantity) for line in order.lines if line.sku_id]
    _hold(order, [(line, n) for line, n in missing if n > 0], step=f"missing-{order.version}", actor=actor)


def hold_again(order: Order, *, actor: Any) -> None:
    """Reserve what closing the order set free: all of it, or of an order that waited for goods what there is.

    :raises OutOfStock: when an order that was confirmed cannot have all
    """
    if order.review is ReviewState.CONFIRMED:
        hold_missing(order, actor=actor)
        return
    for line in sorted(order.lines, key=lambda line: line.sku_id or 0):
        hold_if_there(order, line, step=f"again-{line.id}-{order.version}", actor=actor)


def take_out(order: Order, pieces: Pieces, shipment: Shipment, *, actor: Any) -> None:
    """The pieces leave: what is not reserved yet is reserved first, so that nobody ships what another was promised."""
    step = f"parcel-{shipment.id}"
    missing = [(line, quantity - line.reserved_quantity) for line, quantity in pieces]
    _hold(order, [(line, n) for line, n in missing if n > 0], step=step, actor=actor)
    gone = _lines(order, pieces)
    if gone:
        inventory.ship(gone, cause=_cause(order, step), actor=actor, shop_id=order.shop_id, note=order.number)
    for line, quantity in pieces:
        if line.sku_id:
            line.reserved_quantity -= quantity


def put_back(order: Order, pieces: Pieces, shipment: Shipment, *, actor: Any) -> None:
    """The pieces of a parcel that never left lie on the shelf again, and stay promised to their order."""
    back = _lines(order, pieces)
    if back:
        step = f"recall-{shipment.id}"
        inventory.take_back(back, cause=_cause(order, step), actor=actor, shop_id=order.shop_id, note=order.number)
        _hold(order, pieces, step=step, actor=actor)


def free(order: Order, pieces: Pieces, *, step: str, actor: Any) -> None:
    """Set free what is held for pieces that are not sent any more."""
    held = [(line, min(quantity, line.reserved_quantity)) for line, quantity in pieces if line.sku_id]
    held = [(line, quantity) for line, quantity in held if quantity]
    if not held:
        return
    inventory.release(_cause(order, step), actor=actor, lines=_lines(order, held), shop_id=order.shop_id)
    for line, quantity in held:
        line.reserved_quantity -= quantity


def free_all(order: Order, *, actor: Any) -> None:
    """Set free all that the order still holds. An order that was closed and opened again may be closed once more."""
    free(order, [(line, line.reserved_quantity) for line in order.lines], step=f"close-{order.version}", actor=actor)


def take_back(order: Order, pieces: Pieces, refund: Refund, *, actor: Any) -> None:
    """Returned pieces go back onto the shelf."""
    back = _lines(order, pieces)
    if back:
        inventory.take_back(
            back, cause=_cause(order, f"refund-{refund.id}"), actor=actor, shop_id=order.shop_id, note=order.number
        )
