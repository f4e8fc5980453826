"""Reserve, release, ship, take back: what the domains above us do to the stock, in their own transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, insert, select, update

from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.inventory.models import StockMove, StockReservation
from app.shop.inventory.services.ledger import Shift, book, lock
from app.shop.inventory.services.lines import Cause, Line, normal
from app.shop.inventory.services.warehouses import default_warehouse_id
from app.shop.inventory.states import MoveReason

_HOLD = insert(StockReservation.__table__)


@transactional
def reserve(
    lines: Iterable[Line], *, cause: Cause, actor: Any, shop_id: int | None = None, is_new: bool = False
) -> list[Line]:
    """Promise the lines to `cause`: all of them or none. What is available falls at once, on hand stays.

    Lines without a warehouse are taken from the default one of `shop_id`. Returns them with their warehouse.

    :param is_new: `cause` was made in this transaction: nothing can have been booked for it before
    :raises OutOfStock: with the SKU and what is left
    """
    wanted = _placed(lines, shop_id)
    shifts = [Shift(line.warehouse_id or 0, line.sku_id, MoveReason.RESERVE, held=line.quantity) for line in wanted]
    is_booked = book(shifts, key=cause.key("reserve"), cause=cause, actor=actor, is_new=is_new)
    if is_booked and is_new:
        db.session.execute(_HOLD, [_held(cause, line) for line in wanted])
    elif is_booked:
        for line in wanted:
            _hold(cause, line)
    return wanted


@transactional
def release(cause: Cause, *, actor: Any, lines: Iterable[Line] | None = None, shop_id: int | None = None) -> list[Line]:
    """Give back what `cause` holds: the given lines, or all that is still open. Returns what was given back.

    A part given back twice needs two `step`s; all of it, said twice, is done once.
    """
    given = _open(cause) if lines is None else _placed(lines, shop_id)
    key = cause.key("release")
    if lines is None:
        lock([(line.warehouse_id or 0, line.sku_id) for line in given])
        given = _open(cause)  # once more: on PostgreSQL another may have released while we waited for the lock
        key = f"{key}:all:{_releases(key)}"
    shifts = [Shift(line.warehouse_id or 0, line.sku_id, MoveReason.RELEASE, held=-line.quantity) for line in given]
    _take_from_hold(cause, given, key)
    book(shifts, key=key, cause=cause, actor=actor)
    return given


@transactional
def ship(
    lines: Iterable[Line], *, cause: Cause, actor: Any, reserved: bool = True, shop_id: int | None = None, note: str = ""
) -> list[Line]:
    """The lines leave the house: from what `cause` holds, or (`reserved=False`, the counter) from what is available.

    Each parcel of an order needs a `step` of its own.

    :raises DomainError: when `cause` holds less than is shipped
    :raises OutOfStock: at the counter, when less is available
    """
    gone = _placed(lines, shop_id)
    key = cause.key("ship")
    if reserved:
        _take_from_hold(cause, gone, key)
    shifts = [
        Shift(
            line.warehouse_id or 0, line.sku_id, MoveReason.SALE, -line.quantity,
            -line.quantity if reserved else 0, line.unit_cost,
        )
        for line in gone
    ]  # fmt: skip
    book(shifts, key=key, cause=cause, actor=actor, note=note)
    return gone


@transactional
def take_back(
    lines: Iterable[Line], *, cause: Cause, actor: Any, shop_id: int | None = None, note: str = ""
) -> list[Line]:
    """Goods come back from a customer and can be sold again."""
    back = _placed(lines, shop_id)
    shifts = [
        Shift(line.warehouse_id or 0, line.sku_id, MoveReason.RETURN, line.quantity, 0, line.unit_cost) for line in back
    ]
    book(shifts, key=cause.key("return"), cause=cause, actor=actor, note=note)
    return back


def _placed(lines: Iterable[Line], shop_id: int | None) -> list[Line]:
    """Lines with a warehouse each, merged and in locking order."""
    given = list(lines)
    needs_default = any(line.warehouse_id is None for line in given)
    return normal(given, default_warehouse_id(shop_id) if needs_default else 0)


def _mine(cause: Cause) -> Any:
    return (StockReservation.cause_resource == cause.resource) & (StockReservation.cause_id == cause.id)


def _open(cause: Cause) -> list[Line]:
    columns = (StockReservation.warehouse_id, StockReservation.sku_id, StockReservation.open)
    rows = db.session.execute(select(*columns).where(_mine(cause), StockReservation.open > 0)).all()
    return normal([Line(sku_id, amount, warehouse_id) for warehouse_id, sku_id, amount in rows], 0)


def _releases(key: str) -> int:
    """How often this cause gave back everything before: it may reserve anew, and give back anew."""
    names = select(StockMove.key).where(StockMove.key.startswith(f"{key}:all:", autoescape=True)).distinct()
    return int(db.session.scalar(select(func.count()).select_from(names.subquery())) or 0)


def _hold(cause: Cause, line: Line) -> None:
    """Add a line to what its cause holds."""
    place = (StockReservation.warehouse_id == line.warehouse_id) & (StockReservation.sku_id == line.sku_id)
    more = update(StockReservation).where(_mine(cause), place).values(
        quantity=StockReservation.quantity + line.quantity,
        open=StockReservation.open + line.quantity,
        version=StockReservation.version + 1,
    )
    if db.session.execute(more).rowcount == 0:  # type: ignore[attr-defined]
        db.session.execute(_HOLD, [_held(cause, line)])


def _held(cause: Cause, line: Line) -> dict[str, Any]:
    return {
        "cause_resource": cause.resource, "cause_id": cause.id, "warehouse_id": line.warehouse_id, "sku_id": line.sku_id,
        "quantity": line.quantity, "open": line.quantity,
    }  # fmt: skip


def _take_from_hold(cause: Cause, lines: Sequence[Line], key: str) -> None:
    """Lower what `cause` holds by `lines`; nothing when the command was booked before.

    :raises DomainError: when it holds less, before anything is changed
    """
    if not lines:
        return
    lock([(line.warehouse_id or 0, line.sku_id) for line in lines])
    if db.session.scalar(select(StockMove.id).where(StockMove.key == key).limit(1)):
        return  # `book` compares the numbers
    held = {(line.warehouse_id, line.sku_id): line.quantity for line in _open(cause)}
    for line in lines:
        if held.get((line.warehouse_id, line.sku_id), 0) < line.quantity:
            raise DomainError(_("Less is reserved than that. Reserve it first."))
    for line in lines:
        place = (StockReservation.warehouse_id == line.warehouse_id) & (StockReservation.sku_id == line.sku_id)
        less = update(StockReservation).where(_mine(cause), place, StockReservation.open >= line.quantity)
        changed = db.session.execute(
            less.values(open=StockReservation.open - line.quantity, version=StockReservation.version + 1)
        )
        if changed.rowcount != 1:  # type: ignore[attr-defined]
            raise DomainError(_("Less is reserved than that. Reserve it first."))
