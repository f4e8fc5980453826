"""Tags on a selection of products."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, insert, select

from app.panel.core import changes, history, policy
from app.panel.core.db import db
from app.panel.core.errors import InvalidInput
from app.panel.core.transaction import transactional
from app.shop.catalog.models import Product, Tag, product_tag
from app.shop.catalog.services.derived import refresh


@transactional
def tags_named(names: Iterable[str], *, actor: Any, create: bool = True) -> list[Tag]:
    """Tags by name, in the order of the names; unknown ones are made, or refused."""
    wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    known = {tag.name: tag for tag in db.session.scalars(select(Tag).where(Tag.name.in_(wanted)))}
    unknown = [name for name in wanted if name not in known]
    if unknown and not create:
        raise InvalidInput({"tags": _("There is no tag “%(name)s”.", name=unknown[0])})
    if unknown:
        _demand_new(unknown, actor, "tags")
        for name in unknown:
            known[name] = Tag(name=name)
            db.session.add(known[name])
        db.session.flush()
    return [known[name] for name in wanted]


def tags_told(names: Iterable[str], *, actor: Any, field: str) -> tuple[list[Tag], list[str]]:
    """The tags of these names that are there, and the names of those that are to be made; nothing is written."""
    wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    known = {tag.name: tag for tag in db.session.scalars(select(Tag).where(Tag.name.in_(wanted)))}
    if new := [name for name in wanted if name not in known]:
        _demand_new(new, actor, field)
    return [known[name] for name in wanted if name in known], new


def _demand_new(names: Iterable[str], actor: Any, field: str) -> None:
    """May somebody make tags, and do these names fit?"""
    policy.authorize(actor, "write", "catalog.Tag")
    most = Tag.__table__.c.name.type.length
    for name in names:
        if len(name) > most:
            raise InvalidInput({field: _("At most %(max)s characters, these are %(n)s.", max=most, n=len(name))})


@transactional
def change_tags(
    products: Sequence[Product], *, add: Sequence[Tag] = (), remove: Sequence[Tag] = (), actor: Any
) -> int:
    """Add tags to and remove tags from all of the products; returns how many products changed.

    Set-based: four statements however long the selection. A tag in both lists stays off.
    """
    policy.authorize(actor, "write", "catalog.Product")
    ids = [product.id for product in products]
    off = {tag.id for tag in remove}
    on = {tag.id for tag in add} - off
    rows = db.session.execute(select(product_tag).where(product_tag.c.product_id.in_(ids)))
    before: dict[int, set[int]] = {key: set() for key in ids}
    for row in rows:
        before[row.product_id].add(row.tag_id)
    after = {key: (tags | on) - off for key, tags in before.items()}
    changed = [key for key in ids if after[key] != before[key]]
    fresh = [{"product_id": key, "tag_id": tag} for key in changed for tag in sorted(after[key] - before[key])]
    if fresh:
        db.session.execute(insert(product_tag), fresh)
    if off and changed:
        gone = product_tag.c.product_id.in_(changed) & product_tag.c.tag_id.in_(off)
        db.session.execute(delete(product_tag).where(gone))
    entries = [(key, {"tags": [sorted(before[key]), sorted(after[key])]}) for key in changed]
    history.record_many(Product, entries, verb="product.tagged", actor=actor)
    changes.record(Product, changed)
    touched = [product for product in products if product.id in set(changed)]
    for product in touched:
        db.session.expire(product, ["tags"])
    refresh(touched)
    return len(changed)
