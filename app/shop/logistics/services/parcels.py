"""Parcels on their way: which shipments are followed, what couriers say of them, and which of them stand still."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.panel.core import changes, clock, policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.settings import setting
from app.panel.core.transaction import transactional
from app.shop.logistics import events, formats
from app.shop.logistics.adapters import Told
from app.shop.logistics.models import Courier, Parcel, ParcelState, TraceEvent
from app.shop.logistics.services.couriers import Known, checked
from app.shop.orders.models import Order, Shipment

RESOURCE = "logistics.Parcel"
ENDED = (ParcelState.SIGNED, ParcelState.RETURNED)
UNDER_WAY = tuple(state for state in ParcelState if state not in ENDED)
FOLLOWED_FOR = dt.timedelta(days=30)


@transactional
def follow(shipment: Shipment, *, known: Known | None = None) -> Parcel | None:
    """Follow a shipment that left with a courier whom we know; said twice, it is followed once.

    :raises InvalidInput: when the number cannot be one of that courier
    """
    courier = (known or Known()).find(shipment.courier) if shipment.tracking_number else None
    if courier is None:
        return None
    found = db.session.scalar(select(Parcel).where(Parcel.shipment_id == shipment.id))
    if found is not None:
        return found
    number = checked(courier, shipment.tracking_number)
    parcel = Parcel(
        shipment=shipment, order_id=shipment.order_id, courier=courier, number=number, shipped_at=shipment.shipped_at,
        moved_at=shipment.shipped_at,
    )  # fmt: skip
    db.session.add(parcel)
    db.session.flush()
    return parcel


@transactional
def catch_up(limit: int = 500) -> int:
    """Follow what left before its courier was known to us; how many. A number that cannot be right is left alone."""
    known = Known()
    query = (
        select(Shipment).join(Order, Order.id == Shipment.order_id)
        .where(
            Shipment.tracking_number.is_not(None), Order.is_past.is_(False),
            func.lower(func.replace(Shipment.courier, " ", "")).in_(known.names),
            Shipment.shipped_at > clock.now() - FOLLOWED_FOR, ~exists().where(Parcel.shipment_id == Shipment.id),
        )
        .order_by(Shipment.shipped_at.desc(), Shipment.id.desc()).limit(limit)
    )  # fmt: skip
    followed = 0
    for shipment in list(db.session.scalars(query)):
        courier = known.find(shipment.courier)
        if courier is not None and formats.fits(courier.formats, formats.normal(shipment.tracking_number)):
            followed += follow(shipment, known=known) is not None
    return followed


@transactional
def receive(courier: Courier, told: Sequence[Told], *, actor: Any) -> list[tuple[Told, int]]:
    """Write down what a courier said: each thing once a parcel, whenever and in whatever order it comes. What was new, with
    the numbers of its rows.

    What is said of a number that left in several parcels of ours is said of each; of one that we do not know, of none.
    """
    policy.authorize(actor, "trace", RESOURCE)
    by_number: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        by_number[formats.normal(one.number)].append(one)
    # read in one order, so that two deliveries of the same news queue up and do not wait for each other
    query = select(Parcel).where(Parcel.courier_id == courier.id, Parcel.number.in_(by_number)).order_by(Parcel.id)
    parcels = list(db.session.scalars(policy.scope(query, actor, Parcel).with_for_update(of=Parcel)))
    fresh = _write([(parcel, one) for parcel in parcels for one in by_number[parcel.number]], actor)
    if not fresh:
        return []
    moved = [parcel for parcel in parcels if parcel.id in fresh]
    for parcel in moved:
        _advance(parcel, [one for one, _key in fresh[parcel.id]])
    db.session.flush()
    events.parcels_moved.send(Parcel, parcels=moved, actor=actor)
    return [pair for pairs in fresh.values() for pair in pairs]


def _write(news: Iterable[tuple[Parcel, Told]], actor: Any) -> dict[int, list[tuple[Told, int]]]:
    """New rows of the trace; by parcel what of it had not been said before."""
    dialect = postgresql if db.session.connection().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(TraceEvent.__table__).on_conflict_do_nothing(index_elements=["parcel_id", "key"])
    statement = statement.returning(TraceEvent.__table__.c.id)
    fresh: dict[int, list[tuple[Told, int]]] = defaultdict(list)
    for parcel, one in news:
        values = {
            "parcel_id": parcel.id, "key": one.key, "happened_at": one.at, "kind": one.kind, "place": one.place[:120] or None,
            "words": one.words[:300] or None, "created_by_id": actor.id, "changed_by_id": actor.id,
        }  # fmt: skip
        if (key := db.session.scalar(statement, values)) is not None:
            fresh[parcel.id].append((one, key))
    return fresh


def _advance(parcel: Parcel, fresh: Sequence[Told]) -> None:
    """What a parcel shows is the last thing that happened, not the last that was told."""
    last, first = max(fresh, key=lambda one: one.at), min(one.at for one in fresh)
    parcel.first_at = first if parcel.first_at is None else min(first, parcel.first_at)
    if parcel.state is ParcelState.WAITING or last.at >= parcel.moved_at:
        parcel.state, parcel.moved_at = last.kind, last.at
        parcel.said = _said(last.place, last.words)
        parcel.is_standing = False
    db.session.expire(parcel, ["events"])


@transactional
def forget_traces(trace_ids: Sequence[int], *, actor: Any) -> None:
    """Take back what was written by mistake, and bring the parcels in step with what is left of their trace."""
    policy.authorize(actor, "trace", RESOURCE)
    mine = policy.scope(select(TraceEvent.id).where(TraceEvent.id.in_(trace_ids)), actor, TraceEvent)
    which = TraceEvent.id.in_(list(db.session.scalars(mine)))
    touched = set(db.session.scalars(select(TraceEvent.parcel_id).where(which)))
    parcels = list(db.session.scalars(select(Parcel).where(Parcel.id.in_(touched)).order_by(Parcel.id).with_for_update()))
    db.session.execute(delete(TraceEvent).where(which), execution_options={"synchronize_session": False})
    for parcel in parcels:
        db.session.expire(parcel, ["events"])
        last = parcel.events[0] if parcel.events else None
        parcel.first_at = parcel.events[-1].happened_at if last else None
        parcel.state, parcel.moved_at = (last.kind, last.happened_at) if last else (ParcelState.WAITING, parcel.shipped_at)
        parcel.said = _said(last.place, last.words) if last else None
        parcel.is_standing = False
    db.session.flush()


def _said(place: str | None, words: str | None) -> str | None:
    return " · ".join(part for part in (place, words) if part)[:300] or None


@transactional
def note_standing(limit: int = 2000) -> int:
    """Mark parcels of which nothing was heard for too long, and unmark those that go on; how many changed (LOG-10)."""
    since = clock.now() - dt.timedelta(days=int(setting("logistics.standing_after_days")))
    stands = Parcel.state.in_(UNDER_WAY) & (Parcel.moved_at < since)
    wrong = or_(stands & Parcel.is_standing.is_(False), ~stands & Parcel.is_standing.is_(True))
    found = list(db.session.scalars(select(Parcel.id).where(wrong).order_by(Parcel.id).limit(limit)))
    if found:
        turn = update(Parcel).where(Parcel.id.in_(found)).values(is_standing=~Parcel.is_standing, version=Parcel.version + 1)
        db.session.execute(turn, execution_options={"synchronize_session": False})
        changes.record(Parcel, found)
        db.session.expire_all()
    return len(found)


def to_ask(courier_id: int, limit: int) -> list[Parcel]:
    """Parcels of a courier that have not arrived yet, those first that we have not heard of for the longest time."""
    query = select(Parcel).where(
        Parcel.courier_id == courier_id, Parcel.state.in_(UNDER_WAY), Parcel.shipped_at > clock.now() - FOLLOWED_FOR
    )
    return list(db.session.scalars(policy.scope(query.order_by(Parcel.moved_at, Parcel.id).limit(limit), SYSTEM, Parcel)))
