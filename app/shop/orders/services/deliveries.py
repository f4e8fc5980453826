"""What channels deliver: kept word by word, worked off once, and again by hand when something was mended (ORD-03)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select, update

from app.panel.core import clock, history, money, policy
from app.panel.core.actor import SYSTEM, KeyHolder
from app.panel.core.db import db
from app.panel.core.errors import BadRequest, DomainError, Forbidden, InvalidInput
from app.panel.core.lease import affected, insert_once
from app.panel.core.transaction import transactional
from app.shop.inventory.services import OutOfStock
from app.shop.orders.models import IntakeDoor, IntakeEvent, IntakeState, Order, Refund
from app.shop.orders.services.given_back import GivenBack, take_back
from app.shop.orders.services.intake import Incoming, take_in

RESOURCE = "orders.IntakeEvent"
DONE = (IntakeState.NEW, IntakeState.SAME, IntakeState.BOOKED)
LONGEST_BODY, LONGEST_ID = 256 * 1024, 120
WORDS_FOR, ROWS_FOR = dt.timedelta(days=30), dt.timedelta(days=365)
Read = Callable[[dict[str, Any], str], Incoming | GivenBack]


@dataclass(frozen=True)
class Delivery:
    """What came in by one of the doors. `event_id` is the sender's own; empty when he named none."""

    channel_id: int
    currency: str
    body: bytes
    door: IntakeDoor
    event_id: str = ""

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def parsed(self) -> dict[str, Any]:
        """:raises BadRequest: unless it is a JSON object; the channel is the one of the door"""
        if len(self.body) > LONGEST_BODY:
            raise BadRequest(_("This is too long."))
        try:
            raw = json.loads(self.body)
        except (ValueError, RecursionError):
            raise BadRequest(_("This is no valid JSON.")) from None
        if not isinstance(raw, dict):
            raise BadRequest(_("Send one JSON object."))
        if raw.setdefault("channel_id", self.channel_id) != self.channel_id:
            raise InvalidInput({"channel_id": _("This is the address of another channel.")})
        return raw

    def key(self) -> str:
        """By what the event is known: the sender's number, else that of the refund or the order, else its words."""
        if self.event_id:
            return self.event_id[:LONGEST_ID]
        kind, name = ("refund", "reference") if self.is_refund() else ("order", "external_number")
        number = self._known().get(name)
        return f"{kind}:{number[:LONGEST_ID]}" if isinstance(number, str) and number else f"words:{self.digest[:40]}"

    def is_refund(self) -> bool:
        return self._known().get("kind") == "refund"

    def _known(self) -> dict[str, Any]:
        try:
            return self.parsed()
        except DomainError:
            return {}


@dataclass(frozen=True)
class Answer:
    """What the sender hears. `repeated`: he has heard it before."""

    status: int
    told: dict[str, Any]
    repeated: bool = False


class OtherContent(DomainError):
    """The number of an event that came before, with other words."""


def receive(delivery: Delivery, read: Read, *, actor: Any) -> Answer:
    """Keep what came and work it off. An event that was taken before gets the answer of then, whatever it says now.

    :param read: makes an order or a refund of the JSON, in the currency of the channel
    :raises Forbidden: without the right; nothing is kept then
    """
    key = delivery.key()
    # a shop of our own that gives its events no numbers is known by the order alone, which `take_in` looks for
    by_event = bool(delivery.event_id) or delivery.door is IntakeDoor.HOOK
    known = find(delivery.channel_id, key) if by_event else None
    if known is not None and delivery.event_id:
        if known.digest != delivery.digest:
            raise OtherContent(_("An event of this number came before, with other content."))
        if known.state in DONE and known.answer:
            _count(known)
            return Answer(known.status, known.answer, repeated=True)
    if known is None and delivery.door is IntakeDoor.HOOK:
        _write(delivery, key, actor, state=IntakeState.WAITING)
    return _work(delivery, key, read, actor)


def find(channel_id: int, key: str) -> IntakeEvent | None:
    query = select(IntakeEvent).where(IntakeEvent.channel_id == channel_id, IntakeEvent.event_id == key)
    return db.session.scalar(query.execution_options(populate_existing=True))


def retry(event: IntakeEvent, read: Read, *, actor: Any) -> Order:
    """Work a delivery off again that was not taken, after what was wrong has been mended. Safe to repeat.

    :raises DomainError: when it is still not taken, with the reason
    """
    policy.authorize(actor, "retry", RESOURCE)
    if not event.body:
        raise DomainError(_("What was sent is no longer kept. Ask the channel to send it again."))
    delivery = Delivery(event.channel_id, event.channel.shop.currency, event.body.encode(), event.door)
    if delivery.is_refund():
        policy.authorize(actor, "refund", "orders.Order", by_loan=False)
    history.record(event, "intake.retried", actor=actor)
    answer = _work(delivery, event.event_id, read, SYSTEM)
    db.session.expire_all()
    if event.order is None:
        raise DomainError(str(answer.told.get("message", "")))
    return event.order


@transactional
def dismiss(event: IntakeEvent, *, actor: Any) -> None:
    """Nothing will come of it: it was settled elsewhere, or was a test."""
    policy.authorize(actor, "retry", RESOURCE)
    if event.state is not IntakeState.REFUSED:
        raise DomainError(_("Only what was not taken can be set aside."))
    event.state = IntakeState.DISMISSED
    history.record(event, "intake.dismissed", actor=actor)


