"""What logistics puts on the home page, and beside its entry of the menu: parcels that stand still."""

from __future__ import annotations

import json
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _

from app.panel.core import menu
from app.panel.core.db import db
from app.panel.workbench.registry import Todo, todo
from app.shop.logistics import queries
from app.shop.logistics.models import CompensationState

RESOURCE = "logistics.Parcel"
OWED_BY = (("logistics.Compensation", "state"),)
STANDING_BY = ((RESOURCE, "is_standing"),)


def standing_list(*conditions: list[Any]) -> str:
    """The address of the list of parcels that stand still."""
    tree = {"and": [["is_standing", "is", "true"], *conditions]}
    return url_for("logistics_parcel.list", f=json.dumps(tree, separators=(",", ":")), sort="moved_at")


@todo("logistics.standing", _("Parcels that stand still"), needs=("read", RESOURCE), order=40, gives=STANDING_BY)
def standing(actor: Any) -> Todo:
    return Todo(int(db.session.scalar(queries.count_standing(actor)) or 0), url_for("logistics_standing.index"), "warning")


@todo("logistics.compensation", _("Compensation to approve"), needs=("approve", "logistics.Compensation"), order=45, gives=OWED_BY)
def to_approve(actor: Any) -> Todo:
    count = int(db.session.scalar(queries.count_proposed(actor)) or 0)
    tree = {"and": [["state", "eq", CompensationState.PROPOSED.value]]}
    return Todo(count, url_for("logistics_compensation.list", f=json.dumps(tree, separators=(",", ":"))), "warning")


@menu.badge("logistics_standing", RESOURCE, gives=STANDING_BY)
def standing_beside_the_entry(actor: Any) -> int:
    return int(db.session.scalar(queries.count_standing(actor)) or 0)
