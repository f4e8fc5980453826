"""Waybills: asked of the courier in the background, one living number a shipment, void while nothing has moved (ORD-11)."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.core import clock, history, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.panel.core.transaction import transactional
from app.shop.logistics import events
from app.shop.logistics.adapters import ADAPTERS
from app.shop.logistics.models import Courier, Parcel, Waybill, WaybillState
from app.shop.logistics.services.parcels import follow
from app.shop.orders.models import Shipment

RESOURCE = "logistics.Waybill"
LIVING = (WaybillState.ASKED, WaybillState.GIVEN)


@transactional
def ask(shipment: Shipment, courier: Courier, *, actor: Any) -> Waybill:
    """Ask for a number for a shipment that has none. Asked again, the same waybill answers.

    :raises DomainError: when it has a number already, or nobody can be asked
    """
    policy.authorize(actor, "ask", RESOURCE)
    # whoever comes second waits here, and finds the waybill of the first
    db.session.refresh(shipment, with_for_update=True)
    made = list(db.session.scalars(select(Waybill).where(Waybill.shipment_id == shipment.id).order_by(Waybill.id)))
    if made and made[-1].state in LIVING:
        return made[-1]
    if shipment.tracking_number:
        raise DomainError(_("This parcel has a tracking number: %(number)s.", number=shipment.tracking_number))
    if courier.link not in ADAPTERS:
        raise DomainError(_("Nobody can be asked for numbers of %(courier)s: its connection is by hand.", courier=courier.name))
    waybill = Waybill(
        shipment=shipment, order_id=shipment.order_id, courier=courier, key=f"{shipment.id}:{len(made) + 1}",
        asked_at=clock.now(),
    )  # fmt: skip
    db.session.add(waybill)
    db.session.flush()
    history.record(shipment.order, "order.waybill_asked", actor=actor, why=courier.name)
    events.waybill_asked.send(waybill, actor=actor)
    return waybill


def waiting(limit: int) -> list[Waybill]:
    """Those that no courier has answered yet, the oldest first."""
    query = select(Waybill).where(Waybill.state == WaybillState.ASKED).order_by(Waybill.asked_at, Waybill.id)
    return list(db.session.scalars(query.limit(limit)))


@transactional
def settle(waybill_id: int, *, number: str = "", refusal: str = "", actor: Any) -> Waybill | None:
    """What the courier answered. The answer to a question that is settled changes nothing."""
    policy.authorize(actor, "ask", RESOURCE)
    waybill = db.session.scalar(select(Waybill).where(Waybill.id == waybill_id).with_for_update())
    if waybill is None or waybill.state is not WaybillState.ASKED:
        return waybill
    if not number:
        waybill.state, waybill.why = WaybillState.REFUSED, refusal[:300] or None
        return waybill
    waybill.state, waybill.number, waybill.given_at = WaybillState.GIVEN, number, clock.now()
    shipment = waybill.shipment
    shipment.courier, shipment.tracking_number = waybill.courier.name, number
    db.session.flush()
    follow(shipment)
    history.record(shipment.order, "order.waybill_given", actor=actor, why=number)
    return waybill


@transactional
def void(waybill: Waybill, *, actor: Any, why: str) -> Waybill:
    """Give a number up. Only while the courier has not seen the parcel."""
    policy.authorize(actor, "void", RESOURCE)
    db.session.refresh(waybill, with_for_update=True)
    if waybill.state is WaybillState.VOID:
        return waybill
    if not why.strip():
        raise DomainError(_("Say why."), field="why")
    parcel = db.session.scalar(select(Parcel).where(Parcel.shipment_id == waybill.shipment_id))
    if waybill.state is WaybillState.GIVEN and parcel is not None and parcel.first_at is not None:
        raise DomainError(_("The courier has moved %(number)s already.", number=parcel.number))
    if waybill.state is WaybillState.GIVEN:
        if parcel is not None:
            db.session.delete(parcel)
        waybill.shipment.courier = waybill.shipment.tracking_number = None
    waybill.state, waybill.why = WaybillState.VOID, why.strip()[:300]
    db.session.flush()
    history.record(waybill.order, "order.waybill_void", actor=actor, why=waybill.why)
    events.waybill_void.send(waybill, actor=actor)
    return waybill


def let_go(shipment: Shipment, *, actor: Any) -> None:
    """Before a shipment is taken back: nobody follows it any more, and no number stands for it.

    :raises DomainError: when the courier has moved it
    """
    parcel = db.session.scalar(select(Parcel).where(Parcel.shipment_id == shipment.id))
    if parcel is not None and parcel.first_at is not None:
        raise DomainError(_("The courier has moved %(number)s already.", number=parcel.number))
    for waybill in db.session.scalars(select(Waybill).where(Waybill.shipment_id == shipment.id)):
        if waybill.state is WaybillState.GIVEN:
            events.waybill_void.send(waybill, actor=actor)
        db.session.delete(waybill)
    if parcel is not None:
        db.session.delete(parcel)
    db.session.flush()
