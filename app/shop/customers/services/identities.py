"""Recognising people: natural keys, each held by one customer."""

from __future__ import annotations

import functools
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, bindparam, delete, select

from app.panel.core import changes, sight
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.shop.customers.checks import phone_or_text
from app.shop.customers.models import Customer, CustomerIdentity
from app.shop.customers.states import IdentityKind


def slot(kind: IdentityKind, value: str, *, shop_id: int | None = None, channel_id: int | None = None) -> str:
    """The unique spelling of a natural key. A phone or e-mail counts within its shop, a platform number in its channel."""
    scope = f"c{channel_id}" if kind is IdentityKind.EXTERNAL else f"s{shop_id or 0}"
    return f"{kind.value}:{scope}:{value}"[:260]


def slots_of(
    *, shop_id: int | None, phone: str = "", email: str = "", channel_id: int | None = None, external_id: str = ""
) -> list[str]:
    """The keys that these values make, the most certain one first. Values are in their stored form."""
    found = []
    if external_id and channel_id:
        found.append(slot(IdentityKind.EXTERNAL, external_id, channel_id=channel_id))
    if phone:
        found.append(slot(IdentityKind.PHONE, phone, shop_id=shop_id))
    if email:
        found.append(slot(IdentityKind.EMAIL, email, shop_id=shop_id))
    return found


def find(
    *, shop_id: int | None, phone: str = "", email: str = "", channel_id: int | None = None, external_id: str = ""
) -> Customer | None:
    """The customer known by one of these; the platform's number decides before phone, phone before e-mail."""
    wanted = slots_of(
        shop_id=shop_id, phone=phone_or_text(phone), email=email.strip().lower(), channel_id=channel_id,
        external_id=external_id,
    )  # fmt: skip
    if not wanted:
        return None
    known: dict[str, int] = dict(db.session.execute(_holders(), {"slots": wanted}).tuples().all())
    first = next((known[one] for one in wanted if one in known), None)
    return db.session.get(Customer, first) if first is not None else None


@functools.cache
def _holders() -> Select[Any]:
    """Built once: every order asks this."""
    keys = CustomerIdentity.__table__.c
    return select(keys.slot, keys.customer_id).where(keys.slot.in_(bindparam("slots", expanding=True)))


def claim(
    customer: Customer, kind: IdentityKind, value: str, *, channel_id: int | None = None, strict: Any = None
) -> bool:
    """Let this customer be recognised by a key; False when somebody else is.

    :param strict: the actor who is told when somebody else is
    :raises InvalidInput: instead of False, when `strict`
    """
    key = slot(kind, value, shop_id=customer.shop_id, channel_id=channel_id)
    holder = db.session.scalar(select(CustomerIdentity.customer_id).where(CustomerIdentity.slot == key))
    if holder is not None and holder != customer.id:
        if strict is not None:
            other = db.session.get(Customer, holder)
            field = kind.value if kind is not IdentityKind.EXTERNAL else "external_id"
            raise InvalidInput({field: taken(other, strict)})
        return False
    if holder is None:
        made = key_of(customer, kind, value, channel_id=channel_id)
        made.customer_id = customer.id
        db.session.add(made)
        db.session.flush()
    return True


def key_of(customer: Customer, kind: IdentityKind, value: str, *, channel_id: int | None = None) -> CustomerIdentity:
    """The row by which a customer of this shop is recognised."""
    key = slot(kind, value, shop_id=customer.shop_id, channel_id=channel_id)
    return CustomerIdentity(kind=kind, channel_id=channel_id, value=value, slot=key)


def retire(customer: Customer, kind: IdentityKind, value: str) -> None:
    """He has another number now: the old one no longer leads to him."""
    key = slot(kind, value, shop_id=customer.shop_id)
    mine = (CustomerIdentity.slot == key) & (CustomerIdentity.customer_id == customer.id)
    gone = list(db.session.scalars(select(CustomerIdentity.id).where(mine)))
    if gone:
        db.session.execute(delete(CustomerIdentity).where(CustomerIdentity.id.in_(gone)))
        changes.record(CustomerIdentity, gone, "delete")
        db.session.expire(customer, ["identities"])


def taken(other: Customer | None, actor: Any) -> str:
    """The sentence for a key that somebody else has. Who that is, only whoever sees that card is told."""
    if not sight.sees(actor, other):
        return _("Somebody else is known by this already.")
    # the name helps the person at the counter to find the card; the number he typed himself
    return _("%(name)s is known by this already. Open that customer, or merge the two.", name=str(other))
