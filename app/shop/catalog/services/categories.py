"""The category tree: making, renaming, moving, merging and removing branches. Paths follow by themselves."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from app.panel.core import history, policy, records, trash
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.catalog import queries, rules
from app.shop.catalog.events import categories_changed
from app.shop.catalog.models import Category, Keyword, Product
from app.shop.catalog.services.derived import refresh
from app.shop.catalog.services.products import move_to_category

RESOURCE = "catalog.Category"
MAX_DEPTH = 8


def check_category(category: Category | None, values: dict[str, Any]) -> None:
    """:raises InvalidInput: for a parent in its own branch, a tree too deep, or a name that its parent has already"""
    def value(name: str) -> Any:
        return values[name] if name in values else getattr(category, name, None)

    parent = db.session.get(Category, value("parent_id")) if value("parent_id") else None
    if parent is not None:
        _check_place(category, parent)
    query = select(Category.id).where(Category.name == value("name"))
    query = query.where(Category.parent_id == parent.id if parent else Category.parent_id.is_(None))
    if category is not None:
        query = query.where(Category.id != category.id)
    if db.session.scalar(query) is not None:
        raise InvalidInput({"name": _("There is a category of this name here already.")})


def _check_place(category: Category | None, parent: Category) -> None:
    height = 1
    if category is not None:
        if parent.path.startswith(category.path):
            raise InvalidInput({"parent_id": _("A category cannot stand below itself.")})
        deepest = db.session.scalar(select(func.max(Category.depth)).where(Category.id.in_(queries.branch(category))))
        height = (deepest or category.depth) - category.depth + 1
    if parent.depth + height > MAX_DEPTH:
        raise InvalidInput({"parent_id": _("A category tree has at most %(n)s levels.", n=MAX_DEPTH)})


@transactional
def create_category(values: dict[str, Any], *, actor: Any) -> Category:
    category = Category()
    with db.session.no_autoflush:
        records.assign(category, values, actor=actor)
    category.slug = category.slug or rules.handle_of(category.name) or None
    db.session.add(category)
    db.session.flush()
    _lay_paths(category)
    return category


@transactional
def update_category(category: Category, values: dict[str, Any], *, actor: Any) -> Category:
    with db.session.no_autoflush:
        records.assign(category, values, actor=actor)
    db.session.flush()
    db.session.expire(category, ["parent"])
    if {"parent_id", "name"} & set(values):
        _lay_paths(category)
    if {"parent_id", "attribute_set_id"} & set(values):
        refresh(list(db.session.scalars(queries.products_under(category))))
    return category


def _lay_paths(category: Category) -> None:
    """Path, level and full name of a category and of all below it."""
    parent, old = category.parent, category.path
    below = select(Category).where(Category.path.startswith(old, autoescape=True), Category.id != category.id)
    rows = [category, *(db.session.scalars(below.order_by(Category.depth)) if old else ())]
    known: dict[int | None, Category | None] = {category.parent_id: parent}
    for row in rows:
        above = known[row.parent_id]
        row.path = f"{above.path if above else '/'}{row.id}/"
        row.depth = above.depth + 1 if above else 1
        row.full_name = f"{above.full_name} / {row.name}" if above else row.name
        known[row.id] = row
    db.session.flush()


@transactional
def move_category(category: Category, parent: Category | None, *, actor: Any) -> Category:
    """Put a branch under another category, or (None) at the root. Its products stay in it."""
    policy.authorize(actor, "move", RESOURCE)
    values = {"parent_id": parent.id if parent else None}
    check_category(category, values)
    update_category(category, values, actor=actor)
    history.record(category, "category.moved", actor=actor)
    categories_changed.send(category, ids=[])
    return category


@transactional
def merge_category(source: Category, target: Category, *, actor: Any) -> int:
    """Put everything of `source` into `target` and remove `source`; returns how many products moved.

    Categories below the source go below the target; one whose name is there already is merged in turn.
    """
    policy.authorize(actor, "move", RESOURCE)
    if target.path.startswith(source.path):
        raise DomainError(_("A category cannot be merged into itself or into one below it."))
    moved = 0
    children = list(db.session.scalars(select(Category).where(Category.parent_id == source.id)))
    twins = {row.name: row for row in db.session.scalars(select(Category).where(Category.parent_id == target.id))}
    namesake: Category | None = None
    for child in children:
        if child.name in twins and twins[child.name].id != source.id:
            moved += merge_category(child, twins[child.name], actor=actor)
            continue
        _check_place(child, target)
        values: dict[str, Any] = {"parent_id": target.id}
        if child.name in twins:  # called like the source itself, whose place it takes
            namesake, values["name"] = child, f"{child.name[:80]} #{child.id}"
        update_category(child, values, actor=actor)
    moved += _move_products(source, target, actor)
    _move_keywords(source, target)
    history.record(target, "category.merged", actor=actor, why=source.full_name)
    name = source.name
    trash.put(source, actor=actor)
    if namesake is not None:
        update_category(namesake, {"name": name}, actor=actor)
    return moved


@transactional
def remove_category(category: Category, move_to: Category | None, *, actor: Any) -> int:
    """Delete a branch; its products go to `move_to`. Returns how many moved.

    :raises DomainError: for a full one when nobody says where to
    """
    policy.authorize(actor, "delete", RESOURCE)
    if move_to is not None and move_to.path.startswith(category.path):
        raise DomainError(_("The products cannot move into the branch that is removed."))
    if move_to is None and (count := queries.count_products(category)):
        raise DomainError(
            _("Products in “%(name)s”: %(n)s. Say where to move them.", n=count, name=category.full_name)
        )
    moved = 0
    branch = list(db.session.scalars(
        select(Category).where(Category.id.in_(queries.branch(category))).order_by(Category.depth.desc())
    ))  # fmt: skip
    for row in branch:
        if move_to is not None:
            moved += _move_products(row, move_to, actor)
        trash.put(row, actor=actor)
    return moved


def delete_category(category: Category, *, actor: Any) -> None:
    """The delete button and the API: only what is empty goes; a full one is a question, not a deletion."""
    below = db.session.scalar(select(func.count(Category.id)).where(Category.parent_id == category.id))
    if below:
        raise DomainError(
            _("“%(name)s” has categories below it. Use “Remove” to say what becomes of them.", name=category.full_name)
        )
    remove_category(category, None, actor=actor)


def category_is_back(category: Category, *, actor: Any) -> None:
    """Its parent may stand elsewhere by now, under another name."""
    _lay_paths(category)


def _move_products(source: Category, target: Category, actor: Any) -> int:
    products = list(db.session.scalars(select(Product).where(Product.category_id == source.id)))
    if not products:
        return 0
    count = move_to_category(products, target, actor=actor)
    categories_changed.send(source, ids=[product.id for product in products])
    return count


def _move_keywords(source: Category, target: Category) -> None:
    """Keywords follow the products; one that the target has already goes with the source."""
    known = set(db.session.scalars(
        select(Keyword.word).where(or_(Keyword.category_id == target.id, Keyword.category_id.is_(None)))
    ))  # fmt: skip
    for keyword in db.session.scalars(select(Keyword).where(Keyword.category_id == source.id)):
        if keyword.word not in known:
            keyword.category_id = target.id
    db.session.flush()


records.override(
    Category, create=create_category, update=update_category, delete=delete_category, validate=check_category
)
trash.after_restore(Category, category_is_back)
