"""Recognising and adding many people at once: what an import of orders or customers asks for a whole chunk."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import bindparam, select, update

from app.panel.bulk import writing
from app.panel.bulk.importers import Image, clip
from app.panel.bulk.models import BeforeImage
from app.panel.core import clock, history
from app.panel.core.db import db
from app.panel.core.rows import among
from app.panel.core.transaction import after_commit
from app.shop.customers import checks
from app.shop.customers.models import Customer, CustomerIdentity
from app.shop.customers.queries import by_slots
from app.shop.customers.services import identities
from app.shop.customers.states import CustomerState, IdentityKind


class Person(NamedTuple):
    """Somebody in a file, as the file writes him."""

    name: str = ""
    phone: str = ""
    email: str = ""
    external_id: str = ""
    region: str = ""
    seen_at: dt.datetime | None = None


class Face(NamedTuple):
    """The same as he is kept and recognised. Two persons with one key are the same one; the most certain key stands first."""

    name: str = ""
    phone: str = ""
    email: str = ""
    slots: tuple[str, ...] = ()
    seen_at: dt.datetime | None = None


NOBODY = Face()


class Found(NamedTuple):
    """The customer of a person (None: nothing to recognise him by, or only looked at), and what was written for him."""

    customer_id: int | None = None
    images: Sequence[Image] = ()
    is_new: bool = False


class People:
    """One shop's people during one import."""

    def __init__(self, shop_id: int, channel_id: int | None, actor: Any) -> None:
        self.shop_id, self.channel_id, self.actor = shop_id, channel_id, actor
        self.region = checks.home()
        # Customers whom this import added, and since when they are known.
        self.added: dict[int, dt.datetime] = {}

    def face(self, person: Person) -> Face:
        """Asks no database. A number that nobody can dial recognises nobody."""
        phone = tidy_phone(person.phone, person.region if len(person.region) == 2 else self.region)
        email = tidy_email(person.email)
        slots = identities.slots_of(
            shop_id=self.shop_id, phone=phone if phone.startswith("+") else "", email=email,
            channel_id=self.channel_id, external_id=person.external_id,
        )  # fmt: skip
        return Face(person.name, phone, email, tuple(slots), person.seen_at)

    def known(self, slots: Collection[str]) -> dict[str, int]:
        if not slots:
            return {}
        return dict(db.session.execute(by_slots(slots)).tuples().all())

    def remember(self, faces: Sequence[Face], *, dry_run: bool = False) -> list[Found]:
        """The customers of these people, adding those nobody knows. What is known of a person already stays."""
        known = self.known({slot for face in faces for slot in face.slots})
        owners: list[int | str | None] = []
        new: dict[str, Face] = {}
        pending: dict[str, str] = {}
        for face in faces:
            customer = next((known[slot] for slot in face.slots if slot in known), None)
            if customer is not None or not face.slots:
                owners.append(customer)
                continue
            leader = next((pending[slot] for slot in face.slots if slot in pending), face.slots[0])
            new.setdefault(leader, face)
            pending.update({slot: leader for slot in face.slots if slot not in pending})
            owners.append(leader)
        if dry_run:
            return self._found(owners, {})
        oldest: dict[Any, dt.datetime] = {}
        for owner, face in zip(owners, faces, strict=True):
            if face.seen_at and (owner not in oldest or face.seen_at < oldest[owner]):
                oldest[owner] = face.seen_at
        made = self._add(new, pending, oldest)
        self._seen({owner: at for owner, at in oldest.items() if type(owner) is int})
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
            images = writing.created(Customer, [made[owner]]) if first and owner in made else ()
            result.append(Found(made.get(owner), images, first))
        return result

    def _add(self, new: Mapping[str, Face], pending: dict[str, str], oldest: Mapping[Any, dt.datetime]) -> dict[str, int]:
        now = clock.now()
        rows = [self._row(face, min(face.seen_at or now, oldest.get(leader, now))) for leader, face in new.items()]
        made = dict(zip(new, writing.insert_rows(Customer, rows, actor=self.actor, trail=False), strict=True))
        self.claim([(slot, made[leader]) for slot, leader in pending.items()])
        since = {made[leader]: row["first_seen_at"] for leader, row in zip(new, rows, strict=True)}
        after_commit(lambda: self.added.update(since))
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

    def _row(self, face: Face, since: dt.datetime) -> dict[str, Any]:
        return {
            "name": clip(face.name or face.email or face.phone, 120) or _("(no name)"), "phone": face.phone or None,
            "email": face.email or None, "state": CustomerState.ACTIVE, "shop_id": self.shop_id,
            "channel_id": self.channel_id, "first_seen_at": since,
        }  # fmt: skip

    def _seen(self, oldest: Mapping[int, dt.datetime]) -> None:
        """Exports come newest first: a customer whom this import added was there since his oldest order.

        The row itself says how far back he goes so far: an import that was killed and taken up again knows no more.
        """
        since = self._added_by_this_run(oldest)
        earlier = {key: at for key, at in oldest.items() if key in since and at < since[key]}
        if earlier:
            table = Customer.__table__
            change = update(table).where(table.c.id == bindparam("key"), table.c.first_seen_at > bindparam("oldest"))
            seen = [{"key": key, "oldest": at} for key, at in earlier.items()]
            db.session.connection().execute(change.values(first_seen_at=bindparam("oldest")), seen)
        after_commit(lambda: self.added.update({**since, **earlier}))

    def _added_by_this_run(self, ids: Collection[int]) -> dict[int, dt.datetime]:
        """Those of these customers whom this import added in a chunk before, and since when they are known."""
        run_id, unsure = history.present_run(), [key for key in ids if key not in self.added]
        since = {key: self.added[key] for key in ids if key in self.added}
        if run_id is not None and unsure:
            query = select(Customer.id, Customer.first_seen_at).join(BeforeImage, BeforeImage.row_id == Customer.id)
            mine = query.where(
                BeforeImage.table == Customer.__tablename__, among(BeforeImage.row_id, unsure),
                BeforeImage.run_id + 0 == run_id,  # by the rows asked for, not by all that the run has written so far
                BeforeImage.before.is_(None),
            )  # fmt: skip
            since.update(dict(db.session.execute(mine).tuples().all()))
        return since


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
