"""The product's screens: list, form with the attributes of its category, show page with checklist, operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.panel.core import clock, money, policy, records, screens, veil
from app.panel.core.actor import current_actor
from app.panel.core.db import db
from app.panel.core.errors import DomainError, InvalidInput
from app.panel.core.fields import resource_of
from app.panel.core.interface import PanelInterface
from app.panel.core.pages import expose, needs
from app.panel.core.verbs import verb
from app.panel.core.views import PanelView
from app.shop.catalog import domain, jobs, queries, rules, services
from app.shop.catalog.forms import PhaseForm, ScheduleForm, TagForm, TargetForm, WhyForm
from app.shop.catalog.models import Category, Product, ProductImage, ProductMove, Sku, Tag
from app.shop.catalog.services import companions, holdings
from app.shop.catalog.states import MoveWhat, ProductPhase, ProductState
from app.shop.catalog.views.categories import chosen_category, picture

PREFIX = "attr-"
# where what a line of the checklist looks at is kept, if not in the field of a product with its name
CHECKED: dict[str, tuple[type[Any], str]] = {
    "attribute": (Product, "attributes"), "image": (Product, "images"), "licence": (ProductImage, "licence"),
    "price": (Sku, "price"), "barcode": (Sku, "barcode"), "weight": (Sku, "weight_g"), "seo": (Product, "seo_title"),
}  # fmt: skip


def price_span(product: Product) -> str:
    """`¥99.00`, or `¥99.00 – ¥199.00` when the SKUs differ."""
    if product.price_from is None:
        return ""
    currency = product.currency or "CNY"
    low, high = money.format(product.price_from, currency), money.format(product.price_to, currency)
    return low if low == high else f"{low} – {high}"


def completeness(product: Product) -> dict[str, Any]:
    value = product.completeness or 0
    tone = "success" if value >= 90 else "warning" if value >= 60 else "danger"
    return {"kind": "badge", "text": f"{value}%", "tone": tone, "title": gettext("How complete its data is")}


@domain.view(_("Products"), icon="fa-box", order=10)
class ProductView(PanelView):
    datamodel = PanelInterface(Product)
    one = _("product")
    list_columns = [
        "main_image", "title", "category", "kind", "phase", "state", "price_from", "sku_count", "completeness",
    ]  # fmt: skip
    filter_columns = [
        "title", "handle", "category", "brand", "tags", "kind", "phase", "state", "price_from", "completeness",
        "publish_at", "withdraw_at", "audience", "origin", "sku_count",
    ]  # fmt: skip
    search_columns = ["title", "handle", "subtitle"]
    sort_columns = ["title", "kind", "phase", "state", "price_from", "sku_count", "completeness", "publish_at"]
    quick_filters = ["state", "kind", "phase"]
    label_columns = {"main_image": _("Picture"), "price_from": _("Price")}
    formatters = {
        "main_image": lambda product: picture(product.main_image_id, product.title),
        "price_from": price_span,
        "completeness": completeness,
    }
    show_fieldsets = [
        (_("Product"), ["title", "subtitle", "category", "brand", "kind", "phase", "tags"]),
        (_("Figures"), ["price_from", "sku_count", "completeness"]),
        (_("Sale period"), ["state", "published_at", "publish_at", "withdraw_at"]),
        (_("Description"), ["description", "audience", "origin"]),
        (_("Search engines"), ["handle", "seo_title", "seo_description"]),
    ]
    form_fieldsets = [
        (_("Product"), ["title", "subtitle", "category", "brand", "kind", "tags"]),
        (_("Description"), ["description", "audience", "origin"]),
        (_("Options"), ["option1_name", "option2_name", "option3_name"]),
        (_("Search engines"), ["handle", "seo_title", "seo_description"]),
        ("", ["attributes"]),
    ]
    child_tables = ["skus", "relations"]
    empty_text = _("Add the first product, or bring a file with all of them.")

    @verb("publish", _("Put on sale"), icon="fa-circle-up", tone="success", leads_to=ProductState.PUBLISHED,
          when=lambda product: product.state is not ProductState.PUBLISHED)  # fmt: skip
    def publish(self, products: list[Product], form: Any) -> str:
        count = each(products, lambda product: services.publish(product, actor=current_actor()))
        return gettext("Products put on sale: %(n)s.", n=count)

    @verb(
        "withdraw", _("Take off the shelf"), icon="fa-circle-down", permission="publish", form=WhyForm, tone="warning",
        leads_to=ProductState.WITHDRAWN,
        when=lambda product: product.state is ProductState.PUBLISHED,
    )
    def withdraw(self, products: list[Product], form: WhyForm) -> str:
        why = form.why.data or ""
        count = each(products, lambda product: services.withdraw(product, actor=current_actor(), why=why))
        return gettext("Products taken off the shelf: %(n)s.", n=count)

    @verb("schedule", _("Plan"), icon="fa-clock", permission="publish", form=ScheduleForm,
          help=_("An empty time takes a plan back. Times are those on the shop's clock."))  # fmt: skip
    def schedule(self, products: list[Product], form: ScheduleForm) -> str:
        times = read_times(form)
        if len(products) == 1:
            services.schedule(products[0], actor=current_actor(), **times)
            return gettext("Planned.")
        count = each(products, lambda product: services.schedule(product, actor=current_actor(), **times))
        return gettext("Products planned: %(n)s.", n=count)

    @verb("phase", _("Change the phase"), icon="fa-arrows-turn-to-dots", form=PhaseForm)
    def phase(self, products: list[Product], form: PhaseForm) -> str:
        to, why = ProductPhase(form.phase.data), form.why.data or ""
        count = each(products, lambda product: services.set_phase(product, to, actor=current_actor(), why=why))
        return gettext("Products now in “%(phase)s”: %(n)s.", phase=to.label, n=count)

    @verb("tag", _("Tags"), icon="fa-tag", permission="write", form=TagForm)
    def tag(self, products: list[Product], form: TagForm) -> str:
        actor = current_actor()
        add = records.get_many(Tag, form.add.data or [], actor=actor) if form.add.data else []
        remove = records.get_many(Tag, form.remove.data, actor=actor) if form.remove.data else []
        names = (form.new.data or "").replace("，", ",").split(",")
        add += services.tags_named(names, actor=actor)
        if not add and not remove:
            raise InvalidInput({"add": gettext("Choose a tag to add or to remove.")})
        changed = services.change_tags(products, add=add, remove=remove, actor=actor)
        return gettext("Products changed: %(n)s.", n=changed)

    @verb("recategorise", _("Move to a category"), icon="fa-folder-tree", permission="write", form=TargetForm)
    def recategorise(self, products: list[Product], form: TargetForm) -> str:
        moved = services.move_to_category(products, chosen_category(form, needed=True), actor=current_actor())
        return gettext("Products moved: %(n)s.", n=moved)

    @verb("suggest", _("Suggest companions"), icon="fa-wand-magic-sparkles", permission="write", many=False,
          help=_("Adds what people bought together with it. What does not fit is taken out again in the form."))  # fmt: skip
    def suggest(self, products: list[Product], form: Any) -> str:
        found = companions.add_suggestions(products[0], actor=current_actor())
        return gettext("Added: %(titles)s.", titles=", ".join(product.title for product in found))

    @verb("pictures", _("Pictures"), icon="fa-images", permission="write", many=False, read_only=True)
    def pictures(self, products: list[Product], form: Any) -> Any:
        return redirect(url_for("catalog_pictures.index", product_id=products[0].id))

    @verb("fetch", _("Fetch pictures"), icon="fa-cloud-arrow-down", permission="write",
          help=_("Pictures that an import knows by their address only are brought into the house."))  # fmt: skip
    def fetch(self, products: list[Product], form: Any) -> str:
        actor, since = current_actor(), clock.now()
        count = services.ask_for_pictures([product.id for product in products], actor=actor)
        jobs.fetch_pictures.enqueue(user_id=actor.id, since=since.isoformat())
        return gettext("Pictures to fetch: %(n)s. A notice tells when it is done.", n=count)

    @expose("/attributes")
    @needs("write")
    def attribute_fields(self) -> str:
        """The questions of a category as a piece of the form, when another category is picked."""
        return self.page_of("catalog/_attributes.html", questions=questions(_category(), {}, {}), category=_category())

    @expose("/advice")
    @needs("read")
    def advice(self) -> Any:
        """What the rules say about what is being typed: title checklist, search snippet, keywords used and missing."""
        names = ("title", "seo_title", "description", "seo_description", "handle")
        typed = {name: (request.args.get(name) or "")[:5000] for name in names}
        return jsonify(advice_for(_category(), typed))

    def render_form(self, form: Any, row: Any, child_errors: dict[str, str] | None = None) -> str:
        errors = child_errors or {}
        page = screens.form_page(self, form, row, errors, current_actor())
        page.fieldsets = [part for part in page.fieldsets if part.fields != ["attributes"]]
        category = _category(form.category_id.data if "category_id" in form else None)
        answers = _typed_answers() or dict(getattr(row, "attributes", None) or {})
        asked = questions(category, answers, errors)
        context = {"page": page, "form": form, "row": row, "questions": asked, "category": category}
        return self.page_of("catalog/product_form.html", **context)

    def _children(self, row: Any) -> dict[str, Any]:
        found = super()._children(row)
        if request.form.get("attributes-present"):
            found["attributes"] = _typed_answers()
        return found


def _category(key: Any = None) -> Category | None:
    key = str(key or request.args.get("category_id") or "")
    return db.session.get(Category, int(key)) if key.isdecimal() and int(key) < 2**31 else None


def _typed_answers() -> dict[str, str]:
    return {name.removeprefix(PREFIX): value for name, value in request.form.items() if name.startswith(PREFIX)}


def questions(category: Category | None, answers: dict[str, Any], errors: dict[str, str]) -> list[dict[str, Any]]:
    """The attributes of a category as the form draws them."""
    return [
        {
            "attribute": attribute, "name": f"{PREFIX}{attribute.code}", "value": answers.get(attribute.code),
            "options": rules.option_lines(attribute.options), "error": errors.get(f"attributes.{attribute.code}"),
        }
        for attribute in queries.attributes_of(category)
    ]  # fmt: skip


def advice_for(category: Category | None, typed: dict[str, str]) -> dict[str, Any]:
    keywords = queries.keywords_for(category)
    seo = rules.seo(**typed, keywords=[keyword.word for keyword in keywords])
    checks = rules.title_checks(typed["title"], queries.category_words(veil.seen(category)), queries.audience_words(keywords))
    findings = [{"text": check.label, "done": check.done} for check in checks]
    findings += [{"text": warning, "done": False} for warning in seo.warnings]
    texts = {
        "title": seo.title, "description": seo.description, "address": seo.address,
        "used": ", ".join(seo.used) or "–", "missing": ", ".join(seo.missing) or "–",
    }  # fmt: skip
    return {"findings": findings, "texts": texts}


def read_times(form: ScheduleForm) -> dict[str, Any]:
    """The instants of the form; what is no time is said at its field."""
    times, errors = {}, {}
    for name in ("publish_at", "withdraw_at"):
        field = form[name]
        try:
            times[name] = field.spec.parse(field.data)
        except ValueError as error:
            errors[name] = str(error)
    if errors:
        raise InvalidInput(errors)
    return times


def each(products: list[Product], act: Callable[[Product], Any]) -> int:
    """Do something to each product, in a transaction each; says of those that refuse why, and counts the others.

    :raises DomainError: when all refuse
    """
    refused, done = [], 0
    for key in [product.id for product in products]:
        try:
            act(db.session.get_one(Product, key))
            done += 1
        except DomainError as error:
            if error.status == 403:
                raise
            refused.append(error)
    if refused and not done:
        raise refused[0]
    for error in refused[:10]:
        flash(error.message, "warning")
    if len(refused) > 10:
        flash(gettext("and %(n)s more", n=len(refused) - 10), "warning")
    return done


@domain.panel(ProductView, label=_("Pictures"), order=5)
def product_pictures(product: Product, actor: Any) -> Any:
    shown = [(image, picture(image.file_id, str(image))) for image in veil.seen(product).images]
    return "catalog/_pictures.html", {"shown": shown, "product": product}


@domain.panel(ProductView, label=_("Offered with it"), order=9)
def product_companions(product: Product, actor: Any) -> Any:
    """What stands beside the product, and what of it is offered by now."""
    if not veil.seen(product).relations:
        return None
    offered = {other.id for other in db.session.scalars(queries.related_on_sale(product))}
    return "catalog/_related.html", {"shown": [(row, row.related_id in offered) for row in product.relations]}


@domain.panel(ProductView, label=_("What is missing"), order=10)
def product_checklist(product: Product, actor: Any) -> Any:
    stocked = holdings.stocked([product.id])[product.id]
    checks = rules.checklist(product, queries.attributes_of(product.category), stocked=stocked)
    seen = [check for check in checks if _is_seen(check, actor)]
    return "catalog/_checklist.html", {"checks": seen, "score": rules.score(seen)}


def _is_seen(check: rules.Check, actor: Any) -> bool:
    """Does a line of the list speak of nothing that is hidden from its reader?"""
    kind = check.key.partition(":")[0]
    model, name = CHECKED.get(kind, (Product, kind))
    return policy.fields(actor, resource_of(model)).usable(name)


@domain.panel(ProductView, label=_("Attributes"), order=20)
def product_attributes(product: Product, actor: Any) -> Any:
    if not veil.shows(product, "attributes", "category"):
        return None
    answers = product.attributes or {}
    asked = [(attribute, answers.get(attribute.code)) for attribute in queries.attributes_of(product.category)]
    return ("catalog/_answers.html", {"asked": asked}) if asked else None


@domain.panel(ProductView, label=_("In a search engine"), order=30)
def product_snippet(product: Product, actor: Any) -> Any:
    names = ("title", "seo_title", "description", "seo_description", "handle")
    shown = veil.seen(product)
    advice = advice_for(shown.category or None, {name: getattr(shown, name) or "" for name in names})
    return "catalog/_snippet.html", advice


@domain.relate(ProductView, label=_("State log"), via="product", order=40)
@domain.view(_("State log"), icon="fa-clock-rotate-left", order=95, menu=False)
class ProductMoveView(PanelView):
    """Which product changed its state or phase, when, by whom: written by the services, read here."""

    datamodel = PanelInterface(ProductMove)
    title = _("State log")
    one = _("entry")
    can_add = can_edit = can_delete = can_import = False
    list_columns = ["happened_at", "product", "what", "before", "after", "actor", "by_schedule", "why"]
    filter_columns = ["happened_at", "product", "what", "by_schedule"]
    sort_columns = ["happened_at"]
    default_sort = "-happened_at"
    quick_filters = ["what"]
    formatters = {
        "before": lambda move: _labelled(move, move.before),
        "after": lambda move: _labelled(move, move.after),
    }


def _labelled(move: ProductMove, value: str | None) -> Any:
    return (ProductState if move.what is MoveWhat.STATE else ProductPhase).of(value) or value or ""
