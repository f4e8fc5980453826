"""What orders put on the home page, and beside their entries of the menu: what waits, and the two ways to a new order."""

from __future__ import annotations

import json
from typing import Any

from flask import url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import menu, policy
from app.panel.core.db import db
from app.panel.workbench.registry import Todo, shortcut, todo
from app.shop.orders import queries
from app.shop.orders.models import ExceptionState, IntakeState, OrderState, ReviewState
from app.shop.orders.states import TO_SHIP

RESOURCE = "orders.Order"
TO_SHIP_BY = tuple((RESOURCE, name) for name in ("state", "review", "is_held"))
TO_CONFIRM_BY = tuple((RESOURCE, name) for name in ("state", "review"))
PROBLEMS_BY = (("orders.OrderException", "state"), ("orders.OrderException", "reason_id"))
REFUSED_BY = (("orders.IntakeEvent", "state"),)


def _list(endpoint: str, *conditions: list[Any]) -> str:
    return url_for(f"{endpoint}.list", f=json.dumps({"and": list(conditions)}, separators=(",", ":")))


@todo("orders.to_ship", _("Orders to ship"), needs=("ship", RESOURCE), order=10, gives=TO_SHIP_BY)
def to_ship(actor: Any) -> Todo:
    count = int(db.session.scalar(queries.count_to_ship(actor)) or 0)
    ready = [["state", "in", [state.value for state in TO_SHIP]], ["is_held", "is", "false"]]
    return Todo(count, _list("orders_order", *ready, ["review", "eq", ReviewState.CONFIRMED.value]))


@menu.badge("orders_order", RESOURCE, gives=TO_SHIP_BY)
def orders_beside_the_entry(actor: Any) -> int:
    """Orders that wait for whoever ships them."""
    return int(db.session.scalar(queries.count_to_ship(actor)) or 0) if policy.allowed(actor, "ship", RESOURCE) else 0


@menu.badge("orders_orderexception", "orders.OrderException", gives=PROBLEMS_BY)
def problems_beside_the_entry(actor: Any) -> int:
    return sum(n for _reason_id, _name, n in db.session.execute(queries.open_exceptions_by_reason(actor)))


@todo("orders.to_confirm", _("Orders to confirm"), needs=("confirm", RESOURCE), order=20, gives=TO_CONFIRM_BY)
def to_confirm(actor: Any) -> Todo:
    count = int(db.session.scalar(queries.count_to_confirm(actor)) or 0)
    waiting = [["review", "ne", ReviewState.CONFIRMED.value], ["state", "ne", OrderState.CLOSED.value]]
    return Todo(count, _list("orders_order", *waiting), "warning")


@todo("orders.exceptions", _("Abnormal orders"), needs=("read", "orders.OrderException"), order=30, gives=PROBLEMS_BY)
def exceptions(actor: Any) -> list[Todo]:
    """One row a reason, which opens exactly the problems that it counts (ORD-13)."""
    opened = ["state", "eq", ExceptionState.OPEN.value]
    return [
        Todo(
            n, _list("orders_orderexception", opened, ["reason", "eq", str(reason_id)]), "danger",
            gettext("Abnormal orders: %(reason)s", reason=name),
        )
        for reason_id, name, n in db.session.execute(queries.open_exceptions_by_reason(actor))
    ]  # fmt: skip


@todo(
    "orders.refused_deliveries", _("Deliveries of channels that were not taken"), needs=("read", "orders.IntakeEvent"), order=35,
    gives=REFUSED_BY,
)  # fmt: skip
def refused_deliveries(actor: Any) -> Todo:
    count = int(db.session.scalar(queries.count_refused_deliveries(actor)) or 0)
    return Todo(count, _list("orders_intakeevent", ["state", "eq", IntakeState.REFUSED.value]), "danger")


@shortcut("orders.counter", _("Counter"), needs=("counter", RESOURCE), icon="fa-cash-register", order=10)
def counter() -> str:
    return url_for("orders_counter.index")


@shortcut("orders.new", _("New order"), needs=(("write", RESOURCE), ("place", RESOURCE)), icon="fa-plus", order=20)
def new() -> str:
    return url_for("orders_order.add")
