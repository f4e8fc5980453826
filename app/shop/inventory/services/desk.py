"""What people of the warehouse do by hand: correct, bring in, move, set the warning line. Each asks the policy."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import lazy_gettext as _

from app.panel.core import history, policy, records
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.inventory.models import StockLevel, Warehouse
from app.shop.inventory.services import alerts
from app.shop.inventory.services.ledger import Shift, book
from app.shop.inventory.services.lines import Cause, Line, normal
from app.shop.inventory.services.warehouses import default_warehouse_id
from app.shop.inventory.states import MoveReason
from app.shop.setup.queries import shop_currency

RESOURCE = "inventory.StockLevel"


def _command(verb: str, key: str | None) -> str:
    return f"desk:{verb}:{key or uuid.uuid4().hex}"[:120]


def _mine(warehouse_ids: Iterable[int], actor: Any) -> None:
    """:raises NotFound: unless the actor may see all of these warehouses"""
    records.get_many(Warehouse, sorted(set(warehouse_ids)), actor=actor)


@transactional
def adjust(
    sku_id: int, change: int, *, why: str, actor: Any, warehouse_id: int | None = None, key: str | None = None
) -> bool:
    """Correct what is on hand by `change` pieces, up or down; False when `key` was done before.

    :raises OutOfStock: when more would go than is available
    """
    policy.authorize(actor, "adjust", RESOURCE)
    if not change:
        raise InvalidInput({"change": _("Say by how many pieces, up or down.")})
    if not why.strip():
        raise InvalidInput({"why": _("Say why: the journal keeps it for good.")})
    place = warehouse_id or default_warehouse_id()
    _mine([place], actor)
    shift = Shift(place, sku_id, MoveReason.ADJUSTMENT, change)
    return book([shift], key=_command("adjust", key), cause=None, actor=actor, note=why.strip())


@transactional
def adjust_many(changes: Iterable[tuple[StockLevel, int]], *, why: str, actor: Any) -> None:
    """Correct many levels at once, each by its pieces, up or down.

    :raises OutOfStock: when more would go of one than is available; nothing is changed then
    """
    policy.authorize(actor, "adjust", RESOURCE)
    if not why.strip():
        raise InvalidInput({"why": _("Say why: the journal keeps it for good.")})
    shifts = [Shift(level.warehouse_id, level.sku_id, MoveReason.ADJUSTMENT, change) for level, change in changes if change]
    _mine((shift.warehouse_id for shift in shifts), actor)
    book(shifts, key=_command("adjust", None), cause=None, actor=actor, note=why.strip())


@transactional
def receive(
    lines: Iterable[Line], *, actor: Any, cause: Cause | None = None, warehouse_id: int | None = None,
    note: str = "", key: str | None = None,
) -> bool:  # fmt: skip
    """Goods come in, with or without a purchase paper (`cause`); False when it was done before."""
    policy.authorize(actor, "receive", RESOURCE)
    wanted = normal(lines, warehouse_id or default_warehouse_id())
    _mine((line.warehouse_id or 0 for line in wanted), actor)
    money = shop_currency()
    shifts = [
        Shift(line.warehouse_id or 0, line.sku_id, MoveReason.RECEIPT, line.quantity, 0, line.unit_cost, money)
        for line in wanted
    ]
    name = cause.key("receive") if cause else _command("receive", key)
    return book(shifts, key=name, cause=cause, actor=actor, note=note)


@transactional
def transfer(
    lines: Iterable[Line], *, source_id: int, target_id: int, actor: Any, note: str = "", key: str | None = None
) -> bool:
    """Move goods from one warehouse to another: both lines of the journal or none; False when it was done before.

    :raises OutOfStock: when the source has less available
    """
    policy.authorize(actor, "transfer", RESOURCE)
    if source_id == target_id:
        raise InvalidInput({"target": _("Choose another warehouse than the one the goods are in.")})
    _mine([source_id, target_id], actor)
    shifts = []
    for line in normal(lines, source_id):
        if line.warehouse_id != source_id:
            raise DomainError(_("A line of a transfer names no warehouse of its own."))
        shifts.append(Shift(source_id, line.sku_id, MoveReason.TRANSFER_OUT, -line.quantity))
        shifts.append(Shift(target_id, line.sku_id, MoveReason.TRANSFER_IN, line.quantity))
    return book(shifts, key=_command("transfer", key), cause=None, actor=actor, note=note)


@transactional
def transfer_many(moves: Iterable[tuple[int, int, int]], *, target_id: int, note: str, actor: Any) -> None:
    """Move goods of many (warehouse, SKU, pieces) into one warehouse: all of them or none.

    :raises OutOfStock: when one of them has less available
    """
    by_source: dict[int, list[Line]] = defaultdict(list)
    for source_id, sku_id, quantity in moves:
        by_source[source_id].append(Line(sku_id, quantity))
    for source_id in sorted(by_source):
        transfer(by_source[source_id], source_id=source_id, target_id=target_id, actor=actor, note=note)


@transactional
def set_threshold(stock: Sequence[StockLevel], threshold: int | None, *, actor: Any) -> None:
    """Give these levels a warning line of their own, or (None) the one of the settings again."""
    policy.authorize(actor, "write", RESOURCE)
    if threshold is not None and threshold < 0:
        raise InvalidInput({"threshold": _("A warning line is zero or more.")})
    for level in stock:
        if level.threshold != threshold:
            level.threshold = threshold
            history.record(level, "stock.line_set", actor=actor)
    db.session.flush()
    alerts.recheck(StockLevel.id.in_([level.id for level in stock]), actor=actor)


def save_level(level: StockLevel, values: dict[str, Any], *, actor: Any) -> StockLevel:
    """The only thing of a level that a form may change is its line."""
    if "threshold" in values:
        set_threshold([level], values["threshold"], actor=actor)
    return level


def no_create(_values: dict[str, Any], *, actor: Any) -> Any:
    raise DomainError(_("Stock is not typed in: receive goods or post a stock-taking."))


def no_delete(_obj: Any, *, actor: Any) -> None:
    raise DomainError(_("Stock cannot be deleted: its journal would no longer add up."))


records.override(StockLevel, create=no_create, update=save_level, delete=no_delete)
