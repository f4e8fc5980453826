"""Stock-taking: open a paper, write down what was counted, look at the differences, post them once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import insert, select

from app.panel.core import clock, history, policy, records
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.inventory.events import count_posted
from app.shop.inventory.models import StockCount, StockCountLine, StockLevel, Warehouse
from app.shop.inventory.services.ledger import Shift, book, sku_name
from app.shop.inventory.services.lines import Cause, OutOfStock
from app.shop.inventory.services.numbers import numbered
from app.shop.inventory.states import COUNT_MOVES, CountState, MoveReason

RESOURCE = "inventory.StockCount"


@transactional
def open_count(
    warehouse_id: int, *, actor: Any, sku_ids: Iterable[int] | None = None, note: str | None = None
) -> StockCount:
    """Open a paper for all SKUs that the warehouse keeps, or for some of them."""
    policy.authorize(actor, "write", RESOURCE)
    records.get_many(Warehouse, [warehouse_id], actor=actor)

    def make(number: str) -> StockCount:
        paper = StockCount(number=number, warehouse_id=warehouse_id, note=note)
        db.session.add(paper)
        return paper

    count = numbered(StockCount, "PD", make)
    kept = select(StockLevel.sku_id, StockLevel.on_hand).where(StockLevel.warehouse_id == warehouse_id)
    if sku_ids is not None:
        wanted = sorted(set(sku_ids))
        books: dict[int, int] = dict(db.session.execute(kept.where(StockLevel.sku_id.in_(wanted))).tuples().all())
        lines = [(sku_id, books.get(sku_id, 0)) for sku_id in wanted]
    else:
        lines = [tuple(row) for row in db.session.execute(kept.order_by(StockLevel.sku_id))]  # type: ignore[misc]
    rows = [{"count_id": count.id, "sku_id": sku_id, "expected": on_hand} for sku_id, on_hand in lines]
    if rows:
        db.session.execute(insert(StockCountLine), rows)
        db.session.expire(count, ["lines"])
    history.record(count, "count.opened", actor=actor, data={"lines": len(rows)})
    return count


@transactional
def count_lines(count: StockCount, counted: Mapping[int, int | None], *, actor: Any) -> StockCount:
    """Write down what was counted, by SKU; None takes a number back. An SKU that the paper lacks is added.

    The books are looked up now, so that what is sold before the paper is posted does not turn into a difference.
    """
    policy.authorize(actor, "write", RESOURCE)
    _must_be_open(count)
    if any(value is not None and value < 0 for value in counted.values()):
        raise InvalidInput({"counted": _("Nobody counts fewer than zero.")})
    in_books = select(StockLevel.sku_id, StockLevel.on_hand).where(
        StockLevel.warehouse_id == count.warehouse_id, StockLevel.sku_id.in_(list(counted))
    )
    books: dict[int, int] = dict(db.session.execute(in_books).tuples().all())
    lines = {line.sku_id: line for line in count.lines}
    for sku_id, value in counted.items():
        line = lines.get(sku_id)
        if line is None:
            line = StockCountLine(sku_id=sku_id)
            count.lines.append(line)
        elif line.counted == value:
            continue
        line.counted, line.expected = value, books.get(sku_id, 0)
        line.counted_at = clock.now() if value is not None else None
    db.session.flush()
    return count


@transactional
def post_count(count: StockCount, *, actor: Any) -> StockCount:
    """Book the differences of what was counted; lines that nobody counted stay as they are. Once.

    :raises DomainError: when nothing was counted, or a difference would take goods that orders hold
    """
    policy.authorize(actor, "post", RESOURCE)
    _must_be_open(count)
    if all(line.counted is None for line in count.lines):
        raise DomainError(_("Nothing has been counted on %(number)s yet."), number=count.number)
    shifts = [
        Shift(count.warehouse_id, line.sku_id, MoveReason.COUNT, line.difference)
        for line in count.lines
        if line.difference
    ]
    cause = Cause(RESOURCE, count.id)
    try:
        book(shifts, key=cause.key("post"), cause=cause, actor=actor, note=count.number)
    except OutOfStock as error:
        raise DomainError(
            _("%(sku)s cannot go down to that: orders hold goods of it. Release or ship them first."),
            sku=sku_name(error.sku_id),
        ) from error
    _move(count, CountState.POSTED)
    count.posted_at = clock.now()
    history.record(count, "count.posted", actor=actor, data={"differences": len(shifts)})
    count_posted.send(count, actor=actor)
    return count


@transactional
def cancel_count(count: StockCount, *, actor: Any) -> StockCount:
    """Put the paper away without booking anything."""
    policy.authorize(actor, "write", RESOURCE)
    _must_be_open(count)
    _move(count, CountState.CANCELLED)
    history.record(count, "count.cancelled", actor=actor)
    return count


def _must_be_open(count: StockCount) -> None:
    if count.state is not CountState.OPEN:
        raise DomainError(_("%(number)s is %(state)s already."), number=count.number, state=count.state.label)


def _move(count: StockCount, to: CountState) -> None:
    if to not in COUNT_MOVES[count.state]:
        raise DomainError(_("%(number)s is %(state)s already."), number=count.number, state=count.state.label)
    count.state = to


def new_count(values: dict[str, Any], *, actor: Any) -> StockCount:
    """The form opens a paper for the whole warehouse."""
    return open_count(values["warehouse_id"], actor=actor, note=values.get("note"))


def edit_count(count: StockCount, values: dict[str, Any], *, actor: Any) -> StockCount:
    """Its note may change as long as it is open; the warehouse never."""
    _must_be_open(count)
    if "warehouse_id" in values:
        raise InvalidInput({"warehouse_id": _("The paper belongs to its warehouse. Cancel it and open another one.")})
    records.assign(count, values, actor=actor)
    return count


def delete_count(count: StockCount, *, actor: Any) -> None:
    raise DomainError(_("Cancel %(number)s instead: papers are kept."), number=count.number)


records.override(StockCount, create=new_count, update=edit_count, delete=delete_count)
