"""Customers of a chunk into the tables: recognised by number, phone or e-mail, new ones set-based with all they bring."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.panel.bulk import writing
from app.panel.bulk.importers import Image, Plan, Result
from app.panel.bulk.states import Outcome
from app.panel.core import clock, policy, rows, sight
from app.panel.core.db import db
from app.panel.core.errors import DomainError
from app.shop.customers.imports.known import ANSWERS, SOURCE, Known
from app.shop.customers.imports.people import People, Person
from app.shop.customers.models import Address, Consent, Customer, CustomerNote, CustomerTag, customer_tags
from app.shop.setup import queries as setup
from app.shop.setup.models import Shop
from app.shop.setup.states import ChannelKind


@dataclass(frozen=True)
class Place:
    """The shop that the people belong to, and its Shopify channel, when it has one."""

    shop_id: int
    channel_id: int | None


def shops(actor: Any) -> list[tuple[str, str]]:
    query = policy.scope(select(Shop).order_by(Shop.id), actor, Shop)
    return [(str(shop.id), shop.name) for shop in db.session.scalars(query)]


def place_of(shop_id: str | None, actor: Any) -> Place:
    query = policy.scope(select(Shop).order_by(Shop.is_active.desc(), Shop.id), actor, Shop)
    if shop_id:
        query = query.where(Shop.id == int(shop_id))
    shop = db.session.scalars(query).first()
    if shop is None:
        raise DomainError(_("There is no shop yet. Set up the shop first."))
    channel = setup.default_channel(shop, ChannelKind.SHOPIFY)
    return Place(shop.id, channel.id if channel else None)


def write(place: Place, plans: list[Plan], *, actor: Any, dry_run: bool) -> list[Result]:
    people = People(place.shop_id, place.channel_id, actor)
    faces = [people.face(_person(plan)) for plan in plans]
    found = people.remember(faces, dry_run=dry_run)
    tags, made_tags = _tags(plans, actor, dry_run)
    fresh = [(plan, one.customer_id) for plan, one in zip(plans, found, strict=True) if one.is_new]
    if not dry_run:
        _bring(fresh, tags, actor)
    old = [one.customer_id for one in found if one.customer_id and not one.is_new]
    foreign = sight.hidden(actor, Customer, old)
    known = Known(
        [key for key in old if key not in foreign], [slot for face in faces for slot in face.slots],
        people=people, tags=tags, actor=actor, dry_run=dry_run,
    )  # fmt: skip
    results = []
    for plan, one, face in zip(plans, found, faces, strict=True):
        if one.is_new:
            results.append(Result(Outcome.NEW, one.customer_id, images=list(one.images)))
        elif one.customer_id in foreign:
            results.append(Result.refuse(_("There is such a customer, but you may not change it.")))
        elif one.customer_id in known.cards:
            results.append(known.tell(one.customer_id, plan, face.slots))
        elif face.slots:  # looked at only: a new person of this file once more
            results.append(Result(Outcome.CHANGED))
        else:
            results.append(Result.refuse(_("Nothing to recognise this person by: no number, phone or e-mail.")))
    if not dry_run:
        known.write()
        if results:
            results[0].images[:0] = made_tags
    return results


def _person(plan: Plan) -> Person:
    values = plan.values
    return Person(
        values["name"],
        values["phone"] or "",
        values["email"] or "",
        values["external_id"],
        values["country"],
        clock.now(),
    )


def _tags(plans: list[Plan], actor: Any, dry_run: bool) -> tuple[dict[str, int], list[Image]]:
    names = list(dict.fromkeys(tag for plan in plans for tag in plan.values["tags"]))
    found: dict[str, int] = {}
    for part in writing.pieces(names):
        found.update((name, key) for name, key in db.session.execute(
            select(CustomerTag.name, CustomerTag.id).where(CustomerTag.name.in_(part))
        ))  # fmt: skip
    missing = [name for name in names if name not in found]
    if dry_run or not missing:
        return found, []
    policy.authorize(actor, "write", "customers.CustomerTag")
    ids = writing.insert_rows(CustomerTag, [{"name": name} for name in missing], actor=actor)
    found.update(zip(missing, ids, strict=True))
    return found, writing.created(CustomerTag, ids)


def _bring(fresh: list[tuple[Plan, int | None]], tags: dict[str, int], actor: Any) -> None:
    """What new cards bring with them: addresses, notes, consents with their source, tags."""
    brought: dict[type[Any], list[dict[str, Any]]] = defaultdict(list)
    links = []
    now = clock.now()
    for plan, key in fresh:
        values = plan.values
        if values["address"]:
            brought[Address].append({**values["address"], "customer_id": key})
        if values["note"]:
            brought[CustomerNote].append({"customer_id": key, "body": values["note"]})
        for purpose, name in ANSWERS:
            said = values[name]
            if said is not None:
                brought[Consent].append({
                    "customer_id": key, "purpose": purpose, "is_granted": said, "decided_at": now, "source": SOURCE,
                })  # fmt: skip
        links += [{"customer_id": key, "tag_id": tags[name]} for name in values["tags"]]
    for model, children in brought.items():
        writing.insert_rows(model, children, actor=actor, trail=False)
    _grant([plan.values | {"id": key} for plan, key in fresh])
    rows.insert_many(customer_tags, links)


def _grant(cards: list[dict[str, Any]]) -> None:
    """The two answers that lists filter by stand on the card itself."""
    table = Customer.__table__
    for _purpose, name in ANSWERS:
        ids = [card["id"] for card in cards if card[name]]
        for part in writing.pieces(ids):
            db.session.execute(table.update().where(table.c.id.in_(part)).values({name: True}))
