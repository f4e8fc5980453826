"""A customer's card: made, changed, recognised again, tagged, noted, blocked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _

from app.panel.core import history, policy, records
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.customers import checks
from app.shop.customers.events import customer_created
from app.shop.customers.models import Customer, CustomerNote, CustomerTag
from app.shop.customers.services.addresses import place_addresses
from app.shop.customers.services.identities import claim, find, key_of, retire
from app.shop.customers.states import CustomerState, IdentityKind
from app.shop.setup.queries import default_shop

RESOURCE = "customers.Customer"
CONTACTS = ((IdentityKind.PHONE, "phone"), (IdentityKind.EMAIL, "email"))


@transactional
def new_customer(values: dict[str, Any], *, actor: Any, strict: bool = True) -> Customer:
    """A new card. What is written of phone and e-mail is brought into its stored form.

    :param strict: refuse a phone or e-mail by which another one is known; otherwise the other one keeps it
    """
    customer = _card(values, strict=strict, actor=actor)
    db.session.flush()
    for kind, name in CONTACTS:
        if values.get(name):
            claim(customer, kind, getattr(customer, name), strict=actor if strict else None)
    customer_created.send(customer, actor=actor)
    return customer


def _card(values: dict[str, Any], *, strict: bool, actor: Any) -> Customer:
    values = _tidy(values, strict)
    if not values.get("shop_id"):
        shop = default_shop()
        values["shop_id"] = shop.id if shop else None
    addresses = values.pop("addresses", None)
    customer = Customer(state=CustomerState.ACTIVE)
    db.session.add(customer)
    with db.session.no_autoflush:
        records.assign(customer, values, actor=actor)
        if addresses:
            place_addresses(customer, addresses, actor=actor)
    return customer


@transactional
def edit_customer(customer: Customer, values: dict[str, Any], *, actor: Any) -> Customer:
    """Change a card; a new phone or e-mail takes the place of the old one as a key, too."""
    if customer.state is CustomerState.ERASED:
        raise DomainError(_("This person has been erased; the card stays empty."))
    values = _tidy(values, strict=True)
    before = {name: getattr(customer, name) for _kind, name in CONTACTS}
    if "shop_id" in values and values["shop_id"] != customer.shop_id:
        raise InvalidInput({"shop_id": _("A customer stays with the shop. Add a card in the other one.")})
    addresses = values.pop("addresses", None)
    records.assign(customer, values, actor=actor)
    if addresses is not None:
        place_addresses(customer, addresses, actor=actor)
    db.session.flush()
    for kind, name in CONTACTS:
        if name in values and values[name] != before[name]:
            if before[name]:
                retire(customer, kind, before[name])
            if values[name]:
                claim(customer, kind, values[name], strict=actor)
    return customer


@transactional
def remember(
    *, name: str, shop_id: int | None, actor: Any, phone: str = "", email: str = "", channel_id: int | None = None,
    external_id: str = "", **more: Any,
) -> Customer:  # fmt: skip
    """The customer of these keys, or a new one: what an order or an import calls for everybody who buys.

    What we know already stays; what was missing (a phone, an e-mail, a platform number) is added. Numbers that cannot
    be read are kept as they were written and recognise nobody.
    """
    number = checks.phone_or_text(phone)
    address = _email_or_nothing(email)
    customer = find(shop_id=shop_id, phone=number, email=address, channel_id=channel_id, external_id=external_id)
    if customer is None:
        values = {"name": name.strip() or _("(no name)"), "phone": number or None, "email": address or None}
        values |= {"shop_id": shop_id, "channel_id": channel_id, **more}
        return _first_seen(values, external_id, actor)
    for attribute, value in (("phone", number), ("email", address)):
        if value and not getattr(customer, attribute):
            setattr(customer, attribute, value)
    db.session.flush()
    for kind, value in ((IdentityKind.PHONE, number), (IdentityKind.EMAIL, address)):
        if value and value == getattr(customer, kind.value):
            claim(customer, kind, value)
    if external_id and channel_id:
        claim(customer, IdentityKind.EXTERNAL, external_id, channel_id=channel_id)
    return customer


def _first_seen(values: dict[str, Any], external_id: str, actor: Any) -> Customer:
    """The card of somebody whom nobody is known by any of these keys: they are his without asking again."""
    customer = _card(values, strict=False, actor=actor)
    customer.addresses = []
    for kind, name in CONTACTS:
        if getattr(customer, name):
            customer.identities.append(key_of(customer, kind, getattr(customer, name)))
    if external_id and customer.channel_id:
        customer.identities.append(key_of(customer, IdentityKind.EXTERNAL, external_id, channel_id=customer.channel_id))
    db.session.flush()
    customer_created.send(customer, actor=actor)
    return customer


@transactional
def set_tags(
    customers: Sequence[Customer], *, actor: Any, add: Iterable[int] = (), remove: Iterable[int] = ()
) -> int:
    """Put tags on customers and take others off; how many cards changed."""
    policy.authorize(actor, "write", RESOURCE)
    wanted = {tag.id: tag for tag in records.get_many(CustomerTag, list(add), actor=actor)} if add else {}
    gone, changed = set(remove), 0
    for customer in customers:
        before = {tag.id for tag in customer.tags}
        after = (before | set(wanted)) - gone
        if after == before:
            continue
        kept = [tag for tag in customer.tags if tag.id in after]
        customer.tags = kept + [wanted[key] for key in sorted(after - before)]
        names = [sorted(tag_id for tag_id in ids) for ids in (before, after)]
        history.record(customer, "customer.tagged", actor=actor, data={"before": names[0], "after": names[1]})
        changed += 1
    return changed


@transactional
def write_note(customer: Customer, body: str, *, actor: Any, is_pinned: bool = False) -> CustomerNote:
    """Add a note to a card."""
    policy.authorize(actor, "note", RESOURCE)
    if not body.strip():
        raise InvalidInput({"body": _("Write something first.")})
    note = CustomerNote(customer_id=customer.id, body=body.strip(), is_pinned=is_pinned)
    db.session.add(note)
    db.session.flush()
    db.session.expire(customer, ["notes"])
    return note


@transactional
def block(customer: Customer, *, why: str, actor: Any) -> Customer:
    """Sell him nothing more, until somebody unblocks him."""
    return _turn(customer, CustomerState.ACTIVE, CustomerState.BLOCKED, "customer.blocked", why, actor)


@transactional
def unblock(customer: Customer, *, why: str, actor: Any) -> Customer:
    return _turn(customer, CustomerState.BLOCKED, CustomerState.ACTIVE, "customer.unblocked", why, actor)


def _turn(
    customer: Customer, before: CustomerState, after: CustomerState, verb: str, why: str, actor: Any
) -> Customer:
    policy.authorize(actor, "block", RESOURCE)
    if customer.state is not before:
        raise DomainError(_("%(name)s is %(state)s."), name=customer.name, state=customer.state.label)
    if not why.strip():
        raise InvalidInput({"why": _("Say why: the next one will ask.")})
    customer.state = after
    history.record(customer, verb, actor=actor, why=why.strip())
    return customer


def _tidy(values: dict[str, Any], strict: bool) -> dict[str, Any]:
    values = dict(values)
    errors: dict[str, object] = {}
    for name, read in (("phone", checks.phone), ("email", checks.email)):
        if values.get(name):
            try:
                values[name] = read(values[name])
            except ValueError as error:
                if strict:
                    errors[name] = str(error)
    if errors:
        raise InvalidInput(errors)
    return values


def _email_or_nothing(raw: str) -> str:
    try:
        return checks.email(raw)
    except ValueError:
        return ""


def check_customer(customer: Customer | None, values: dict[str, Any]) -> None:
    """A card without any name or way to reach the person helps nobody; the name is enough."""
    if "name" in values and not str(values["name"] or "").strip():
        raise InvalidInput({"name": _("This is needed.")})


records.override(Customer, create=new_customer, update=edit_customer, validate=check_customer)
