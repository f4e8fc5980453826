"""What orders know of a person: handed out whole, and forgotten but for what the books need."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update

from app.panel.core import changes, history, trailsets
from app.panel.core.db import db
from app.panel.core.history import HistoryEntry
from app.shop.customers import services as customers
from app.shop.customers.privacy import Person
from app.shop.orders.models import (
    BuyerMessage,
    IntakeEvent,
    Order,
    OrderException,
    OrderLine,
    OrderNote,
    OrderStateLog,
    Payment,
    Refund,
    Shipment,
)

PART = 400
BUYER = ("buyer_name", "buyer_phone", "buyer_email", "province", "city", "district", "street", "postcode")
KEPT = ("number", "external_number", "currency", "total", "paid", "refunded", "placed_at", *BUYER, "buyer_remark")
# What hangs on an order, by the name under which it is handed out, with the columns that say something.
PARTS: tuple[tuple[str, type[Any], tuple[str, ...]], ...] = (
    ("lines", OrderLine, ("title", "option", "quantity", "total")),
    ("payments", Payment, ("method", "amount", "currency", "external_ref", "state", "paid_at")),
    ("refunds", Refund, ("method", "amount", "currency", "reason", "note", "external_ref", "refunded_at")),
    ("parcels", Shipment, ("courier", "tracking_number", "shipped_at", "note")),
    ("notes", OrderNote, ("body", "created_at")),
    ("problems", OrderException, ("detail", "state", "opened_at", "handled_at", "resolution")),
    ("messages", BuyerMessage, ("kind", "way", "recipient", "subject", "body", "state", "sent_at")),
    ("moves", OrderStateLog, ("from_state", "to_state", "why", "moved_at")),
)
# Words that somebody wrote freely: whoever they name cannot be told from a list.
WORDS: tuple[tuple[type[Any], dict[str, str | None]], ...] = (
    (OrderNote, {"body": "–"}), (OrderException, {"detail": None, "resolution": None}), (OrderStateLog, {"why": None}),
    (Refund, {"note": None}), (Shipment, {"note": None}),
    (BuyerMessage, {"recipient": None, "subject": None, "body": None}),
)  # fmt: skip


def orders_of_person(customer_id: int) -> list[dict[str, Any]]:
    """What a person gets who asks for everything that we know: his orders with all that hangs on them, and their trail."""
    orders = list(db.session.scalars(select(Order).where(_theirs(customer_id)).order_by(Order.id)))
    ids = [order.id for order in orders]
    found = {name: _parts(model, columns, ids) for name, model, columns in PARTS}
    trail = _trail(ids)
    return [
        {**{name: history.plain(getattr(order, name)) for name in KEPT}, "state": order.state.value,
         **{name: rows.get(order.id, []) for name, rows in found.items()}, "history": trail.get(order.id, [])}
        for order in orders
    ]  # fmt: skip


def forget_buyer(person: Person) -> None:
    """The books keep what was bought for how much and in which province; who it was and where he lives goes."""
    ids = list(db.session.scalars(select(Order.id).where(_theirs(person.customer_id))))
    blank = dict.fromkeys(
        ("buyer_phone", "buyer_email", "district", "street", "postcode", "buyer_remark", "seller_remark", "hold_reason")
    )
    for part in _pieces(ids):
        gone = update(Order).where(Order.id.in_(part))
        db.session.execute(gone.values(buyer_name=person.pseudonym, version=Order.version + 1, **blank))
        for model, words in WORDS:
            rows = list(db.session.scalars(select(model.id).where(model.order_id.in_(part))))
            for some in _pieces(rows):
                said = update(model).where(model.id.in_(some))
                db.session.execute(said.values(version=model.version + 1, **words))
            person.wrote(model.__tablename__, rows)
    _forget_deliveries(person, ids)
    person.wrote("orders_order", ids)
    changes.record(Order, ids)


def _forget_deliveries(person: Person, ids: Sequence[int]) -> None:
    """What channels sent word by word: of his orders, and of what was not taken but names him by a phone or e-mail."""
    gone = update(IntakeEvent).values(body=None, answer=None, version=IntakeEvent.version + 1)
    for part in _pieces(ids):
        db.session.execute(gone.where(IntakeEvent.order_id.in_(part)).values(reason=None))
    spellings = {said for one in person.strong() for said in (one, json.dumps(one)[1:-1])}
    for one in sorted(spellings):
        named = or_(IntakeEvent.body.contains(one, autoescape=True), IntakeEvent.reason.contains(one, autoescape=True))
        db.session.execute(gone.where(named).values(reason=None))


def _theirs(customer_id: int) -> ColumnElement[bool]:
    """Orders of the card, and those without one that were placed under a phone or e-mail by which the card is known.
    Orders of another card stay his, also where they went to this person's phone."""
    known = customers.known_as(customer_id)
    phone = func.replace(func.replace(Order.buyer_phone, " ", ""), "-", "")
    loose = or_(phone.in_(known), func.lower(Order.buyer_email).in_({one.lower() for one in known}))
    return or_(Order.customer_id == customer_id, Order.customer_id.is_(None) & loose)


def _parts(model: type[Any], columns: tuple[str, ...], ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for part in _pieces(ids):
        query = select(model.order_id, *(getattr(model, name) for name in columns))
        for order_id, *values in db.session.execute(query.where(model.order_id.in_(part)).order_by(model.id)):
            found[order_id].append(dict(zip(columns, values, strict=True)))
    return found


def _trail(ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for part in _pieces(ids):
        query = select(HistoryEntry).where(trailsets.about(Order.__tablename__, part))
        for entry in db.session.scalars(query.order_by(HistoryEntry.id)):
            found[entry.key].append({"at": entry.at, "verb": entry.verb, "changes": entry.changes})
    return found


def _pieces(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), PART):
        yield ids[start : start + PART]
