"""Forgetting one person (GDPR 17, PIPL 47): a pseudonym stays where the books need somebody, nothing else does."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, or_, select, update

from app.panel.bulk import stored
from app.panel.core import changes, clock, history, policy, remarks, trailsets
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.history import HistoryEntry
from app.panel.core.late import Late
from app.panel.core.transaction import transactional
from app.panel.core.trash import TrashEntry
from app.shop.customers import scrubbing
from app.shop.customers.events import customer_erased
from app.shop.customers.models import Address, Consent, Customer, CustomerIdentity, CustomerMerge, CustomerNote
from app.shop.customers.privacy import CONTRIBUTIONS, Person
from app.shop.customers.references import links
from app.shop.customers.states import CustomerLevel, CustomerState, IdentityKind

phonenumbers = Late("phonenumbers")
RESOURCE = "customers.Customer"
OWN = (Address, CustomerNote, CustomerIdentity, Consent)
BLANK = {
    "phone": None, "email": None, "gender": None, "birthday_on": None, "preferences": None,
    "level": CustomerLevel.REGULAR, "accepts_sms": False, "accepts_email": False, "accepts_call": False,
    "accepts_profiling": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Erased:
    """What came of it: places (`table.column`) where a phone, e-mail or platform number of the person can still be read,
    for a human to look at, and names of uploaded files that held one and were deleted."""

    left: list[str]
    files: list[str]


def erase_person(customer: Customer, *, why: str, actor: Any) -> Erased:
    """Take from every table, and from the stored files of imports, what says who this is. Cannot be taken back.

    Orders and amounts stay under a pseudonym.

    :raises DomainError: while an import is at work that may bring the person in again
    """
    policy.authorize(actor, "erase", RESOURCE)
    if customer.state is CustomerState.ERASED:
        raise DomainError(_("This person was erased before."))
    if not why.strip():
        raise InvalidInput({"why": _("Say on whose request.")})
    person = who(customer)
    # Looked for before the transaction begins: large files would keep everybody else from writing.
    files = stored.holding(person.strong())
    if busy := [one.name for one in files if one.is_working]:
        raise DomainError(_("The import of “%(file)s” names this person and is at work. Wait for its end.", file=busy[0]))
    return Erased(_erase(customer, person, files, why=why, actor=actor), [one.name for one in files])


@transactional
def _erase(customer: Customer, person: Person, files: list[stored.Held], *, why: str, actor: Any) -> list[str]:
    for _name, contribution in sorted(CONTRIBUTIONS.items()):
        contribution.erase(person)
    _empty_card(customer, person)
    scrubbing.empty_trails(person)
    scrubbing.scrub_panel(person)
    scrubbing.scrub_runs(person, [one.run_id for one in files if one.run_id is not None])
    db.session.expire_all()
    told = {"files": len(files)} if files else {}
    history.record(customer, "customer.erased", actor=actor, why=scrubbing.without(why.strip(), person), data=told)
    changes.record(Customer, [customer.id])
    customer_erased.send(customer, actor=actor)
    stored.forget(files)
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
    for former in _former_addresses(customer):
        names.add(former.get("recipient"))
        phones.add(former.get("phone"))
        places.add(former.get("street"))
    for identity in customer.identities:
        {"phone": phones, "email": emails, "external": external}[identity.kind.value].add(identity.value)
    for merged in _merges(customer):
        row = (merged.undo or {}).get("row", {})
        names |= {merged.gone_name, row.get("name")}
        phones.add(row.get("phone"))
        emails.add(row.get("email"))
    trail = select(HistoryEntry.changes).where(trailsets.about("customers_customer", customer.id))
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


def known_as(customer_id: int) -> frozenset[str]:
    """Every spelling of the phones and e-mails by which this customer, and nobody else of the shop, is recognised."""
    mine = select(CustomerIdentity.kind, CustomerIdentity.value).where(CustomerIdentity.customer_id == customer_id)
    found: set[str] = set()
    for kind, value in db.session.execute(mine):
        if kind is IdentityKind.PHONE:
            found |= _spellings(value)
        elif kind is IdentityKind.EMAIL:
            found.add(value)
    return frozenset(found)


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


def _former_addresses(customer: Customer) -> Iterator[dict[str, Any]]:
    """Values that an address of the customer ever had, also one that was deleted since."""
    mine = sorted(scrubbing.once_theirs([Address.__tablename__], customer.id))
    for start in range(0, len(mine), scrubbing.CHUNK):
        keys = [key for _table, key in mine[start : start + scrubbing.CHUNK]]
        trail = select(HistoryEntry.changes).where(trailsets.about(Address.__tablename__, keys))
        for pairs in db.session.scalars(trail):
            for place in (0, 1):
                yield {name: pair[place] for name, pair in (pairs or {}).items() if isinstance(pair[place], str)}
        trashed = select(TrashEntry.rows).where(TrashEntry.table == Address.__tablename__, TrashEntry.key.in_(keys))
        for rows in db.session.scalars(trashed):
            yield from (values for _name, values in rows)


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
    for key in (customer.id, *(merged.gone_id for merged in _merges(customer))):
        person.rows.update(remarks.forget("customers_customer", key))
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
