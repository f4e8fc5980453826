"""Recognising and adding many people at once: what an import of orders or customers asks for a whole chunk."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import bindparam, select, update

from app.panel.bulk import writing
from app.panel.bulk.importers import Image, clip
from app.panel.bulk.models import BeforeImage
from app.panel.core import clock, history
from app.panel.core.db import db
from app.shop.customers import checks
from app.shop.customers.models import Customer, CustomerIdentity
from app.shop.customers.queries import by_slots
from app.shop.customers.services import identities
from app.shop.customers.states import CustomerState, IdentityKind


@dataclass(frozen=True)
class Person:
    """Somebody in a file, as the file writes him. Two persons with one key are the same one."""

    name: str = ""
    phone: str = ""
    email: str = ""
    external_id: str = ""
    region: str = ""
    seen_at: dt.datetime | None = None


@dataclass
class Found:
    """The customer of a person (None: nothing to recognise him by, or only looked at), and what was written for him."""

    customer_id: int | None = None
    images: list[Image] = field(default_factory=list)
    is_new: bool = False


class People:
    """One shop's people during one import."""

    def __init__(self, shop_id: int, channel_id: int | None, actor: Any) -> None:
        self.shop_id, self.channel_id, self.actor = shop_id, channel_id, actor
        self.added: set[int] = set()

    def slots(self, person: Person) -> list[str]:
        """The keys by which he is recognised, the most certain first. A number that nobody can dial recognises nobody."""
        phone = tidy_phone(person.phone, person.region)
        return identities.slots_of(
            shop_id=self.shop_id, phone=phone if phone.startswith("+") else "", email=tidy_email(person.email),
            channel_id=self.channel_id, external_id=person.external_id,
        )  # fmt: skip

    def known(self, slots: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for part in writing.pieces(dict.fromkeys(slots)):
            found.update(dict(db.session.execute(by_slots(part)).tuples().all()))
        return found

    def remember(self, persons: Sequence[Person], *, dry_run: bool = False) -> list[Found]:
        """The customers of these persons, adding those nobody knows. What is known of a person already stays."""
        keys = [self.slots(person) for person in persons]
        known = self.known([key for own in keys for key in own])
        owners: list[int | str | None] = []
        new: dict[str, Person] = {}
        pending: dict[str, str] = {}
        for person, own in zip(persons, keys, strict=True):
            customer = next((known[key] for key in own if key in known), None)
            if customer is not None or not own:
                owners.append(customer)
                continue
            leader = next((pending[key] for key in own if key in pending), own[0])
            new.setdefault(leader, person)
            pending.update({key: leader for key in own if key not in pending})
            owners.append(leader)
        made = {} if dry_run else self._add(new, pending)
        self._seen(persons, [made.get(o) if isinstance(o, str) else o for o in owners], dry_run)
        return self._found(owners, made)

    def _found(self, owners: list[int | str | None], made: dict[str, int]) -> list[Found]:
        told: set[str] = set()
        result = []
        for owner in owners:
            if not isinstance(owner, str):
                result.append(Found(owner))
                continue
            first = owner not in told
            told.add(owner)
            images = writing.created(Customer, [made[owner]]) if first and owner in made else []
            result.append(Found(made.get(owner), images, first))
        return result

    def _add(self, new: dict[str, Person], pending: dict[str, str]) -> dict[str, int]:
        leaders = list(new)
        rows = [self._row(new[leader]) for leader in leaders]
        made = dict(zip(leaders, writing.insert_rows(Customer, rows, actor=self.actor, trail=False), strict=True))
        self.claim([(slot, made[leader]) for slot, leader in pending.items()])
        self.added.update(made.values())
        return made

    def claim(self, pairs: Sequence[tuple[str, int]]) -> list[int]:
        """Let customers be recognised by keys that nobody has: (key, customer) each; the ids of the rows."""
        keys = []
        for slot, customer_id in pairs:
            kind, _scope, value = slot.split(":", 2)
            external = kind == IdentityKind.EXTERNAL.value
            keys.append({
                "customer_id": customer_id, "kind": IdentityKind(kind), "value": value[:200], "slot": slot,
                "channel_id": self.channel_id if external else None,
            })  # fmt: skip
        return writing.insert_rows(CustomerIdentity, keys, actor=self.actor, trail=False)

    def _row(self, person: Person) -> dict[str, Any]:
        phone, email = tidy_phone(person.phone, person.region), tidy_email(person.email)
        return {
            "name": clip(person.name or email or phone, 120) or _("(no name)"), "phone": phone or None, "email": email or None,
            "state": CustomerState.ACTIVE, "shop_id": self.shop_id, "channel_id": self.channel_id,
            "first_seen_at": person.seen_at or clock.now(),
        }  # fmt: skip

    def _seen(self, persons: Sequence[Person], owners: Sequence[int | None], dry_run: bool) -> None:
        """Exports come newest first: a customer whom this import added was there since his oldest order.

        The row itself says how far back he goes so far: an import that was killed and taken up again knows no more.
        """
        oldest: dict[int, dt.datetime] = {}
        for person, owner in zip(persons, owners, strict=True):
            if owner is not None and person.seen_at:
                oldest[owner] = min(oldest.get(owner, person.seen_at), person.seen_at)
        if not oldest or dry_run:
            return
        seen = [{"key": key, "oldest": oldest[key]} for key in self._added_by_this_run(oldest)]
        if seen:
            table = Customer.__table__
            earlier = update(table).where(table.c.id == bindparam("key"), table.c.first_seen_at > bindparam("oldest"))
            db.session.connection().execute(earlier.values(first_seen_at=bindparam("oldest")), seen)

    def _added_by_this_run(self, ids: Collection[int]) -> list[int]:
        """Those of these customers whom this import added, in this chunk or in one before it."""
        run_id, unsure = history.present_run(), [key for key in ids if key not in self.added]
        if run_id is not None:
            for part in writing.pieces(unsure):
                query = select(BeforeImage.row_id).where(
                    BeforeImage.table == Customer.__tablename__, BeforeImage.row_id.in_(part),
                    BeforeImage.run_id == run_id, BeforeImage.before.is_(None),
                )  # fmt: skip
                self.added.update(db.session.scalars(query))
        return [key for key in ids if key in self.added]


@functools.lru_cache(maxsize=50_000)
def _dialled(raw: str, region: str) -> str:
    return checks.phone_or_text(raw, region or None)


def tidy_phone(raw: str, region: str = "") -> str:
    """E.164 where the number can exist, else what was written."""
    return _dialled(raw.strip(), region if len(region) == 2 else "") if raw else ""


@functools.lru_cache(maxsize=50_000)
def tidy_email(raw: str) -> str:
    try:
        return checks.email(raw)
    except ValueError:
        return ""
