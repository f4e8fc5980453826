"""Forgetting one person (GDPR 17, PIPL 47): a pseudonym stays where the books need somebody, nothing else does."""

from __future__ import annotations

import secrets
from typing import Any

import phonenumbers
from flask_babel import gettext as _
from sqlalchemy import delete, or_, select, update

from app.panel.core import changes, clock, history, policy
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.history import HistoryEntry
from app.panel.core.transaction import transactional
from app.shop.customers import scrubbing
from app.shop.customers.events import customer_erased
from app.shop.customers.models import Address, Consent, Customer, CustomerIdentity, CustomerMerge, CustomerNote
from app.shop.customers.privacy import CONTRIBUTIONS, Person
from app.shop.customers.references import links
from app.shop.customers.states import CustomerLevel, CustomerState

RESOURCE = "customers.Customer"
OWN = (Address, CustomerNote, CustomerIdentity, Consent)
BLANK = {
    "phone": None, "email": None, "gender": None, "birthday_on": None, "preferences": None,
    "level": CustomerLevel.REGULAR, "accepts_sms": False, "accepts_email": False, "accepts_call": False,
    "accepts_profiling": False,
}  # fmt: skip


@transactional
def erase_person(customer: Customer, *, why: str, actor: Any) -> list[str]:
    """Take from every table what says who this is. Cannot be taken back.

    Orders and amounts stay under a pseudonym. Returns the places (`table.column`) where a phone, e-mail or platform
    number of the person can still be read, for a human to look at; empty when there is none.
    """
    policy.authorize(actor, "erase", RESOURCE)
    if customer.state is CustomerState.ERASED:
        raise DomainError(_("This person was erased before."))
    if not why.strip():
        raise InvalidInput({"why": _("Say on whose request.")})
    person = who(customer)
    for _name, contribution in sorted(CONTRIBUTIONS.items()):
        contribution.erase(person)
    _empty_card(customer, person)
    scrubbing.empty_trails(person)
    scrubbing.scrub_panel(person)
    db.session.expire_all()
    history.record(customer, "customer.erased", actor=actor, why=scrubbing.without(why.strip(), person))
    changes.record(Customer, [customer.id])
    customer_erased.send(customer, actor=actor)
    return sorted({f"{table}.{column}" for table, column, _key in traces(person)})


def who(customer: Customer) -> Person:
    """Every spelling of the person that our own tables know, former ones included."""
    names, phones, emails = {customer.name}, {customer.phone}, {customer.email}
    external: set[Any] = set()
    places: set[Any] = set()
    for address in customer.addresses:
        names.add(address.recipient)
        phones.add(address.phone)
        places.add(address.street)
    for identity in customer.identities:
        {"phone": phones, "email": emails, "external": external}[identity.kind.value].add(identity.value)
    for merged in _merges(customer):
        row = (merged.undo or {}).get("row", {})
        names |= {merged.gone_name, row.get("name")}
        phones.add(row.get("phone"))
        emails.add(row.get("email"))
    trail = select(HistoryEntry.changes).where(
        HistoryEntry.table == "customers_customer", HistoryEntry.key == customer.id
    )
    for pairs in db.session.scalars(trail):
        for name, values in (("name", names), ("phone", phones), ("email", emails)):
            values.update(value for value in (pairs or {}).get(name, ()) if isinstance(value, str))
    return Person(
        customer.id,
        f"erased-{secrets.token_hex(4)}",
        frozenset(filter(None, names)),
        frozenset(spelling for phone in filter(None, phones) for spelling in _spellings(phone)),
        frozenset(filter(None, emails)),
        frozenset(filter(None, external)),
        frozenset(filter(None, places)),
    )


def traces(person: Person) -> list[tuple[str, str, int]]:
    """(table, column, id) of every cell that still holds a strong value of the person."""
    return scrubbing.places(person.strong())


def _spellings(phone: str) -> set[str]:
    """The number as we store it, as people write it at home, and as platforms export it."""
    found = {phone}
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return found
    national = str(number.national_number)
    shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return found | {national, f"{number.country_code}{national}", shown, shown.replace("-", " ")}


def _merges(customer: Customer) -> list[CustomerMerge]:
    mine = or_(CustomerMerge.kept_id == customer.id, CustomerMerge.gone_id == customer.id)
    return list(db.session.scalars(select(CustomerMerge).where(mine)))


def _empty_card(customer: Customer, person: Person) -> None:
    """Set-based, so that neither the history nor the trash learns what was there."""
    person.wrote("customers_customer", [customer.id])
    for merged in _merges(customer):
        person.wrote("customers_customer", [merged.gone_id])
    for model in OWN:
        ids = list(db.session.scalars(select(model.id).where(model.customer_id == customer.id)))
        person.wrote(model.__tablename__, ids)
        if ids:
            db.session.execute(delete(model).where(model.id.in_(ids)))
            changes.record(model, ids, "delete")
    person.rows.update(scrubbing.once_theirs([model.__tablename__ for model in OWN], customer.id))
    for table, mine, _other in links():
        db.session.execute(delete(table).where(mine == customer.id))
    merges = [merged.id for merged in _merges(customer)]
    person.wrote("customers_customer_merge", merges)
    db.session.execute(
        update(CustomerMerge).where(CustomerMerge.id.in_(merges)).values(undo=None, gone_name=person.pseudonym)
    )
    db.session.execute(
        update(Customer)
        .where(Customer.id == customer.id)
        .values(
            name=person.pseudonym, state=CustomerState.ERASED, erased_at=clock.now(), version=Customer.version + 1,
            **BLANK,
        )
    )  # fmt: skip
