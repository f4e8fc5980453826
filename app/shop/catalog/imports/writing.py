"""Products of a chunk into the tables: brands, categories and tags first, then products, SKUs and pictures set-based."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from app.panel.bulk import writing
from app.panel.bulk.importers import Image, Plan, Result
from app.panel.bulk.states import Outcome
from app.panel.core import clock, history
from app.panel.core.db import db
from app.shop.catalog import rules
from app.shop.catalog.imports.masters import Masters
from app.shop.catalog.models import Product, ProductImage, ProductMove, Sku, product_tag
from app.shop.catalog.services import derived
from app.shop.catalog.states import MoveWhat, ProductState

if TYPE_CHECKING:
    from app.shop.catalog.imports.common import ProductWork

OPTIONS = ("option1", "option2", "option3")


class Stock:
    """What the database holds of the products of a chunk, in four statements."""

    def __init__(self, plans: list[Plan]) -> None:
        handles = [plan.key for plan in plans]
        self.products: dict[str, Any] = {}
        for part in writing.pieces(handles):
            for product in db.session.scalars(select(Product).where(Product.handle.in_(part))):
                self.products[product.handle] = product
        ids = [product.id for product in self.products.values()]
        self.skus: dict[int, list[Any]] = defaultdict(list)
        self.images: dict[int, set[str]] = defaultdict(set)
        self.tags: dict[int, set[int]] = defaultdict(set)
        for part in writing.pieces(ids):
            for sku in db.session.scalars(select(Sku).where(Sku.product_id.in_(part)).order_by(Sku.position, Sku.id)):
                self.skus[sku.product_id].append(sku)
            urls = select(ProductImage.product_id, ProductImage.source_url).where(ProductImage.product_id.in_(part))
            for product_id, url in db.session.execute(urls):
                self.images[product_id].add(url or "")
            for row in db.session.execute(select(product_tag).where(product_tag.c.product_id.in_(part))):
                self.tags[row.product_id].add(row.tag_id)
        codes = {sku["code"] for plan in plans for sku in plan.values["skus"] if sku.get("code")}
        self.owners: dict[str, int] = {}
        for part in writing.pieces(codes):
            query = select(Sku.code, Sku.id).where(Sku.code.in_(part))
            self.owners.update((code, key) for code, key in db.session.execute(query))


def write(work: ProductWork, plans: list[Plan], *, dry_run: bool) -> list[Result]:
    masters = Masters(plans, actor=work.actor, dry_run=dry_run)
    stock = Stock(plans)
    results: dict[int, Result] = {}
    new = [plan for plan in plans if plan.key not in stock.products]
    for plan in plans:
        if plan.key in stock.products:
            results[plan.seq] = _known(work, plan, stock, masters, dry_run)
    if dry_run:
        results.update({plan.seq: Result(Outcome.NEW) for plan in new})
    else:
        results.update(_new(work, new, stock, masters))
        touched = [r.row_id for r in results.values() if r.row_id and r.outcome in (Outcome.NEW, Outcome.CHANGED)]
        for part in writing.pieces(touched):
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


def _new(work: ProductWork, plans: list[Plan], stock: Stock, masters: Masters) -> dict[int, Result]:
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
            skus.append(_sku_row(work, plan, sku, product_id, place, stock))
        images += _image_rows(plan, product_id, set(), 0)
        tags += [{"product_id": product_id, "tag_id": tag} for tag in masters.tag_ids(plan.values["tags"])]
        if row["state"] is ProductState.PUBLISHED:
            moves.append({
                "product_id": product_id, "what": MoveWhat.STATE, "before": ProductState.DRAFT.value,
                "after": ProductState.PUBLISHED.value, "happened_at": now, "actor_id": work.actor.id,
            })  # fmt: skip
    _insert_alike(Sku, skus, work.actor)
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


def _sku_row(
    work: ProductWork, plan: Plan, sku: dict[str, Any], product_id: int, place: int, stock: Stock
) -> dict[str, Any]:
    code = _free_code(work, plan, sku, place, stock)
    return {**sku, "code": code, "product_id": product_id, "position": place, "currency": work.currency, "is_active": True}


def _free_code(work: ProductWork, plan: Plan, sku: dict[str, Any], place: int, stock: Stock) -> str:
    """The file's code where it is free; else one out of handle and options, the same every time."""
    given = sku.get("code")
    options = rules.handle_of("-".join(sku[name] for name in OPTIONS if sku.get(name)))
    made = "-".join(part for part in (plan.key, options) if part)[:90]
    me = f"{plan.key}/{place}"
    for code in (given, made, f"{made}-{place + 1}", f"{made}-{place + 1}-{plan.seq}"):
        if not code or code in stock.owners or work.taken.setdefault(code, me) != me:
            continue
        if code == given or db.session.scalar(select(Sku.id).where(Sku.code == code)) is None:
            return str(code)
    return f"{made[:70]}-{plan.seq}-{place + 1}"


