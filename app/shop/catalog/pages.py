"""Pages of the catalog that are no tables: the pictures of a product, the tree of categories."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import files, forms, policy, records
from app.panel.core.actor import current_actor
from app.panel.core.errors import BadRequest, DomainError, InvalidInput
from app.panel.core.pages import PanelPage, expose, needs
from app.panel.core.security import safe_next
from app.shop.catalog import domain, queries, rules, services
from app.shop.catalog.forms import PicturesForm, SynonymForm, TagProductsForm
from app.shop.catalog.models import Product, ProductImage
from app.shop.catalog.permissions import PRODUCT
from app.shop.catalog.views.categories import products_of


@files.readable_by
def pictures_of_products(actor: Any, file: files.File) -> bool:
    """Whoever sees the products sees their pictures."""
    return policy.allowed(actor, "read", PRODUCT) and queries.is_picture(file.id, actor)


@files.readable_by
def proofs_of_licences(actor: Any, file: files.File) -> bool:
    """Papers, not pictures: for whoever keeps the pictures."""
    return policy.allowed(actor, "write", "catalog.ProductImage") and queries.is_proof(file.id, actor)


@domain.page(_("Pictures"), menu=False)
class PicturesPage(PanelPage):
    """Upload many pictures, put them in order, choose the main one."""

    resource = "catalog.ProductImage"
    title = _("Pictures")
    stands_under = "catalog_product"

    @expose("/products/<int:product_id>/pictures/", methods=["GET", "POST"])
    @needs("write")
    def index(self, product_id: int) -> Any:
        product = records.get(Product, product_id, actor=current_actor(), verb="write")
        form, status = PicturesForm(), 200
        if request.method == "POST":
            try:
                if form.validate():
                    flash(self._take(product, form), "success")
                    return self._here(product)
            except DomainError as error:
                flash(error.message, "danger")
            status = 422
        shown = [(image, files.url(image.file_id, "medium"), small(image)) for image in product.images]
        title = gettext("Pictures of %(product)s", product=product.title)
        context = {
            "title": title, "product": product, "form": form, "shown": shown, "seen": rules.order_stamp(product.images),
            "lacking": any(image.file_id is None for image in product.images),
        }  # fmt: skip
        return self.render("catalog/pictures.html", **context), status

    def _take(self, product: Product, form: PicturesForm) -> str:
        given = [part for part in request.files.getlist("pictures") if part.filename]
        if not given:
            raise DomainError(_("Choose at least one picture."))
        if len(product.images) + len(given) > rules.MAX_PICTURES:
            raise DomainError(_("At most %(n)s pictures a product."), n=rules.MAX_PICTURES)
        actor = current_actor()
        stored = [files.store(part.stream, str(part.filename), actor=actor) for part in given]
        rights = {name: form[name].data or None for name in ("source", "licence", "licence_note")}
        made = services.file_image(product, [file.id for file in stored], actor=actor, **rights)
        for image in made:
            if small(image):
                flash(small(image), "warning")
        return gettext("Pictures added: %(n)s.", n=len(made))

    @expose("/products/<int:product_id>/pictures/order", methods=["POST"])
    @needs("write")
    def order(self, product_id: int) -> Any:
        """Move one picture up or down, or make it the main one."""
        actor = current_actor()
        product = records.get(Product, product_id, actor=actor, verb="write")
        key = request.form.get("image", 0, type=int)
        image = next((image for image in product.images if image.id == key), None)
        if image is None:
            raise DomainError(_("There is no such picture."))
        if request.form.get("to") == "main":
            services.set_main_image(image, actor=actor)
        elif request.form.get("to") == "away":
            records.delete(image, actor=actor)
        else:
            services.shift_image(image, -1 if request.form.get("to") == "up" else 1, actor=actor)
        return self._here(product)

    @expose("/products/<int:product_id>/pictures/arrange", methods=["POST"])
    @needs("write")
    def arrange(self, product_id: int) -> Any:
        """The whole order at once, as it was dragged; `seen` says which order that was done on."""
        actor = current_actor()
        product = records.get(Product, product_id, actor=actor, verb="write")
        keys = (request.form.get("order") or "").split(",")
        if not all(key.isascii() and key.isdecimal() and len(key) < 10 for key in keys):
            raise BadRequest(gettext("There is no such picture."))
        services.arrange_images(product, [int(key) for key in keys], seen=request.form.get("seen") or "", actor=actor)
        return jsonify(order=[image.id for image in product.images], seen=rules.order_stamp(product.images))

    def _here(self, product: Product) -> Any:
        return redirect(url_for("catalog_pictures.index", product_id=product.id))


def small(image: ProductImage) -> str:
    """A warning for a picture too small to be looked at closely."""
    file, side = image.file, rules.MIN_PICTURE_SIDE
    if file is None or file.width is None or min(file.width, file.height) >= side:
        return ""
    return gettext(
        "“%(name)s” has %(w)s × %(h)s pixels; %(side)s on each side look good.",
        name=file.name, w=file.width, h=file.height, side=side,
    )


@domain.page(_("Category tree"), icon="fa-folder-tree", order=28)
class TreePage(PanelPage):
    """The whole tree on one page, with how many products stand in each branch."""

    resource = "catalog.Category"
    title = _("Category tree")

    @expose("/tree/")
    @needs("read")
    def index(self) -> Any:
        actor = current_actor()
        may = {f"may_{verb}": policy.allowed(actor, verb, self.resource) for verb in ("write", "move")}
        return self.render("catalog/tree.html", branches=queries.tree(actor), products_of=products_of, **may)


@domain.page(_("Search words"), menu=False)
class WordsPage(PanelPage):
    """A word that people search with gets a meaning: it becomes a synonym, or a tag of some products."""

    resource = "catalog.Synonym"
    title = _("Search words")
    stands_under = "catalog_synonym"

    @expose("/words/synonym", methods=["GET", "POST"])
    @needs("write")
    def synonym(self) -> Any:
        return self._answer(SynonymForm, gettext("Add a synonym"), self._add_synonym)

    @expose("/words/tag", methods=["GET", "POST"])
    @needs("write", PRODUCT)
    def tag(self) -> Any:
        return self._answer(TagProductsForm, gettext("Add a tag"), self._tag)

    def _answer(self, form_class: type[Any], title: str, act: Any) -> Any:
        """The form, begun with what the address says; where it was asked for gets its reader back."""
        back = safe_next(request.values.get("next"), url_for("catalog_synonym.list"))
        form = form_class(formdata=request.form if request.method == "POST" else request.args)
        status = 200
        if request.method == "POST":
            status = 422
            try:
                if form.validate():
                    flash(act(form), "success")
                    return redirect(back)
            except InvalidInput as error:
                for text in forms.show_errors(form, error.errors):
                    flash(text, "danger")
            except DomainError as error:
                flash(error.message, "danger")
        form.for_rows(())
        return self.render("catalog/word.html", title=title, form=form, back=back), status

    def _add_synonym(self, form: SynonymForm) -> str:
        targets: dict[str, Any] = {}
        for name in ("product_id", "category_id", "tag_id"):
            try:
                targets[name] = form[name].spec.parse(form[name].data)
            except ValueError as error:
                raise InvalidInput({name: str(error)}) from None
        made = services.add_synonym(form.word.data, actor=current_actor(), **targets)
        return gettext("The search understands: %(synonym)s.", synonym=str(made))

    def _tag(self, form: TagProductsForm) -> str:
        if not form.products.data:
            raise InvalidInput({"products": gettext("Choose one from the list.")})
        changed = services.tag_as(form.word.data, form.products.data, actor=current_actor())
        return gettext("Products changed: %(n)s.", n=changed)
