"""What is done to many products and SKUs at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import selectinload

from app.panel.bulk.engine import Look, RowByRow, SetBased, Sum, register
from app.panel.core import changes, policy, records
from app.panel.core.db import db
from app.panel.core.errors import Forbidden, InvalidInput
from app.shop.catalog import pricing, services
from app.shop.catalog.forms import KindForm, PriceForm, TagForm, TargetForm, WhyForm
from app.shop.catalog.models import Category, Product, Sku, Tag
from app.shop.catalog.services.publishing import missing
from app.shop.catalog.states import STATE_MOVES, ProductState

SKUS: Any = Sku.__table__
PRODUCTS: Any = Product.__table__


@register
class ChangePrice(SetBased):
    key, model, label, icon, order = "catalog.change_price", Sku, _("Change the price"), "fa-tags", 10
    form, fields = PriceForm, ("price",)

    def authorize(self, actor: Any, values: dict[str, Any]) -> None:
        super().authorize(actor, values)
        if values.get("margin") is not None and not policy.fields(actor, self.resource).usable("cost"):
            raise Forbidden(_("You may not see the cost, so no margin can be held for you."))

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        return pricing.understood(form.how.data, form.value.data, form.ending.data, form.margin.data)

    def said(self, values: dict[str, Any]) -> str:
        return pricing.said(values)

    def refuse(self, values: dict[str, Any]) -> Sequence[tuple[Any, Any]]:
        return pricing.refusals(SKUS, values)

    def assign(self, values: dict[str, Any]) -> Mapping[str, Any]:
        return {"price": pricing.new_price(SKUS, values)}

    def sums(self, values: dict[str, Any]) -> Mapping[str, Sum]:
        return {"price": Sum(_("Prices"), SKUS.c.price, pricing.new_price(SKUS, values), SKUS.c.currency)}

    def changed(self, ids: Sequence[int], values: dict[str, Any], *, actor: Any) -> None:
        """The span of prices that a product shows."""
        meant = PRODUCTS.c.id.in_(select(SKUS.c.product_id).where(SKUS.c.id.in_(ids)))
        low, high = (_of_product(end) for end in (func.min, func.max))
        moved = or_(PRODUCTS.c.price_from.is_distinct_from(low), PRODUCTS.c.price_to.is_distinct_from(high))
        statement = update(PRODUCTS).where(meant, moved).values(price_from=low, price_to=high).returning(PRODUCTS.c.id)
        if touched := list(db.session.scalars(statement)):
            changes.record(Product, sorted(touched))


def _of_product(end: Any) -> Any:
    """Of the SKUs for sale, or of all where none is."""
    mine = select(end(SKUS.c.price)).where(SKUS.c.product_id == PRODUCTS.c.id)
    return func.coalesce(mine.where(SKUS.c.is_active).scalar_subquery(), mine.scalar_subquery())


@register
class SetKind(SetBased):
    key, model, label, icon, order = "catalog.set_kind", Product, _("Set the kind"), "fa-shapes", 40
    form, fields = KindForm, ("kind",)

    def assign(self, values: dict[str, Any]) -> Mapping[str, Any]:
        return {"kind": values["kind"]}


class _Shelf(RowByRow):
    """On sale or off the shelf, by the rules of a single product."""

    model, permission, form, keeps = Product, "publish", WhyForm, ("state",)
    fields = ()
    to: ProductState

    def prepare(self, rows: Sequence[Product], values: dict[str, Any], *, actor: Any) -> None:
        parts = [selectinload(getattr(Product, name)) for name in ("category", "skus", "images", "tags")]
        db.session.scalars(select(Product).where(Product.id.in_([row.id for row in rows])).options(*parts)).all()

    def look(self, row: Product, values: dict[str, Any], *, actor: Any) -> Look:
        if row.state is self.to:
            return Look(same=True, before={"state": row.state}, after={"state": row.state})
        if self.to not in STATE_MOVES[row.state]:
            return Look(refused=gettext("It is “%(state)s”.", state=row.state.label))
        return Look(before={"state": row.state}, after={"state": self.to})

    def take_back(self, row: Product, image: dict[str, Any], *, actor: Any) -> str:
        services.take_over(row, ProductState(image["state"]), actor=actor, why=gettext("Taken back."))
        return ""


@register
class PutOnSale(_Shelf):
    key, label, icon, tone, order = "catalog.publish", _("Put on sale"), "fa-circle-up", "success", 10
    instead_of, to = "publish", ProductState.PUBLISHED

    def look(self, row: Product, values: dict[str, Any], *, actor: Any) -> Look:
        found = super().look(row, values, actor=actor)
        if not (found.same or found.refused) and (lacks := missing(row)):
            return Look(refused=gettext("Missing: %(lacks)s.", lacks=", ".join(lacks)))
        return found

    def apply(self, row: Product, values: dict[str, Any], *, actor: Any) -> None:
        services.publish(row, actor=actor, why=values.get("why") or "")


@register
class TakeOffTheShelf(_Shelf):
    key, label, icon, tone, order = "catalog.withdraw", _("Take off the shelf"), "fa-circle-down", "warning", 20
    instead_of, to = "withdraw", ProductState.WITHDRAWN

    def apply(self, row: Product, values: dict[str, Any], *, actor: Any) -> None:
        services.withdraw(row, actor=actor, why=values.get("why") or "")


@register
class ChangeTags(RowByRow):
    key, model, label, icon, order = "catalog.tags", Product, _("Tags"), "fa-tag", 30
    form, fields, instead_of = TagForm, ("tags",), "tag"

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        add = [tag.id for tag in records.get_many(Tag, form.add.data or [], actor=actor)]
        remove = [tag.id for tag in records.get_many(Tag, form.remove.data or [], actor=actor)]
        names = (form.new.data or "").replace("，", ",").split(",")
        add += [tag.id for tag in services.tags_named(names, actor=actor)]
        if not add and not remove:
            raise InvalidInput({"add": gettext("Choose at least one tag.")})
        return {"add": add, "remove": remove}

    def prepare(self, rows: Sequence[Product], values: dict[str, Any], *, actor: Any) -> None:
        found = select(Product).where(Product.id.in_([row.id for row in rows]))
        db.session.scalars(found.options(selectinload(Product.tags))).all()

    def kept(self, row: Product, values: dict[str, Any]) -> dict[str, Any]:
        have = {tag.id for tag in row.tags}
        off = set(values["remove"])
        return {"added": sorted(set(values["add"]) - off - have), "removed": sorted(off & have)}

    def look(self, row: Product, values: dict[str, Any], *, actor: Any) -> Look:
        have = {tag.id for tag in row.tags}
        off = set(values["remove"])
        after = (have | set(values["add"])) - off
        known = {tag.id: tag for tag in db.session.scalars(select(Tag).where(Tag.id.in_(have | after)))}
        told = [sorted(known[key].name for key in keys if key in known) for keys in (have, after)]
        return Look(same=after == have, before={"tags": told[0]}, after={"tags": told[1]})

    def apply_all(self, rows: Sequence[Product], values: dict[str, Any], *, actor: Any) -> None:
        services.change_tags(rows, add=_tags(values["add"]), remove=_tags(values["remove"]), actor=actor)

    def take_back(self, row: Product, image: dict[str, Any], *, actor: Any) -> str:
        services.change_tags([row], add=_tags(image["removed"]), remove=_tags(image["added"]), actor=actor)
        return ""


def _tags(keys: Sequence[int]) -> list[Tag]:
    return list(db.session.scalars(select(Tag).where(Tag.id.in_(keys))))


@register
class MoveToCategory(RowByRow):
    key, model, label, icon, order = "catalog.category", Product, _("Move to a category"), "fa-folder-tree", 35
    form, fields, keeps, instead_of = TargetForm, ("category_id",), ("category_id",), "recategorise"

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        if not form.target.data:
            raise InvalidInput({"target": gettext("This is needed.")})
        return {"category": records.get(Category, form.target.data, actor=actor).id}

    def said(self, values: dict[str, Any]) -> str:
        return str(db.session.get(Category, values["category"]) or "")

    def look(self, row: Product, values: dict[str, Any], *, actor: Any) -> Look:
        before, after = {"category_id": row.category_id}, {"category_id": values["category"]}
        return Look(same=before == after, before=before, after=after)

    def apply_all(self, rows: Sequence[Product], values: dict[str, Any], *, actor: Any) -> None:
        services.move_to_category(rows, db.session.get_one(Category, values["category"]), actor=actor)

    def take_back(self, row: Product, image: dict[str, Any], *, actor: Any) -> str:
        before = db.session.get(Category, image["category_id"]) if image["category_id"] else None
        services.move_to_category([row], before, actor=actor)
        return ""