def _image_rows(plan: Plan, product_id: int, known: set[str], first: int) -> list[dict[str, Any]]:
    fresh = [image for image in plan.values["images"] if image["source_url"] not in known]
    return [
        {**image, "product_id": product_id, "position": first + place, "is_main": first + place == 0}
        for place, image in enumerate(fresh)
    ]


def _known(work: ProductWork, plan: Plan, stock: Stock, masters: Masters, dry_run: bool) -> Result:
    """Bring a product that is here already to what the file says."""
    product = stock.products[plan.key]
    columns = _columns(plan, masters)
    if "attributes" in columns:
        columns["attributes"] = {**(product.attributes or {}), **columns["attributes"]}
    pairs = writing.difference(product, columns)
    tags = masters.tag_ids(plan.values["tags"])
    untagged = not set(tags) <= stock.tags[product.id] or len(tags) < len(plan.values["tags"] or ())
    changed, added = _match(work, plan, stock, product.id)
    images = _image_rows(plan, product.id, stock.images[product.id], len(stock.images[product.id]))
    if masters.unknown(plan) or pairs or untagged or changed or added or images:
        if dry_run:
            return Result(Outcome.CHANGED, product.id)
        return _change(work, product, pairs, (stock.tags[product.id], set(tags)), changed, added, images)
    return Result(Outcome.SAME, product.id)


def _match(
    work: ProductWork, plan: Plan, stock: Stock, product_id: int
) -> tuple[list[tuple[int, dict[str, list[Any]]]], list[dict[str, Any]]]:
    """SKUs of the file that differ from ours, and those that we do not have."""
    mine = list(stock.skus[product_id])
    by_code = {sku.code: sku for sku in mine}
    by_options: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    named = [name for name in OPTIONS if all(name in sku for sku in plan.values["skus"])]
    for sku in mine:
        by_options[tuple(getattr(sku, name) or None for name in named)].append(sku)
    changed, added, used = [], [], set()
    for place, values in enumerate(plan.values["skus"]):
        fitting = by_options[tuple(values[name] for name in named)] if named or len(mine) == 1 else []
        found = by_code.get(values.get("code") or "")
        if found is None or found.id in used or (fitting and found not in fitting):
            found = next((sku for sku in fitting if sku.id not in used), None)
        if found is None:
            added.append(_sku_row(work, plan, values, product_id, place, stock))
            continue
        used.add(found.id)
        wanted = dict(values)
        code = wanted.pop("code", None)
        if code and stock.owners.get(code, found.id) == found.id:
            wanted["code"] = code
        if pairs := writing.difference(found, wanted):
            changed.append((found.id, pairs))
    return changed, added


def _change(
    work: ProductWork, product: Any, pairs: dict[str, list[Any]], tags: tuple[set[int], set[int]],
    changed: list[tuple[int, dict[str, list[Any]]]], added: list[dict[str, Any]], images: list[dict[str, Any]],
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
    touched += writing.update_rows(Sku, changed, actor=work.actor)
    touched += writing.created(Sku, _insert_alike(Sku, added, work.actor) if added else [])
    touched += writing.created(ProductImage, writing.insert_rows(ProductImage, images, actor=work.actor))
    db.session.expire_all()
    return Result(Outcome.CHANGED, product.id, images=touched)
