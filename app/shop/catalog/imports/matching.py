"""Which SKUs of a file are which of ours: by their code, else by their options."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.panel.bulk import writing
from app.panel.bulk.importers import Plan
from app.panel.core.db import db
from app.shop.catalog import rules
from app.shop.catalog.models import Product, ProductImage, Sku, product_tag

if TYPE_CHECKING:
    from app.shop.catalog.imports.common import ProductWork

OPTIONS = ("option1", "option2", "option3")


class Known:
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


@dataclass
class Match:
    """The SKUs of a known product in the file: those that differ, those that we do not have, and which is which."""

    changed: list[tuple[int, dict[str, list[Any]]]] = field(default_factory=list)
    # By their place in the file, as is `found`, which learns the new ones when they are written.
    added: dict[int, dict[str, Any]] = field(default_factory=dict)
    found: dict[int, int] = field(default_factory=dict)


def match(work: ProductWork, plan: Plan, known: Known) -> Match:
    product_id = known.products[plan.key].id
    mine = list(known.skus[product_id])
    by_code = {sku.code: sku for sku in mine}
    by_options: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    named = [name for name in OPTIONS if all(name in sku for sku in plan.values["skus"])]
    for sku in mine:
        by_options[tuple(getattr(sku, name) or None for name in named)].append(sku)
    result, used = Match(), set()
    for place, values in enumerate(plan.values["skus"]):
        fitting = by_options[tuple(values[name] for name in named)] if named or len(mine) == 1 else []
        found = by_code.get(values.get("code") or "")
        if found is None or found.id in used or (fitting and found not in fitting):
            found = next((sku for sku in fitting if sku.id not in used), None)
        if found is None:
            result.added[place] = sku_row(work, plan, values, product_id, place, known)
            continue
        used.add(found.id)
        result.found[place] = found.id
        wanted = {name: value for name, value in values.items() if name != "stock"}
        code = wanted.pop("code", None)
        if code and known.owners.get(code, found.id) == found.id:
            wanted["code"] = code
        if pairs := writing.difference(found, wanted):
            result.changed.append((found.id, pairs))
    return result


def sku_row(
    work: ProductWork, plan: Plan, sku: dict[str, Any], product_id: int, place: int, known: Known
) -> dict[str, Any]:
    code = _free_code(work, plan, sku, place, known)
    columns = {name: value for name, value in sku.items() if name != "stock"}
    return {**columns, "code": code, "product_id": product_id, "position": place, "currency": work.currency, "is_active": True}


def _free_code(work: ProductWork, plan: Plan, sku: dict[str, Any], place: int, known: Known) -> str:
    """The file's code where it is free; else one out of handle and options, the same every time."""
    given = sku.get("code")
    options = rules.handle_of("-".join(sku[name] for name in OPTIONS if sku.get(name)))
    made = "-".join(part for part in (plan.key, options) if part)[:90]
    me = f"{plan.key}/{place}"
    for code in (given, made, f"{made}-{place + 1}", f"{made}-{place + 1}-{plan.seq}"):
        if not code or code in known.owners or work.taken.setdefault(code, me) != me:
            continue
        if code == given or db.session.scalar(select(Sku.id).where(Sku.code == code)) is None:
            return str(code)
    return f"{made[:70]}-{plan.seq}-{place + 1}"
