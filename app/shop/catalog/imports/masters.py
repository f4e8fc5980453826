"""Brands, categories and tags that a chunk of products names: found by name, made where they are missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from app.panel.bulk import writing
from app.panel.bulk.importers import Image, Plan
from app.panel.core import policy, records
from app.panel.core.db import db
from app.shop.catalog.models import Brand, Category, Tag
from app.shop.catalog.services.tags import tags_named


class Masters:
    """Lookups by name for one chunk. In a check, what is missing stays missing and `unknown` says so."""

    def __init__(self, plans: list[Plan], *, actor: Any, dry_run: bool) -> None:
        self.actor, self.dry_run = actor, dry_run
        self.images: list[Image] = []
        self.brands = self._brands({plan.values["brand"] for plan in plans if plan.values["brand"]})
        self.tags = self._tags([tag for plan in plans for tag in plan.values["tags"] or ()])
        self.categories = self._categories({tuple(plan.values["category"]) for plan in plans if plan.values["category"]})

    def brand(self, name: str | None) -> int | None:
        return self.brands.get(name) if name else None

    def category(self, path: list[str] | None) -> int | None:
        return self.categories.get(tuple(path)) if path else None

    def tag_ids(self, names: list[str] | None) -> list[int]:
        return [self.tags[name] for name in names or () if name in self.tags]

    def unknown(self, plan: Plan) -> bool:
        """Does the plan name something that would have to be made first?"""
        brand, path = plan.values["brand"], plan.values["category"]
        return bool((brand and brand not in self.brands) or (path and tuple(path) not in self.categories))

    def _brands(self, names: set[str]) -> dict[str, int]:
        found = dict(self._named(Brand, names))
        missing = sorted(names - set(found))
        if missing and not self.dry_run:
            policy.authorize(self.actor, "write", "catalog.Brand")
            ids = writing.insert_rows(Brand, [{"name": name} for name in missing], actor=self.actor)
            self.images += writing.created(Brand, ids)
            found.update(zip(missing, ids, strict=True))
        return found

    def _tags(self, names: list[str]) -> dict[str, int]:
        wanted = set(names)
        found = dict(self._named(Tag, wanted))
        missing = [name for name in dict.fromkeys(names) if name not in found]
        if missing and not self.dry_run:
            made = tags_named(missing, actor=self.actor)
            self.images += [Image(Tag.__tablename__, tag.id, None, tag.version) for tag in made]
            found.update({name: tag.id for name, tag in zip(missing, made, strict=True)})
        return found

    def _named(self, model: type[Any], names: Iterable[str]) -> Iterable[tuple[str, int]]:
        for part in writing.pieces(names):
            yield from db.session.execute(select(model.name, model.id).where(model.name.in_(part))).tuples()

    def _categories(self, paths: set[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
        """Whole paths from the root down; a missing part is made below the last one that exists."""
        found: dict[tuple[str, ...], int] = {}
        if not paths:
            return found
        names = {name for path in paths for name in path}
        rows: dict[tuple[int | None, str], int] = {}
        for part in writing.pieces(names):
            query = select(Category.parent_id, Category.name, Category.id).where(Category.name.in_(part))
            rows.update({(parent, name): key for parent, name, key in db.session.execute(query)})
        for path in sorted(paths):
            parent: int | None = None
            for name in path:
                key = rows.get((parent, name))
                if key is None and self.dry_run:
                    break
                if key is None:
                    made = records.create(Category, {"name": name, "parent_id": parent}, actor=self.actor)
                    self.images.append(Image(Category.__tablename__, made.id, None, made.version))
                    key = rows[parent, name] = made.id
                parent = key
            else:
                found[path] = parent  # type: ignore[assignment]
        return found
