"""Products of a chunk into the tables: brands, categories and tags first, then products, SKUs and pictures set-based."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from app.panel.bulk import writing
from app.panel.bulk.importers import Image, Plan, Result
from app.panel.bulk.states import Outcome
from app.panel.core import clock, history
from app.panel.core.db import db
from app.shop.catalog.imports.booking import Booking
from app.shop.catalog.imports.masters import Masters
from app.shop.catalog.imports.matching import Known, Match, match, sku_row
from app.shop.catalog.models import Product, ProductImage, ProductMove, Sku, product_tag
from app.shop.catalog.services import derived
from app.shop.catalog.states import MoveWhat, ProductState

if TYPE_CHECKING:
    from app.shop.catalog.imports.common import ProductWork


def write(work: ProductWork, plans: list[Plan], *, dry_run: bool) -> list[Result]:
    known = Known(plans)
    matches = {plan.seq: match(work, plan, known) for plan in plans if plan.key in known.products}
    booking = Booking(work, plans, matches)
    results = {plan.seq: Result.refuse(why) for plan in plans if (why := booking.refusal(plan))}
    sound = [plan for plan in plans if plan.seq not in results]
    masters = Masters(sound, actor=work.actor, dry_run=dry_run)
    new = [plan for plan in sound if plan.seq not in matches]
    for plan in sound:
        if plan.seq in matches:
            results[plan.seq] = _known(work, plan, known, matches[plan.seq], masters, dry_run)
    if dry_run:
        results.update({plan.seq: Result(Outcome.NEW) for plan in new})
        booking.foresee(sound, results)
    else:
        results.update(_new(work, new, known, masters, booking))
        touched = [r.row_id for r in results.values() if r.row_id and r.outcome in (Outcome.NEW, Outcome.CHANGED)]
        with derived.together() as stocked:
            booking.book(sound, results)
        for part in writing.pieces(sorted({*touched, *stocked})):
            derived.refresh_of(part)
        db.session.flush()
        _stamp(results, masters)
    return [results[plan.seq] for plan in plans]


def _stamp(results: dict[int, Result], masters: Masters) -> None:
    """Versions as they are now that everything derived is written; brands and the like go to the first result."""
    for model in (Product, Sku):
        ids = [i.row_id for r in results.values() for i in r.images if i.table == model.__tablename__]
        now = writing.versions(model, ids)
        for result in results.values():
            for image in result.images:
                if image.table == model.__tablename__:
                    image.version = now.get(image.row_id, image.version)
    if results and masters.images:
        next(iter(results.values())).images[:0] = masters.images


def _columns(plan: Plan, masters: Masters) -> dict[str, Any]:
    """What the file says of the product itself, and nothing that it is silent about."""
    columns = dict(plan.values["product"])
    if plan.values["brand"] is not None:
        columns["brand_id"] = masters.brand(plan.values["brand"])
    if plan.values["category"] is not None:
        columns["category_id"] = masters.category(plan.values["category"])
    return columns


def _new(
    work: ProductWork, plans: list[Plan], known: Known, masters: Masters, booking: Booking
) -> dict[int, Result]:
    now = clock.now()
    rows = []
    for plan in plans:
        published = plan.values["is_published"]
        state = ProductState.PUBLISHED if published else ProductState.DRAFT
        row = {**_columns(plan, masters), "state": state, "published_at": now if published else None}
        row.setdefault("attributes", {})
        rows.append({**row, "currency": work.currency})
    ids = _insert_alike(Product, rows, work.actor)
    skus, images, tags, moves = [], [], [], []
    for plan, product_id, row in zip(plans, ids, rows, strict=True):
        for place, sku in enumerate(plan.values["skus"]):
            skus.append(sku_row(work, plan, sku, product_id, place, known))
        images += _image_rows(plan, product_id, set(), 0)
        tags += [{"product_id": product_id, "tag_id": tag} for tag in masters.tag_ids(plan.values["tags"])]
        if row["state"] is ProductState.PUBLISHED:
            moves.append({
                "product_id": product_id, "what": MoveWhat.STATE, "before": ProductState.DRAFT.value,
                "after": ProductState.PUBLISHED.value, "happened_at": now, "actor_id": work.actor.id,
            })  # fmt: skip
    booking.added(plans, _insert_alike(Sku, skus, work.actor))
    writing.insert_rows(ProductImage, images, actor=work.actor)
    writing.insert_rows(ProductMove, moves, actor=work.actor)
    if tags:
        db.session.execute(insert(product_tag), tags)
    return {
        plan.seq: Result(Outcome.NEW, product_id, images=writing.created(Product, [product_id]))
        for plan, product_id in zip(plans, ids, strict=True)
    }


def _insert_alike(model: type[Any], rows: list[dict[str, Any]], actor: Any) -> list[int]:
    """One statement needs the same columns in every row: what a row does not speak of is nothing."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return writing.insert_rows(model, [{name: row.get(name) for name in names} for row in rows], actor=actor)


def _image_rows(plan: Plan, product_id: int, known: set[str], first: int) -> list[dict[str, Any]]:
    fresh = [image for image in plan.values["images"] if image["source_url"] not in known]
    return [
        {**image, "product_id": product_id, "position": first + place, "is_main": first + place == 0}
        for place, image in enumerate(fresh)
    ]


def _known(work: ProductWork, plan: Plan, known: Known, match: Match, masters: Masters, dry_run: bool) -> Result:
    """Bring a product that is here already to what the file says."""
    product = known.products[plan.key]
    columns = _columns(plan, masters)
    if "attributes" in columns:
        columns["attributes"] = {**(product.attributes or {}), **columns["attributes"]}
    pairs = writing.difference(product, columns)
    tags = masters.tag_ids(plan.values["tags"])
    untagged = not set(tags) <= known.tags[product.id] or len(tags) < len(plan.values["tags"] or ())
    images = _image_rows(plan, product.id, known.images[product.id], len(known.images[product.id]))
    if masters.unknown(plan) or pairs or untagged or match.changed or match.added or images:
        if dry_run:
            return Result(Outcome.CHANGED, product.id)
        return _change(work, product, pairs, (known.tags[product.id], set(tags)), match, images)
    return Result(Outcome.SAME, product.id)


def _change(
    work: ProductWork, product: Any, pairs: dict[str, list[Any]], tags: tuple[set[int], set[int]],
    match: Match, images: list[dict[str, Any]],
) -> Result:  # fmt: skip
    touched: list[Image] = []
    stood, wanted = tags
    before: dict[str, Any] = {name: writing.plain(pair[0]) for name, pair in pairs.items()}
    if fresh := sorted(wanted - stood):
        before["tags"] = sorted(stood)
        db.session.execute(insert(product_tag), [{"product_id": product.id, "tag_id": tag} for tag in fresh])
        trail = {"tags": [sorted(stood), sorted(stood | wanted)]}
        history.record_many(Product, [(product.id, trail)], verb="update", actor=work.actor)
    # A product counts as changed by what hangs on it, too: its version tells the undo that nobody was here since.
    writing.update_rows(Product, [(product.id, pairs)], actor=work.actor)
    touched.append(Image(Product.__tablename__, product.id, before, None))
    touched += writing.update_rows(Sku, match.changed, actor=work.actor)
    ids = _insert_alike(Sku, list(match.added.values()), work.actor)
    match.found.update(zip(match.added, ids, strict=True))
    touched += writing.created(Sku, ids)
    touched += writing.created(ProductImage, writing.insert_rows(ProductImage, images, actor=work.actor))
    db.session.expire_all()
    return Result(Outcome.CHANGED, product.id, images=touched)
