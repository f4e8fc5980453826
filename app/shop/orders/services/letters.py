"""What a buyer is told about an order, once about each matter: by e-mail, or as a text message that somebody sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import force_locale, lazy_gettext
from sqlalchemy import select

from app.panel.core import clock, mail, outbox
from app.panel.core.db import db
from app.panel.core.transaction import transactional
from app.shop.orders.models import BuyerMessage, MessageKind, MessageState, MessageWay, Order
from app.shop.setup.queries import business

# what is filled in, in the words of the house and in English
PLACES = {
    "{name}": lazy_gettext("{name}"), "{number}": lazy_gettext("{number}"), "{shop}": lazy_gettext("{shop}"),
    "{amount}": lazy_gettext("{amount}"), "{until}": lazy_gettext("{until}"),
}  # fmt: skip


@transactional
def tell(order: Order, kind: MessageKind, subject: Any, body: Any, **values: Any) -> BuyerMessage | None:
    """Tell the buyer, in the language of the house; None when he was told before, or cannot be reached.

    `{name}`, `{number}` and `{shop}` in the texts are filled in by themselves, the others with what is handed over.
    """
    once = f"{kind.value}:{order.id}"
    if db.session.scalar(select(BuyerMessage.id).where(BuyerMessage.key == once)) is not None:
        return None
    way = MessageWay.EMAIL if order.buyer_email and mail.is_set_up() else MessageWay.TEXT
    recipient = order.buyer_email if way is MessageWay.EMAIL else order.buyer_phone
    if not recipient:
        return None
    known = {"{name}": order.buyer_name or "", "{number}": order.number, "{shop}": str(order.shop)}
    known |= {f"{{{name}}}": str(value) for name, value in values.items()}
    subject, body = _filled(str(subject), known)[:200], _filled(str(body), known)
    message = BuyerMessage(
        order_id=order.id, kind=kind, way=way, subject=" ".join(subject.split()), body=body, key=once, recipient=recipient
    )
    db.session.add(message)
    if way is MessageWay.EMAIL:
        outbox.put("mail", {"to": recipient, "subject": message.subject, "body": body})
        message.state, message.sent_at = MessageState.SENT, clock.now()
    return message


def _filled(text: str, known: Mapping[str, str]) -> str:
    for place, value in known.items():
        text = text.replace(place, value).replace(str(PLACES[place]), value)
    return text


def in_the_language_of_the_house() -> Any:
    owner = business()
    return force_locale(owner.language if owner else "en")
