"""What is done to many orders at once: each by the service of its verb, seen before it runs, refused row by row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.panel.bulk.engine import Look, Piece, RowByRow, register
from app.panel.core import history, notices, policy, records
from app.panel.core.actor import owns
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.shop.orders import forms, services, states
from app.shop.orders import refunding as refunding  # the refund of many declares itself
from app.shop.orders.models import (
    CloseReason,
    ExceptionReason,
    ExceptionState,
    Order,
    OrderException,
    OrderState,
    OrderTag,
)

ASSIGNED = notices.kind(
    "orders.assigned", _("Orders were given to you"), group=_("Orders"), needs=("read", "orders.Order")
)


class OfOrders(RowByRow):
    """What they have in common: the lines, parcels and problems of a chunk are read in few statements."""

    model = Order

    def prepare(self, rows: Sequence[Order], values: dict[str, Any], *, actor: Any) -> None:
        keys = [row.id for row in rows]
        query = select(Order).where(Order.id.in_(keys)).options(
            selectinload(Order.lines), selectinload(Order.shipments),
            selectinload(Order.exceptions).joinedload(OrderException.reason),
        )  # fmt: skip
        db.session.scalars(query).all()


@register
class ChangeState(OfOrders):
    """Along the table of moves: goods leave without a tracking number, or the deal is done."""

    key, label, icon, order = "orders.change_state", _("Change the state"), "fa-forward-step", 20
    permission, form, keeps = "ship", forms.StateForm, ("state",)

    def authorize(self, actor: Any, values: dict[str, Any]) -> None:
        super().authorize(actor, values)
        if values and values.get("to") == OrderState.COMPLETED.value:
            policy.authorize(actor, "complete", self.resource)

    def said(self, values: dict[str, Any]) -> str:
        return str(OrderState(values["to"]).label)

    def look(self, row: Order, values: dict[str, Any], *, actor: Any) -> Look:
        to = OrderState(values["to"])
        if row.state is to:
            return Look(same=True)
        if to is OrderState.SHIPPED and (why := services.hindrance(row)):
            return Look(refused=why)
        states.require(row, to)
        stock = -sum(line.left_to_ship for line in row.lines) if to is OrderState.SHIPPED else 0
        return Look(before={"state": row.state.value}, after={"state": to.value}, stock=stock)

    def apply(self, row: Order, values: dict[str, Any], *, actor: Any) -> None:
        if values["to"] == OrderState.SHIPPED.value:
            services.ship(row, actor=actor)
        else:
            services.complete(row, actor=actor)

    def take_back(self, row: Order, image: dict[str, Any], *, actor: Any) -> str:
        if row.state is OrderState.SHIPPED and row.shipments:
            services.recall(row.shipments[-1], actor=actor)
            return ""
        return gettext("Order %(no)s is done; that cannot be taken back.", no=row.number)


@register
class CloseOrders(OfOrders):
    key, label, icon, order, tone = "orders.close", _("Close with a reason"), "fa-xmark", 60, "danger"
    permission, form, keeps, instead_of = "close", forms.CloseForm, ("state",), "close"

    def said(self, values: dict[str, Any]) -> str:
        return str(CloseReason(values["reason"]).label)

    def look(self, row: Order, values: dict[str, Any], *, actor: Any) -> Look:
        if row.state is OrderState.CLOSED:
            return Look(same=True)
        states.require(row, OrderState.CLOSED)
        if row.left_to_refund:
            return Look(refused=gettext("Order %(no)s is paid: refund it first, then it closes by itself.", no=row.number))
        freed = sum(line.reserved_quantity for line in row.lines)
        return Look(before={"state": row.state.value}, after={"state": OrderState.CLOSED.value}, stock=freed)

    def apply(self, row: Order, values: dict[str, Any], *, actor: Any) -> None:
        services.close(row, reason=CloseReason(values["reason"]), why=values.get("why") or "", actor=actor)

    def take_back(self, row: Order, image: dict[str, Any], *, actor: Any) -> str:
        services.reopen(row, why=gettext("Taken back."), actor=actor)
        return ""


@register
class HoldOrders(OfOrders):
    key, label, icon, order = "orders.hold", _("Hold"), "fa-hand", 30
    permission, form, keeps, instead_of = "hold", forms.HoldForm, ("is_held", "hold_reason"), "hold"

    def said(self, values: dict[str, Any]) -> str:
        return str(values["reason"])

    def look(self, row: Order, values: dict[str, Any], *, actor: Any) -> Look:
        if row.state in states.DONE:
            return Look(refused=gettext("Order %(no)s is done; there is nothing to hold.", no=row.number))
        return Look(same=row.is_held, before={"is_held": False}, after={"is_held": True})

    def apply(self, row: Order, values: dict[str, Any], *, actor: Any) -> None:
        services.hold(row, reason=values["reason"], actor=actor)

    def take_back(self, row: Order, image: dict[str, Any], *, actor: Any) -> str:
        services.release(row, actor=actor)
        return ""


@register
class NoteOrders(OfOrders):
    key, label, icon, order = "orders.note", _("Add a note"), "fa-comment", 40
    permission, form, instead_of, by_version = "note", forms.NoteForm, "note", False

    def said(self, values: dict[str, Any]) -> str:
        body = " ".join(values["body"].split())
        return body if len(body) <= 80 else f"{body[:79]}…"

    def kept(self, row: Order, values: dict[str, Any]) -> dict[str, Any]:
        return {"run": history.present_run()}

    def apply(self, row: Order, values: dict[str, Any], *, actor: Any) -> None:
        services.add_note(row, values["body"], actor=actor)

    def take_back(self, row: Order, image: dict[str, Any], *, actor: Any) -> str:
        made = services.made_by_run(image["run"], row.notes)
        if not made:
            return gettext("Its note is no longer there.")
        if any(note.version > 1 for note in made):
            return gettext("It was changed since.")
        for note in made:
            services.remove_note(note, actor=actor)
        return ""


@register
class MarkOrders(OfOrders):
    """ORD-13: each problem has one reason of the list."""

    key, label, icon, order = "orders.mark", _("Report a problem"), "fa-triangle-exclamation", 45
    permission, form, instead_of, by_version = "handle", forms.ManyExceptionsForm, "mark", False

    def said(self, values: dict[str, Any]) -> str:
        reason = db.session.get(ExceptionReason, values["reason_id"])
        return reason.name if reason else ""

    def look(self, row: Order, values: dict[str, Any], *, actor: Any) -> Look:
        known = {one.reason_id for one in row.exceptions if one.state is ExceptionState.OPEN}
        return Look(same=values["reason_id"] in known and not values.get("detail"))

    def apply(self, row: Order, values: dict[str, Any], *, actor: Any) -> None:
        reason = db.session.get_one(ExceptionReason, values["reason_id"])
        services.open_exception(row, reason, detail=values.get("detail") or "", actor=actor)

    def kept(self, row: Order, values: dict[str, Any]) -> dict[str, Any]:
        """Which run reports it; of what was reported before, what it said."""
        was = next((one for one in _open(row) if one.reason_id == values["reason_id"]), None)
        told = {"was": was.id, "detail": was.detail, "set": values.get("detail") or ""} if was is not None else {}
        return {"run": history.present_run(), **told}

    def take_back(self, row: Order, image: dict[str, Any], *, actor: Any) -> str:
        if key := image.get("was"):
            was = next((one for one in _open(row) if one.id == key), None)
            if was is None or was.detail != image["set"]:
                return gettext("It was changed since.")
            services.describe_exception(was, image["detail"], actor=actor)
            return ""
        made = services.made_by_run(image["run"], row.exceptions)
        if not made:
            return gettext("Its problem is no longer there.")
        for problem in made:
            services.withdraw_exception(problem, actor=actor)
        return ""


@register
class ClearOrders(OfOrders):
    """ORD-14: all that is open about an order is handled."""

    key, label, icon, order = "orders.clear", _("Mark problems as handled"), "fa-check", 50
    permission, form, by_version = "handle", forms.HandleForm, False

    def said(self, values: dict[str, Any]) -> str:
        return str(values["resolution"])

    def kept(self, row: Order, values: dict[str, Any]) -> dict[str, Any]:
        return {"handled": [problem.id for problem in _open(row)]}

    def look(self, row: Order, values: dict[str, Any], *, actor: Any) -> Look:
        return Look(same=not _open(row))

    def apply(self, row: Order, values: dict[str, Any], *, actor: Any) -> None:
        for problem in _open(row):
            services.handle_exception(problem, resolution=values["resolution"], actor=actor)

    def take_back(self, row: Order, image: dict[str, Any], *, actor: Any) -> str:
        handled = [one for one in row.exceptions if one.id in image["handled"] and one.state is ExceptionState.HANDLED]
        if len(handled) != len(image["handled"]):
            return gettext("It was changed since.")
        for problem in handled:
            services.reopen_exception(problem, actor=actor)
        return ""


def _open(order: Order) -> list[OrderException]:
    return [one for one in order.exceptions if one.state is ExceptionState.OPEN]


@register
class AssignOrders(OfOrders):
    """A colleague looks after these orders from now on; he is told once, however many they are."""

    key, label, icon, order = "orders.assign", _("Assign to a colleague"), "fa-user-tag", 35
    permission, form, by_version = "assign", forms.AssignForm, False

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        return {"assignee": form.assignee.data or None}

    def said(self, values: dict[str, Any]) -> str:
        person = _person(values)
        return str(person) if person is not None else gettext("nobody")

    def prepare(self, rows: Sequence[Order], values: dict[str, Any], *, actor: Any) -> None:
        seen = services.seen_by(_person(values), [row.id for row in rows])
        for row in rows:
            vars(row)["_is_seen"] = values["assignee"] is None or row.id in seen

    def look(self, row: Order, values: dict[str, Any], *, actor: Any) -> Look:
        if not vars(row).get("_is_seen"):
            return Look(refused=gettext("%(name)s does not see this order.", name=str(_person(values) or "")))
        before, after = {"assignee_id": row.assignee_id}, {"assignee_id": values["assignee"]}
        return Look(same=before == after, before=before, after=after)

    def kept(self, row: Order, values: dict[str, Any]) -> dict[str, Any]:
        return {"assignee_id": row.assignee_id, "set": values["assignee"]}

    def apply_all(self, rows: Sequence[Order], values: dict[str, Any], *, actor: Any) -> None:
        services.assign(rows, values["assignee"], actor=actor)

    def take_back(self, row: Order, image: dict[str, Any], *, actor: Any) -> str:
        if row.assignee_id != image["set"]:
            return gettext("It was changed since.")
        services.assign([row], image["assignee_id"], actor=actor)
        return ""

    def finished(self, whole: Piece, changed: int) -> None:
        person_id = whole.values.get("assignee")
        if whole.undoes is not None or not person_id or not changed or owns(whole.actor, person_id):
            return
        mine = json.dumps({"and": [["assignee", "eq", str(person_id)]]}, separators=(",", ":"))
        notices.send(
            [person_id], _("%(name)s gave you orders: %(n)s", name=str(whole.actor), n=changed),
            url=f"/orders/order/list/?{urlencode({'f': mine})}", kind=ASSIGNED,
        )  # fmt: skip


def _person(values: dict[str, Any]) -> User | None:
    return db.session.get(User, values["assignee"]) if values["assignee"] else None


@register
class TagOrders(OfOrders):
    key, label, icon, order = "orders.tags", _("Tags"), "fa-tag", 38
    permission, form, by_version = "tag", forms.TagForm, False

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        given = {}
        for name in ("add", "remove"):
            given[name] = [tag.id for tag in records.get_many(OrderTag, form[name].data or [], actor=actor)]
        if not any(given.values()):
            raise InvalidInput({"add": gettext("Choose at least one tag.")})
        return given

    def said(self, values: dict[str, Any]) -> str:
        names = _names([*values["add"], *values["remove"]])
        signed = [("+", key) for key in values["add"]] + [("−", key) for key in values["remove"]]
        return ", ".join(f"{sign}{names[key]}" for sign, key in signed if key in names)

    def prepare(self, rows: Sequence[Order], values: dict[str, Any], *, actor: Any) -> None:
        found = select(Order).where(Order.id.in_([row.id for row in rows]))
        db.session.scalars(found.options(selectinload(Order.tags))).all()

    def look(self, row: Order, values: dict[str, Any], *, actor: Any) -> Look:
        have = {tag.id: tag.name for tag in row.tags}
        after = (have.keys() | set(values["add"])) - set(values["remove"])
        known = have | _names([key for key in after if key not in have])
        told = [sorted(known[key] for key in keys if key in known) for keys in (have, after)]
        return Look(same=after == have.keys(), before={"tags": told[0]}, after={"tags": told[1]})

    def kept(self, row: Order, values: dict[str, Any]) -> dict[str, Any]:
        have, off = {tag.id for tag in row.tags}, set(values["remove"])
        return {"added": sorted(set(values["add"]) - off - have), "removed": sorted(off & have)}

    def apply_all(self, rows: Sequence[Order], values: dict[str, Any], *, actor: Any) -> None:
        services.tag(rows, add=values["add"], remove=values["remove"], actor=actor)

    def take_back(self, row: Order, image: dict[str, Any], *, actor: Any) -> str:
        services.tag([row], add=list(_names(image["removed"])), remove=image["added"], actor=actor)
        return ""


def _names(keys: Sequence[int]) -> dict[int, str]:
    """Those of these tags that are still there, by number."""
    found = select(OrderTag.id, OrderTag.name).where(OrderTag.id.in_(keys))
    return dict(db.session.execute(found).tuples().all()) if keys else {}
