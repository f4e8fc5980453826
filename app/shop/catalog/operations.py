"""What is done to many products and SKUs at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import Select, case, func, or_, select, update
from sqlalchemy.orm import selectinload

from app.panel.bulk.engine import Look, RowByRow, SetBased, Sum, register
from app.panel.core import changes, clock, files, policy, records
from app.panel.core.db import db
from app.panel.core.errors import Forbidden, InvalidInput
from app.panel.core.sets import one_of
from app.shop.catalog import pricing, services
from app.shop.catalog.forms import (
    ArchiveForm,
    BrandForm,
    KindForm,
    PriceForm,
    ReplaceForm,
    TagForm,
    TargetForm,
    WhyForm,
)
from app.shop.catalog.models import Brand, Category, Product, ProductImage, Sku, Tag
from app.shop.catalog.rules import MAX_PICTURES
from app.shop.catalog.services import archives
from app.shop.catalog.services.publishing import missing
from app.shop.catalog.states import STATE_MOVES, MediaLicence, MediaSource, ProductKind, ProductState

SKUS: Any = Sku.__table__
PRODUCTS: Any = Product.__table__
NAMED = 20  # files that a page names one by one


@register
class ChangePrice(SetBased):
    key, model, label, icon, order = "catalog.change_price", Sku, _("Change the price"), "fa-tags", 10
    form, fields = PriceForm, ("price",)

    def authorize(self, actor: Any, values: dict[str, Any]) -> None:
        super().authorize(actor, values)
        if values.get("margin") is not None and not policy.fields(actor, self.resource).usable("cost"):
            raise Forbidden(_("You may not see the cost, so no margin can be held for you."))

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        margin = form["margin"].data if "margin" in form else ""
        if margin and not policy.fields(actor, self.resource).usable("cost"):
            raise InvalidInput({"margin": gettext("You may not see the cost, so no margin can be held for you.")})
        return pricing.understood(form.how.data, form.value.data, form.ending.data, margin)

    def said(self, values: dict[str, Any]) -> str:
        return pricing.said(values)

    def refuse(self, values: dict[str, Any]) -> Sequence[tuple[Any, Any]]:
        return pricing.refusals(SKUS, values)

    def assign(self, values: dict[str, Any]) -> Mapping[str, Any]:
        return {"price": pricing.new_price(SKUS, values)}

    def sums(self, values: dict[str, Any]) -> Mapping[str, Sum]:
        return {"price": Sum(_("Prices"), SKUS.c.price, pricing.new_price(SKUS, values), SKUS.c.currency)}

    def changed(self, ids: Select[Any], values: dict[str, Any], *, actor: Any) -> None:
        """The span of prices that a product shows."""
        meant = select(SKUS.c.product_id).where(one_of(SKUS.c.id, ids))
        # PostgreSQL would read the prices of all products for them, or go along all to find the first
        touched_by = meant.subquery("meant").c.product_id + 0
        low, high, count = db.session.execute(select(func.min(touched_by), func.max(touched_by), func.count())).one()
        mine = [SKUS.c.product_id.between(low, high)]
        if high - low >= count:  # others between neighbours, of which there are few, show theirs already
            mine.append(SKUS.c.product_id.in_(meant))
        of_product = _spans().where(*mine).group_by(SKUS.c.product_id).subquery("span")
        moved = or_(
            PRODUCTS.c.price_from.is_distinct_from(of_product.c.low), PRODUCTS.c.price_to.is_distinct_from(of_product.c.high)
        )
        at = clock.now()  # by it those that were touched are known: to fetch the number of each takes longer
        statement = (
            update(PRODUCTS).where(PRODUCTS.c.id == of_product.c.product_id, moved)
            .values(price_from=of_product.c.low, price_to=of_product.c.high, changed_at=at)
        )  # fmt: skip
        moving = db.session.execute(statement).rowcount  # type: ignore[attr-defined]
        if moving == high - low + 1:
            changes.record_range(Product, low, high)
        elif moving:
            touched = select(PRODUCTS.c.id).where(PRODUCTS.c.id.between(low, high), PRODUCTS.c.changed_at == at)
            changes.record_selected(Product, touched)


def _spans() -> Select[Any]:
    """(product, lowest, highest price) of the SKUs for sale, or of all where none is."""
    every, found = SKUS.alias("every"), []
    for name, end in (("low", func.min), ("high", func.max)):
        of_all = select(end(every.c.price)).where(every.c.product_id == SKUS.c.product_id).correlate(SKUS).scalar_subquery()
        found.append(func.coalesce(end(case((SKUS.c.is_active, SKUS.c.price))), of_all).label(name))
    return select(SKUS.c.product_id, *found)


@register
class SetKind(SetBased):
    key, model, label, icon, order = "catalog.set_kind", Product, _("Set the kind"), "fa-shapes", 40
    form, fields = KindForm, ("kind",)

    def said(self, values: dict[str, Any]) -> str:
        return str(ProductKind(values["kind"]).label)

    def assign(self, values: dict[str, Any]) -> Mapping[str, Any]:
        return {"kind": values["kind"]}


class _Shelf(RowByRow):
    """On sale or off the shelf, by the rules of a single product."""

    model, permission, form, keeps = Product, "publish", WhyForm, ("state",)
    fields = ()
    to: ProductState

    def said(self, values: dict[str, Any]) -> str:
        return str(values.get("why") or "")

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
        known, new = services.tags_told((form.new.data or "").replace("，", ",").split(","), actor=actor, field="new")
        add += [tag.id for tag in known]
        if not add and not remove and not new:
            raise InvalidInput({"add": gettext("Choose at least one tag.")})
        return {"add": add, "remove": remove, "new": new}  # the new ones are made by the run: a preview makes nothing

    def said(self, values: dict[str, Any]) -> str:
        signed = [("+", tag.name) for tag in _tags(values["add"])] + [("+", name) for name in values.get("new") or ()]
        return ", ".join(sign + name for sign, name in [*signed, *(("−", tag.name) for tag in _tags(values["remove"]))])

    def prepare(self, rows: Sequence[Product], values: dict[str, Any], *, actor: Any) -> None:
        found = select(Product).where(Product.id.in_([row.id for row in rows]))
        db.session.scalars(found.options(selectinload(Product.tags))).all()

    def kept(self, row: Product, values: dict[str, Any]) -> dict[str, Any]:
        have = {tag.id for tag in row.tags}
        off = set(values["remove"])
        named = sorted(set(values.get("new") or ()) - {tag.name for tag in row.tags})
        return {"added": sorted(set(values["add"]) - off - have), "removed": sorted(off & have), "named": named}

    def look(self, row: Product, values: dict[str, Any], *, actor: Any) -> Look:
        have = {tag.id for tag in row.tags}
        off = set(values["remove"])
        after = (have | set(values["add"])) - off
        known = {tag.id: tag for tag in db.session.scalars(select(Tag).where(Tag.id.in_(have | after)))}
        told = [{known[key].name for key in keys if key in known} for keys in (have, after)]
        told[1] |= set(values.get("new") or ())
        return Look(same=told[0] == told[1], before={"tags": sorted(told[0])}, after={"tags": sorted(told[1])})

    def apply_all(self, rows: Sequence[Product], values: dict[str, Any], *, actor: Any) -> None:
        add = [*_tags(values["add"]), *services.tags_named(values.get("new") or (), actor=actor)]
        services.change_tags(rows, add=add, remove=_tags(values["remove"]), actor=actor)

    def take_back(self, row: Product, image: dict[str, Any], *, actor: Any) -> str:
        added = [*_tags(image["added"]), *db.session.scalars(select(Tag).where(Tag.name.in_(image.get("named") or ())))]
        services.change_tags([row], add=_tags(image["removed"]), remove=added, actor=actor)
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


@register
class SetBrand(RowByRow):
    key, model, label, icon, order = "catalog.brand", Product, _("Set the brand"), "fa-copyright", 45
    form, fields, keeps = BrandForm, ("brand_id",), ("brand_id",)

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        return {"brand": records.get(Brand, form.brand.data, actor=actor).id if form.brand.data else None}

    def said(self, values: dict[str, Any]) -> str:
        return str(db.session.get(Brand, values["brand"]) or "") if values["brand"] else gettext("none")

    def look(self, row: Product, values: dict[str, Any], *, actor: Any) -> Look:
        before, after = {"brand_id": row.brand_id}, {"brand_id": values["brand"]}
        return Look(same=before == after, before=before, after=after)

    def apply_all(self, rows: Sequence[Product], values: dict[str, Any], *, actor: Any) -> None:
        brand = db.session.get_one(Brand, values["brand"]) if values["brand"] else None
        services.set_brand(rows, brand, actor=actor)

    def take_back(self, row: Product, image: dict[str, Any], *, actor: Any) -> str:
        before = db.session.get(Brand, image["brand_id"]) if image["brand_id"] else None
        services.set_brand([row], before, actor=actor)
        return ""


@register
class ReplaceText(SetBased):
    """Letter for letter: nothing that was typed is a pattern."""

    key, model, label, icon, order = "catalog.replace_text", Product, _("Replace text in titles"), "fa-arrow-right-arrow-left", 50
    form = ReplaceForm

    def written(self, values: dict[str, Any]) -> Sequence[str]:
        return (values.get("field") or "title",)

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        return {"field": form.field.data, "find": form.find.data, "by": form.by.data or ""}

    def said(self, values: dict[str, Any]) -> str:
        return f"“{values['find']}” → “{values['by']}”"

    def refuse(self, values: dict[str, Any]) -> Sequence[tuple[Any, Any]]:
        column, after = PRODUCTS.c[values["field"]], self._after(values)
        most = column.type.length
        told = [(func.length(after) > most, gettext("It would be longer than %(n)s characters.", n=most))]
        if not column.nullable:
            told.append((func.trim(after) == "", gettext("Nothing would be left of it.")))
        return told

    def assign(self, values: dict[str, Any]) -> Mapping[str, Any]:
        return {values["field"]: self._after(values)}

    def _after(self, values: dict[str, Any]) -> Any:
        column = PRODUCTS.c[values["field"]]
        return func.replace(column, values["find"], values["by"], type_=column.type)


@register
class LayPictures(RowByRow):
    """Pictures out of an archive, each to the product or SKU after which it is named, behind those that are there."""

    key, model, label, icon, order = "catalog.pictures", Product, _("Add pictures by file name"), "fa-images", 60
    form, by_version, chunk = ArchiveForm, False, 50
    labels: ClassVar[Mapping[str, Any]] = {"pictures": _("Pictures")}

    def authorize(self, actor: Any, values: dict[str, Any]) -> None:
        super().authorize(actor, values)
        policy.authorize(actor, "write", "catalog.ProductImage")

    def clean(self, form: Any, *, actor: Any) -> dict[str, Any]:
        if not getattr(form.file.data, "filename", ""):
            raise InvalidInput({"file": gettext("Choose a ZIP archive with pictures.")})
        found = archives.unpack(form.file.data.stream, actor=actor)
        if not found.by_product:
            names = ", ".join(name for name, _why in found.left[:10])
            raise InvalidInput({"file": gettext("No picture in it is named after a product or SKU: %(names)s", names=names)})
        rights = {name: form[name].data or None for name in ("source", "licence", "licence_note")}
        pictures = {str(key): kept for key, kept in found.by_product.items()}
        return {"pictures": pictures, "left": found.left, "rights": rights}

    def said(self, values: dict[str, Any]) -> str:
        return gettext("%(n)s pictures", n=sum(map(len, values["pictures"].values())))

    def remarks(self, values: dict[str, Any], rows: Select[Any]) -> Sequence[str]:
        left = values.get("left") or []
        told = [gettext("“%(name)s” was refused: %(why)s", name=name, why=why) for name, why in left[:NAMED]]
        more = [gettext("… and %(n)s more files were refused.", n=len(left) - NAMED)] if len(left) > NAMED else []
        return [*told, *more]

    def prepare(self, rows: Sequence[Product], values: dict[str, Any], *, actor: Any) -> None:
        found = select(Product).where(Product.id.in_([row.id for row in rows]))
        db.session.scalars(found.options(selectinload(Product.images).joinedload(ProductImage.file))).all()

    def look(self, row: Product, values: dict[str, Any], *, actor: Any) -> Look:
        given = values["pictures"].get(str(row.id), [])
        fresh = _fresh(row, given)
        if fresh is None:
            return Look(refused=gettext("Its pictures are no longer kept; bring them again."))
        if len(row.images) + len(fresh) > MAX_PICTURES:
            return Look(refused=gettext("At most %(n)s pictures a product.", n=MAX_PICTURES))
        before = len(row.images)
        return Look(same=not fresh, before={"pictures": before}, after={"pictures": before + len(fresh)})

    def kept(self, row: Product, values: dict[str, Any]) -> dict[str, Any]:
        return {"files": _fresh(row, values["pictures"].get(str(row.id), [])) or []}

    def apply(self, row: Product, values: dict[str, Any], *, actor: Any) -> None:
        rights = {**values["rights"], "source": MediaSource(values["rights"]["source"]),
                  "licence": MediaLicence(values["rights"]["licence"])}  # fmt: skip
        services.file_image(row, _fresh(row, values["pictures"][str(row.id)]) or [], actor=actor, **rights)

    def take_back(self, row: Product, image: dict[str, Any], *, actor: Any) -> str:
        return "" if services.take_images_away(row, image["files"], actor=actor) else gettext("Its pictures are gone already.")


def _fresh(product: Product, keys: Sequence[int]) -> list[int] | None:
    """Those of these files that the product does not show yet; None when one of them is no longer kept."""
    known = {file.id: file.sha256 for file in files.known(keys)}
    if len(known) < len(set(keys)):
        return None
    shown = {image.file.sha256 for image in product.images if image.file is not None}
    return [key for key in keys if known[key] not in shown]
