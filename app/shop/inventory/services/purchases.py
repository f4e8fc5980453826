"""Purchases: a receipt is written as a draft and posted once; what suppliers ask is remembered and compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select, update

from app.panel.core import changes, clock, history, policy, records
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.inventory.events import receipt_posted
from app.shop.inventory.models import PurchaseLine, PurchaseReceipt, Supplier, SupplierPrice, Warehouse
from app.shop.inventory.services.ledger import Shift, book
from app.shop.inventory.services.lines import Cause
from app.shop.inventory.services.numbers import numbered
from app.shop.inventory.services.warehouses import default_warehouse_id
from app.shop.inventory.states import RECEIPT_MOVES, MoveReason, ReceiptState
from app.shop.setup.queries import shop_currency

RESOURCE = "inventory.PurchaseReceipt"


@transactional
def draft_receipt(
    supplier_id: int, lines: Iterable[tuple[int, int, int]], *, actor: Any, warehouse_id: int | None = None,
    received_on: dt.date | None = None, currency: str | None = None, note: str | None = None,
) -> PurchaseReceipt:  # fmt: skip
    """A draft with (SKU id, quantity, unit cost in minor units) lines."""
    policy.authorize(actor, "write", RESOURCE)
    place = warehouse_id or default_warehouse_id()
    records.get_many(Warehouse, [place], actor=actor)
    values = {
        "supplier_id": supplier_id, "warehouse_id": place, "received_on": received_on or clock.today(), "note": note,
        "currency": currency or shop_currency(),
    }  # fmt: skip
    receipt = _new(values, actor)
    receipt.lines = [PurchaseLine(sku_id=sku_id, quantity=n, unit_cost=cost) for sku_id, n, cost in lines]
    _add_up(receipt)
    db.session.flush()
    return receipt


@transactional
def post_receipt(receipt: PurchaseReceipt, *, actor: Any) -> PurchaseReceipt:
    """The goods are in: stock rises, prices are remembered, the paper is closed. Once."""
    policy.authorize(actor, "post", RESOURCE)
    _must_be_draft(receipt)
    if not receipt.lines:
        raise DomainError(_("%(number)s has no lines yet."), number=receipt.number)
    shifts = [
        Shift(
            receipt.warehouse_id, line.sku_id, MoveReason.RECEIPT, line.quantity, 0, line.unit_cost, receipt.currency
        )
        for line in receipt.lines
    ]
    cause = Cause(RESOURCE, receipt.id)
    book(shifts, key=cause.key("post"), cause=cause, actor=actor, note=receipt.number)
    receipt.state, receipt.posted_at = ReceiptState.POSTED, clock.now()
    for line in receipt.lines:
        db.session.add(
            SupplierPrice(
                supplier_id=receipt.supplier_id, sku_id=line.sku_id, unit_cost=line.unit_cost,
                currency=receipt.currency, seen_on=receipt.received_on or clock.today(), receipt_id=receipt.id,
            )
        )  # fmt: skip
    db.session.flush()
    mark_prices([line.sku_id for line in receipt.lines])
    history.record(receipt, "receipt.posted", actor=actor)
    receipt_posted.send(receipt, actor=actor)
    return receipt


@transactional
def cancel_receipt(receipt: PurchaseReceipt, *, actor: Any) -> PurchaseReceipt:
    """Put a draft away."""
    policy.authorize(actor, "write", RESOURCE)
    _must_be_draft(receipt)
    receipt.state = ReceiptState.CANCELLED
    history.record(receipt, "receipt.cancelled", actor=actor)
    return receipt


@transactional
def note_price(
    supplier_id: int, sku_id: int, unit_cost: int, *, actor: Any, currency: str | None = None,
    seen_on: dt.date | None = None,
) -> SupplierPrice:  # fmt: skip
    """Remember an offer that led to no purchase."""
    policy.authorize(actor, "write", "inventory.SupplierPrice")
    return new_price(
        {
            "supplier_id": supplier_id, "sku_id": sku_id, "unit_cost": unit_cost, "seen_on": seen_on or clock.today(),
            "currency": currency or shop_currency(),
        },
        actor=actor,
    )  # fmt: skip


def mark_prices(sku_ids: Sequence[int]) -> None:
    """Mark the latest price of every supplier, and per SKU and currency the lowest of those of suppliers in use."""
    ids = sorted(set(sku_ids))
    newest = func.row_number().over(
        partition_by=(SupplierPrice.supplier_id, SupplierPrice.sku_id, SupplierPrice.currency),
        order_by=(SupplierPrice.seen_on.desc(), SupplierPrice.id.desc()),
    )
    ranked = select(
        SupplierPrice.id, SupplierPrice.sku_id, SupplierPrice.currency, SupplierPrice.unit_cost,
        SupplierPrice.is_current, SupplierPrice.is_best, Supplier.is_active, newest.label("age"),
    ).join(Supplier).where(SupplierPrice.sku_id.in_(ids))  # fmt: skip
    rows = db.session.execute(ranked).all()
    best: dict[tuple[int, str], Any] = {}
    for row in sorted(rows, key=lambda row: (row.unit_cost, row.id)):
        if row.age == 1 and row.is_active:
            best.setdefault((row.sku_id, row.currency), row.id)
    for name, wanted in (("is_current", {row.id for row in rows if row.age == 1}), ("is_best", set(best.values()))):
        for value in (True, False):
            wrong = [row.id for row in rows if (row.id in wanted) is value and getattr(row, name) is not value]
            if wrong:
                statement = update(SupplierPrice).where(SupplierPrice.id.in_(wrong))
                db.session.execute(statement.values({name: value, "version": SupplierPrice.version + 1}))
                changes.record(SupplierPrice, wrong)


def _new(values: dict[str, Any], actor: Any) -> PurchaseReceipt:
    def make(number: str) -> PurchaseReceipt:
        paper = PurchaseReceipt(number=number, state=ReceiptState.DRAFT, total=0)
        with db.session.no_autoflush:
            records.assign(paper, values, actor=actor)
        db.session.add(paper)
        return paper

    return numbered(PurchaseReceipt, "CG", make)


def _add_up(receipt: PurchaseReceipt) -> None:
    skus = [line.sku_id for line in receipt.lines]
    if len(skus) != len(set(skus)):
        raise InvalidInput({"lines": _("The same SKU stands in two lines. Put them together.")})
    for line in receipt.lines:
        line.currency = receipt.currency
        if line.quantity is None or line.quantity <= 0:
            raise InvalidInput({"lines": _("A quantity is a whole number above zero.")})
    receipt.total = sum(line.quantity * line.unit_cost for line in receipt.lines)


def _must_be_draft(receipt: PurchaseReceipt) -> None:
    if ReceiptState.POSTED not in RECEIPT_MOVES[receipt.state]:
        raise DomainError(_("%(number)s is %(state)s already."), number=receipt.number, state=receipt.state.label)


def new_receipt(values: dict[str, Any], *, actor: Any) -> PurchaseReceipt:
    receipt = _new(values, actor)
    _add_up(receipt)
    return receipt


def edit_receipt(receipt: PurchaseReceipt, values: dict[str, Any], *, actor: Any) -> PurchaseReceipt:
    """A draft may change; what came in stays as it is written."""
    _must_be_draft(receipt)
    records.assign(receipt, values, actor=actor)
    _add_up(receipt)
    return receipt


def delete_receipt(receipt: PurchaseReceipt, *, actor: Any) -> None:
    raise DomainError(_("Cancel %(number)s instead: papers are kept."), number=receipt.number)


def new_price(values: dict[str, Any], *, actor: Any) -> SupplierPrice:
    price = SupplierPrice()
    db.session.add(price)
    with db.session.no_autoflush:
        records.assign(price, values, actor=actor)
    db.session.flush()
    mark_prices([price.sku_id])
    return price


def edit_price(price: SupplierPrice, values: dict[str, Any], *, actor: Any) -> SupplierPrice:
    if price.receipt_id is not None:
        raise DomainError(_("This price stands on a purchase receipt and stays."))
    before = price.sku_id
    records.assign(price, values, actor=actor)
    db.session.flush()
    mark_prices([before, price.sku_id])
    return price


def edit_supplier(supplier: Supplier, values: dict[str, Any], *, actor: Any) -> Supplier:
    """A supplier that is not in use any more no longer has the best price."""
    records.assign(supplier, values, actor=actor)
    db.session.flush()
    if "is_active" in values:
        skus = select(SupplierPrice.sku_id).where(SupplierPrice.supplier_id == supplier.id).distinct()
        mark_prices(list(db.session.scalars(skus)))
    return supplier


records.override(PurchaseReceipt, create=new_receipt, update=edit_receipt, delete=delete_receipt)
records.override(SupplierPrice, create=new_price, update=edit_price)
records.override(Supplier, update=edit_supplier)
