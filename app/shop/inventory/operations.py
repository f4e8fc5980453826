"""What is done to the stock of many SKUs at once. Each row is a line of the journal, and an undo is another line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.panel.bulk.engine import Look, RowByRow, register
from app.panel.core import records
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.shop.inventory import forms, services
from app.shop.inventory.models import StockLevel, Warehouse


class _OfStock(RowByRow):
    """Sales go on while a run waits to be taken back: what counts then is whether the pieces are still there."""

    model, by_version = StockLevel, False

    def prepare(self, rows: Sequence[StockLevel], values: dict[str, Any], *, actor: Any) -> None:
        found = select(StockLevel).where(StockLevel.id.in_([row.id for row in rows]))
        db.session.scalars(found.options(joinedload(StockLevel.sku), joinedload(StockLevel.warehouse))).all()


@register
class AdjustStock(_OfStock):
    key, label, icon, order = "inventory.adjust", _("Adjust stock"), "fa-plus-minus", 10
    permission, form, instead_of = "adjust", forms.AdjustManyForm, "adjust"

    def said(self, values: dict[str, Any]) -> str:
        words = gettext("to %(n)s", n=values["pieces"]) if values["how"] == "to" else f"{values['pieces']:+d}"
        return f"{words} ({values['why']})"

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        values = super().clean(form, actor=actor)
        if values["how"] == "to" and values["pieces"] < 0:
            raise InvalidInput({"pieces": gettext("There cannot be less than nothing.")})
        if values["how"] == "by" and not values["pieces"]:
            raise InvalidInput({"pieces": gettext("Say by how many pieces, up or down.")})
        return values

    def look(self, row: StockLevel, values: dict[str, Any], *, actor: Any) -> Look:
        change = _change(row, values)
        if row.on_hand + change < row.reserved:
            return Look(refused=gettext("Only %(n)s pieces are available.", n=row.on_hand - row.reserved))
        after = {"on_hand": row.on_hand + change}
        return Look(same=not change, before={"on_hand": row.on_hand}, after=after, stock=change)

    def kept(self, row: StockLevel, values: dict[str, Any]) -> dict[str, Any]:
        return {"change": _change(row, values)}

    def apply_all(self, rows: Sequence[StockLevel], values: dict[str, Any], *, actor: Any) -> None:
        services.adjust_many([(row, _change(row, values)) for row in rows], why=values["why"], actor=actor)

    def take_back(self, row: StockLevel, image: dict[str, Any], *, actor: Any) -> str:
        services.adjust_many([(row, -image["change"])], why=gettext("Taken back."), actor=actor)
        return ""


def _change(row: StockLevel, values: dict[str, Any]) -> int:
    """By how many pieces a level is to change."""
    return int(values["pieces"]) - (row.on_hand if values["how"] == "to" else 0)


@register
class TransferStock(_OfStock):
    key, label, icon, order = "inventory.transfer", _("Transfer"), "fa-right-left", 20
    permission, form, instead_of = "transfer", forms.TransferManyForm, "transfer"
    moves = {**_OfStock.moves, "stock": _("Pieces that move")}

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        target = forms.picked_id(form.warehouse_id)
        if target is None:
            raise InvalidInput({"warehouse_id": gettext("Choose one from the list.")})
        warehouse = records.get(Warehouse, target, actor=actor)
        return {"target": warehouse.id, "quantity": form.quantity.data, "note": form.note.data or ""}

    def said(self, values: dict[str, Any]) -> str:
        return f"{values['quantity'] or ''} → {db.session.get(Warehouse, values['target']) or ''}".strip()

    def look(self, row: StockLevel, values: dict[str, Any], *, actor: Any) -> Look:
        if row.warehouse_id == values["target"]:
            return Look(refused=gettext("It lies there already."))
        left, quantity = row.on_hand - row.reserved, _moved(row, values)
        if quantity > left:
            return Look(refused=gettext("Only %(n)s pieces are available.", n=left))
        after = {"on_hand": row.on_hand - quantity}
        return Look(same=not quantity, before={"on_hand": row.on_hand}, after=after, stock=quantity)

    def kept(self, row: StockLevel, values: dict[str, Any]) -> dict[str, Any]:
        return {"quantity": _moved(row, values), "target": values["target"]}

    def apply_all(self, rows: Sequence[StockLevel], values: dict[str, Any], *, actor: Any) -> None:
        moves = [(row.warehouse_id, row.sku_id, _moved(row, values)) for row in rows]
        services.transfer_many(moves, target_id=values["target"], note=values["note"], actor=actor)

    def take_back(self, row: StockLevel, image: dict[str, Any], *, actor: Any) -> str:
        back = [(image["target"], row.sku_id, image["quantity"])]
        services.transfer_many(back, target_id=row.warehouse_id, note=gettext("Taken back."), actor=actor)
        return ""


def _moved(row: StockLevel, values: dict[str, Any]) -> int:
    """How many pieces of a level go: as many as was said, else all that nobody has reserved."""
    return int(values["quantity"] or row.on_hand - row.reserved)


@register
class SetThresholds(_OfStock):
    key, label, icon, order = "inventory.threshold", _("Set warning line"), "fa-bell", 30
    permission, form, fields, instead_of = "write", forms.LineForm, ("threshold",), "line"

    def said(self, values: dict[str, Any]) -> str:
        return "–" if values["threshold"] is None else str(values["threshold"])

    def look(self, row: StockLevel, values: dict[str, Any], *, actor: Any) -> Look:
        before, after = {"threshold": row.threshold}, {"threshold": values["threshold"]}
        return Look(same=before == after, before=before, after=after)

    def kept(self, row: StockLevel, values: dict[str, Any]) -> dict[str, Any]:
        return {"threshold": row.threshold, "set": values["threshold"]}

    def apply_all(self, rows: Sequence[StockLevel], values: dict[str, Any], *, actor: Any) -> None:
        services.set_threshold(rows, values["threshold"], actor=actor)

    def take_back(self, row: StockLevel, image: dict[str, Any], *, actor: Any) -> str:
        if row.threshold != image["set"]:
            return gettext("It was changed since.")
        services.set_threshold([row], image["threshold"], actor=actor)
        return ""
