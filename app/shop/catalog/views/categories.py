"""How products are sorted: categories, attribute sets, brands, tags, keywords, rules of phases."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import files, records
from app.panel.core.actor import current_actor
from app.panel.core.errors import InvalidInput
from app.panel.core.interface import PanelInterface
from app.panel.core.listing import Asked
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.catalog import domain, services
from app.shop.catalog.forms import RemoveForm, RootForm, TargetForm
from app.shop.catalog.models import AttributeSet, Brand, Category, Keyword, PhaseRule, Synonym, Tag


def chosen_category(form: Any, *, needed: bool = False) -> Category | None:
    """The category of a form's picker, among the actor's rows."""
    if not form.target.data:
        if needed:
            raise InvalidInput({"target": gettext("Choose one from the list.")})
        return None
    return records.get(Category, form.target.data, actor=current_actor())


def products_of(category: Category) -> str:
    """The address of the list of all products in a category and below it."""
    asked = Asked(tree={"and": [["category", "under", str(category.id)]]})
    return asked.url(url_for("catalog_product.list"))


@domain.view(_("Categories"), icon="fa-sitemap", order=30)
class CategoryView(PanelView):
    datamodel = PanelInterface(Category)
    one = _("category")
    list_columns = ["full_name", "depth", "attribute_set", "position", "is_active"]
    filter_columns = ["full_name", "parent", "depth", "attribute_set", "is_active"]
    search_columns = ["full_name", "words"]
    sort_columns = ["full_name", "depth", "position"]
    default_sort = "full_name"
    show_fieldsets = [
        (_("Category"), ["name", "full_name", "parent", "position", "is_active"]),
        (_("Products in it"), ["attribute_set", "words"]),
        (_("Web address"), ["slug"]),
    ]
    form_fieldsets = [
        (_("Category"), ["name", "parent", "position", "is_active"]),
        (_("Products in it"), ["attribute_set", "words"]),
        (_("Web address"), ["slug"]),
    ]
    empty_text = _("Begin with the main groups of what you sell; each may have further levels.")

    @verb("products", _("Products in it"), icon="fa-box", permission="read", many=False, read_only=True)
    def products(self, categories: list[Category], form: Any) -> Any:
        """All products of the branch, found from any level."""
        return redirect(products_of(categories[0]))

    @verb("move", _("Move"), icon="fa-arrows-up-down-left-right", form=RootForm, many=False)
    def move(self, categories: list[Category], form: RootForm) -> str:
        moved = services.move_category(categories[0], chosen_category(form), actor=current_actor())
        return gettext("Moved: %(name)s", name=moved.full_name)

    @verb("merge", _("Merge into another"), icon="fa-code-merge", permission="move", form=TargetForm, many=False)
    def merge(self, categories: list[Category], form: TargetForm) -> Any:
        target = chosen_category(form, needed=True)
        assert target is not None
        services.merge_category(categories[0], target, actor=current_actor())
        return redirect(self.url("show", pk=target.id))

    @verb(
        "remove", _("Remove"), icon="fa-trash-arrow-up", permission="delete", form=RemoveForm, many=False,
        tone="danger", help=_("The categories below it go with it. Its products move where you say."),
    )
    def remove(self, categories: list[Category], form: RemoveForm) -> Any:
        services.remove_category(categories[0], chosen_category(form), actor=current_actor())
        return redirect(self.url("list"))


@domain.view(_("Attribute sets"), icon="fa-list-check", order=40)
class AttributeSetView(PanelView):
    datamodel = PanelInterface(AttributeSet)
    one = _("attribute set")
    list_columns = ["name", "note"]
    sort_columns = ["name"]
    default_sort = "name"
    show_fieldsets = [(_("Attribute set"), ["name", "note"])]
    form_fieldsets = show_fieldsets
    child_tables = ["attributes"]
    empty_text = _("An attribute set asks for what has to be known of every shoe, every phone: material, size, power.")


@domain.view(_("Brands"), icon="fa-copyright", order=50)
class BrandView(PanelView):
    datamodel = PanelInterface(Brand)
    one = _("brand")
    list_columns = ["logo", "name", "country", "website", "is_active"]
    filter_columns = ["name", "country", "is_active"]
    search_columns = ["name"]
    sort_columns = ["name", "country"]
    default_sort = "name"
    show_fieldsets = [(_("Brand"), ["name", "country", "website", "logo", "slug", "is_active"])]
    form_fieldsets = [(_("Brand"), ["name", "country", "website", "logo_id", "slug", "is_active"])]
    formatters = {"logo": lambda brand: picture(brand.logo_id, brand.name)}


@domain.view(_("Tags"), icon="fa-tag", order=60)
class TagView(PanelView):
    datamodel = PanelInterface(Tag)
    one = _("tag")
    list_columns = ["name", "note"]
    sort_columns = ["name"]
    default_sort = "name"
    show_fieldsets = [(_("Tag"), ["name", "note"])]
    form_fieldsets = show_fieldsets

    @verb("products", _("Products with it"), icon="fa-box", permission="read", many=False, read_only=True)
    def products(self, tags: list[Tag], form: Any) -> Any:
        asked = Asked(tree={"and": [["tags", "any", [str(tags[0].id)]]]})
        return redirect(asked.url(url_for("catalog_product.list")))


@domain.view(_("Keywords"), icon="fa-magnifying-glass-chart", order=70)
class KeywordView(PanelView):
    datamodel = PanelInterface(Keyword)
    one = _("keyword")
    list_columns = ["word", "kind", "category", "searches", "is_active"]
    filter_columns = ["word", "kind", "category", "searches", "is_active"]
    search_columns = ["word"]
    sort_columns = ["word", "kind", "searches"]
    default_sort = "-searches"
    quick_filters = ["kind"]
    show_fieldsets = [(_("Keyword"), ["word", "kind", "category", "searches", "is_active"])]
    form_fieldsets = show_fieldsets
    empty_text = _("Keywords that people search with: the product form shows which of them a product uses.")


@domain.view(_("Synonyms"), icon="fa-right-left", order=75)
class SynonymView(PanelView):
    """What else people call it. A synonym that is deleted lies in the trash and can come back."""

    datamodel = PanelInterface(Synonym)
    title = _("Synonyms")
    one = _("synonym")
    list_columns = ["word", "product", "category", "tag", "created_at"]
    filter_columns = ["word", "product", "category", "tag"]
    search_columns = ["word"]
    sort_columns = ["word", "created_at"]
    default_sort = "word"
    label_columns = {"created_at": _("Added")}
    show_fieldsets = [(_("Synonym"), ["word", "product", "category", "tag"])]
    form_fieldsets = show_fieldsets
    empty_text = _("A synonym is another word for a product, a category or a tag; the search then finds it by both.")


domain.relate(TagView, label=_("Synonyms"), via="tag", order=20)(SynonymView)
domain.relate(CategoryView, label=_("Synonyms"), via="category", order=20)(SynonymView)


@domain.view(_("Phase rules"), icon="fa-arrows-turn-to-dots", order=90)
class PhaseRuleView(PanelView):
    datamodel = PanelInterface(PhaseRule)
    one = _("phase rule")
    can_import = False
    list_columns = ["before", "after", "is_allowed", "roles"]
    filter_columns = ["before", "after", "is_allowed"]
    sort_columns = ["before", "after"]
    default_sort = "before"
    show_fieldsets = [(_("Move"), ["before", "after", "is_allowed", "roles"])]
    form_fieldsets = show_fieldsets
    empty_text = _("Test ↔ optimise ↔ promote: that holds until you say otherwise here.")


def picture(file_id: int | None, text: str) -> Any:
    """The cell of a small picture, without a statement of its own."""
    if file_id is None:
        return ""
    return {"kind": "image", "text": text, "url": files.url(file_id, "thumb"), "title": files.url(file_id, "medium")}
