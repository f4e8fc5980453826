"""What the inventory puts on the home page and beside its entries of the menu."""

from __future__ import annotations

import json
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _

from app.panel.core import menu
from app.panel.core.db import db
from app.panel.workbench.registry import Todo, shortcut, todo
from app.shop.inventory import queries

LOW_BY = (("inventory.StockLevel", "is_low"),)


@todo("inventory.low", _("SKUs running low"), needs=("receive", "inventory.StockLevel"), order=40, gives=LOW_BY)
def low(actor: Any) -> Todo:
    count = int(db.session.scalar(queries.count_low(actor)) or 0)
    tree = json.dumps({"and": [["is_low", "is", "true"]]}, separators=(",", ":"))
    return Todo(count, url_for("inventory_stocklevel.list", f=tree), "warning")


@menu.badge("inventory_stocklevel", "inventory.StockLevel", gives=LOW_BY)
def low_beside_the_entry(actor: Any) -> int:
    return int(db.session.scalar(queries.count_low(actor)) or 0)


@shortcut("inventory.receive", _("Receive goods"), needs=("receive", "inventory.StockLevel"), icon="fa-dolly", order=40)
def receive() -> str:
    return url_for("inventory_receiving.index")
