"""What is done to many orders at once: each by the service of its verb, seen before it runs, refused row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.panel.bulk.engine import Look, RowByRow, register
from app.panel.core import policy
from app.panel.core.db import db
from app.shop.orders import forms, services, states
from app.shop.orders import refunding as refunding  # the refund of many declares itself
from app.shop.orders.models import CloseReason, ExceptionReason, ExceptionState, Order, OrderException, OrderState


class OfOrders(RowByRow):
    """What they have in common: the lines, parcels and problems of a chunk are read in few statements."""

    model = Order
    undo = False

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
    permission, form, undo, keeps = "ship", forms.StateForm, True, ("state",)

    def authorize(self, actor: Any, values: dict[str, Any]) -> None:
        super().authorize(actor, values)
        if values and values.get("to") == OrderState.COMPLETED.value:
            policy.authorize(actor, "complete", self.resource)

    def said(self, values: dict[str, Any]) -> str:
        return gettext("Change the state to “%(state)s”", state=OrderState(values["to"]).label)

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
    permission, form = "close", forms.CloseForm

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


@register
class HoldOrders(OfOrders):
    key, label, icon, order = "orders.hold", _("Hold"), "fa-hand", 30
    permission, form, undo, keeps = "hold", forms.HoldForm, True, ("is_held", "hold_reason")

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
    permission, form = "note", forms.NoteForm

    def apply(self, row: Order, values: dict[str, Any], *, actor: Any) -> None:
        services.add_note(row, values["body"], actor=actor)


@register
class MarkOrders(OfOrders):
    """ORD-13: each problem has one reason of the list."""

    key, label, icon, order = "orders.mark", _("Report a problem"), "fa-triangle-exclamation", 45
    permission, form = "handle", forms.ManyExceptionsForm

    def said(self, values: dict[str, Any]) -> str:
        reason = db.session.get(ExceptionReason, values["reason_id"])
        return gettext("Report a problem: %(reason)s", reason=reason.name if reason else "")

    def look(self, row: Order, values: dict[str, Any], *, actor: Any) -> Look:
        known = {one.reason_id for one in row.exceptions if one.state is ExceptionState.OPEN}
        return Look(same=values["reason_id"] in known and not values.get("detail"))

    def apply(self, row: Order, values: dict[str, Any], *, actor: Any) -> None:
        reason = db.session.get_one(ExceptionReason, values["reason_id"])
        services.open_exception(row, reason, detail=values.get("detail") or "", actor=actor)


@register
class ClearOrders(OfOrders):
    """ORD-14: all that is open about an order is handled."""

    key, label, icon, order = "orders.clear", _("Mark problems as handled"), "fa-check", 50
    permission, form = "handle", forms.HandleForm

    def look(self, row: Order, values: dict[str, Any], *, actor: Any) -> Look:
        return Look(same=not _open(row))

    def apply(self, row: Order, values: dict[str, Any], *, actor: Any) -> None:
        for problem in _open(row):
            services.handle_exception(problem, resolution=values["resolution"], actor=actor)


def _open(order: Order) -> list[OrderException]:
    return [one for one in order.exceptions if one.state is ExceptionState.OPEN]
