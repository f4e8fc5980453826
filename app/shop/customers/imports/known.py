"""Cards that stood before an import, brought to what the file says. What the file leaves out or empty stays.

Told plan by plan, written at once: keys by which the person is recognised, addresses, notes, answers about newsletters
and text messages with their proof, tags. Each row that is made or changed gets its image, so that all of it can be
taken back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.panel.bulk import writing
from app.panel.bulk.importers import Image, Plan, Result
from app.panel.bulk.states import Outcome
from app.panel.core import changes, clock, history, policy, rows
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.transaction import savepoint
from app.shop.customers.events import consent_changed
from app.shop.customers.imports.people import People
from app.shop.customers.models import Address, Consent, Customer, CustomerIdentity, CustomerNote, customer_tags
from app.shop.customers.services import addresses, identities
from app.shop.customers.services import people as services
from app.shop.customers.states import IdentityKind, Purpose

FIELDS = ("name", "phone", "email")
CONTACTS = ((IdentityKind.PHONE, "phone"), (IdentityKind.EMAIL, "email"))
ANSWERS = ((Purpose.EMAIL, "accepts_email"), (Purpose.SMS, "accepts_sms"))
PLACE = ("country", "province", "city", "district", "street", "postcode")
SOURCE = "Shopify"


@dataclass
class Card:
    """One card with what it holds by now, rows that are still to be written included."""

    row: Any
    tags: dict[str, int]
    places: set[tuple[str, ...]]
    notes: set[str]
    answers: dict[str, bool]
    has_default: bool
    before: dict[str, Any] = field(default_factory=dict)
    made: list[Image] = field(default_factory=list)
    result: Result | None = None


class Known:
    """The known people of one chunk."""

    def __init__(
        self,
        ids: Sequence[int],
        slots: Sequence[str],
        *,
        people: People,
        tags: Mapping[str, int],
        actor: Any,
        dry_run: bool,
    ) -> None:
        self.people, self.tags, self.actor, self.dry_run = people, tags, actor, dry_run
        self.owners = people.known(slots)
        self.access = policy.fields(actor, "customers.Customer")
        self.slots: dict[str, Card] = {}
        self.new: dict[type[Any], list[tuple[Card, dict[str, Any]]]] = defaultdict(list)
        self.links: list[dict[str, int]] = []
        self.cards: dict[int, Card] = {}
        for part in writing.pieces(dict.fromkeys(ids)):
            query = select(Customer).where(Customer.id.in_(part)).execution_options(populate_existing=True)
            whole = [selectinload(getattr(Customer, name)) for name in ("tags", "addresses", "notes")]
            self.cards.update({row.id: _card(row) for row in db.session.scalars(query.options(*whole))})

    def tell(self, key: int, plan: Plan, slots: Sequence[str]) -> Result:
        """What a plan means for a card; nothing but name, phone and e-mail is written before `write`."""
        card, values = self.cards[key], plan.values
        # what he sees masked stays as it is, whether the file says the same or not
        said = [name for name in FIELDS if values[name] and self._may_set(card.row, name)]
        pairs = writing.difference(card.row, {name: values[name] for name in said})
        if why := self._taken(key, pairs):
            return Result.refuse(why)
        kept = {kind.value for kind, name in CONTACTS if values[name] and name not in said}
        free = [slot for slot in slots if slot not in self.owners and slot.partition(":")[0] not in kept]
        more = self._more(card, values)
        if not (pairs or free or more):
            return Result(Outcome.SAME, key)
        if self.dry_run:
            return Result(Outcome.CHANGED, key)
        if why := self._edit(card, pairs):
            return Result.refuse(why)
        for name, pair in pairs.items():
            card.before.setdefault(name, pair[0])
        for slot in free:
            self.owners[slot], self.slots[slot] = key, card
        self._keep(card, more)
        result = Result(Outcome.CHANGED, key)
        card.result = card.result or result
        return result

    def _may_set(self, row: Any, name: str) -> bool:
        return not self.access.masked(name) or self.access.writable(name) or not getattr(row, name)

    def _taken(self, key: int, pairs: Mapping[str, Any]) -> str:
        """A new phone or e-mail by which somebody else is known: the two cards are merged by a person, not by a file."""
        for kind, name in CONTACTS:
            if name in pairs:
                holder = self.owners.get(identities.slot(kind, pairs[name][1], shop_id=self.people.shop_id), key)
                if holder != key:
                    return identities.taken(db.session.get(Customer, holder), self.actor)
        return ""

    def _edit(self, card: Card, pairs: Mapping[str, Any]) -> str:
        if not pairs:
            return ""
        try:
            with savepoint():
                services.edit_customer(card.row, {name: pair[1] for name, pair in pairs.items()}, actor=self.actor)
        except (InvalidInput, DomainError) as error:
            return str(error)
        return ""

    def _more(self, card: Card, values: Mapping[str, Any]) -> dict[str, Any]:
        """What the plan adds to the card beside its fields; only what is not there yet."""
        found: dict[str, Any] = {}
        if values["address"] and where(values["address"]) not in card.places:
            found["address"] = values["address"]
        if values["note"] and values["note"].strip() not in card.notes:
            found["note"] = values["note"].strip()
        said = {name: values[name] for _purpose, name in ANSWERS if values[name] not in (None, card.answers[name])}
        tags = [name for name in values["tags"] if name not in card.tags]
        return found | ({"said": said} if said else {}) | ({"tags": tags} if tags else {})

    def _keep(self, card: Card, more: Mapping[str, Any]) -> None:
        key = card.row.id
        if "address" in more:
            address = {**more["address"], "customer_id": key, "is_default": not card.has_default}
            card.places.add(where(address))
            card.has_default = True
            self.new[Address].append((card, address))
        if "note" in more:
            card.notes.add(more["note"])
            self.new[CustomerNote].append((card, {"customer_id": key, "body": more["note"]}))
        for purpose, name in ANSWERS:
            if name in more.get("said", {}):
                card.before.setdefault(name, getattr(card.row, name))
                card.answers[name] = more["said"][name]
                self.new[Consent].append((card, {
                    "customer_id": key, "purpose": purpose, "is_granted": card.answers[name], "decided_at": clock.now(),
                    "source": SOURCE,
                }))  # fmt: skip
        if "tags" in more:
            card.before.setdefault("tags", sorted(card.tags.values()))
            card.tags.update({name: self.tags[name] for name in more["tags"]})
            self.links += [{"customer_id": key, "tag_id": self.tags[name]} for name in more["tags"]]

    def write(self) -> None:
        """All that was told, set-based; the images go to the first result of each card."""
        self._claim()
        for model, told in self.new.items():
            ids = writing.insert_rows(model, [values for _card, values in told], actor=self.actor, trail=False)
            for (card, _values), image in zip(told, writing.created(model, ids), strict=True):
                card.made.append(image)
        self._tag()
        self._answer()
        touched = {key: card for key, card in self.cards.items() if card.result is not None}
        versions = writing.versions(Customer, list(touched))
        for key, card in touched.items():
            if card.before and card.result is not None:
                card.result.images.append(Image(Customer.__tablename__, key, card.before, versions[key]))
            if card.result is not None:
                card.result.images += card.made
            db.session.expire(card.row)

    def _claim(self) -> None:
        """The person is recognised by all that the file knows of him. A changed phone or e-mail has claimed already."""
        claimed: dict[str, int] = {}
        for part in writing.pieces(self.slots):
            query = select(CustomerIdentity.slot, CustomerIdentity.id).where(CustomerIdentity.slot.in_(part))
            claimed.update(dict(db.session.execute(query).tuples().all()))
        new = [(slot, card.row.id) for slot, card in self.slots.items() if slot not in claimed]
        claimed.update(zip([slot for slot, _key in new], self.people.claim(new), strict=True))
        for slot, card in self.slots.items():
            card.made += writing.created(CustomerIdentity, [claimed[slot]])

    def _answer(self) -> None:
        """The two answers that lists filter by stand on the card itself."""
        changed = []
        for key, card in self.cards.items():
            if pairs := writing.difference(card.row, card.answers):
                changed.append((key, pairs))
        writing.update_rows(Customer, changed, actor=self.actor)
        for card, values in self.new[Consent]:
            said = {"purpose": values["purpose"], "is_granted": values["is_granted"]}
            consent_changed.send(card.row, **said, actor=self.actor)

    def _tag(self) -> None:
        tagged = [(key, card) for key, card in self.cards.items() if "tags" in card.before]
        rows.insert_many(customer_tags, self.links)
        trail = [(key, {"tags": [card.before["tags"], sorted(card.tags.values())]}) for key, card in tagged]
        history.record_many(Customer, trail, verb="customer.tagged", actor=self.actor)
        changes.record(Customer, [key for key, _card in tagged])


def _card(row: Any) -> Card:
    return Card(
        row, {tag.name: tag.id for tag in row.tags}, {where({name: getattr(one, name) for name in PLACE}) for one in row.addresses},
        {(note.body or "").strip() for note in row.notes}, {name: getattr(row, name) for _purpose, name in ANSWERS},
        any(one.is_default for one in row.addresses),
    )  # fmt: skip


def where(address: Mapping[str, Any]) -> tuple[str, ...]:
    """A place for comparison: the same street in the same town, however it is spaced and whoever receives there."""
    whole = addresses.normal({name: address.get(name) for name in PLACE})
    parts = (whole["country"], whole["city"], whole["street"], whole["postcode"])
    return tuple("".join((part or "").split()).casefold() for part in parts)
