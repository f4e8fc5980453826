"""A file of tracking numbers: order, courier, number. Each row ships its order (ORD-24)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import or_, select

from app.panel.bulk import importers, writing
from app.panel.bulk.importers import Image, Importer, Plan, Reader, Record, Result, Work
from app.panel.bulk.reading import values as cells
from app.panel.bulk.states import Outcome
from app.panel.core import policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import savepoint
from app.shop.logistics import formats, services
from app.shop.orders import services as orders
from app.shop.orders.models import Order, Shipment

TABLE = Shipment.__tablename__


class NumbersWork(Work):
    """One file. A number that its courier cannot have given is refused before anybody looks for the order."""

    def __init__(self, importer: Importer, headings: Sequence[str], options: dict[str, Any], actor: Any) -> None:
        super().__init__(importer, headings, options, actor)
        self.known = services.Known()
        policy.authorize(actor, "ship", "orders.Order")

    def parse(self, record: Record) -> Plan:
        reader = Reader(self, record)
        order = reader.need(cells.identifier, "order") or ""
        named = reader.need(cells.text, "courier") or ""
        number = formats.normal(reader.need(cells.identifier, "number") or "")
        courier = self.known.find(named)
        plan = Plan(record.seq, [], key=order, errors=reader.errors)
        if courier is not None and number and not formats.fits(courier.formats, number):
            said = gettext("“%(number)s” is no tracking number of %(courier)s.", number=number[:40], courier=courier.name)
            plan.errors.append(said)
        plan.values = {"order": order, "courier": courier.name if courier else named[:60], "number": number[:80]}
        plan.shown = dict(plan.values)
        return plan

    def apply(self, plans: list[Plan], *, dry_run: bool) -> list[Result]:
        found = self._orders({plan.values["order"] for plan in plans})
        gone: set[int] = set()
        return [self._one(plan.values, found.get(plan.values["order"], {}), gone, dry_run) for plan in plans]

    def _one(self, values: dict[str, str], found: dict[int, Order], gone: set[int], dry_run: bool) -> Result:
        if len(found) != 1:
            many = gettext("Several orders have the number %(number)s.", number=values["order"])
            return Result.refuse(many if found else gettext("There is no order %(number)s.", number=values["order"]))
        order = next(iter(found.values()))
        if any(formats.normal(one.tracking_number or "") == values["number"] for one in order.shipments):
            return Result(Outcome.SAME, order.id)
        if why := orders.hindrance(order):
            return Result.refuse(why)
        if dry_run:
            if order.id in gone:
                return Result.refuse(gettext("A row further up ships order %(number)s.", number=order.number))
            gone.add(order.id)
            return Result(Outcome.CHANGED, order.id)
        try:
            with savepoint():
                made = orders.ship(order, courier=values["courier"], tracking_number=values["number"], actor=self.actor)
        except DomainError as error:
            return Result.refuse(error.message)
        return Result(Outcome.CHANGED, order.id, images=[Image(TABLE, made.id)])

    def _orders(self, numbers: set[str]) -> dict[str, dict[int, Order]]:
        """By number, ours or the channel's, the orders that this person may see."""
        found: dict[str, dict[int, Order]] = defaultdict(dict)
        for part in writing.pieces(sorted(numbers)):
            query = select(Order).where(or_(Order.number.in_(part), Order.external_number.in_(part)))
            for order in db.session.scalars(policy.scope(query, self.actor, Order)):
                for number in (order.number, order.external_number):
                    found[number or ""][order.id] = order
        return found


@importers.register
class TrackingNumbers(Importer):
    key = "tracking-numbers"
    label = _("Tracking numbers (order, courier, number): ships the orders")
    resource = "logistics.Parcel"
    work = NumbersWork
    required = ("order", "courier", "number")
    fills = {
        "order": "order_id", "courier": "courier_id orders.Shipment.courier", "number": "number orders.Shipment.tracking_number",
    }  # fmt: skip
    words = {"order": _("Order number"), "courier": _("Courier"), "number": _("Tracking number")}
    headings = {
        "order": ("Order number", "Order", "Order no.", "订单号", "订单编号", "主订单编号"),
        "courier": ("Courier", "Courier company", "快递公司", "物流公司", "承运商"),
        "number": ("Tracking number", "Tracking no.", "运单号", "快递单号", "物流单号"),
    }  # fmt: skip

    def score(self, headings: Sequence[str]) -> float:
        """A file of numbers holds little else: exports of orders have these columns, too."""
        found = set(self.find(headings).values())
        return super().score(headings) if len(found) * 2 >= len(headings) else 0.0

    def undo(self, images: list[Image], *, actor: Any, since: Any, run_id: int) -> list[str] | None:
        if images[0].table != TABLE:
            return None
        return [_taken_back(image.row_id, actor) for image in images]


def _taken_back(shipment_id: int, actor: Any) -> str:
    """"" when the parcel is taken back, else why it stays."""
    query = policy.scope(select(Shipment).where(Shipment.id == shipment_id), actor, Shipment)
    shipment = db.session.scalar(query)
    if shipment is None:
        return ""
    try:
        with savepoint():
            orders.recall(shipment, actor=actor)
    except DomainError as error:
        return error.message
    return ""