@transactional
def sweep() -> int:
    """Forget the words of deliveries after 30 days, the deliveries after a year; returns how many words went."""
    now, table = clock.now(), IntakeEvent.__table__
    db.session.execute(delete(table).where(table.c.received_at < now - ROWS_FOR))
    old = (table.c.received_at < now - WORDS_FOR) & (table.c.body.is_not(None) | table.c.answer.is_not(None))
    return affected(update(table).where(old).values(body=None, answer=None))


def _work(delivery: Delivery, key: str, read: Read, actor: Any) -> Answer:
    answers: list[Answer] = []

    def told(order: Order, is_new: bool) -> None:
        answers[:] = [Answer(201 if is_new else 200, _said(order, is_new))]
        state = IntakeState.NEW if is_new else IntakeState.SAME
        _write(delivery, key, actor, state=state, answer=answers[0], order_id=order.id)

    def booked(refund: Refund, is_new: bool) -> None:
        answers[:] = [Answer(201 if is_new else 200, _said_of(refund, is_new))]
        _write(delivery, key, actor, state=IntakeState.BOOKED, answer=answers[0], order_id=refund.order_id)

    try:
        with history.by("channel" if delivery.door is IntakeDoor.HOOK else ""):
            what = read(delivery.parsed(), delivery.currency)
            if isinstance(what, GivenBack):
                take_back(what, actor=actor, booked=booked)
            else:
                take_in(what, actor=actor, told=told)
    except Forbidden:
        raise
    except DomainError as error:
        db.session.rollback()
        answer = Answer(409 if isinstance(error, OutOfStock) else error.status, _refused(error))
        # a shop of our own asked whether there is any left, and its buyer knows: nothing waits to be mended
        if delivery.door is IntakeDoor.HOOK or not isinstance(error, OutOfStock):
            _write(delivery, key, actor, state=IntakeState.REFUSED, answer=answer, reason=_reason(answer))
        return answer
    return answers[0]


def _said(order: Order, is_new: bool) -> dict[str, Any]:
    problems = [{"reason": one.reason.code, "detail": one.detail} for one in order.exceptions] if is_new else []
    return {
        "id": order.id, "number": order.number, "new": is_new, "state": order.state.value, "review": order.review.value,
        "total": money.plain(order.total, order.currency), "currency": order.currency, "problems": problems,
    }  # fmt: skip


def _said_of(refund: Refund, is_new: bool) -> dict[str, Any]:
    order = refund.order
    return {
        "id": order.id, "number": order.number, "new": is_new, "state": order.state.value, "refund": refund.id,
        "amount": money.plain(refund.amount, order.currency), "currency": order.currency,
        "left": money.plain(order.left_to_refund, order.currency),
    }  # fmt: skip


def _refused(error: DomainError) -> dict[str, Any]:
    found: dict[str, Any] = {"message": error.message}
    if isinstance(error, InvalidInput):
        found["errors"] = {name: str(text) for name, text in error.errors.items()}
    elif error.field:
        found["errors"] = {error.field: error.message}
    if isinstance(error, OutOfStock):
        found |= {"code": "out_of_stock", "left": error.left}
    return found


def _reason(answer: Answer) -> str:
    errors = answer.told.get("errors") or {}
    text = "; ".join(f"{name}: {said}" for name, said in errors.items()) or str(answer.told["message"])
    return text[:500]


@transactional
def _write(
    delivery: Delivery, key: str, actor: Any, *, state: IntakeState, answer: Answer | None = None, reason: str | None = None,
    order_id: int | None = None,
) -> None:  # fmt: skip
    """The row of an event, made with its first delivery. What led to an order stays so, whatever is tried later."""
    now, table = clock.now(), IntakeEvent.__table__
    result: dict[str, Any] = {"state": state, "tried_at": now, "changed_at": now}
    if answer is not None:
        result |= {"status": answer.status, "answer": answer.told, "reason": reason, "order_id": order_id}
    first = {
        "body": delivery.body.decode("utf-8", "replace").replace("\x00", "")[:LONGEST_BODY], "digest": delivery.digest,
        "door": delivery.door, "via": actor.name if isinstance(actor, KeyHolder) else None, "received_at": now,
        "signature_ok": delivery.door is IntakeDoor.HOOK, "created_at": now, "attempts": 1, "version": 1,
    }  # fmt: skip
    if insert_once(IntakeEvent, channel_id=delivery.channel_id, event_id=key, **first, **result):
        return
    mine = (table.c.channel_id == delivery.channel_id) & (table.c.event_id == key)
    row = db.session.execute(select(table.c.state, table.c.answer).where(mine)).one()
    # the first answer of a delivery that waited is no second attempt
    again = 0 if row.state is IntakeState.WAITING else 1
    counted = {"attempts": table.c.attempts + again, "version": table.c.version + 1}
    if row.state in (IntakeState.NEW, IntakeState.BOOKED):
        result = {"tried_at": now}
    elif row.state is IntakeState.REFUSED and delivery.digest:
        result |= {"body": first["body"], "digest": first["digest"]}
    db.session.execute(update(table).where(mine).values(**result, **counted))


@transactional
def _count(event: IntakeEvent) -> None:
    table = IntakeEvent.__table__
    db.session.execute(
        update(table).where(table.c.id == event.id).values(attempts=table.c.attempts + 1, tried_at=clock.now())
    )
