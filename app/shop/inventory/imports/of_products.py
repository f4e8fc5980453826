"""The stock of product files, for the catalog's importers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _

from app.panel.bulk.importers import Image, Option
from app.shop.catalog.imports import stock
from app.shop.inventory.imports import common
from app.shop.inventory.services import taking_over

LEAVE = "no"


class Warehouses(stock.StockKeeper):
    table = common.TABLE

    def options(self, actor: Any) -> list[Option]:
        if not taking_over.may_take_over(actor):
            return []
        return [
            Option("stock", _("Take over stock into warehouse"), choices=_choices, default=common.default(actor) or LEAVE,
                   help=_("A number that the last file said already is no news: what was sold since then stays sold.")),
        ]  # fmt: skip

    def wanted(self, options: Mapping[str, Any]) -> bool:
        return options.get("stock") not in (None, "", LEAVE)

    def look(self, amounts: Mapping[int, int], options: Mapping[str, Any], *, actor: Any) -> dict[int, str]:
        found = taking_over.compare(amounts, int(options["stock"]), only_news=True, actor=actor)
        return {sku_id: change.refusal for sku_id, change in found.items()}

    def take_over(
        self, amounts: Mapping[int, int], options: Mapping[str, Any], *, actor: Any, run_id: int
    ) -> dict[int, Image]:
        warehouse_id = int(options["stock"])
        lines = taking_over.take_over(amounts, warehouse_id=warehouse_id, run_id=run_id, actor=actor, only_news=True)
        return common.images(lines)

    def undo(self, images: Sequence[Image], *, actor: Any, run_id: int) -> list[str]:
        return common.undo(images, actor=actor)

    def forget(self, sku_ids: Sequence[int], *, run_id: int) -> None:
        taking_over.forget(sku_ids, run_id)


def _choices(actor: Any) -> list[tuple[str, Any]]:
    return [(LEAVE, _("Leave the stock alone")), *common.choices(actor)]


stock.keep_with(Warehouses())
